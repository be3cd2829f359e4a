/* What the client computes of the logits. */

#include "nn/tail.h"

#include "tests/testing.h"

static void test_names(void **unused)
{
    (void)unused;
    assert_string_equal(nn_tail_name(NN_TAIL_NONE), "none");
    assert_string_equal(nn_tail_name(NN_TAIL_SOFTMAX), "Softmax");
    assert_string_equal(nn_tail_name(NN_TAIL_LOG_SOFTMAX), "LogSoftmax");
    assert_string_equal(nn_tail_name(NN_TAIL_ARG_MAX), "ArgMax");
    assert_string_equal(nn_tail_name(NN_TAIL_ARG_MAX_LAST), "ArgMax");
}

static void test_apply(void **unused)
{
    const float logits[3] = {1000, 1002, 1001};
    float out[3];

    /* magic: 0.0900305732 == 1 / (1 + e + e^2), -0.4076059644 == -log(1 + 1/e + 1/e^2) */
    (void)unused;
    assert_int_equal(nn_tail_apply(out, NN_TAIL_SOFTMAX, logits, 3), 3);
    testing_assert_near(out[0], 0.0900305732, 1e-8);
    testing_assert_near(out[1], 0.6652409558, 6e-8);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_LOG_SOFTMAX, logits, 3), 3);
    testing_assert_near(out[1], -0.4076059644, 6e-8);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_ARG_MAX, logits, 3), 1);
    testing_assert_near(out[0], 1, 0);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_NONE, logits, 3), 3);
    testing_assert_near(out[2], 1001, 0);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_SOFTMAX, out, 3), 3); /* in place */
    testing_assert_near(out[0] + out[1] + out[2], 1, 1e-6);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_SOFTMAX, logits, 0), 0);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_ARG_MAX, (const float[]){1, 2, 2}, 3), 1);
    testing_assert_near(out[0], 1, 0);
    assert_int_equal(nn_tail_apply(out, NN_TAIL_ARG_MAX_LAST, (const float[]){2, 2, 1}, 3), 1);
    testing_assert_near(out[0], 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_apply)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
