/* Key switching: exact divisions, digits that add up, switched phases within the bound that holds
 * always. */
#include "tests/scheme.h"

#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "ckks/scheme/keyswitch.h"

enum { LOG_N = 10, N = 1 << LOG_N };

static uint64_t *rows_alloc(int count)
{
    uint64_t *rows = aligned_alloc(64, (size_t)count * N * 8);

    assert_non_null(rows);
    return rows;
}

/* x = B y + r in NTT form over (limbs, special), with y random modulo Q and |r| < bound; y goes to
 * want. */
static void make_dividend(scheme *s, uint64_t *x, uint64_t *want, int limbs, int special,
                          int rescale, int64_t bound, int ntt)
{
    const ckks_basis *divisor = ckks_ring_special(&s->ctx->ring, special, rescale ? limbs - 1 : -1);
    _Alignas(64) int64_t r[N];

    for (size_t i = 0; i < N; i++) {
        switch (testing_u64(&s->rng) & 7) {
        case 0:
            r[i] = bound;
            break;
        case 1:
            r[i] = -bound;
            break;
        default:
            r[i] = (int64_t)(testing_u64(&s->rng) % (uint64_t)(2 * bound + 1)) - bound;
        }
    }
    for (int row = 0; row < limbs + special; row++) {
        const ckks_modulus *m = ckks_context_modulus(s->ctx, row, limbs);
        int index = ckks_ring_index(&s->ctx->ring, row, limbs);
        uint64_t *out = x + (size_t)row * N;
        m->kernel->reduce_i64(out, r, N, m);
        if (row < limbs - (rescale ? 1 : 0)) {
            testing_residues(&s->rng, want + (size_t)row * N, N, m->q);
            m->kernel->mul_scalar_add(out, want + (size_t)row * N, divisor->product[index], out, N,
                                      m);
        }
        if (ntt)
            ckks_ntt_forward(m, out);
    }
    for (int row = 0; ntt && row < limbs - (rescale ? 1 : 0); row++)
        ckks_ntt_forward(&s->ctx->ring.modulus[row], want + (size_t)row * N);
}

/* Both parts in one loop, and three parts by the last prime, in place and not. */
static void check_parts(scheme *s, int limbs, int special)
{
    const size_t part = 7 * (size_t)N;
    uint64_t *x = rows_alloc(21);
    uint64_t *y = rows_alloc(21);
    uint64_t *want = rows_alloc(21);
    uint64_t *const to[3] = {y, y + part, y + 2 * part};
    const uint64_t *const from[3] = {x, x + part, x + 2 * part};
    /* |r| < B/2: any 62-bit number when B has two primes, 2^45 when it has one */
    int64_t bound = special == 1 ? (int64_t)1 << 45 : INT64_MAX / 4;

    for (int rescale = 0; rescale < (limbs > 1 ? 2 : 1); rescale++) {
        size_t bytes = (size_t)(limbs - rescale) * N * 8;
        for (int h = 0; h < 2; h++)
            make_dividend(s, x + (size_t)h * part, want + (size_t)h * part, limbs, special, rescale,
                          rescale ? INT64_MAX / 4 : bound, 1);
        assert_int_equal(
            ckks_mod_down_pair(s->w, y, x + part, x, x + part, limbs, special, rescale), CKKS_OK);
        assert_memory_equal(y, want, bytes);
        assert_memory_equal(x + part, want + part, bytes);
    }
    for (int parts = 1; parts <= 3 && limbs > 1; parts++) {
        bound = (int64_t)(s->params.q[limbs - 1] / 2);
        for (int h = 0; h < parts; h++)
            make_dividend(s, x + (size_t)h * part, want + (size_t)h * part, limbs, 0, 1, bound, 1);
        memcpy(y, x, 21 * (size_t)N * 8);
        assert_int_equal(ckks_divide_last(s->w, to, (const uint64_t *const *)to, parts, limbs),
                         CKKS_OK);
        for (int h = 0; h < parts; h++)
            assert_memory_equal(to[h], want + (size_t)h * part, (size_t)(limbs - 1) * N * 8);
        memset(y, 0, 21 * (size_t)N * 8);
        assert_int_equal(ckks_divide_last(s->w, to, from, parts, limbs), CKKS_OK);
        for (int h = 0; h < parts; h++)
            assert_memory_equal(to[h], want + (size_t)h * part, (size_t)(limbs - 1) * N * 8);
    }
    assert_int_equal(s->w->arena.used, 0);
    free(x);
    free(y);
    free(want);
}

static void divisions_are_exact(void **state)
{
    ckks_params params = scheme_params(LOG_N, 4, 44, 3);
    uint64_t *x = rows_alloc(7);
    uint64_t *want = rows_alloc(4);
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int limbs = 1; limbs <= 4; limbs++) {
        for (int special = 1; special <= 3; special++) {
            int64_t bound = special == 1 ? (int64_t)1 << 45 : INT64_MAX / 4;
            make_dividend(&s, x, want, limbs, special, 0, bound, 0);
            assert_int_equal(ckks_mod_down_coeffs(s.w, x, x, limbs, special), CKKS_OK);
            assert_memory_equal(x, want, (size_t)limbs * N * 8);
            check_parts(&s, limbs, special);
        }
    }
    free(x);
    free(want);
    scheme_stop(&s);
}

/* A small polynomial's digits: each is its residue modulo D_d, which is the polynomial itself when
 * that is smaller than half of every D_d. */
static void digits_of_small_numbers(void **state)
{
    ckks_params params = scheme_params(LOG_N, 5, 44, 3);
    uint64_t *x = rows_alloc(5);
    uint64_t *want = rows_alloc(1);
    _Alignas(64) int64_t small[N];
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (size_t i = 0; i < N; i++)
        small[i] = (int64_t)(testing_u64(&s.rng) >> 22) - ((int64_t)1 << 41);
    for (int alpha = 1; alpha <= 3; alpha++) {
        for (int limbs = 1; limbs <= 5; limbs++) {
            size_t mark = ckks_arena_mark(&s.w->arena);
            const uint64_t *u[CKKS_MAX_DIGITS];
            ckks_digits d = {0};
            if (alpha > limbs)
                continue;
            for (int l = 0; l < limbs; l++) {
                const ckks_modulus *m = &s.ctx->ring.modulus[l];
                m->kernel->reduce_i64(x + (size_t)l * N, small, N, m);
                ckks_ntt_forward(m, x + (size_t)l * N);
            }
            assert_int_equal(ckks_digits_init(s.w, &d, x, limbs, alpha, 3), CKKS_OK);
            assert_int_equal(d.count, (limbs + alpha - 1) / alpha);
            assert_int_equal(s.w->arena.used - mark, ckks_digits_rows(limbs, alpha, 1) * N * 8);
            for (int row = 0; row < limbs + 3; row++) {
                const ckks_modulus *m = ckks_context_modulus(s.ctx, row, limbs);
                ckks_digits_row(s.ctx, &d, u, row, 0);
                m->kernel->reduce_i64(want, small, N, m);
                ckks_ntt_forward(m, want);
                for (int digit = 0; digit < d.count; digit++)
                    assert_memory_equal(u[digit], want, N * 8);
            }
            ckks_arena_release(&s.w->arena, mark);
        }
    }
    free(x);
    free(want);
    scheme_stop(&s);
}

/* Phase of (c0, c1) at limb 0, minus that of want, in coefficients; returns the largest. */
static double phase_gap(scheme *s, const uint64_t *c0, const uint64_t *c1, const uint64_t *want,
                        const uint64_t *key)
{
    const ckks_modulus *m = &s->ctx->ring.modulus[0];
    uint64_t *t = rows_alloc(1);
    double max = 0.0;

    m->kernel->mul_add(t, c1, key, c0, N, m);
    m->kernel->sub(t, t, want, N, m);
    ckks_ntt_inverse(m, t);
    for (size_t i = 0; i < N; i++)
        max = fmax(max, (double)(t[i] > m->q / 2 ? m->q - t[i] : t[i]));
    free(t);
    return max;
}

/* c s^2 is switched to s: the error is at most sum over digits of N (D/2) 21 / P, and (1 + N)/2 of
 * rounding. */
static void switched_phase(int q_count, int limbs, int alpha, int special)
{
    ckks_params params = scheme_params(LOG_N, q_count, 44, 3);
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, q_count, alpha, special};
    uint64_t *c = rows_alloc(limbs);
    uint64_t *init = rows_alloc(limbs);
    uint64_t *out = rows_alloc(2 * limbs);
    uint64_t *want = rows_alloc(1);
    double bound = 0.5 * (1.0 + N);
    double log2_p = 0.0;
    double gap = 0.0;
    const ckks_modulus *m = NULL;
    scheme s;

    scheme_start(&s, &params, 0);
    scheme_keys(&s, &spec, 1);
    m = &s.ctx->ring.modulus[0];
    for (int l = 0; l < limbs; l++) {
        testing_residues(&s.rng, c + (size_t)l * N, N, s.params.q[l]);
        testing_residues(&s.rng, init + (size_t)l * N, N, s.params.q[l]);
    }
    m->kernel->mul(want, s.sk->rows, s.sk->rows, N, m);
    m->kernel->mul_add(want, want, c, init, N, m);
    assert_int_equal(
        ckks_keyswitch(s.w, out, out + (size_t)limbs * N, c, init, NULL, &s.keys->key[0], limbs, 0),
        CKKS_OK);
    log2_p = ckks_params_log2_qp(&params, 0, special);
    for (int first = 0; first < limbs; first += alpha) {
        int last = first + alpha < limbs ? first + alpha : limbs;
        bound += N * 10.5 *
                 exp2(ckks_params_log2_qp(&params, last, 0) -
                      ckks_params_log2_qp(&params, first, 0) - log2_p);
    }
    gap = phase_gap(&s, out, out + (size_t)limbs * N, want, s.sk->rows);
    assert_true(gap <= bound);
    /* and the rounding alone, sqrt(N/18) a coefficient, is always there */
    assert_true(gap >= 2.0 * sqrt(N / 18.0));
    free(c);
    free(init);
    free(out);
    free(want);
    scheme_stop(&s);
}

static void switched_phases(void **state)
{
    (void)state;
    switched_phase(1, 1, 1, 1);
    switched_phase(3, 3, 1, 1);
    switched_phase(3, 3, 3, 3);
    switched_phase(5, 5, 2, 2);
    switched_phase(5, 4, 2, 3); /* a key for more limbs than there are */
    switched_phase(5, 3, 2, 2); /* the last digit is shorter */
    switched_phase(5, 1, 3, 3);
}

static void the_cheapest_key_is_found(void **state)
{
    ckks_params params = scheme_params(LOG_N, 4, 46, 2);
    ckks_key_spec specs[] = {{CKKS_KEY_ROTATE, 3, 4, 1, 1},
                             {CKKS_KEY_ROTATE, 3, 2, 1, 1},
                             {CKKS_KEY_ROTATE, 3, 3, 2, 2},
                             {CKKS_KEY_RELINEARISE, 0, 2, 1, 1},
                             {CKKS_KEY_CONJUGATE, 0, 4, 1, 1}};
    uint64_t element = 0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    assert_null(ckks_keyswitch_find(s.w, CKKS_KEY_RELINEARISE, 1, 1, 0, 0));
    scheme_keys(&s, specs, scheme_ring == CKKS_RING_REAL ? 4 : 5);
    element = ckks_galois_element(&s.ctx->ring, 3);
    assert_ptr_equal(ckks_keyswitch_find(s.w, CKKS_KEY_ROTATE, element, 1, 0, 0), &s.keys->key[1]);
    assert_ptr_equal(ckks_keyswitch_find(s.w, CKKS_KEY_ROTATE, element, 3, 0, 0), &s.keys->key[2]);
    assert_ptr_equal(ckks_keyswitch_find(s.w, CKKS_KEY_ROTATE, element, 3, 1, 1), &s.keys->key[0]);
    assert_ptr_equal(ckks_keyswitch_find(s.w, CKKS_KEY_ROTATE, element, 4, 0, 0), &s.keys->key[0]);
    assert_null(ckks_keyswitch_find(s.w, CKKS_KEY_ROTATE, element, 4, 2, 2));
    assert_ptr_equal(ckks_keyswitch_find(s.w, CKKS_KEY_RELINEARISE, 1, 2, 0, 0), &s.keys->key[3]);
    assert_null(ckks_keyswitch_find(s.w, CKKS_KEY_RELINEARISE, 1, 3, 0, 0));
    assert_null(
        ckks_keyswitch_find(s.w, CKKS_KEY_ROTATE, ckks_galois_element(&s.ctx->ring, 4), 1, 0, 0));
    assert_ptr_equal(
        ckks_keyswitch_find(s.w, CKKS_KEY_CONJUGATE, ckks_galois_conjugation(LOG_N), 4, 0, 0),
        scheme_ring == CKKS_RING_REAL ? NULL : &s.keys->key[4]);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divisions_are_exact),
        cmocka_unit_test(digits_of_small_numbers),
        cmocka_unit_test(switched_phases),
        cmocka_unit_test(the_cheapest_key_is_found),
    };

    return scheme_run(tests);
}
