/* Lists of requests. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_path.h"
#include "tools/cli.h"
#include "tools/manifest.h"

const char fuzz_name[] = "manifest";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    manifest m;
    int st = manifest_read(&m, fuzz_path(in, size), size % 2 == 0 ? "folder" : NULL);

    fuzz_must(st == CLI_OK || st == CLI_DAMAGED);
    for (size_t k = 0; st == CLI_OK && k < m.count; k++)
        fuzz_must(m.item[k].request[0] != '\0' && m.item[k].response[0] != '\0' &&
                  strchr(m.item[k].request, '\n') == NULL);
    fuzz_taken += st == CLI_OK && m.count > 0;
    manifest_free(&m);
    return 0;
}
