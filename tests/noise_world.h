/* Measuring errors of operations against the model of noise.h; for tests/test_noise.c.
 *
 * Two ways. Against the true slots: the inputs have slots of modulus 1, so that slotwise factors
 * are at their magnitude everywhere and the carried estimate is the model itself. Against the
 * operation's input, decrypted: that shows what the operation alone adds, however small.
 *
 * How many slots. Let k be the variance of |error|^2 of a slot, divided by its squared mean. The
 * slots of one polynomial are uncorrelated and very nearly Gaussian, so the mean of n of these
 * squares is off by sqrt(k / n), a deviation by half of that, and 10 % is to be six of those:
 * n = 900 k. A complex Gaussian slot has E|x|^4 = 2 (E|x|^2)^2, a real one 3. Hence k = 1 and 2 for
 * one polynomial; 2 * 2 - 1 and 3 * 3 - 1 for a product with the secret; for one with its square,
 * where E|x|^8 = 24 and 105, 2 * 24 / 2^2 - 1 = 11 and 3 * 105 / 3^2 - 1 = 34. Sums of such have
 * less; so have the rotations of one input, whose errors have the digits in common. Every round has
 * a secret of its own, as the law of k speaks of the secret's slots too.
 */
#ifndef UNSEEN_TESTS_NOISE_WORLD_H
#define UNSEEN_TESTS_NOISE_WORLD_H

#include "tests/scheme.h"

#include "ckks/circuits.h"
#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"

enum { LOG_N = 11, N = 1 << LOG_N, LIMBS = 4, SPECIAL = 2, FEW = 4 };

/* How heavy the tails of a slot's error are. */
enum { PLAIN, TIMES_SECRET, TIMES_SQUARE };

typedef struct world {
    scheme s;
    double *re, *im, *re2, *im2; /* slots of modulus 1 */
    double *out_re, *out_im;     /* what is expected, or was there before */
    double *got_re, *got_im;
    ckks_ciphertext *a, *b, *c, *out[FEW];
    ckks_plaintext *p;
    double sum; /* of |error / model|^2 */
    double slots;
} world;

/* Random slots of modulus 1: of the circle, or 1 and -1. */
static inline void circle(world *t, double *re, double *im)
{
    for (size_t j = 0; j < t->s.slots; j++) {
        double angle = testing_uniform(&t->s.rng, 0, 6.283185307179586);

        re[j] = scheme_ring == CKKS_RING_REAL ? (angle < 3.14159 ? 1.0 : -1.0) : cos(angle);
        im[j] = scheme_ring == CKKS_RING_REAL ? 0.0 : sin(angle);
    }
}

static inline void start(world *t, double q_bits)
{
    ckks_params params = scheme_params(LOG_N, LIMBS, q_bits, SPECIAL);
    double **vector[] = {&t->re,     &t->im,     &t->re2,    &t->im2,
                         &t->out_re, &t->out_im, &t->got_re, &t->got_im};

    memset(t, 0, sizeof *t);
    scheme_start(&t->s, &params, 0);
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++)
        *vector[i] = scheme_vector(&t->s, 0, 1);
    t->a = scheme_empty(&t->s);
    t->b = scheme_empty(&t->s);
    t->c = scheme_empty(&t->s);
    for (int i = 0; i < FEW; i++)
        t->out[i] = scheme_empty(&t->s);
    scheme_ok(t->s.w, ckks_plaintext_create(&t->p, t->s.ctx));
}

static inline void stop(world *t)
{
    double *vector[] = {t->re, t->im, t->re2, t->im2, t->out_re, t->out_im, t->got_re, t->got_im};

    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++)
        free(vector[i]);
    ckks_ciphertext_free(t->a);
    ckks_ciphertext_free(t->b);
    ckks_ciphertext_free(t->c);
    for (int i = 0; i < FEW; i++)
        ckks_ciphertext_free(t->out[i]);
    ckks_plaintext_free(t->p);
    scheme_stop(&t->s);
}

static inline void encode(world *t, const double *re, const double *im, double scale_bits)
{
    scheme_ok(t->s.w, ckks_encode(t->s.w, t->p, re, scheme_imaginary(&t->s, im), t->s.slots, LIMBS,
                                  ckks_scale_from(exp2(scale_bits))));
}

/* Another secret, and two fresh ciphertexts under it. */
static inline void renew(world *t, double scale_bits)
{
    ckks_secret_key_free(t->s.sk);
    scheme_ok(t->s.w, ckks_secret_key_create(t->s.w, &t->s.sk));
    circle(t, t->re, t->im);
    circle(t, t->re2, t->im2);
    encode(t, t->re, t->im, scale_bits);
    scheme_ok(t->s.w, ckks_encrypt(t->s.w, t->a, t->s.sk, t->p));
    encode(t, t->re2, t->im2, scale_bits);
    scheme_ok(t->s.w, ckks_encrypt(t->s.w, t->b, t->s.sk, t->p));
}

/* ------------------------------------------------------------------ measuring */

/* Compare what was decrypted with out_re, out_im. */
static inline void tally(world *t, double model)
{
    const double parts = scheme_ring == CKKS_RING_REAL ? 1.0 : 2.0;

    for (size_t j = 0; j < t->s.slots; j++) {
        double x = t->got_re[j] - t->out_re[j];
        double y = t->got_im[j] - t->out_im[j];

        t->sum += (x * x + y * y) / (parts * model * model);
    }
    t->slots += (double)t->s.slots;
}

static inline void tally_cipher(world *t, const ckks_ciphertext *c, double model)
{
    scheme_decrypt(&t->s, t->got_re, t->got_im, c);
    tally(t, model);
}

/* What c holds, turned by steps, is what is expected. */
static inline void expect_turned(world *t, const ckks_ciphertext *c, int steps)
{
    scheme_decrypt(&t->s, t->got_re, t->got_im, c);
    for (size_t j = 0; j < t->s.slots; j++) {
        size_t from = (j + (size_t)((int)t->s.slots + steps)) % t->s.slots;

        t->out_re[j] = t->got_re[from];
        t->out_im[j] = t->got_im[from];
    }
}

/* The products of the slots of both inputs are expected. */
static inline void expect_product(world *t, const double *re, const double *im)
{
    for (size_t j = 0; j < t->s.slots; j++) {
        t->out_re[j] = t->re[j] * re[j] - t->im[j] * im[j];
        t->out_im[j] = t->re[j] * im[j] + t->im[j] * re[j];
    }
}

static inline void expect(world *t, const double *re, const double *im)
{
    memcpy(t->out_re, re, t->s.slots * sizeof *re);
    memcpy(t->out_im, im, t->s.slots * sizeof *im);
}

/* One operation: rounds, each of which tallies some slots, until there are enough. */
static inline void measure(const char *name, int tails, double q_bits, double scale_bits,
                           void (*run)(world *t))
{
    static const double k[2][3] = {{1, 3, 11}, {2, 8, 34}};
    const double enough = 900.0 * k[scheme_ring == CKKS_RING_REAL][tails] * testing_iters(1);
    double ratio = 0.0;
    world t;

    start(&t, q_bits);
    while (t.slots < enough) {
        renew(&t, scale_bits);
        run(&t);
    }
    ratio = sqrt(t.sum / t.slots);
    printf("# %-28s %.3f of the model, %.0f slots\n", name, ratio, t.slots);
    testing_assert_near(ratio, 1.0, 0.1);
    stop(&t);
}

#endif
