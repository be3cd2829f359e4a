/* Sets of images: IDX and CIFAR-10, plain or compressed; and their labels, from the same bytes. */
#include "tools/dataset.h"
#include "tests/fuzz/fuzz.h"
#include "tools/idx.h"
#include "tools/result.h"

const char fuzz_name[] = "dataset";
size_t fuzz_taken;

/* Reads all of it. */
static int is_there(const uint8_t *bytes, size_t size)
{
    size_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    return sum <= 255 * size;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    char why[300] = "";
    dataset d = {.count = 0};
    idx_array labels = {.count = 0};

    if (dataset_parse(&d, in, size, why, sizeof why) == TOOL_OK) {
        fuzz_taken++;
        fuzz_must(is_there(d.pixels, d.count * d.c * d.h * d.w));
        /* Images are no labels. */
        fuzz_must(dataset_parse_labels(&d, in, size, why, sizeof why) != TOOL_OK);
        dataset_free(&d);
    } else {
        fuzz_must(d.pixels == NULL && why[0] != '\0');
    }
    if (idx_parse(&labels, in, size, 1, why, sizeof why) == TOOL_OK) {
        fuzz_taken++;
        fuzz_must(is_there(labels.data, labels.count));
        idx_free(&labels);
    }
    return 0;
}
