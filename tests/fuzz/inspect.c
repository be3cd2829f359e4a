/* What `unseen inspect` tells about any file: JSON, whatever the file says of itself. */
#define _POSIX_C_SOURCE 200809L

#include "tools/inspect.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_path.h"
#include "tools/cli.h"
#include "tools/json_read.h"

const char fuzz_name[] = "inspect";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static const inspect_plan none;
    const char *path = fuzz_path(in, size);
    char *text = NULL, why[200];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    json_document *d = NULL;
    file_bytes bytes;
    json j;

    fuzz_must(out != NULL && file_read(&bytes, path, SIZE_MAX / 2) == CLI_OK);
    const inspect_file f = {path, "fuzz", &bytes, &j, &none};
    json_begin(&j, out);
    json_open_object(&j, NULL);
    int st = inspect_job(&f);
    if (st == CLI_DONE)
        st = inspect_data(&f);
    json_close_object(&j);
    json_end(&j);
    fuzz_must(fclose(out) == 0);
    fuzz_must(json_read(&d, (const uint8_t *)text, length, why, sizeof why) == CLI_OK);
    fuzz_taken += st == CLI_OK;
    json_free(d);
    free(text);
    file_free(&bytes);
    return 0;
}
