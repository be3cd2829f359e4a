/* The family for x86 processors with AVX2 and FMA: double precision, four lanes. */
#include "ckks/kernel.h"

#if defined(CKKS_KERNEL_AVX2) && !defined(__FAST_MATH__)

#include <immintrin.h>
#include <string.h>

#define CKKS_FMA_LANES 4

typedef __m256d vd;
typedef __m256i vu;

static inline vd v_set(double x)
{
    return _mm256_set1_pd(x);
}

static inline vu v_set_word(uint64_t x)
{
    return _mm256_set1_epi64x((long long)x);
}

static inline vu v_load(const uint64_t *a)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)a);
}

static inline vu v_load_i64(const int64_t *a)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)a);
}

/* Four bytes, with their signs. */
static inline vu v_load_i8(const int8_t *a)
{
    int32_t four;

    memcpy(&four, a, sizeof four);
    return _mm256_cvtepi8_epi64(_mm_cvtsi32_si128(four));
}

static inline void v_store(uint64_t *a, vu x)
{
    _mm256_storeu_si256((__m256i *)(void *)a, x);
}

static inline vu v_bits(vd x)
{
    return _mm256_castpd_si256(x);
}

static inline vd v_of_bits(vu x)
{
    return _mm256_castsi256_pd(x);
}

static inline vd v_add(vd a, vd b)
{
    return _mm256_add_pd(a, b);
}

static inline vd v_sub(vd a, vd b)
{
    return _mm256_sub_pd(a, b);
}

static inline vd v_mul(vd a, vd b)
{
    return _mm256_mul_pd(a, b);
}

/* a b + c */
static inline vd v_fma(vd a, vd b, vd c)
{
    return _mm256_fmadd_pd(a, b, c);
}

/* c - a b */
static inline vd v_fnma(vd a, vd b, vd c)
{
    return _mm256_fnmadd_pd(a, b, c);
}

static inline vu v_word_add(vu a, vu b)
{
    return _mm256_add_epi64(a, b);
}

static inline vu v_word_sub(vu a, vu b)
{
    return _mm256_sub_epi64(a, b);
}

static inline vu v_or(vu a, vu b)
{
    return _mm256_or_si256(a, b);
}

static inline vu v_xor(vu a, vu b)
{
    return _mm256_xor_si256(a, b);
}

static inline vu v_shift_50(vu x)
{
    return _mm256_srli_epi64(x, 50);
}

/* The upper half of each word, in the lower half. */
static inline vu v_upper(vu x)
{
    return _mm256_srli_epi64(x, 32);
}

/* The lower half of x and the upper half of high. */
static inline vu v_with_upper(vu x, vu high)
{
    return _mm256_blend_epi32(x, high, 0xaa);
}

/* Where the signed word t is negative a, else b. */
static inline vu v_pick(vu t, vu a, vu b)
{
    return v_bits(_mm256_blendv_pd(v_of_bits(b), v_of_bits(a), v_of_bits(t)));
}

/* All ones where x > 0, else 0. */
static inline vu v_positive(vd x)
{
    return v_bits(_mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_GT_OQ));
}

/* Of two blocks of four places, the two first halves and the two second halves; its own inverse. */
static inline void v_swap_halves(vd *a, vd *b)
{
    const vd first = _mm256_permute2f128_pd(*a, *b, 0x20);

    *b = _mm256_permute2f128_pd(*a, *b, 0x31);
    *a = first;
}

/* (a0, a1), (b0, b1) -> (a0, b0), (a1, b1) in each half of the vectors; its own inverse. */
static inline void v_swap_lanes(vd *a, vd *b)
{
    const vd first = _mm256_unpacklo_pd(*a, *b);

    *b = _mm256_unpackhi_pd(*a, *b);
    *a = first;
}

#include "ckks/kernel_fma_rows.h"

/* Four neighbours of an automorphism's image, from a multiple of four on, come from such a four in
 * some order: where two fours do, they are moved as vectors. The indices are no secret. */
static void avx2_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        const __m256i lanes = _mm256_loadu_si256((const __m256i *)(const void *)(index + i));
        const __m256i fours = _mm256_srli_epi32(lanes, 2);
        const __m256i firsts = _mm256_shuffle_epi32(fours, 0);

        if (_mm256_movemask_epi8(_mm256_cmpeq_epi32(fours, firsts)) != -1) {
            for (size_t k = i; k < i + 8; k++)
                out[k] = in[index[k]];
            continue;
        }
        for (size_t k = i; k < i + 8; k += 4) {
            const __m128i four = _mm_loadu_si128((const __m128i *)(const void *)(index + k));
            /* Halves of words: 2 lane and 2 lane + 1. The permutation reads three bits. */
            const __m256i low = _mm256_slli_epi64(_mm256_cvtepu32_epi64(four), 1);
            const __m256i high = _mm256_slli_epi64(low, 32);
            const __m256i halves =
                _mm256_or_si256(_mm256_or_si256(low, high), _mm256_set1_epi64x(1LL << 32));
            const vu from = v_load(in + index[k] / 4 * 4);

            v_store(out + k, _mm256_permutevar8x32_epi32(from, halves));
        }
    }
}

static const ckks_kernel avx2 = FMA_KERNEL("avx2", avx2_permute);

const ckks_kernel *ckks_kernel_avx2(void)
{
    return &avx2;
}

#else

const ckks_kernel *ckks_kernel_avx2(void)
{
    return NULL;
}

#endif
