/* Polynomials of ciphertexts against clear slots: values, the plan kept to the bit, scratch,
 * refusals. */
#include "tests/scheme.h"

#include "ckks/circuits.h"
#include "ckks/circuits/polyeval.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

enum { LOG_N = 10, LIMBS = 16 };

static double evaluate(const ckks_polynomial *p, double x)
{
    double sum = 0.0;

    for (int k = 0; k <= p->degree; k++)
        sum += p->coef[k] * (p->basis == CKKS_BASIS_MONOMIAL ? pow(x, k) : cos(k * acos(x)));
    return sum;
}

/* One evaluation in a worker with exactly the scratch that is asked for, and no more of the base
 * that every worker has than the evaluation counts. */
static void compare(scheme *s, int basis, int degree, const double *coef, int limbs,
                    double scale_bits, double min_scale)
{
    ckks_polynomial p = {basis, degree, coef};
    double *x = scheme_vector(s, -1, 1);
    double *y = scheme_vector(s, 0, 1);
    ckks_ciphertext *a = scheme_encrypt(s, x, NULL, limbs, ckks_scale_from(exp2(scale_bits)));
    ckks_ciphertext *c = scheme_empty(s);
    ckks_worker *w = NULL;
    ckks_scale scale = {0.0, 0.0};
    ckks_poly_run run;
    scheme_gap gap;
    size_t size = 0;
    int limbs_out = 0;

    scheme_ok(NULL, ckks_worker_create(&w, s->ctx, ckks_poly_scratch_bytes(s->ctx, &p, limbs)));
    scheme_ok(w, ckks_worker_use_keys(w, s->keys));
    scheme_ok(NULL, ckks_poly_plan(s->ctx, &p, limbs, ckks_scale_from(exp2(scale_bits)), min_scale,
                                   &limbs_out, &scale, NULL));
    size = w->arena.size;
    scheme_ok(NULL, ckks_poly_cut(&run, s->ctx, &p));
    w->arena.size = ckks_poly_scratch_rows(s->ctx, &run, limbs, 1) * (8 << LOG_N);
    assert_true(w->arena.size <= size);
    scheme_ok(w, ckks_poly_eval(w, c, a, &p, min_scale));
    assert_int_equal(ckks_ciphertext_limbs(c), limbs_out);
    assert_true(ckks_scale_equal(ckks_ciphertext_scale(c), scale));
    assert_int_equal(w->arena.used, 0);
    assert_true(w->arena.peak <= w->arena.size);
    for (size_t j = 0; j < s->slots; j++) {
        y[j] = evaluate(&p, x[j]);
        assert_true(fabs(y[j]) <= ckks_ciphertext_magnitude(c) * (1.0 + 1e-9));
    }
    gap = scheme_measure(s, c, y, NULL);
    /* The estimate takes slopes at their largest on [-1, 1], k^2 for T_k, which few slots meet; but
     * it is no fantasy: not less than the measured one, and not more than degree times it and a
     * little. A slot's error is a rounding times the secret, its square a product of two
     * exponential variables: variance 3 where the mean is 1. Six deviations of the mean over all
     * slots, halved for its root, are allowed. */
    double above = 1.0 + 3.0 * sqrt(3.0 / (double)s->slots);
    if (!(gap.std <= above * ckks_ciphertext_error(c)) ||
        !(gap.std * 40.0 * degree >= ckks_ciphertext_error(c)) ||
        !(gap.max <= 17.0 * ckks_ciphertext_error(c))) {
        print_error("basis %d degree %d: deviation %g, maximum %g, estimate %g\n", basis, degree,
                    gap.std, gap.max, ckks_ciphertext_error(c));
        fail();
    }
    /* in place: the same bits */
    scheme_ok(w, ckks_poly_eval(w, a, a, &p, min_scale));
    for (int part = 0; part < 2; part++)
        assert_memory_equal(ckks_ciphertext_row(a, part, 0), ckks_ciphertext_row(c, part, 0),
                            (size_t)limbs_out * (1 << LOG_N) * 8);
    w->arena.size = size;
    free(x);
    free(y);
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(c);
    ckks_worker_free(w);
}

static void start(scheme *s)
{
    ckks_params params = scheme_params(LOG_N, LIMBS, 46, 4);
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, LIMBS, 4, 4};

    spec.alpha = 3;
    scheme_start(s, &params, 0);
    scheme_keys(s, &spec, 1);
}

static void monomials(void **state)
{
    double square[] = {0.25, 0, 1};
    double quadratic[] = {0.25, 0.5, 1};
    double general[] = {0.1, 0.5, 0.3, 0.7, -0.6, 0.2, -0.4, 0.9, 0.8};
    double swish[] = {0.03347, 0.5, 0.19566, 0, -0.005075};
    double cube[] = {0, 0, 0, 1};
    double gap[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    scheme s;

    (void)state;
    start(&s);
    compare(&s, CKKS_BASIS_MONOMIAL, 2, square, 2, 23, 0x1p23);
    compare(&s, CKKS_BASIS_MONOMIAL, 2, square, 3, 40, 0x1p30);
    compare(&s, CKKS_BASIS_MONOMIAL, 2, quadratic, 3, 30, 0x1p30);
    compare(&s, CKKS_BASIS_MONOMIAL, 4, swish, 3, 23, 0x1p23);
    compare(&s, CKKS_BASIS_MONOMIAL, 4, swish, 5, 40, 0x1p40);
    compare(&s, CKKS_BASIS_MONOMIAL, 3, cube, 4, 40, 0x1p40);
    compare(&s, CKKS_BASIS_MONOMIAL, 8, gap, 8, 40, 0x1p40);
    for (int degree = 1; degree <= 8; degree++)
        compare(&s, CKKS_BASIS_MONOMIAL, degree, general, 9, 40, 0x1p38);
    scheme_stop(&s);
}

static void chebyshev(void **state)
{
    static const int degrees[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 27, 31, 47, 63, 119};
    double coef[256];
    scheme s;

    (void)state;
    start(&s);
    for (int i = 0; i < 256; i++)
        coef[i] = testing_uniform(&s.rng, -1, 1) / (1.0 + i);
    for (size_t i = 0; i < sizeof degrees / sizeof degrees[0]; i++)
        compare(&s, CKKS_BASIS_CHEBYSHEV, degrees[i], coef, LIMBS, 42, 0x1p42);
    for (int i = 0; i < 256; i += 2)
        coef[i] = 0.0;
    compare(&s, CKKS_BASIS_CHEBYSHEV, 27, coef, LIMBS, 42, 0x1p42);
    compare(&s, CKKS_BASIS_CHEBYSHEV, 63, coef, LIMBS, 42, 0x1p42);
    memset(coef, 0, sizeof coef);
    coef[16] = 1.0; /* T_16 alone: four squarings */
    compare(&s, CKKS_BASIS_CHEBYSHEV, 16, coef, LIMBS, 42, 0x1p42);
    coef[0] = -0.5;
    coef[5] = 0.25;
    compare(&s, CKKS_BASIS_CHEBYSHEV, 16, coef, LIMBS, 42, 0x1p42);
    scheme_stop(&s);
}

static void random_polynomials(void **state)
{
    scheme s;

    (void)state;
    start(&s);
    for (int i = 0; i < testing_iters(6); i++) {
        int degree = 1 + (int)testing_below(&s.rng, 40);
        double coef[64] = {0};
        int parity = (int)testing_below(&s.rng, 3);
        for (int k = 0; k <= degree; k++)
            coef[k] = parity == 2 || k % 2 == parity || k == degree ? testing_uniform(&s.rng, -1, 1)
                                                                    : 0.0;
        compare(&s, CKKS_BASIS_CHEBYSHEV, degree, coef, LIMBS, testing_uniform(&s.rng, 38, 44),
                0x1p38);
    }
    scheme_stop(&s);
}

static void refusals(void **state)
{
    double coef[] = {1, 1, 1, 1};
    double many[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    ckks_polynomial p = {CKKS_BASIS_MONOMIAL, 3, coef};
    ckks_polynomial bad = {CKKS_BASIS_MONOMIAL, 9, coef};
    ckks_polynomial large = {CKKS_BASIS_CHEBYSHEV, 15, many};
    ckks_ciphertext before;
    ckks_ciphertext *tall = NULL;
    ckks_ciphertext *a = NULL;
    ckks_ciphertext *c = NULL;
    ckks_worker *w = NULL;
    double *x = NULL;
    scheme s;

    (void)state;
    start(&s);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, 4, ckks_scale_from(0x1p40));
    c = scheme_empty(&s);
    scheme_ok(s.w, ckks_ciphertext_copy(c, a));
    before = *c;
    /* no circuit scratch */
    tall = scheme_encrypt(&s, x, NULL, LIMBS, ckks_scale_from(0x1p40));
    assert_int_equal(ckks_poly_eval(s.w, c, tall, &large, 0x1p40), CKKS_ERR_MEMORY);
    ckks_ciphertext_free(tall);
    assert_non_null(strstr(ckks_worker_error(s.w), "circuit_bytes"));
    scheme_ok(NULL, ckks_worker_create(&w, s.ctx, ckks_poly_scratch_bytes(s.ctx, &p, 4)));
    assert_int_equal(ckks_poly_eval(w, c, a, &p, 0x1p40), CKKS_ERR_NO_KEY);
    scheme_ok(w, ckks_worker_use_keys(w, s.keys));
    assert_int_equal(ckks_poly_eval(w, c, a, &bad, 0x1p40), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_eval(w, c, a, NULL, 0x1p40), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_eval(w, c, a, &p, NAN), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_eval(w, NULL, a, &p, 0x1p40), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_eval(w, c, NULL, &p, 0x1p40), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_eval(NULL, c, a, &p, 0x1p40), CKKS_ERR_ARG);
    assert_memory_equal(c, &before, sizeof before);
    scheme_ok(w, ckks_eval_drop(w, a, a, 1));
    assert_int_equal(ckks_poly_eval(w, c, a, &p, 0x1p40), CKKS_ERR_LEVEL);
    assert_non_null(strstr(ckks_worker_error(w), "1 limbs"));
    scheme_ok(w, ckks_eval_square_raw(w, a, c));
    assert_int_equal(ckks_poly_eval(w, c, a, &p, 0x1p40), CKKS_ERR_DEGREE);
    assert_memory_equal(c, &before, sizeof before);
    free(x);
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(c);
    ckks_worker_free(w);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monomials),
        cmocka_unit_test(chebyshev),
        cmocka_unit_test(random_polynomials),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
