/* Costs: tables that are there, formulas that count what ckks/ does, prices by the byte. */
#include "nn/slots/cost.h"

#include "tests/testing.h"

enum { LOG_N = 13 };

/* A table in which only one unit takes any time: then a cost counts it. */
static nn_cost_at counting(nn_costs *c, double *unit, int limbs, int special, int alpha)
{
    *unit = 1.0;
    return (nn_cost_at){c, LOG_N, limbs, special, alpha, 0.0};
}

/* A time in ms as a number of rows of N places, or of transforms. */
static double in_rows(double ms)
{
    return ms * 1e6 / (1 << LOG_N);
}

static double in_transforms(double ms)
{
    return in_rows(ms) / (0.5 * LOG_N);
}

static void assert_close(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-9 * fabs(b));
}

static void test_builtin(void **state)
{
    (void)state;
    static const char *const names[] = {"avx512ifma", "avx512f", "avx2", "neon", "portable"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const nn_costs *c = nn_costs_builtin(names[i]);
        assert_string_equal(c->kernel, names[i]);
        assert_true(c->forward_ns > 0.0 && c->inverse_ns > 0.0 && c->key_cached_ns > 0.0);
        assert_true(c->key_memory_ns >= c->key_cached_ns && c->pair_ns > 0.0);
        assert_true(c->scalar_ns > 0.0 && c->convert_ns > 0.0 && c->pass_ns > 0.0);
        assert_true(c->key_ms_per_mib > 0.0);
    }
    assert_string_equal(nn_costs_builtin("no such family")->kernel, "portable");
    assert_non_null(nn_costs_builtin(NULL));
}

/* A key switch takes (digits + 2)(limbs + special) transforms: limbs inverse ones of the input and
 * 2 special inverse ones of the result among them. A merged rescaling adds no transform. */
static void test_switch(void **state)
{
    (void)state;
    for (int alpha = 1; alpha <= 4; alpha++) {
        int limbs = 4, special = alpha, digits = (limbs + alpha - 1) / alpha;
        nn_costs c = {.kernel = ""}, i = c, k = c;
        nn_cost_at at = counting(&c, &c.forward_ns, limbs, special, alpha);
        nn_cost_at ai = counting(&i, &i.inverse_ns, limbs, special, alpha);
        nn_cost_at ak = counting(&k, &k.key_memory_ns, limbs, special, alpha);
        double inverse = in_transforms(nn_cost_switch(&ai, 0));
        double all = in_transforms(nn_cost_switch(&at, 0)) + inverse;
        assert_close(inverse, limbs + 2 * special);
        assert_close(all, (digits + 2) * (limbs + special));
        all = in_transforms(nn_cost_switch(&at, 1)) + in_transforms(nn_cost_switch(&ai, 1));
        assert_close(all, (digits + 2) * (limbs + special));
        assert_close(in_rows(nn_cost_switch(&ak, 0)), digits * (limbs + special));
        assert_close(in_rows(nn_cost_baby(&ak)), digits * (limbs + special));
    }
}

/* A giant step brings back and cuts up one part: rows inverse ones, digits rows forward ones. */
static void test_giant(void **state)
{
    (void)state;
    nn_costs c = {.kernel = ""}, i = c, k = c, m = c;
    nn_cost_at at = counting(&c, &c.forward_ns, 4, 2, 2);
    nn_cost_at ai = counting(&i, &i.inverse_ns, 4, 2, 2);
    nn_cost_at ak = counting(&k, &k.key_cached_ns, 4, 2, 2);
    nn_cost_at am = counting(&m, &m.key_memory_ns, 4, 2, 2);
    assert_close(in_transforms(nn_cost_giant(&at, 0)), 12);
    assert_close(in_transforms(nn_cost_giant(&ai, 0)), 6);
    assert_close(in_rows(nn_cost_giant(&am, 0)), 12);
    assert_close(in_rows(nn_cost_giant(&ak, 1)), 12);
    assert_true(fabs(nn_cost_giant(&ak, 0)) < 1e-12);
    assert_true(fabs(nn_cost_giant(&am, 1)) < 1e-12);
}

static void test_rest(void **state)
{
    (void)state;
    nn_costs f = {.kernel = ""}, p = f, s = f, e = f;
    nn_cost_at at = counting(&f, &f.forward_ns, 4, 1, 1);
    nn_cost_at ap = counting(&p, &p.pair_ns, 4, 1, 1);
    nn_cost_at as = counting(&s, &s.scalar_ns, 4, 1, 1);
    nn_cost_at ae = counting(&e, &e.pass_ns, 4, 1, 1);
    assert_close(in_transforms(nn_cost_rescale(&at, 4, 2)), 2 * (3 + 2));
    assert_close(in_transforms(nn_cost_expand(&at)), 5);
    assert_close(in_transforms(nn_cost_encode(&at)), 3);
    assert_close(in_rows(nn_cost_diagonal(&ap)), 5);
    assert_close(in_rows(nn_cost_sums(&as, 10.0)), 80);
    assert_close(in_rows(nn_cost_add(&ae)), 8);
    /* Without babies nothing is cut into digits. */
    assert_close(in_transforms(nn_cost_base(&at, 0, 0)), 8);
    assert_close(in_transforms(nn_cost_base(&at, 3, 0)), 8 + 4 * 5 - 4);
    assert_close(nn_cost_square(&at, 2), nn_cost_switch(&at, 1) + nn_cost_rescale(&at, 3, 1));
}

static void test_prices(void **state)
{
    (void)state;
    nn_costs c = {.kernel = "", .key_ms_per_mib = 0.5};
    nn_cost_at at = {&c, LOG_N, 3, 1, 2, 32.0};
    /* 2 digits, 4 rows, 2^13 places of 4 bytes: a quarter of a MiB. */
    assert_close(nn_cost_key_bytes(&at), 262144.0);
    assert_close(nn_cost_key(&at), 0.125);
    assert_close(nn_cost_baby(&at), 0.125);
    assert_close(nn_cost_fold(&at), 0.125);
    assert_close(nn_cost_giant(&at, 0), 0.125);
    assert_true(fabs(nn_cost_giant(&at, 1)) < 1e-12);
    /* A byte of a request is worth what 32 of a key are. */
    assert_close(nn_cost_wire(&c, 1048576.0 / 32.0), 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin), cmocka_unit_test(test_switch), cmocka_unit_test(test_giant),
        cmocka_unit_test(test_rest),    cmocka_unit_test(test_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
