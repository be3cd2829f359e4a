/* Packed rows in portable C. */
#include "ckks/kernel/pack.h"

#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/check.h"
#include "ckks/word/modarith.h"

void ckks_pack_row(uint8_t *block, const uint64_t *row, size_t stream, size_t streams, size_t n)
{
    const size_t tile = ckks_tile(n);

    for (size_t t = 0; t < n / tile; t++) {
        uint8_t *out = block + ckks_packed_bytes(t * streams + stream, tile);

        /* Whole words: what is too much of one is under the next. */
        for (size_t i = 0; i + 1 < tile; i++)
            ckks_store_u64le(out + i * CKKS_PACKED_BYTES, row[t * tile + i]);
        ckks_packed_put(out, tile - 1, row[t * tile + tile - 1]);
    }
}

void ckks_unpack_row(uint64_t *row, const uint8_t *block, size_t stream, size_t streams, size_t n)
{
    const size_t tile = ckks_tile(n);

    for (size_t t = 0; t < n / tile; t++) {
        const uint8_t *in = block + ckks_packed_bytes(t * streams + stream, tile);

        for (size_t i = 0; i < tile; i++)
            row[t * tile + i] = ckks_packed_get(in, i);
    }
}

/* Bound of both: as dot of kernel_portable.c, with up to three residues added at the start. */

static void key_tile(uint64_t *const out[2], const ckks_key_product *p, const uint8_t *y,
                     size_t first, size_t n, const ckks_mod *mod)
{
    for (size_t i = 0; i < n; i++) {
        size_t place = first + i;
        ckks_u128 sum0 = ckks_u128_make(0, p->add[0] != NULL ? p->add[0][place] : 0);
        ckks_u128 sum1 = ckks_u128_make(0, p->add[1] != NULL ? p->add[1][place] : 0);

        if (p->turn != NULL) {
            uint32_t from = p->turn->block[place / 8];
            place = (from & ~(uint32_t)7) + p->turn->lane[from & 7][i % 8];
        }
        if (p->turned != NULL)
            sum0 = ckks_u128_add(sum0, ckks_u128_make(0, p->turned[place]));
        for (size_t d = 0; d < p->count; d++) {
            const uint8_t *tile = y + ckks_packed_bytes(2 * d, n);
            uint64_t x = p->x[d][place];

            sum0 = ckks_u128_mac(sum0, x, ckks_packed_get(tile, i));
            sum1 = ckks_u128_mac(sum1, x, ckks_packed_get(tile, n + i));
        }
        out[0][i] = ckks_mod_reduce_u128(sum0, mod);
        out[1][i] = ckks_mod_reduce_u128(sum1, mod);
    }
}

void ckks_pack_dot_key(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                       size_t n, const ckks_modulus *m)
{
    const size_t tile = ckks_tile(m->n);
    const ckks_mod mod = m->mod;

    CKKS_VERIFY(p->count >= 1 && p->count <= p->stride && p->stride <= 64 && first % tile == 0 &&
                n % tile == 0);
    for (size_t at = 0; at < n; at += tile) {
        uint64_t *out[2] = {out0 + at, out1 + at};

        key_tile(out, p, p->y + ckks_packed_bytes(2 * p->stride, first + at), first + at, tile,
                 &mod);
    }
}

void ckks_pack_dot_pair(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                        const uint8_t *y, size_t count, size_t n, const ckks_modulus *m)
{
    const ckks_mod mod = m->mod;

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n <= CKKS_TILE && n % 8 == 0);
    for (size_t i = 0; i < n; i++) {
        ckks_u128 sum0 = ckks_u128_make(0, 0);
        ckks_u128 sum1 = ckks_u128_make(0, 0);

        for (size_t k = 0; k < count; k++) {
            const uint64_t *xk = x + 2 * n * pick[k] + i;
            uint64_t w = ckks_packed_get(y + ckks_packed_bytes(k, n), i);

            sum0 = ckks_u128_mac(sum0, xk[0], w);
            sum1 = ckks_u128_mac(sum1, xk[n], w);
        }
        out0[i] = ckks_mod_reduce_u128(sum0, &mod);
        out1[i] = ckks_mod_reduce_u128(sum1, &mod);
    }
}
