/* Dimensions: counts that cannot overflow, broadcasting, text. */

#include "nn/shape.h"

#include "tests/testing.h"

static nn_dims dims(size_t rank, size_t a, size_t b, size_t c, size_t d)
{
    return nn_dims_make(rank, (const size_t[]){a, b, c, d});
}

static void test_count(void **unused)
{
    size_t count = 7;
    nn_dims d = {.rank = 0};

    (void)unused;
    assert_int_equal(nn_dims_count(&d, &count), NN_OK);
    assert_int_equal(count, 1);
    d = dims(3, 2, 3, 4, 0);
    assert_int_equal(nn_dims_count(&d, &count), NN_OK);
    assert_int_equal(count, 24);
    d = dims(3, 0, SIZE_MAX, 4, 0); /* empty, but a dimension is beyond the limit */
    assert_int_equal(nn_dims_count(&d, &count), NN_ERR_SHAPE);
    d = dims(3, 5, 0, 4, 0);
    assert_int_equal(nn_dims_count(&d, &count), NN_OK);
    assert_int_equal(count, 0);
    d = dims(2, 1 << 14, 1 << 14, 0, 0); /* 2^28, the limit */
    assert_int_equal(nn_dims_count(&d, &count), NN_OK);
    assert_int_equal(count, NN_ELEMENTS_MAX);
    d = dims(3, 1 << 14, 1 << 14, 2, 0);
    assert_int_equal(nn_dims_count(&d, &count), NN_ERR_SHAPE);
    d = dims(4, SIZE_MAX / 2 + 1, 2, 1, 1); /* would wrap to 0 */
    assert_int_equal(nn_dims_count(&d, &count), NN_ERR_SHAPE);
    assert_int_equal(count, NN_ELEMENTS_MAX);
    d.rank = NN_RANK_MAX + 1;
    assert_int_equal(nn_dims_count(&d, &count), NN_ERR_SHAPE);
    assert_int_equal(nn_dims_make(99, (const size_t[NN_RANK_MAX]){1}).rank, NN_RANK_MAX);
}

static void test_broadcast(void **unused)
{
    nn_dims a = dims(4, 2, 3, 1, 5), b = dims(2, 4, 1, 0, 0), want = dims(4, 2, 3, 4, 5), out;

    (void)unused;
    assert_int_equal(nn_dims_broadcast(&out, &a, &b), NN_OK);
    assert_true(nn_dims_equal(&out, &want));
    assert_int_equal(nn_dims_broadcast(&b, &b, &a), NN_OK); /* aliased */
    assert_true(nn_dims_equal(&b, &want));
    b = dims(1, 3, 0, 0, 0);
    assert_int_equal(nn_dims_broadcast(&out, &a, &b), NN_ERR_SHAPE);
    assert_true(nn_dims_equal(&out, &want)); /* unchanged */
    assert_false(nn_dims_equal(&a, &b));
    b = dims(4, 2, 3, 1, 6);
    assert_false(nn_dims_equal(&a, &b));
}

static void test_print(void **unused)
{
    char text[NN_DIMS_TEXT], small[5];
    nn_dims d = dims(4, 1, 5, 13, 13), most = {.rank = NN_RANK_MAX};

    (void)unused;
    assert_string_equal(nn_dims_print(text, sizeof text, &d), "(1,5,13,13)");
    assert_string_equal(nn_dims_print(small, sizeof small, &d), "(1,5");
    d.rank = 0;
    assert_string_equal(nn_dims_print(text, sizeof text, &d), "()");
    for (size_t k = 0; k < NN_RANK_MAX; k++)
        most.dim[k] = SIZE_MAX;
    nn_dims_print(text, sizeof text, &most);
    assert_int_equal(text[strlen(text) - 1], ')');
    text[0] = 'x';
    nn_dims_print(text, 0, &d);
    assert_int_equal(text[0], 'x');
}

static void test_shape(void **unused)
{
    nn_shape s = {9, 9, 9};
    nn_dims d = dims(4, 1, 3, 4, 5);

    (void)unused;
    assert_int_equal(nn_shape_of_dims(&s, &d), NN_OK);
    assert_int_equal(s.c, 3);
    assert_int_equal(s.h, 4);
    assert_int_equal(s.w, 5);
    assert_int_equal(nn_shape_count(s), 60);
    d = dims(3, 1, 3, 4, 0);
    assert_int_equal(nn_shape_of_dims(&s, &d), NN_OK);
    assert_true(s.c == 3 && s.h == 1 && s.w == 4);
    d = dims(2, 1, 3, 0, 0);
    assert_int_equal(nn_shape_of_dims(&s, &d), NN_OK);
    assert_true(s.c == 3 && s.h == 1 && s.w == 1);
    d = dims(1, 3, 0, 0, 0);
    assert_int_equal(nn_shape_of_dims(&s, &d), NN_ERR_SHAPE);
    d = dims(2, 1, 0, 0, 0);
    assert_int_equal(nn_shape_of_dims(&s, &d), NN_ERR_SHAPE);
    d.rank = 5;
    assert_int_equal(nn_shape_of_dims(&s, &d), NN_ERR_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
