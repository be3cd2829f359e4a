/* The family for 64-bit Arm processors: double precision, two lanes. */
#include "ckks/kernel/kernel.h"

#if defined(__aarch64__) && !defined(__AARCH64EB__) && defined(__ARM_NEON) &&                      \
    !defined(__FAST_MATH__)

#include <arm_neon.h>
#include <string.h>

#define CKKS_FMA_LANES 2

typedef float64x2_t vd;
typedef uint64x2_t vu;

static inline vd v_set(double x)
{
    return vdupq_n_f64(x);
}

static inline vu v_set_word(uint64_t x)
{
    return vdupq_n_u64(x);
}

static inline vu v_load(const uint64_t *a)
{
    return vld1q_u64(a);
}

static inline vu v_load_i64(const int64_t *a)
{
    return vreinterpretq_u64_s64(vld1q_s64(a));
}

/* Two bytes, with their signs. */
static inline vu v_load_i8(const int8_t *a)
{
    const int64x2_t x = vsetq_lane_s64(a[1], vdupq_n_s64(a[0]), 1);

    return vreinterpretq_u64_s64(x);
}

static inline void v_store(uint64_t *a, vu x)
{
    vst1q_u64(a, x);
}

static inline vu v_bits(vd x)
{
    return vreinterpretq_u64_f64(x);
}

static inline vd v_of_bits(vu x)
{
    return vreinterpretq_f64_u64(x);
}

static inline vd v_add(vd a, vd b)
{
    return vaddq_f64(a, b);
}

static inline vd v_sub(vd a, vd b)
{
    return vsubq_f64(a, b);
}

static inline vd v_mul(vd a, vd b)
{
    return vmulq_f64(a, b);
}

/* a b + c */
static inline vd v_fma(vd a, vd b, vd c)
{
    return vfmaq_f64(c, a, b);
}

/* c - a b */
static inline vd v_fnma(vd a, vd b, vd c)
{
    return vfmsq_f64(c, a, b);
}

static inline vu v_word_add(vu a, vu b)
{
    return vaddq_u64(a, b);
}

static inline vu v_word_sub(vu a, vu b)
{
    return vsubq_u64(a, b);
}

static inline vu v_or(vu a, vu b)
{
    return vorrq_u64(a, b);
}

static inline vu v_xor(vu a, vu b)
{
    return veorq_u64(a, b);
}

static inline vu v_shift_50(vu x)
{
    return vshrq_n_u64(x, 50);
}

/* The upper half of each word, in the lower half. */
static inline vu v_upper(vu x)
{
    return vshrq_n_u64(x, 32);
}

/* The lower half of x and the upper half of high. */
static inline vu v_with_upper(vu x, vu high)
{
    return vbslq_u64(vdupq_n_u64(UINT32_MAX), x, high);
}

/* Where the signed word t is negative a, else b. */
static inline vu v_pick(vu t, vu a, vu b)
{
    return vbslq_u64(vcltzq_s64(vreinterpretq_s64_u64(t)), a, b);
}

/* All ones where x > 0, else 0. */
static inline vu v_positive(vd x)
{
    return vcgtzq_f64(x);
}

/* The lanes in the other order. */
static inline vu v_backwards(vu x)
{
    return vextq_u64(x, x, 1);
}

/* Two packed residues (pack.h), which read four bytes past them. */
static inline vu v_unpack(const uint8_t *p)
{
    static const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 255, 255, 6, 7, 8, 9, 10, 11, 255, 255};

    return vreinterpretq_u64_u8(vqtbl1q_u8(vld1q_u8(p), vld1q_u8(bytes)));
}

/* To the first cache, some time. */
static inline void v_prefetch(const uint8_t *p)
{
    __builtin_prefetch(p);
}

/* For v_reorder, from the numbers of two lanes: all ones where they are the other way round. */
static inline vu v_order(const uint8_t *lane)
{
    return vdupq_n_u64(0 - (uint64_t)(lane[0] & 1));
}

static inline vu v_reorder(vu x, vu order)
{
    return vbslq_u64(order, vextq_u64(x, x, 1), x);
}

/* Lane 1 of the first vector and lane 0 of the second change places. */
static inline void v_transpose(vd *x)
{
    const vd first = vzip1q_f64(x[0], x[1]);

    x[1] = vzip2q_f64(x[0], x[1]);
    x[0] = first;
}

#include "ckks/kernel/kernel_fma_rows.h"

static void neon_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n)
{
    ckks_kernel_portable()->permute(out, in, index, n);
}

static const ckks_kernel neon = FMA_KERNEL("neon", neon_permute, &ckks_kernel_client_portable);

const ckks_kernel *ckks_kernel_neon(void)
{
    return &neon;
}

#else

const ckks_kernel *ckks_kernel_neon(void)
{
    return NULL;
}

#endif
