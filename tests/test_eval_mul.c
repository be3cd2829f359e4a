/* Products, relinearisation, rescaling: values, exactness where it is due, aliases, every refusal.
 */
#include "tests/scheme.h"

#include "ckks/scheme/object.h"

enum { LOG_N = 10, N = 1 << LOG_N };

typedef struct setup {
    scheme s;
    double *x, *y, *z;
    ckks_ciphertext *a, *b, *c, *d;
} setup;

static void start(setup *t, int with_keys)
{
    ckks_params params = scheme_params(LOG_N, 4, 40, 2);
    ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 4, 1, 1},
                             {CKKS_KEY_RELINEARISE, 0, 3, 2, 2}};

    scheme_start(&t->s, &params, 0);
    if (with_keys)
        scheme_keys(&t->s, specs, 2);
    t->x = scheme_vector(&t->s, -1, 1);
    t->y = scheme_vector(&t->s, -1, 1);
    t->z = scheme_vector(&t->s, 0, 1);
    t->a = scheme_encrypt(&t->s, t->x, NULL, 4, ckks_scale_from(0x1p40));
    t->b = scheme_encrypt(&t->s, t->y, NULL, 4, ckks_scale_from(0x1p38));
    t->c = scheme_empty(&t->s);
    t->d = scheme_empty(&t->s);
}

static void stop(setup *t)
{
    free(t->x);
    free(t->y);
    free(t->z);
    ckks_ciphertext_free(t->a);
    ckks_ciphertext_free(t->b);
    ckks_ciphertext_free(t->c);
    ckks_ciphertext_free(t->d);
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
}

static void multiply(setup *t)
{
    for (size_t j = 0; j < t->s.slots; j++)
        t->z[j] = t->x[j] * t->y[j];
}

static void values(void **state)
{
    setup t;

    (void)state;
    start(&t, 1);
    multiply(&t);
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, t.c, t.a, t.b));
    assert_int_equal(t.c->parts, 3);
    assert_true(ckks_ciphertext_scale(t.c).hi == 0x1p78);
    scheme_assert_error(&t.s, t.c, t.z, NULL, 0.4, 1.1);
    scheme_ok(t.s.w, ckks_eval_mul(t.s.w, t.d, t.a, t.b, 0));
    assert_int_equal(t.d->parts, 2);
    assert_int_equal(t.d->limbs, 4);
    scheme_assert_error(&t.s, t.d, t.z, NULL, 0.4, 1.15);
    scheme_ok(t.s.w, ckks_eval_mul(t.s.w, t.d, t.a, t.b, 1));
    assert_int_equal(t.d->limbs, 3);
    assert_true(ckks_scale_equal(t.d->scale,
                                 ckks_scale_div_prime(ckks_scale_from(0x1p78), t.s.params.q[3])));
    scheme_assert_error(&t.s, t.d, t.z, NULL, 0.4, 1.15);
    /* the other key, two levels lower; a depth of three in all */
    scheme_ok(t.s.w, ckks_eval_square(t.s.w, t.d, t.d, 1));
    assert_int_equal(t.d->limbs, 2);
    for (size_t j = 0; j < t.s.slots; j++)
        t.z[j] *= t.z[j];
    scheme_assert_error(&t.s, t.d, t.z, NULL, 0.2, 1.15);
    stop(&t);
}

/* round(x / (P q)) and round(round(x / P) / q) differ only when x / P is within 1/2 of an odd
 * multiple of q / 2: one coefficient in 2^40. So the merged division gives the same rows. */
static void merged_rescale_agrees(void **state)
{
    ckks_ciphertext *e = NULL;
    setup t;

    (void)state;
    start(&t, 1);
    e = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, t.c, t.a, t.b));
    scheme_ok(t.s.w, ckks_eval_relinearise(t.s.w, t.d, t.c, 1));
    scheme_ok(t.s.w, ckks_eval_relinearise(t.s.w, e, t.c, 0));
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, e, e));
    assert_same_rows(t.d, e);
    ckks_ciphertext_free(e);
    stop(&t);
}

static void raw_then_relinearise_is_mul(void **state)
{
    setup t;

    (void)state;
    start(&t, 1);
    for (int rescale = 0; rescale < 2; rescale++) {
        scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, t.c, t.a, t.b));
        scheme_ok(t.s.w, ckks_eval_relinearise(t.s.w, t.c, t.c, rescale)); /* in place */
        scheme_ok(t.s.w, ckks_eval_mul(t.s.w, t.d, t.a, t.b, rescale));
        assert_same_rows(t.c, t.d);
        assert_true(t.c->error == t.d->error && t.c->magnitude == t.d->magnitude);
        scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.c, t.a));
        scheme_ok(t.s.w, ckks_eval_relinearise(t.s.w, t.c, t.c, rescale));
        scheme_ok(t.s.w, ckks_eval_square(t.s.w, t.d, t.a, rescale));
        assert_same_rows(t.c, t.d);
        scheme_ok(t.s.w, ckks_eval_mul(t.s.w, t.c, t.a, t.a, rescale));
        assert_same_rows(t.c, t.d);
    }
    stop(&t);
}

static void aliases(void **state)
{
    ckks_ciphertext *copy = NULL;
    ckks_plaintext *p = NULL;
    setup t;

    (void)state;
    start(&t, 1);
    copy = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, t.c, t.a, t.b));
    scheme_ok(t.s.w, ckks_ciphertext_copy(copy, t.a));
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, copy, copy, t.b));
    assert_same_rows(copy, t.c);
    scheme_ok(t.s.w, ckks_ciphertext_copy(copy, t.b));
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, copy, t.a, copy));
    assert_same_rows(copy, t.c);
    scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.c, t.a));
    scheme_ok(t.s.w, ckks_ciphertext_copy(copy, t.a));
    scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, copy, copy));
    assert_same_rows(copy, t.c);
    scheme_ok(t.s.w, ckks_eval_mul(t.s.w, t.c, t.a, t.b, 1));
    scheme_ok(t.s.w, ckks_ciphertext_copy(copy, t.b));
    scheme_ok(t.s.w, ckks_eval_mul(t.s.w, copy, t.a, copy, 1));
    assert_same_rows(copy, t.c);
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, t.c, t.a));
    scheme_ok(t.s.w, ckks_ciphertext_copy(copy, t.a));
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, copy, copy));
    assert_same_rows(copy, t.c);
    scheme_ok(t.s.w, ckks_plaintext_create(&p, t.s.ctx));
    scheme_ok(t.s.w, ckks_encode(t.s.w, p, t.y, NULL, t.s.slots, 4, ckks_scale_from(0x1p30)));
    scheme_ok(t.s.w, ckks_eval_mul_plain(t.s.w, t.c, t.a, p));
    scheme_ok(t.s.w, ckks_ciphertext_copy(copy, t.a));
    scheme_ok(t.s.w, ckks_eval_mul_plain(t.s.w, copy, copy, p));
    assert_same_rows(copy, t.c);
    multiply(&t);
    scheme_assert_error(&t.s, copy, t.z, NULL, 0.3, 1.1);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(copy);
    stop(&t);
}

/* The inputs' bytes stay as they were. */
static void inputs_are_unchanged(void **state)
{
    uint64_t *before = malloc((size_t)8 * N * 8);
    setup t;

    (void)state;
    assert_non_null(before);
    start(&t, 1);
    memcpy(before, ckks_ciphertext_row(t.a, 0, 0), (size_t)8 * N * 8);
    scheme_ok(t.s.w, ckks_eval_mul(t.s.w, t.c, t.a, t.b, 1));
    scheme_ok(t.s.w, ckks_eval_square(t.s.w, t.c, t.a, 0));
    scheme_ok(t.s.w, ckks_eval_rescale(t.s.w, t.c, t.a));
    assert_memory_equal(before, ckks_ciphertext_row(t.a, 0, 0), (size_t)8 * N * 8);
    free(before);
    stop(&t);
}

static void refusals(void **state)
{
    ckks_ciphertext before;
    ckks_ciphertext *low = NULL;
    ckks_ciphertext *raw = NULL;
    ckks_ciphertext *empty = NULL;
    ckks_plaintext *p = NULL;
    setup t;

    (void)state;
    start(&t, 0);
    low = scheme_empty(&t.s);
    raw = scheme_empty(&t.s);
    empty = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_plaintext_create(&p, t.s.ctx));
    scheme_ok(t.s.w, ckks_eval_drop(t.s.w, low, t.a, 1));
    scheme_ok(t.s.w, ckks_eval_mul_raw(t.s.w, raw, t.a, t.b));
    scheme_ok(t.s.w, ckks_ciphertext_copy(t.c, t.a));
    before = *t.c;
    assert_int_equal(ckks_eval_mul(t.s.w, t.c, t.a, t.b, 0), CKKS_ERR_NO_KEY);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "4 limbs"));
    assert_int_equal(ckks_eval_relinearise(t.s.w, t.c, raw, 0), CKKS_ERR_NO_KEY);
    assert_int_equal(ckks_eval_relinearise(t.s.w, t.c, t.a, 0), CKKS_ERR_DEGREE);
    assert_int_equal(ckks_eval_mul(t.s.w, t.c, raw, t.a, 0), CKKS_ERR_DEGREE);
    assert_int_equal(ckks_eval_mul_raw(t.s.w, t.c, t.a, raw), CKKS_ERR_DEGREE);
    assert_int_equal(ckks_eval_mul_raw(t.s.w, t.c, t.a, low), CKKS_ERR_LEVEL);
    assert_int_equal(ckks_eval_mul_raw(t.s.w, t.c, t.a, empty), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul_raw(t.s.w, NULL, t.a, t.b), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul_raw(NULL, t.c, t.a, t.b), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul(NULL, t.c, t.a, t.b, 0), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_square(NULL, t.c, t.a, 0), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_square_raw(t.s.w, t.c, low), CKKS_ERR_SCALE); /* 2^80 modulo 2^46 */
    assert_non_null(strstr(ckks_worker_error(t.s.w), "2^80"));
    assert_int_equal(ckks_eval_rescale(t.s.w, t.c, low), CKKS_ERR_LEVEL);
    assert_int_equal(ckks_eval_rescale(t.s.w, t.c, empty), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul_plain(t.s.w, t.c, t.a, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_mul_plain(t.s.w, t.c, t.a, p), CKKS_ERR_ARG);
    scheme_ok(t.s.w, ckks_encode(t.s.w, p, t.y, NULL, t.s.slots, 3, ckks_scale_from(0x1p30)));
    assert_int_equal(ckks_eval_mul_plain(t.s.w, t.c, t.a, p), CKKS_ERR_LEVEL);
    assert_int_equal(ckks_eval_mul_plain(t.s.w, t.c, low, p), CKKS_ERR_SCALE);
    p->context_id ^= 1;
    assert_int_equal(ckks_eval_mul_plain(t.s.w, t.c, low, p), CKKS_ERR_MISMATCH);
    assert_memory_equal(t.c, &before, sizeof before);
    assert_memory_equal(ckks_ciphertext_row(t.c, 0, 0), ckks_ciphertext_row(t.a, 0, 0),
                        (size_t)8 * N * 8);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(low);
    ckks_ciphertext_free(raw);
    ckks_ciphertext_free(empty);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(merged_rescale_agrees),
        cmocka_unit_test(raw_then_relinearise_is_mul),
        cmocka_unit_test(aliases),
        cmocka_unit_test(inputs_are_unchanged),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
