/* The planning options by the program: calibrate writes what --costs reads, --memory bounds a plan,
 * and what does not fit them is refused in one sentence. */
#include "tests/program.h"

enum { USAGE = 2, DAMAGED = 3, NO_PARAMS = 6 };

static int begin(void **state)
{
    int st = program_begin(state);
    if (st == 0)
        program_model("a.onnx", 1, 0);
    return st;
}

static void test_calibrate(void **state)
{
    (void)state;
    program_expect(0, "calibrate --seconds 0 -o machine.costs");
    assert_string_equal(program_out, "");
    program_expect(0, "plan --costs machine.costs a.onnx");
    program_expect(0, "calibrate --seconds 0 --kernel portable");
    assert_int_equal(strncmp(program_out, "unseen-costs 1\nkernel portable\n", 31), 0);
    assert_non_null(strstr(program_out, "\nkey_memory_ns "));
}

/* On another machine times differ and ratios do, so plans may; a table with every time doubled
 * gives the same plan in twice the time. */
static void test_scaled(void **state)
{
    (void)state;
    static const char *const names[] = {"forward_ns",    "inverse_ns", "key_cached_ns",
                                        "key_memory_ns", "pair_ns",    "scalar_ns",
                                        "convert_ns",    "pass_ns",    "key_ms_per_mib"};
    char text[2][1024];
    double ms[2];
    for (int twice = 0; twice < 2; twice++) {
        int n = snprintf(text[twice], sizeof text[twice], "unseen-costs 1\nkernel mine\n");
        for (int i = 0; i < 9; i++)
            n += snprintf(text[twice] + n, sizeof text[twice] - (size_t)n, "%s %g\n", names[i],
                          (1 + twice) * 0.25 * (1 + i % 3));
        program_write("mine.costs", text[twice], (size_t)n);
        program_expect(0, "plan --json --costs mine.costs a.onnx");
        const char *found = strstr(program_out, "\"infer_ms\":");
        assert_non_null(found);
        ms[twice] = strtod(found + 11, NULL);
        assert_true(ms[twice] > 0.0);
    }
    assert_true(fabs(ms[1] / ms[0] - 2.0) < 1e-3);
}

static void test_refusals(void **state)
{
    (void)state;
    program_write("bad.costs", "not a table\n", 12);
    program_expect(DAMAGED, "plan --costs bad.costs a.onnx");
    program_one_sentence("plan", "bad.costs");
    program_expect(DAMAGED, "plan --costs a.onnx a.onnx");
    program_one_sentence("plan", "a.onnx");
    program_expect(NO_PARAMS, "plan --memory 1M a.onnx");
    program_one_sentence("plan", "1.0 MiB");
    program_expect(0, "plan --memory 1G a.onnx");
    program_expect(USAGE, "plan --memory 5T a.onnx");
    program_expect(USAGE, "plan --memory 0 a.onnx");
    program_expect(USAGE, "plan --memory 99999999999G a.onnx");
    program_expect(USAGE, "calibrate --seconds -1");
    assert_true(program_run("calibrate --kernel abacus") != 0);
    program_one_sentence("calibrate", "kernel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibrate),
        cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, begin, program_end);
}
