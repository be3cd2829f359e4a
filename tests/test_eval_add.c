/* Sums, plaintexts, constants, drops: values, metadata, aliases, every refusal. */
#include "tests/scheme.h"

#include "ckks/scheme/object.h"

enum { LOG_N = 10, N = 1 << LOG_N };

typedef struct setup {
    scheme s;
    double *x, *y, *z;
    ckks_ciphertext *a, *b, *c;
    ckks_plaintext *p;
} setup;

static void start(setup *t)
{
    ckks_params params = scheme_params(LOG_N, 3, 40, 0);

    scheme_start(&t->s, &params, 0);
    t->x = scheme_vector(&t->s, -1, 1);
    t->y = scheme_vector(&t->s, -1, 1);
    t->z = scheme_vector(&t->s, 0, 1);
    t->a = scheme_encrypt(&t->s, t->x, NULL, 3, ckks_scale_from(0x1p35));
    t->b = scheme_encrypt(&t->s, t->y, NULL, 3, ckks_scale_from(0x1p35));
    t->c = scheme_empty(&t->s);
    scheme_ok(t->s.w, ckks_plaintext_create(&t->p, t->s.ctx));
    scheme_ok(t->s.w,
              ckks_encode(t->s.w, t->p, t->y, NULL, t->s.slots, 3, ckks_scale_from(0x1p35)));
}

static void stop(setup *t)
{
    free(t->x);
    free(t->y);
    free(t->z);
    ckks_ciphertext_free(t->a);
    ckks_ciphertext_free(t->b);
    ckks_ciphertext_free(t->c);
    ckks_plaintext_free(t->p);
    scheme_stop(&t->s);
}

static void assert_same_rows(const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    assert_int_equal(a->limbs, b->limbs);
    assert_int_equal(a->parts, b->parts);
    for (int part = 0; part < a->parts; part++)
        assert_memory_equal(ckks_ciphertext_row(a, part, 0), ckks_ciphertext_row(b, part, 0),
                            (size_t)a->limbs * N * 8);
    assert_true(ckks_scale_equal(a->scale, b->scale));
    assert_int_equal(a->seeded, b->seeded);
}

static void values(void **state)
{
    setup t;

    (void)state;
    start(&t);
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.c, t.a, t.b));
    assert_int_equal(t.c->seeded, 0);
    assert_int_equal(t.a->seeded, 1);
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] = t.x[j] + t.y[j];
    scheme_assert_error(&t.s, t.c, t.z, NULL, 0.9, 1.1);
    assert_true(ckks_ciphertext_magnitude(t.c) ==
                ckks_ciphertext_magnitude(t.a) + ckks_ciphertext_magnitude(t.b));
    scheme_ok(t.s.w, ckks_eval_add_plain(t.s.w, t.c, t.a, t.p));
    scheme_assert_error(&t.s, t.c, t.z, NULL, 0.9, 1.1);
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] = t.x[j] - t.y[j];
    scheme_ok(t.s.w, ckks_eval_sub(t.s.w, t.c, t.a, t.b));
    scheme_assert_error(&t.s, t.c, t.z, NULL, 0.9, 1.1);
    scheme_ok(t.s.w, ckks_eval_sub_plain(t.s.w, t.c, t.a, t.p));
    scheme_assert_error(&t.s, t.c, t.z, NULL, 0.9, 1.1);
    scheme_ok(t.s.w, ckks_eval_negate(t.s.w, t.c, t.a));
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] = -t.x[j];
    scheme_assert_error(&t.s, t.c, t.z, NULL, 0.9, 1.1);
    stop(&t);
}

static void aliases_give_the_same(void **state)
{
    ckks_ciphertext *in_place = NULL;
    setup t;

    (void)state;
    start(&t);
    in_place = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.c, t.a, t.b));
    scheme_ok(t.s.w, ckks_ciphertext_copy(in_place, t.a));
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, in_place, in_place, t.b));
    assert_same_rows(in_place, t.c);
    scheme_ok(t.s.w, ckks_ciphertext_copy(in_place, t.b));
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, in_place, t.a, in_place));
    assert_same_rows(in_place, t.c);
    scheme_ok(t.s.w, ckks_eval_sub(t.s.w, t.c, t.a, t.b));
    scheme_ok(t.s.w, ckks_ciphertext_copy(in_place, t.b));
    scheme_ok(t.s.w, ckks_eval_sub(t.s.w, in_place, t.a, in_place));
    assert_same_rows(in_place, t.c);
    scheme_ok(t.s.w, ckks_eval_negate(t.s.w, in_place, t.c));
    scheme_ok(t.s.w, ckks_eval_negate(t.s.w, in_place, in_place));
    assert_same_rows(in_place, t.c);
    scheme_ok(t.s.w, ckks_eval_add_plain(t.s.w, t.c, t.a, t.p));
    scheme_ok(t.s.w, ckks_ciphertext_copy(in_place, t.a));
    scheme_ok(t.s.w, ckks_eval_add_plain(t.s.w, in_place, in_place, t.p));
    assert_same_rows(in_place, t.c);
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.c, t.a, -1.5, ckks_scale_from(0x1p10)));
    scheme_ok(t.s.w, ckks_ciphertext_copy(in_place, t.a));
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, in_place, in_place, -1.5, ckks_scale_from(0x1p10)));
    assert_same_rows(in_place, t.c);
    scheme_ok(t.s.w, ckks_eval_drop(t.s.w, t.c, t.a, 2));
    scheme_ok(t.s.w, ckks_ciphertext_copy(in_place, t.a));
    scheme_ok(t.s.w, ckks_eval_drop(t.s.w, in_place, in_place, 2));
    assert_same_rows(in_place, t.c);
    assert_int_equal(in_place->seeded, 1); /* dropping limbs keeps the seed's meaning */
    ckks_ciphertext_free(in_place);
    stop(&t);
}

static void parts_may_differ(void **state)
{
    ckks_ciphertext *d = NULL;
    setup t;

    (void)state;
    start(&t);
    d = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.c, t.a));
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, d, t.b, 1.0, t.a->scale));
    scheme_ok(t.s.w, ckks_eval_sub(t.s.w, d, d, t.c));
    assert_int_equal(d->parts, 3);
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] = t.y[j] - t.x[j] * t.x[j];
    scheme_assert_error(&t.s, d, t.z, NULL, 0.5, 1.1);
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, d, t.b, 1.0, t.a->scale));
    scheme_ok(t.s.w, ckks_eval_sub(t.s.w, d, t.c, d));
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] = -t.z[j];
    scheme_assert_error(&t.s, d, t.z, NULL, 0.5, 1.1);
    scheme_ok(t.s.w, ckks_eval_add_const(t.s.w, d, d, 1.0));
    assert_int_equal(d->parts, 3);
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] += 1.0;
    scheme_assert_error(&t.s, d, t.z, NULL, 0.5, 1.1);
    ckks_ciphertext_free(d);
    stop(&t);
}

static void constants(void **state)
{
    setup t;

    (void)state;
    start(&t);
    for (int i = 0; i < 12; i++) {
        double k = i == 0 ? 0.0 : testing_uniform(&t.s.rng, -100, 100);
        double scale = exp2(testing_uniform(&t.s.rng, 1, 60));
        scheme_ok(t.s.w, ckks_eval_add_const(t.s.w, t.c, t.a, k));
        for (size_t j = 0; j < t.s.slots; j++)
            t.z[j] = t.x[j] + k;
        scheme_assert_error(&t.s, t.c, t.z, NULL, 0.85, 1.15);
        scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.c, t.a, k, ckks_scale_from(scale)));
        for (size_t j = 0; j < t.s.slots; j++)
            t.z[j] = t.x[j] * k;
        /* the rounding of k counts at the magnitude, where few slots are */
        scheme_assert_error(&t.s, t.c, t.z, NULL, 0.3, 1.15);
    }
    /* integers at scale 1 are exact: three times is a + a + a, bit for bit */
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.c, t.a, 3.0, ckks_scale_from(1.0)));
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.b, t.a, t.a));
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.b, t.b, t.a));
    assert_same_rows(t.b, t.c);
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.c, t.a, -1.0, ckks_scale_from(1.0)));
    scheme_ok(t.s.w, ckks_eval_negate(t.s.w, t.b, t.a));
    assert_same_rows(t.b, t.c);
    stop(&t);
}

/* Constants at scales beyond 2^62 and 2^106 are still the nearest integer. */
static void large_scales(void **state)
{
    ckks_plaintext *p = NULL;
    setup t;

    (void)state;
    start(&t);
    scheme_ok(t.s.w, ckks_plaintext_create(&p, t.s.ctx));
    for (int log2_scale = 40; log2_scale <= 80; log2_scale += 10) {
        ckks_scale scale =
            ckks_scale_mul_prime(ckks_scale_from(exp2(log2_scale - 35)), (UINT64_C(1) << 35) + 1);
        double k = 1.0 / 3.0;
        double got[4];
        scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.c, t.a, k, scale));
        scheme_ok(t.s.w, ckks_eval_add_const(t.s.w, t.c, t.c, k));
        scheme_ok(t.s.w, ckks_decrypt(t.s.w, p, t.s.sk, t.c));
        scheme_ok(t.s.w, ckks_decode(t.s.w, got, NULL, 4, p));
        for (size_t j = 0; j < 4; j++)
            testing_assert_near(got[j], t.x[j] * k + k, 7.0 * ckks_ciphertext_error(t.a));
    }
    /* (2^35 + 1) (2^46 + 1) as one scale has 82 bits, the last of them in its low part; as two
     * factors each is exact: the same rows */
    {
        ckks_scale both =
            ckks_scale_mul_prime(ckks_scale_from(0x1p35 + 1.0), (UINT64_C(1) << 46) + 1);
        scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.c, t.a, 1.0, both));
        scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.b, t.a, 1.0, ckks_scale_from(0x1p35 + 1.0)));
        scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, t.b, t.b, 1.0, ckks_scale_from(0x1p46 + 1.0)));
        assert_same_rows(t.b, t.c);
    }
    ckks_plaintext_free(p);
    stop(&t);
}

static void refusals(void **state)
{
    ckks_params others = scheme_params(LOG_N, 2, 40, 0);
    ckks_ciphertext before;
    ckks_ciphertext *foreign = NULL;
    ckks_ciphertext *empty = NULL;
    ckks_ciphertext *low = NULL;
    ckks_scale one = ckks_scale_from(1.0);
    scheme u;
    setup t;

    (void)state;
    start(&t);
    scheme_start(&u, &others, 0);
    foreign = scheme_encrypt(&u, t.x, NULL, 2, ckks_scale_from(0x1p35));
    empty = scheme_empty(&t.s);
    low = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_eval_drop(t.s.w, low, t.b, 2));
    scheme_ok(t.s.w, ckks_eval_add(t.s.w, t.c, t.a, t.b));
    before = *t.c;
    assert_int_equal(ckks_eval_add(NULL, t.c, t.a, t.b), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_add(t.s.w, NULL, t.a, t.b), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_add(t.s.w, t.c, NULL, t.b), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_add(t.s.w, t.c, t.a, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_add(t.s.w, t.c, t.a, empty), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_add(t.s.w, t.c, t.a, foreign), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_eval_add(t.s.w, foreign, t.a, t.b), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_eval_add(t.s.w, t.c, t.a, low), CKKS_ERR_LEVEL);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "3 and 2 limbs"));
    scheme_ok(t.s.w, ckks_eval_mul_const(t.s.w, low, t.b, 1.0, ckks_scale_from(1.0 + 0x1p-50)));
    assert_int_equal(ckks_eval_sub(t.s.w, t.c, t.a, low), CKKS_ERR_SCALE);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "differ"));
    assert_int_equal(ckks_eval_negate(t.s.w, t.c, empty), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_negate(t.s.w, t.c, foreign), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_eval_drop(t.s.w, t.c, t.a, 0), CKKS_ERR_LEVEL);
    assert_int_equal(ckks_eval_drop(t.s.w, t.c, t.a, 4), CKKS_ERR_LEVEL);
    assert_int_equal(ckks_eval_add_const(t.s.w, t.c, t.a, NAN), CKKS_ERR_RANGE);
    assert_int_equal(ckks_eval_add_const(t.s.w, t.c, t.a, INFINITY), CKKS_ERR_RANGE);
    assert_int_equal(ckks_eval_add_const(t.s.w, t.c, t.a, 0x1p90), CKKS_ERR_RANGE);
    assert_int_equal(ckks_eval_mul_const(t.s.w, t.c, t.a, NAN, one), CKKS_ERR_RANGE);
    assert_int_equal(ckks_eval_mul_const(t.s.w, t.c, t.a, 1.0, ckks_scale_from(0.0)), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul_const(t.s.w, t.c, t.a, 1.0, ckks_scale_from(NAN)), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul_const(t.s.w, t.c, t.a, 1.0, ckks_scale_from(0x1p92)),
                     CKKS_ERR_SCALE);
    assert_int_equal(ckks_eval_add_plain(t.s.w, t.c, t.a, NULL), CKKS_ERR_ARG);
    scheme_ok(t.s.w, ckks_encode(t.s.w, t.p, t.y, NULL, t.s.slots, 3, ckks_scale_from(0x1p34)));
    assert_int_equal(ckks_eval_add_plain(t.s.w, t.c, t.a, t.p), CKKS_ERR_SCALE);
    scheme_ok(t.s.w, ckks_encode(t.s.w, t.p, t.y, NULL, t.s.slots, 2, ckks_scale_from(0x1p35)));
    assert_int_equal(ckks_eval_sub_plain(t.s.w, t.c, t.a, t.p), CKKS_ERR_LEVEL);
    t.p->context_id ^= 1;
    assert_int_equal(ckks_eval_sub_plain(t.s.w, t.c, t.a, t.p), CKKS_ERR_MISMATCH);
    t.p->context_id ^= 1;
    assert_memory_equal(t.c, &before, sizeof before);
    ckks_ciphertext_free(foreign);
    ckks_ciphertext_free(empty);
    ckks_ciphertext_free(low);
    scheme_stop(&u);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),           cmocka_unit_test(aliases_give_the_same),
        cmocka_unit_test(parts_may_differ), cmocka_unit_test(constants),
        cmocka_unit_test(large_scales),     cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
