/* Keys: their equations hold with small errors, their rules are enforced, the choice of shape is
 * sound. */
#include "tests/scheme.h"

#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "ckks/ring/rng.h"
#include "ckks/scheme/keygen.h"
#include "ckks/scheme/object.h"

enum { LOG_N = 10, N = 1 << LOG_N };

/* row is turned to coefficients; the largest absolute centred one. */
static uint64_t largest(uint64_t *row, const ckks_modulus *m)
{
    uint64_t max = 0;

    ckks_ntt_inverse(m, row);
    for (size_t i = 0; i < m->n; i++) {
        uint64_t c = row[i] > m->q / 2 ? m->q - row[i] : row[i];
        max = c > max ? c : max;
    }
    return max;
}

static void secret_is_ternary_and_consistent(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 40, 2);
    int count[3] = {0, 0, 0};
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (size_t i = 0; i < N; i++) {
        assert_true(s.sk->coefs[i] >= -1 && s.sk->coefs[i] <= 1);
        count[s.sk->coefs[i] + 1]++;
    }
    /* a third each, deviation sqrt(N 2/9) = 15: six of these */
    for (int i = 0; i < 3; i++)
        testing_assert_near(count[i], N / 3.0, 90);
    for (int r = 0; r < 4; r++) {
        const ckks_modulus *m = &s.ctx->ring.modulus[r];
        _Alignas(64) uint64_t row[N];
        memcpy(row, s.sk->rows + (size_t)r * N, sizeof row);
        ckks_ntt_inverse(m, row);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(row[i], s.sk->coefs[i] < 0 ? m->q - 1 : (uint64_t)s.sk->coefs[i]);
    }
    scheme_stop(&s);
}

static void public_key_equation(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 40, 1);
    ckks_public_key *pk = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_public_key_create(s.w, &pk, s.sk));
    for (int l = 0; l < 2; l++) {
        const ckks_modulus *m = &s.ctx->ring.modulus[l];
        uint64_t *e = aligned_alloc(64, N * 8);
        const uint64_t *b = pk->rows + (size_t)l * N;
        const uint64_t *a = pk->rows + (size_t)(2 + l) * N;
        uint64_t max = 0;
        m->kernel->mul_add(e, a, s.sk->rows + (size_t)l * N, b, N, m);
        max = largest(e, m);
        /* |e| <= 21 by the law of the error, and some of 1024 exceed 8 = 2.5 deviations */
        assert_in_range(max, 8, 21);
        free(e);
    }
    ckks_public_key_free(pk);
    scheme_stop(&s);
}

/* b + a s - [row in digit] P s' is small in every row of every digit, and the same small
 * polynomial; s' = s^2, or s after the automorphism. */
static void check_key(scheme *s, const ckks_key *key)
{
    const ckks_context *ctx = s->ctx;
    uint32_t index[N];

    ckks_galois_table(index, scheme_ring, LOG_N, key->element);
    for (int digit = 0; digit < key->digits; digit++) {
        int64_t first[N];
        for (int row = 0; row < key->spec.limbs + key->spec.special; row++) {
            int i = ckks_ring_index(&ctx->ring, row, key->spec.limbs);
            const ckks_modulus *m = &ctx->ring.modulus[i];
            const uint64_t *sk = s->sk->rows + (size_t)i * N;
            uint64_t *a = aligned_alloc(64, N * 8);
            uint64_t *e = aligned_alloc(64, N * 8);
            uint64_t *t = aligned_alloc(64, N * 8);
            assert_non_null(a);
            assert_non_null(e);
            assert_non_null(t);
            ckks_key_get(key, N, row, 1, digit, a);
            ckks_key_get(key, N, row, 0, digit, t);
            m->kernel->mul_add(e, a, sk, t, N, m);
            ckks_key_expand_row(ctx, key, row, digit, t);
            assert_memory_equal(a, t, N * 8);
            if (row < key->spec.limbs && row / key->spec.alpha == digit) {
                uint64_t p = 1;
                for (int k = 0; k < key->spec.special; k++)
                    p = ckks_mod_mul(p, ctx->params.p[k] % m->q, &m->mod);
                if (key->spec.kind == CKKS_KEY_RELINEARISE)
                    m->kernel->mul(t, sk, sk, N, m);
                else
                    m->kernel->permute(t, sk, index, N);
                m->kernel->mul_scalar(t, t, p, N, m);
                m->kernel->sub(e, e, t, N, m);
            }
            assert_in_range(largest(e, m), 7, 21);
            for (size_t k = 0; k < N; k++) {
                int64_t c = e[k] > m->q / 2 ? -(int64_t)(m->q - e[k]) : (int64_t)e[k];
                if (row == 0)
                    first[k] = c;
                assert_int_equal(c, first[k]);
            }
            free(a);
            free(e);
            free(t);
        }
    }
}

static void evaluation_key_equations(void **state)
{
    ckks_params params = scheme_params(LOG_N, 5, 46, 3);
    ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 5, 1, 1}, {CKKS_KEY_RELINEARISE, 0, 5, 2, 3},
                             {CKKS_KEY_ROTATE, 3, 4, 2, 2},      {CKKS_KEY_ROTATE, -7, 3, 1, 3},
                             {CKKS_KEY_CONJUGATE, 0, 5, 2, 2},   {CKKS_KEY_ROTATE, 511, 1, 1, 1}};
    size_t memory = 0;
    scheme s;

    (void)state;
    if (scheme_ring == CKKS_RING_REAL)
        specs[4] = (ckks_key_spec){CKKS_KEY_ROTATE, N - 1, 5, 2, 2};
    scheme_start(&s, &params, 0);
    scheme_keys(&s, specs, 6);
    assert_int_equal(ckks_eval_keys_count(s.keys), 6);
    for (size_t i = 0; i < 6; i++) {
        check_key(&s, &s.keys->key[i]);
        memory += ckks_key_spec_memory(s.ctx, &specs[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(s.keys->key[i].seed, s.keys->key[k].seed, CKKS_SEED_BYTES);
    }
    assert_int_equal(ckks_eval_keys_bytes(s.keys), memory + sizeof(ckks_eval_keys));
    scheme_stop(&s);
}

/* Entropy that the test knows: the last seed that was given out. */
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

/* The seed that goes out with a key is a child of the one that its errors come from, by a label of
 * its own: neither that nor the seed of all keys. */
static void published_seeds_give_no_errors(void **state)
{
    uint8_t calls = 0;
    ckks_params params = scheme_params(LOG_N, 2, 46, 1);
    ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 2, 1, 1}, {CKKS_KEY_ROTATE, 3, 2, 1, 1}};
    scheme s;

    (void)state;
    params.entropy = (ckks_entropy_source){known_fill, &calls};
    scheme_start(&s, &params, 0);
    scheme_keys(&s, specs, 2);
    for (size_t i = 0; i < 2; i++) {
        uint8_t child[CKKS_SEED_BYTES], published[CKKS_SEED_BYTES];
        ckks_seed_derive(child, known_seed, CKKS_LABEL_KEY, i);
        ckks_seed_derive(published, child, CKKS_LABEL_PUBLIC, 0);
        assert_memory_equal(s.keys->key[i].seed, published, CKKS_SEED_BYTES);
        assert_memory_not_equal(s.keys->key[i].seed, child, CKKS_SEED_BYTES);
        assert_memory_not_equal(s.keys->key[i].seed, known_seed, CKKS_SEED_BYTES);
    }
    scheme_stop(&s);
}

static void bad_spec(const scheme *s, ckks_key_spec spec, ckks_status status, const char *word)
{
    ckks_eval_keys *keys = (ckks_eval_keys *)(void *)&spec; /* any value: it must become NULL */

    assert_int_equal(ckks_eval_keys_create(s->w, &keys, s->sk, &spec, 1), status);
    assert_null(keys);
    if (strstr(ckks_worker_error(s->w), word) == NULL)
        print_error("%s\n", ckks_worker_error(s->w));
    assert_non_null(strstr(ckks_worker_error(s->w), word));
}

static void bad_specs(void **state)
{
    ckks_params params = scheme_params(LOG_N, 4, 46, 2);
    ckks_params small = scheme_params(LOG_N, 3, 46, 0);
    ckks_params others = scheme_params(LOG_N, 3, 46, 1);
    char why[100] = "";
    double p_bits = 40;
    double q_bits = 46;
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 1, 1, 1};
    const int slots = scheme_ring == CKKS_RING_REAL ? N : N / 2;
    ckks_eval_keys *keys = NULL;
    ckks_public_key *pk = NULL;
    scheme s;
    scheme t;

    (void)state;
    scheme_start(&s, &params, 0);
    bad_spec(&s, (ckks_key_spec){3, 1, 4, 1, 1}, CKKS_ERR_ARG, "kind 3");
    bad_spec(&s, (ckks_key_spec){-1, 1, 4, 1, 1}, CKKS_ERR_ARG, "kind -1");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 0, 4, 1, 1}, CKKS_ERR_ARG, "0 steps");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, slots, 4, 1, 1}, CKKS_ERR_ARG, "steps, not");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, -slots, 4, 1, 1}, CKKS_ERR_ARG, "steps, not");
    if (scheme_ring == CKKS_RING_REAL)
        bad_spec(&s, (ckks_key_spec){CKKS_KEY_CONJUGATE, 0, 4, 1, 1}, CKKS_ERR_ARG, "real slots");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 0, 1, 1}, CKKS_ERR_ARG, "limbs = 0");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 5, 1, 1}, CKKS_ERR_ARG, "limbs = 5");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 4, 0, 1}, CKKS_ERR_ARG, "alpha = 0");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 4, 5, 1}, CKKS_ERR_ARG, "alpha = 5");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 4, 1, 0}, CKKS_ERR_ARG, "special = 0");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 4, 1, 3}, CKKS_ERR_ARG, "special = 3");
    bad_spec(&s, (ckks_key_spec){CKKS_KEY_ROTATE, 1, 4, 2, 1}, CKKS_ERR_ARG, "digit of limbs 0..1");
    assert_int_equal(ckks_eval_keys_create(s.w, &keys, s.sk, NULL, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_keys_create(s.w, &keys, NULL, &spec, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_keys_create(NULL, &keys, s.sk, &spec, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_eval_keys_create(s.w, NULL, s.sk, &spec, 1), CKKS_ERR_ARG);
    scheme_ok(s.w, ckks_eval_keys_create(s.w, &keys, s.sk, NULL, 0));
    assert_int_equal(ckks_eval_keys_count(keys), 0);
    ckks_eval_keys_free(keys);
    scheme_start(&t, &others, 0);
    assert_int_equal(ckks_eval_keys_create(s.w, &keys, t.sk, &spec, 1), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_public_key_create(s.w, &pk, t.sk), CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_public_key_create(s.w, &pk, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_public_key_create(s.w, NULL, s.sk), CKKS_ERR_ARG);
    assert_int_equal(ckks_public_key_create(NULL, &pk, s.sk), CKKS_ERR_ARG);
    assert_int_equal(ckks_secret_key_create(s.w, NULL), CKKS_ERR_ARG);
    scheme_stop(&t);
    scheme_start(&t, &small, 0);
    bad_spec(&t, spec, CKKS_ERR_ARG, "special = 1 of 0");
    scheme_stop(&t);
    /* a special prime below the digit */
    assert_int_equal(ckks_params_generate(&small, scheme_ring, LOG_N, &q_bits, 1, &p_bits, 1, 0,
                                          why, sizeof why),
                     CKKS_OK);
    scheme_start(&t, &small, 0);
    bad_spec(&t, spec, CKKS_ERR_ARG, "has 46.00 bits, its 1 special primes have 40.00");
    scheme_stop(&t);
    scheme_stop(&s);
}

/* At N = 2^13 the set is secure without special primes; each key is held to 214 bits by itself. */
static void every_key_is_checked(void **state)
{
    double q[] = {46.8, 46, 46};
    double p[] = {46.8, 46.8};
    ckks_params params;
    char why[200] = "";
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 3, 1, 2};
    scheme s;

    (void)state;
    assert_int_equal(
        ckks_params_generate(&params, scheme_ring, 13, q, 3, p, 2, 128, why, sizeof why), CKKS_OK);
    scheme_start(&s, &params, 0);
    bad_spec(&s, spec, CKKS_ERR_INSECURE, "log2(QP) = 232.40, above 214");
    spec.special = 1;
    scheme_keys(&s, &spec, 1);
    spec = (ckks_key_spec){CKKS_KEY_ROTATE, 1, 2, 2, 2};
    scheme_keys(&s, &spec, 1);
    scheme_stop(&s);
}

static void choice_is_the_cheapest_allowed(void **state)
{
    double q[] = {46.8, 46, 46};
    double p[] = {46.8, 46.8, 46.8};
    ckks_params params;
    char why[200] = "";
    scheme s;

    (void)state;
    assert_int_equal(
        ckks_params_generate(&params, scheme_ring, 13, q, 3, p, 3, 128, why, sizeof why), CKKS_OK);
    scheme_start(&s, &params, 0);
    for (int limbs = 1; limbs <= 3; limbs++) {
        ckks_key_spec best = {CKKS_KEY_ROTATE, 1, limbs, 0, 0};
        double cost = 0.0;
        assert_int_equal(ckks_key_spec_choose(s.ctx, &best), CKKS_OK);
        cost = ckks_key_spec_cost(s.ctx, &best);
        for (int alpha = 1; alpha <= limbs; alpha++) {
            for (int special = 1; special <= 3; special++) {
                ckks_key_spec other = {CKKS_KEY_ROTATE, 1, limbs, alpha, special};
                if (ckks_key_spec_check(s.ctx, &other, why, sizeof why) == CKKS_OK)
                    assert_true(ckks_key_spec_cost(s.ctx, &other) >= cost);
            }
        }
        assert_true(ckks_params_log2_qp(&params, limbs, best.special) <= 214.0);
        /* seeded and packed: half of the parts, 47 of 48 bits */
        testing_assert_near((double)ckks_key_spec_file_bytes(s.ctx, &best) /
                                (double)ckks_key_spec_memory(s.ctx, &best),
                            0.5 * 47 / 48, 0.01);
    }
    scheme_stop(&s);
    /* No special prime: there is no choice. */
    assert_int_equal(
        ckks_params_generate(&params, scheme_ring, 13, q, 3, NULL, 0, 128, why, sizeof why),
        CKKS_OK);
    scheme_start(&s, &params, 0);
    assert_int_equal(ckks_key_spec_choose(s.ctx, &(ckks_key_spec){CKKS_KEY_ROTATE, 1, 2, 0, 0}),
                     CKKS_ERR_INSECURE);
    assert_int_equal(ckks_key_spec_choose(s.ctx, &(ckks_key_spec){CKKS_KEY_ROTATE, 1, 4, 0, 0}),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_key_spec_choose(NULL, NULL), CKKS_ERR_ARG);
    scheme_stop(&s);
}

static void told(void *user, size_t done, size_t total)
{
    size_t *last = user;
    assert_int_equal(done, ++*last);
    assert_int_equal(total, 3);
}

/* Key by key, as long as it is wanted. */
static void tells_of_keys(void **state)
{
    (void)state;
    const ckks_params params = scheme_params(LOG_N, 3, 46, 1);
    const ckks_key_spec spec[3] = {{CKKS_KEY_ROTATE, 1, 2, 1, 1},
                                   {CKKS_KEY_ROTATE, 2, 2, 1, 1},
                                   {CKKS_KEY_ROTATE, 3, 2, 1, 1}};
    ckks_eval_keys *keys = NULL;
    size_t last = 0;
    scheme s;
    scheme_start(&s, &params, 0);
    ckks_worker_tell(s.w, told, &last);
    scheme_ok(s.w, ckks_eval_keys_create(s.w, &keys, s.sk, spec, 3));
    assert_int_equal(last, 3);
    ckks_eval_keys_free(keys);
    ckks_worker_tell(s.w, NULL, NULL);
    scheme_ok(s.w, ckks_eval_keys_create(s.w, &keys, s.sk, spec, 3));
    assert_int_equal(last, 3);
    ckks_eval_keys_free(keys);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_is_ternary_and_consistent),
        cmocka_unit_test(public_key_equation),
        cmocka_unit_test(evaluation_key_equations),
        cmocka_unit_test(published_seeds_give_no_errors),
        cmocka_unit_test(tells_of_keys),
        cmocka_unit_test(bad_specs),
        cmocka_unit_test(every_key_is_checked),
        cmocka_unit_test(choice_is_the_cheapest_allowed),
    };

    return scheme_run(tests);
}
