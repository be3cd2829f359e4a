/* What the fault campaign runs the program on: as little as each subcommand takes, so that a run is
 * over in milliseconds. Pictures are 2 x 2, and the network is a square and a dense layer.
 */
#ifndef UNSEEN_TESTS_FAULTS_WORLD_H
#define UNSEEN_TESTS_FAULTS_WORLD_H

#include "tests/program.h"

enum { FAULTS_SIDE = 2, FAULTS_AREA = FAULTS_SIDE * FAULTS_SIDE, FAULTS_IMAGES = 20 };

/* Write a network: `op` between a product with fixed numbers and a dense layer. */
static inline void faults_world_model(const char *path, const char *op)
{
    float dense[PROGRAM_LABELS * FAULTS_AREA], scale[FAULTS_AREA];
    int square = strcmp(op, "Mul") == 0;
    nn_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    for (size_t i = 0; i < FAULTS_AREA; i++)
        scale[i] = i % 2 == 0 ? 0.5f : -0.5f;
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        dense[i] = 0.1f * (float)(i * 7 % 11);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", (nn_shape){1, FAULTS_SIDE, FAULTS_SIDE});
    nn_graph_initializer(g, "scale", 4, (const size_t[]){1, 1, FAULTS_SIDE, FAULTS_SIDE}, scale);
    nn_graph_initializer(g, "dense", 2, (const size_t[]){PROGRAM_LABELS, FAULTS_AREA}, dense);
    nn_graph_node(g, "Mul", "scaled", (const char *const[]){"image", "scale"}, 2, "x");
    nn_graph_node(g, op, "act", (const char *const[]){"x", "x"}, square ? 2 : 1, "y");
    nn_graph_node(g, "Flatten", "flatten", (const char *const[]){"y"}, 1, "flat");
    nn_graph_node(g, "Gemm", "dense", (const char *const[]){"flat", "dense"}, 2, "logits");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "logits");
    assert_string_equal(nn_graph_error(g), "");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    program_write(path, bytes, size);
    free(bytes);
    nn_graph_free(g);
}

/* Write IDX files of pictures and labels. */
static inline void faults_world_idx(const char *images, const char *labels)
{
    uint8_t picture[16 + FAULTS_IMAGES * FAULTS_AREA] = {0, 0, 8, 3, 0, 0, 0, FAULTS_IMAGES};
    uint8_t label[8 + FAULTS_IMAGES] = {0, 0, 8, 1, 0, 0, 0, FAULTS_IMAGES};

    picture[11] = picture[15] = FAULTS_SIDE;
    for (size_t i = 0; i < FAULTS_IMAGES * FAULTS_AREA; i++)
        picture[16 + i] = (uint8_t)(i * 37);
    for (size_t i = 0; i < FAULTS_IMAGES; i++)
        label[8 + i] = (uint8_t)(i % PROGRAM_LABELS);
    program_write(images, picture, sizeof picture);
    program_write(labels, label, sizeof label);
}

/* Folders as `demo` and `train` take them. */
static inline void faults_world_folders(void)
{
    char path[64];

    assert_int_equal(mkdir("data", 0777) | mkdir("data/mnist", 0777) | mkdir("data/digits", 0777),
                     0);
    faults_world_model("data/mnist/cryptonets.onnx", "Mul");
    for (int i = 0; i < 10; i++) {
        snprintf(path, sizeof path, "data/digits/%d.pgm", i);
        program_write(path, "P5 2 2 255\nunse", 15);
    }
    assert_int_equal(mkdir("set", 0777), 0);
    faults_world_idx("set/train-images-idx3-ubyte", "set/train-labels-idx1-ubyte");
    faults_world_idx("set/t10k-images-idx3-ubyte", "set/t10k-labels-idx1-ubyte");
}

/** Group setup, after program_begin: all files that the campaign's command lines name. */
static inline void faults_world_make(void)
{
    static const char net[] = "input 1 2 2\ndense 10\nsquare\ndense 10\nepochs 1\nbatch 10\n";

    faults_world_model("m.onnx", "Mul");
    faults_world_model("relu.onnx", "Relu");
    faults_world_idx("images", "labels");
    faults_world_folders();
    program_write("small.net", net, sizeof net - 1);
    program_write("m.pgm", "P5 2 2 255\nunse", 15);
    assert_int_equal(system("gzip -k images && mv images.gz packed"), 0);
    program_expect(0, "plan m.onnx -o m.plan");
    program_expect(0, "keygen m.plan -s m.secret -e m.eval");
    program_expect(0, "encrypt m.plan m.secret m.pgm -o m.request");
    program_expect(0, "infer m.onnx m.eval m.request -o m.response");
    program_expect(0, "calibrate --seconds 0 -o m.costs");
    program_expect(0, "eval m.onnx --images images --labels labels --json >eval.json");
    program_write("answered", "m.request\tm.response\n", 21);
    program_write("list", "m.request\tmade.1\nm.request\tmade.2\n", 34);
}

#endif
