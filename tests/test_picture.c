/* Base64 by RFC 4648's vectors, and the bytes of a small picture. */
#define _POSIX_C_SOURCE 200809L

#include "tools/picture.h"

#include "tests/testing.h"

static void test_base64(void **state)
{
    static const char *const pair[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {"Zm9", "Zm9v!", "Zm9=", "Zm=v", "Z===", "Zm9vZg==", "Zm 9"};
    uint8_t out[8];
    (void)state;
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        size_t count = strlen(pair[k][0]);
        char *text = picture_base64((const uint8_t *)pair[k][0], count);
        assert_string_equal(text, pair[k][1]);
        assert_int_equal(picture_of_base64(out, count, text), 0);
        assert_memory_equal(out, pair[k][0], count);
        free(text);
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(picture_of_base64(out, 3, bad[k]), -1);
}

/* Two rows of three pixels: from below, blue first, each row filled up to twelve bytes. */
static void test_bmp(void **state)
{
    const uint8_t colour[18] = {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26};
    const uint8_t rows[24] = {24, 14, 4, 25, 15, 5, 26, 16, 6, 0, 0, 0,
                              21, 11, 1, 22, 12, 2, 23, 13, 3, 0, 0, 0};
    uint8_t bmp[78];
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    (void)state;
    assert_non_null(f);
    assert_int_equal(picture_uri(f, colour, 3, 2, 3), 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(strncmp(text, "data:image/bmp;base64,", 22), 0);
    assert_int_equal(picture_of_base64(bmp, sizeof bmp, text + 22), 0);
    assert_memory_equal(bmp, "BM\x4e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\3\0\0\0\2\0\0\0\1\0\x18",
                        29);
    assert_memory_equal(bmp + 54, rows, sizeof rows);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_bmp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
