/* The reports of 'unseen plan': every ring and step as JSON, a row for every set of passes. */
#define _POSIX_C_SOURCE 200809L

#include "tools/plan_report.h"

#include <unistd.h>

#include "tools/cli.h"

#include "tests/models.h"
#include "tests/testing.h"

/* Standard output of what `call` prints. */
static void printed(char *text, size_t size, void (*call)(const nn_model *), const nn_model *m)
{
    FILE *file = tmpfile();
    int out = dup(STDOUT_FILENO);
    assert_non_null(file);
    fflush(stdout);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    call(m);
    fflush(stdout);
    assert_true(dup2(out, STDOUT_FILENO) >= 0);
    close(out);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

static void explain(const nn_model *m)
{
    nn_plan_options o = {.alternatives = 1};
    nn_plan *p = NULL;
    json j;
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    plan_report_rings_json(&j, p);
    plan_report_account_json(&j, p);
    json_close_object(&j);
    json_end(&j);
    nn_plan_free(p);
}

static void ablate_text(const nn_model *m)
{
    assert_int_equal(plan_report_ablate(m, NULL, "m.onnx", "m.onnx", 0), CLI_OK);
}

static void ablate_json(const nn_model *m)
{
    const nn_plan_options o = {.log_n = 11}; /* nothing fits */
    assert_int_equal(plan_report_ablate(m, &o, "m.onnx", "m.onnx", 1), CLI_OK);
}

static void test_reports(void **state)
{
    (void)state;
    static char text[65536];
    nn_model *m = models_small(4, 1);
    printed(text, sizeof text, explain, m);
    assert_int_equal(count(text, "\"taken\": true"), 1);
    assert_int_equal(count(text, "\"method\""), 3);
    assert_true(count(text, "\"why\"") >= 1);
    printed(text, sizeof text, ablate_text, m);
    assert_int_equal(count(text, "\n"), 8); /* two lines of headings, six rows */
    assert_int_equal(count(text, "does not fit"), 0);
    printed(text, sizeof text, ablate_json, m);
    assert_int_equal(count(text, "\"fits\": false"), 6);
    assert_int_equal(count(text, "\"levels\""), 6);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
