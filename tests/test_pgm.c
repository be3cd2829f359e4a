/* PGM pictures: both kinds, bounds of the header, truncation, and the drawing with characters. */
#include "tests/testing.h"

#include "tools/pgm.h"
#include "tools/result.h"

static char why[256];

static int parse(pgm_image *p, const char *text)
{
    why[0] = '\0';
    return pgm_parse(p, (const uint8_t *)text, strlen(text), why, sizeof why);
}

static void both_kinds(void **state)
{
    (void)state;
    pgm_image p;
    assert_int_equal(parse(&p, "P2\n# a comment\n3 2\n255\n0 1 2\n253 254 255\n"), TOOL_OK);
    assert_int_equal(p.width, 3);
    assert_int_equal(p.height, 2);
    assert_memory_equal(p.pixels, "\x00\x01\x02\xfd\xfe\xff", 6);
    pgm_free(&p);
    assert_null(p.pixels);
    /* the first pixel is a newline, which must not be taken for a blank */
    static const uint8_t binary[] = "P5 2 2 255\n\n\x20\x30#";
    assert_int_equal(pgm_parse(&p, binary, sizeof binary - 1, why, sizeof why), TOOL_OK);
    assert_memory_equal(p.pixels, "\n\x20\x30#", 4);
    pgm_free(&p);
    /* a smaller maximum is scaled */
    assert_int_equal(parse(&p, "P2 3 1 15 0 7 15"), TOOL_OK);
    assert_memory_equal(p.pixels, "\x00\x77\xff", 3);
    pgm_free(&p);
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "P",
        "P2",
        "P2 ",
        "P6 1 1 255 0",
        "P3 1 1 255 0",
        "P22 1 255 0",
        "P2 0 1 255 0",
        "P2 1 0 255 0",
        "P2 4097 1 255 0",
        "P2 99999999999999999999999999 1 255 0",
        "P2 1 1 0 0",
        "P2 1 1 256 0",
        "P2 1 1 255 256",
        "P2 1 1 15 16",
        "P2 -1 1 255 0",
        "P2 2 2 255 0 0 0",
        "P2 2 2 255 0 0 0 0 0",
        "P2 1 1 255 x",
        "P2 1 1 255",
        "P5 2 2 255\nabc",
        "P5 2 2 255\nabcde",
        "P5 2 2 9\nabcd",
        "P5 2 2 255",
        "P5 2 2 # no end",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pgm_image p;
        assert_int_equal(parse(&p, bad[i]), TOOL_ERR_FORMAT);
        assert_null(p.pixels);
        assert_true(why[0] != '\0');
    }
}

static void noise_is_survived(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(5000); i++) {
        static const char alphabet[] = "P25 0123456789\n#\xff";
        uint8_t bytes[24];
        pgm_image p;
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)alphabet[testing_below(&rng, sizeof alphabet - 1)];
        bytes[0] = 'P';
        bytes[1] = '2';
        bytes[2] = ' ';
        int st = pgm_parse(&p, bytes, sizeof bytes, why, sizeof why);
        assert_true(st == TOOL_OK || st == TOOL_ERR_FORMAT);
        pgm_free(&p);
    }
}

/* The shipped digits, found through the source folder. */
static void shipped_digits(void **state)
{
    (void)state;
    for (int d = 0; d < 10; d++) {
        char path[1024];
        uint8_t bytes[8192];
        pgm_image p;
        char art[29 * 14 + 1];
        size_t sum = 0;
        snprintf(path, sizeof path, "%s/digits/%d.pgm", UNSEEN_SOURCE_DATADIR, d);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t size = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        assert_int_equal(pgm_parse(&p, bytes, size, why, sizeof why), TOOL_OK);
        assert_int_equal(p.width, 28);
        assert_int_equal(p.height, 28);
        for (size_t i = 0; i < 28 * 28; i++)
            sum += p.pixels[i];
        assert_in_range(sum, 255 * 40, 255 * 250); /* a stroke, neither nothing nor a block */
        assert_true(pgm_text_art(art, sizeof art, p.pixels, 28, 28) > 14);
        pgm_free(&p);
    }
}

static void text_art(void **state)
{
    (void)state;
    static const uint8_t picture[3 * 3] = {0, 255, 0, 0, 255, 0, 255, 0, 0};
    char text[16];
    assert_int_equal(pgm_text_art(text, sizeof text, picture, 3, 3), 5);
    assert_string_equal(text, " @\n@\n");
    /* whole lines only */
    assert_int_equal(pgm_text_art(text, 5, picture, 3, 3), 3);
    assert_string_equal(text, " @\n");
    assert_int_equal(pgm_text_art(text, 1, picture, 3, 3), 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds),        cmocka_unit_test(refused),
        cmocka_unit_test(noise_is_survived), cmocka_unit_test(text_art),
        cmocka_unit_test(shipped_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
