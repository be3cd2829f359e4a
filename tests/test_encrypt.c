/* Encryption: the error is there and of the right size, the seed makes part 1, nothing repeats. */
#include "tests/scheme.h"

#include "ckks/keygen.h"
#include "ckks/object.h"
#include "ckks/sample.h"

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
        scheme_ok(s.w, ckks_encode(s.w, p, x, y, s.slots, limbs, ckks_scale_from(0x1p35)));
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
        cmocka_unit_test(two_encryptions_share_nothing),
        cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
