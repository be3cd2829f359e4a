/* The inside of a program: a plan with every diagonal and bias encoded for one context. */
#ifndef UNSEEN_NN_RUN_PROGRAM_H
#define UNSEEN_NN_RUN_PROGRAM_H

#include "nn/run/exec.h"

struct nn_program {
    const nn_plan *plan;
    const ckks_context *ctx;
    size_t stages;          /* of the plan, which may be gone when the program is freed */
    ckks_lintrans **matrix; /* [stage][NN_INPUTS_MAX]; NULL but for inputs with diagonals */
    ckks_plaintext **bias;  /* [stage][NN_PARTS_MAX]: of every part of an affine stage's output;
                               NULL where every bias is 0 */
    size_t bytes;
};

static inline const ckks_lintrans *nn_program_matrix(const nn_program *prog, size_t k, size_t i)
{
    return prog->matrix[k * NN_INPUTS_MAX + i];
}

static inline const ckks_plaintext *nn_program_bias(const nn_program *prog, size_t k, size_t part)
{
    return prog->bias[k * NN_PARTS_MAX + part];
}

#endif
