/* A network: its file, and one beside it that holds constants. What is taken is written, read and
 * run. */
#include <string.h>

#include "nn/nn.h"
#include "tests/fuzz/fuzz.h"

enum { WHY = 2000, NUMBERS = 4096 };

const char fuzz_name[] = "onnx";
size_t fuzz_taken;

static nn_status beside(void *user, const char *name, const uint8_t **bytes, size_t *size,
                        char *why, size_t why_size)
{
    static const uint8_t constants[64] = {0, 0, 0x80, 0x3f, 1};

    (void)user;
    (void)why;
    (void)why_size;
    fuzz_must(name[0] != '\0' && strchr(name, '/') == NULL);
    *bytes = constants;
    *size = sizeof constants;
    return NN_OK;
}

/* A graph that was read can be written, and is then read again. */
static void write_again(const uint8_t *in, size_t size)
{
    static char why[WHY];
    nn_graph *g = NULL, *again = NULL;
    uint8_t *bytes = NULL;
    size_t count = 0;

    if (nn_onnx_read(&g, in, size, why, sizeof why) == NN_OK) {
        if (nn_onnx_write(g, &bytes, &count, why, sizeof why) == NN_OK)
            fuzz_must(nn_onnx_read(&again, bytes, count, why, sizeof why) == NN_OK);
        free(bytes);
        nn_graph_free(again);
        nn_graph_free(g);
    }
}

static void run(const uint8_t *in, size_t size)
{
    static char why[WHY];
    static float image[NUMBERS], logits[NUMBERS];
    nn_model *m = NULL;

    why[0] = '\0';
    if (nn_model_read(&m, in, size, why, sizeof why) != NN_OK) {
        fuzz_must(m == NULL && why[0] != '\0');
        return;
    }
    fuzz_taken++;
    if (nn_shape_count(nn_model_input(m)) <= NUMBERS && nn_model_outputs(m) <= NUMBERS)
        fuzz_must(nn_model_run(m, logits, image, why, sizeof why) <= NN_OK);
    nn_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static char why[WHY];
    uint8_t *whole = NULL;
    size_t whole_size = 0;

    write_again(in, size);
    run(in, size);
    if (nn_onnx_is_external(in, size) &&
        nn_onnx_embed(&whole, &whole_size, in, size, beside, NULL, why, sizeof why) == NN_OK) {
        fuzz_must(!nn_onnx_is_external(whole, whole_size));
        run(whole, whole_size);
        free(whole);
    }
    return 0;
}
