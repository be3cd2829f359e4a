/* Poly1305 on limbs of 44, 44 and 42 bits, four blocks at a time: with powers of r beside each
 * other
 *
 *     h = (h + m0) r^4 + m1 r^3 + m2 r^2 + m3 r
 *
 * is one sum of products with one chain of carries.
 *
 * Bounds: limbs of a block are below 2^44, with its high bit; those of h and of powers below 2^44 +
 * 2^12, so those of h + m0 below 2^46, and 20 times those of a power below 2^49. A sum of 12
 * products is below 12 * 2^95 < 2^99, so that each carry is below 2^57; sums of place 2 have no
 * factor 20 and are below 12 * 2^91, so 5 times their carry is below 2^56, which gives h[1] less
 * than 2^12.
 *
 * Time: depends on the number of bytes alone.  Source: [RFC8439] 2.5
 */
#include "channel/crypto/poly1305.h"

#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/ct.h"
#include "ckks/ckks.h"
#include "ckks/word/u128.h"

enum { BLOCK = 16, LANES = CHANNEL_POLY1305_LANES };

#define LIMB44 ((UINT64_C(1) << 44) - 1)
#define LIMB42 ((UINT64_C(1) << 42) - 1)

static inline void split(uint64_t limb[3], uint64_t low, uint64_t high)
{
    limb[0] = low & LIMB44;
    limb[1] = (low >> 44 | high << 20) & LIMB44;
    limb[2] = high >> 24;
}

static inline void load_block(uint64_t limb[3], const uint8_t *bytes)
{
    split(limb, ckks_load_u64le(bytes), ckks_load_u64le(bytes + 8));
    limb[2] |= UINT64_C(1) << 40; /* 2^128 */
}

/* d += a r. Place 3 is 2^132 = 4 * 2^130, which is 20. */
static inline void multiply_then_add(ckks_u128 d[3], const uint64_t a[3], const uint64_t r[5])
{
    d[0] = ckks_u128_mac(ckks_u128_mac(ckks_u128_mac(d[0], a[0], r[0]), a[1], r[4]), a[2], r[3]);
    d[1] = ckks_u128_mac(ckks_u128_mac(ckks_u128_mac(d[1], a[0], r[1]), a[1], r[0]), a[2], r[4]);
    d[2] = ckks_u128_mac(ckks_u128_mac(ckks_u128_mac(d[2], a[0], r[2]), a[1], r[1]), a[2], r[0]);
}

static inline void carry(uint64_t h[3], ckks_u128 d[3])
{
    d[1] = ckks_u128_add_u64(d[1], ckks_u128_shr(d[0], 44));
    d[2] = ckks_u128_add_u64(d[2], ckks_u128_shr(d[1], 44));
    h[0] = (ckks_u128_lo(d[0]) & LIMB44) + 5 * ckks_u128_shr(d[2], 42);
    h[1] = (ckks_u128_lo(d[1]) & LIMB44) + (h[0] >> 44);
    h[2] = ckks_u128_lo(d[2]) & LIMB42;
    h[0] &= LIMB44;
}

static inline void set_power(uint64_t power[5], const uint64_t r[3])
{
    memcpy(power, r, 3 * sizeof *r);
    power[3] = 20 * r[1];
    power[4] = 20 * r[2];
}

static inline void no_products(ckks_u128 d[3])
{
    for (int i = 0; i < 3; i++)
        d[i] = ckks_u128_make(0, 0);
}

void channel_poly1305_init(channel_poly1305 *p, const uint8_t key[CHANNEL_POLY1305_KEY_BYTES])
{
    uint64_t r[3];
    ckks_u128 d[3];

    split(r, ckks_load_u64le(key) & UINT64_C(0x0ffffffc0fffffff),
          ckks_load_u64le(key + 8) & UINT64_C(0x0ffffffc0ffffffc));
    set_power(p->power[0], r);
    for (int k = 1; k < LANES; k++) {
        no_products(d);
        multiply_then_add(d, p->power[k - 1], p->power[0]);
        carry(r, d);
        set_power(p->power[k], r);
    }
    memset(p->h, 0, sizeof p->h);
    p->pad[0] = ckks_load_u64le(key + 16);
    p->pad[1] = ckks_load_u64le(key + 24);
    ckks_wipe(r, sizeof r);
    ckks_wipe(d, sizeof d);
}

/* Take `lanes` blocks at once, 0 < lanes <= LANES. */
static inline void absorb(channel_poly1305 *p, const uint8_t *bytes, int lanes)
{
    uint64_t m[3];
    ckks_u128 d[3];

    load_block(m, bytes);
    for (int i = 0; i < 3; i++)
        m[i] += p->h[i];
    no_products(d);
    for (int k = 0;;) {
        multiply_then_add(d, m, p->power[lanes - 1 - k]);
        if (++k == lanes)
            break;
        load_block(m, bytes + BLOCK * k);
    }
    carry(p->h, d);
}

void channel_poly1305_update(channel_poly1305 *p, const uint8_t *bytes, size_t n)
{
    for (; n >= BLOCK * LANES; bytes += BLOCK * LANES, n -= BLOCK * LANES)
        absorb(p, bytes, LANES);
    for (; n >= BLOCK; bytes += BLOCK, n -= BLOCK)
        absorb(p, bytes, 1);
    if (n > 0) {
        uint8_t last[BLOCK] = {0};

        memcpy(last, bytes, n);
        absorb(p, last, 1);
        ckks_wipe(last, sizeof last);
    }
}

/* h modulo 2^130 - 5, completely: h + 5 reaches 2^130 exactly where h is p or more. */
void channel_poly1305_final(channel_poly1305 *p, uint8_t tag[CHANNEL_POLY1305_BYTES])
{
    uint64_t h[3];
    uint64_t g[3];
    uint64_t mask;
    ckks_u128 sum;

    memcpy(h, p->h, sizeof h);
    for (int round = 0; round < 2; round++) {
        h[1] += h[0] >> 44;
        h[0] &= LIMB44;
        h[2] += h[1] >> 44;
        h[1] &= LIMB44;
        h[0] += 5 * (h[2] >> 42);
        h[2] &= LIMB42;
    }
    h[1] += h[0] >> 44;
    h[0] &= LIMB44;
    g[0] = h[0] + 5;
    g[1] = h[1] + (g[0] >> 44);
    g[2] = h[2] + (g[1] >> 44);
    mask = ckks_ct_mask_bit(g[2] >> 42);
    h[0] = ckks_ct_select(mask, g[0] & LIMB44, h[0]);
    h[1] = ckks_ct_select(mask, g[1] & LIMB44, h[1]);
    h[2] = ckks_ct_select(mask, g[2] & LIMB42, h[2]);
    sum = ckks_u128_make(h[1] >> 20 | h[2] << 24, h[0] | h[1] << 44);
    sum = ckks_u128_add(sum, ckks_u128_make(p->pad[1], p->pad[0]));
    ckks_store_u64le(tag, ckks_u128_lo(sum));
    ckks_store_u64le(tag + 8, ckks_u128_hi(sum));
    ckks_wipe(h, sizeof h);
    ckks_wipe(g, sizeof g);
    ckks_wipe(&sum, sizeof sum);
    ckks_wipe(p, sizeof *p);
}
