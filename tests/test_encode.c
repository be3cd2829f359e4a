/* Encoding against the definition by sums in long double, round trips with derived bounds, every
 * refusal. */
#include "tests/scheme.h"

#include "ckks/kernel/ntt.h"
#include "ckks/scheme/encode.h"
#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"

/* Slot j of an element of the real ring: a_0 + sum of 2 a_k cos(pi 5^j k / (2 N)). */
static void real_slot_by_sum(long double *re, const int64_t *coefs, size_t n, size_t j)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    size_t power = 1;

    for (size_t i = 0; i < j; i++)
        power = power * 5 % (4 * n);
    *re = (long double)coefs[0];
    for (size_t k = 1; k < n; k++)
        *re += 2 * (long double)coefs[k] *
               cosl(pi * (long double)(power * k % (4 * n)) / (2 * (long double)n));
}

/* Slot j of a polynomial with integer coefficients: value at exp(i pi 5^j / N), by the definition.
 */
static void slot_by_sum(long double *re, long double *im, const int64_t *coefs, size_t n, size_t j)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    size_t power = 1;

    for (size_t i = 0; i < j; i++)
        power = power * 5 % (2 * n);
    *re = 0.0L;
    *im = 0.0L;
    for (size_t k = 0; k < n; k++) {
        long double angle = pi * (long double)(power * k % (2 * n)) / (long double)n;
        *re += (long double)coefs[k] * cosl(angle);
        *im += (long double)coefs[k] * sinl(angle);
    }
}

static void coefficients_have_the_right_slots(void **state)
{
    ckks_params params = scheme_params(6, 1, 40, 0);
    _Alignas(64) int64_t coefs[64];
    double magnitude = 0.0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int round = 0; round < 8; round++) {
        double *re = scheme_vector(&s, -1, 1);
        double *im = scheme_vector(&s, -1, 1);
        double scale = exp2(10 + 5 * round);
        double off = scale < 64.0 * 64.0 ? 1.0 : 0.5; /* dithered, or to nearest */
        assert_int_equal(ckks_encode_coefs(s.w, coefs, &magnitude, re, scheme_imaginary(&s, im),
                                           s.slots, ckks_scale_from(scale)),
                         CKKS_OK);
        for (size_t j = 0; j < s.slots; j++) {
            long double x = 0.0L;
            long double y = 0.0L;
            if (params.ring == CKKS_RING_REAL) {
                /* twice 63 coefficients and one */
                real_slot_by_sum(&x, coefs, 64, j);
                testing_assert_near(x - (long double)re[j] * scale, 0.0,
                                    127.0 * off + scale * 0x1p-45);
                assert_true(magnitude >= fabs(re[j]));
                continue;
            }
            slot_by_sum(&x, &y, coefs, 64, j);
            /* 64 coefficients, each off by so much, or by the transform: 2^-50 of the scale */
            testing_assert_near(x - (long double)re[j] * scale, 0.0, 64.0 * off + scale * 0x1p-46);
            testing_assert_near(y - (long double)im[j] * scale, 0.0, 64.0 * off + scale * 0x1p-46);
            assert_true(magnitude >= hypot(re[j], im[j]));
        }
        free(re);
        free(im);
    }
    scheme_stop(&s);
}

/* The magnitude is that of the largest complex value, whichever part is larger, near overflow, near
 * underflow. */
static void magnitudes(void **state)
{
    static const double parts[][2] = {{0.0, 3.0},       {3.0, -4.0},         {-5.0, 1e-9},
                                      {1e200, 1e200},   {-1.7e308, 1.0e300}, {1e-300, -1e-300},
                                      {0.0, 0x1p-1074}, {0.0, 0.0}};
    ckks_params params = scheme_params(6, 1, 40, 0);
    _Alignas(64) int64_t coefs[64];
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        double re[7] = {0};
        double im[7] = {0};
        double magnitude = -1.0;
        double want = 0.0;

        re[i % 7] = parts[i][0];
        im[i % 7] = parts[i][1];
        want =
            scheme_imaginary(&s, im) == NULL ? fabs(parts[i][0]) : hypot(parts[i][0], parts[i][1]);
        assert_int_equal(ckks_encode_coefs(s.w, coefs, &magnitude, re, scheme_imaginary(&s, im), 7,
                                           ckks_scale_from(0x1p-980)),
                         CKKS_OK);
        assert_true(magnitude >= want && magnitude <= want * (1.0 + 0x1p-48));
        assert_int_equal(
            ckks_encode_coefs(s.w, coefs, &magnitude, im, NULL, 7, ckks_scale_from(0x1p-980)),
            CKKS_OK);
        assert_true(magnitude == fabs(parts[i][1]));
    }
    scheme_stop(&s);
}

static void round_trip(int limbs, double log2_scale, double size, int complex_slots)
{
    ckks_params params = scheme_params(10, 4, 45, 0);
    ckks_plaintext *p = NULL;
    scheme s;
    double *re = NULL;
    double *im = NULL;
    double *x = NULL;
    double *y = NULL;
    double sum = 0.0;
    double rounding = 0.0;
    double bound = 0.0;
    double parts = 2.0;

    if (params.ring == CKKS_RING_REAL)
        complex_slots = 0;
    scheme_start(&s, &params, 0);
    re = scheme_vector(&s, -size, size);
    im = scheme_vector(&s, -size, size);
    x = scheme_vector(&s, 0, 1);
    y = scheme_vector(&s, 0, 1);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, re, complex_slots ? im : NULL, s.slots, limbs,
                               ckks_scale_from(exp2(log2_scale))));
    scheme_ok(s.w, ckks_decode(s.w, x, y, s.slots, p));
    /* Rounding: deviation sqrt(N/24) a part, 6.5 of them at most; transforms: 2^-49 relative to the
     * size. Of real slots the coefficients are those of X and 1/X alike, and so is what they are
     * rounded by: all of it falls on the real parts. In the real ring nothing else is, and the
     * deviation is sqrt(2N/12). */
    rounding = sqrt(1024.0 / 24.0) / exp2(log2_scale);
    bound = 6.5 * (complex_slots ? 1.0 : sqrt(2.0)) * rounding + size * 0x1p-47;
    if (params.ring == CKKS_RING_REAL) {
        parts = 1.0;
        rounding = sqrt(2048.0 / 12.0) / exp2(log2_scale);
        bound = 6.5 * rounding + size * 0x1p-47;
    }
    for (size_t j = 0; j < s.slots; j++) {
        double dx = x[j] - re[j];
        double dy = y[j] - (complex_slots ? im[j] : 0.0);
        testing_assert_near(dx, 0.0, bound);
        testing_assert_near(dy, 0.0, bound);
        sum += dx * dx + dy * dy;
    }
    /* where rounding dominates, its deviation is as predicted within 10 % */
    if (rounding > 64 * size * 0x1p-49)
        testing_assert_near(sqrt(sum / (parts * (double)s.slots)) / rounding, 1.0, 0.1);
    assert_true(p->error == rounding || fabs(p->error / rounding - 1.0) < 1e-12);
    free(re);
    free(im);
    free(x);
    free(y);
    ckks_plaintext_free(p);
    scheme_stop(&s);
}

static void round_trips(void **state)
{
    (void)state;
    round_trip(1, 20, 1.0, 1);
    round_trip(1, 30, 100.0, 0);
    round_trip(1, 43, 0.9, 1);
    round_trip(2, 40, 0.001, 1);
    round_trip(2, 52, 900.0, 0);
    round_trip(3, 30, 1e6, 1);
    round_trip(4, 54, 100.0, 1);
    round_trip(4, 61, 0.9, 0);
}

/* One value in one slot at a scale where all coefficients are below 1/2, and to nearest nothing
 * would remain of it; at greater ones, where the nearest lose a share of it. */
static void one_value_at_small_scales(void **state)
{
    ckks_params params = scheme_params(10, 1, 40, 0);
    ckks_plaintext *p = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    double *re = calloc(s.slots, sizeof *re);
    double *x = calloc(s.slots, sizeof *x);
    assert_true(re != NULL && x != NULL);
    for (int bits = 7; bits < 20; bits += 3) {
        /* N coefficients of deviation 1/2 at most */
        double g = params.ring == CKKS_RING_REAL ? 2048.0 : 512.0;
        double most = sqrt(g / 4.0) / exp2(bits);
        double sum = 0.0;
        for (size_t j = 0; j < 64; j++) {
            re[j] = 0.9;
            scheme_ok(s.w, ckks_encode(s.w, p, re, NULL, s.slots, 1, ckks_scale_from(exp2(bits))));
            scheme_ok(s.w, ckks_decode(s.w, x, NULL, s.slots, p));
            sum += x[j] - 0.9;
            re[j] = 0.0;
        }
        testing_assert_near(sum / 64.0, 0.0, 6.0 * most / 8.0);
    }
    free(re);
    free(x);
    ckks_plaintext_free(p);
    scheme_stop(&s);
}

/* The same values give the same coefficients, and others are rounded otherwise. */
static void dithered_alike(void **state)
{
    ckks_params params = scheme_params(10, 1, 40, 0);
    ckks_scale scale = ckks_scale_from(0x1p12);
    _Alignas(64) int64_t first[1024];
    _Alignas(64) int64_t again[1024];
    size_t differ = 0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    assert_true(ckks_noise_dithers(s.ctx, scale));
    assert_false(ckks_noise_dithers(s.ctx, ckks_scale_from(0x1p20)));
    double *re = scheme_vector(&s, -1, 1);
    scheme_ok(s.w, ckks_encode_coefs(s.w, first, NULL, re, NULL, s.slots, scale));
    scheme_ok(s.w, ckks_encode_coefs(s.w, again, NULL, re, NULL, s.slots, scale));
    assert_memory_equal(first, again, sizeof first);
    re[5] += 1e-9;
    scheme_ok(s.w, ckks_encode_coefs(s.w, again, NULL, re, NULL, s.slots, scale));
    for (size_t k = 0; k < 1024; k++)
        differ += first[k] != again[k];
    /* a third of them on average: 2 f (1 - f) of a fraction f */
    assert_in_range(differ, 200, 500);
    free(re);
    scheme_stop(&s);
}

static void few_values_leave_zeros(void **state)
{
    ckks_params params = scheme_params(10, 2, 45, 0);
    double few[3] = {1.0, -2.0, 3.0};
    double got[8];
    ckks_plaintext *p = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, few, NULL, 3, 2, ckks_scale_from(0x1p40)));
    scheme_ok(s.w, ckks_decode(s.w, got, NULL, 8, p));
    for (int j = 0; j < 8; j++)
        testing_assert_near(got[j], j < 3 ? few[j] : 0.0, 0x1p-33);
    scheme_ok(s.w, ckks_encode(s.w, p, NULL, NULL, 0, 1, ckks_scale_from(0x1p40)));
    scheme_ok(s.w, ckks_decode(s.w, got, NULL, 8, p));
    for (int j = 0; j < 8; j++)
        assert_true(got[j] == 0.0);
    scheme_ok(s.w, ckks_decode(s.w, NULL, NULL, 0, p));
    ckks_plaintext_free(p);
    scheme_stop(&s);
}

/* A value far above the declared magnitude is still decoded right: the declaration is no mask.
 * Here 2^60 is declared as 2^30, and two limbs of 30 bits would not hold it. */
static void understated_magnitude(void **state)
{
    double bits[] = {30, 30, 30, 30};
    ckks_params params;
    double value[1024];
    double got = 0.0;
    ckks_plaintext *p = NULL;
    char why[200] = "";
    scheme s;

    (void)state;
    assert_int_equal(
        ckks_params_generate(&params, scheme_ring, 10, bits, 4, NULL, 0, 0, why, sizeof why),
        CKKS_OK);
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    for (size_t j = 0; j < s.slots; j++)
        value[j] = 1.0; /* a constant: one coefficient of 2^60 */
    scheme_ok(s.w, ckks_encode(s.w, p, value, NULL, s.slots, 4, ckks_scale_from(0x1p60)));
    p->magnitude = 0x1p-30;
    p->error = 0.0;
    scheme_ok(s.w, ckks_decode(s.w, &got, NULL, 1, p));
    testing_assert_near(got, 1.0, 0x1p-45);
    ckks_plaintext_free(p);
    scheme_stop(&s);
}

static void refusals(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 0);
    ckks_params others = scheme_params(10, 1, 40, 0);
    double x[2] = {1.0, 2.0};
    double bad[2] = {1.0, NAN};
    ckks_scale scale = ckks_scale_from(0x1p30);
    ckks_plaintext *p = NULL;
    ckks_plaintext *foreign = NULL;
    ckks_plaintext before;
    scheme s;
    scheme t;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_start(&t, &others, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_plaintext_create(&foreign, t.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, x, NULL, 2, 2, scale));
    before = *p;
    assert_int_equal(ckks_encode(NULL, p, x, NULL, 2, 1, scale), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, NULL, x, NULL, 2, 1, scale), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, NULL, NULL, 2, 1, scale), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, foreign, x, NULL, 2, 1, scale), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, s.slots + 1, 1, scale), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 0, scale), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 3, scale), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 1, ckks_scale_from(0.0)), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 1, ckks_scale_from(NAN)), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 1, ckks_scale_from(INFINITY)), CKKS_ERR_ARG);
    assert_int_equal(ckks_encode(s.w, p, bad, NULL, 2, 1, scale), CKKS_ERR_RANGE);
    assert_int_equal(ckks_encode(s.w, p, x, bad, 2, 1, scale),
                     params.ring == CKKS_RING_REAL ? CKKS_ERR_ARG : CKKS_ERR_RANGE);
    if (params.ring == CKKS_RING_REAL)
        assert_non_null(strstr(ckks_worker_error(s.w), "imaginary"));
    bad[1] = -INFINITY;
    assert_int_equal(ckks_encode(s.w, p, bad, NULL, 2, 1, scale), CKKS_ERR_RANGE);
    /* 2 * 2^43 is a quarter of a 46-bit prime and more; at two limbs it fits */
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 1, ckks_scale_from(0x1p43)), CKKS_ERR_RANGE);
    assert_non_null(strstr(ckks_worker_error(s.w), "2^43"));
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 2, ckks_scale_from(0x1p61)), CKKS_ERR_RANGE);
    assert_memory_equal(p, &before, sizeof before);
    assert_int_equal(ckks_encode(s.w, p, x, NULL, 2, 2, ckks_scale_from(0x1p43)), CKKS_OK);
    assert_int_equal(ckks_decode(s.w, x, NULL, s.slots + 1, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_decode(s.w, x, NULL, 2, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_decode(NULL, x, NULL, 2, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_decode(s.w, NULL, NULL, 2, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_decode(t.w, x, NULL, 2, p), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_decode(s.w, x, NULL, 2, foreign), CKKS_ERR_ARG);
    ckks_plaintext_free(p);
    ckks_plaintext_free(foreign);
    scheme_stop(&t);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_have_the_right_slots),
        cmocka_unit_test(magnitudes),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(one_value_at_small_scales),
        cmocka_unit_test(dithered_alike),
        cmocka_unit_test(few_values_leave_zeros),
        cmocka_unit_test(understated_magnitude),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
