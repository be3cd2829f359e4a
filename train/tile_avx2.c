/* The family for x86 processors with AVX2 and FMA: eight lanes, 12 sums in registers. */
#include "train/tile.h"

#if defined(__AVX2__) && defined(__FMA__)

#include "train/tile_x86.h"

#define TRAIN_TILE_FAMILY "avx2"
enum { ROWS = 4, LANES = 8 };

typedef __m256 vf;

static inline vf v_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vf v_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline vf v_load(const float *a)
{
    return _mm256_loadu_ps(a);
}

static inline void v_store(float *a, vf x)
{
    _mm256_storeu_ps(a, x);
}

static inline vf v_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

#include "train/tile_loops.h"

const train_tile *train_tile_avx2(void)
{
    return &family;
}

#else

const train_tile *train_tile_avx2(void)
{
    return NULL;
}

#endif
