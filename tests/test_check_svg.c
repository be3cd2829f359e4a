/* The plot: tags that close, nothing from elsewhere, a row for every layer; xmllint agrees where
 * there is one. */
#define _POSIX_C_SOURCE 200809L

#include "tools/check_svg.h"

#include <unistd.h>

#include "tests/checks.h"
#include "tests/markup.h"

static char *text; /* of the stream, which writes it when it is closed */

static void draw(const checks *c)
{
    size_t size = 0;
    const check_report r = {.check = c->check, .plan = c->plan, .model = "m.onnx"};
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    check_svg(&r, f);
    assert_int_equal(fclose(f), 0);
}

static void test_plot(void **state)
{
    (void)state;
    checks c;
    checks_open(&c, checks_two_relus(4.0, 0.1), 2, NULL);
    checks_image(&c, 0, NULL);
    checks_image(&c, 1, NULL);
    draw(&c);
    size_t layers = nn_check_layers(c.check);
    markup_assert_whole(text);
    assert_int_equal(markup_count(text, "class=\"name\""), 2 * layers); /* once in each chart */
    assert_int_equal(markup_count(text, " %</text>"), layers + 2);      /* uses, fits */
    assert_int_equal(markup_count(text, "class=\"s0\""), layers + 1);   /* approximation, its key */
    assert_int_equal(markup_count(text, "class=\"s1\""), 1);  /* noise: nothing is encrypted */
    assert_true(markup_count(text, "class=\"beyond\"") >= 1); /* the fit on [-0.1, 0.1] */
    assert_int_equal(markup_count(text, "http"), 1);          /* the name space */
    assert_int_equal(markup_count(text, "prefers-color-scheme:dark"), 1);
    assert_int_equal(markup_count(text, "nan") + markup_count(text, "inf"), 0);
    if (system("command -v xmllint >/dev/null 2>&1") == 0) {
        char name[] = "check_svg.XXXXXX", line[64];
        int fd = mkstemp(name);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        close(fd);
        snprintf(line, sizeof line, "xmllint --noout %s", name);
        assert_int_equal(system(line), 0);
        assert_int_equal(unlink(name), 0);
    }
    free(text);
    checks_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
