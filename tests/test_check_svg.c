/* The plot: tags that close, nothing from elsewhere, a row for every layer; xmllint agrees where
 * there is one. */
#define _POSIX_C_SOURCE 200809L

#include "tools/check_svg.h"

#include <unistd.h>

#include "tests/checks.h"

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

/* Every tag is closed by itself or by the one of its name, in order. */
static void assert_well_formed(void)
{
    char open[8][16];
    int depth = 0, roots = 0;
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        char name[16] = "";
        assert_non_null(end);
        assert_null(memchr(at + 1, '<', (size_t)(end - at - 1)));
        assert_int_equal(sscanf(at[1] == '/' ? at + 2 : at + 1, "%15[a-z]", name), 1);
        if (at[1] == '/') {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
            continue;
        }
        roots += depth == 0;
        if (end[-1] != '/') {
            assert_true(depth < 8);
            memcpy(open[depth++], name, sizeof name);
        }
    }
    assert_int_equal(depth, 0);
    assert_int_equal(roots, 1);
    assert_null(strchr(text, '&'));
}

static size_t count(const char *part)
{
    size_t n = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        n++;
    return n;
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
    assert_well_formed();
    assert_int_equal(count("text-anchor=\"end\">"), layers); /* names */
    assert_int_equal(count(" %<"), layers + 2);              /* uses, fits */
    assert_int_equal(count("class=\"approximation\""), layers + 1);
    assert_int_equal(count("class=\"noise\""), 1); /* the key alone: nothing encrypted */
    assert_true(count("class=\"beyond\"") >= 1);   /* the fit on [-0.1, 0.1] */
    assert_int_equal(count("http"), 1);            /* the name space */
    assert_int_equal(count("prefers-color-scheme:dark"), 1);
    assert_int_equal(count("nan") + count("inf"), 0);
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
