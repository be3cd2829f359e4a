/* What a check found, printed: valid JSON, tables with a row for each layer, names that do no harm.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/check_report.h"

#include "tests/checks.h"

static checks world;
static check_report report;
static char *text;

static void print(void (*write)(const check_report *, FILE *))
{
    size_t size = 0;
    free(text);
    text = NULL;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    write(&report, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(strlen(text), size);
}

static size_t lines_with(const char *head)
{
    size_t count = 0;
    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        count += strncmp(at, head, strlen(head)) == 0;
    }
    return count;
}

static int begin(void **state)
{
    (void)state;
    checks_open(&world, checks_two_relus(4.0, 0.1), 4, NULL);
    for (size_t i = 0; i < 4; i++)
        checks_image(&world, i, NULL);
    report = (check_report){
        .check = world.check, .plan = world.plan, .model = "a|b.onnx", .first = 2, .labelled = 1};
    report.right[NN_CHECK_FLOAT] = 3;
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(text);
    checks_close(&world);
    return 0;
}

static void test_text(void **state)
{
    (void)state;
    nn_check_summary sum;
    nn_check_summarise(world.check, &sum);
    print(check_report_text);
    assert_non_null(strstr(text, sum.sentence));
    assert_non_null(strstr(text, "right: float 3, fitted 0, clear slots 0 of 4"));
    assert_non_null(strstr(text, "out of range"));
    assert_null(strstr(text, "nan"));
    for (size_t k = 0; k < nn_check_layers(world.check); k++) {
        nn_check_layer l;
        char name[33];
        nn_check_layer_of(world.check, k, &l);
        assert_non_null(strstr(text, check_report_name(name, sizeof name, l.name, "")));
    }
}

/* A small reader: 1 when a value of JSON stands at *at, which goes behind it. */
static int json_value(const char **at);

static void blanks(const char **at)
{
    *at += strspn(*at, " \n");
}

static int json_text(const char **at)
{
    if (*(*at)++ != '"')
        return 0;
    for (; **at != '"'; ++*at) {
        if ((unsigned char)**at < 0x20)
            return 0;
        *at += **at == '\\';
    }
    ++*at;
    return 1;
}

static int json_list(const char **at, char close)
{
    ++*at;
    for (blanks(at); **at != close; blanks(at)) {
        if (close == '}' && (!json_text(at) || *(*at)++ != ':'))
            return 0;
        if (!json_value(at))
            return 0;
        blanks(at);
        if (**at == close)
            break;
        if (*(*at)++ != ',')
            return 0;
    }
    ++*at;
    return 1;
}

static int json_value(const char **at)
{
    blanks(at);
    if (**at == '{' || **at == '[')
        return json_list(at, **at == '{' ? '}' : ']');
    if (**at == '"')
        return json_text(at);
    if (strncmp(*at, "null", 4) == 0 || strncmp(*at, "true", 4) == 0) {
        *at += 4;
        return 1;
    }
    char *after;
    (void)strtod(*at, &after);
    if (after == *at || strchr("ni", **at) != NULL)
        return 0;
    *at = after;
    return 1;
}

static void test_json(void **state)
{
    (void)state;
    print(check_report_json);
    const char *at = text;
    assert_true(json_value(&at));
    blanks(&at);
    assert_int_equal(*at, '\0');
    assert_int_equal(lines_with("      \"first_step\": "), nn_check_layers(world.check));
    assert_int_equal(lines_with("      \"fit_error\": "), 2);
    assert_non_null(strstr(text, "\"images\": 4,"));
    assert_non_null(strstr(text, "\"encrypted\": 0,"));
    assert_non_null(strstr(text, "\"first\": 2,"));
    assert_non_null(strstr(text, "\"float_right\": 3,"));
    assert_non_null(strstr(text, "\"ms\": null"));
}

static void test_markdown(void **state)
{
    (void)state;
    size_t cells = 0, row = 0;
    print(check_report_markdown);
    assert_int_equal(strncmp(text, "# Check of a?b.onnx\n", 20), 0);
    /* a row of every table has as many cells as its head */
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        size_t bars = 0;
        for (const char *c = line; *c != '\0'; c++)
            bars += *c == '|';
        if (*line != '|' || strstr(line, "| layer |") == line ||
            strstr(line, "| activation |") == line || strstr(line, "| network |") == line)
            cells = bars;
        if (*line == '|') {
            assert_int_equal(bars, cells);
            row++;
        }
    }
    assert_int_equal(row, 3 * 2 + 4 + nn_check_layers(world.check) + 2);
}

static void test_names(void **state)
{
    (void)state;
    char name[8];
    assert_string_equal(check_report_name(name, sizeof name, "a\033[1mb\xc3\xa4<&", "<&"),
                        "a?[1mb?");
    assert_string_equal(check_report_name(name, sizeof name, "a<b|c", "<"), "a?b|c");
    assert_string_equal(check_report_name(name, sizeof name, "", ""), "");
}

static void test_use(void **state)
{
    (void)state;
    nn_check_site s = {.lo = -1, .hi = 3, .seen_lo = 0, .seen_hi = 4, .numbers = 5};
    testing_assert_near(check_report_use(&s), 1.5, 1e-12);
    s.seen_hi = 2;
    testing_assert_near(check_report_use(&s), 0.5, 1e-12);
    s.seen_lo = -2;
    testing_assert_near(check_report_use(&s), 1.5, 1e-12);
    s.numbers = 0;
    testing_assert_near(check_report_use(&s), 0.0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),  cmocka_unit_test(test_json), cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_names), cmocka_unit_test(test_use),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
