/* Bases against Python's integers, against a small big-integer of this file, and by exhaustion on a
 * toy. */
#include "ckks/kernel/modulus.h"
#include "ckks/ring/rns.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"
#include "tests/vectors/rns.inc"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { LOG_N = 4, N = 1 << LOG_N, MODULI = COUNT(rns_q) + COUNT(rns_p) };

static const ckks_basis *basis_of(const ckks_ring *r, size_t c)
{
    return case_special[c] ? ckks_ring_special(r, case_first[c], case_second[c])
                           : ckks_ring_digit(r, case_first[c], case_second[c]);
}

static void known_answers(void **state)
{
    ckks_ring r;

    (void)state;
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, LOG_N, rns_q, COUNT(rns_q), rns_p,
                                    COUNT(rns_p), NULL, NULL),
                     CKKS_OK);
    for (size_t c = 0; c < COUNT(case_special); c++) {
        static _Alignas(64) uint64_t rows[CKKS_MAX_BASIS][N];
        static _Alignas(64) uint64_t apart[CKKS_MAX_BASIS][N]; /* rows are aligned, the table not */
        static _Alignas(64) uint64_t v[N];
        static _Alignas(64) uint64_t out[N];
        const uint64_t *all = case_residues + c * MODULI * N;
        const ckks_basis *b = basis_of(&r, c);
        const uint64_t *x[CKKS_MAX_BASIS];
        uint64_t *y[CKKS_MAX_BASIS];

        assert_non_null(b);
        for (int k = 0; k < b->count; k++) {
            memcpy(rows[k], all + b->index[k] * N, sizeof rows[k]);
            memcpy(apart[k], rows[k], sizeof rows[k]);
            x[k] = c % 2 != 0 ? rows[k] : apart[k];
            y[k] = rows[k];
        }
        memset(v, 0xff, sizeof v);
        ckks_basis_prepare(b, y, v, x);
        for (int m = 0; m < MODULI; m++) {
            ckks_basis_convert(b, out, m, (const uint64_t *const *)y, v);
            assert_memory_equal(out, all + m * N, sizeof out);
        }
        /* The output may be v or a row of y. */
        ckks_basis_convert(b, rows[0], MODULI - 1, (const uint64_t *const *)y, v);
        assert_memory_equal(rows[0], all + (MODULI - 1) * N, sizeof out);
    }
    ckks_ring_clear(&r);
}

/* x = sum of y_k (D/d_k) - v D, recomputed modulo every prime; v is the sum of y_k / d_k, rounded.
 */
static void against_big_integers(void **state)
{
    testing_rng rng;
    ckks_ring r;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, LOG_N, rns_q, COUNT(rns_q), rns_p,
                                    COUNT(rns_p), NULL, NULL),
                     CKKS_OK);
    for (int t = 0; t < testing_iters(200); t++) {
        const ckks_basis *b = ckks_ring_special(&r, 2, t % 6);
        static _Alignas(64) uint64_t rows[3][N];
        static _Alignas(64) uint64_t v[N];
        static _Alignas(64) uint64_t out[N];
        const uint64_t *x[3] = {rows[0], rows[1], rows[2]};
        uint64_t *y[3] = {rows[0], rows[1], rows[2]};
        uint64_t kept[3][N];

        assert_int_equal(b->count, 3);
        for (int k = 0; k < 3; k++) {
            testing_residues(&rng, rows[k], N, r.modulus[b->index[k]].q);
            memcpy(kept[k], rows[k], sizeof kept[k]);
        }
        ckks_basis_prepare(b, y, v, x);
        for (int m = 0; m < MODULI; m++) {
            const ckks_mod *mod = &r.modulus[m].mod;

            ckks_basis_convert(b, out, m, (const uint64_t *const *)y, v);
            for (size_t i = 0; i < N; i++) {
                uint64_t want = 0;
                double fraction = 0;

                for (int k = 0; k < 3; k++) {
                    uint64_t term = ckks_mod_reduce_u64(rows[k][i], mod);

                    for (int other = 0; other < 3; other++) {
                        uint64_t d = r.modulus[b->index[other]].q;
                        if (other != k)
                            term = ckks_mod_mul(term, ckks_mod_reduce_u64(d, mod), mod);
                    }
                    want = ckks_mod_add(want, term, mod->q);
                    fraction += (double)rows[k][i] / (double)r.modulus[b->index[k]].q;
                }
                for (uint64_t turns = 0; turns < v[i]; turns++)
                    want = ckks_mod_sub(want, b->product[m], mod->q);
                assert_true(out[i] == want);
                assert_true(fabs(fraction - (double)v[i]) <= 0.5 + 0x1p-45);
            }
            for (int k = 0; k < 3; k++) {
                if (m == b->index[k])
                    assert_memory_equal(out, kept[k], sizeof out);
            }
        }
    }
    ckks_ring_clear(&r);
}

/* Modulo 17 * 97 * 113 every single number, but those within the tolerance of the border. */
static void exhaustive_toy(void **state)
{
    const uint64_t q[] = {257, 17};
    const uint64_t p[] = {97, 113};
    const int64_t d = 17 * 97 * 113;
    ckks_ring r;
    const ckks_basis *b;

    (void)state;
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 3, q, 2, p, 2, NULL, NULL), CKKS_OK);
    b = ckks_ring_special(&r, 2, 1);
    assert_int_equal(b->count, 3);
    for (int64_t start = -(d / 2); start <= d / 2; start += 8) {
        _Alignas(64) uint64_t rows[3][8];
        _Alignas(64) uint64_t v[8];
        _Alignas(64) uint64_t out[8];
        const uint64_t *x[3] = {rows[0], rows[1], rows[2]};
        uint64_t *y[3] = {rows[0], rows[1], rows[2]};

        for (int k = 0; k < 3; k++) {
            const int64_t prime = (int64_t)r.modulus[b->index[k]].q;
            for (int64_t i = 0; i < 8; i++)
                rows[k][i] = (uint64_t)(((start + i) % prime + prime) % prime);
        }
        ckks_basis_prepare(b, y, v, x);
        for (int m = 0; m < 4; m++) {
            const int64_t prime = (int64_t)r.modulus[m].q;

            ckks_basis_convert(b, out, m, (const uint64_t *const *)y, v);
            for (int64_t i = 0; i < 8 && start + i <= d / 2; i++)
                assert_true(out[i] == (uint64_t)(((start + i) % prime + prime) % prime));
        }
    }
    ckks_ring_clear(&r);
}

static void tables(void **state)
{
    ckks_ring r;

    (void)state;
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, LOG_N, rns_q, COUNT(rns_q), rns_p,
                                    COUNT(rns_p), NULL, NULL),
                     CKKS_OK);
    for (size_t i = 0; i < r.basis_count; i++) {
        const ckks_basis *b = &r.basis[i];
        double log2_d = 0;

        for (int k = 0; k < b->count; k++)
            log2_d += log2((double)r.modulus[b->index[k]].q);
        testing_assert_near(b->log2, log2_d, 0x1p-40);
        for (int m = 0; m < MODULI; m++) {
            const ckks_mod *mod = &r.modulus[m].mod;
            uint64_t product = 1;

            for (int k = 0; k < b->count; k++)
                product =
                    ckks_mod_mul(product, ckks_mod_reduce_u64(r.modulus[b->index[k]].q, mod), mod);
            assert_true(b->product[m] == product);
            assert_true(ckks_mod_mul(b->inverse[m], product, mod) == (product != 0));
        }
    }
    /* Rows and numbers. */
    assert_int_equal(ckks_ring_index(&r, 0, 3), 0);
    assert_int_equal(ckks_ring_index(&r, 2, 3), 2);
    assert_int_equal(ckks_ring_index(&r, 3, 3), 6);
    assert_int_equal(ckks_ring_index(&r, 4, 3), 7);
    assert_true(ckks_ring_bytes(&r) > MODULI * 32 * N);
    ckks_ring_clear(&r);
}

static void which_bases_exist(void **state)
{
    ckks_ring r;

    (void)state;
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, LOG_N, rns_q, COUNT(rns_q), rns_p,
                                    COUNT(rns_p), NULL, NULL),
                     CKKS_OK);
    for (int first = 0; first < 6; first++) {
        const ckks_basis *b = ckks_ring_digit(&r, first, 1);

        assert_non_null(b);
        assert_int_equal(b->count, 1);
        assert_int_equal(b->index[0], first);
    }
    /* P has 93.6 bits: two large primes fit, three do not. */
    assert_non_null(ckks_ring_digit(&r, 0, 2));
    assert_null(ckks_ring_digit(&r, 0, 3));
    assert_null(ckks_ring_digit(&r, 5, 2));
    assert_null(ckks_ring_digit(&r, 6, 1));
    assert_null(ckks_ring_digit(&r, -1, 1));
    assert_null(ckks_ring_digit(&r, 0, 0));
    assert_null(ckks_ring_special(&r, 3, -1));
    assert_null(ckks_ring_special(&r, 0, -1));
    assert_null(ckks_ring_special(&r, 1, 6));
    assert_null(ckks_ring_special(&r, 1, -2));
    assert_ptr_equal(ckks_ring_special(&r, 0, 4), ckks_ring_digit(&r, 4, 1));
    for (int special = 1; special <= 2; special++) {
        for (int with_q = -1; with_q < 6; with_q++) {
            const ckks_basis *b = ckks_ring_special(&r, special, with_q);
            int at = 0;

            assert_int_equal(b->count, special + (with_q >= 0));
            if (with_q >= 0)
                assert_int_equal(b->index[at++], with_q);
            for (int k = 0; k < special; k++)
                assert_int_equal(b->index[at++], 6 + k);
        }
    }
    ckks_ring_clear(&r);
}

static void refusals(void **state)
{
    const uint64_t good[] = {97, 193};
    const uint64_t twice[] = {97, 97};
    const uint64_t bad[] = {97, 95};
    const uint64_t big[] = {97, UINT64_C(1) << 60 | 1};
    uint64_t many[CKKS_MAX_Q + 1] = {97};
    ckks_ring r;

    (void)state;
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 2, good, 2, NULL, 0, NULL, NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 17, good, 2, NULL, 0, NULL, NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, good, 0, NULL, 0, NULL, NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(
        ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, many, CKKS_MAX_Q + 1, NULL, 0, NULL, NULL),
        CKKS_ERR_ARG);
    assert_int_equal(
        ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, good, 2, many, CKKS_MAX_P + 1, NULL, NULL),
        CKKS_ERR_ARG);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, good, 2, NULL, 0, "abacus", NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, twice, 2, NULL, 0, NULL, NULL),
                     CKKS_ERR_PARAMS);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, good, 2, good, 1, NULL, NULL),
                     CKKS_ERR_PARAMS);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, good, 1, twice, 2, NULL, NULL),
                     CKKS_ERR_PARAMS);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, bad, 2, NULL, 0, NULL, NULL),
                     CKKS_ERR_PARAMS);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, big, 2, NULL, 0, NULL, NULL),
                     CKKS_ERR_PARAMS);
    assert_null(r.modulus);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, 4, good, 2, NULL, 0, "portable", NULL),
                     CKKS_OK);
    ckks_ring_clear(&r);
    ckks_ring_clear(&r);
}

/* The k-th allocation fails, for every k: a status, nothing left behind. */
static void no_memory(void **state)
{
    ckks_ring r;

    (void)state;
    for (int k = 1;; k++) {
        testing_alloc t = {.fail_at = k};
        const ckks_allocator hook = {testing_alloc_get, testing_alloc_put, &t};
        ckks_status st = ckks_ring_init(&r, CKKS_RING_COMPLEX, LOG_N, rns_q, COUNT(rns_q), rns_p,
                                        COUNT(rns_p), NULL, &hook);

        if (t.calls < k) {
            assert_int_equal(st, CKKS_OK);
            /* moduli, their tables, scratch of the self-test, bases, words of the bases */
            assert_int_equal(t.calls, 5);
            ckks_ring_clear(&r);
            assert_int_equal(t.live, 0);
            break;
        }
        assert_int_equal(st, CKKS_ERR_MEMORY);
        assert_int_equal(t.live, 0);
        assert_null(r.modulus);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),     cmocka_unit_test(against_big_integers),
        cmocka_unit_test(exhaustive_toy),    cmocka_unit_test(tables),
        cmocka_unit_test(which_bases_exist), cmocka_unit_test(refusals),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
