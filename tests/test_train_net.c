/* Operations out of layers: what becomes one, where parameters lie, what they start as. */
#include "tests/train_sets.h"

#include "train/random.h"

static char why[256];

static void operations(void **state)
{
    (void)state;
    train_recipe r;
    train_net net;
    train_set_parse(&r, TRAIN_SET_EVERYTHING);
    assert_int_equal(train_net_create(&net, &r, 7, 1, 1, why, sizeof why), TRAIN_OK);
    /* conv, norm (marked, so it stands alone), swish4, conv, norm, add, quadratic, conv, norm and
     * relu, avgpool, conv, add, avgpool, swish, dense, poly, dense, norm and square, add, dense */
    static const train_op_kind kinds[20] = {TRAIN_LINEAR, TRAIN_POINT, TRAIN_POINT,  TRAIN_LINEAR,
                                            TRAIN_POINT,  TRAIN_SUM,   TRAIN_POINT,  TRAIN_LINEAR,
                                            TRAIN_POINT,  TRAIN_MEAN,  TRAIN_LINEAR, TRAIN_SUM,
                                            TRAIN_MEAN,   TRAIN_POINT, TRAIN_LINEAR, TRAIN_POINT,
                                            TRAIN_LINEAR, TRAIN_POINT, TRAIN_SUM,    TRAIN_LINEAR};
    assert_int_equal(net.op_count, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(net.ops[i].kind, kinds[i]);
    assert_null(net.ops[1].act);
    assert_null(net.ops[2].norm);
    assert_non_null(net.ops[8].norm);
    assert_non_null(net.ops[8].act);
    /* biases where no normalisation follows: the 1x1 convolution, the first and the last dense */
    for (size_t i = 0; i < 20; i++) {
        size_t biases = i == 10 || i == 14 || i == 19 ? net.ops[i].out_c : 0;
        if (net.ops[i].kind == TRAIN_LINEAR)
            assert_int_equal(net.ops[i].bias_count, biases);
    }
    assert_int_equal(net.ops[3].weight_count, 6 * 3 * 9);
    assert_int_equal(net.ops[6].curve_count, 2);
    assert_int_equal(net.ops[5].source, 4);
    assert_int_equal(net.ops[5].other, 1);
    size_t at = 0;
    for (size_t i = 0; i < 20; i++) {
        const train_op *op = &net.ops[i];
        assert_int_equal(op->weight, at);
        assert_int_equal(op->bias, op->weight + op->weight_count);
        assert_int_equal(op->curve, op->bias + op->bias_count);
        at = op->curve + op->curve_count;
        assert_int_equal((uintptr_t)op->value % 64, 0);
    }
    assert_int_equal(at, net.param_count);
    train_net_free(&net);
    assert_null(net.block);
    train_net_free(&net);
}

static void starting_weights(void **state)
{
    (void)state;
    train_recipe r;
    train_net net, same;
    train_set_parse(&r, TRAIN_SET_EVERYTHING);
    assert_int_equal(train_net_create(&net, &r, 2, 1, 1, why, sizeof why), TRAIN_OK);
    assert_int_equal(train_net_create(&same, &r, 2, 1, 0, why, sizeof why), TRAIN_OK);
    assert_null(same.grads);
    train_net_init(&net, 3);
    train_net_init(&same, 3);
    assert_memory_equal(net.params, same.params, net.param_count * sizeof(float));
    train_net_init(&same, 4);
    assert_memory_not_equal(net.params, same.params, net.param_count * sizeof(float));
    const train_op *dense = &net.ops[19], *norm = &net.ops[1], *curve = &net.ops[6];
    double sum = 0.0, top = sqrt(3.0 / 12.0);
    for (size_t i = 0; i < dense->weight_count; i++) {
        double w = (double)net.params[dense->weight + i];
        assert_true(fabs(w) <= top);
        sum += w * w;
    }
    /* variance 1/12; the mean of 120 squares deviates by 0.082 of it, five times is allowed */
    testing_assert_near(sum / 120.0, 1.0 / 12.0, 0.41 / 12.0);
    for (size_t c = 0; c < 6; c++) {
        assert_true(net.params[norm->weight + c] == 1.0f && net.params[norm->bias + c] == 0.0f);
        assert_true(net.stats[norm->stats + c] == 0.0f && net.stats[norm->stats + 6 + c] == 1.0f);
    }
    assert_true(net.params[curve->curve] == 0.5f &&
                testing_same(net.params[curve->curve + 1], 0.2f));
    train_net_free(&net);
    train_net_free(&same);
}

static void random_numbers(void **state)
{
    (void)state;
    train_random a = train_random_stream(1, 2, 3), b = train_random_stream(1, 2, 4);
    assert_true(train_random_u64(&a) != train_random_u64(&b));
    for (int i = 0; i < 1000; i++) {
        float u = train_random_uniform(&a, -1.0f, 2.0f);
        assert_true(u >= -1.0f && u <= 2.0f);
        assert_true(train_random_below(&a, 7) < 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations),
        cmocka_unit_test(starting_weights),
        cmocka_unit_test(random_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
