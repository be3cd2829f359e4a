/* Descriptions of networks and their training. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "train/recipe.h"
#include "train/status.h"

const char fuzz_name[] = "recipe";
size_t fuzz_taken;

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static train_recipe r, again;
    char why[500] = "", *text;
    int line = 0, st;

    if (train_recipe_parse(&r, (const char *)in, size, &line, why, sizeof why) != TRAIN_OK) {
        fuzz_must(why[0] != '\0');
        return 0;
    }
    fuzz_taken++;
    fuzz_must(r.layer_count <= TRAIN_MAX_LAYERS);
    /* The canonical form says the same. */
    text = malloc(size + 2);
    fuzz_must(text != NULL);
    size_t length = train_recipe_canonical(text, (const char *)in, size);
    fuzz_must(length < size + 2 && text[length] == '\0');
    st = train_recipe_parse(&again, text, length, &line, why, sizeof why);
    fuzz_must(st == TRAIN_OK && again.layer_count == r.layer_count && again.batch == r.batch);
    free(text);
    return 0;
}
