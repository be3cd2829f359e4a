/* What operations need at least, by the model of the design notes (11.1): vector operations for
 * eight residues, times N / 8, and bytes of keys.
 */
#ifndef UNSEEN_BENCH_COST_H
#define UNSEEN_BENCH_COST_H

#include "bench/bench.h"

/** A ring, limbs of a ciphertext, special primes and limbs of a digit of the key. */
typedef struct cost_shape {
    int log_n, limbs, special, alpha;
} cost_shape;

/** So many ops on each eight residues of a limb, with so many words read or written for each
 *  residue. */
bench_cost cost_limbs(int log_n, double limbs, double ops, double words);

/** A transform, forward or inverse, of so many limbs. */
bench_cost cost_forward(int log_n, double limbs);
bench_cost cost_inverse(int log_n, double limbs);

/** Both parts of a ciphertext divided by its last prime. */
bench_cost cost_rescale(cost_shape s);

/** A rotation or conjugation; what another rotation of the same ciphertext takes on top. */
bench_cost cost_rotate(cost_shape s);
bench_cost cost_hoisted(cost_shape s);

/** From three parts to two, with the division by one prime when rescale is 1. */
bench_cost cost_relinearise(cost_shape s, int rescale);

/** A product of two ciphertexts in three parts. */
bench_cost cost_tensor(cost_shape s);

/** Double hoisting with this many baby and giant steps other than 0, and diagonals. */
bench_cost cost_linear(cost_shape s, int babies, int giants, int diagonals);

/** One baby step other than 0 with one diagonal. */
bench_cost cost_baby(cost_shape s);

bench_cost cost_add(bench_cost a, bench_cost b);

#endif
