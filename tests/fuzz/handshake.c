/* The channel's handshake: the input is all that the peer says. Its first byte chooses the role,
 * the suite, and in how large pieces the rest arrives.
 */
#include <string.h>

#include "tests/fuzz/channel_world.h"

const char fuzz_name[] = "handshake";
size_t fuzz_taken;

/* Everything that can be asked of a channel is well-formed in every state. */
static void look(channel *c)
{
    uint8_t key[CHANNEL_KEY_BYTES];
    size_t n = 0;

    fuzz_must(channel_error(c) != NULL && strlen(channel_error(c)) < 1000);
    (void)channel_peer_key(c, key);
    (void)channel_room(c);
    fuzz_must((channel_output(c, &n) != NULL) == (n > 0));
    channel_consume(c, n);
}

static void take_frames(channel *c)
{
    channel_frame f;

    while (channel_receive(c, &f) == 1)
        fuzz_must(f.type != CHANNEL_TYPE_CLOSE && f.size <= 1 << 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    uint64_t state;
    size_t at = 1;

    if (size == 0)
        return 0;
    channel *c = channel_world_create(in[0] & 1, in[0] >> 1 & 1, &state);
    size_t piece = in[0] & 4 ? 7 : size;
    while (at < size) {
        size_t n = size - at < piece ? size - at : piece, used = 0;
        channel_status st = channel_feed(c, &used, in + at, n);
        fuzz_must(used <= n);
        at += used;
        look(c);
        if (st != CHANNEL_OK)
            break;
        if (channel_state(c) == CHANNEL_DECIDE) {
            fuzz_must(channel_version(c) >= 1 && channel_version(c) <= 2);
            fuzz_must(channel_accept(c) == CHANNEL_OK);
            fuzz_taken++;
        } else if (channel_state(c) == CHANNEL_OPEN) {
            take_frames(c);
        } else if (used == 0) {
            break;
        }
    }
    fuzz_must(channel_feed_end(c) <= CHANNEL_OK);
    look(c);
    channel_free(c);
    return 0;
}
