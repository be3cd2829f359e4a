/* Shapes of whole graphs agree with what running them gives. */

#include "nn/graph/infer.h"

#include "nn/ref/ref.h"

#include "tests/networks.h"

static void test_random_networks(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(30); n > 0; n--) {
        nn_graph *g = networks_random(&rng);
        nn_dims *dims = malloc(g->value_count * sizeof *dims);
        nn_tensor in, out;
        char why[NETWORKS_WHY];

        networks_image(&in, g, &rng);
        assert_int_equal(nn_infer_dims(dims, g, 1, why, sizeof why), NN_OK);
        assert_int_equal(nn_ref_run(g, &in, &out, why, sizeof why), NN_OK);
        assert_true(nn_dims_equal(&dims[g->output[0]], &out.dims));
        assert_true(nn_dims_equal(&dims[g->input[0]], &in.dims));
        nn_tensor_clear(&in);
        nn_tensor_clear(&out);
        free(dims);
        nn_graph_free(g);
    }
}

static void test_batch_and_failure(void **unused)
{
    nn_graph *g = NULL;
    nn_dims dims[4];
    char why[200];

    (void)unused;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){2, 3, 4});
    nn_graph_initializer(g, "w", 2, (const size_t[]){5, 6}, (const float[30]){0});
    nn_graph_node(g, "Flatten", "f", (const char *const[]){"x"}, 1, "y");
    assert_int_equal(nn_infer_dims(dims, g, 7, why, sizeof why), NN_OK);
    assert_int_equal(dims[2].dim[0], 7);
    assert_int_equal(dims[2].dim[1], 24);
    nn_graph_node(g, "MatMul", "m", (const char *const[]){"y", "w"}, 2, "z");
    assert_int_equal(nn_infer_dims(dims, g, 7, why, sizeof why), NN_ERR_SHAPE);
    assert_string_equal(why, "MatMul 'm': operands (7,24) and (5,6)");
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_batch_and_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
