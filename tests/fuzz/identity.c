/* Lists of keys, and key pairs: as they are, and with a public half that belongs to the secret one
 * in an envelope sealed anew.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_path.h"
#include "tools/cli.h"
#include "tools/envelope.h"
#include "tools/hex.h"
#include "tools/net/identity.h"

const char fuzz_name[] = "identity";
size_t fuzz_taken;

static void look_at_list(const uint8_t *in, size_t size)
{
    identity_list list;
    char text[IDENTITY_HEX];
    uint8_t key[CHANNEL_KEY_BYTES];
    int st = identity_list_read(&list, fuzz_path(in, size));

    fuzz_must(st == CLI_OK || st == CLI_DAMAGED);
    for (size_t i = 0; st == CLI_OK && i < list.count; i++) {
        fuzz_must(identity_listed(&list, list.key[i]));
        identity_hex(text, list.key[i]);
        fuzz_must(hex_read(key, sizeof key, text) && memcmp(key, list.key[i], sizeof key) == 0);
    }
    fuzz_taken += st == CLI_OK && list.count > 0;
    identity_list_free(&list);
}

static int look_at_pair(uint8_t *bytes, size_t size)
{
    const file_bytes file = {bytes, size};
    channel_keys keys;
    int st = identity_take(&keys, &file, "pair");

    fuzz_must(st == CLI_OK || st == CLI_DAMAGED || st == CLI_MISMATCH);
    fuzz_taken += st == CLI_OK;
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    const envelope_ids none = {0, 0, 0};
    channel_keys keys;
    uint8_t *copy = malloc(size + (size == 0));

    fuzz_must(copy != NULL);
    if (size > 0)
        memcpy(copy, in, size);
    look_at_list(in, size);
    look_at_pair(copy, size);
    if (size >= ENVELOPE_BYTES) {
        envelope_seal(copy, ENVELOPE_IDENTITY, &none, NULL, size - ENVELOPE_BYTES);
        look_at_pair(copy, size);
    }
    if (size == ENVELOPE_BYTES + sizeof keys) {
        channel_keys_from_secret(&keys, copy + ENVELOPE_BYTES);
        memcpy(copy + ENVELOPE_BYTES + CHANNEL_KEY_BYTES, keys.public_key, CHANNEL_KEY_BYTES);
        fuzz_must(look_at_pair(copy, size) == CLI_OK);
    }
    free(copy);
    return 0;
}
