/* The wire format: known bytes, every truncation, damage. */

#include "nn/onnx/onnx_proto.h"

#include "tests/failing.h"
#include "tests/testing.h"

/* field 1 varint 150; field 2 "testing"; field 3 fixed32; field 4 fixed64; field 5 packed 3, 270,
 * 86942 (the examples of the format's own documentation where it has one) */
static const uint8_t sample[] = {
    0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',  's',  't',  'i',  'n', 'g',
    0x1d, 0x78, 0x56, 0x34, 0x12, 0x21, 8,    7,    6,    5,    4,   3,
    2,    1,    0x2a, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05,
};

static void test_known(void **unused)
{
    nn_onnx_cursor c = {sample, sizeof sample};
    nn_onnx_field f;
    nn_onnx_list list = {.started = 0};
    const uint64_t want[3] = {3, 270, 86942};
    uint64_t n;
    char *text;

    (void)unused;
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    assert_true(f.number == 1 && f.wire == NN_ONNX_VARINT && f.value == 150);
    assert_int_equal(nn_onnx_text(&text, &f, 10), NN_ERR_FORMAT); /* no text */
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    assert_true(f.number == 2 && f.wire == NN_ONNX_BYTES && f.bytes.left == 7);
    assert_int_equal(nn_onnx_text(&text, &f, 7), NN_OK);
    assert_string_equal(text, "testing");
    free(text);
    assert_int_equal(nn_onnx_text(&text, &f, 6), NN_ERR_FORMAT);
    failing_from(1);
    nn_status st = nn_onnx_text(&text, &f, 7);
    assert_true(failing_stop());
    assert_int_equal(st, NN_ERR_MEMORY);
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    assert_true(f.number == 3 && f.wire == NN_ONNX_FIXED32 && f.value == 0x12345678);
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    assert_true(f.number == 4 && f.wire == NN_ONNX_FIXED64 && f.value == 0x0102030405060708);
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_VARINT), 1);
        assert_true(n == want[k]);
    }
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_VARINT), 0);
    assert_int_equal(nn_onnx_next(&c, &f), 0);
}

/* One number that is not packed; the wrong type; packed fixed numbers; a packed list cut short. */
static void test_numbers(void **unused)
{
    static const uint8_t bytes[8] = {1, 0, 0, 0, 2, 0, 0, 0}, cut[2] = {0x05, 0x80};
    nn_onnx_field f = {.number = 1, .wire = NN_ONNX_VARINT, .value = 7};
    nn_onnx_list list = {.started = 0};
    uint64_t n = 0;

    (void)unused;
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_VARINT), 1);
    assert_int_equal(n, 7);
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_VARINT), 0);
    list.started = 0;
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_FIXED32), -1);
    f = (nn_onnx_field){.number = 1, .wire = NN_ONNX_BYTES, .bytes = {bytes, 8}};
    list.started = 0;
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_FIXED32), 1);
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_FIXED32), 1);
    assert_int_equal(n, 2);
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_FIXED32), 0);
    list.started = 0;
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_FIXED64), 1);
    assert_true(n == 0x200000001);
    f.bytes.left = 7;
    list.started = 0;
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_FIXED64), -1);
    f.bytes = (nn_onnx_cursor){cut, 2};
    list.started = 0;
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_VARINT), 1);
    assert_int_equal(nn_onnx_number(&list, &n, &f, NN_ONNX_VARINT), -1);
}

/* Bytes in a block of their exact length, so that reading beyond is noticed. */
static int walk(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    nn_onnx_cursor c = {copy, size};
    nn_onnx_field f;
    int more;

    memcpy(copy, bytes, size);
    while ((more = nn_onnx_next(&c, &f)) > 0) {
        nn_onnx_list list = {.started = 0};
        uint64_t n;
        while (nn_onnx_number(&list, &n, &f, f.wire == NN_ONNX_BYTES ? NN_ONNX_VARINT : f.wire) > 0)
            ;
    }
    free(copy);
    return more;
}

static void test_truncation(void **unused)
{
    static const size_t borders[] = {0, 3, 12, 17, 26, sizeof sample};
    size_t border = 0;

    (void)unused;
    for (size_t size = 0; size <= sizeof sample; size++) {
        int whole = borders[border] == size;
        border += (size_t)whole;
        assert_int_equal(walk(sample, size), whole ? 0 : -1);
    }
    for (size_t k = 0; k < sizeof sample; k++) {
        uint8_t changed[sizeof sample];
        memcpy(changed, sample, sizeof sample);
        for (int v = 0; v < 256; v++) {
            changed[k] = (uint8_t)v;
            (void)walk(changed, sizeof changed);
        }
    }
}

static void test_damage(void **unused)
{
    static const struct {
        uint8_t bytes[12];
        size_t size;
    } bad[] = {
        {{0x00, 0x01}, 2}, /* field 0 */
        {{0x0b, 0x01}, 2}, /* a group */
        {{0x0c, 0x01}, 2}, /* the end of one */
        {{0x0e, 0x01}, 2}, /* type 6 */
        {{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 11}, /* 2^64-1 bytes */
        {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 11}, /* 2^65 */
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 6}, /* field 2^29 and more */
    };

    (void)unused;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
        assert_int_equal(walk(bad[k].bytes, bad[k].size), -1);
}

static void test_text_with_nul(void **unused)
{
    static const uint8_t bytes[3] = {'a', 0, 'b'};
    const nn_onnx_field f = {.number = 1, .wire = NN_ONNX_BYTES, .bytes = {bytes, 3}};
    const nn_onnx_field empty = {.number = 1, .wire = NN_ONNX_BYTES};
    char *text;

    (void)unused;
    assert_int_equal(nn_onnx_text(&text, &f, 10), NN_ERR_FORMAT);
    assert_null(text);
    assert_int_equal(nn_onnx_text(&text, &empty, 10), NN_OK);
    assert_string_equal(text, "");
    free(text);
}

static void write_sample(nn_onnx_buffer *b)
{
    static const uint8_t fixed64[8] = {8, 7, 6, 5, 4, 3, 2, 1},
                         packed[6] = {3, 0x8e, 2, 0x9e, 0xa7, 5};
    nn_onnx_buffer m = {.bytes = NULL};

    nn_onnx_put_varint(b, 1, 150);
    nn_onnx_put_text(b, 2, "testing");
    nn_onnx_put_fixed32(b, 3, 0x12345678);
    nn_onnx_put_bytes(b, 4, fixed64, 8);
    nn_onnx_put_varint(&m, 7, UINT64_MAX);
    nn_onnx_put_message(b, 6, &m);
    nn_onnx_put_bytes(b, 5, packed, 6);
    for (int k = 0; k < 100; k++)
        nn_onnx_put_text(b, 2, "more text to make the buffer grow");
}

static void test_write(void **unused)
{
    nn_onnx_buffer b = {.bytes = NULL};
    nn_onnx_field f;

    (void)unused;
    write_sample(&b);
    assert_false(b.failed);
    assert_memory_equal(b.bytes, sample, 17);
    nn_onnx_cursor c = {b.bytes + 17, b.size - 17};
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    assert_int_equal(f.bytes.left, 8);
    assert_int_equal(nn_onnx_next(&c, &f), 1);
    assert_int_equal(f.number, 6);
    assert_int_equal(f.bytes.left, 11);
    assert_int_equal(walk(b.bytes, b.size), 0);
    nn_onnx_buffer_clear(&b);
    assert_null(b.bytes);
    for (long k = 1;; k++) {
        failing_from(k);
        write_sample(&b);
        int hit = failing_stop();
        assert_int_equal(b.failed, hit);
        nn_onnx_buffer_clear(&b);
        if (!hit)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),         cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_truncation),    cmocka_unit_test(test_damage),
        cmocka_unit_test(test_text_with_nul), cmocka_unit_test(test_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
