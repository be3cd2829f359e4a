/* The error model against measurements: for every source of error, the measured deviation lies
 * within a band around the estimate, on both sides, and no slot is further off than a Gaussian tail
 * allows.
 *
 * Inputs have slots of modulus 1, so that slotwise factors are at their magnitude everywhere.
 * Bands: with N slot values a deviation is measured to 1/sqrt(2N) (1.6 % at N = 2^11), and |s|^2
 * varies by 1.5 %.
 */
#include "tests/scheme.h"

#include "ckks/noise.h"
#include "ckks/object.h"

enum { LOG_N = 11 };

/* Slots exp(i angle) with random angles. */
static void circle(scheme *s, double *re, double *im)
{
    for (size_t j = 0; j < s->slots; j++) {
        double angle = testing_uniform(&s->rng, 0, 6.283185307179586);
        re[j] = cos(angle);
        im[j] = sin(angle);
    }
}

typedef struct setup {
    scheme s;
    double *re, *im, *re2, *im2;
    ckks_ciphertext *a, *b, *c;
} setup;

static void start(setup *t, double q_bits, double scale_bits, int limbs)
{
    ckks_params params = scheme_params(LOG_N, 4, q_bits, 2);

    scheme_start(&t->s, &params, 0);
    t->re = scheme_vector(&t->s, 0, 1);
    t->im = scheme_vector(&t->s, 0, 1);
    t->re2 = scheme_vector(&t->s, 0, 1);
    t->im2 = scheme_vector(&t->s, 0, 1);
    circle(&t->s, t->re, t->im);
    circle(&t->s, t->re2, t->im2);
    t->a = scheme_encrypt(&t->s, t->re, t->im, limbs, ckks_scale_from(exp2(scale_bits)));
    t->b = scheme_encrypt(&t->s, t->re2, t->im2, limbs, ckks_scale_from(exp2(scale_bits)));
    t->c = scheme_empty(&t->s);
}

static void stop(setup *t)
{
    ckks_ciphertext_free(t->a);
    ckks_ciphertext_free(t->b);
    ckks_ciphertext_free(t->c);
    free(t->re);
    free(t->im);
    free(t->re2);
    free(t->im2);
    scheme_stop(&t->s);
}

/* re2 + i im2 = product of both vectors. */
static void multiply(setup *t)
{
    for (size_t j = 0; j < t->s.slots; j++) {
        double x = t->re[j] * t->re2[j] - t->im[j] * t->im2[j];
        double y = t->re[j] * t->im2[j] + t->im[j] * t->re2[j];
        t->re2[j] = x;
        t->im2[j] = y;
    }
}

static void fresh_and_sums(void **state)
{
    setup t;

    (void)state;
    start(&t, 40, 35, 2);
    scheme_assert_error(&t.s, t.a, t.re, t.im, 0.93, 1.07);
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.c, t.a, t.b));
    for (size_t j = 0; j < t.s.slots; j++) {
        t.re2[j] += t.re[j];
        t.im2[j] += t.im[j];
    }
    scheme_assert_error(&t.s, t.c, t.re2, t.im2, 0.93, 1.07);
    /* twice the same error adds up, not in squares */
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.c, t.a, t.a));
    for (size_t j = 0; j < t.s.slots; j++) {
        t.re[j] *= 2.0;
        t.im[j] *= 2.0;
    }
    scheme_assert_error(&t.s, t.c, t.re, t.im, 0.93, 1.07);
    stop(&t);
}

static void products(void **state)
{
    setup t;

    (void)state;
    start(&t, 40, 35, 3);
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, t.c, t.a, t.b));
    multiply(&t);
    scheme_assert_error(&t.s, t.c, t.re2, t.im2, 0.92, 1.08);
    scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.c, t.a));
    memcpy(t.re2, t.re, t.s.slots * sizeof *t.re);
    memcpy(t.im2, t.im, t.s.slots * sizeof *t.im);
    multiply(&t);
    scheme_assert_error(&t.s, t.c, t.re2, t.im2, 0.92, 1.08);
    stop(&t);
}

static void plain_product(void **state)
{
    ckks_plaintext *p = NULL;
    setup t;

    (void)state;
    /* a plaintext of little precision, so that its rounding is seen: 2^12 against the error of 2^35
     */
    start(&t, 40, 35, 3);
    scheme_ok(t.s.w, ckks_plaintext_create(&p, t.s.ctx));
    scheme_ok(t.s.w, ckks_encode(t.s.w, p, t.re2, t.im2, t.s.slots, 3, ckks_scale_from(0x1p12)));
    scheme_ok(t.s.w, ckks_eval_mul_plain(t.s.w, t.c, t.a, p));
    multiply(&t);
    scheme_assert_error(&t.s, t.c, t.re2, t.im2, 0.92, 1.08);
    ckks_plaintext_free(p);
    stop(&t);
}

static void divisions(void **state)
{
    setup t;

    (void)state;
    /* from 2^60 to 2^20: what stays is the rounding */
    start(&t, 40, 60, 3);
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, t.c, t.a));
    testing_assert_near(ckks_ciphertext_error(t.c) /
                            ckks_noise_divide(t.s.ctx, 2, ckks_ciphertext_scale(t.c)),
                        1.0, 1e-6);
    scheme_assert_error(&t.s, t.c, t.re, t.im, 0.9, 1.1);
    scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.c, t.a));
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, t.c, t.c));
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, t.c, t.c));
    memcpy(t.re2, t.re, t.s.slots * sizeof *t.re);
    memcpy(t.im2, t.im, t.s.slots * sizeof *t.im);
    multiply(&t);
    /* three parts: with s^2 in it the tails are heavier still, only the deviation is compared */
    testing_assert_near(scheme_measure(&t.s, t.c, t.re2, t.im2).std / ckks_ciphertext_error(t.c),
                        1.0, 0.3);
    stop(&t);
}

static void key_switches(void **state)
{
    ckks_key_spec specs[] = {{CKKS_KEY_CONJUGATE, 0, 4, 1, 1},
                             {CKKS_KEY_CONJUGATE, 0, 3, 1, 2},
                             {CKKS_KEY_CONJUGATE, 0, 2, 2, 2},
                             {CKKS_KEY_RELINEARISE, 0, 4, 1, 1}};
    setup t;

    (void)state;
    start(&t, 46, 30, 4);
    for (int i = 0; i < 3; i++) {
        scheme_keys(&t.s, &specs[i], 1);
        scheme_ok(t.s.w, ckks_eval_drop(t.s.w, t.c, t.a, specs[i].limbs));
        scheme_ok(t.s.w, ckks_eval_conjugate(t.s.w, t.c, t.c));
        for (size_t j = 0; j < t.s.slots; j++)
            t.im2[j] = -t.im[j];
        scheme_assert_error(&t.s, t.c, t.re, t.im2, 0.85, 1.15);
    }
    scheme_keys(&t.s, &specs[3], 1);
    memcpy(t.re2, t.re, t.s.slots * sizeof *t.re);
    memcpy(t.im2, t.im, t.s.slots * sizeof *t.im);
    multiply(&t);
    scheme_ok(t.s.w, ckks_eval_square(t.s.w, t.c, t.a, 1));
    scheme_assert_error(&t.s, t.c, t.re2, t.im2, 0.9, 1.1);
    stop(&t);
}

static void formulas(void **state)
{
    setup t;
    ckks_scale one = ckks_scale_from(1.0);
    double n = 1 << LOG_N;

    (void)state;
    start(&t, 40, 30, 1);
    assert_true(ckks_noise_add(3.0, 4.0) == 5.0);
    testing_assert_near(ckks_noise_sigma(), sqrt(42.0) / 2.0, 1e-12);
    testing_assert_near(ckks_noise_encode(t.s.ctx, one), sqrt(n / 24.0), 1e-9);
    testing_assert_near(ckks_noise_encrypt(t.s.ctx, one), sqrt(10.5 * n / 2.0), 1e-9);
    testing_assert_near(ckks_noise_encrypt_public(t.s.ctx, one),
                        sqrt(10.5 * (1 + 4 * n / 3) * n / 2), 1e-6);
    testing_assert_near(ckks_noise_divide(t.s.ctx, 2, one), sqrt((1 + 2 * n / 3) / 12 * n / 2),
                        1e-6);
    testing_assert_near(ckks_noise_divide_c1(t.s.ctx, one), sqrt(2 * n / 3 / 12 * n / 2), 1e-6);
    testing_assert_near(ckks_noise_mul(2.0, 0.0, 3.0, 0.5), 1.0, 1e-12);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_and_sums), cmocka_unit_test(products),
        cmocka_unit_test(plain_product),  cmocka_unit_test(divisions),
        cmocka_unit_test(key_switches),   cmocka_unit_test(formulas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
