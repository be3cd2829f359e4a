/* What the passes of nn/stages/rewrite.h are told, and what they report. */

#ifndef UNSEEN_NN_STAGES_REWRITE_DATA_H
#define UNSEEN_NN_STAGES_REWRITE_DATA_H

#include "nn/nn.h"
#include "nn/stages/stage.h"

enum { NN_REWRITE_CANDIDATES_MAX = 64 };

/* What stages cost. */
typedef struct nn_cost {
    size_t affine_stages; /* affine stages that are not the identity */
    size_t poly_stages;
    size_t square_stages; /* of these, those that are exactly x^2 */
    size_t product_stages;
    size_t levels;          /* multiplicative depth: of the longest path */
    size_t multiplications; /* value by value, one per power of x made, summed over stages */
    size_t constants;       /* entries of all matrices that are not zero */
    size_t rotations;       /* filled in by the planner; 0 here */
} nn_cost;

typedef struct nn_rewrite_options {
    unsigned passes; /* NN_PASS_... that are run */
    uint64_t keep;   /* bit k: candidate k stays unmerged */
} nn_rewrite_options;

/* An optional merge: of a stage with what stands behind it. Its number counts the affine stages of
 * the network as it stands in the file, so it does not depend on what else is merged. */
typedef struct nn_rewrite_candidate {
    char name[NN_STAGE_NAME_SIZE]; /* of the first of the two stages */
    size_t apart, merged;          /* entries of both, and of their product */
} nn_rewrite_candidate;

typedef struct nn_rewrite_report {
    nn_cost before, after;
    uint64_t candidates; /* bit k: candidate k is one, merged or kept */
    nn_rewrite_candidate candidate[NN_REWRITE_CANDIDATES_MAX];
} nn_rewrite_report;

#endif
