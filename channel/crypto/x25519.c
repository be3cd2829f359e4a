/* X25519 by the Montgomery ladder on five limbs of 51 bits.
 *
 * A number is sum of x[i] 2^(51 i) modulo p = 2^255 - 19. "Tight" limbs are below 2^51 + 2^13: what
 * products give and loading makes. Sums and differences of two tight numbers have limbs below 2^53;
 * a product takes limbs below 2^54.
 *
 * Time: constant.  Source: [RFC7748] 5
 */
#include "channel/crypto/x25519.h"

#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/ct.h"
#include "ckks/ckks.h"
#include "ckks/word/u128.h"

#define LIMB ((UINT64_C(1) << 51) - 1)

typedef struct number {
    uint64_t x[5];
} number;

static number load(const uint8_t u[CHANNEL_X25519_BYTES])
{
    return (number){{ckks_load_u64le(u) & LIMB, ckks_load_u64le(u + 6) >> 3 & LIMB,
                     ckks_load_u64le(u + 12) >> 6 & LIMB, ckks_load_u64le(u + 19) >> 1 & LIMB,
                     ckks_load_u64le(u + 24) >> 12 & LIMB}};
}

/* Limbs below 2^63 in; carried twice they are below 2^51 but the first, below 2^51 + 19, and the
 * value is below 2p. It is p or more exactly where adding 19 carries out of bit 255. */
static void store(uint8_t out[CHANNEL_X25519_BYTES], const number *a)
{
    uint64_t x[5];
    uint64_t q;

    memcpy(x, a->x, sizeof x);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 4; i++) {
            x[i + 1] += x[i] >> 51;
            x[i] &= LIMB;
        }
        x[0] += 19 * (x[4] >> 51);
        x[4] &= LIMB;
    }
    q = (x[0] + 19) >> 51;
    for (int i = 1; i < 5; i++)
        q = (x[i] + q) >> 51;
    x[0] += 19 * q;
    for (int i = 0; i < 4; i++) {
        x[i + 1] += x[i] >> 51;
        x[i] &= LIMB;
    }
    x[4] &= LIMB;
    ckks_store_u64le(out, x[0] | x[1] << 51);
    ckks_store_u64le(out + 8, x[1] >> 13 | x[2] << 38);
    ckks_store_u64le(out + 16, x[2] >> 26 | x[3] << 25);
    ckks_store_u64le(out + 24, x[3] >> 39 | x[4] << 12);
    ckks_wipe(x, sizeof x);
}

static inline number add(const number *a, const number *b)
{
    number r;

    for (int i = 0; i < 5; i++)
        r.x[i] = a->x[i] + b->x[i];
    return r;
}

/* a - b + 2p, so that no limb goes below zero: those of 2p are 2^52 - 38 and 2^52 - 2. */
static inline number subtract(const number *a, const number *b)
{
    number r;

    r.x[0] = a->x[0] + ((UINT64_C(1) << 52) - 38) - b->x[0];
    for (int i = 1; i < 5; i++)
        r.x[i] = a->x[i] + ((UINT64_C(1) << 52) - 2) - b->x[i];
    return r;
}

/* Sums of products to tight limbs. With limbs below 2^54 in, t[i] < 77 * 2^108 < 2^115, so every
 * carry is below 2^64. t[4] has no factor 19: the last carry is below 5 * 2^57 + 1, 19 times it
 * below 2^63.7, and what then reaches x[1] below 2^13. */
static inline number carry(ckks_u128 t[5])
{
    number r;
    uint64_t c;

    for (int i = 0; i < 4; i++) {
        t[i + 1] = ckks_u128_add_u64(t[i + 1], ckks_u128_shr(t[i], 51));
        r.x[i] = ckks_u128_lo(t[i]) & LIMB;
    }
    c = ckks_u128_shr(t[4], 51);
    r.x[4] = ckks_u128_lo(t[4]) & LIMB;
    c = 19 * c + r.x[0];
    r.x[0] = c & LIMB;
    r.x[1] += c >> 51;
    return r;
}

/* The sum of a_k b_(i-k), where places from 5 on come back 19-fold. */
static inline number multiply(const number *a, const number *b)
{
    const uint64_t *x = a->x;
    const uint64_t *y = b->x;
    const uint64_t y1 = 19 * y[1];
    const uint64_t y2 = 19 * y[2];
    const uint64_t y3 = 19 * y[3];
    const uint64_t y4 = 19 * y[4];
    ckks_u128 t[5];

#define SUM(a0, b0, a1, b1, a2, b2, a3, b3, a4, b4)                                                \
    ckks_u128_mac(                                                                                 \
        ckks_u128_mac(ckks_u128_mac(ckks_u128_mac(ckks_u128_mul(a0, b0), a1, b1), a2, b2), a3,     \
                      b3),                                                                         \
        a4, b4)
    t[0] = SUM(x[0], y[0], x[1], y4, x[2], y3, x[3], y2, x[4], y1);
    t[1] = SUM(x[0], y[1], x[1], y[0], x[2], y4, x[3], y3, x[4], y2);
    t[2] = SUM(x[0], y[2], x[1], y[1], x[2], y[0], x[3], y4, x[4], y3);
    t[3] = SUM(x[0], y[3], x[1], y[2], x[2], y[1], x[3], y[0], x[4], y4);
    t[4] = SUM(x[0], y[4], x[1], y[3], x[2], y[2], x[3], y[1], x[4], y[0]);
#undef SUM
    return carry(t);
}

static inline number square(const number *a)
{
    return multiply(a, a);
}

/* a^(2^count). */
static number square_often(number a, int count)
{
    while (count-- > 0)
        a = square(&a);
    return a;
}

static inline number scale(const number *a, uint64_t factor)
{
    ckks_u128 t[5];

    for (int i = 0; i < 5; i++)
        t[i] = ckks_u128_mul(a->x[i], factor);
    return carry(t);
}

/* a^(p-2), p - 2 = 2^255 - 21: powers 2^k - 1 by doubling k, then the last bits 01011. */
static number invert(const number *a)
{
    number t = square(a);
    number a9;
    number a11;
    number k5;
    number k10;
    number k20;
    number k50;
    number k100;

    a9 = square_often(t, 2);
    a9 = multiply(&a9, a);
    a11 = multiply(&a9, &t);
    t = square(&a11);
    k5 = multiply(&t, &a9);
    t = square_often(k5, 5);
    k10 = multiply(&t, &k5);
    t = square_often(k10, 10);
    k20 = multiply(&t, &k10);
    t = square_often(k20, 20);
    t = multiply(&t, &k20);
    t = square_often(t, 10);
    k50 = multiply(&t, &k10);
    t = square_often(k50, 50);
    k100 = multiply(&t, &k50);
    t = square_often(k100, 100);
    t = multiply(&t, &k100);
    t = square_often(t, 50);
    t = multiply(&t, &k50);
    t = square_often(t, 5);
    return multiply(&t, &a11);
}

/* Exchange a and b where mask is all ones. */
static inline void exchange(number *a, number *b, uint64_t mask)
{
    for (int i = 0; i < 5; i++) {
        const uint64_t d = mask & (a->x[i] ^ b->x[i]);

        a->x[i] ^= d;
        b->x[i] ^= d;
    }
}

/* (x2 : z2) = 2 (x2 : z2), (x3 : z3) = (x2 : z2) + (x3 : z3), whose difference is u. */
static inline void ladder_step(number *x2, number *z2, number *x3, number *z3, const number *u)
{
    const number a = add(x2, z2);
    const number b = subtract(x2, z2);
    const number c = add(x3, z3);
    const number d = subtract(x3, z3);
    const number aa = square(&a);
    const number bb = square(&b);
    const number e = subtract(&aa, &bb);
    const number da = multiply(&d, &a);
    const number cb = multiply(&c, &b);
    number t = add(&da, &cb);

    *x3 = square(&t);
    t = subtract(&da, &cb);
    t = square(&t);
    *z3 = multiply(u, &t);
    *x2 = multiply(&aa, &bb);
    t = scale(&e, 121665); /* (486662 - 2) / 4 */
    t = add(&aa, &t);
    *z2 = multiply(&e, &t);
}

static void ladder(uint8_t out[CHANNEL_X25519_BYTES], const uint8_t secret[CHANNEL_X25519_BYTES],
                   const uint8_t u[CHANNEL_X25519_BYTES])
{
    struct {
        number u, x2, z2, x3, z3;
        uint8_t k[CHANNEL_X25519_BYTES];
    } s = {.u = load(u), .x2 = {{1}}, .x3 = load(u), .z3 = {{1}}};
    uint64_t swapped = 0;

    memcpy(s.k, secret, sizeof s.k);
    s.k[0] &= 248;
    s.k[31] = (uint8_t)((s.k[31] & 127) | 64);
    for (int bit = 254; bit >= 0; bit--) {
        const uint64_t now = s.k[bit / 8] >> bit % 8 & 1;
        const uint64_t mask = ckks_ct_mask_bit(swapped ^ now);

        exchange(&s.x2, &s.x3, mask);
        exchange(&s.z2, &s.z3, mask);
        swapped = now;
        ladder_step(&s.x2, &s.z2, &s.x3, &s.z3, &s.u);
    }
    /* The last three bits of a clamped secret are zero, so nothing is left exchanged. */
    s.z2 = invert(&s.z2);
    s.x2 = multiply(&s.x2, &s.z2);
    store(out, &s.x2);
    ckks_wipe(&s, sizeof s);
}

int channel_x25519(uint8_t out[CHANNEL_X25519_BYTES], const uint8_t secret[CHANNEL_X25519_BYTES],
                   const uint8_t u[CHANNEL_X25519_BYTES])
{
    static const uint8_t zero[CHANNEL_X25519_BYTES];
    int nothing;

    ladder(out, secret, u);
    nothing = ckks_ct_equal(out, zero, sizeof zero);
    /* Whoever chose a point of small order knows that he did; other points never give zero. */
    CKKS_PUBLIC(&nothing, sizeof nothing);
    return !nothing;
}

void channel_x25519_public(uint8_t out[CHANNEL_X25519_BYTES],
                           const uint8_t secret[CHANNEL_X25519_BYTES])
{
    static const uint8_t base[CHANNEL_X25519_BYTES] = {9};

    ladder(out, secret, base);
    CKKS_PUBLIC(out, CHANNEL_X25519_BYTES); /* it is made to be shown */
}
