/* Deflate streams, and gzip files: the bytes as a file, and a stream inside a file that is right.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/inflate.h"
#include "tools/result.h"

enum { LIMIT = 1 << 20, HEAD = 10, TAIL = 8 };

const char fuzz_name[] = "inflate";
size_t fuzz_taken;

static void put32(uint8_t *to, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(x >> (8 * i));
}

/* The member that holds this stream unpacks to the same bytes, and not when its sum is wrong. */
static void wrap(const uint8_t *stream, size_t used, const uint8_t *plain, size_t plain_size)
{
    static const uint8_t head[HEAD] = {0x1f, 0x8b, 8};
    size_t size = HEAD + used + TAIL, got_size = 0;
    uint8_t *file = malloc(size), *got = NULL;
    char why[200];

    fuzz_must(file != NULL);
    memcpy(file, head, HEAD);
    memcpy(file + HEAD, stream, used);
    put32(file + HEAD + used, inflate_crc32(0, plain, plain_size));
    put32(file + HEAD + used + 4, (uint32_t)plain_size);
    fuzz_must(inflate_gzip(&got, &got_size, file, size, LIMIT, why, sizeof why) == TOOL_OK);
    fuzz_must(got_size == plain_size && memcmp(got, plain, plain_size) == 0);
    free(got);
    file[HEAD + used] ^= 1;
    fuzz_must(inflate_gzip(&got, &got_size, file, size, LIMIT, why, sizeof why) != TOOL_OK);
    fuzz_must(got == NULL);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    uint8_t *out = NULL;
    size_t out_size = 0, used = 0;
    char why[200];

    if (inflate_raw(&out, &out_size, &used, in, size, LIMIT, why, sizeof why) == TOOL_OK) {
        fuzz_taken++;
        fuzz_must(used <= size && out_size <= LIMIT);
        wrap(in, used, out, out_size);
        free(out);
    }
    if (inflate_gzip(&out, &out_size, in, size, LIMIT, why, sizeof why) == TOOL_OK) {
        fuzz_taken++;
        free(out);
    }
    return 0;
}
