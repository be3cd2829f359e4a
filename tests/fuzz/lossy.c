/* The list of lossy records beside a batch of CIFAR-10. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/dataset.h"
#include "tools/result.h"

enum { RECORDS = 100 };

const char fuzz_name[] = "lossy";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    uint8_t labels[RECORDS];
    char why[300] = "";
    dataset d = {.count = RECORDS, .c = 3, .h = 32, .w = 32, .labels = labels};

    for (size_t i = 0; i < RECORDS; i++)
        labels[i] = (uint8_t)(i % 10);
    if (dataset_mark(&d, in, size, "test_batch.bin", 20, 50, why, sizeof why) == TOOL_OK) {
        fuzz_taken++;
        fuzz_must(dataset_lossy(&d, 0, 20) == 0 && dataset_lossy(&d, 70, 30) == 0);
    } else {
        fuzz_must(why[0] != '\0');
    }
    free(d.lossy);
    return 0;
}
