/* Parameters, keys and ciphertexts as bytes. The format, version 2 (rotation keys of version 1 had
 * another form); numbers are little-endian.
 *
 * Envelope
 *    0   8   magic: 89 43 4B 4B 53 0D 0A 1A
 *    8   2   version: 2
 *   10   2   kind: 1 parameters, 2 secret key, 3 public key, 4 evaluation keys, 5 ciphertext
 *   12   4   flags: bit 0 parameters without a security check (insecure_test), bit 1 part 1 of the
 *            ciphertext is given by its seed; the other bits are 0
 *   16   8   identity of the parameters (ckks_context_id)
 *   24   8   length of the payload, n
 *   32   8   checksum of bytes 0..31 and the payload
 *   40   n   payload
 *
 * The checksum finds damage, not forgery: with words w_0, w_1, ... of 32 bits (the last one padded
 * with zeros), it is sum of (w_i + 1) k^(m - i) modulo 2^61 - 1 for a fixed k, m the number of
 * words. Damage within one word is always found, any other with probability 1 - m / 2^61 at least.
 *
 * Row     N residues modulo one prime of b bits, b bits each, lowest bit first; N b / 8 bytes
 *
 * Parameters
 *    0   4   ring: 0 complex, 1 real
 *    4   4   log2 N
 *    8   4   q_count
 *   12   4   p_count
 *   16  8q   primes of Q
 *        8p  special primes
 *        4   security bits: 128, 192, 256
 *        4   insecure_test: 0 or 1
 *
 * Secret key (to be kept secret)
 *    0  N/4  coefficients, 2 bits each, lowest bits first: 0 is 0, 1 is 1, 2 is -1
 *
 * Public key
 *    0  32   seed of part 1 (streams as in ckks/scheme/keygen.h, digit 0)
 *   32       rows of part 0, q_count of them
 *
 * Evaluation keys
 *    0   4   number of keys
 *    4   4   0
 *    8       keys, one after the other:
 *      0   4   kind: 0 relinearise, 1 rotate, 2 conjugate (not for the real ring)
 *      4   4   steps, signed; 0 unless kind is 1
 *      8   4   limbs
 *     12   4   alpha: limbs per digit
 *     16   4   special primes
 *     20   4   0
 *     24  32   seed of part 1 (streams as in ckks/scheme/keygen.h)
 *     56       rows of part 0: for each prime of (limbs, special), for each digit
 *
 * Ciphertext
 *    0   4   limbs
 *    4   4   parts: 2 or 3
 *    8   8   scale, high part (IEEE double)
 *   16   8   scale, low part
 *   24   8   magnitude
 *   32   8   error estimate
 *   40       seeded: 32 bytes of seed, then the rows of part 0; else the rows of every part
 *
 * Everything is validated on reading: lengths against the fields that imply them before anything is
 * allocated, residues below their primes, keys against the security table by their own modulus.
 */
#ifndef UNSEEN_CKKS_WIRE_WIRE_H
#define UNSEEN_CKKS_WIRE_WIRE_H

#include "ckks/ckks.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

enum {
    CKKS_WIRE_VERSION = 2,
    CKKS_WIRE_HEADER = 40,
    CKKS_WIRE_CIPHERTEXT_HEAD = 40,
    CKKS_WIRE_KEY_HEAD = 56,
    CKKS_WIRE_FLAG_INSECURE = 1,
    CKKS_WIRE_FLAG_SEEDED = 2
};

/** The envelope's fields, payload and all. */
typedef struct ckks_wire_envelope {
    int kind;
    uint32_t flags;
    uint64_t context_id;
    const uint8_t *payload;
    size_t payload_bytes;
} ckks_wire_envelope;

/** Checksum as above, continued: start with state 0, pieces must have a multiple of 4 bytes but
 * the last. */
uint64_t ckks_wire_checksum(uint64_t state, const uint8_t *in, size_t bytes);

/** Write the envelope around a payload that stands at out + CKKS_WIRE_HEADER already. */
void ckks_wire_seal(uint8_t *out, int kind, uint32_t flags, uint64_t context_id,
                    size_t payload_bytes);

/** Check and open an envelope of the wanted kind.
 *
 *  Fails:   CKKS_ERR_FORMAT, CKKS_ERR_VERSION; why gets the sentence
 */
ckks_status ckks_wire_open(ckks_wire_envelope *e, int kind, const uint8_t *in, size_t in_size,
                           char *why, size_t why_size);

/** The same for an object of the worker's parameters; also CKKS_ERR_MISMATCH. */
ckks_status ckks_wire_open_for(ckks_worker *w, ckks_wire_envelope *e, int kind, const uint8_t *in,
                               size_t in_size);

/** Bytes of a row of n residues of so many bits. */
static inline size_t ckks_wire_row_bytes(size_t n, int bits)
{
    return n / 8 * (size_t)bits;
}

/** Write and read one row.  Range: bits <= 56; n a multiple of 8
 *  Returns  (reading) 1 when every residue is below q, else 0
 */
void ckks_wire_pack(uint8_t *out, const uint64_t *row, size_t n, int bits);
int ckks_wire_unpack(uint64_t *row, const uint8_t *in, size_t n, int bits, uint64_t q);

#endif
