/* What the files that lower a graph share: what is known of each of its values, and the stages made
 * so far.
 *
 * A value of the graph is a constant, or a polynomial (a symbol) of a value of the stages: its
 * base. A value that only renames another refers to that one, so that both share what is made of
 * them. */

#ifndef UNSEEN_NN_STAGES_LOWERING_H
#define UNSEEN_NN_STAGES_LOWERING_H

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/stages/stage.h"
#include "nn/stages/symbol.h"

typedef enum nn_known_kind {
    NN_KNOWN_NOTHING, /* not made: not needed, or its node was refused */
    NN_KNOWN_CONSTANT,
    NN_KNOWN_SYMBOL
} nn_known_kind;

typedef struct nn_known {
    nn_known_kind kind;
    int needed;                /* the output depends on it */
    size_t root;               /* the value that holds what follows but for dims: mostly itself */
    nn_dims dims;              /* NN_KNOWN_SYMBOL, with batch 1 */
    nn_tensor owned;           /* NN_KNOWN_CONSTANT: computed by a node */
    const nn_tensor *constant; /* NN_KNOWN_CONSTANT: owned, or the graph's */
    size_t base;               /* NN_KNOWN_SYMBOL: value of the stages */
    nn_symbol symbol;          /* NN_KNOWN_SYMBOL: over it */
    double range, size;        /* of the value by the metadata, 0 when not known: largest magnitude,
                                * root mean square */
    const nn_node *maker;      /* NULL for the input */
} nn_known;

typedef struct nn_lowering {
    const nn_graph *g;
    nn_stages *stages;
    nn_known *known; /* one per value of the graph */
    size_t unfitted; /* activations without a fit */
    int told;        /* the failure has its sentence in why */
    nn_why_list list;
    char *why;
    size_t why_size;
} nn_lowering;

/* Operands of a node. */
typedef struct nn_operands {
    const nn_tensor *in[NN_NODE_INPUTS_MAX]; /* NULL: left out; data only when constant */
    nn_tensor shape[NN_NODE_INPUTS_MAX];
    size_t dynamics; /* how many depend on the input */
    size_t dynamic;  /* the last of these */
    nn_dims out;     /* of what the node makes */
} nn_operands;

/* ---- nn/stages/lower_stage.c: making stages ---- */

/** What a value is, where its aliases have been followed. */
nn_known *nn_lowering_known(const nn_lowering *l, size_t v);

/** A complaint about a node; what it makes stays unknown, and so does what depends on it. Returns
 *  NN_OK, for the rest of the graph is looked at all the same. */
nn_status nn_lowering_complain(nn_lowering *l, const nn_node *node, const char *text);

/** Note that a status comes from a function that explains its failures. Returns it. */
nn_status nn_lowering_told(nn_lowering *l, nn_status st);

/** Append a stage and take over what it owns, or find the same polynomial of the same value.
 *
 *  Out:    value  of the stages
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_lowering_append(nn_lowering *l, nn_stage *stage, size_t *value);

/** Say that a graph's value is a value of the stages as it is. The stage gets the graph's range of
 *  it. */
void nn_lowering_define(nn_lowering *l, size_t v, size_t base, const nn_dims *dims);

/** Begin a stage that computes a graph's value: its name and shape. */
nn_stage nn_lowering_stage(const nn_lowering *l, nn_stage_kind kind, size_t v, const nn_dims *dims);

/** Make a stage of a value's polynomial, unless it is a value of the stages already.
 *  Fails:  NN_ERR_MEMORY, NN_ERR_SHAPE, NN_ERR_RANGE
 */
NN_MUST_CHECK nn_status nn_lowering_settle(nn_lowering *l, size_t v);

/** The same unless its polynomial is of degree 1 or 0. */
NN_MUST_CHECK nn_status nn_lowering_settle_curved(nn_lowering *l, size_t v);

/** Append y = the sum of one map per value, as many stages as that takes. Where a value occurs
 * twice its maps are added.
 *
 *  Out:     made   the value of the stages
 *  In:      stage  with name, origin and shape
 *           count  of inputs and maps, at least 1
 *           map    moved, empty afterwards, on failure as well; only map[0] may have a bias
 *  Fails:  NN_ERR_MEMORY, NN_ERR_SHAPE, NN_ERR_RANGE
 */
NN_MUST_CHECK nn_status nn_lowering_join(nn_lowering *l, size_t *made, const nn_stage *stage,
                                         size_t count, const size_t *input, nn_affine *map);

/** A bound of a value bounds the stage's value that it is a x + b of: |x| <= (bound + |b|) / |a|.
 *
 *  In:     size   its root mean square, 0 when not known: that of x is then about
 *                 sqrt(size^2 + b^2) / |a|
 */
void nn_lowering_bound(nn_lowering *l, size_t v, double bound, double size);

/* ---- nn/stages/lower_poly.c: arithmetic of values ---- */

/** Add, Sub, Mul, Div, Pow, Neg, Sum: polynomials of one value, sums and products of several. */
NN_MUST_CHECK nn_status nn_lower_elementwise(nn_lowering *l, const nn_node *node,
                                             const nn_operands *o);

/* ---- nn/stages/lower_linear.c: matrices and moves ---- */

/** Convolutions, matrices, pools, normalisations. */
NN_MUST_CHECK nn_status nn_lower_linear(nn_lowering *l, const nn_node *node, const nn_operands *o);

/** The operators of nn/graph/move.h. */
NN_MUST_CHECK nn_status nn_lower_move(nn_lowering *l, const nn_node *node, const nn_operands *o);

/** A value spread over larger dimensions by broadcasting. Out: base, of the stages. */
NN_MUST_CHECK nn_status nn_lower_spread(nn_lowering *l, size_t v, const nn_dims *out, size_t *base);

/* ---- nn/stages/lower_fit.c: activations ---- */

/** 1 for an operator that a fit may stand in for. */
int nn_lower_is_fitted(nn_op op);

/** Such an operator, by the fit that the graph's metadata hold for the value it makes. */
NN_MUST_CHECK nn_status nn_lower_fitted(nn_lowering *l, const nn_node *node, const nn_operands *o);

#endif
