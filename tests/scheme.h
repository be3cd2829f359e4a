/* A small world for tests of the scheme: context, worker, secret key, vectors, and comparisons by
 * slots. */
#ifndef UNSEEN_TESTS_SCHEME_H
#define UNSEEN_TESTS_SCHEME_H

#include "tests/testing.h"

#include "ckks/ckks.h"

typedef struct scheme {
    ckks_params params;
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    size_t slots;
    testing_rng rng;
} scheme;

static inline void scheme_expect_ok(const ckks_worker *w, ckks_status st, const char *file,
                                    int line)
{
    if (st != CKKS_OK) {
        print_error("%s: %s\n", ckks_status_name(st), w != NULL ? ckks_worker_error(w) : "");
        _fail(file, line);
    }
}

/** The call must succeed; prints the worker's sentence when it does not. */
#define scheme_ok(w, call) scheme_expect_ok((w), (call), __FILE__, __LINE__)

/* The ring of scheme_params. Where it is the real one, imaginary parts given to the functions below
 * are left out. */
static int scheme_ring = CKKS_RING_COMPLEX;

static inline int scheme_real(void **state)
{
    (void)state;
    scheme_ring = CKKS_RING_REAL;
    return 0;
}

/** All tests in the one ring, then in the other: what main returns. */
#define scheme_run(tests)                                                                          \
    (cmocka_run_group_tests_name("complex ring", tests, NULL, NULL) +                              \
     cmocka_run_group_tests_name("real ring", tests, scheme_real, NULL))

/** Insecure test parameters: the first limb and the special primes of 46 bits, the others of
 * q_bits. */
static inline ckks_params scheme_params(int log_n, int q_count, double q_bits, int p_count)
{
    ckks_params params;
    double q[CKKS_MAX_Q] = {0};
    double p[CKKS_MAX_P] = {0};
    char why[200] = "";

    for (int i = 0; i < q_count; i++)
        q[i] = i == 0 ? 46.0 : q_bits;
    for (int i = 0; i < p_count; i++)
        p[i] = 46.8;
    if (ckks_params_generate(&params, scheme_ring, log_n, q, q_count, p, p_count, 0, why,
                             sizeof why) != CKKS_OK) {
        print_error("%s\n", why);
        fail();
    }
    return params;
}

/** Context, worker and secret key. */
static inline void scheme_start(scheme *s, const ckks_params *params, size_t circuit_bytes)
{
    char why[200] = "";

    memset(s, 0, sizeof *s);
    s->params = *params;
    testing_rng_init(&s->rng, testing_seed());
    if (ckks_context_create(&s->ctx, params, why, sizeof why) != CKKS_OK) {
        print_error("%s\n", why);
        fail();
    }
    s->slots = ckks_context_slots(s->ctx);
    scheme_ok(NULL, ckks_worker_create(&s->w, s->ctx, circuit_bytes));
    scheme_ok(s->w, ckks_secret_key_create(s->w, &s->sk));
}

/** Evaluation keys, lent to the worker. */
static inline void scheme_keys(scheme *s, const ckks_key_spec *specs, size_t count)
{
    ckks_eval_keys_free(s->keys);
    s->keys = NULL;
    scheme_ok(s->w, ckks_eval_keys_create(s->w, &s->keys, s->sk, specs, count));
    scheme_ok(s->w, ckks_worker_use_keys(s->w, s->keys));
}

static inline void scheme_stop(scheme *s)
{
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_worker_free(s->w);
    ckks_context_free(s->ctx);
    memset(s, 0, sizeof *s);
}

/** slots random doubles in [lo, hi), from malloc. */
static inline double *scheme_vector(scheme *s, double lo, double hi)
{
    double *x = malloc(s->slots * sizeof *x);

    assert_non_null(x);
    for (size_t j = 0; j < s->slots; j++)
        x[j] = testing_uniform(&s->rng, lo, hi);
    return x;
}

/** im, or NULL in the real ring. */
static inline const double *scheme_imaginary(const scheme *s, const double *im)
{
    return s->params.ring == CKKS_RING_REAL ? NULL : im;
}

static inline ckks_ciphertext *scheme_empty(scheme *s)
{
    ckks_ciphertext *c = NULL;

    scheme_ok(s->w, ckks_ciphertext_create(&c, s->ctx));
    return c;
}

static inline ckks_ciphertext *scheme_encrypt(scheme *s, const double *re, const double *im,
                                              int limbs, ckks_scale scale)
{
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = scheme_empty(s);

    scheme_ok(s->w, ckks_plaintext_create(&p, s->ctx));
    scheme_ok(s->w, ckks_encode(s->w, p, re, scheme_imaginary(s, im), s->slots, limbs, scale));
    scheme_ok(s->w, ckks_encrypt(s->w, c, s->sk, p));
    ckks_plaintext_free(p);
    return c;
}

static inline void scheme_decrypt(scheme *s, double *re, double *im, const ckks_ciphertext *c)
{
    ckks_plaintext *p = NULL;

    scheme_ok(s->w, ckks_plaintext_create(&p, s->ctx));
    scheme_ok(s->w, ckks_decrypt(s->w, p, s->sk, c));
    scheme_ok(s->w, ckks_decode(s->w, re, im, s->slots, p));
    ckks_plaintext_free(p);
}

/** What stands between a ciphertext and the right slots (im may be NULL: real slots are expected).
 */
typedef struct scheme_gap {
    double max; /* largest of |real| and |imaginary| part of the error */
    double std; /* root mean square over both parts; over the real one, where slots are real */
} scheme_gap;

static inline scheme_gap scheme_measure(scheme *s, const ckks_ciphertext *c, const double *re,
                                        const double *im)
{
    double *x = malloc(s->slots * sizeof *x);
    double *y = malloc(s->slots * sizeof *y);
    scheme_gap gap = {0.0, 0.0};
    double parts = s->params.ring == CKKS_RING_REAL ? 1.0 : 2.0;
    double sum = 0.0;

    assert_non_null(x);
    assert_non_null(y);
    im = scheme_imaginary(s, im);
    scheme_decrypt(s, x, y, c);
    for (size_t j = 0; j < s->slots; j++) {
        double dx = fabs(x[j] - re[j]);
        double dy = fabs(y[j] - (im == NULL ? 0.0 : im[j]));
        gap.max = fmax(gap.max, fmax(dx, dy));
        sum += dx * dx + dy * dy;
    }
    gap.std = sqrt(sum / (parts * (double)s->slots));
    free(x);
    free(y);
    return gap;
}

/** The measured error must lie between low and high times the ciphertext's own estimate, and no
 * slot may be further off than 17 times the upper end: a slot's error that comes from a rounding
 * times the secret is a product of two Gaussians, which has Laplace tails, P(> t deviations) =
 * exp(-sqrt(2) t); for 2^13 values and one false alarm in 10^6 runs, t = 16.2. */
#define scheme_assert_error(s, c, re, im, low, high)                                               \
    scheme_error_at((s), (c), (re), (im), (low), (high), __FILE__, __LINE__)

static inline void scheme_error_at(scheme *s, const ckks_ciphertext *c, const double *re,
                                   const double *im, double low, double high, const char *file,
                                   int line)
{
    scheme_gap gap = scheme_measure(s, c, re, im);
    double estimate = ckks_ciphertext_error(c);

    if (!(gap.std >= low * estimate && gap.std <= high * estimate &&
          gap.max <= 17.0 * high * estimate)) {
        print_error(
            "error: deviation %.4g and maximum %.4g, estimate %.4g, allowed %.3g..%.3g times\n",
            gap.std, gap.max, estimate, low, high);
        _fail(file, line);
    }
}

#endif
