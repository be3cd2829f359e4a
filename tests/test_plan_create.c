/* Making plans: exact scales, keys within the security table, options, refusals, determinism. */
#include "nn/plan.h"

#include "tests/models.h"
#include "tests/testing.h"

/* Scales follow from the real primes; every key is secure by itself and used at a level it has. */
static void check_plan(const nn_plan *p, int security_bits)
{
    ckks_scale scale = p->step[0].scale_in;
    int limbs = p->params.q_count;
    for (size_t k = 0; k < p->stages->count; k++) {
        const nn_plan_step *s = &p->step[k];
        assert_int_equal(s->shape.limbs, limbs);
        assert_true(ckks_scale_equal(s->scale_in, scale));
        if (p->stages->stage[k].kind == NN_STAGE_AFFINE) {
            ckks_scale want = ckks_scale_mul(scale, s->weight);
            for (int r = 0; r < s->shape.rescale; r++)
                want = ckks_scale_div_prime(want, p->params.q[limbs - 1 - r]);
            assert_true(ckks_scale_equal(s->scale_out, want));
        }
        limbs -= s->shape.rescale;
        scale = s->scale_out;
        double room = ckks_params_log2_qp(&p->params, limbs, 0);
        assert_true(ckks_scale_log2(scale) + log2(p->stages->stage[k].range) + 1.0 < room);
    }
    for (size_t k = 0; k < p->key_count; k++) {
        const ckks_key_spec *key = &p->key[k];
        double qp = ckks_params_log2_qp(&p->params, key->limbs, key->special);
        assert_true(qp <= ckks_security_max_log2_qp(p->params.log_n, security_bits));
        assert_true(key->limbs <= p->params.q_count);
        for (size_t i = 0; i < k; i++) /* no key twice */
            assert_true(memcmp(key, &p->key[i], sizeof *key) != 0);
    }
}

static void test_create(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    for (int bits = 128; bits <= 256; bits += 64) {
        nn_plan *p = NULL;
        nn_plan_options o = {.security_bits = bits};
        assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
        check_plan(p, bits);
        assert_true(nn_plan_forecast(p)->security_bits >= bits);
        nn_plan_free(p);
    }
    nn_model_free(m);
}

static void test_every_degree(void **state)
{
    (void)state;
    for (int degree = 3; degree <= 8; degree++) {
        nn_model *m = models_small(degree, 1);
        nn_plan *p = models_plan(m);
        check_plan(p, 128);
        nn_plan_free(p);
        nn_model_free(m);
    }
}

static void test_deterministic(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *a = models_plan(m), *b = models_plan(m);
    assert_memory_equal(&a->forecast, &b->forecast, sizeof a->forecast);
    assert_int_equal(a->key_count, b->key_count);
    assert_memory_equal(a->key, b->key, a->key_count * sizeof *a->key);
    nn_plan_free(a);
    nn_plan_free(b);
    nn_model_free(m);
}

static void test_options(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    char why[300] = "";
    nn_plan_options o = {.security_bits = 100};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    assert_null(p);
    assert_non_null(strstr(why, "100"));
    o = (nn_plan_options){.log_n = 40};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_ARG);
    o = (nn_plan_options){.log_n = 11}; /* 53 bits: nothing fits */
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "53"));
    o = (nn_plan_options){.log_n = 14};
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_OK);
    assert_int_equal(nn_plan_params(p)->log_n, 14);
    nn_plan_free(p);
    nn_model_free(m);
}

/* A network whose output is constant is refused, not run. */
static void test_zeros(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_affine *a = &m->merged.stage[0].affine;
    nn_plan *p = NULL;
    char why[300] = "";
    size_t rows = a->rows, cols = a->cols;
    nn_affine_clear(a);
    assert_int_equal(nn_affine_begin(a, rows, cols), NN_OK);
    for (size_t o = 0; o < rows; o++)
        assert_int_equal(nn_affine_end_row(a, 1.0), NN_OK);
    assert_int_equal(nn_plan_create(&p, m, NULL, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_null(p);
    assert_non_null(strstr(why, "zero"));
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),        cmocka_unit_test(test_every_degree),
        cmocka_unit_test(test_deterministic), cmocka_unit_test(test_options),
        cmocka_unit_test(test_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
