/* The table of unit times. */
#include "tools/costs.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_path.h"
#include "tools/cli.h"

const char fuzz_name[] = "costs";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    nn_costs c = {.forward_ns = -1.0};
    int st = costs_read(&c, fuzz_path(in, size));

    fuzz_must(st == CLI_OK || st == CLI_DAMAGED);
    fuzz_must((st == CLI_OK) == (c.forward_ns > 0.0));
    fuzz_taken += st == CLI_OK;
    return 0;
}
