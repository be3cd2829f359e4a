/* The table of hot loops: slots, ranges, order, and the record of one prime that they read.
 *
 * A slot is one loop over one limb. Every slot of every family returns canonical residues in [0,q),
 * so all families agree bit for bit; tests hold them to it. A family serves every prime
 * CKKS_MIN_PRIME <= q <= its max_prime with q = 1 mod 2N, N = 2^3 ... 2^16.
 *
 * Common to all slots: n is a multiple of 8 (ntt: n = N); rows are aligned to 64 bytes; an output
 * may be the same row as any input, but rows never overlap otherwise; time does not depend on the
 * data.
 *
 * A new family is one file kernel_NAME.c compiled with its own flags, one getter below, and one
 * line in kernel.c. It borrows ckks_kernel_portable's functions for slots that it does not improve.
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_H
#define UNSEEN_CKKS_KERNEL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/base/cpu.h"
#include "ckks/ckks.h"
#include "ckks/word/modarith.h"

typedef struct ckks_kernel ckks_kernel;

/** A factor of a transform and its quotient in the kernel's own form. */
typedef struct ckks_twiddle {
    uint64_t w, quotient;
} ckks_twiddle;

/** One prime with constants, tables and kernel; made by ckks_modulus_init (modulus.h). */
typedef struct ckks_modulus {
    uint64_t q;
    int bits; /* 2^(bits-1) < q < 2^bits */
    int kind; /* of the ring: CKKS_RING_COMPLEX, CKKS_RING_REAL */
    int log_n;
    size_t n;
    const ckks_kernel *kernel;
    ckks_mod mod;
    uint64_t root;         /* psi, the smallest primitive 2N-th root of unity; real: 4N-th */
    uint64_t root_inverse; /* 1 / psi */
    uint64_t n_inverse;    /* 1 / N; real: 1 / (2N), since real_unfold needs a half */
    uint64_t imaginary;    /* real: psi^N, whose square is -1 */
    /* forward[k + i] = psi^brv(k + i) for layer k = 1, 2, 4, ..., N/2, block i < k; brv reverses
     * log_n bits. In the real ring forward[k + i] = psi^brv(2k + i), and brv reverses log_n + 1
     * bits: those are the first half of each layer of the tables of twice the size. inverse[k + i]
     * is the reciprocal of forward[k + i], but inverse[1] is multiplied by n_inverse, and
     * inverse[0] = n_inverse. forward[0] = 1. So it is until the kernel's arrange has run. No
     * relation between entries may be relied on: that forward[1]^2 = -1 holds in one ring only. */
    ckks_twiddle *forward, *inverse;
    ckks_allocator allocator;
} ckks_modulus;

enum {
    CKKS_KERNEL_MAX_TERMS = 4096,
    /* Places of one tile of packed rows (ckks/kernel/pack.h); fewer places are one tile. */
    CKKS_TILE = 32,
    CKKS_PACKED_BYTES = 6 /* of one packed residue: primes are below 2^48 */
};

/** An automorphism of NTT form: whole blocks of eight places move, and their lanes are mixed in one
 *  of eight ways:  out[8 b + l] = in[(block[b] & ~7) + lane[block[b] & 7][l]].
 *  Two or four neighbours of out, from a multiple of two or four on, come from such neighbours.
 *  Made by ckks_galois_permutation (galois.h). */
typedef struct ckks_permutation {
    uint32_t *block; /* [N / 8]: 8 * source block + which row of lane */
    uint8_t lane[8][8];
} ckks_permutation;

/** The operands of one row of a key switch, see dot_key; pointers are to whole rows. */
typedef struct ckks_key_product {
    const uint64_t *const *x;     /* count digits, N words each, in [0,2^46.8) */
    size_t count;                 /* 1 .. 64 */
    const uint8_t *y;             /* packed: [N / tile][stride][2][tile], residues in [0,q) */
    size_t stride;                /* digits of the key, of which the first count are used */
    const ckks_permutation *turn; /* applied to x and to turned; NULL: none */
    const uint64_t *turned;       /* in [0,q), added to part 0 after the automorphism; or NULL */
    const uint64_t *add[2];       /* in [0,q), added as they are; each may be NULL */
} ckks_key_product;

/** What clients compute from seeds, slots and coefficients: a part of every family's table. Only
 *  uniform is bound to a prime. Rows need no alignment and any n is fine unless a slot says more;
 *  `word` are words of a generator, as ckks_rng_words gives them. */
typedef struct ckks_kernel_client {
    /** ckks_chacha_blocks, see chacha.h. */
    void (*chacha_blocks)(uint8_t *out, size_t block_count, const uint8_t key[32], uint64_t counter,
                          uint64_t nonce);

    /** The residues that ckks_sample_uniform (sample.h) makes of n words, those kept, in order.
     *  Returns how many; what stands behind them in out, room for n, is undefined.
     *  Range: n a multiple of 8 -> [0,q).  Time: depends on the words */
    size_t (*uniform)(uint64_t *out, const uint64_t *word, size_t n, const ckks_modulus *m);

    /** out[i] = the number of ones among the lowest 42 bits of word[i], minus 21. */
    void (*binomial)(int8_t *out, const uint64_t *word, size_t n);

    /** The values that ckks_sample_ternary makes of n words. Returns how many; out has room for
     *  32 n. */
    size_t (*ternary)(int8_t *out, const uint64_t *word, size_t n);

    /** out[i] = x[i] * factor, rounded to a double and then to the nearest integer, ties to even.
     *  Range: |x[i] factor| < 2^62 */
    void (*round)(int64_t *out, const double *x, double factor, size_t n);

    /** Mixed-radix digits to a real number:
     *
     *     out[i] = factor * (d_0 + q_0 (d_1 + q_1 (d_2 + ...))),   d_l = the centred digit[l][i]
     *
     *  Each d_l is exact; each sum, each product by q_l and the one by factor are rounded.
     *  Range: digit[l] in [0,q_l), q_l < 2^47 odd, count >= 1.  out is no digit's row */
    void (*to_real)(double *out, const uint64_t *const *digit, const uint64_t *q, size_t count,
                    double factor, size_t n);

    /** ckks_fft_forward and ckks_fft_inverse (fft.h) with the tables wr, wi. All families round
     *  alike.  Range: slots >= 64, a power of two */
    void (*fft_forward)(double *re, double *im, const double *wr, const double *wi, size_t slots);
    void (*fft_inverse)(double *re, double *im, const double *wr, const double *wi, size_t slots);
} ckks_kernel_client;

struct ckks_kernel {
    const char *name;
    uint64_t max_prime;
    const ckks_kernel_client *client;

    /** The kernel's quotient of a constant factor, for tables.  Range: w in [0,q) */
    uint64_t (*quotient)(uint64_t w, const ckks_mod *m);

    /** Turn the finished tables m->forward and m->inverse into the kernel's own layout, in their
     *  place; nobody else reads them afterwards. */
    void (*arrange)(ckks_modulus *m);

    /** Negacyclic transform, in place: a_i = sum_k a_k psi^(e k), e = 2 brv(i) + 1; in the real
     *  ring the second step of its transform, e = 4 brv(i) + 1.
     *  Range: [0,4q) -> [0,q).  Order: natural in, bit-reversed out */
    void (*ntt_forward)(uint64_t *a, const ckks_modulus *m);

    /** Its inverse, with the factor n_inverse.  Range: [0,2q) -> [0,q).  Order: bit-reversed to
     *  natural */
    void (*ntt_inverse)(uint64_t *a, const ckks_modulus *m);

    /** First step of the real ring's transform, in place: a_k <- a_k - i a_{N-k} for 0 < k < N,
     *  i = imaginary; a_0 stays. What comes out is congruent to this, and may differ by multiples
     *  of q from family to family, since it goes into ntt_forward.  Range: [0,2q) -> [0,4q) */
    void (*real_fold)(uint64_t *a, const ckks_modulus *m);

    /** Last step of its inverse: a_k <- a_k + i a_{N-k}, a_0 <- 2 a_0, which undoes real_fold and
     *  doubles.  Range: [0,q) -> [0,q) */
    void (*real_unfold)(uint64_t *a, const ckks_modulus *m);

    /** out = a + b, a - b, -a, a * b.  Range: [0,q) -> [0,q) */
    void (*add)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                const ckks_modulus *m);
    void (*sub)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                const ckks_modulus *m);
    void (*neg)(uint64_t *out, const uint64_t *a, size_t n, const ckks_modulus *m);
    void (*mul)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                const ckks_modulus *m);

    /** out = a * b + c.  Range: [0,q) -> [0,q) */
    void (*mul_add)(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c,
                    size_t n, const ckks_modulus *m);

    /** out = a + w in every place.  Range: a, w in [0,q) -> [0,q) */
    void (*add_scalar)(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                       const ckks_modulus *m);

    /** out = a * w.  Range: a any word, w in [0,q) -> [0,q) */
    void (*mul_scalar)(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                       const ckks_modulus *m);

    /** out = a * w + b.  Range: a any word, w, b in [0,q) -> [0,q) */
    void (*mul_scalar_add)(uint64_t *out, const uint64_t *a, uint64_t w, const uint64_t *b,
                           size_t n, const ckks_modulus *m);

    /** out = (a - b) * w: the last step of every division.  Range: [0,q) -> [0,q) */
    void (*sub_mul_scalar)(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w,
                           size_t n, const ckks_modulus *m);

    /** out = x mod q.  Range: any word -> [0,q) */
    void (*reduce)(uint64_t *out, const uint64_t *x, size_t n, const ckks_modulus *m);

    /** out = (x > from/2 ? x - from : x) mod q.  Range: x in [0,from), from < 2^47 odd -> [0,q) */
    void (*reduce_centred)(uint64_t *out, const uint64_t *x, uint64_t from, size_t n,
                           const ckks_modulus *m);

    /** out = x mod q for signed x; out and x may be the same memory, and x need not be aligned.
     *  Range: any int64 -> [0,q) */
    void (*reduce_i64)(uint64_t *out, const int64_t *x, size_t n, const ckks_modulus *m);

    /** out = x mod q for small signed x.  Range: int8 -> [0,q), also for q below 128 */
    void (*reduce_i8)(uint64_t *out, const int8_t *x, size_t n, const ckks_modulus *m);

    /** out[i] = sum over k < count of x[k][i] * y[k][i].
     *  Range: x in [0,2^46.8), y in [0,q), 1 <= count <= CKKS_KERNEL_MAX_TERMS -> [0,q) */
    void (*dot)(uint64_t *out, const uint64_t *const *x, const uint64_t *const *y, size_t count,
                size_t n, const ckks_modulus *m);

    /** The same plus init[i], init in [0,q). */
    void (*dot_add)(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                    const uint64_t *const *y, size_t count, size_t n, const ckks_modulus *m);

    /** out[i] = sum over k < count of x[k][i] * w[k].  Range: as dot, w in [0,q) */
    void (*dot_scalar)(uint64_t *out, const uint64_t *const *x, const uint64_t *w, size_t count,
                       size_t n, const ckks_modulus *m);

    /** The same for several sums over the same rows: out[r][i] = sum over k < count of
     *  x[k][i] * w[r][k], r < rows. No out[r] is a row of x or another output. */
    void (*dot_scalars)(uint64_t *const *out, size_t rows, const uint64_t *const *x,
                        const uint64_t *const *w, size_t count, size_t n, const ckks_modulus *m);

    /** v[i] = (sum over k < count of floor(y[k][i] 2^(51-bits_k) c[k] / 2^52) + 2^49) >> 50, the
     *  rounded sum of y[k][i] / q_k; see ckks_basis in rns.h for the constants.
     *  Range: y[k] in [0,q_k), c[k] = floor(2^(51+bits_k) / q_k) < 2^52, count < 2^13
     *  -> [0,count].  v is none of the y */
    void (*round_quotient)(uint64_t *v, const uint64_t *const *y, const uint64_t *c,
                           const int *bits, size_t count, size_t n);

    /** out[i] = in[index[i]]; out is not in. */
    void (*permute)(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n);

    /** One row of a key switch, for the places first .. first + n - 1: with f the automorphism,
     *
     *     out_h[i] = add_h[i] + [h = 0] turned[f(i)] + sum over d of x[d][f(i)] * y[d][h][i]
     *
     *  out_0 and out_1 hold just these n places and are none of the other rows, except that
     *  out_h may be add[h] + first. y and the packed rows around it are read once, in order.
     *  Range: first and n multiples of the tile -> [0,q) */
    void (*dot_key)(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                    size_t n, const ckks_modulus *m);

    /** Sums of products for one tile of a matrix, both parts of a ciphertext at once:
     *
     *     out_h[i] = sum over k < count of x[pick[k]][h][i] * y[k][i],   i < n
     *
     *  x[...][2][n] in [0,2^46.8); y packed, [count][n], in [0,q).
     *  Range: 1 <= count <= CKKS_KERNEL_MAX_TERMS, n one tile -> [0,q) */
    void (*dot_pair)(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                     const uint8_t *y, size_t count, size_t n, const ckks_modulus *m);
};

/** dot_scalars by dot_scalar, one sum after the other: for families without a better one. */
void ckks_kernel_dot_scalars_each(uint64_t *const *out, size_t rows, const uint64_t *const *x,
                                  const uint64_t *const *w, size_t count, size_t n,
                                  const ckks_modulus *m);

/** The families. NULL when not compiled in. */
const ckks_kernel *ckks_kernel_avx512(void);
const ckks_kernel *ckks_kernel_avx512f(void);
const ckks_kernel *ckks_kernel_avx2(void);
const ckks_kernel *ckks_kernel_neon(void);
const ckks_kernel *ckks_kernel_portable(void);

/** Their parts for clients; the other families take the portable one. */
extern const ckks_kernel_client ckks_kernel_client_avx512f; /* of both AVX-512 families */
extern const ckks_kernel_client ckks_kernel_client_avx2;
extern const ckks_kernel_client ckks_kernel_client_portable;

/** Compute with every slot of m->kernel->client at its edges. Returns 1 when all is right, or 0. */
int ckks_kernel_client_selftest(const ckks_modulus *m);

/** The family at place i of those compiled in, best first, whatever the machine; NULL past the
 *  end. */
const ckks_kernel *ckks_kernel_list(int i);

/** The best family for a prime on a machine.
 *
 *  In:      cpu     as ckks_cpu_detect says
 *           q       the prime
 *           name    NULL, or the only family wanted
 *  Returns NULL when the named family is unknown, not for this machine or not for this prime.
 */
const ckks_kernel *ckks_kernel_select(ckks_cpu_features cpu, uint64_t q, const char *name);

/** Compute with every slot of m->kernel at the edges of its ranges, in place and not, and compare
 *  with modarith.h and with a polynomial evaluated at single points.
 *
 *  In:      m        complete but for this test
 *           scratch  2 N words, aligned
 *  Fails:   CKKS_ERR_SELFTEST
 */
CKKS_MUST_CHECK ckks_status ckks_kernel_selftest(const ckks_modulus *m, uint64_t *scratch);

#endif
