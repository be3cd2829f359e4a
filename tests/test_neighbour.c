/* Models whose weights lie in files beside them, read from the disk. */
#define _POSIX_C_SOURCE 200809L

#include "tools/neighbour.h"

#include <unistd.h>

#include "nn/nn.h"
#include "tools/cli.h"
#include "tools/load.h"

#include "tests/onnx_bytes.h"

static char folder[64];

static const char *in_folder(char path[128], const char *name)
{
    (void)snprintf(path, 128, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[128];
    FILE *f = fopen(in_folder(path, name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void put_entry(nn_onnx_buffer *tensor, const char *key, const char *value)
{
    nn_onnx_buffer e = {.bytes = NULL};

    nn_onnx_put_text(&e, 1, key);
    nn_onnx_put_text(&e, 2, value);
    nn_onnx_put_message(tensor, 13, &e);
}

/* A 1x1 convolution with its weight in one file and its bias in another one. */
static void write_model(const char *weight_file)
{
    nn_onnx_buffer g = {.bytes = NULL}, n = onnx_bytes_node("Conv", "c", "x", "w", "b", "y");
    const char *const files[2] = {weight_file, "bias.data"};

    nn_onnx_put_message(&g, 1, &n);
    for (int k = 0; k < 2; k++) {
        nn_onnx_buffer t = {.bytes = NULL};
        for (int d = 0; d < (k == 0 ? 4 : 1); d++)
            nn_onnx_put_varint(&t, 1, 1);
        nn_onnx_put_varint(&t, 2, 1);
        nn_onnx_put_text(&t, 8, k == 0 ? "w" : "b");
        put_entry(&t, "location", files[k]);
        nn_onnx_put_varint(&t, 14, 1);
        nn_onnx_put_message(&g, 5, &t);
    }
    onnx_bytes_value(&g, 11, "x", 4, (const uint64_t[]){0, 1, 1, 1});
    onnx_bytes_value(&g, 12, "y", 4, (const uint64_t[]){0, 1, 1, 1});
    nn_onnx_buffer m = onnx_bytes_model(&g, 18);
    write_file("model.onnx", m.bytes, m.size);
    nn_onnx_buffer_clear(&m);
}

static int make_folder(void **state)
{
    static const uint8_t three[4] = {0, 0, 0x40, 0x40}, half[4] = {0, 0, 0, 0x3f};

    (void)state;
    strcpy(folder, "unseen-neighbour-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    write_file("weight.data", three, sizeof three);
    write_file("bias.data", half, sizeof half);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"model.onnx", "weight.data", "bias.data"};
    char path[128];

    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        (void)unlink(in_folder(path, names[k]));
    return rmdir(folder);
}

static void test_load(void **state)
{
    char path[128];
    nn_model *m;
    float x = 2, y = 0;

    (void)state;
    write_model("weight.data");
    assert_int_equal(load_model(&m, in_folder(path, "model.onnx")), CLI_OK);
    assert_int_equal(nn_model_run(m, &y, &x, NULL, 0), NN_OK);
    testing_assert_near(y, 6.5, 0);
    uint64_t id = nn_model_id(m);
    nn_model_free(m);
    /* Other weights are another model, although model.onnx is the same. */
    write_file("bias.data", (const uint8_t[]){0, 0, 0x80, 0x3f}, 4);
    assert_int_equal(load_model(&m, path), CLI_OK);
    assert_true(nn_model_id(m) != id);
    nn_model_free(m);
}

static void test_refused(void **state)
{
    char path[128];
    nn_model *m;
    file_bytes file;

    (void)state;
    write_model("nothing.data");
    assert_int_equal(load_model(&m, in_folder(path, "model.onnx")), CLI_NO_FILE);
    assert_null(m);
    write_model("../weight.data");
    assert_int_equal(load_model(&m, path), CLI_UNSUPPORTED);
    write_model("weight.data");
    write_file("bias.data", "cut", 3);
    assert_int_equal(load_model(&m, path), CLI_DAMAGED);
    assert_int_equal(file_read(&file, path, 1 << 20), CLI_OK);
    assert_int_equal(neighbour_join(&file, "-"), CLI_UNSUPPORTED);
    file_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_refused, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
