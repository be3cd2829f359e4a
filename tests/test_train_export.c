/* Exported graphs: the reference of nn/ computes what the trainer's own forward pass does, and the
 * metadata say what they should.
 */
#include "tests/train_sets.h"

#include "nn/nn.h"
#include "nn/ref/ref.h"
#include "train/calibrate.h"
#include "train/export.h"
#include "train/walk.h"

static train_set set;
static char why[512];

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 3);
    return 0;
}

/* The graph of a session, through ONNX and back, so that the file says all of it. */
static nn_graph *export(const train_session *t, const train_reach *reach)
{
    nn_graph *graph, *back;
    uint8_t *bytes;
    size_t size;
    assert_int_equal(nn_graph_create(&graph), NN_OK);
    int st = train_export_graph(graph, t, reach, "a command", "all right", "input 3 12 12\n");
    if (st != NN_OK)
        fail_msg("%s", nn_graph_error(graph));
    assert_int_equal(nn_onnx_write(graph, &bytes, &size, why, sizeof why), NN_OK);
    nn_graph_free(graph);
    assert_int_equal(nn_onnx_read(&back, bytes, size, why, sizeof why), NN_OK);
    free(bytes);
    return back;
}

/* Train a little, so that no parameter is what it began as, and compare logits. */
static void same_logits(const char *text)
{
    enum { IMAGES = 6 };
    train_recipe r;
    train_session t;
    train_reach reach[TRAIN_MAX_LAYERS] = {{0}};
    float *pixels = malloc(IMAGES * 3 * SET_AREA * sizeof *pixels);
    nn_tensor in, out;
    train_set_parse(&r, text);
    train_set_start(&t, &r, &set, 1, 1);
    assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_OK);
    train_calibrate(&t, t.train_count);
    train_session_correct(&t, &set.data.test, 0, IMAGES, reach, NULL);
    nn_graph *graph = export(&t, reach);
    for (size_t i = 0; i < IMAGES * 3 * SET_AREA; i++)
        pixels[i] = (float)set.pixels[1][i] / 255.0f;
    const nn_dims dims = {4, {IMAGES, 3, SET_SIDE, SET_SIDE}};
    assert_int_equal(nn_tensor_borrow(&in, &dims, pixels), NN_OK);
    int st = nn_ref_run(graph, &in, &out, why, sizeof why);
    if (st != NN_OK)
        fail_msg("%s", why);
    assert_int_equal(out.count, IMAGES * TRAIN_CLASSES);
    for (size_t b = 0; b < IMAGES; b++)
        for (size_t c = 0; c < TRAIN_CLASSES; c++)
            testing_assert_near(
                out.value[b * TRAIN_CLASSES + c], t.net.logits[c * IMAGES + b],
                1e-3 * (1.0 + (double)train_reach_largest(&reach[t.net.op_count - 1])));
    nn_tensor_clear(&out);
    nn_graph_free(graph);
    free(pixels);
    train_session_free(&t);
}

static void logits_agree(void **state)
{
    (void)state;
    same_logits(TRAIN_SET_EVERYTHING);
    same_logits(
        "input 3 12 12\nconv 4 3x3\nnorm\nswish4 4\nconv 4 3x3\npoly 0 1 0 0.1\nglobalpool\n"
        "dense 8\nquadratic 0.25 0\ndense 10\nbatch 70\n");
    same_logits("input 3 12 12\npoly 0.5 0 1\nconv 4 3x3\npoly 0 0 0 0 1\ndense 10\nbatch 70\n");
}

static void metadata(void **state)
{
    (void)state;
    train_recipe r;
    train_session t;
    train_reach reach[TRAIN_MAX_LAYERS] = {{0}};
    train_set_parse(&r, "input 3 12 12\nconv 4 3x3\nnorm\nsquare\ndense 6\nsquare\ndense 10\n");
    train_set_start(&t, &r, &set, 1, 1);
    reach[1] = (train_reach){10, 25.6, {2.0f}, {0}}; /* norm and square */
    reach[3] = (train_reach){10, 10.0, {4.0f}, {0}}; /* the second square alone */
    reach[4] = (train_reach){10, 2.5, {8.0f}, {0}};
    nn_graph *graph = export(&t, reach);
    assert_string_equal(nn_graph_meta_get(graph, "unseen.input_range"), "0 1");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.range.norm1"), "2.2 1.6");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.range.dense1"), "4.4 1");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.range.logits"), "8.8 0.5");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.command"), "a command");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.accuracy"), "all right");
    assert_string_equal(nn_graph_meta_get(graph, "unseen.description"), "input 3 12 12\n");
    nn_graph_free(graph);
    train_session_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_agree),
        cmocka_unit_test(metadata),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
