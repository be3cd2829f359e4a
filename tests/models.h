/* Small models for the tests of plans and executors: a strided convolution, an activation, a dense
 * matrix, with weights drawn from a fixed generator, as ONNX bytes. */
#ifndef UNSEEN_TESTS_MODELS_H
#define UNSEEN_TESTS_MODELS_H

#include "nn/nn.h"

#include "tests/testing.h"

enum { MODELS_INPUTS = 36, MODELS_OUTPUTS = 4 };

static inline void models_fill(testing_rng *rng, float *w, size_t count, double size)
{
    for (size_t k = 0; k < count; k++)
        w[k] = (float)testing_uniform(rng, -size, size);
}

/** The activation's nodes: x^2 for degree 2, else x^degree - 0.5 x. */
static inline const char *models_activation(nn_graph *g, const char *x, int degree)
{
    const float half = 0.5f, power = (float)degree;
    if (degree == 2) {
        nn_graph_node(g, "Mul", "square", (const char *const[]){x, x}, 2, "a");
        return "a";
    }
    nn_graph_initializer(g, "power", 0, NULL, &power);
    nn_graph_initializer(g, "half", 0, NULL, &half);
    nn_graph_node(g, "Pow", "pow", (const char *const[]){x, "power"}, 2, "xp");
    nn_graph_node(g, "Mul", "mul", (const char *const[]){x, "half"}, 2, "xh");
    nn_graph_node(g, "Sub", "sub", (const char *const[]){"xp", "xh"}, 2, "a");
    return "a";
}

/** (1,6,6) -> conv 3 channels 3x3/2 pad 1 -> activation -> dense 4; to be released with free(). */
static inline void models_bytes(uint8_t **bytes, size_t *size, int degree, uint64_t seed)
{
    testing_rng rng;
    float wc[27], bc[3], wd[MODELS_OUTPUTS * 27], bd[MODELS_OUTPUTS];
    nn_graph *g = NULL;
    char why[200];
    testing_rng_init(&rng, seed);
    models_fill(&rng, wc, 27, 0.4);
    models_fill(&rng, bc, 3, 0.2);
    models_fill(&rng, wd, MODELS_OUTPUTS * 27, 0.3);
    models_fill(&rng, bd, MODELS_OUTPUTS, 0.5);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", (nn_shape){1, 6, 6});
    nn_graph_initializer(g, "wc", 4, (const size_t[]){3, 1, 3, 3}, wc);
    nn_graph_initializer(g, "bc", 1, (const size_t[]){3}, bc);
    nn_graph_initializer(g, "wd", 2, (const size_t[]){MODELS_OUTPUTS, 27}, wd);
    nn_graph_initializer(g, "bd", 1, (const size_t[]){MODELS_OUTPUTS}, bd);
    nn_graph_node(g, "Conv", "conv", (const char *const[]){"image", "wc", "bc"}, 3, "x");
    nn_graph_attr_ints(g, "strides", (const int64_t[]){2, 2}, 2);
    nn_graph_attr_ints(g, "pads", (const int64_t[]){1, 1, 1, 1}, 4);
    const char *a = models_activation(g, "x", degree);
    nn_graph_node(g, "Flatten", "flat", (const char *const[]){a}, 1, "f");
    nn_graph_node(g, "Gemm", "dense", (const char *const[]){"f", "wd", "bd"}, 3, "y");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "y");
    nn_graph_meta(g, "test.name", "small");
    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_int_equal(nn_onnx_write(g, bytes, size, why, sizeof why), NN_OK);
    nn_graph_free(g);
}

static inline nn_model *models_small(int degree, uint64_t seed)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_model *m = NULL;
    char why[400] = "";
    models_bytes(&bytes, &size, degree, seed);
    nn_status st = nn_model_read(&m, bytes, size, why, sizeof why);
    if (st != NN_OK)
        print_error("%s\n", why);
    assert_int_equal(st, NN_OK);
    free(bytes);
    return m;
}

static inline nn_plan *models_plan(const nn_model *m)
{
    nn_plan *p = NULL;
    char why[400] = "";
    nn_status st = nn_plan_create(&p, m, NULL, why, sizeof why);
    if (st != NN_OK)
        print_error("%s\n", why);
    assert_int_equal(st, NN_OK);
    return p;
}

static inline void models_image(testing_rng *rng, float image[MODELS_INPUTS])
{
    for (int k = 0; k < MODELS_INPUTS; k++)
        image[k] = (float)testing_uniform(rng, 0.0, 1.0);
}

#endif
