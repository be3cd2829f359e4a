/* Decryption with two and three parts, the wrong key, and the flooding of results that others see.
 */
#include "tests/scheme.h"

#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"

static void wrong_key_gives_noise(void **state)
{
    ckks_params params = scheme_params(10, 1, 40, 0);
    ckks_secret_key *other = NULL;
    ckks_secret_key *right = NULL;
    double *x = NULL;
    ckks_ciphertext *c = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    x = scheme_vector(&s, -1, 1);
    c = scheme_encrypt(&s, x, NULL, 1, ckks_scale_from(0x1p30));
    scheme_ok(s.w, ckks_secret_key_create(s.w, &other));
    right = s.sk;
    s.sk = other;
    /* uniform modulo q = 2^46: coefficients of deviation 2^46 / sqrt(12) at scale 2^30 */
    assert_true(scheme_measure(&s, c, x, NULL).std > 0x1p15);
    s.sk = right;
    assert_true(scheme_measure(&s, c, x, NULL).std < 0x1p-20);
    ckks_secret_key_free(other);
    ckks_ciphertext_free(c);
    free(x);
    scheme_stop(&s);
}

static void input_is_unchanged_and_parts_agree(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, 2, 1, 1};
    double *x = NULL;
    double *y = NULL;
    uint64_t *before = NULL;
    ckks_ciphertext *c = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_keys(&s, &spec, 1);
    x = scheme_vector(&s, -1, 1);
    y = malloc(s.slots * sizeof *y);
    before = malloc(6 * 1024 * 8);
    c = scheme_encrypt(&s, x, NULL, 2, ckks_scale_from(0x1p30));
    scheme_ok(s.w, ckks_eval_square_raw(s.w, c, c));
    assert_int_equal(ckks_ciphertext_parts(c), 3);
    memcpy(before, c->rows, 6 * 1024 * 8);
    scheme_decrypt(&s, y, NULL, c);
    assert_memory_equal(before, c->rows, 6 * 1024 * 8);
    for (size_t j = 0; j < s.slots; j++)
        testing_assert_near(y[j], x[j] * x[j], 7.0 * ckks_ciphertext_error(c));
    free(x);
    free(y);
    free(before);
    ckks_ciphertext_free(c);
    scheme_stop(&s);
}

static void shared_results_are_flooded(void **state)
{
    ckks_params params = scheme_params(10, 3, 46, 0);
    ckks_plaintext *p = NULL;
    double *x = NULL;
    double *y = NULL;
    ckks_ciphertext *c = NULL;
    double want = 0.0;
    double sum = 0.0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    x = scheme_vector(&s, -1, 1);
    y = malloc(s.slots * sizeof *y);
    c = scheme_encrypt(&s, x, NULL, 3, ckks_scale_from(0x1p55));
    for (int bits = 30; bits <= 50; bits += 10) {
        double again = 0.0;
        double queries = bits == 40 ? 16.0 : 1.0;
        scheme_ok(s.w, ckks_decrypt_to_share(s.w, p, s.sk, c, queries, bits));
        want = sqrt(12.0 * queries) * exp2(bits / 2.0) * ckks_ciphertext_error(c);
        testing_assert_near(p->error / want, 1.0, 1e-3);
        scheme_ok(s.w, ckks_decode(s.w, y, NULL, s.slots, p));
        sum = 0.0;
        for (size_t j = 0; j < s.slots; j++)
            sum += (y[j] - x[j]) * (y[j] - x[j]);
        /* 512 real parts or more: 3.1 %, five of these; never less than promised by more */
        testing_assert_near(sqrt(sum / (double)s.slots) / want, 1.0, 0.16);
        /* and every time another noise: two draws differ by the deviation of both */
        again = y[0];
        scheme_ok(s.w, ckks_decrypt_to_share(s.w, p, s.sk, c, queries, bits));
        scheme_ok(s.w, ckks_decode(s.w, y, NULL, s.slots, p));
        assert_true(fabs(y[0] - again) > 1e-9 * want);
    }
    free(x);
    free(y);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(c);
    scheme_stop(&s);
}

static void refusals(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 0);
    ckks_params others = scheme_params(10, 1, 40, 0);
    ckks_plaintext *p = NULL;
    ckks_plaintext *foreign = NULL;
    ckks_ciphertext *c = NULL;
    double *x = NULL;
    scheme s;
    scheme t;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_start(&t, &others, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(t.w, ckks_plaintext_create(&foreign, t.ctx));
    x = scheme_vector(&s, -1, 1);
    c = scheme_encrypt(&s, x, NULL, 2, ckks_scale_from(0x1p30));
    assert_int_equal(ckks_decrypt(NULL, p, s.sk, c), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt(s.w, NULL, s.sk, c), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt(s.w, p, NULL, c), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt(s.w, p, s.sk, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt(s.w, p, t.sk, c), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_decrypt(s.w, foreign, s.sk, c), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_decrypt_to_share(NULL, p, s.sk, c, 1.0, 30), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt_to_share(s.w, p, s.sk, c, 0.5, 30), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt_to_share(s.w, p, s.sk, c, NAN, 30), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt_to_share(s.w, p, s.sk, c, 1.0, 29), CKKS_ERR_ARG);
    assert_int_equal(ckks_decrypt_to_share(s.w, p, s.sk, c, 1.0, 129), CKKS_ERR_ARG);
    /* noise of 2^43 times the error drowns a message of 2^25 times the error */
    assert_int_equal(ckks_decrypt_to_share(s.w, p, s.sk, c, 1.0, 80), CKKS_ERR_RANGE);
    assert_non_null(strstr(ckks_worker_error(s.w), "drown"));
    scheme_ok(s.w, ckks_eval_square_raw(s.w, c, c));
    assert_int_equal(ckks_decrypt_to_share(s.w, p, s.sk, c, 1.0, 30), CKKS_ERR_DEGREE);
    assert_int_equal(p->limbs, 0);
    free(x);
    ckks_plaintext_free(p);
    ckks_plaintext_free(foreign);
    ckks_ciphertext_free(c);
    scheme_stop(&t);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_key_gives_noise),
        cmocka_unit_test(input_is_unchanged_and_parts_agree),
        cmocka_unit_test(shared_results_are_flooded),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
