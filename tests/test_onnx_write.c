/* Writing and reading back gives the same network; the bytes are always the same. */

#include "nn/onnx_write.h"

#include "nn/onnx_read.h"
#include "nn/ref/ref.h"

#include "tests/failing.h"
#include "tests/networks.h"

static void test_round_trip(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(30); n > 0; n--) {
        nn_graph *g = networks_random(&rng), *back = NULL;
        uint8_t *bytes, *again;
        size_t size, again_size;
        nn_tensor in, a, b;
        char why[NETWORKS_WHY] = "";

        nn_graph_meta(g, "unseen.input_range", "0 1");
        nn_graph_meta(g, "note", "");
        assert_int_equal(nn_onnx_write(g, &bytes, &size, why, sizeof why), NN_OK);
        if (nn_onnx_read(&back, bytes, size, why, sizeof why) != NN_OK)
            fail_msg("%s", why);
        assert_string_equal(nn_graph_meta_get(back, "unseen.input_range"), "0 1");
        assert_string_equal(nn_graph_meta_get(back, "note"), "");
        networks_image(&in, g, &rng);
        assert_int_equal(nn_ref_run(g, &in, &a, why, sizeof why), NN_OK);
        assert_int_equal(nn_ref_run(back, &in, &b, why, sizeof why), NN_OK);
        assert_int_equal(a.count, b.count);
        assert_memory_equal(a.value, b.value, a.count * sizeof *a.value);
        assert_int_equal(nn_onnx_write(g, &again, &again_size, why, sizeof why), NN_OK);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, size);
        free(again);
        /* What was read is folded: from then on, reading and writing change nothing. */
        free(bytes);
        assert_int_equal(nn_onnx_write(back, &again, &again_size, why, sizeof why), NN_OK);
        nn_graph_free(back);
        assert_int_equal(nn_onnx_read(&back, again, again_size, why, sizeof why), NN_OK);
        assert_int_equal(nn_onnx_write(back, &bytes, &size, why, sizeof why), NN_OK);
        assert_int_equal(again_size, size); /* the constants' order may be another one */
        free(again);
        free(bytes);
        nn_tensor_clear(&in);
        nn_tensor_clear(&a);
        nn_tensor_clear(&b);
        nn_graph_free(g);
        nn_graph_free(back);
    }
}

static void test_refused(void **unused)
{
    nn_graph *g = NULL;
    uint8_t *bytes = (uint8_t *)"x";
    size_t size = 7;
    char why[200] = "";

    (void)unused;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    assert_int_equal(nn_onnx_write(g, &bytes, &size, why, sizeof why), NN_ERR_ARG);
    assert_string_equal(why, "the graph has no input or no output");
    assert_null(bytes);
    assert_int_equal(size, 0);
    assert_int_equal(nn_onnx_write(NULL, &bytes, &size, why, sizeof why), NN_ERR_ARG);
    nn_graph_input(g, "x", (nn_shape){1, 2, 2});
    nn_graph_initializer(g, "w", 1, (const size_t[]){3}, (const float[]){1, 2, 3});
    nn_graph_node(g, "MatMul", "m", (const char *const[]){"x", "w"}, 2, "y");
    nn_graph_output(g, "y");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, why, sizeof why), NN_ERR_SHAPE);
    assert_non_null(strstr(why, "MatMul 'm'"));
    nn_graph_output(g, "nothing");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "nothing"));
    nn_graph_free(g);
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_graph *g = networks_random(&rng);
    for (long k = 1;; k++) {
        uint8_t *bytes;
        size_t size;
        failing_from(k);
        nn_status st = nn_onnx_write(g, &bytes, &size, NULL, 0);
        int hit = failing_stop();
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (hit)
            assert_null(bytes);
        free(bytes);
        if (!hit)
            break;
    }
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
