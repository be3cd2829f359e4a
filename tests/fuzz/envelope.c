/* The envelope of the program's files: as it is, and sealed anew. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/cli.h"
#include "tools/envelope.h"

const char fuzz_name[] = "envelope";
size_t fuzz_taken;

static void look(uint8_t *bytes, size_t size)
{
    const file_bytes file = {.data = bytes, .size = size};
    char why[ENVELOPE_WHY] = "";
    envelope e;

    (void)envelope_claims(&file);
    if (envelope_look(&e, &file, ENVELOPE_ANY, why) != CLI_OK) {
        fuzz_must(why[0] != '\0');
        return;
    }
    fuzz_taken++;
    fuzz_must(e.payload == bytes + ENVELOPE_BYTES && e.payload_size == size - ENVELOPE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    envelope_ids ids;

    fuzz_must(copy != NULL);
    if (size > 0)
        memcpy(copy, in, size);
    look(copy, size);
    if (size >= ENVELOPE_BYTES) {
        memcpy(&ids, in + 8, sizeof ids);
        envelope_seal(copy, (envelope_kind)in[7], &ids, in + 40, size - ENVELOPE_BYTES);
        look(copy, size);
    }
    free(copy);
    return 0;
}
