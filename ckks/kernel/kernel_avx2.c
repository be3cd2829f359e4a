/* The family for x86 processors with AVX2 and FMA: double precision, four lanes. */
#include "ckks/kernel/kernel.h"

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

/* The lanes in the other order. */
static inline vu v_backwards(vu x)
{
    return _mm256_permute4x64_epi64(x, 0x1b);
}

/* Four packed residues (pack.h): twelve bytes for each half, which read four past them. */
static inline vu v_unpack(const uint8_t *p)
{
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + 12));
    const __m128i bytes = _mm_setr_epi8(0, 1, 2, 3, 4, 5, -1, -1, 6, 7, 8, 9, 10, 11, -1, -1);

    return _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1),
                               _mm256_broadcastsi128_si256(bytes));
}

/* To the first cache, some time. */
static inline void v_prefetch(const uint8_t *p)
{
    _mm_prefetch((const void *)p, _MM_HINT_T0);
}

/* For v_reorder, from the numbers of four lanes, of which the lower two bits are read. */
static inline vu v_order(const uint8_t *lane)
{
    int32_t four;

    /* Halves of words: 2 lane and 2 lane + 1. The permutation reads three bits. */
    memcpy(&four, lane, sizeof four);
    const vu low = _mm256_slli_epi64(_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four)), 1);
    const vu high = _mm256_slli_epi64(low, 32);

    return _mm256_or_si256(_mm256_or_si256(low, high), _mm256_set1_epi64x(1LL << 32));
}

static inline vu v_reorder(vu x, vu order)
{
    return _mm256_permutevar8x32_epi32(x, order);
}

/* Lane j of vector i and lane i of vector j change places. */
static inline void v_transpose(vd *x)
{
    const vd a0 = _mm256_permute2f128_pd(x[0], x[2], 0x20);
    const vd a1 = _mm256_permute2f128_pd(x[1], x[3], 0x20);
    const vd a2 = _mm256_permute2f128_pd(x[0], x[2], 0x31);
    const vd a3 = _mm256_permute2f128_pd(x[1], x[3], 0x31);

    x[0] = _mm256_unpacklo_pd(a0, a1);
    x[1] = _mm256_unpackhi_pd(a0, a1);
    x[2] = _mm256_unpacklo_pd(a2, a3);
    x[3] = _mm256_unpackhi_pd(a2, a3);
}

#include "ckks/kernel/kernel_fma_rows.h"

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

static const ckks_kernel avx2 = FMA_KERNEL("avx2", avx2_permute, &ckks_kernel_client_avx2);

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
