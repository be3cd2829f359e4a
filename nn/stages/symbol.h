/* A graph value as an elementwise polynomial of another value: what recognises an activation that
 * is written as a tree of Mul, Add, Sub, Div and Pow nodes.
 *
 * y[i] = sum over k of coef(k, i) * x[i]^k, 0 <= k <= degree. A coefficient is one number for all
 * elements or one per element; equal ones are kept as one number. The leading coefficient is not
 * zero everywhere, unless the degree is 0. */

#ifndef UNSEEN_NN_STAGES_SYMBOL_H
#define UNSEEN_NN_STAGES_SYMBOL_H

#include <stddef.h>

#include "nn/stages/stage.h"
#include "nn/tensor.h"

typedef struct nn_symbol {
    size_t count; /* elements */
    int degree;
    double uniform[NN_MONOMIAL_MAX + 1];  /* where element is NULL */
    double *element[NN_MONOMIAL_MAX + 1]; /* count numbers each, or NULL */
} nn_symbol;

/** The polynomial x itself. */
void nn_symbol_identity(nn_symbol *s, size_t count);

/** A constant, broadcast to dimensions dims; fails with NN_ERR_SHAPE when it does not broadcast to
 *  exactly these, with NN_ERR_RANGE when a number is not finite. */
NN_MUST_CHECK nn_status nn_symbol_constant(nn_symbol *s, const nn_tensor *t, const nn_dims *dims);

/** Free what a symbol owns. Accepts a cleared or zero-initialised one. */
void nn_symbol_clear(nn_symbol *s);

/** Make a copy. Fails with NN_ERR_MEMORY. */
NN_MUST_CHECK nn_status nn_symbol_copy(nn_symbol *s, const nn_symbol *from);

/** s = a + factor * b. s is fresh storage. Fails with NN_ERR_MEMORY, NN_ERR_RANGE (not finite). */
NN_MUST_CHECK nn_status nn_symbol_add(nn_symbol *s, const nn_symbol *a, double factor,
                                      const nn_symbol *b);

/** s = a * b. s is fresh storage. Fails with NN_ERR_UNSUPPORTED when the degree would be above
 *  NN_MONOMIAL_MAX, NN_ERR_MEMORY, NN_ERR_RANGE. */
NN_MUST_CHECK nn_status nn_symbol_multiply(nn_symbol *s, const nn_symbol *a, const nn_symbol *b);

/** s = 1 / a for a constant a. s is fresh storage. Fails with NN_ERR_UNSUPPORTED when a is not
 *  constant, NN_ERR_RANGE (division by zero), NN_ERR_MEMORY. */
NN_MUST_CHECK nn_status nn_symbol_invert(nn_symbol *s, const nn_symbol *a);

/** The coefficient of x^k at element i; 0 above the degree. */
double nn_symbol_at(const nn_symbol *s, int k, size_t i);

/** 1 when the polynomial is x itself. */
int nn_symbol_is_identity(const nn_symbol *s);

/** 1 when no coefficient differs between elements. */
int nn_symbol_is_uniform(const nn_symbol *s);

#endif
