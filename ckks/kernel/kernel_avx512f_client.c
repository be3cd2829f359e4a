/* The loops of a client for AVX-512 F, DQ and VL: those of kernel_client.h in this file's flags,
 * the key stream and the samplers that choose by hand.
 */
#define CKKS_FFT_LANES 8
#include "ckks/kernel/kernel_client.h"

#if defined(CKKS_KERNEL_AVX512F)

#include <immintrin.h>

#define CKKS_CHACHA_LANES 16
#include "ckks/random/chacha.h"
#include "ckks/random/chacha_lanes.h"

enum { GROUP = CKKS_CHACHA_LANES * CKKS_CHACHA_BLOCK_BYTES };

/* Words 4 g to 4 g + 3 of all blocks -> t[r], quarter k: those words of block 4 k + r. */
static inline void deal_four(__m512i t[4], const chacha_lanes *word)
{
    const __m512i ab_low = _mm512_unpacklo_epi32((__m512i)word[0], (__m512i)word[1]);
    const __m512i ab_high = _mm512_unpackhi_epi32((__m512i)word[0], (__m512i)word[1]);
    const __m512i cd_low = _mm512_unpacklo_epi32((__m512i)word[2], (__m512i)word[3]);
    const __m512i cd_high = _mm512_unpackhi_epi32((__m512i)word[2], (__m512i)word[3]);

    t[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
    t[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
    t[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
    t[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
}

/* Sixteen blocks, one after another. */
static inline void deal(uint8_t *out, const chacha_lanes word[16])
{
    __m512i t[4][4];

    for (int g = 0; g < 4; g++)
        deal_four(t[g], word + 4 * g);
    for (size_t r = 0; r < 4; r++) {
        const __m512i low01 = _mm512_shuffle_i32x4(t[0][r], t[1][r], 0x44);
        const __m512i high01 = _mm512_shuffle_i32x4(t[0][r], t[1][r], 0xee);
        const __m512i low23 = _mm512_shuffle_i32x4(t[2][r], t[3][r], 0x44);
        const __m512i high23 = _mm512_shuffle_i32x4(t[2][r], t[3][r], 0xee);
        uint8_t *p = out + CKKS_CHACHA_BLOCK_BYTES * r;

        _mm512_storeu_si512(p, _mm512_shuffle_i32x4(low01, low23, 0x88));
        _mm512_storeu_si512(p + GROUP / 4, _mm512_shuffle_i32x4(low01, low23, 0xdd));
        _mm512_storeu_si512(p + GROUP / 2, _mm512_shuffle_i32x4(high01, high23, 0x88));
        _mm512_storeu_si512(p + 3 * GROUP / 4, _mm512_shuffle_i32x4(high01, high23, 0xdd));
    }
}

static void avx512f_chacha_blocks(uint8_t *out, size_t block_count, const uint8_t key[32],
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

/* With r < 2^52 and p = r q: 2^52 + p / 2^52 is rounded to 2^52 + k for the nearest integer k; what
 * k lacks, p / 2^52 - k, is a multiple of 2^-52 of at most 1/2, which fma gives exactly. Where it
 * is negative k is one too many, and one is added to it: the fraction (p mod 2^52) / 2^52. */
static size_t avx512f_uniform(uint64_t *out, const uint64_t *word, size_t n, const ckks_modulus *m)
{
    const __m512i mask = _mm512_set1_epi64((INT64_C(1) << 52) - 1);
    const __m512i one = _mm512_set1_epi64(1);
    const __m512d two_52 = _mm512_set1_pd(CLIENT_WORD);
    const __m512i two_52_bits = _mm512_castpd_si512(two_52);
    const __m512d factor = _mm512_set1_pd((double)m->q * 0x1p-52);
    const __m512d least = _mm512_set1_pd((double)((UINT64_C(1) << 52) % m->q) * 0x1p-52);
    size_t kept = 0;

    for (size_t i = 0; i < n; i += 8) {
        const __m512i low = _mm512_and_si512(_mm512_loadu_si512(word + i), mask);
        const __m512d r =
            _mm512_sub_pd(_mm512_castsi512_pd(_mm512_or_si512(low, two_52_bits)), two_52);
        const __m512d above = _mm512_fmadd_pd(r, factor, two_52);
        const __m512d rest = _mm512_fmsub_pd(r, factor, _mm512_sub_pd(above, two_52));
        const __mmask8 under = _mm512_cmp_pd_mask(rest, _mm512_setzero_pd(), _CMP_LT_OQ);
        const __m512d fraction = _mm512_mask_add_pd(rest, under, rest, _mm512_set1_pd(1.0));
        const __m512i nearest = _mm512_sub_epi64(_mm512_castpd_si512(above), two_52_bits);
        const __m512i value = _mm512_mask_sub_epi64(nearest, under, nearest, one);
        const __mmask8 keep = _mm512_cmp_pd_mask(fraction, least, _CMP_GE_OQ);

        _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi64(keep, value));
        kept += (size_t)_mm_popcnt_u32(keep);
    }
    return kept;
}

const ckks_kernel_client ckks_kernel_client_avx512f = {
    .chacha_blocks = avx512f_chacha_blocks,
    .uniform = avx512f_uniform,
    .binomial = client_binomial,
    .ternary = client_ternary,
    .round = client_round,
    .to_real = client_to_real,
    .fft_forward = client_fft_forward,
    .fft_inverse = client_fft_inverse,
};

#endif
