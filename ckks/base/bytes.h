/* Little-endian loads and stores at any alignment, on any machine. */
#ifndef UNSEEN_CKKS_BASE_BYTES_H
#define UNSEEN_CKKS_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

/** The number whose little-endian bytes stand at p. */
static inline uint16_t ckks_load_u16le(const uint8_t *p)
{
    return (uint16_t)(p[0] | (uint16_t)((uint16_t)p[1] << 8));
}

static inline uint32_t ckks_load_u32le(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t ckks_load_u64le(const uint8_t *p)
{
    return (uint64_t)ckks_load_u32le(p) | (uint64_t)ckks_load_u32le(p + 4) << 32;
}

/** The double whose IEEE bit pattern stands at p, little-endian. */
static inline double ckks_load_f64le(const uint8_t *p)
{
    uint64_t bits = ckks_load_u64le(p);
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/** Write the little-endian bytes of x at p. */
static inline void ckks_store_u16le(uint8_t *p, uint16_t x)
{
    p[0] = (uint8_t)x;
    p[1] = (uint8_t)(x >> 8);
}

static inline void ckks_store_u32le(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

static inline void ckks_store_u64le(uint8_t *p, uint64_t x)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

/** Write the IEEE bit pattern of x at p, little-endian. */
static inline void ckks_store_f64le(uint8_t *p, double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    ckks_store_u64le(p, bits);
}

#endif
