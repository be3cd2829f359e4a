/* Checkpoints of trainings: as they are, and with the checksum made right; to resume, to begin
 * with, and as a teacher. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "train/checkpoint.h"
#include "train/status.h"

enum { SUM = 8, IMAGES = 4, AREA = 4 };

const char fuzz_name[] = "checkpoint";
size_t fuzz_taken;

static const char text[] = "input 1 2 2\ndense 3\nnorm\nsquare\ndense 10\nbatch 2\naverage 0.9\n";
static train_recipe recipe;
static train_data data;

static void start(void)
{
    static uint8_t pixels[IMAGES * AREA], labels[IMAGES] = {1, 2, 3, 4};
    char why[200];
    int line;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(31 * i);
    data.train.count = data.test.count = IMAGES;
    data.train.c = data.test.c = 1;
    data.train.h = data.test.h = data.train.w = data.test.w = 2;
    data.train.pixels = data.test.pixels = pixels;
    data.train.labels = data.test.labels = labels;
    train_data_digest(&data);
    fuzz_must(train_recipe_parse(&recipe, text, sizeof text - 1, &line, why, sizeof why) ==
              TRAIN_OK);
}

static void look(const uint8_t *in, size_t size)
{
    char why[400] = "";
    train_session run;
    train_recipe teacher;

    fuzz_must(train_session_create(&run, &recipe, &data, 1, 2, 0, 1, why, sizeof why) == TRAIN_OK);
    fuzz_taken += train_checkpoint_read(&run, in, size, text, why, sizeof why) == TRAIN_OK;
    train_session_free(&run);
    fuzz_must(train_session_create(&run, &recipe, &data, 1, 2, 0, 1, why, sizeof why) == TRAIN_OK);
    fuzz_taken += train_checkpoint_start(&run, in, size, why, sizeof why) == TRAIN_OK;
    fuzz_taken += train_checkpoint_teach(&run, &teacher, in, size, why, sizeof why) == TRAIN_OK;
    train_session_free(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    if (recipe.layer_count == 0)
        start();
    look(in, size);
    if (size > SUM) {
        uint8_t *sealed = malloc(size);
        uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
        fuzz_must(sealed != NULL);
        memcpy(sealed, in, size);
        for (size_t i = 0; i < size - SUM; i++)
            sum = (sum ^ sealed[i]) * UINT64_C(0x100000001b3);
        for (int i = 0; i < SUM; i++)
            sealed[size - SUM + (size_t)i] = (uint8_t)(sum >> (8 * i));
        look(sealed, size);
        free(sealed);
    }
    return 0;
}
