/* The family for x86 processors with AVX-512 F, DQ and VL, but not what kernel_avx512.c needs:
 * double precision, eight lanes.
 */
#include "ckks/kernel/kernel.h"

#if defined(CKKS_KERNEL_AVX512F) && !defined(__FAST_MATH__)

#include <immintrin.h>

#define CKKS_FMA_LANES 8

typedef __m512d vd;
typedef __m512i vu;

static inline vd v_set(double x)
{
    return _mm512_set1_pd(x);
}

static inline vu v_set_word(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

static inline vu v_load(const uint64_t *a)
{
    return _mm512_loadu_si512(a);
}

static inline vu v_load_i64(const int64_t *a)
{
    return _mm512_loadu_si512(a);
}

/* Eight bytes, with their signs. */
static inline vu v_load_i8(const int8_t *a)
{
    return _mm512_cvtepi8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)a));
}

static inline void v_store(uint64_t *a, vu x)
{
    _mm512_storeu_si512(a, x);
}

static inline vu v_bits(vd x)
{
    return _mm512_castpd_si512(x);
}

static inline vd v_of_bits(vu x)
{
    return _mm512_castsi512_pd(x);
}

static inline vd v_add(vd a, vd b)
{
    return _mm512_add_pd(a, b);
}

static inline vd v_sub(vd a, vd b)
{
    return _mm512_sub_pd(a, b);
}

static inline vd v_mul(vd a, vd b)
{
    return _mm512_mul_pd(a, b);
}

/* a b + c */
static inline vd v_fma(vd a, vd b, vd c)
{
    return _mm512_fmadd_pd(a, b, c);
}

/* c - a b */
static inline vd v_fnma(vd a, vd b, vd c)
{
    return _mm512_fnmadd_pd(a, b, c);
}

static inline vu v_word_add(vu a, vu b)
{
    return _mm512_add_epi64(a, b);
}

static inline vu v_word_sub(vu a, vu b)
{
    return _mm512_sub_epi64(a, b);
}

static inline vu v_or(vu a, vu b)
{
    return _mm512_or_si512(a, b);
}

static inline vu v_xor(vu a, vu b)
{
    return _mm512_xor_si512(a, b);
}

static inline vu v_shift_50(vu x)
{
    return _mm512_srli_epi64(x, 50);
}

/* The upper half of each word, in the lower half. */
static inline vu v_upper(vu x)
{
    return _mm512_srli_epi64(x, 32);
}

/* The lower half of x and the upper half of high. */
static inline vu v_with_upper(vu x, vu high)
{
    return _mm512_mask_blend_epi32(0xaaaa, x, high);
}

/* Where the signed word t is negative a, else b. */
static inline vu v_pick(vu t, vu a, vu b)
{
    return _mm512_mask_blend_epi64(_mm512_movepi64_mask(t), b, a);
}

/* All ones where x > 0, else 0. */
static inline vu v_positive(vd x)
{
    return _mm512_movm_epi64(_mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_GT_OQ));
}

/* The lanes in the other order. */
static inline vu v_backwards(vu x)
{
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(7, 6, 5, 4, 3, 2, 1, 0), x);
}

/* Eight packed residues (pack.h), which read sixteen bytes past them. Two neighbours lie in three
 * halves of words: the first in the lower 48 bits of two of them, the second in the upper. */
static inline vu v_unpack(const uint8_t *p)
{
    const vu halves = _mm512_setr_epi32(0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11);
    const vu shifts = _mm512_setr_epi64(0, 16, 0, 16, 0, 16, 0, 16);
    const vu x = _mm512_permutexvar_epi32(halves, _mm512_loadu_si512(p));

    return _mm512_and_si512(_mm512_srlv_epi64(x, shifts), v_set_word(UINT64_MAX >> 16));
}

/* To the first cache, some time. */
static inline void v_prefetch(const uint8_t *p)
{
    _mm_prefetch((const void *)p, _MM_HINT_T0);
}

/* For v_reorder, from the numbers of eight lanes. */
static inline vu v_order(const uint8_t *lane)
{
    return _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)lane));
}

static inline vu v_reorder(vu x, vu order)
{
    return _mm512_permutexvar_epi64(order, x);
}

/* Quarters 0 and 2 of a and of b, and quarters 1 and 3 of both. */
static inline void v_quarters(vd *a, vd *b)
{
    const vd even = _mm512_shuffle_f64x2(*a, *b, 0x88);

    *b = _mm512_shuffle_f64x2(*a, *b, 0xdd);
    *a = even;
}

/* Lanes 0, 2, 4 and 6 of a and of b in turn, and lanes 1, 3, 5 and 7 of both. */
static inline void v_lanes(vd *a, vd *b)
{
    const vd even = _mm512_unpacklo_pd(*a, *b);

    *b = _mm512_unpackhi_pd(*a, *b);
    *a = even;
}

/* Lane j of vector i and lane i of vector j change places. */
static inline void v_transpose(vd *x)
{
    v_lanes(&x[0], &x[1]);
    v_lanes(&x[2], &x[3]);
    v_lanes(&x[4], &x[5]);
    v_lanes(&x[6], &x[7]);
    v_quarters(&x[0], &x[2]);
    v_quarters(&x[1], &x[3]);
    v_quarters(&x[4], &x[6]);
    v_quarters(&x[5], &x[7]);
    v_quarters(&x[0], &x[4]);
    v_quarters(&x[1], &x[5]);
    v_quarters(&x[2], &x[6]);
    v_quarters(&x[3], &x[7]);
}

#include "ckks/kernel/kernel_fma_rows.h"

/* Eight neighbours of an automorphism's image, from a multiple of eight on, come from such an eight
 * in some order; other indices are gathered. They are no secret. */
static void avx512f_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        const __m256i lanes = _mm256_loadu_si256((const __m256i *)(const void *)(index + i));
        const __m256i apart =
            _mm256_xor_si256(lanes, _mm256_set1_epi32((int)(index[i] & ~(uint32_t)7)));

        if (_mm256_cmpgt_epu32_mask(apart, _mm256_set1_epi32(7)) != 0)
            v_store(out + i, _mm512_i32gather_epi64(lanes, (const long long *)(const void *)in, 8));
        else
            v_store(out + i, v_reorder(v_load(in + (index[i] & ~(uint32_t)7)),
                                       _mm512_cvtepu32_epi64(lanes)));
    }
}

static const ckks_kernel avx512f =
    FMA_KERNEL("avx512f", avx512f_permute, &ckks_kernel_client_avx512f);

const ckks_kernel *ckks_kernel_avx512f(void)
{
    return &avx512f;
}

#else

const ckks_kernel *ckks_kernel_avx512f(void)
{
    return NULL;
}

#endif
