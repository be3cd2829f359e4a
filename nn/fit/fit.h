/* Fitted polynomials in place of activations, and their text in a model's metadata.
 *
 * A fit belongs to a value of the graph, the output of an activation node, and stands in the
 * metadata under "unseen.fit.VALUE". It holds on the input range [lo, hi]; with
 *
 *     t = (2 x - lo - hi) / (hi - lo)        in [-1, 1]
 *     p(t) = sum over k of coef[k] T_k(t)    T_k Chebyshev's polynomials
 *
 *   NN_FIT_POLY  f(x) ~ p(t), one polynomial.
 *   NN_FIT_SIGN  s(t) = p_n(...p_2(p_1(t))...) ~ sign(x), where lo = -hi and every polynomial but
 * the last gives values in [-1, 1]; f(x) ~ base x + bend x s(t) by nn_activation_bend: relu x (1 +
 * s) / 2 leaky_relu  x ((1 + a) + (1 - a) s) / 2 abs         x s
 *
 * MaxPool is fitted as NN_APPROX_ABS of the difference d = u - v of two of its inputs:
 * max(u, v) = (u + v + |d|) / 2. Its range covers the differences within every window, and so those
 * of every round of a tournament.
 *
 * Text, fields with single blanks between them, numbers with 17 digits so that reading gives the
 * same doubles:
 *
 *     1 poly swish LO HI ERROR 1 DEGREE C0 ... CDEGREE
 *     1 sign leaky_relu A LO HI ERROR COUNT DEGREE C0 ... DEGREE C0 ...
 *
 * 1 is the version; the parameters of the function (nn_activation_parameters) follow its name.
 *
 * Other metadata: see nn/graph.h. */

#ifndef UNSEEN_NN_FIT_FIT_H
#define UNSEEN_NN_FIT_FIT_H

#include "nn/fit/activation.h"
#include "nn/graph.h"

enum {
    NN_FIT_DEGREE_MAX = 31,
    NN_FIT_POLYS_MAX = 4,
    NN_FIT_TEXT = 4096 /* bytes that nn_fit_print may need, with the final NUL */
};

typedef enum nn_fit_kind { NN_FIT_POLY, NN_FIT_SIGN } nn_fit_kind;

typedef struct nn_fit_poly {
    int degree;                         /* 1..NN_FIT_DEGREE_MAX */
    double coef[NN_FIT_DEGREE_MAX + 1]; /* of T_0, T_1, ...; 0 above the degree */
} nn_fit_poly;

typedef struct nn_fit {
    nn_fit_kind kind;
    nn_activation f; /* the function that it stands for */
    double lo, hi;   /* range of the input */
    double error;    /* largest |fit - f| on [lo, hi] */
    int count;       /* 1..NN_FIT_POLYS_MAX polynomials, the first is applied first */
    nn_fit_poly poly[NN_FIT_POLYS_MAX];
} nn_fit;

/** 1 when every field is in its range; what nn_fit_parse gives is. */
int nn_fit_is_valid(const nn_fit *fit);

/** Value of the fitted activation at x (of |d| for a MaxPool). Outside of [lo, hi] the polynomials
 *  run away; that is what the encrypted network would compute as well. */
double nn_fit_value(const nn_fit *fit, double x);

/** Value of the composed polynomials at x: p(t), or s(t). */
double nn_fit_composed(const nn_fit *fit, double x);

/** sum of coef[k] T_k(t) by Clenshaw's recurrence. */
double nn_fit_chebyshev(const nn_fit_poly *p, double t);

/** Levels that it takes: ceil(log2(degree + 1)) of each polynomial, one less for a single one of
 *  degree 2, 4 or 8, whose leading coefficient can move into the neighbours, and one more for the
 *  product by x of NN_FIT_SIGN. */
int nn_fit_depth(const nn_fit *fit);

/** Largest |fit - f| on a grid of [lo, hi] that is denser at 0 (error of a sign sits there). */
double nn_fit_measure(const nn_fit *fit);

/** Write a fit as text, ended by NUL, cut to the buffer.  Returns the length needed, as snprintf.
 */
size_t nn_fit_print(char *text, size_t size, const nn_fit *fit);

/** Read the text of a fit: hostile, every field is checked.
 *
 *  Out:    fit  unchanged on failure
 *          why  on failure, one sentence (why_size bytes, may be NULL with 0)
 *  Fails:  NN_ERR_FORMAT
 */
NN_MUST_CHECK nn_status nn_fit_parse(nn_fit *fit, const char *text, char *why, size_t why_size);

/** Look up the fit of a value in a graph's metadata.
 *
 *  Out:    fit    unchanged when there is none
 *          found  1 or 0
 *  Fails:  NN_ERR_FORMAT (why names the value)
 */
NN_MUST_CHECK nn_status nn_fit_get(nn_fit *fit, int *found, const nn_graph *g, const char *value,
                                   char *why, size_t why_size);

/** Store a fit in a graph's metadata.  Fails as nn_graph_meta. */
nn_status nn_fit_set(nn_graph *g, const char *value, const nn_fit *fit);

#endif
