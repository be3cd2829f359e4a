/* Which columns the rows of a matrix touch, rows that touch the same ones together.
 *
 * The rows of a convolution that make one pixel of all output channels have the same columns, and
 * from pixel to pixel they only move. So the steps between two layouts follow from a few sets of
 * columns and a few sets of rows, without a look at every entry: for each pattern the differences
 * of two sets of places, and patterns whose places differ by a shift share them.
 */
#ifndef UNSEEN_NN_SLOTS_PATTERN_H
#define UNSEEN_NN_SLOTS_PATTERN_H

#include "nn/slots/layout.h"
#include "nn/stages/affine.h"

typedef struct nn_pattern {
    const nn_affine *affine; /* the columns of a pattern are those of its first row */
    size_t count;
    size_t *first; /* count + 1: pattern p has row[first[p]] .. row[first[p + 1] - 1], ascending */
    uint32_t *row; /* all rows of the matrix that have entries */
} nn_pattern;

/** Group the rows of a matrix, which must outlive the pattern.
 *
 *  Out:    p   to be released with nn_pattern_clear; empty on failure
 *  Cost:   two passes over the columns
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_pattern_find(nn_pattern *p, const nn_affine *a);
void nn_pattern_clear(nn_pattern *p);

/** The residues of place(i) - place(o) for all entries (o,i), where an element's place is its first
 *  slot in its part, for an input with offsets without that of its first replica.
 *
 *  Out:    member  in->parts * out->parts * g bytes, set to 1 or left alone:
 *                  [(in part * out->parts + out part) * g + residue]
 *  In:     in, out columns and rows; every element has a slot
 *          g       a power of two <= slots
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_pattern_steps(unsigned char *member, const nn_pattern *p,
                                         const nn_layout *in, const nn_layout *out, size_t g);

#endif
