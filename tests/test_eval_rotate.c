/* Rotations and conjugation: direction, composition, keys of every shape, hoisting, refusals. */
#include "tests/scheme.h"

#include "ckks/scheme/object.h"

enum { LOG_N = 10, N = 1 << LOG_N };

typedef struct setup {
    scheme s;
    double *x, *y, *u, *v;
    ckks_ciphertext *a, *c, *d;
} setup;

static const ckks_key_spec specs[] = {
    {CKKS_KEY_ROTATE, 1, 4, 1, 1},    {CKKS_KEY_ROTATE, -1, 4, 2, 2},
    {CKKS_KEY_ROTATE, 5, 4, 3, 3},    {CKKS_KEY_ROTATE, 256, 4, 1, 2},
    {CKKS_KEY_ROTATE, 7, 4, 1, 1},    {CKKS_KEY_ROTATE, 8, 4, 1, 1},
    {CKKS_KEY_ROTATE, 9, 4, 1, 1},    {CKKS_KEY_ROTATE, 10, 4, 1, 1},
    {CKKS_KEY_CONJUGATE, 0, 4, 2, 2}, /* the last: not for the real ring */
};

enum { ROTATIONS = sizeof specs / sizeof specs[0] - 1 };

static void start(setup *t)
{
    ckks_params params = scheme_params(LOG_N, 4, 45, 3);

    scheme_start(&t->s, &params, 0);
    scheme_keys(&t->s, specs, ROTATIONS + (params.ring == CKKS_RING_COMPLEX));
    t->x = scheme_vector(&t->s, -1, 1);
    t->y = scheme_vector(&t->s, -1, 1);
    t->u = scheme_vector(&t->s, 0, 1);
    t->v = scheme_vector(&t->s, 0, 1);
    t->a = scheme_encrypt(&t->s, t->x, t->y, 4, ckks_scale_from(0x1p40));
    t->c = scheme_empty(&t->s);
    t->d = scheme_empty(&t->s);
}

static void stop(setup *t)
{
    free(t->x);
    free(t->y);
    free(t->u);
    free(t->v);
    ckks_ciphertext_free(t->a);
    ckks_ciphertext_free(t->c);
    ckks_ciphertext_free(t->d);
    scheme_stop(&t->s);
}

/* u + i v = x + i y rotated to the left. */
static void turn(setup *t, int steps)
{
    for (size_t j = 0; j < t->s.slots; j++) {
        size_t from = (j + t->s.slots + (size_t)(steps + (int)t->s.slots)) % t->s.slots;
        t->u[j] = t->x[from];
        t->v[j] = t->y[from];
    }
}

static void every_shape_of_key(void **state)
{
    setup t;

    (void)state;
    start(&t);
    for (int limbs = 1; limbs <= 4; limbs++) {
        scheme_ok(t.s.w, ckks_eval_drop(t.s.w, t.d, t.a, limbs));
        for (size_t i = 0; i < ROTATIONS; i++) {
            turn(&t, specs[i].steps);
            scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.c, t.d, specs[i].steps));
            assert_int_equal(t.c->limbs, limbs);
            assert_true(ckks_scale_equal(t.c->scale, t.a->scale));
            scheme_assert_error(&t.s, t.c, t.u, t.v, 0.75, 1.25);
        }
        if (t.s.params.ring == CKKS_RING_REAL) {
            assert_int_equal(ckks_eval_conjugate(t.s.w, t.c, t.d), CKKS_ERR_ARG);
            assert_non_null(strstr(ckks_worker_error(t.s.w), "real"));
            continue;
        }
        scheme_ok(t.s.w, ckks_eval_conjugate(t.s.w, t.c, t.d));
        for (size_t j = 0; j < t.s.slots; j++)
            t.v[j] = -t.y[j];
        scheme_assert_error(&t.s, t.c, t.x, t.v, 0.75, 1.25);
    }
    stop(&t);
}

static void negative_steps_wrap(void **state)
{
    setup t;

    (void)state;
    start(&t);
    /* slots - 1 to the left is one to the right, and the same key */
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.c, t.a, (int)t.s.slots - 1));
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.d, t.a, -1));
    assert_memory_equal(ckks_ciphertext_row(t.c, 0, 0), ckks_ciphertext_row(t.d, 0, 0),
                        (size_t)8 * N * 8);
    turn(&t, -1);
    scheme_assert_error(&t.s, t.d, t.u, t.v, 0.75, 1.25);
    /* there and back */
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.d, t.d, 1));
    scheme_assert_error(&t.s, t.d, t.x, t.y, 0.75, 1.25);
    /* around, by 256 */
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.d, t.a, 256));
    for (size_t turned = 256; turned < t.s.slots; turned += 256)
        scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.d, t.d, 256));
    scheme_assert_error(&t.s, t.d, t.x, t.y, 0.75, 1.25);
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.d, t.a, 0));
    assert_memory_equal(ckks_ciphertext_row(t.a, 0, 0), ckks_ciphertext_row(t.d, 0, 0),
                        (size_t)8 * N * 8);
    assert_int_equal(t.d->seeded, 1);
    stop(&t);
}

static void aliases(void **state)
{
    setup t;

    (void)state;
    start(&t);
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.c, t.a, 5));
    scheme_ok(t.s.w, ckks_ciphertext_copy(t.d, t.a));
    scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.d, t.d, 5));
    assert_memory_equal(ckks_ciphertext_row(t.c, 0, 0), ckks_ciphertext_row(t.d, 0, 0),
                        (size_t)8 * N * 8);
    assert_int_equal(t.d->seeded, 0);
    if (t.s.params.ring == CKKS_RING_COMPLEX) {
        scheme_ok(t.s.w, ckks_eval_conjugate(t.s.w, t.c, t.a));
        scheme_ok(t.s.w, ckks_ciphertext_copy(t.d, t.a));
        scheme_ok(t.s.w, ckks_eval_conjugate(t.s.w, t.d, t.d));
        assert_memory_equal(ckks_ciphertext_row(t.c, 0, 0), ckks_ciphertext_row(t.d, 0, 0),
                            (size_t)8 * N * 8);
    }
    stop(&t);
}

/* Hoisting shares work, not results: bit for bit what single rotations give. */
static void many_is_one_by_one(void **state)
{
    static const int steps[] = {1, 7, 8, 9, 10, 0, 5, -1, 256, 1};
    enum { COUNT = sizeof steps / sizeof steps[0] };
    ckks_ciphertext *out[COUNT];
    setup t;

    (void)state;
    start(&t);
    for (int i = 0; i < COUNT; i++)
        out[i] = scheme_empty(&t.s);
    scheme_ok(t.s.w, ckks_eval_rotate_many(t.s.w, out, t.a, steps, COUNT));
    for (int i = 0; i < COUNT; i++) {
        scheme_ok(t.s.w, ckks_eval_rotate(t.s.w, t.c, t.a, steps[i]));
        assert_int_equal(out[i]->limbs, 4);
        assert_memory_equal(ckks_ciphertext_row(t.c, 0, 0), ckks_ciphertext_row(out[i], 0, 0),
                            (size_t)8 * N * 8);
        assert_true(out[i]->error == t.c->error);
    }
    scheme_ok(t.s.w, ckks_eval_rotate_many(t.s.w, NULL, t.a, NULL, 0));
    for (int i = 0; i < COUNT; i++)
        ckks_ciphertext_free(out[i]);
    stop(&t);
}

static void refusals(void **state)
{
    int steps[] = {1, 2};
    ckks_ciphertext *out[2];
    ckks_ciphertext before;
    setup t;

    (void)state;
    start(&t);
    scheme_ok(t.s.w, ckks_ciphertext_copy(t.c, t.a));
    before = *t.c;
    out[0] = t.c;
    out[1] = t.d;
    assert_int_equal(ckks_eval_rotate(t.s.w, t.c, t.a, 2), CKKS_ERR_NO_KEY);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "rotate by 2"));
    assert_int_equal(ckks_eval_rotate(t.s.w, t.c, t.a, (int)t.s.slots), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_rotate(t.s.w, t.c, t.a, -(int)t.s.slots), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_rotate(NULL, t.c, t.a, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_rotate(t.s.w, t.c, t.d, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_rotate_many(t.s.w, out, t.a, steps, 2), CKKS_ERR_NO_KEY);
    assert_int_equal(ckks_eval_rotate_many(t.s.w, out, t.c, steps, 1),
                     CKKS_ERR_ARG); /* output is the input */
    assert_int_equal(ckks_eval_rotate_many(t.s.w, NULL, t.a, steps, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_rotate_many(NULL, out, t.a, steps, 1), CKKS_ERR_ARG);
    steps[1] = (int)t.s.slots;
    assert_int_equal(ckks_eval_rotate_many(t.s.w, out, t.a, steps, 2), CKKS_ERR_ARG);
    assert_int_equal(t.d->limbs, 0);
    scheme_ok(t.s.w, ckks_worker_use_keys(t.s.w, NULL));
    assert_int_equal(ckks_eval_rotate(t.s.w, t.c, t.a, 1), CKKS_ERR_NO_KEY);
    assert_int_equal(ckks_eval_conjugate(t.s.w, t.c, t.a),
                     t.s.params.ring == CKKS_RING_REAL ? CKKS_ERR_ARG : CKKS_ERR_NO_KEY);
    assert_memory_equal(t.c, &before, sizeof before);
    scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.d, t.a));
    assert_int_equal(ckks_eval_rotate(t.s.w, t.c, t.d, 1), CKKS_ERR_DEGREE);
    assert_int_equal(ckks_eval_conjugate(t.s.w, t.c, t.d), CKKS_ERR_DEGREE);
    assert_int_equal(ckks_eval_rotate_many(t.s.w, out, t.d, steps, 1), CKKS_ERR_DEGREE);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_of_key),
        cmocka_unit_test(negative_steps_wrap),
        cmocka_unit_test(aliases),
        cmocka_unit_test(many_is_one_by_one),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
