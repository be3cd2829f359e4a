/* Grey pictures. */
#include "tools/pgm.h"
#include "tests/fuzz/fuzz.h"
#include "tools/result.h"

const char fuzz_name[] = "pgm";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    char why[200] = "";
    pgm_image p = {0, 0, NULL};

    if (pgm_parse(&p, in, size, why, sizeof why) != TOOL_OK) {
        fuzz_must(p.pixels == NULL && why[0] != '\0');
        return 0;
    }
    fuzz_taken++;
    size_t room = (p.width + 1) * ((p.height + 1) / 2) + 1;
    char *text = malloc(room);
    fuzz_must(text != NULL);
    fuzz_must(pgm_text_art(text, room, p.pixels, p.width, p.height) < room);
    free(text);
    pgm_free(&p);
    return 0;
}
