/* Words of a description's line, and the numbers in them. */
#include "tests/testing.h"

#include "train/word.h"

static const char *split(train_words *w, const char *text)
{
    return train_word_split(w, text, text + strlen(text));
}

static void lines_become_words(void **state)
{
    (void)state;
    train_words w;
    assert_null(split(&w, "  conv 5\t5x5  stride 2 # and so on\r"));
    assert_int_equal(w.count, 5);
    assert_string_equal(w.word[0], "conv");
    assert_string_equal(w.word[4], "2");
    assert_true(train_word_is(&w, 3, "stride"));
    assert_false(train_word_is(&w, 5, "stride"));
    assert_null(split(&w, "flip#no blank needed"));
    assert_int_equal(w.count, 1);
    assert_null(split(&w, " \r"));
    assert_int_equal(w.count, 0);
    assert_non_null(split(&w, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"));
    assert_null(split(&w, "abcdefghijklmnopqrstuvwxyz01234"));
    assert_non_null(split(&w, "abcdefghijklmnopqrstuvwxyz012345"));
    assert_non_null(split(&w, "caf\xc3\xa9"));
    assert_non_null(split(&w, "bell\a"));
}

static void whole_numbers(void **state)
{
    (void)state;
    train_words w;
    size_t n;
    assert_null(split(&w, "0 7 12 -1 1.5 99999999999999999999999 5x3 5x 5x3x2"));
    assert_true(train_word_whole(&w, 0, 0, 9, &n) && n == 0);
    assert_false(train_word_whole(&w, 0, 1, 9, &n));
    assert_true(train_word_whole(&w, 1, 1, 7, &n) && n == 7);
    assert_false(train_word_whole(&w, 2, 1, 11, &n));
    for (int i = 3; i < 9; i++)
        assert_false(train_word_whole(&w, i, 0, 1000, &n));
    assert_false(train_word_whole(&w, 9, 0, 1000, &n));
    size_t h, width;
    assert_true(train_word_kernel(&w, 6, &h, &width) && h == 5 && width == 3);
    assert_false(train_word_kernel(&w, 7, &h, &width));
    assert_false(train_word_kernel(&w, 8, &h, &width));
    assert_false(train_word_kernel(&w, 1, &h, &width));
    assert_false(train_word_kernel(&w, 9, &h, &width));
}

static void real_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0.0},      {"12", 12.0},     {"-0.5", -0.5}, {".25", 0.25},
                {"1e-3", 0.001}, {"2.5e2", 250.0}, {"3.", 3.0},    {"0.0000000001", 1e-10}};
    static const char *const bad[] = {"-", ".", "e5", "1,5", "1.5x", "0x10", "nan", "inf", "1e999"};
    train_words w;
    float x;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(split(&w, good[i].text));
        assert_true(train_word_real(&w, 0, -1000.0, 1000.0, &x));
        testing_assert_near(x, good[i].value, 1e-7 * fabs(good[i].value));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(split(&w, bad[i]));
        assert_false(train_word_real(&w, 0, -1000.0, 1000.0, &x));
    }
    assert_null(split(&w, "5"));
    assert_false(train_word_real(&w, 0, 0.0, 4.9, &x));
    assert_false(train_word_real(&w, 0, 5.1, 9.0, &x));
    assert_false(train_word_real(&w, 1, 0.0, 9.0, &x));
}

static void canonical_text(void **state)
{
    (void)state;
    const char *text = "# a net\n\n input  1 2\t3 # shape\r\nflip";
    char out[64];
    assert_int_equal(train_word_canonical(out, text, strlen(text)), 17);
    assert_string_equal(out, "input 1 2 3\nflip\n");
    assert_int_equal(train_word_canonical(out, text, 0), 0);
    assert_string_equal(out, "");
    /* the longest there is: one character more than the text */
    assert_int_equal(train_word_canonical(out, "a b", 3), 4);
    assert_string_equal(out, "a b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_words),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(real_numbers),
        cmocka_unit_test(canonical_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
