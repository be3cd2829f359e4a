/* What an operation costs: unit times of the machine, and the formulas that turn them into the time
 * of a stage and the price of a key.
 *
 * Every formula counts what the circuits of ckks/ do: transforms, conversions, key products,
 * products with diagonals, plain passes over a row. The unit times are in nn_costs (nn/nn.h):
 * built in, one table for each family of kernels, or measured by `unseen calibrate`. All results
 * are in milliseconds on one core.
 *
 * Letters: rows = limbs + special, digits = ceil(limbs / alpha), merged = primes that the division
 *          by the special primes takes along (0 or 1).
 */
#ifndef UNSEEN_NN_SLOTS_COST_H
#define UNSEEN_NN_SLOTS_COST_H

#include "nn/nn.h"

/** Where a stage works: the shape of its key switches. */
typedef struct nn_cost_at {
    const nn_costs *costs;
    int log_n;
    int limbs; /* of its input */
    int special, alpha;
    double bits; /* of a residue in a key's file, the mean over its rows; 0: 47 */
} nn_cost_at;

/** Bytes of one key as a file, seeded and packed: digits * rows * N residues. */
double nn_cost_key_bytes(const nn_cost_at *at);

/** Price of one key in ms: those bytes times costs->key_ms_per_mib. */
double nn_cost_key(const nn_cost_at *at);

/** Price of the bytes of one request or response in ms: 32 images share a key's price. */
double nn_cost_wire(const nn_costs *costs, double bytes);

/** One more baby step of a linear transform, with the price of its key. */
double nn_cost_baby(const nn_cost_at *at);

/** One more giant step. chain: of a chain, where all steps share one key that is in the cache
 *  after the first; the price of the key is then not in it. Otherwise it is. */
double nn_cost_giant(const nn_cost_at *at, int chain);

/** One fold: a key switch of its own at at->limbs, with the price of its key. */
double nn_cost_fold(const nn_cost_at *at);

/** One more diagonal. */
double nn_cost_diagonal(const nn_cost_at *at);

/** Cutting one more input of a linear transform into digits, for its babies. */
double nn_cost_hoist(const nn_cost_at *at);

/** What a linear transform of one ciphertext costs before its first diagonal, baby or giant:
 * cutting the input into digits when there are babies, and the division at the end.
 *
 *  In:  babies    0 or more, other than rotation 0
 *       rescale   primes dropped at the end
 */
double nn_cost_base(const nn_cost_at *at, int babies, int rescale);

/** A key switch of a ciphertext, without its key's price: a rotation, or the relinearisation of a
 *  product that drops `merged` primes at once. */
double nn_cost_switch(const nn_cost_at *at, int merged);

/** A square with relinearisation that drops `rescale` primes; the first is merged. */
double nn_cost_square(const nn_cost_at *at, int rescale);

/** Sums of products with scalars, as ckks_eval_sums: so many entries. */
double nn_cost_sums(const nn_cost_at *at, double entries);

/** A sum of two ciphertexts. */
double nn_cost_add(const nn_cost_at *at);

/** Encoding at the limbs, less encoding at one limb. */
double nn_cost_encode(const nn_cost_at *at);

/** Dropping primes one by one: count of them from `limbs` limbs. */
double nn_cost_rescale(const nn_cost_at *at, int limbs, int count);

/** A diagonal that is kept as coefficients and transformed at each use, on top of
 *  nn_cost_diagonal. */
double nn_cost_expand(const nn_cost_at *at);

#endif
