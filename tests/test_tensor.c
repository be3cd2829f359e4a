/* Tensors: ownership, both types, failure. */

#include "nn/tensor.h"

#include "tests/failing.h"
#include "tests/testing.h"

static const nn_dims two_by_three = {2, {2, 3}};

static void test_own_and_copy(void **unused)
{
    nn_tensor a, b;

    (void)unused;
    assert_int_equal(nn_tensor_init(&a, NN_TYPE_FLOAT, &two_by_three), NN_OK);
    assert_int_equal(a.count, 6);
    assert_null(a.number);
    for (size_t i = 0; i < a.count; i++) {
        testing_assert_near(a.value[i], 0, 0);
        a.value[i] = (float)i;
    }
    assert_int_equal(nn_tensor_copy(&b, &a), NN_OK);
    a.value[5] = 9;
    testing_assert_near(b.value[5], 5, 0);
    nn_tensor_clear(&a);
    assert_null(a.value);
    nn_tensor_clear(&a);
    nn_tensor_clear(&b);
    nn_tensor_clear(NULL);
}

static void test_integers(void **unused)
{
    nn_tensor a, b;
    const nn_dims none = {1, {0}};

    (void)unused;
    assert_int_equal(nn_tensor_init(&a, NN_TYPE_INT64, &two_by_three), NN_OK);
    assert_null(a.value);
    a.number[3] = INT64_MIN;
    assert_int_equal(nn_tensor_copy(&b, &a), NN_OK);
    assert_true(b.number[3] == INT64_MIN);
    nn_tensor_clear(&a);
    nn_tensor_clear(&b);
    assert_int_equal(nn_tensor_init(&a, NN_TYPE_INT64, &none),
                     NN_OK); /* empty, yet it has a block */
    assert_int_equal(a.count, 0);
    assert_non_null(a.number);
    nn_tensor_clear(&a);
}

static void test_borrow(void **unused)
{
    float data[6] = {1, 2, 3, 4, 5, 6};
    nn_tensor t;

    (void)unused;
    assert_int_equal(nn_tensor_borrow(&t, &two_by_three, data), NN_OK);
    assert_ptr_equal(t.value, data);
    nn_tensor_clear(&t); /* does not free data */
    testing_assert_near(data[5], 6, 0);
}

static void test_failures(void **unused)
{
    const nn_dims huge = {2, {1 << 20, 1 << 20}};
    nn_tensor t, from;
    float x = 0;

    (void)unused;
    assert_int_equal(nn_tensor_init(&t, NN_TYPE_FLOAT, &huge), NN_ERR_SHAPE);
    assert_null(t.value);
    assert_int_equal(nn_tensor_borrow(&t, &huge, &x), NN_ERR_SHAPE);
    assert_null(t.value);
    assert_int_equal(nn_tensor_init(&from, NN_TYPE_FLOAT, &two_by_three), NN_OK);
    failing_from(1);
    nn_status st = nn_tensor_copy(&t, &from);
    assert_true(failing_stop());
    assert_int_equal(st, NN_ERR_MEMORY);
    assert_int_equal(t.count, 0);
    nn_tensor_clear(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_and_copy),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_borrow),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
