/* The AVX-512 family: its table, and the loops that work place by place.
 *
 * Indices: i coefficient, k term of a sum.
 */
#include "ckks/kernel/kernel_avx512.h"

#include "ckks/base/check.h"

#if defined(CKKS_KERNEL_AVX512)

static uint64_t avx512_quotient(uint64_t w, const ckks_mod *m)
{
    return ckks_mod_shoup(w, m);
}

/* ------------------------------------------------------------------ place by place */

static void avx512_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                       const ckks_modulus *m)
{
    const vec q = all(m->q);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, once(add(load(a + i), load(b + i)), q));
}

static void avx512_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                       const ckks_modulus *m)
{
    const vec q = all(m->q);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, wrap(sub(load(a + i), load(b + i)), q));
}

static void avx512_neg(uint64_t *out, const uint64_t *a, size_t n, const ckks_modulus *m)
{
    const vec q = all(m->q);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, wrap(sub(_mm512_setzero_si512(), load(a + i)), q));
}

/* a b as far as [0, 1.625q), by modarith.h's ckks_mod_reduce_u128: with b = bits,
 * t = floor(a b / 2^(b-2)) is the high half of (a 2^(52-b)) (4 b), both below 2^52, and
 * g = floor(t mu / 2^52) with mu = floor(2^(50+b) / q) < 2^52. */
typedef struct multiplier {
    vec shift, barrett;
} multiplier;

INLINE multiplier multiplier_of(const ckks_modulus *m)
{
    multiplier r;

    r.shift = all((uint64_t)(52 - m->bits));
    r.barrett = all(m->mod.barrett >> 12);
    return r;
}

/* a b + c - g q. */
INLINE vec multiply(vec a, vec b, vec c, const multiplier *by, const prime *p)
{
    const vec zero = _mm512_setzero_si512();
    const vec t = high(zero, _mm512_sllv_epi64(a, by->shift), _mm512_slli_epi64(b, 2));

    return low(low(c, a, b), high(zero, t, by->barrett), p->minus);
}

static void avx512_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                       const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const multiplier by = multiplier_of(m);

    for (size_t i = 0; i < n; i += LANES) {
        const vec zero = _mm512_setzero_si512();

        store(out + i, settle(multiply(load(a + i), load(b + i), zero, &by, &p), &p));
    }
}

static void avx512_mul_add(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c,
                           size_t n, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const multiplier by = multiplier_of(m);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, settle4(multiply(load(a + i), load(b + i), load(c + i), &by, &p), &p));
}

static void avx512_add_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                              const ckks_modulus *m)
{
    const vec q = all(m->q);
    const vec ws = all(w);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, once(add(load(a + i), ws), q));
}

/* A factor of any word: w for its low 52 bits, 2^52 w for the 12 above. */
typedef struct word_factor {
    factor low, high;
} word_factor;

INLINE word_factor word_factor_of(uint64_t w, const ckks_mod *m)
{
    word_factor f;

    f.low = factor_of(w, m);
    f.high = factor_of(ckks_mod_mul(w, ckks_mod_reduce_u64(UINT64_C(1) << 52, m), m), m);
    return f;
}

/* c + x f. The low part adds less than 2q, the high part, below 2^12, less than (1 + 2^-40) q: in
 * all below c + 4q. */
INLINE vec word_product(vec c, vec x, const word_factor *f, const prime *p)
{
    const vec top = _mm512_srli_epi64(x, 52);
    const vec zero = _mm512_setzero_si512();
    const vec quotient = high(high(zero, x, f->low.quotient), top, f->high.quotient);

    return low(low(low(c, x, f->low.w), top, f->high.w), quotient, p->minus);
}

static void avx512_mul_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                              const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const word_factor f = word_factor_of(w, &m->mod);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, settle4(word_product(_mm512_setzero_si512(), load(a + i), &f, &p), &p));
}

static void avx512_mul_scalar_add(uint64_t *out, const uint64_t *a, uint64_t w, const uint64_t *b,
                                  size_t n, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const word_factor f = word_factor_of(w, &m->mod);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, settle8(word_product(load(b + i), load(a + i), &f, &p), &p));
}

static void avx512_sub_mul_scalar(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w,
                                  size_t n, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const factor f = factor_of(w, &m->mod);

    for (size_t i = 0; i < n; i += LANES) {
        const vec difference = sub(add(load(a + i), p.q), load(b + i));

        store(out + i, settle(product(difference, f, &p), &p));
    }
}

/* ------------------------------------------------------------------ into this modulus */

/* c + x, reduced as word_product with the factor 1. */
INLINE vec word_reduced(vec c, vec x, factor top_factor, const prime *p)
{
    const vec top = _mm512_srli_epi64(x, 52);
    const vec zero = _mm512_setzero_si512();
    const vec quotient = high(high(zero, x, p->barrett), top, top_factor.quotient);

    return low(low(add(c, x), top, top_factor.w), quotient, p->minus);
}

static void avx512_reduce(uint64_t *out, const uint64_t *x, size_t n, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const factor top = factor_top(&m->mod);

    for (size_t i = 0; i < n; i += LANES)
        store(out + i, settle4(word_reduced(_mm512_setzero_si512(), load(x + i), top, &p), &p));
}

static void avx512_reduce_centred(uint64_t *out, const uint64_t *x, uint64_t from, size_t n,
                                  const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const vec half = all(from / 2);
    const vec less = all(ckks_mod_neg(ckks_mod_reduce_u64(from, &m->mod), m->q));

    for (size_t i = 0; i < n; i += LANES) {
        vec r = load(x + i);

        /* x - from or x, plus a multiple of q: below 2^47 + q < 2^48, so by Barrett below 2q. */
        r = _mm512_mask_add_epi64(r, _mm512_cmpgt_epu64_mask(r, half), r, less);
        store(out + i, settle(barrett(r, &p), &p));
    }
}

static void avx512_reduce_i64(uint64_t *out, const int64_t *x, size_t n, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const factor top = factor_top(&m->mod);
    const uint64_t sign = UINT64_C(1) << 63;
    const vec flip = all(sign);
    const vec less = all(ckks_mod_neg(ckks_mod_reduce_u64(sign, &m->mod), m->q));

    /* (x + 2^63) - 2^63, the first as a word, the second modulo q. */
    for (size_t i = 0; i < n; i += LANES) {
        const vec word = _mm512_xor_si512(_mm512_loadu_si512(x + i), flip);

        store(out + i, settle8(word_reduced(less, word, top, &p), &p));
    }
}

static void avx512_reduce_i8(uint64_t *out, const int8_t *x, size_t n, const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const vec offset = all(128 + ckks_mod_neg(ckks_mod_reduce_u64(128, &m->mod), m->q));

    /* x + 128 >= 0, and -128 is added back modulo q: below 256 + q. */
    for (size_t i = 0; i < n; i += LANES) {
        const vec wide = _mm512_cvtepi8_epi64(_mm_loadl_epi64((const void *)(x + i)));

        store(out + i, settle(barrett(add(wide, offset), &p), &p));
    }
}

/* ------------------------------------------------------------------ sums of products
 * The halves of the products are summed apart. In a run of 2^10 terms below 2^46.8 q the low sum
 * stays below 2^62, the high one below 2^10 2^41.6, with the carry below 2^52; then both are
 * brought below q, and start the next run. */
enum { RUN = 1024, TILE = 4 };

/* start + the sum -> [0,q), for start < 4q. */
INLINE vec close_run(vec start, sums s, factor top, const prime *p)
{
    return settle8(add(fold_sums(s, top, p), start), p);
}

/* Words of a row whose factor is a word that are asked for so long before their use: a base
 * conversion reads more rows than the processor follows by itself. */
enum { AHEAD = 128 };

/* Vectors `i` to i + tile of the sum; the factors are the rows y, or the words w when y is NULL.
 * tile, 1 or TILE, and whether y is NULL are constants of the call. */
INLINE void dot_tile(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                     const uint64_t *const *y, const uint64_t *w, size_t count, size_t i, int tile,
                     size_t ahead, factor top, const prime *p)
{
    const vec zero = _mm512_setzero_si512();
    vec start[TILE] = {zero, zero, zero, zero};

    if (init != NULL)
        load_rows(start, init + i, LANES, tile);
    for (size_t base = 0; base < count; base += RUN) {
        const size_t end = count - base < RUN ? count : base + RUN;
        sums s[TILE] = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};

        for (size_t k = base; k < end; k++) {
            const uint64_t *xk = x[k] + i;
            const uint64_t *yk = y != NULL ? y[k] + i : NULL;
            const vec wk = y != NULL ? zero : all(w[k]);

            if (ahead != 0)
                fetch(xk, ahead, TILE * LANES);
            gather_term(&s[0], load(xk), y != NULL ? load(yk) : wk);
            if (tile == 1)
                continue;
            gather_term(&s[1], load(xk + LANES), y != NULL ? load(yk + LANES) : wk);
            gather_term(&s[2], load(xk + 2 * LANES), y != NULL ? load(yk + 2 * LANES) : wk);
            gather_term(&s[3], load(xk + 3 * LANES), y != NULL ? load(yk + 3 * LANES) : wk);
        }
        start[0] = close_run(start[0], s[0], top, p);
        if (tile == 1)
            continue;
        start[1] = close_run(start[1], s[1], top, p);
        start[2] = close_run(start[2], s[2], top, p);
        start[3] = close_run(start[3], s[3], top, p);
    }
    store_rows(out + i, start, LANES, tile);
}

INLINE void dot_rows(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                     const uint64_t *const *y, const uint64_t *w, size_t count, size_t n,
                     const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const factor top = factor_top(&m->mod);
    const size_t ahead = y == NULL && is_far(m) ? AHEAD : 0;
    size_t i = 0;

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n % LANES == 0);
    for (; i + TILE * LANES <= n; i += TILE * LANES)
        dot_tile(out, init, x, y, w, count, i, TILE, ahead, top, &p);
    for (; i < n; i += LANES)
        dot_tile(out, init, x, y, w, count, i, 1, 0, top, &p);
}

static void avx512_dot(uint64_t *out, const uint64_t *const *x, const uint64_t *const *y,
                       size_t count, size_t n, const ckks_modulus *m)
{
    dot_rows(out, NULL, x, y, NULL, count, n, m);
}

static void avx512_dot_add(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                           const uint64_t *const *y, size_t count, size_t n, const ckks_modulus *m)
{
    dot_rows(out, init, x, y, NULL, count, n, m);
}

static void avx512_dot_scalar(uint64_t *out, const uint64_t *const *x, const uint64_t *w,
                              size_t count, size_t n, const ckks_modulus *m)
{
    dot_rows(out, NULL, x, NULL, w, count, n, m);
}

static void avx512_round_quotient(uint64_t *v, const uint64_t *const *y, const uint64_t *c,
                                  const int *bits, size_t count, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        vec sum = all(UINT64_C(1) << 49);

        for (size_t k = 0; k < count; k++) {
            const vec shift = all((uint64_t)(51 - bits[k]));

            sum = high(sum, _mm512_sllv_epi64(load(y[k] + i), shift), all(c[k]));
        }
        store(v + i, _mm512_srli_epi64(sum, 50));
    }
}

/* An automorphism moves whole vectors and mixes their lanes: then one load and one permutation do
 * for eight places. Other indices go one at a time. */
static void avx512_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        const __m256i lanes = _mm256_loadu_si256((const void *)(index + i));
        const __m256i blocks = _mm256_srli_epi32(lanes, 3);
        const __m256i block = _mm256_broadcastd_epi32(_mm256_castsi256_si128(blocks));

        if (_mm256_cmpeq_epi32_mask(blocks, block) == 0xff) {
            const vec from = load(in + index[i] / LANES * LANES);

            store(out + i, _mm512_permutexvar_epi64(_mm512_cvtepu32_epi64(lanes), from));
        } else {
            for (size_t k = i; k < i + LANES; k++)
                out[k] = in[index[k]];
        }
    }
}

static const ckks_kernel avx512 = {
    .name = "avx512ifma",
    .max_prime = CKKS_MAX_PRIME,
    .client = &ckks_kernel_client_avx512f,
    .quotient = avx512_quotient,
    .arrange = ckks_kernel_avx512_arrange,
    .ntt_forward = ckks_kernel_avx512_ntt_forward,
    .ntt_inverse = ckks_kernel_avx512_ntt_inverse,
    .real_fold = ckks_kernel_avx512_real_fold,
    .real_unfold = ckks_kernel_avx512_real_unfold,
    .add = avx512_add,
    .sub = avx512_sub,
    .neg = avx512_neg,
    .mul = avx512_mul,
    .mul_add = avx512_mul_add,
    .add_scalar = avx512_add_scalar,
    .mul_scalar = avx512_mul_scalar,
    .mul_scalar_add = avx512_mul_scalar_add,
    .sub_mul_scalar = avx512_sub_mul_scalar,
    .reduce = avx512_reduce,
    .reduce_centred = avx512_reduce_centred,
    .reduce_i64 = avx512_reduce_i64,
    .reduce_i8 = avx512_reduce_i8,
    .dot = avx512_dot,
    .dot_add = avx512_dot_add,
    .dot_scalar = avx512_dot_scalar,
    .dot_scalars = ckks_kernel_avx512_dot_scalars,
    .round_quotient = avx512_round_quotient,
    .permute = avx512_permute,
    .dot_key = ckks_kernel_avx512_dot_key,
    .dot_pair = ckks_kernel_avx512_dot_pair,
};

const ckks_kernel *ckks_kernel_avx512(void)
{
    return &avx512;
}

#else

const ckks_kernel *ckks_kernel_avx512(void)
{
    return NULL;
}

#endif
