/* Sparse affine maps y = M x + b in double, the common form of every linear layer.
 *
 * Rows are compressed (CSR). Invariants of a finished map: in each row the columns ascend strictly,
 * no stored value is zero, every number is finite. All functions are deterministic: the same input
 * gives the same bits, whatever the number of threads.
 *
 * A map is built row by row: nn_affine_begin, then for each row nn_affine_push per entry in
 * ascending column order and nn_affine_end_row once. */

#ifndef UNSEEN_NN_STAGES_AFFINE_H
#define UNSEEN_NN_STAGES_AFFINE_H

#include <stddef.h>
#include <stdint.h>

#include "nn/shape.h"
#include "nn/status.h"

#define NN_AFFINE_SIDE_MAX ((size_t)1 << 24)     /* rows, and columns */
#define NN_AFFINE_NONZEROS_MAX ((size_t)1 << 27) /* 1.5 GiB of entries */

typedef struct nn_affine {
    size_t rows, cols;
    size_t *row_start; /* rows + 1 offsets into col and value */
    uint32_t *col;     /* row_start[rows] columns */
    double *value;     /* row_start[rows] entries */
    double *bias;      /* rows */
    size_t capacity;   /* entries that col and value have room for */
    size_t built;      /* rows finished so far; equals rows in a finished map */
} nn_affine;

/** Start a map of rows x cols; all biases are 0.
 *
 *  Out:    a  any storage, its old content is not freed; empty on failure
 *  Fails:  NN_ERR_SHAPE (above the limits, or 0), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_affine_begin(nn_affine *a, size_t rows, size_t cols);

/** Add an entry to the row being built; a zero is dropped.
 *
 *  In:     col    above the last column pushed in this row, below cols
 *  Fails:  NN_ERR_SHAPE (too many entries), NN_ERR_MEMORY, NN_ERR_RANGE (not finite), NN_ERR_ARG
 */
NN_MUST_CHECK nn_status nn_affine_push(nn_affine *a, size_t col, double value);

/** Finish the row being built, with its bias.
 *
 *  Fails:  NN_ERR_ARG (all rows are finished), NN_ERR_RANGE (not finite), NN_ERR_MEMORY (giving
 * back what the last row has left over)
 */
NN_MUST_CHECK nn_status nn_affine_end_row(nn_affine *a, double bias);

/** Free a map and make it empty. Accepts NULL and an empty map. */
void nn_affine_clear(nn_affine *a);

/** Make a copy.
 *
 *  Out:    a  any storage; empty on failure
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_affine_copy(nn_affine *a, const nn_affine *from);

/** The map y[i] = scale[i] x[i] + bias[i]; NULL stands for all ones, and for all zeros. */
NN_MUST_CHECK nn_status nn_affine_diagonal(nn_affine *a, size_t n, const double *scale,
                                           const double *bias);

/** The map y[i] = x[from[i]]. Fails with NN_ERR_ARG when a from[i] is not below cols. */
NN_MUST_CHECK nn_status nn_affine_permutation(nn_affine *a, size_t rows, size_t cols,
                                              const size_t *from);

/** A dense matrix (rows x cols, row-major) and a bias, NULL for none. */
NN_MUST_CHECK nn_status nn_affine_dense(nn_affine *a, size_t rows, size_t cols,
                                        const double *matrix, const double *bias);

/** The map x -> second(first(x)).
 *
 *  Out:    a  any storage other than the two operands; empty on failure
 *  Fails:  NN_ERR_SHAPE (first->rows != second->cols, too many entries), NN_ERR_MEMORY,
 *          NN_ERR_RANGE (overflow)
 *  Cost:   one multiplication per pair of entries that meet
 *  Memory: the result, and 20 bytes per column
 */
NN_MUST_CHECK nn_status nn_affine_compose(nn_affine *a, const nn_affine *second,
                                          const nn_affine *first);

/** The map x -> one(x) + two(x), the biases added.
 *
 *  Out:    a  any storage other than the two operands; empty on failure
 *  Fails:  NN_ERR_SHAPE (unequal sizes, too many entries), NN_ERR_MEMORY, NN_ERR_RANGE (overflow)
 */
NN_MUST_CHECK nn_status nn_affine_sum(nn_affine *a, const nn_affine *one, const nn_affine *two);

/** Change y to scale[i] (y[i] + shift[i]): NULL stands for all ones, and for all zeros. A row whose
 *  scale is 0 loses its entries.
 *
 *  Fails:  NN_ERR_RANGE (not finite); the map is then unusable but can be cleared
 */
NN_MUST_CHECK nn_status nn_affine_scale_rows(nn_affine *a, const double *scale,
                                             const double *shift);

/** Change the map to take x' where x[j] = scale[j] x'[j] + shift[j]; NULL as above.
 *
 *  Fails:  NN_ERR_RANGE (not finite); the map is then unusable but can be cleared
 */
NN_MUST_CHECK nn_status nn_affine_scale_cols(nn_affine *a, const double *scale,
                                             const double *shift);

/** Apply the map: y has rows numbers, x has cols numbers, they do not overlap. */
void nn_affine_apply(const nn_affine *a, double *y, const double *x);

/** Add the map's value: y += M x + b. Cost and sizes as nn_affine_apply. */
void nn_affine_apply_then_add(const nn_affine *a, double *y, const double *x);

/** Number of stored entries, all different from zero. */
size_t nn_affine_nonzeros(const nn_affine *a);

/** 1 when the matrix is the identity, whatever the bias, else 0. */
int nn_affine_is_identity(const nn_affine *a);

/** 1 when all biases are 0. */
int nn_affine_is_linear(const nn_affine *a);

/** 1 when the matrix is one number times the identity, whatever the bias, else 0.
 *
 *  Out:  factor  that number; unchanged when 0 is returned
 */
int nn_affine_is_scalar(const nn_affine *a, double *factor);

/** 1 when the matrix is square and all its entries lie on the diagonal, else 0. */
int nn_affine_is_diagonal(const nn_affine *a);

/** 1 when no row has more than one entry: each output is a number times an input, or constant. */
int nn_affine_is_selection(const nn_affine *a);

/** The diagonal of a matrix as nn_affine_is_diagonal has it.  Out: scale, a->rows numbers. */
void nn_affine_get_diagonal(const nn_affine *a, double *scale);

#endif
