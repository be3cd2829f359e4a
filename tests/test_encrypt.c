/* Encryption: the error is there and of the right size, the seed makes part 1, nothing repeats. */
#include "tests/scheme.h"

#include "ckks/kernel/ntt.h"
#include "ckks/ring/rng.h"
#include "ckks/ring/sample.h"
#include "ckks/scheme/keygen.h"
#include "ckks/scheme/object.h"

static void secret_key_encryption(void **state)
{
    ckks_params params = scheme_params(11, 3, 40, 1);
    uint64_t *row = NULL;
    scheme s;

    (void)state;
    row = aligned_alloc(64, 2048 * 8);
    assert_non_null(row);
    scheme_start(&s, &params, 0);
    for (int limbs = 1; limbs <= 3; limbs++) {
        double *x = scheme_vector(&s, -1, 1);
        double *y = scheme_vector(&s, -1, 1);
        ckks_ciphertext *c = scheme_encrypt(&s, x, y, limbs, ckks_scale_from(0x1p35));
        assert_int_equal(c->seeded, 1);
        assert_int_equal(c->parts, 2);
        assert_int_equal(c->limbs, limbs);
        for (int l = 0; l < limbs; l++) {
            ckks_sample_uniform(row, &s.ctx->ring.modulus[l], c->seed, ckks_key_stream(0, l));
            assert_memory_equal(row, ckks_ciphertext_row(c, 1, l), 2048 * 8);
        }
        /* 2048 coefficients determine a deviation to 1.6 %: five of these */
        scheme_assert_error(&s, c, x, y, 0.92, 1.08);
        ckks_ciphertext_free(c);
        free(x);
        free(y);
    }
    free(row);
    scheme_stop(&s);
}

static void public_key_encryption(void **state)
{
    ckks_params params = scheme_params(11, 2, 40, 0);
    ckks_public_key *pk = NULL;
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;
    double *x = NULL;
    double *y = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_public_key_create(s.w, &pk, s.sk));
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    x = scheme_vector(&s, -1, 1);
    y = scheme_vector(&s, -1, 1);
    c = scheme_empty(&s);
    for (int limbs = 1; limbs <= 2; limbs++) {
        scheme_ok(s.w, ckks_encode(s.w, p, x, scheme_imaginary(&s, y), s.slots, limbs,
                                   ckks_scale_from(0x1p35)));
        scheme_ok(s.w, ckks_encrypt_public(s.w, c, pk, p));
        assert_int_equal(c->seeded, 0);
        /* |v|^2 and |s|^2 vary by sqrt(2 N / 9) around 2 N / 3 (1.6 %), and as above */
        scheme_assert_error(&s, c, x, y, 0.9, 1.1);
    }
    free(x);
    free(y);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(c);
    ckks_public_key_free(pk);
    scheme_stop(&s);
}

/* Entropy that the test knows: the last 32 bytes that were given out. */
static uint8_t known_seed[CKKS_SEED_BYTES];

static int known_fill(void *user, uint8_t *out, size_t bytes)
{
    uint8_t *calls = user;

    *calls += 1;
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(*calls * 29 + (int)i);
    memcpy(known_seed, out, bytes);
    return 0;
}

/* The error of one part of an encryption of 0: c - v pk, as centred coefficients. */
static void error_of_part(int64_t *error, const scheme *s, const ckks_public_key *pk,
                          const ckks_ciphertext *c, int part)
{
    const ckks_modulus *m = &s->ctx->ring.modulus[0];
    size_t n = s->ctx->n;
    uint64_t *v = aligned_alloc(64, n * sizeof *v);
    uint64_t *e = aligned_alloc(64, n * sizeof *e);
    int8_t *small = malloc(n);
    ckks_rng rng;

    assert_true(v != NULL && e != NULL && small != NULL);
    ckks_rng_init(&rng, ckks_kernel_portable(), known_seed, CKKS_LABEL_MASK, 0);
    ckks_sample_ternary(small, n, &rng);
    m->kernel->reduce_i8(v, small, n, m);
    ckks_ntt_forward(m, v);
    m->kernel->mul(e, v, pk->rows + (size_t)(part * pk->q_count) * n, n, m);
    m->kernel->sub(e, ckks_ciphertext_row(c, part, 0), e, n, m);
    ckks_ntt_inverse(m, e);
    for (size_t i = 0; i < n; i++)
        error[i] = e[i] > m->q / 2 ? -(int64_t)(m->q - e[i]) : (int64_t)e[i];
    free(v);
    free(e);
    free(small);
}

/* Both parts get an error of their own: were it one, their difference would be free of it. And no
 * seed that goes out is one that errors come from. */
static void public_key_errors_are_two(void **state)
{
    enum { N = 2048 };
    static int64_t error[2][N];
    uint8_t calls = 0;
    ckks_params params = scheme_params(11, 1, 40, 0);
    ckks_public_key *pk = NULL;
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;
    double zero = 0.0, square[2] = {0.0, 0.0}, product = 0.0;
    scheme s;

    (void)state;
    params.entropy = (ckks_entropy_source){known_fill, &calls};
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_public_key_create(s.w, &pk, s.sk));
    assert_memory_not_equal(pk->seed, known_seed, sizeof pk->seed);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, &zero, NULL, 1, 1, ckks_scale_from(0x1p30)));
    c = scheme_empty(&s);
    scheme_ok(s.w, ckks_encrypt(s.w, c, s.sk, p));
    assert_memory_not_equal(c->seed, known_seed, sizeof c->seed);
    scheme_ok(s.w, ckks_encrypt_public(s.w, c, pk, p));
    for (int part = 0; part < 2; part++)
        error_of_part(error[part], &s, pk, c, part);
    for (size_t i = 0; i < N; i++) {
        for (int part = 0; part < 2; part++) {
            assert_true(error[part][i] >= -21 && error[part][i] <= 21);
            square[part] += (double)(error[part][i] * error[part][i]);
        }
        product += (double)(error[0][i] * error[1][i]);
    }
    /* Variance 42 / 4; the mean of N squares varies by 10.5 sqrt(2 / N), of N products by
     * 10.5 / sqrt(N): six of these. */
    testing_assert_near(square[0] / N, 10.5, 6 * 10.5 * sqrt(2.0 / N));
    testing_assert_near(square[1] / N, 10.5, 6 * 10.5 * sqrt(2.0 / N));
    testing_assert_near(product / N, 0.0, 6 * 10.5 / sqrt(N));
    ckks_plaintext_free(p);
    ckks_ciphertext_free(c);
    ckks_public_key_free(pk);
    scheme_stop(&s);
}

static void two_encryptions_share_nothing(void **state)
{
    ckks_params params = scheme_params(10, 1, 40, 0);
    double *x = NULL;
    ckks_ciphertext *a = NULL;
    ckks_ciphertext *b = NULL;
    size_t equal = 0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, 1, ckks_scale_from(0x1p30));
    b = scheme_encrypt(&s, x, NULL, 1, ckks_scale_from(0x1p30));
    for (size_t i = 0; i < 1024; i++)
        equal += ckks_ciphertext_row(a, 0, 0)[i] == ckks_ciphertext_row(b, 0, 0)[i];
    assert_true(equal <= 1);
    assert_memory_not_equal(a->seed, b->seed, sizeof a->seed);
    free(x);
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(b);
    scheme_stop(&s);
}

static void refusals(void **state)
{
    ckks_params params = scheme_params(10, 1, 40, 0);
    ckks_params others = scheme_params(10, 2, 40, 0);
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;
    ckks_ciphertext *foreign = NULL;
    ckks_public_key *pk = NULL;
    double x = 1.0;
    scheme s;
    scheme t;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_start(&t, &others, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_public_key_create(s.w, &pk, s.sk));
    c = scheme_empty(&s);
    foreign = scheme_empty(&t);
    assert_int_equal(ckks_encrypt(s.w, c, s.sk, p), CKKS_ERR_ARG); /* empty */
    assert_non_null(strstr(ckks_worker_error(s.w), "empty"));
    assert_int_equal(ckks_encrypt_public(s.w, c, pk, p), CKKS_ERR_ARG);
    scheme_ok(s.w, ckks_encode(s.w, p, &x, NULL, 1, 1, ckks_scale_from(0x1p30)));
    assert_int_equal(ckks_encrypt(NULL, c, s.sk, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_encrypt(s.w, NULL, s.sk, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_encrypt(s.w, c, NULL, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_encrypt(s.w, c, s.sk, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_encrypt(s.w, c, t.sk, p), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_encrypt(s.w, foreign, s.sk, p), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_encrypt_public(s.w, c, NULL, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_encrypt_public(NULL, c, pk, p), CKKS_ERR_ARG);
    assert_int_equal(ckks_encrypt_public(s.w, foreign, pk, p), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_ciphertext_limbs(c), 0);
    assert_int_equal(ckks_ciphertext_limbs(foreign), 0);
    ckks_plaintext_free(p);
    ckks_public_key_free(pk);
    ckks_ciphertext_free(c);
    ckks_ciphertext_free(foreign);
    scheme_stop(&t);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_key_encryption),
        cmocka_unit_test(public_key_encryption),
        cmocka_unit_test(public_key_errors_are_two),
        cmocka_unit_test(two_encryptions_share_nothing),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
