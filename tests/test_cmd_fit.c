/* unseen fit by the program: a model with ReLU becomes one with polynomials; every refusal is one
 * sentence. */
#include "tests/program.h"

enum { NEGATIVE = 1, USAGE = 2, DAMAGED = 3, MISMATCH = 4, UNSUPPORTED = 5, NO_FILE = 8 };

/* Convolution 7x7 with stride 4, an activation, a dense layer. */
static void write_model(const char *path, const char *op)
{
    enum { KERNEL = 7, OUT = 6 };
    static float kernel[KERNEL * KERNEL], dense[PROGRAM_LABELS * OUT * OUT];
    nn_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    testing_rng rng;

    testing_rng_init(&rng, 5);
    for (size_t i = 0; i < sizeof kernel / sizeof *kernel; i++)
        kernel[i] = (float)testing_uniform(&rng, -0.5, 0.5);
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        dense[i] = (float)testing_uniform(&rng, -1.0, 1.0);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", (nn_shape){1, PROGRAM_SIDE, PROGRAM_SIDE});
    nn_graph_initializer(g, "kernel", 4, (const size_t[]){1, 1, KERNEL, KERNEL}, kernel);
    nn_graph_initializer(g, "dense", 2, (const size_t[]){PROGRAM_LABELS, OUT * OUT}, dense);
    nn_graph_node(g, "Conv", "conv", (const char *const[]){"image", "kernel"}, 2, "x");
    nn_graph_attr_ints(g, "strides", (const int64_t[]){4, 4}, 2);
    nn_graph_node(g, op, "act", (const char *const[]){"x"}, 1, "activated");
    nn_graph_node(g, "Flatten", "", (const char *const[]){"activated"}, 1, "flat");
    nn_graph_node(g, "Gemm", "dense", (const char *const[]){"flat", "dense"}, 2, "logits");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "logits");
    assert_string_equal(nn_graph_error(g), "");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    program_write(path, bytes, size);
    free(bytes);
    nn_graph_free(g);
}

static int begin(void **state)
{
    int st = program_begin(state);
    if (st == 0) {
        write_model("relu.onnx", "Relu");
        write_model("exp.onnx", "Exp");
        program_model("square.onnx", 1, 0);
        program_idx("i", "l", 30, 7);
    }
    return st;
}

static void test_fit(void **state)
{
    (void)state;
    program_expect(
        0, "fit relu.onnx --images i --labels l --logit-error 0.3 --agreement 90 -o a.onnx");
    assert_non_null(strstr(program_out, "\nactivated "));
    assert_non_null(strstr(program_out, "relu"));
    assert_non_null(strstr(program_out, "accuracy:"));
    assert_non_null(strstr(program_out, "demands:       met"));
    /* The same on one thread, and again of a model that was fitted before. */
    program_expect(0, "fit relu.onnx --images i --logit-error 0.3 --agreement 90 -t 1 -o b.onnx");
    assert_null(strstr(program_out, "accuracy:"));
    program_expect(0, "fit a.onnx --images i --logit-error 0.3 --agreement 90 -o c.onnx");
    assert_int_equal(system("cmp -s a.onnx b.onnx && cmp -s a.onnx c.onnx"), 0);
    /* To standard output: the report goes to the other stream. */
    program_expect(0, "fit relu.onnx --images i --logit-error 0.3 --agreement 90 -o - >d.onnx");
    assert_non_null(strstr(program_err, "demands:"));
    assert_int_equal(system("cmp -s a.onnx d.onnx"), 0);
}

static void test_json(void **state)
{
    (void)state;
    program_expect(0, "fit relu.onnx --images i --labels l --degree 5 --method minimax --range 9 "
                      "--logit-error 9 --agreement 1 --count 20 --first 3 --json -o a.onnx");
    assert_non_null(strstr(program_out, "\"images\": 20"));
    assert_non_null(strstr(program_out, "\"method\": \"minimax\""));
    assert_non_null(strstr(program_out, "\"hi\": 9"));
    assert_non_null(strstr(program_out, "\"reached\": true"));
    assert_non_null(strstr(program_out, "\"float_right\""));
}

static void test_sign(void **state)
{
    (void)state;
    program_expect(0, "fit relu.onnx --images i --relu sign --agreement 50 -o a.onnx");
    assert_non_null(strstr(program_out, " sign "));
    /* What cannot be reached is told, and the best is written all the same. */
    assert_int_equal(
        program_run("fit relu.onnx --images i --levels 1 --logit-error 1e-6 -o e.onnx"), NEGATIVE);
    assert_non_null(strstr(program_out, "not met"));
    assert_true(program_has("e.onnx"));
}

/* A network of polynomials has no fits to make; its ranges are measured. */
static void test_none(void **state)
{
    (void)state;
    program_expect(0, "fit square.onnx --images i -o a.onnx");
    assert_non_null(strstr(program_err, "no activation"));
    program_expect(0, "plan a.onnx");
}

static void test_refused(void **state)
{
    (void)state;
    program_expect(USAGE, "fit relu.onnx -o x.onnx");
    assert_non_null(strstr(program_err, "--images"));
    program_expect(USAGE, "fit relu.onnx --images i");
    program_expect(USAGE, "fit relu.onnx --images i --method best -o x.onnx");
    program_expect(USAGE, "fit relu.onnx --images i --degree 1 -o x.onnx");
    program_expect(USAGE, "fit relu.onnx --images i --degree 32 -o x.onnx");
    program_expect(USAGE, "fit relu.onnx --images i --relu tanh -o x.onnx");
    program_expect(USAGE, "fit relu.onnx --images i --first 30 -o x.onnx");
    program_expect(USAGE, "fit relu.onnx --images i --first 3 --count 28 -o x.onnx");
    program_expect(NO_FILE, "fit relu.onnx --images nothing -o x.onnx");
    program_expect(NO_FILE, "fit nothing.onnx --images i -o x.onnx");
    program_expect(DAMAGED, "fit i --images i -o x.onnx");
    program_expect(DAMAGED, "fit relu.onnx --images relu.onnx -o x.onnx");
    program_expect(UNSUPPORTED, "fit exp.onnx --images i -o x.onnx");
    program_one_sentence("fit", "act");
    program_expect(USAGE, "fit relu.onnx --images i --loss 1 -o x.onnx");
    assert_non_null(strstr(program_err, "labels"));
    assert_false(program_has("x.onnx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),  cmocka_unit_test(test_json),    cmocka_unit_test(test_sign),
        cmocka_unit_test(test_none), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, begin, program_end);
}
