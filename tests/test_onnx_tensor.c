/* Tensors of every data type, in both ways of storing them, and damaged ones. */

#include "nn/onnx/onnx_tensor.h"

#include "tests/failing.h"
#include "tests/testing.h"

enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    INT64_DATA = 7,
    NAME = 8,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    EXTERNAL_DATA = 13,
    DATA_LOCATION = 14
};

static nn_status read(nn_tensor *t, const nn_onnx_buffer *b, char *why, size_t why_size)
{
    return nn_onnx_tensor_read(t, NULL, (nn_onnx_cursor){b->bytes, b->size}, why, why_size);
}

/* The buffer holds a tensor of two numbers, 1.5 and -2 or 1 and -2; clears it. */
static void expect_two(nn_onnx_buffer *b, nn_type type)
{
    nn_tensor t;
    char why[200] = "";

    if (read(&t, b, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    assert_int_equal(t.type, type);
    assert_int_equal(t.count, 2);
    if (type == NN_TYPE_FLOAT) {
        testing_assert_near(t.value[0], 1.5, 0);
        testing_assert_near(t.value[1], -2, 0);
    } else {
        assert_true(t.number[0] == 1);
        assert_true(t.number[1] == -2 || t.number[1] == 254 || t.number[1] == 65534);
    }
    nn_tensor_clear(&t);
    nn_onnx_buffer_clear(b);
}

static void head(nn_onnx_buffer *b, int type, size_t count)
{
    nn_onnx_put_varint(b, DIMS, count);
    nn_onnx_put_varint(b, DATA_TYPE, (uint64_t)type);
    nn_onnx_put_text(b, NAME, "w");
}

static void test_raw(void **unused)
{
    static const struct {
        int type;
        size_t size;
        uint8_t bytes[16];
    } raw[] = {
        {1, 8, {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}},
        {11, 16, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}},
        {10, 4, {0x00, 0x3e, 0x00, 0xc0}},
        {16, 4, {0xc0, 0x3f, 0x00, 0xc0}},
        {2, 2, {1, 254}},
        {3, 2, {1, 254}},
        {4, 4, {1, 0, 0xfe, 0xff}},
        {5, 4, {1, 0, 0xfe, 0xff}},
        {6, 8, {1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}},
        {7, 16, {1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof raw / sizeof raw[0]; k++) {
        nn_onnx_buffer b = {.bytes = NULL};
        int real = raw[k].type == 1 || raw[k].type == 11 || raw[k].type == 10 || raw[k].type == 16;

        head(&b, raw[k].type, 2);
        nn_onnx_put_bytes(&b, RAW_DATA, raw[k].bytes, raw[k].size);
        expect_two(&b, real ? NN_TYPE_FLOAT : NN_TYPE_INT64);
    }
}

static void test_lists(void **unused)
{
    static const uint8_t floats[8] = {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0};
    static const uint8_t doubles[16] = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0};
    nn_onnx_buffer b = {.bytes = NULL};

    (void)unused;
    head(&b, 1, 2); /* packed */
    nn_onnx_put_bytes(&b, FLOAT_DATA, floats, 8);
    expect_two(&b, NN_TYPE_FLOAT);
    head(&b, 1, 2); /* not packed */
    nn_onnx_put_fixed32(&b, FLOAT_DATA, 0x3fc00000);
    nn_onnx_put_fixed32(&b, FLOAT_DATA, 0xc0000000);
    expect_two(&b, NN_TYPE_FLOAT);
    head(&b, 1, 2); /* mixed, with an unknown field between */
    nn_onnx_put_bytes(&b, FLOAT_DATA, floats, 4);
    nn_onnx_put_varint(&b, 99, 5);
    nn_onnx_put_fixed32(&b, FLOAT_DATA, 0xc0000000);
    expect_two(&b, NN_TYPE_FLOAT);
    head(&b, 11, 2);
    nn_onnx_put_bytes(&b, DOUBLE_DATA, doubles, 16);
    expect_two(&b, NN_TYPE_FLOAT);
    head(&b, 10, 2);
    nn_onnx_put_varint(&b, INT32_DATA, 0x3e00);
    nn_onnx_put_varint(&b, INT32_DATA, 0xc000);
    expect_two(&b, NN_TYPE_FLOAT);
    head(&b, 7, 2);
    nn_onnx_put_varint(&b, INT64_DATA, 1);
    nn_onnx_put_varint(&b, INT64_DATA, (uint64_t)-2);
    expect_two(&b, NN_TYPE_INT64);
    head(&b, 6, 2);
    nn_onnx_put_varint(&b, INT32_DATA, 1);
    nn_onnx_put_varint(&b, INT32_DATA, (uint64_t)-2);
    expect_two(&b, NN_TYPE_INT64);
}

/* Halves: the smallest subnormal, the largest, one third; bool. */
static void test_halves(void **unused)
{
    static const uint8_t raw[6] = {0x01, 0x00, 0xff, 0x7b, 0x55, 0x35};
    nn_onnx_buffer b = {.bytes = NULL};
    nn_tensor t;
    static const uint8_t yes = 1;

    (void)unused;
    head(&b, 10, 3);
    nn_onnx_put_bytes(&b, RAW_DATA, raw, 6);
    assert_int_equal(read(&t, &b, NULL, 0), NN_OK);
    testing_assert_near(t.value[0], ldexp(1, -24), 0);
    testing_assert_near(t.value[1], 65504, 0);
    testing_assert_near(t.value[2], 0.333251953125, 0);
    nn_tensor_clear(&t);
    nn_onnx_buffer_clear(&b);
    nn_onnx_put_varint(&b, DATA_TYPE, 9); /* no dimensions: a scalar */
    nn_onnx_put_bytes(&b, RAW_DATA, &yes, 1);
    assert_int_equal(read(&t, &b, NULL, 0), NN_OK);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.dims.rank, 0);
    assert_true(t.number[0] == 1);
    nn_tensor_clear(&t);
    nn_onnx_buffer_clear(&b);
}

static void refuse(nn_onnx_buffer *b, nn_status status, const char *text)
{
    nn_tensor t;
    char why[300] = "";

    assert_int_equal(read(&t, b, why, sizeof why), status);
    assert_null(t.value);
    assert_null(t.number);
    if (strstr(why, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, why);
    nn_onnx_buffer_clear(b);
}

static void test_refused(void **unused)
{
    static const uint8_t raw[12] = {0}, infinity[8] = {0, 0, 0x80, 0x7f, 0, 0, 0, 0};
    static const uint8_t large[8] = {0, 0, 0, 0, 0, 0, 0xf0, 0x7e}, nan16[2] = {1, 0x7c};
    nn_onnx_buffer b = {.bytes = NULL};

    (void)unused;
    head(&b, 1, 4);
    nn_onnx_put_bytes(&b, RAW_DATA, raw, 12);
    refuse(&b, NN_ERR_FORMAT, "'w' does not hold the 4 numbers");
    head(&b, 1, 3);
    nn_onnx_put_bytes(&b, RAW_DATA, raw, 11);
    refuse(&b, NN_ERR_FORMAT, "does not hold");
    head(&b, 1, 1 << 28); /* a gigabyte that is not there */
    refuse(&b, NN_ERR_FORMAT, "does not hold");
    head(&b, 1, 1 << 15);
    nn_onnx_put_varint(&b, DIMS, 1 << 15);
    refuse(&b, NN_ERR_SHAPE, "too many elements");
    head(&b, 1, UINT32_MAX);
    refuse(&b, NN_ERR_SHAPE, "a dimension of 4294967295");
    for (int k = 0; k < 9; k++)
        nn_onnx_put_varint(&b, DIMS, 1);
    refuse(&b, NN_ERR_SHAPE, "more than 8");
    head(&b, 8 /* string */, 1);
    refuse(&b, NN_ERR_UNSUPPORTED, "data type 8");
    nn_onnx_put_varint(&b, DIMS, 1);
    refuse(&b, NN_ERR_UNSUPPORTED, "data type 0");
    head(&b, 1, 2);
    nn_onnx_put_bytes(&b, RAW_DATA, infinity, 8);
    refuse(&b, NN_ERR_RANGE, "'w': number 0 is not finite");
    head(&b, 11, 1);
    nn_onnx_put_bytes(&b, RAW_DATA, large, 8);
    refuse(&b, NN_ERR_RANGE, "too large for float");
    head(&b, 10, 1);
    nn_onnx_put_bytes(&b, RAW_DATA, nan16, 2);
    refuse(&b, NN_ERR_RANGE, "not finite");
    head(&b, 1, 1);
    nn_onnx_put_varint(&b, DATA_LOCATION, 1);
    refuse(&b, NN_ERR_UNSUPPORTED, "stored in another file");
    head(&b, 1, 1);
    nn_onnx_put_bytes(&b, EXTERNAL_DATA, raw, 4);
    refuse(&b, NN_ERR_UNSUPPORTED, "external_data=False");
    head(&b, 1, 1);
    nn_onnx_put_bytes(&b, SEGMENT, raw, 0);
    refuse(&b, NN_ERR_UNSUPPORTED, "not taken");
    head(&b, 1, 1);
    nn_onnx_put_varint(&b, RAW_DATA, 4);
    refuse(&b, NN_ERR_FORMAT, "damaged");
    nn_onnx_put_fixed32(&b, DIMS, 4);
    refuse(&b, NN_ERR_FORMAT, "damaged");
    head(&b, 1, 1);
    nn_onnx_put_varint(&b, FLOAT_DATA, 4);
    refuse(&b, NN_ERR_FORMAT, "'w' is damaged");
}

static void test_round_trip(void **unused)
{
    const nn_dims d = {3, {2, 1, 3}};
    nn_onnx_buffer b = {.bytes = NULL};
    nn_tensor t, back;
    nn_onnx_cursor c;
    nn_onnx_field f, name;

    (void)unused;
    for (int k = 0; k < 2; k++) {
        nn_type type = k == 0 ? NN_TYPE_FLOAT : NN_TYPE_INT64;
        assert_int_equal(nn_tensor_init(&t, type, &d), NN_OK);
        for (size_t i = 0; i < t.count; i++) {
            if (k == 0)
                t.value[i] = (float)i / -3.0f;
            else
                t.number[i] = -(int64_t)i * (INT64_C(1) << 40);
        }
        nn_onnx_tensor_write(&b, 5, "name", &t);
        c = (nn_onnx_cursor){b.bytes, b.size};
        assert_int_equal(nn_onnx_next(&c, &f), 1);
        assert_int_equal(f.number, 5);
        assert_int_equal(nn_onnx_tensor_read(&back, &name, f.bytes, NULL, 0), NN_OK);
        assert_memory_equal(name.bytes.at, "name", 4);
        assert_true(nn_dims_equal(&back.dims, &d));
        if (k == 0)
            assert_memory_equal(back.value, t.value, t.count * sizeof(float));
        else
            assert_memory_equal(back.number, t.number, t.count * sizeof(int64_t));
        for (long n = 1; n < 9; n++) { /* one block for raw data, two for lists */
            nn_tensor_clear(&back);
            failing_from(n);
            nn_status st = nn_onnx_tensor_read(&back, NULL, f.bytes, NULL, 0);
            assert_int_equal(st, failing_stop() ? NN_ERR_MEMORY : NN_OK);
        }
        nn_tensor_clear(&back);
        nn_tensor_clear(&t);
        nn_onnx_buffer_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw),        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_halves),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
