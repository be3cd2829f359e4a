/* unseen check from the command line; eval and check on a batch of CIFAR-10. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

static int begin(void **state)
{
    program_begin(state);
    program_model("a.onnx", 1, 0);
    program_idx("i.images", "i.labels", 3, 1);
    return 0;
}

static void reports_are_written(void **state)
{
    (void)state;
    program_expect(0,
                   "check a.onnx --images i.images --labels i.labels --markdown r.md --svg r.svg "
                   "--encrypted 2");
    assert_non_null(strstr(program_out, "convolution"));
    assert_non_null(strstr(program_out, "All labels agree: fitted and on clear slots for 3 images, "
                                        "encrypted for 2. The least exact layer is '"));
    assert_true(program_file_size("r.md") > 200 && program_file_size("r.svg") > 1000);
    program_expect(0, "check a.onnx --images i.images --first 1 --count 2 --encrypted 0 --json");
    assert_string_equal(program_err, "");
    assert_non_null(strstr(program_out, "\"images\": 2,"));
    assert_non_null(strstr(program_out, "\"encrypted\": 0,"));
    assert_non_null(strstr(program_out, "\"cause\": \"none\""));
    assert_null(strstr(program_out, "float_right"));
}

/* A network of one matrix, named, with so many rows and biases. */
static void write_matrix(const char *path, nn_shape image, const char *name, size_t rows,
                         const float *weights, const float *bias)
{
    nn_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "image", image);
    nn_graph_initializer(g, "dense", 2, (const size_t[]){rows, image.c * image.h * image.w},
                         weights);
    nn_graph_initializer(g, "bias", 1, (const size_t[]){rows}, bias);
    nn_graph_node(g, "Flatten", "flatten", (const char *const[]){"image"}, 1, "flat");
    nn_graph_node(g, "Gemm", name, (const char *const[]){"flat", "dense", "bias"}, 3, "logits");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "logits");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    program_write(path, bytes, size);
    free(bytes);
    nn_graph_free(g);
}

/* A matrix on the picture whose odd rows are the even rows before them, with a bias this much
 * lower: an odd label is never right, yet the lightest noise takes it for half of the images. */
static void write_twins(const char *path, float lower)
{
    enum { PLACES = PROGRAM_SIDE * PROGRAM_SIDE };
    static float dense[PROGRAM_LABELS][PLACES], bias[PROGRAM_LABELS];
    testing_rng rng;

    testing_rng_init(&rng, 5);
    for (size_t r = 0; r < PROGRAM_LABELS; r++) {
        for (size_t i = 0; i < PLACES; i++)
            dense[r][i] = r % 2 == 0 ? (float)testing_uniform(&rng, -0.05, 0.05) : dense[r - 1][i];
        bias[r] = r % 2 == 0 ? 0.0f : -lower;
    }
    write_matrix(path, (nn_shape){1, PROGRAM_SIDE, PROGRAM_SIDE}, "twins", PROGRAM_LABELS, dense[0],
                 bias);
}

/* Too few bits: the noise is named, and the status says that labels differ. At 4 bits it is some
 * hundred times the twins' distance, so that all 50 images keep their label once in 2^50. */
static void noise_is_named(void **state)
{
    (void)state;
    write_twins("t.onnx", 1e-5f);
    program_idx("n.images", "n.labels", 50, 2);
    program_expect(1, "check t.onnx --images n.images --count 50 --encrypted 50 --precision 4");
    assert_non_null(strstr(program_out, "The noise in layer 'twins'"));
}

static void bad_command_lines(void **state)
{
    (void)state;
    program_expect(2, "check a.onnx");
    program_expect(2, "check - --images i.images");
    program_expect(2, "check a.onnx --images i.images --count 0");
    program_expect(2, "check a.onnx --images i.images --first 3");
    program_expect(2, "check a.onnx --images i.images --count 4");
    program_expect(8, "check a.onnx --images none");
    program_expect(3, "check a.onnx --images i.labels");
    program_expect(8, "check a.onnx --images i.images --encrypted 0 --svg none/r.svg");
}

/* A network for 3 x 32 x 32 and a batch with its labels and a list of lossy records. */
static void cifar_batches_are_read(void **state)
{
    enum { RECORD = 3073, COUNT = 4 };
    static uint8_t batch[COUNT * RECORD];
    static float dense[2 * 3072];
    static const float bias[2] = {0};
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, 4);
    for (size_t i = 0; i < sizeof batch; i++)
        batch[i] = (uint8_t)testing_u64(&rng);
    for (size_t i = 0; i < COUNT; i++)
        batch[i * RECORD] = (uint8_t)(i % 2);
    for (size_t i = 0; i < sizeof dense / sizeof *dense; i++)
        dense[i] = (float)testing_uniform(&rng, -0.05, 0.05);
    program_write("c.bin", batch, sizeof batch);
    program_write("lossy-records.txt", "# file record label\nc.bin 2 0\n", 30);
    write_matrix("c.onnx", (nn_shape){3, 32, 32}, "dense layer", 2, dense, bias);

    program_expect(0, "eval c.onnx --images c.bin --json");
    assert_non_null(strstr(program_out, "\"images\": 4,"));
    assert_non_null(strstr(program_out, "\"without_lossy\": {\n    \"images\": 3,"));
    program_expect(0, "eval c.onnx --images c.bin");
    assert_non_null(strstr(program_out, "1 of 4 images"));
    program_expect(2, "eval a.onnx --images i.images");
    program_expect(4, "eval a.onnx --images c.bin");
    program_expect(3, "eval c.onnx --images c.bin --labels i.labels");
    program_expect(0, "check c.onnx --images c.bin --encrypted 0 --json");
    assert_non_null(strstr(program_out, "\"float_right\": "));
    program_expect(0, "plan c.onnx -o c.plan");
    program_expect(0, "keygen c.plan -s c.secret -e c.eval");
    program_expect(0, "encrypt c.plan c.secret c.bin -i 3 -o c.request");
    program_expect(2, "encrypt c.plan c.secret c.bin -i 4 -o c.request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_written),
        cmocka_unit_test(noise_is_named),
        cmocka_unit_test(bad_command_lines),
        cmocka_unit_test(cifar_batches_are_read),
    };
    return cmocka_run_group_tests(tests, begin, program_end);
}
