/* Packed rows: residues of 6 bytes, little-endian, in the order in which the kernels read them.
 *
 * Several rows that are always read together (the digits of a key, the diagonals of a matrix) lie
 * interleaved, tile by tile: [N / tile][streams][tile]. Reading them is one walk through memory,
 * which the hardware runs about twice as fast as many walks side by side, and 6 bytes in the place
 * of 8 save a quarter of it.
 *
 * Behind the last byte of a packed block CKKS_PACKED_SLACK more must be readable: kernels load
 * whole vectors.
 */
#ifndef UNSEEN_CKKS_KERNEL_PACK_H
#define UNSEEN_CKKS_KERNEL_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/kernel/kernel.h"

enum { CKKS_PACKED_SLACK = 64 };

/** Places of a tile in a ring of degree n. */
static inline size_t ckks_tile(size_t n)
{
    return n < CKKS_TILE ? n : CKKS_TILE;
}

/** Bytes of a packed block of so many streams of n places, without the slack. */
static inline size_t ckks_packed_bytes(size_t streams, size_t n)
{
    return streams * n * CKKS_PACKED_BYTES;
}

/** Residue i of packed places. */
static inline uint64_t ckks_packed_get(const uint8_t *p, size_t i)
{
    const uint8_t *b = p + i * CKKS_PACKED_BYTES;

    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40;
}

/** Write x < 2^48 to place i. */
static inline void ckks_packed_put(uint8_t *p, size_t i, uint64_t x)
{
    uint8_t *b = p + i * CKKS_PACKED_BYTES;

    for (int k = 0; k < CKKS_PACKED_BYTES; k++)
        b[k] = (uint8_t)(x >> (8 * k));
}

/** Put a row of n words into its stream of a block.
 *
 *  Out:     block     [n / tile][streams][tile]
 *  In:      row       words below 2^48
 */
void ckks_pack_row(uint8_t *block, const uint64_t *row, size_t stream, size_t streams, size_t n);

/** The reverse. */
void ckks_unpack_row(uint64_t *row, const uint8_t *block, size_t stream, size_t streams, size_t n);

/** dot_key and dot_pair of kernel.h in portable C, for families without better ones. */
void ckks_pack_dot_key(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                       size_t n, const ckks_modulus *m);
void ckks_pack_dot_pair(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                        const uint8_t *y, size_t count, size_t n, const ckks_modulus *m);

#endif
