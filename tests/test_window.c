/* Windows: output sizes and positions against counting by hand, and refusals. */

#include "nn/graph/window.h"

#include "tests/testing.h"

/* A node with list attributes kernel_shape, strides, dilations, pads; NULL leaves one out. */
typedef struct wish {
    int64_t kernel[2], stride[2], dilation[2], pads[4];
    int has_pads, ceil_mode;
    const char *auto_pad;
} wish;

static nn_status ask(nn_window *w, const wish *v, const nn_dims *in, char *why, size_t why_size)
{
    wish t = *v;
    char pad[20] = "";
    nn_attr attr[6] = {
        {.type = NN_ATTR_INTS, .key = "kernel_shape", .numbers = t.kernel, .count = 2},
        {.type = NN_ATTR_INTS, .key = "strides", .numbers = t.stride, .count = 2},
        {.type = NN_ATTR_INTS, .key = "dilations", .numbers = t.dilation, .count = 2},
        {.type = NN_ATTR_INT, .key = "ceil_mode", .number = t.ceil_mode}};
    nn_node node = {.op = NN_OP_AVERAGE_POOL, .name = "p", .attr = attr, .attr_count = 4};

    if (t.has_pads)
        attr[node.attr_count++] =
            (nn_attr){.type = NN_ATTR_INTS, .key = "pads", .numbers = t.pads, .count = 4};
    if (t.auto_pad != NULL) {
        (void)snprintf(pad, sizeof pad, "%s", t.auto_pad);
        attr[node.attr_count++] = (nn_attr){.type = NN_ATTR_TEXT, .key = "auto_pad", .text = pad};
    }
    return nn_window_of_node(w, &node, in, NULL, why, why_size);
}

static const nn_dims image = {4, {1, 1, 7, 9}};

static void test_sizes(void **unused)
{
    nn_window w;
    wish v = {{3, 2}, {2, 3}, {1, 2}, {1, 0, 2, 1}, 1, 0, NULL};

    (void)unused;
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.out[0], (7 + 3 - 3) / 2 + 1);
    assert_int_equal(w.out[1], (9 + 1 - 3) / 3 + 1);
    v.ceil_mode = 1;
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.out[0], 4); /* a window from 8 would begin in the padding at the end */
    v.stride[1] = 4;
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.out[1], 3); /* 7 / 4 rounded up, plus 1: the last window hangs over by 1 */
    assert_int_equal(nn_window_padded(&w, 1, 2), 1);
    v.stride[1] = 3;
    v.auto_pad = "SAME_UPPER";
    v.ceil_mode = 0;
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.out[0], 4);
    assert_int_equal(w.before[0], 1); /* (4 - 1) 2 + 3 - 7 = 2 */
    assert_int_equal(w.after[0], 1);
    v.kernel[0] = 4;
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.before[0], 1);
    assert_int_equal(w.after[0], 2);
    v.auto_pad = "SAME_LOWER";
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.before[0], 2);
    assert_int_equal(w.after[0], 1);
    v.auto_pad = "VALID";
    assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
    assert_int_equal(w.before[0] + w.after[0], 0);
    assert_int_equal(w.out[0], 2);
}

/* first, end, at and padded against trying every kernel index. */
static void test_positions(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(500); n > 0; n--) {
        nn_window w;
        wish v = {.has_pads = 1, .ceil_mode = (int)testing_below(&rng, 2)};
        for (int k = 0; k < 2; k++) {
            v.kernel[k] = 1 + (int64_t)testing_below(&rng, 4);
            v.stride[k] = 1 + (int64_t)testing_below(&rng, 4);
            v.dilation[k] = 1 + (int64_t)testing_below(&rng, 2);
            v.pads[k] = (int64_t)testing_below(&rng, 9);
            v.pads[2 + k] = (int64_t)testing_below(&rng, 9);
        }
        assert_int_equal(ask(&w, &v, &image, NULL, 0), NN_OK);
        for (int axis = 0; axis < 2; axis++) {
            for (size_t o = 0; o < w.out[axis]; o++) {
                size_t seen = 0, padded = 0;
                for (size_t k = 0; k < w.kernel[axis]; k++) {
                    int64_t p = (int64_t)(o * w.stride[axis] + k * w.dilation[axis]) -
                                (int64_t)w.before[axis];
                    int inside = p >= 0 && p < (int64_t)w.in[axis];
                    int listed =
                        k >= nn_window_first(&w, axis, o) && k < nn_window_end(&w, axis, o);

                    assert_int_equal(inside, listed);
                    if (inside)
                        assert_int_equal(nn_window_at(&w, axis, o, k), p);
                    seen += (size_t)inside;
                    padded += p < (int64_t)(w.in[axis] + w.after[axis]);
                }
                assert_int_equal(nn_window_padded(&w, axis, o), padded);
                assert_true(seen <= padded);
            }
        }
    }
}

/* One spatial dimension is the horizontal one. */
static void test_one_dimension(void **unused)
{
    int64_t kernel[1] = {3}, pads[2] = {1, 2};
    nn_attr attr[2] = {{.type = NN_ATTR_INTS, .key = "kernel_shape", .numbers = kernel, .count = 1},
                       {.type = NN_ATTR_INTS, .key = "pads", .numbers = pads, .count = 2}};
    const nn_node node = {.op = NN_OP_CONV, .name = "c", .attr = attr, .attr_count = 2};
    const nn_dims in = {3, {1, 2, 8}}, five = {5, {1, 1, 2, 2, 2}}, empty = {3, {1, 1, 0}};
    const size_t three = 3, two = 2;
    char why[200];
    nn_window w = {{0}, {0}, {0}, {0}, {0}, {0}, {0}};

    (void)unused;
    assert_int_equal(nn_window_of_node(&w, &node, &in, &three, why, sizeof why), NN_OK);
    assert_int_equal(w.in[0], 1);
    assert_int_equal(w.out[0], 1);
    assert_int_equal(w.out[1], 8 + 3 - 3 + 1);
    assert_int_equal(nn_window_of_node(&w, &node, &in, &two, why, sizeof why), NN_ERR_SHAPE);
    assert_non_null(strstr(why, "kernel_shape says 3 where the weights have 2"));
    assert_int_equal(nn_window_of_node(&w, &node, &five, NULL, why, sizeof why),
                     NN_ERR_UNSUPPORTED);
    assert_int_equal(nn_window_of_node(&w, &node, &empty, NULL, why, sizeof why), NN_ERR_SHAPE);
    assert_int_equal(w.out[1], 9); /* unchanged by the failures */
}

static void test_refused(void **unused)
{
    const wish good = {{3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 0, NULL};
    char why[200] = "";
    nn_window w;
    wish v = good;

    (void)unused;
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_OK);
    v.kernel[1] = 10;
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_ERR_SHAPE);
    assert_string_equal(why,
                        "AveragePool 'p': the kernel covers 10 positions, the padded input has 9");
    v = good;
    v.stride[0] = 0;
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_ERR_SHAPE);
    assert_string_equal(why, "AveragePool 'p': strides holds 0, outside 1..32768");
    v = good;
    v.dilation[0] = -1;
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_ERR_SHAPE);
    v = good;
    v.kernel[0] = INT64_MAX;
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_ERR_SHAPE);
    v = good;
    v.pads[3] = -1;
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_ERR_SHAPE);
    v = good;
    v.auto_pad = "SOMEHOW";
    assert_int_equal(ask(&w, &v, &image, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "SOMEHOW"));
}

/* Lists of a wrong length, and a pool without any kernel. */
static void test_lists(void **unused)
{
    int64_t numbers[3] = {1, 1, 1};
    nn_attr attr[1] = {
        {.type = NN_ATTR_INTS, .key = "kernel_shape", .numbers = numbers, .count = 3}};
    nn_node node = {.op = NN_OP_AVERAGE_POOL, .name = "p", .attr = attr, .attr_count = 1};
    const size_t kernel[2] = {1, 1};
    nn_window w;

    (void)unused;
    assert_int_equal(nn_window_of_node(&w, &node, &image, NULL, NULL, 0), NN_ERR_SHAPE);
    attr[0].key = "pads";
    assert_int_equal(nn_window_of_node(&w, &node, &image, kernel, NULL, 0), NN_ERR_SHAPE);
    node.attr_count = 0;
    assert_int_equal(nn_window_of_node(&w, &node, &image, NULL, NULL, 0), NN_ERR_SHAPE);
    assert_int_equal(nn_window_of_node(&w, &node, &image, kernel, NULL, 0), NN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_positions),
        cmocka_unit_test(test_one_dimension), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
