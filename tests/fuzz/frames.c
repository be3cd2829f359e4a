/* Frames on an open channel of the plain suite, whose records nothing protects: the input is all
 * that the peer sends. What is received goes back, and is the same when it arrives.
 */
#include <string.h>

#include "tests/fuzz/channel_world.h"

const char fuzz_name[] = "frames";
size_t fuzz_taken;

/* Send a frame back, and hold what the peer receives against it. */
static void echo(channel *c, channel *peer, const channel_frame *f)
{
    channel_frame got = {.type = 0};

    /* A peer may set the clock to its end, where nothing can be sent any more. */
    if (channel_counted(c).clock > UINT32_MAX - 4 || f->size > channel_room(c) ||
        channel_send(c, f) != CHANNEL_OK)
        return;
    while (channel_receive(peer, &got) != 1) {
        size_t before = channel_backlog(c);
        channel_world_carry(c, peer);
        fuzz_must(channel_backlog(c) < before);
    }
    fuzz_must(got.type == f->type && got.flags == f->flags && got.stream == f->stream);
    fuzz_must(got.size == f->size && memcmp(got.payload, f->payload, f->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    uint64_t state[2];
    channel *c[2];
    channel_frame f;
    size_t at = 0;

    for (int role = 0; role < 2; role++)
        c[role] = channel_world_create(role, CHANNEL_SUITE_PLAIN, &state[role]);
    for (int k = 0; k < 6; k++)
        channel_world_carry(c[k % 2], c[1 - k % 2]);
    fuzz_must(channel_state(c[0]) == CHANNEL_OPEN && channel_state(c[1]) == CHANNEL_OPEN);
    while (at < size && channel_state(c[1]) == CHANNEL_OPEN) {
        size_t used = 0;
        channel_status st = channel_feed(c[1], &used, in + at, size - at);
        int got, frames = 0;
        fuzz_must(used <= size - at);
        at += used;
        while (st == CHANNEL_OK && (got = channel_receive(c[1], &f)) == 1) {
            fuzz_must(f.type != CHANNEL_TYPE_CLOSE && f.size <= 1 << 12);
            fuzz_taken++;
            frames++;
            echo(c[1], c[0], &f);
        }
        fuzz_must(st != CHANNEL_OK || used > 0 || frames > 0 ||
                  channel_state(c[1]) != CHANNEL_OPEN);
    }
    channel_free(c[0]);
    channel_free(c[1]);
    return 0;
}
