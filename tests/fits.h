/* A small network with activations of every kind, for the tests of fits: a convolution of 3
 * channels, an activation, a max pool, a dense layer. */
#ifndef UNSEEN_TESTS_FITS_H
#define UNSEEN_TESTS_FITS_H

#include "nn/graph.h"
#include "nn/graph/graph_data.h"
#include "nn/onnx_write.h"
#include "tests/testing.h"

enum { FITS_SIDE = 8, FITS_PIXELS = FITS_SIDE * FITS_SIDE, FITS_OUTPUTS = 4 };

static inline void fits_fill(testing_rng *rng, float *w, size_t count, double size)
{
    for (size_t k = 0; k < count; k++)
        w[k] = (float)testing_uniform(rng, -size, size);
}

/** Values: "image" -> "x" -> "a" by op -> "p" by MaxPool 2x2 (or AveragePool) -> "y". */
static inline nn_graph *fits_graph(const char *op, int max_pool, uint64_t seed)
{
    const float low = 0, high = 0.5f;
    testing_rng rng;
    float wc[27], bc[3], wd[FITS_OUTPUTS * 48], bd[FITS_OUTPUTS];
    nn_graph *g = NULL;

    testing_rng_init(&rng, seed);
    fits_fill(&rng, wc, 27, 0.8);
    fits_fill(&rng, bc, 3, 0.4);
    fits_fill(&rng, wd, FITS_OUTPUTS * 48, 0.5);
    fits_fill(&rng, bd, FITS_OUTPUTS, 0.5);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", (nn_shape){1, FITS_SIDE, FITS_SIDE});
    nn_graph_initializer(g, "wc", 4, (const size_t[]){3, 1, 3, 3}, wc);
    nn_graph_initializer(g, "bc", 1, (const size_t[]){3}, bc);
    nn_graph_initializer(g, "wd", 2, (const size_t[]){FITS_OUTPUTS, 48}, wd);
    nn_graph_initializer(g, "bd", 1, (const size_t[]){FITS_OUTPUTS}, bd);
    nn_graph_initializer(g, "low", 0, NULL, &low);
    nn_graph_initializer(g, "high", 0, NULL, &high);
    nn_graph_node(g, "Conv", "conv", (const char *const[]){"image", "wc", "bc"}, 3, "x");
    nn_graph_attr_ints(g, "pads", (const int64_t[]){1, 1, 1, 1}, 4);
    int clip = strcmp(op, "Clip") == 0;
    nn_graph_node(g, op, "activation", (const char *const[]){"x", "low", "high"}, clip ? 3 : 1,
                  "a");
    nn_graph_node(g, max_pool ? "MaxPool" : "AveragePool", "pool", (const char *const[]){"a"}, 1,
                  "p");
    nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){2, 2}, 2);
    nn_graph_attr_ints(g, "strides", (const int64_t[]){2, 2}, 2);
    nn_graph_node(g, "Flatten", "flat", (const char *const[]){"p"}, 1, "f");
    nn_graph_node(g, "Gemm", "dense", (const char *const[]){"f", "wd", "bd"}, 3, "y");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "y");
    nn_graph_meta(g, "test.name", "kept");
    assert_string_equal(nn_graph_error(g), "");
    return g;
}

/** The graph as an ONNX file, to be released with free(); frees the graph. */
static inline uint8_t *fits_bytes(size_t *size, nn_graph *g)
{
    uint8_t *bytes = NULL;
    char why[200] = "";

    if (nn_onnx_write(g, &bytes, size, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    nn_graph_free(g);
    return bytes;
}

/** count images of noise, to be released with free(). */
static inline float *fits_images(size_t count, uint64_t seed)
{
    float *images = malloc(count * FITS_PIXELS * sizeof *images);
    testing_rng rng;

    assert_non_null(images);
    testing_rng_init(&rng, seed);
    for (size_t i = 0; i < count * FITS_PIXELS; i++)
        images[i] = (float)testing_uniform(&rng, 0, 1);
    return images;
}

#endif
