/* Rewriting, for the tests of its passes. */
#ifndef UNSEEN_TESTS_REWRITES_H
#define UNSEEN_TESTS_REWRITES_H

#include "nn/stages/rewrite.h"

#include "tests/graphs.h"

/** All passes. */
static inline void rewrites_all(nn_stages *s, nn_rewrite_report *report)
{
    char why[NETWORKS_WHY] = "";

    if (nn_rewrite_merge(s, NULL, report, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/** A sequence diagonal - polynomial - diagonal on two values; NULL leaves a diagonal out. */
static inline void rewrites_sequence(nn_stages *s, const double *before, int degree,
                                     const double *coef, const double *after)
{
    const nn_shape two = {2, 1, 1};

    *s = (nn_stages){.input = two, .input_lo = -1, .input_hi = 1};
    for (int k = 0; k < 3; k++) {
        nn_stage stage = {.input_count = 1, .input = {s->count}, .out = two, .name = "s"};
        const double *scale = k == 0 ? before : after;

        if (k == 1) {
            stage.kind = NN_STAGE_POLY;
            stage.degree = degree;
            memcpy(stage.coef, coef, (size_t)(degree + 1) * sizeof *coef);
        } else if (scale != NULL) {
            stage.kind = NN_STAGE_AFFINE;
            assert_int_equal(nn_affine_diagonal(&stage.affine[0], 2, scale, NULL), NN_OK);
        } else {
            continue;
        }
        assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    }
    assert_int_equal(nn_stages_bound(s, NULL, 0), NN_OK);
}

#endif
