/* The loops of a client for x86 processors with AVX2 and FMA: those of kernel_client.h in this
 * file's flags, the key stream and the uniform residues by hand.
 */
#define CKKS_FFT_LANES 4
#include "ckks/kernel/kernel_client.h"

#if defined(CKKS_KERNEL_AVX2) && !defined(__FAST_MATH__)

#include <immintrin.h>

#define CKKS_CHACHA_LANES 8
#define CKKS_CHACHA_ROTATE rotate
typedef uint32_t words __attribute__((vector_size(32)));

/* By whole bytes in one step; shift is a constant of the call. */
static inline words rotate(words x, int shift)
{
    const __m256i two = _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3,
                                         0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    const __m256i one = _mm256_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0,
                                         1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);

    switch (shift) {
    case 16:
        return (words)_mm256_shuffle_epi8((__m256i)x, two);
    case 8:
        return (words)_mm256_shuffle_epi8((__m256i)x, one);
    default:
        return x << shift | x >> (32 - shift);
    }
}

#include "ckks/random/chacha.h"
#include "ckks/random/chacha_lanes.h"

enum { GROUP = CKKS_CHACHA_LANES * CKKS_CHACHA_BLOCK_BYTES };

/* Words 4 g to 4 g + 3 of all blocks -> t[r], half h: those words of block 4 h + r. */
static inline void deal_four(__m256i t[4], const chacha_lanes *word)
{
    const __m256i ab_low = _mm256_unpacklo_epi32((__m256i)word[0], (__m256i)word[1]);
    const __m256i ab_high = _mm256_unpackhi_epi32((__m256i)word[0], (__m256i)word[1]);
    const __m256i cd_low = _mm256_unpacklo_epi32((__m256i)word[2], (__m256i)word[3]);
    const __m256i cd_high = _mm256_unpackhi_epi32((__m256i)word[2], (__m256i)word[3]);

    t[0] = _mm256_unpacklo_epi64(ab_low, cd_low);
    t[1] = _mm256_unpackhi_epi64(ab_low, cd_low);
    t[2] = _mm256_unpacklo_epi64(ab_high, cd_high);
    t[3] = _mm256_unpackhi_epi64(ab_high, cd_high);
}

/* Eight blocks, one after another. */
static inline void deal(uint8_t *out, const chacha_lanes word[16])
{
    for (size_t half = 0; half < 2; half++) {
        __m256i a[4];
        __m256i b[4];

        deal_four(a, word + 8 * half);
        deal_four(b, word + 8 * half + 4);
        for (size_t r = 0; r < 4; r++) {
            uint8_t *p = out + CKKS_CHACHA_BLOCK_BYTES * r + 32 * half;

            _mm256_storeu_si256((void *)p, _mm256_permute2x128_si256(a[r], b[r], 0x20));
            _mm256_storeu_si256((void *)(p + GROUP / 2),
                                _mm256_permute2x128_si256(a[r], b[r], 0x31));
        }
    }
}

static void avx2_chacha_blocks(uint8_t *out, size_t block_count, const uint8_t key[32],
                               uint64_t counter, uint64_t nonce)
{
    for (size_t done = 0; done < block_count; done += CHACHA_LANES) {
        chacha_lanes word[16];

        chacha_some_blocks(word, key, counter + done, nonce);
        if (block_count - done >= CHACHA_LANES) {
            deal(out + CKKS_CHACHA_BLOCK_BYTES * done, word);
        } else {
            uint8_t last[GROUP];

            deal(last, word);
            memcpy(out + CKKS_CHACHA_BLOCK_BYTES * done, last,
                   CKKS_CHACHA_BLOCK_BYTES * (block_count - done));
        }
    }
}

/* The lanes of a mask, moved to the front: pairs of 32-bit lanes. */
static const int32_t front[16][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 4, 5, 6, 7},
    {0, 1, 2, 3, 4, 5, 6, 7}, {4, 5, 0, 1, 2, 3, 6, 7}, {0, 1, 4, 5, 2, 3, 6, 7},
    {2, 3, 4, 5, 0, 1, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {6, 7, 0, 1, 2, 3, 4, 5},
    {0, 1, 6, 7, 2, 3, 4, 5}, {2, 3, 6, 7, 0, 1, 4, 5}, {0, 1, 2, 3, 6, 7, 4, 5},
    {4, 5, 6, 7, 0, 1, 2, 3}, {0, 1, 4, 5, 6, 7, 2, 3}, {2, 3, 4, 5, 6, 7, 0, 1},
    {0, 1, 2, 3, 4, 5, 6, 7}};

/* With r < 2^52 and p = r q: 2^52 + p / 2^52 is rounded to 2^52 + k for the nearest integer k; what
 * k lacks, p / 2^52 - k, is a multiple of 2^-52 of at most 1/2, which fma gives exactly. Where it
 * is negative k is one too many, and one is added to it: the fraction (p mod 2^52) / 2^52. */
static size_t avx2_uniform(uint64_t *out, const uint64_t *word, size_t n, const ckks_modulus *m)
{
    const __m256i mask = _mm256_set1_epi64x((INT64_C(1) << 52) - 1);
    const __m256d two_52 = _mm256_set1_pd(CLIENT_WORD);
    const __m256d factor = _mm256_set1_pd((double)m->q * 0x1p-52);
    const __m256d least = _mm256_set1_pd((double)((UINT64_C(1) << 52) % m->q) * 0x1p-52);
    size_t kept = 0;

    for (size_t i = 0; i < n; i += 4) {
        const __m256i low = _mm256_and_si256(_mm256_loadu_si256((const void *)(word + i)), mask);
        const __m256d r = _mm256_sub_pd(
            _mm256_castsi256_pd(_mm256_or_si256(low, _mm256_castpd_si256(two_52))), two_52);
        const __m256d above = _mm256_fmadd_pd(r, factor, two_52);
        const __m256d rest = _mm256_fmsub_pd(r, factor, _mm256_sub_pd(above, two_52));
        const __m256d under = _mm256_cmp_pd(rest, _mm256_setzero_pd(), _CMP_LT_OQ);
        const __m256d fraction = _mm256_add_pd(rest, _mm256_and_pd(under, _mm256_set1_pd(1.0)));
        const __m256i value = _mm256_add_epi64(
            _mm256_sub_epi64(_mm256_castpd_si256(above), _mm256_castpd_si256(two_52)),
            _mm256_castpd_si256(under));
        const unsigned keep =
            (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(fraction, least, _CMP_GE_OQ));
        const __m256i order = _mm256_loadu_si256((const void *)front[keep]);

        _mm256_storeu_si256((void *)(out + kept), _mm256_permutevar8x32_epi32(value, order));
        kept += (size_t)_mm_popcnt_u32(keep);
    }
    return kept;
}

const ckks_kernel_client ckks_kernel_client_avx2 = {
    .chacha_blocks = avx2_chacha_blocks,
    .uniform = avx2_uniform,
    .binomial = client_binomial,
    .ternary = client_ternary,
    .round = client_round,
    .to_real = client_to_real,
    .fft_forward = client_fft_forward,
    .fft_inverse = client_fft_inverse,
};

#endif
