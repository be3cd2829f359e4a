/* The family for x86 processors with AVX-512: sixteen lanes, 24 sums in registers. */
#include "train/tile.h"

#if defined(__AVX512F__)

#include "train/tile_x86.h"

#define TRAIN_TILE_FAMILY "avx512"
enum { ROWS = 8, LANES = 16 };

typedef __m512 vf;

static inline vf v_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vf v_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf v_load(const float *a)
{
    return _mm512_loadu_ps(a);
}

static inline void v_store(float *a, vf x)
{
    _mm512_storeu_ps(a, x);
}

static inline vf v_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

#include "train/tile_loops.h"

const train_tile *train_tile_avx512(void)
{
    return &family;
}

#else

const train_tile *train_tile_avx512(void)
{
    return NULL;
}

#endif
