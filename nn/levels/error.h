/* How an error somewhere in the network shows at its outputs.
 *
 * Errors are small, so they pass through the network linearly, and those of different elements and
 * origins are independent, so their squares add up: through a matrix with the squares of its
 * entries, through a polynomial with the square of its slope at a typical value, through a product
 * with the square of the other factor's typical value, and where several stages take one value over
 * all of them. A point belongs to a value: point 0 to the input, point k + 1 to the output of stage
 * k; the last point, count, is the network's output.
 */
#ifndef UNSEEN_NN_LEVELS_ERROR_H
#define UNSEEN_NN_LEVELS_ERROR_H

#include "nn/slots/arrange.h"

typedef struct nn_error_point {
    double size; /* typical size of a value here, about its root mean square */
    double slot; /* the same over all slots, those that hold sums of no meaning among them */
    double gain; /* output error, root mean square, of an error of 1 in every element here */
} nn_error_point;

/** Typical sizes of values alone, at stages->count + 1 points: measured ones where metadata tell.
 */
void nn_error_sizes(nn_error_point *point, const nn_stages *stages);

/** Typical sizes of values, and gains, at all points; slots are as large as values.
 *
 *  Out:    point   stages->count + 1 of them; the last has gain 1
 *  Cost:   one pass over all matrices
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_error_gains(nn_error_point *point, const nn_stages *stages);

/** Error, root mean square, of stage k's output for an error of 1 in every element of its input i
 *  alone: what is passed on, where a gain says what arrives at the end.
 *
 *  In:     point   of nn_error_gains
 *  Cost:   one pass over the input's matrix
 */
double nn_error_growth(const nn_stages *stages, size_t k, size_t i, const nn_error_point *point);

/** Sizes of slots in an arrangement: those of two made-up inputs, the middle of the input's range
 * and random values in it, computed in clear slots; the larger counts, and it is never below the
 * size of a value. Elements keep their ranges, whatever the made-up input; sums of no meaning do
 * not.
 *
 *  In/out: point   of nn_error_gains
 *  Cost:   two passes over all matrices; where folds leave sums of no meaning, making every
 * diagonal twice Fails:  NN_ERR_MEMORY, NN_ERR_SHAPE (an arrangement of other stages)
 */
NN_MUST_CHECK nn_status nn_error_slots(nn_error_point *point, const nn_stages *stages,
                                       const nn_arrangement *a);

#endif
