/* Randomness fails at the k-th request, for every k: each function that needs it says so, leaves
 * its output as it was, and works again when randomness is back. */
#include "tests/scheme.h"

#include "ckks/scheme/object.h"

typedef struct source {
    int fail_at, calls;
    testing_rng rng;
} source;

static int fill(void *user, uint8_t *out, size_t bytes)
{
    source *s = user;

    s->calls++;
    if (s->calls == s->fail_at)
        return -1;
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)testing_u64(&s->rng);
    return 0;
}

static ckks_status run(scheme *s, ckks_plaintext *p, ckks_plaintext *shared, ckks_ciphertext *c,
                       ckks_secret_key **sk, ckks_public_key **pk, ckks_eval_keys **keys)
{
    static const ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 2, 1, 1},
                                          {CKKS_KEY_ROTATE, 1, 2, 1, 1}};
    ckks_status st = CKKS_OK;

    if ((st = ckks_secret_key_create(s->w, sk)) != CKKS_OK)
        return st;
    if ((st = ckks_public_key_create(s->w, pk, *sk)) != CKKS_OK)
        return st;
    if ((st = ckks_eval_keys_create(s->w, keys, *sk, specs, 2)) != CKKS_OK)
        return st;
    if ((st = ckks_encrypt_public(s->w, c, *pk, p)) != CKKS_OK)
        return st;
    if ((st = ckks_encrypt(s->w, c, *sk, p)) != CKKS_OK)
        return st;
    return ckks_decrypt_to_share(s->w, shared, *sk, c, 1.0, 30);
}

static void every_request_in_turn(void **state)
{
    source src = {0};
    ckks_params params = scheme_params(10, 2, 40, 1);
    ckks_plaintext *p = NULL;
    ckks_plaintext *shared = NULL;
    ckks_ciphertext *c = NULL;
    double x = 0.5;
    int k = 1;
    scheme s;

    (void)state;
    testing_rng_init(&src.rng, testing_seed());
    params.entropy = (ckks_entropy_source){fill, &src};
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_plaintext_create(&shared, s.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, &x, NULL, 1, 2, ckks_scale_from(0x1p50)));
    for (;; k++) {
        ckks_secret_key *sk = NULL;
        ckks_public_key *pk = NULL;
        ckks_eval_keys *keys = NULL;
        ckks_status st = CKKS_OK;
        c = scheme_empty(&s);
        src.calls = 0;
        src.fail_at = k;
        shared->limbs = 0;
        st = run(&s, p, shared, c, &sk, &pk, &keys);
        if (src.calls < k) {
            assert_int_equal(st, CKKS_OK);
            assert_int_equal(shared->limbs, 2);
        } else {
            assert_int_equal(st, CKKS_ERR_ENTROPY);
            assert_non_null(strstr(ckks_worker_error(s.w), "randomness"));
            assert_int_equal(shared->limbs, 0);
            /* objects exist exactly up to the failing step */
            assert_int_equal(sk != NULL, k > 1);
            assert_int_equal(pk != NULL, k > 2);
            assert_int_equal(keys != NULL, k > 3);
            assert_int_equal(ckks_ciphertext_limbs(c), k > 4 ? 2 : 0);
        }
        ckks_ciphertext_free(c);
        ckks_secret_key_free(sk);
        ckks_public_key_free(pk);
        ckks_eval_keys_free(keys);
        if (src.calls < k)
            break;
    }
    assert_int_equal(k, 7); /* six functions draw once each */
    ckks_plaintext_free(p);
    ckks_plaintext_free(shared);
    scheme_stop(&s);
}

/* The same entropy gives the same keys and ciphertexts, bit for bit: a transcript can be
 * replayed. */
static void same_entropy_same_bytes(void **state)
{
    static const ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 2, 1, 1};
    uint8_t *bytes[2] = {NULL, NULL};
    size_t size[2] = {0, 0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        source src = {0};
        ckks_params params = scheme_params(10, 2, 40, 1);
        scheme s;
        testing_rng_init(&src.rng, 12345);
        params.entropy = (ckks_entropy_source){fill, &src};
        scheme_start(&s, &params, 0);
        scheme_keys(&s, &spec, 1);
        bytes[i] = malloc(ckks_eval_keys_wire_bytes(s.keys));
        assert_non_null(bytes[i]);
        assert_int_equal(
            ckks_eval_keys_write(bytes[i], ckks_eval_keys_wire_bytes(s.keys), &size[i], s.keys),
            CKKS_OK);
        scheme_stop(&s);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_in_turn),
        cmocka_unit_test(same_entropy_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
