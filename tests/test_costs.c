/* The file of unit times: what is written comes back; anything else is refused in one sentence. */
#include "tests/testing.h"

#include <unistd.h>

#include "tools/cli.h"
#include "tools/costs.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "unseen-costs-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void test_round_trip(void **state)
{
    (void)state;
    const nn_costs *in = nn_costs_builtin("avx2");
    nn_costs out = {.kernel = ""};
    assert_int_equal(costs_write(path, in), CLI_OK);
    assert_int_equal(costs_read(&out, path), CLI_OK);
    assert_string_equal(out.kernel, "avx2");
    /* Four figures are written. */
    assert_true(fabs(out.forward_ns / in->forward_ns - 1.0) < 1e-3);
    assert_true(fabs(out.scalar_ns / in->scalar_ns - 1.0) < 1e-3);
    assert_true(fabs(out.key_ms_per_mib / in->key_ms_per_mib - 1.0) < 1e-3);
}

#define GOOD                                                                                       \
    "unseen-costs 1\nforward_ns 0.1\ninverse_ns 0.1\nkey_cached_ns 1\nkey_memory_ns 2\n"           \
    "pair_ns 1\nscalar_ns 1\nconvert_ns 1\npass_ns 1\nkey_ms_per_mib 0.25\n"

static void test_forms(void **state)
{
    (void)state;
    nn_costs c = {.kernel = ""};
    put("# by hand\n\n  " GOOD "\tkernel\t mine  # a comment\r\n");
    assert_int_equal(costs_read(&c, path), CLI_OK);
    assert_string_equal(c.kernel, "mine");
    assert_true(c.key_memory_ns == 2.0);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "unseen-costs 2\n",
        GOOD,                                    /* no kernel */
        GOOD "kernel a\nkernel b\n",             /* twice */
        GOOD "kernel a\npass_ns 1\n",            /* twice */
        GOOD "kernel a\nother_ns 1\n",           /* unknown */
        GOOD "kernel a_name_that_is_too_long\n", /* longer than it may be */
        "unseen-costs 1\nforward_ns\n",          /* no value */
        "unseen-costs 1\nforward_ns 1x\n",       /* not a number */
        "unseen-costs 1\nforward_ns -1\n",       /* out of range */
        "unseen-costs 1\nforward_ns nan\n",      /* not finite */
        "unseen-costs 1\nforward_ns 1e9\n",      /* out of range */
    };
    char line[200];
    nn_costs c = {.kernel = "old"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(bad[i]);
        assert_int_equal(costs_read(&c, path), CLI_DAMAGED);
        assert_string_equal(c.kernel, "old");
    }
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    put(line);
    assert_int_equal(costs_read(&c, path), CLI_DAMAGED);
    assert_int_equal(costs_read(&c, "/nonexistent/file"), CLI_NO_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
