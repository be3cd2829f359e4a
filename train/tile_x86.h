/* Transposing on x86 processors with AVX. */
#ifndef UNSEEN_TRAIN_TILE_X86_H
#define UNSEEN_TRAIN_TILE_X86_H

#include <stddef.h>

#ifdef __AVX__

#include <immintrin.h>

enum { BLOCK = 8 };

/* Rows i and i + 4 of a half share a vector, so that two rounds of shuffles suffice. */
static inline void turn_half(float *to, size_t to_step, const float *from, size_t from_step)
{
    __m256 r[4];
    for (size_t i = 0; i < 4; i++)
        r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from + i * from_step)),
                                    _mm_loadu_ps(from + (i + 4) * from_step), 1);
    __m256 a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpackhi_ps(r[0], r[1]);
    __m256 c = _mm256_unpacklo_ps(r[2], r[3]), d = _mm256_unpackhi_ps(r[2], r[3]);
    _mm256_storeu_ps(to, _mm256_shuffle_ps(a, c, 0x44));
    _mm256_storeu_ps(to + to_step, _mm256_shuffle_ps(a, c, 0xee));
    _mm256_storeu_ps(to + 2 * to_step, _mm256_shuffle_ps(b, d, 0x44));
    _mm256_storeu_ps(to + 3 * to_step, _mm256_shuffle_ps(b, d, 0xee));
}

static inline void turn_block(float *to, size_t to_step, const float *from, size_t from_step)
{
    turn_half(to, to_step, from, from_step);
    turn_half(to + 4 * to_step, to_step, from + 4, from_step);
}

#endif

#endif
