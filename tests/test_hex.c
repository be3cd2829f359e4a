/* Digits for bytes and back. */
#include "tests/testing.h"

#include "tools/hex.h"

static void digits_and_back(void **state)
{
    (void)state;
    for (unsigned high = 0; high < 256; high++) {
        const uint8_t in[3] = {(uint8_t)high, (uint8_t)(255 - high), 0x0a};
        uint8_t out[3];
        char text[7], known[7];

        hex_write(text, in, sizeof in);
        snprintf(known, sizeof known, "%02x%02x0a", high, 255 - high);
        assert_string_equal(text, known);
        assert_int_equal(hex_read(out, sizeof out, text), 1);
        assert_memory_equal(out, in, sizeof in);
    }
}

static void nothing_but_digits(void **state)
{
    static const char *const wrong[] = {"", "0", "01", "012", "01235", "0123 ", " 0123", "0A23"};
    uint8_t out[2];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(hex_read(out, sizeof out, wrong[i]), 0);
    for (int c = 1; c < 256; c++) {
        const char text[5] = {'0', (char)c, 'f', '9', '\0'};
        int digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

        assert_int_equal(hex_read(out, sizeof out, text), digit);
    }
    assert_int_equal(hex_read(out, 0, ""), 1);
    assert_int_equal(hex_read(out, 0, "0"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_and_back),
        cmocka_unit_test(nothing_but_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
