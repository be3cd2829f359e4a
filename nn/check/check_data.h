/* What the files of nn/check.h share. */
#ifndef UNSEEN_NN_CHECK_CHECK_DATA_H
#define UNSEEN_NN_CHECK_CHECK_DATA_H

#include "nn/check.h"
#include "nn/fit/fit_run.h"
#include "nn/plan/plan.h"

/* Sums over the numbers of all images. */
typedef struct nn_check_sum {
    double squares, most;
    size_t count;
} nn_check_sum;

typedef struct nn_check_part {
    size_t first, step;                /* of the plan: the layer ends with step */
    size_t value;                      /* of the graph */
    double *number[NN_CHECK_NETWORKS]; /* of the image at hand, in the graph's units */
    nn_check_sum error[4];             /* approximation, arithmetic, noise, total */
    double lo, hi, most;               /* float; largest |number| of the plan's value */
    size_t over, blamed[NN_CHECK_CAUSES];
    double seconds;
} nn_check_part;

typedef struct nn_check_tally {
    double lo, hi;
    size_t numbers, below, above, layer;
} nn_check_tally;

struct nn_check {
    const nn_plan *plan;
    const nn_graph *graph;
    nn_fit_sites sites;
    nn_fit *fit;            /* one per site */
    const nn_fit **list;    /* to them */
    const nn_fit **partial; /* of these, those of a network that is fitted in part */
    nn_check_tally *tally;  /* one per site */
    nn_check_part *part;
    size_t part_count;
    double **clear, **cipher;        /* [stages + 1], of the image at hand, in the plan's units */
    double **mixed;                  /* [stages + 1], of a network that is encrypted in part */
    size_t label[NN_CHECK_NETWORKS]; /* of the image at hand */
    size_t images, encrypted, agree[NN_CHECK_NETWORKS], differ[NN_CHECK_CAUSES];
};

/** The label: the first of the largest numbers. */
size_t nn_check_argmax(const double *logits, size_t count);

/** The layer whose fit changes the label of an image: the first, by bisection, such that the
 *  network that is fitted up to it, and exact behind it, no longer gives it.
 *
 *  In:     label  that of the float network, which the fitted one does not give
 */
NN_MUST_CHECK nn_status nn_check_blame_fit(nn_check *c, const nn_tensor *image, size_t label,
                                           size_t *layer, char *why, size_t why_size);

/** The layer whose noise changes it, likewise: encrypted values up to it, and the plan's stages in
 *  double behind it.
 *
 *  In:     c      clear and cipher of the image
 */
void nn_check_blame_noise(nn_check *c, size_t *layer);

#endif
