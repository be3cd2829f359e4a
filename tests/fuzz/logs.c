/* The logs of `unseen infer --manifest`, as `unseen collect` adds them up. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_path.h"
#include "tools/cli.h"
#include "tools/collect_logs.h"

enum { ITEMS = 2 };

const char fuzz_name[] = "logs";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static char response[ITEMS][16] = {"made.1", "made.2"};
    manifest_item items[ITEMS] = {{"m.request", response[0], 1}, {"m.request", response[1], 2}};
    const manifest m = {.item = items, .count = ITEMS};
    collect_logs l = {.logs = 0};

    fuzz_must(collect_logs_begin(&l, &m) == CLI_OK);
    fuzz_taken += collect_logs_add(&l, fuzz_path(in, size), &m, NULL) == CLI_OK;
    for (size_t k = 0; k < l.shards; k++)
        fuzz_must(l.seen[k] <= 1);
    collect_logs_free(&l);
    return 0;
}
