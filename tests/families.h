/* A family of kernels against the portable one, bit for bit: primes at the borders of sizes, inputs
 * at the edges of the ranges, outputs that are inputs, every N.
 */
#ifndef UNSEEN_TESTS_FAMILIES_H
#define UNSEEN_TESTS_FAMILIES_H

#include "tests/testing.h"

#include "ckks/kernel/modulus.h"
#include "ckks/kernel/pack.h"
#include "ckks/ring/galois.h"
#include "ckks/word/prime.h"

enum {
    FAMILY_LOG_N = 8,
    FAMILY_N = 1 << FAMILY_LOG_N,
    FAMILY_ROWS = 12,
    FAMILY_TERMS = 4096,
    FAMILY_SUMS = 6
};

/** The family, or NULL with a message when this build or this machine lacks it. */
static inline const ckks_kernel *family_of(const char *name)
{
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);

    if (kernel == NULL)
        printf("# %s: not in this build or not for this machine, skipped\n", name);
    else
        printf("# %s against portable\n", name);
    return kernel;
}

/** Primes that are 1 modulo step: the smallest, those next to powers of two, the largest; 0 past
 *  the end. */
static inline uint64_t family_prime(int i, uint64_t step)
{
    static const int bits[] = {11, 13, 14, 15, 16, 17, 30, 31, 32, 33, 40, 44, 45, 46, 0};
    uint64_t q = step + 1;

    if (i == 0) {
        while (!ckks_prime_is(q))
            q += step;
        return q;
    }
    if (i > (int)(sizeof bits / sizeof bits[0]))
        return 0;
    if (bits[i - 1] == 0)
        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, step), CKKS_OK);
    else if (UINT64_C(1) << bits[i - 1] <= 4 * step ||
             ckks_prime_below(&q, UINT64_C(1) << bits[i - 1], step) != CKKS_OK)
        return family_prime(0, step);
    return q;
}

typedef struct family_rows {
    _Alignas(64) uint64_t in[FAMILY_ROWS][FAMILY_N];
    _Alignas(64) uint64_t want[FAMILY_N];
    _Alignas(64) uint64_t got[FAMILY_N];
    ckks_modulus m; /* of the family */
    ckks_modulus p; /* portable */
} family_rows;

#define family_same(r) assert_memory_equal((r)->got, (r)->want, sizeof(r)->got)

/* Once into a row of its own, once into each of the rows that it reads. */
static inline void family_binary(family_rows *r,
                                 void (*f)(uint64_t *, const uint64_t *, const uint64_t *, size_t,
                                           const ckks_modulus *),
                                 void (*g)(uint64_t *, const uint64_t *, const uint64_t *, size_t,
                                           const ckks_modulus *))
{
    g(r->want, r->in[0], r->in[1], FAMILY_N, &r->p);
    f(r->got, r->in[0], r->in[1], FAMILY_N, &r->m);
    family_same(r);
    memcpy(r->got, r->in[0], sizeof r->got);
    f(r->got, r->got, r->in[1], FAMILY_N, &r->m);
    family_same(r);
    memcpy(r->got, r->in[1], sizeof r->got);
    f(r->got, r->in[0], r->got, FAMILY_N, &r->m);
    family_same(r);
    g(r->want, r->in[0], r->in[0], FAMILY_N, &r->p);
    memcpy(r->got, r->in[0], sizeof r->got);
    f(r->got, r->got, r->got, FAMILY_N, &r->m);
    family_same(r);
}

static inline void family_places(family_rows *r, uint64_t w)
{
    const ckks_kernel *k = r->m.kernel;
    const ckks_kernel *p = r->p.kernel;

    family_binary(r, k->add, p->add);
    family_binary(r, k->sub, p->sub);
    family_binary(r, k->mul, p->mul);
    p->neg(r->want, r->in[0], FAMILY_N, &r->p);
    memcpy(r->got, r->in[0], sizeof r->got);
    k->neg(r->got, r->got, FAMILY_N, &r->m);
    family_same(r);
    p->mul_add(r->want, r->in[0], r->in[1], r->in[2], FAMILY_N, &r->p);
    for (int i = 0; i < 3; i++) {
        memcpy(r->got, r->in[i], sizeof r->got);
        k->mul_add(r->got, i == 0 ? r->got : r->in[0], i == 1 ? r->got : r->in[1],
                   i == 2 ? r->got : r->in[2], FAMILY_N, &r->m);
        family_same(r);
    }
    p->add_scalar(r->want, r->in[0], w, FAMILY_N, &r->p);
    memcpy(r->got, r->in[0], sizeof r->got);
    k->add_scalar(r->got, r->got, w, FAMILY_N, &r->m);
    family_same(r);
    p->sub_mul_scalar(r->want, r->in[0], r->in[1], w, FAMILY_N, &r->p);
    for (int i = 0; i < 2; i++) {
        memcpy(r->got, r->in[i], sizeof r->got);
        k->sub_mul_scalar(r->got, i == 0 ? r->got : r->in[0], i == 1 ? r->got : r->in[1], w,
                          FAMILY_N, &r->m);
        family_same(r);
    }
}

/* The slots that take any word: in[3]. */
static inline void family_words(family_rows *r, uint64_t w)
{
    static const uint64_t froms[] = {3, 97, 65537, (UINT64_C(1) << 47) - 1, CKKS_MAX_PRIME - 1};
    const ckks_kernel *k = r->m.kernel;
    const ckks_kernel *p = r->p.kernel;
    int64_t wide[FAMILY_N];
    int8_t small[FAMILY_N];

    p->mul_scalar(r->want, r->in[3], w, FAMILY_N, &r->p);
    memcpy(r->got, r->in[3], sizeof r->got);
    k->mul_scalar(r->got, r->got, w, FAMILY_N, &r->m);
    family_same(r);
    p->mul_scalar_add(r->want, r->in[3], w, r->in[0], FAMILY_N, &r->p);
    memcpy(r->got, r->in[0], sizeof r->got);
    k->mul_scalar_add(r->got, r->in[3], w, r->got, FAMILY_N, &r->m);
    family_same(r);
    p->reduce(r->want, r->in[3], FAMILY_N, &r->p);
    memcpy(r->got, r->in[3], sizeof r->got);
    k->reduce(r->got, r->got, FAMILY_N, &r->m);
    family_same(r);
    memcpy(wide, r->in[3], sizeof wide);
    p->reduce_i64(r->want, wide, FAMILY_N, &r->p);
    k->reduce_i64(r->got, wide, FAMILY_N, &r->m);
    family_same(r);
    for (int i = 0; i < FAMILY_N; i++)
        small[i] = (int8_t)(i - 128);
    p->reduce_i8(r->want, small, FAMILY_N, &r->p);
    k->reduce_i8(r->got, small, FAMILY_N, &r->m);
    family_same(r);
    for (size_t f = 0; f < sizeof froms / sizeof froms[0]; f++) {
        /* The border is between from/2 and from/2 + 1. */
        for (size_t i = 0; i < FAMILY_N; i++)
            r->in[4][i] = (i % 3 == 0 ? froms[f] / 2 + i % 2 : r->in[3][i]) % froms[f];
        p->reduce_centred(r->want, r->in[4], froms[f], FAMILY_N, &r->p);
        memcpy(r->got, r->in[4], sizeof r->got);
        k->reduce_centred(r->got, r->got, froms[f], FAMILY_N, &r->m);
        family_same(r);
    }
}

/* Sums of few terms, of as many as are unrolled and one more, and of all that are allowed; rows at
 * random and rows of the largest values; the output is a row of the sum. */
static inline void family_sums(family_rows *r, testing_rng *rng)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 4096};
    static const uint64_t *x[FAMILY_TERMS];
    static const uint64_t *y[FAMILY_TERMS];
    static uint64_t w[2 * FAMILY_TERMS];
    static _Alignas(64) uint64_t sum[FAMILY_SUMS][FAMILY_N];
    uint64_t *to[FAMILY_SUMS];
    const uint64_t *words[FAMILY_SUMS];
    const ckks_kernel *k = r->m.kernel;
    const ckks_kernel *p = r->p.kernel;
    const uint64_t q = r->m.q;

    /* Several sums take their factors from places of their own. */
    for (size_t s = 0; s < FAMILY_SUMS; s++) {
        to[s] = sum[s];
        words[s] = w + 17 * s;
    }
    for (size_t t = 0; t < 2 * FAMILY_TERMS; t++)
        w[t] = testing_residue(rng, q);
    for (size_t i = 0; i < FAMILY_N; i++) {
        for (int row = 4; row < 8; row++) {
            r->in[row][i] = row == 4 ? CKKS_MAX_PRIME - 1 : testing_residue(rng, CKKS_MAX_PRIME);
            r->in[row + 4][i] = row == 4 ? q - 1 : testing_residue(rng, q);
        }
    }
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (size_t t = 0; t < counts[c]; t++) {
            x[t] = r->in[counts[c] > 64 && t > 8 ? 4 : 4 + t % 4];
            y[t] = r->in[counts[c] > 64 && t > 8 ? 8 : 8 + t % 3];
            w[t] = counts[c] > 64 && t > 8 ? q - 1 : testing_residue(rng, q);
        }
        p->dot(r->want, x, y, counts[c], FAMILY_N, &r->p);
        k->dot(r->got, x, y, counts[c], FAMILY_N, &r->m);
        family_same(r);
        x[0] = r->got;
        memcpy(r->got, r->in[4], sizeof r->got);
        k->dot(r->got, x, y, counts[c], FAMILY_N, &r->m);
        family_same(r);
        x[0] = r->in[4];
        p->dot_add(r->want, r->in[0], x, y, counts[c], FAMILY_N, &r->p);
        memcpy(r->got, r->in[0], sizeof r->got);
        k->dot_add(r->got, r->got, x, y, counts[c], FAMILY_N, &r->m);
        family_same(r);
        p->dot_scalar(r->want, x, w, counts[c], FAMILY_N, &r->p);
        k->dot_scalar(r->got, x, w, counts[c], FAMILY_N, &r->m);
        family_same(r);
        for (size_t rows = 1; rows <= FAMILY_SUMS; rows++) {
            k->dot_scalars(to, rows, x, words, counts[c], FAMILY_N, &r->m);
            for (size_t s = 0; s < rows; s++) {
                p->dot_scalar(r->want, x, words[s], counts[c], FAMILY_N, &r->p);
                memcpy(r->got, to[s], sizeof r->got);
                family_same(r);
            }
        }
    }
}

/* Residues with the constants of a basis, and with C = 2^52 - 1, where y = 2^(b-2) gives a sum that
 * is 1/8 below the edge of the rounding to v. */
static inline void family_quotients(family_rows *r, testing_rng *rng)
{
    const uint64_t q = r->m.q;
    const uint64_t *y[40];
    uint64_t c[40];
    int bits[40];
    uint64_t ignored;
    uint32_t index[FAMILY_N];

    for (size_t t = 0; t < 40; t++) {
        const int b = r->m.bits;

        y[t] = r->in[t % 3];
        bits[t] = b;
        /* floor(2^(51+b) / q), or a neighbour, or the largest constant */
        c[t] = b >= 13 ? ckks_u128_div_var(ckks_u128_make(UINT64_C(1) << (b - 13), 0), q, &ignored)
                       : ckks_u128_div_var(ckks_u128_make(0, UINT64_C(1) << (51 + b)), q, &ignored);
        c[t] = t % 4 == 3 ? (UINT64_C(1) << 52) - 1 : c[t] - t % 2;
    }
    testing_residues(rng, r->in[2], FAMILY_N, q);
    for (size_t i = 0; i < FAMILY_N; i += 5)
        r->in[2][i] = (UINT64_C(1) << (r->m.bits - 2)) - i % 2;
    y[39] = r->in[2];
    r->p.kernel->round_quotient(r->want, y + 39, c + 39, bits, 1, FAMILY_N);
    r->m.kernel->round_quotient(r->got, y + 39, c + 39, bits, 1, FAMILY_N);
    family_same(r);
    for (size_t count = 1; count <= 40; count += 13) {
        r->p.kernel->round_quotient(r->want, y, c, bits, count, FAMILY_N);
        r->m.kernel->round_quotient(r->got, y, c, bits, count, FAMILY_N);
        family_same(r);
    }
    /* Scattered; whole blocks in their order, turned and mixed; and some of both. */
    for (uint32_t kind = 0; kind < 6; kind++) {
        for (uint32_t i = 0; i < FAMILY_N; i++) {
            const uint32_t block = kind % 3 == 0 ? 1 : 4 * (kind % 3);
            const uint32_t turn = kind > 2 && i > 40 ? i / 8 : kind;

            index[i] = (i / block * 77 + 5) % (FAMILY_N / block) * block + (i ^ turn) % block;
        }
        r->p.kernel->permute(r->want, r->in[0], index, FAMILY_N);
        r->m.kernel->permute(r->got, r->in[0], index, FAMILY_N);
        family_same(r);
    }
}

/** Every slot but the transforms. */
static inline void family_check_rows(const ckks_kernel *kernel)
{
    static family_rows r;
    testing_rng rng;
    uint64_t q;

    testing_rng_init(&rng, testing_seed());
    for (int i = 0; (q = family_prime(i, 2 * FAMILY_N)) != 0; i++) {
        if (q > kernel->max_prime)
            continue;
        assert_int_equal(ckks_modulus_init(&r.m, q, CKKS_RING_COMPLEX, FAMILY_LOG_N, kernel, NULL),
                         CKKS_OK);
        assert_int_equal(ckks_modulus_init(&r.p, q, CKKS_RING_COMPLEX, FAMILY_LOG_N,
                                           ckks_kernel_portable(), NULL),
                         CKKS_OK);
        for (int t = 0; t < testing_iters(4); t++) {
            const uint64_t edges[] = {0, 1, q - 1, q / 2};

            for (int row = 0; row < 3; row++)
                testing_residues(&rng, r.in[row], FAMILY_N, q);
            for (size_t j = 0; j < FAMILY_N; j++) {
                r.in[3][j] = testing_edge_u64(&rng);
                if (j % 4 == 0) /* next to a multiple of q */
                    r.in[3][j] = r.in[3][j] / q * q - j / 4 % 3 + 1;
            }
            family_places(&r, t < 4 ? edges[t] : testing_residue(&rng, q));
            family_words(&r, t < 4 ? edges[t] : testing_residue(&rng, q));
            family_quotients(&r, &rng);
        }
        family_sums(&r, &rng);
        ckks_modulus_clear(&r.m);
        ckks_modulus_clear(&r.p);
    }
}

/* Inputs below times q: the largest everywhere, the largest and 0 in turn, in halves, at random. */
static inline void family_fill(uint64_t *a, size_t n, int kind, uint64_t bound, testing_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        a[i] = kind == 0   ? bound - 1
               : kind == 1 ? (i % 2 != 0 ? bound - 1 : 0)
               : kind == 2 ? (i < n / 2 ? bound - 1 : 0)
               : kind == 3 ? 0
                           : testing_residue(rng, bound);
}

/* The transforms of one prime. */
static inline void family_transform(uint64_t *a, uint64_t q, int ring, int log_n,
                                    const ckks_kernel *kernel, testing_rng *rng)
{
    const size_t n = (size_t)1 << log_n;
    uint64_t *b = a + n;
    ckks_modulus m;
    ckks_modulus p;

    assert_int_equal(ckks_modulus_init(&m, q, ring, log_n, kernel, NULL), CKKS_OK);
    assert_int_equal(ckks_modulus_init(&p, q, ring, log_n, ckks_kernel_portable(), NULL), CKKS_OK);
    for (int kind = 0; kind < 5; kind++) {
        family_fill(a, n, kind, 4 * q, rng);
        memcpy(b, a, n * sizeof *a);
        m.kernel->ntt_forward(a, &m);
        p.kernel->ntt_forward(b, &p);
        assert_memory_equal(a, b, n * sizeof *a);
        family_fill(a, n, kind, 2 * q, rng);
        memcpy(b, a, n * sizeof *a);
        m.kernel->ntt_inverse(a, &m);
        p.kernel->ntt_inverse(b, &p);
        assert_memory_equal(a, b, n * sizeof *a);
    }
    ckks_modulus_clear(&m);
    ckks_modulus_clear(&p);
}

/** The transforms, for every N from 2^3 to 2^16, on the largest prime and others, in both rings. */
static inline void family_check_transforms(const ckks_kernel *kernel)
{
    testing_rng rng;

    testing_rng_init(&rng, testing_seed() + 1);
    for (int log_n = 3; log_n <= 16; log_n++) {
        const size_t n = (size_t)1 << log_n;
        uint64_t *a = aligned_alloc(64, 2 * n * sizeof *a);
        uint64_t q;

        assert_non_null(a);
        for (int i = 0; (q = family_prime(i, 4 * n)) != 0; i++) {
            /* All of them for small N, the largest for all. */
            if (q > kernel->max_prime || (log_n > 9 && i > 0 && family_prime(i + 1, 4 * n) != 0))
                continue;
            family_transform(a, q, CKKS_RING_COMPLEX, log_n, kernel, &rng);
            if (log_n <= 12)
                family_transform(a, q, CKKS_RING_REAL, log_n, kernel, &rng);
        }
        free(a);
    }
}

/* ------------------------------------------------------------------ packed rows */

enum { FAMILY_DIGITS = 64 };

typedef struct family_packed {
    uint8_t y[CKKS_KERNEL_MAX_TERMS * CKKS_TILE * CKKS_PACKED_BYTES + CKKS_PACKED_SLACK];
    _Alignas(64) uint64_t x[4][FAMILY_N];
    _Alignas(64) uint64_t add[3][FAMILY_N];
    _Alignas(64) uint64_t want[2][FAMILY_N];
    _Alignas(64) uint64_t got[2][FAMILY_N];
} family_packed;

/* Digits: two rows of the largest values, and two at random. */
static inline void family_draw_packed(family_packed *f, uint64_t q, testing_rng *rng)
{
    memset(f->y, 0xff, sizeof f->y); /* behind the last residue as well */
    for (size_t i = 0; i < CKKS_KERNEL_MAX_TERMS * CKKS_TILE; i++)
        ckks_packed_put(f->y, i, i % 3 == 0 ? testing_residue(rng, q) : q - 1);
    for (size_t i = 0; i < FAMILY_N; i++) {
        for (int row = 0; row < 4; row++)
            f->x[row][i] = row < 2 ? CKKS_MAX_PRIME - 1 : testing_residue(rng, CKKS_MAX_PRIME);
        for (int row = 0; row < 3; row++)
            f->add[row][i] = i % 2 != 0 ? q - 1 : testing_residue(rng, q);
    }
}

/* With and without an automorphism; from the second tile on; the output is what is added. */
static inline void family_keys(family_packed *f, const ckks_modulus *m, const ckks_modulus *p)
{
    static const size_t counts[] = {1, 2, 3, 8, 15, 16, 17, 32, 33, FAMILY_DIGITS};
    const uint64_t *x[FAMILY_DIGITS];
    uint32_t block[FAMILY_N / 8];
    ckks_permutation turn = {.block = block};
    const size_t first = CKKS_TILE;
    const size_t n = FAMILY_N - first;

    for (size_t d = 0; d < FAMILY_DIGITS; d++)
        x[d] = f->x[d % 5 % 4];
    for (size_t c = 0; c < 2 * sizeof counts / sizeof counts[0]; c++) {
        ckks_key_product k = {.x = x, .count = counts[c / 2], .y = f->y};

        k.stride = k.count < FAMILY_DIGITS ? k.count + 1 : k.count;
        ckks_galois_permutation(&turn, m->kind, FAMILY_LOG_N,
                                (2 * c + 1) * (2 * c + 1) % (2 * FAMILY_N));
        k.turn = c % 2 != 0 ? &turn : NULL;
        k.turned = c % 3 != 0 ? f->add[2] : NULL;
        k.add[0] = c % 4 != 0 ? f->add[0] : NULL;
        k.add[1] = c % 5 != 0 ? f->add[1] : NULL;
        p->kernel->dot_key(f->want[0], f->want[1], &k, first, n, p);
        memcpy(f->got, f->add, sizeof f->got);
        for (int h = 0; h < 2; h++)
            k.add[h] = k.add[h] != NULL ? f->got[h] : NULL;
        m->kernel->dot_key(f->got[0] + first, f->got[1] + first, &k, first, n, m);
        assert_memory_equal(f->got[0] + first, f->want[0], n * sizeof f->got[0][0]);
        assert_memory_equal(f->got[1] + first, f->want[1], n * sizeof f->got[0][0]);
    }
}

/* Tiles of every length, sums of few terms and of all that are allowed. */
static inline void family_pairs(family_packed *f, const ckks_modulus *m, const ckks_modulus *p)
{
    static const size_t counts[] = {1, 2, 15, 16, 17, 31, 33, 64, CKKS_KERNEL_MAX_TERMS};
    uint16_t pick[CKKS_KERNEL_MAX_TERMS];

    for (size_t k = 0; k < CKKS_KERNEL_MAX_TERMS; k++)
        pick[k] = (uint16_t)(k % 7 != 0 ? k % 4 : 2 * k % 9);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (size_t n = 8; n <= CKKS_TILE; n *= 2) {
            p->kernel->dot_pair(f->want[0], f->want[1], f->x[0], pick, f->y, counts[c], n, p);
            m->kernel->dot_pair(f->got[0], f->got[1], f->x[0], pick, f->y, counts[c], n, m);
            assert_memory_equal(f->got[0], f->want[0], n * sizeof f->got[0][0]);
            assert_memory_equal(f->got[1], f->want[1], n * sizeof f->got[0][0]);
        }
    }
}

/** dot_key and dot_pair, on every size of primes, in both rings. */
static inline void family_check_packed(const ckks_kernel *kernel)
{
    static family_packed f;
    testing_rng rng;
    uint64_t q;

    testing_rng_init(&rng, testing_seed() + 2);
    for (int i = 0; (q = family_prime(i, 4 * FAMILY_N)) != 0; i++) {
        const int ring = i % 2 == 0 ? CKKS_RING_COMPLEX : CKKS_RING_REAL;
        ckks_modulus m;
        ckks_modulus p;

        if (q > kernel->max_prime)
            continue;
        assert_int_equal(ckks_modulus_init(&m, q, ring, FAMILY_LOG_N, kernel, NULL), CKKS_OK);
        assert_int_equal(ckks_modulus_init(&p, q, ring, FAMILY_LOG_N, ckks_kernel_portable(), NULL),
                         CKKS_OK);
        family_draw_packed(&f, q, &rng);
        family_keys(&f, &m, &p);
        family_pairs(&f, &m, &p);
        ckks_modulus_clear(&m);
        ckks_modulus_clear(&p);
    }
}

/* ------------------------------------------------------------------ a test program */

/** A family, by its getter's answer, and the features that it needs, all of them. */
typedef struct family_case {
    const char *name;
    const ckks_kernel *kernel;
    ckks_cpu_features needs;
} family_case;

static inline void family_test_selection(void **state)
{
    const family_case *f = *state;

    for (ckks_cpu_features one = 1; one <= f->needs; one *= 2) {
        if ((f->needs & one) != 0)
            assert_null(ckks_kernel_select(f->needs & ~one, CKKS_MIN_PRIME, f->name));
    }
    if (f->kernel == NULL)
        skip();
    assert_string_equal(f->kernel->name, f->name);
    assert_true(f->kernel->max_prime == CKKS_MAX_PRIME);
    assert_ptr_equal(ckks_kernel_select(f->needs, CKKS_MIN_PRIME, NULL), f->kernel);
    assert_ptr_equal(ckks_kernel_select(f->needs, CKKS_MAX_PRIME, f->name), f->kernel);
    assert_null(ckks_kernel_select(f->needs, CKKS_MAX_PRIME + 1, f->name));
}

static inline void family_test(void **state, void (*check)(const ckks_kernel *))
{
    const family_case *f = *state;
    const ckks_kernel *kernel = family_of(f->name);

    if (kernel == NULL)
        skip();
    check(kernel);
}

static inline void family_test_rows(void **state)
{
    family_test(state, family_check_rows);
}

static inline void family_test_transforms(void **state)
{
    family_test(state, family_check_transforms);
}

static inline void family_test_packed(void **state)
{
    family_test(state, family_check_packed);
}

/** The test program of a family. Returns what main returns. */
static inline int family_main(const char *name, const ckks_kernel *kernel, ckks_cpu_features needs)
{
    static family_case f;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(family_test_selection, &f),
        cmocka_unit_test_prestate(family_test_rows, &f),
        cmocka_unit_test_prestate(family_test_transforms, &f),
        cmocka_unit_test_prestate(family_test_packed, &f),
    };

    f = (family_case){name, kernel, needs};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
