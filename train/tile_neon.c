/* The family for 64-bit Arm: four lanes, 24 sums in registers. */
#include "train/tile.h"

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

#define TRAIN_TILE_FAMILY "neon"
enum { ROWS = 8, LANES = 4, BLOCK = 4 };

typedef float32x4_t vf;

static inline vf v_zero(void)
{
    return vdupq_n_f32(0.0f);
}

static inline vf v_set(float x)
{
    return vdupq_n_f32(x);
}

static inline vf v_load(const float *a)
{
    return vld1q_f32(a);
}

static inline void v_store(float *a, vf x)
{
    vst1q_f32(a, x);
}

static inline vf v_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

static inline void turn_block(float *to, size_t to_step, const float *from, size_t from_step)
{
    float32x4x2_t a = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + from_step));
    float32x4x2_t b = vtrnq_f32(vld1q_f32(from + 2 * from_step), vld1q_f32(from + 3 * from_step));
    for (size_t i = 0; i < 2; i++) {
        vst1q_f32(to + i * to_step, vcombine_f32(vget_low_f32(a.val[i]), vget_low_f32(b.val[i])));
        vst1q_f32(to + (i + 2) * to_step,
                  vcombine_f32(vget_high_f32(a.val[i]), vget_high_f32(b.val[i])));
    }
}

#include "train/tile_loops.h"

const train_tile *train_tile_neon(void)
{
    return &family;
}

#else

const train_tile *train_tile_neon(void)
{
    return NULL;
}

#endif
