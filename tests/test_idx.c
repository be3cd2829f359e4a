/* IDX files: what is read, what is refused, and that gzip makes no difference. */
#include "tests/testing.h"

#include "tools/idx.h"
#include "tools/result.h"

/* Two images of 2x3. */
static const uint8_t images[28] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                   0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};
static const uint8_t labels[10] = {0, 0, 8, 1, 0, 0, 0, 2, 9, 4};

/* `labels` through gzip -9n. */
static const uint8_t labels_gz[30] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                      0x63, 0x60, 0xe0, 0x60, 0x64, 0x60, 0x60, 0x60, 0xe2, 0x64,
                                      0x01, 0x00, 0x49, 0xd3, 0x33, 0x43, 0x0a, 0x00, 0x00, 0x00};
static char why[256];

static void refuse(const uint8_t *bytes, size_t size, int dimensions)
{
    idx_array a;
    why[0] = '\0';
    assert_int_equal(idx_parse(&a, bytes, size, dimensions, why, sizeof why), TOOL_ERR_FORMAT);
    assert_null(a.data);
    assert_int_equal(a.count, 0);
    assert_true(why[0] != '\0');
}

static void plain_arrays(void **state)
{
    (void)state;
    idx_array a;
    assert_int_equal(idx_parse(&a, images, sizeof images, 3, why, sizeof why), TOOL_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.rows, 2);
    assert_int_equal(a.cols, 3);
    assert_memory_equal(a.data, images + 16, 12);
    idx_free(&a);
    assert_null(a.data);
    assert_int_equal(idx_parse(&a, labels, sizeof labels, 1, why, sizeof why), TOOL_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.rows * a.cols, 1);
    assert_int_equal(a.data[1], 4);
    idx_free(&a);
}

static void wrong_headers(void **state)
{
    (void)state;
    uint8_t b[28];
    refuse(images, sizeof images, 1);
    refuse(labels, sizeof labels, 3);
    /* byte of the header, value that does not belong there */
    static const uint8_t change[][2] = {{0, 1},   {1, 1},    {2, 9},    {2, 13},   {3, 2},
                                        {3, 255}, {4, 0x80}, {7, 1},    {7, 3},    {7, 0},
                                        {11, 0},  {15, 0},   {8, 0xff}, {12, 0xff}};
    for (size_t i = 0; i < sizeof change / sizeof change[0]; i++) {
        memcpy(b, images, sizeof b);
        b[change[i][0]] = change[i][1];
        refuse(b, sizeof b, 3);
    }
    /* dimensions whose product wraps around 2^64 to 12 are still refused */
    static const uint8_t huge[28] = {0, 0, 8, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 4};
    refuse(huge, sizeof huge, 3);
}

static void truncated_or_longer(void **state)
{
    (void)state;
    uint8_t longer[29] = {0};
    for (size_t n = 0; n < sizeof images; n++) {
        uint8_t *copy = malloc(n + (n == 0));
        memcpy(copy, images, n);
        refuse(copy, n, 3);
        free(copy);
    }
    memcpy(longer, images, sizeof images);
    refuse(longer, sizeof longer, 3);
}

static void compressed(void **state)
{
    (void)state;
    idx_array a;
    assert_int_equal(idx_parse(&a, labels_gz, sizeof labels_gz, 1, why, sizeof why), TOOL_OK);
    assert_int_equal(a.count, 2);
    assert_memory_equal(a.data, labels + 8, 2);
    idx_free(&a);
    for (size_t n = 0; n < sizeof labels_gz; n++)
        refuse(labels_gz, n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_arrays),
        cmocka_unit_test(wrong_headers),
        cmocka_unit_test(truncated_or_longer),
        cmocka_unit_test(compressed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
