/* From the graph to stages: walks the nodes, see nn/stages/lower.h and nn/stages/lowering.h. */

#include "nn/stages/lower.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/number.h"
#include "nn/graph/move.h"
#include "nn/graph/op.h"
#include "nn/onnx/tail_find.h"
#include "nn/ref/ref.h"
#include "nn/stages/lowering.h"

/* ---- metadata ---- */

/* Largest magnitude and root mean square of a value by the metadata; 0 when they do not say. */
static nn_status read_range(nn_lowering *l, nn_known *known, const char *value)
{
    char key[NN_GRAPH_NAME_MAX + 32];

    known->range = known->size = 0;
    (void)snprintf(key, sizeof key, "unseen.range.%s", value);
    const char *text = nn_graph_meta_get(l->g, key);
    if (text == NULL)
        return NN_OK;
    if (nn_number_read(&known->range, &text) && known->range > 0 &&
        (nn_number_end(text) || (nn_number_read(&known->size, &text) && nn_number_end(text) &&
                                 known->size > 0 && known->size <= known->range)))
        return NN_OK;
    return nn_why(l->why, l->why_size, NN_ERR_RANGE,
                  "metadata '%.120s' is not a number above 0, nor that and a root mean square "
                  "below it",
                  key);
}

nn_status nn_lower_input_range(double *lo, double *hi, const nn_graph *g, char *why,
                               size_t why_size)
{
    const char *text = nn_graph_meta_get(g, "unseen.input_range");

    *lo = 0;
    *hi = 1;
    if (text != NULL && (!nn_number_read(lo, &text) || !nn_number_read(hi, &text) ||
                         !nn_number_end(text) || *lo >= *hi))
        return nn_why(why, why_size, NN_ERR_RANGE,
                      "metadata 'unseen.input_range' is not two ascending numbers");
    return NN_OK;
}

/* ---- nodes ---- */

/* A node whose inputs are all constant is computed. */
static nn_status fold_constant(nn_lowering *l, const nn_node *node, const nn_operands *o)
{
    nn_known *to = &l->known[node->output];
    nn_status st = nn_lowering_told(l, nn_ref_node(node, o->in, &to->owned, l->why, l->why_size));

    if (st != NN_OK)
        return st;
    to->kind = NN_KNOWN_CONSTANT;
    to->constant = &to->owned;
    return NN_OK;
}

/* Operands as tensors; those that depend on the input have dimensions only. Returns 0 when one is
 * unknown: its cause is on the list. */
static int gather(const nn_lowering *l, const nn_node *node, nn_operands *o)
{
    *o = (nn_operands){.dynamics = 0};
    for (size_t k = 0; k < node->input_count; k++) {
        if (node->input[k] == NN_VALUE_NONE)
            continue;
        const nn_known *s = &l->known[node->input[k]];
        if (s->kind == NN_KNOWN_NOTHING)
            return 0;
        o->in[k] = s->constant;
        if (s->kind == NN_KNOWN_SYMBOL) {
            o->shape[k] = (nn_tensor){.type = NN_TYPE_FLOAT, .dims = s->dims};
            o->in[k] = &o->shape[k];
            o->dynamic = k;
            o->dynamics++;
        }
    }
    return 1;
}

static nn_status lower_operator(nn_lowering *l, const nn_node *node, const nn_operands *o)
{
    char text[NN_LABEL_SIZE + 160];

    if (nn_move_is(node->op))
        return nn_lower_move(l, node, o);
    if (nn_lower_is_fitted(node->op))
        return nn_lower_fitted(l, node, o);
    switch (node->op) {
    case NN_OP_ADD:
    case NN_OP_DIV:
    case NN_OP_MUL:
    case NN_OP_NEG:
    case NN_OP_POW:
    case NN_OP_SUB:
        return nn_lower_elementwise(l, node, o);
    case NN_OP_AVERAGE_POOL:
    case NN_OP_BATCH_NORMALIZATION:
    case NN_OP_CONV:
    case NN_OP_GEMM:
    case NN_OP_GLOBAL_AVERAGE_POOL:
    case NN_OP_MATMUL:
    case NN_OP_REDUCE_MEAN:
        return nn_lower_linear(l, node, o);
    case NN_OP_ARG_MAX:
    case NN_OP_LOG_SOFTMAX:
    case NN_OP_SOFTMAX:
        return nn_lowering_complain(l, node,
                                    "it is taken at the end of the network only, over all "
                                    "classes of one image; remove it or end the network there");
    default:
        (void)snprintf(text, sizeof text, "it depends on the input; %s",
                       nn_op_advice(nn_node_op_name(node->op)));
        return nn_lowering_complain(l, node, text);
    }
}

static nn_status lower_node(nn_lowering *l, const nn_node *node)
{
    nn_operands o;
    size_t count;

    if (!gather(l, node, &o))
        return NN_OK;
    nn_status st = read_range(l, &l->known[node->output], node->makes);
    if (st == NN_OK)
        st = nn_op_shape(&o.out, node, o.in, l->why, l->why_size);
    if (nn_lowering_told(l, st) != NN_OK)
        return st;
    l->known[node->output].maker = node;
    if (o.dynamics == 0)
        return fold_constant(l, node, &o);
    if (nn_dims_count(&o.out, &count) != NN_OK || count == 0)
        return nn_lowering_complain(l, node, "what it makes is empty");
    return lower_operator(l, node, &o);
}

/* ---- the whole graph ---- */

/* Mark what the logits depend on, from the end to the beginning. */
static void mark_needed(nn_lowering *l, size_t logits)
{
    l->known[logits].needed = 1;
    for (size_t n = l->g->node_count; n-- > 0;) {
        const nn_node *node = &l->g->node[n];
        if (!l->known[node->output].needed)
            continue;
        for (size_t k = 0; k < node->input_count; k++)
            if (node->input[k] != NN_VALUE_NONE)
                l->known[node->input[k]].needed = 1;
    }
}

static nn_status start(nn_lowering *l, size_t *logits)
{
    const nn_graph *g = l->g;

    if (g->input_count != 1 || g->output_count != 1)
        return nn_why(l->why, l->why_size, NN_ERR_UNSUPPORTED,
                      "the model has %zu inputs and %zu outputs, one of each is taken",
                      g->input_count, g->output_count);
    for (size_t k = 0; k < g->value_count; k++) {
        l->known[k].root = k;
        if (g->value[k].kind == NN_VALUE_CONSTANT) {
            l->known[k].kind = NN_KNOWN_CONSTANT;
            l->known[k].constant = &g->value[k].constant;
        }
    }
    nn_known *input = &l->known[g->input[0]];
    input->kind = NN_KNOWN_SYMBOL;
    input->dims = g->value[g->input[0]].dims;
    if (input->dims.rank > 0)
        input->dims.dim[0] = 1;
    if (nn_shape_of_dims(&l->stages->input, &input->dims) != NN_OK)
        return nn_why(l->why, l->why_size, NN_ERR_SHAPE,
                      "input '%.60s' is no batch of images or vectors: %zu dimensions",
                      g->value[g->input[0]].name, input->dims.rank);
    nn_symbol_identity(&input->symbol, nn_shape_count(l->stages->input));
    (void)nn_tail_find(g, logits);
    mark_needed(l, *logits);
    return nn_lower_input_range(&l->stages->input_lo, &l->stages->input_hi, g, l->why, l->why_size);
}

/* The output's polynomial becomes the last stage; a network that does nothing gets one all the
 * same. */
static nn_status finish(nn_lowering *l, size_t v)
{
    const nn_known *s = nn_lowering_known(l, v);
    size_t made;

    if (s->kind != NN_KNOWN_SYMBOL)
        return nn_why(l->why, l->why_size, NN_ERR_UNSUPPORTED,
                      "the output '%.60s' does not depend on the input", l->g->value[v].name);
    nn_status st = nn_lowering_settle(l, v);
    if (st == NN_OK && s->base > 0) {
        nn_stages_prune(l->stages, s->base);
        return NN_OK;
    }
    nn_stage stage = nn_lowering_stage(l, NN_STAGE_AFFINE, v, &l->known[v].dims);
    stage.traced = v + 1;
    if (st == NN_OK)
        st = nn_affine_diagonal(&stage.affine[0], s->symbol.count, NULL, NULL);
    if (st == NN_OK)
        st = nn_lowering_append(l, &stage, &made);
    return st == NN_OK ? st : nn_why(l->why, l->why_size, st, "out of memory while lowering");
}

static nn_status say_list(nn_lowering *l)
{
    char heading[200];

    (void)snprintf(heading, sizeof heading,
                   l->list.count == 1 ? "one node cannot be taken" : "%zu nodes cannot be taken",
                   l->list.count);
    if (l->unfitted > 0)
        nn_why_list_finish(&l->list,
                           "%s; to fit polynomials to activations and max pools, run `unseen fit "
                           "MODEL --images FILE -o NEW`:",
                           heading);
    else
        nn_why_list_finish(&l->list, "%s:", heading);
    return NN_ERR_UNSUPPORTED;
}

static nn_status run(nn_lowering *l)
{
    char label[NN_LABEL_SIZE];
    size_t logits = 0;
    nn_status st = start(l, &logits);

    for (size_t n = 0; n < l->g->node_count && st == NN_OK; n++) {
        const nn_node *node = &l->g->node[n];
        if (!l->known[node->output].needed)
            continue;
        st = lower_node(l, node);
        if (st != NN_OK && !l->told)
            (void)nn_why(l->why, l->why_size, st,
                         st == NN_ERR_MEMORY  ? "%s: out of memory"
                         : st == NN_ERR_RANGE ? "%s: it makes a number that is not finite"
                                              : "%s: its matrix is too large",
                         nn_node_label(label, node));
    }
    if (st == NN_OK && l->list.count > 0)
        return say_list(l);
    if (st == NN_OK)
        st = finish(l, logits);
    return st == NN_OK ? nn_stages_bound(l->stages, l->why, l->why_size) : st;
}

nn_status nn_lower(nn_stages *s, const nn_graph *g, char *why, size_t why_size)
{
    if (s == NULL || g == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_lower: an argument is missing");
    *s = (nn_stages){.count = 0};
    if (nn_graph_status(g) != NN_OK)
        return nn_why(why, why_size, nn_graph_status(g), "%s", nn_graph_error(g));
    nn_lowering l = {.g = g, .stages = s, .why = why, .why_size = why_size};
    l.known = calloc(g->value_count + 1, sizeof *l.known);
    if (l.known == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while lowering");
    nn_why_list_init(&l.list, why, why_size);
    nn_status st = run(&l);
    for (size_t k = 0; k < g->value_count; k++) {
        nn_symbol_clear(&l.known[k].symbol);
        nn_tensor_clear(&l.known[k].owned);
    }
    free(l.known);
    if (st != NN_OK)
        nn_stages_clear(s);
    return st;
}
