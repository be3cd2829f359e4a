/* The plan file: as it is, and with what is missing of its table of the input filled in, so that
 * seeds stay small, and both of its checksums made right. What is taken is written again, the same.
 */
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/wire/wire.h"
#include "nn/base/digest.h"
#include "nn/client.h"
#include "tests/fuzz/fuzz.h"

enum { LENGTH = 12, OUTPUTS = 36, SLOTS = 96, KEYS = 100, REQUESTS = 104, FIXED = 116 };
enum { KEY = 20, PERIOD = 16, SUM = 8, ROOM = 1 << 16 };

const char fuzz_name[] = "client";
size_t fuzz_taken;

static void look(const uint8_t *in, size_t size)
{
    char why[400] = "";
    nn_client *c = NULL;
    size_t used = 0;

    if (nn_client_read(&c, in, size, why, sizeof why) != NN_OK) {
        fuzz_must(c == NULL && why[0] != '\0');
        return;
    }
    fuzz_taken++;
    fuzz_must(nn_client_wire_bytes(c) == size);
    uint8_t *again = malloc(size);
    fuzz_must(again != NULL);
    fuzz_must(nn_client_write(again, size, &used, c) == NN_OK && used == size);
    fuzz_must(memcmp(again, in, size) == 0);
    free(again);
    nn_client_free(c);
}

/* Fill in the table's entries behind its first four, by repeating these. Returns the size. */
static size_t unfold(uint8_t file[ROOM], const uint8_t *in, size_t size)
{
    size_t whole = ckks_load_u32le(in + LENGTH), keys = ckks_load_u32le(in + KEYS);
    size_t at = FIXED + KEY * (keys < 100 ? keys : 100) + PERIOD;

    if (whole <= size || whole > ROOM || at > size) {
        memcpy(file, in, size);
        return size;
    }
    memcpy(file, in, at);
    for (size_t i = at; i < at + whole - size; i++)
        file[i] = file[i - PERIOD];
    memcpy(file + at + whole - size, in + at, size - at);
    return whole;
}

/* The parameters are an object of ckks/ with a checksum of its own. */
static void seal(uint8_t *file, size_t size)
{
    uint64_t at = FIXED + (uint64_t)KEY * ckks_load_u32le(file + KEYS) +
                  4 * (uint64_t)ckks_load_u32le(file + SLOTS) * (file[REQUESTS] % 4) +
                  4 * (uint64_t)ckks_load_u32le(file + OUTPUTS);

    if (at + CKKS_WIRE_HEADER + SUM <= size) {
        uint8_t *params = file + at;
        ckks_wire_seal(params, ckks_load_u16le(params + 10), ckks_load_u32le(params + 12),
                       ckks_load_u64le(params + 16), size - SUM - CKKS_WIRE_HEADER - (size_t)at);
    }
    ckks_store_u64le(file + size - SUM, nn_digest(file, size - SUM));
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static uint8_t file[ROOM];

    look(in, size);
    if (size > FIXED + SUM && size <= ROOM) {
        size = unfold(file, in, size);
        seal(file, size);
        look(file, size);
    }
    return 0;
}
