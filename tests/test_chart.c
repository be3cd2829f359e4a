/* Charts: lengths of bars, labels, text that would be markup, numbers with their units. */
#define _POSIX_C_SOURCE 200809L

#include "tools/chart.h"

#include "tests/markup.h"
#include "tools/svg.h"

static char *text;
static size_t size;

static FILE *begin(void)
{
    FILE *f;
    free(text);
    text = NULL;
    f = open_memstream(&text, &size);
    assert_non_null(f);
    return f;
}

static void draw(const chart *c)
{
    FILE *f = begin();
    chart_picture(f, "x-1", c);
    assert_int_equal(fclose(f), 0);
    markup_assert_whole(text);
}

/* The width of the k-th bar of a class. */
static double width(const char *class, int k)
{
    char head[48];
    const char *at = text;
    double w = -1;
    snprintf(head, sizeof head, "<rect class=\"%s\"", class);
    for (int i = 0; i <= k; i++) {
        at = strstr(i == 0 ? at : at + 1, head);
        assert_non_null(at);
    }
    assert_int_equal(sscanf(strstr(at, "width="), "width=\"%lf\"", &w), 1);
    return w;
}

static void test_bars(void **state)
{
    static const char *const name[] = {"a<b&\"c\"", "second", "third"};
    static const char *const key[] = {"x", "y"};
    const double value[] = {1.0, 2.0, 4.0, NAN, INFINITY, 0.0};
    chart c = {.title = "T",
               .about = "About",
               .rows = 3,
               .name = name,
               .series = 2,
               .key = key,
               .value = value,
               .print = quantity_bits};
    (void)state;
    draw(&c);
    assert_non_null(strstr(text, "a&lt;b&amp;&quot;c&quot;"));
    assert_int_equal(markup_count(text, "class=\"name\""), 3);
    /* The first of each class is the key's square. A quarter, half and all of the width. */
    double whole = width("s0", 2);
    assert_true(fabs(width("s0", 1) - whole / 4) < 0.06);
    assert_true(fabs(width("s1", 1) - whole / 2) < 0.06);
    assert_true(fabs(width("s0", 3) - whole) < 0.06);        /* without an end */
    assert_true(fabs(width("s1", 2) - 1) < 0.06);            /* 0 is to be seen */
    assert_int_equal(markup_count(text, "class=\"s1\""), 3); /* none for the NaN */
    assert_non_null(strstr(text, ">exact<"));
    assert_int_equal(markup_count(text, "nan") + markup_count(text, "inf"), 0);
    assert_non_null(strstr(text, "aria-labelledby=\"x-1-t x-1-d\""));
    assert_non_null(strstr(text, "<title>second: x 4.0</title>"));
}

static void test_scales(void **state)
{
    static const char *const name[] = {"a", "b", "c"};
    const double value[] = {1.0, 10.0, 100.0};
    chart c = {.title = "T",
               .rows = 3,
               .name = name,
               .series = 1,
               .value = value,
               .print = quantity_count,
               .log = 1};
    (void)state;
    draw(&c); /* from 0.1 to 100: a third, two thirds, all */
    assert_true(fabs(width("s0", 0) - width("s0", 2) / 3) < 0.06);
    assert_true(fabs(width("s0", 1) - width("s0", 2) / 3 * 2) < 0.06);
    c.log = 0;
    c.end = 200.0;
    c.limit = 50.0;
    c.colour = 2;
    draw(&c);
    assert_true(fabs(width("beyond", 0) - 10 * width("s2", 1)) < 0.6);
    assert_int_equal(markup_count(text, "class=\"limit\""), 1);
    c.rows = 0;
    draw(&c);
}

static void test_matrix(void **state)
{
    const double value[] = {7, 1, 0, 0, 3, 2};
    FILE *f = begin();
    (void)state;
    chart_matrix(f, "m-1", "M", NULL, 2, 3, value);
    assert_int_equal(fclose(f), 0);
    markup_assert_whole(text);
    assert_int_equal(markup_count(text, "class=\"s0\""), 2);
    assert_int_equal(markup_count(text, "class=\"s1\""), 2);
    assert_int_equal(markup_count(text, "class=\"track\""), 6);
    assert_non_null(strstr(text, "<title>0 taken for 1: 1 of 8</title>"));
}

static void test_text(void **state)
{
    FILE *f = begin();
    (void)state;
    svg_escape(f, "\x01 \xff \xc3\xa9\xc3", 0);
    fputc('|', f);
    svg_escape(f, "\xc3\xa9\xc3\xa9\xc3\xa9", 2);
    fputc('|', f);
    svg_escape(f, "\xc3\xa9\xc3\xa9", 2);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, "\xef\xbf\xbd \xef\xbf\xbd \xc3\xa9\xef\xbf\xbd|\xc3\xa9\xe2\x80\xa6|"
                              "\xc3\xa9\xc3\xa9");
}

static void test_numbers(void **state)
{
    static const struct {
        quantity *print;
        double value;
        const char *text;
    } row[] = {
        {quantity_time, 0.0, "0 ms"},
        {quantity_time, 2.5e-5, "25.0 ns"},
        {quantity_time, 0.0123, "12.3 \xc2\xb5s"},
        {quantity_time, 5.678, "5.68 ms"},
        {quantity_time, 999.0, "999 ms"},
        {quantity_time, 1234.0, "1.23 s"},
        {quantity_time, NAN, "-"},
        {quantity_bytes, 2048.0, "2.0 KiB"},
        {quantity_bytes, -1.0, "-"},
        {quantity_bytes, 1e300, "-"},
        {quantity_count, 10000.0, "10000"},
        {quantity_real, 0.000123456, "0.000123"},
        {quantity_bits, -INFINITY, "none"},
        {quantity_bits, 13.44, "13.4"},
        {quantity_share, 0.9936, "99.36 %"},
        {quantity_share, 1.0, "100 %"},
        {quantity_share, 123.4, "12340 %"},
        {quantity_share, NAN, "-"},
    };
    char number[QUANTITY_BYTES];
    (void)state;
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
        assert_string_equal(row[k].print(number, row[k].value), row[k].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars), cmocka_unit_test(test_scales),  cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_text), cmocka_unit_test(test_numbers),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
