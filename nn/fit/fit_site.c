/* Activations of a graph, see nn/fit/fit_site.h. */

#include "nn/fit/fit_site.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/scalar.h"
#include "nn/onnx/tail_find.h"

static nn_status refuse(const nn_node *node, const char *text, char *why, size_t why_size)
{
    char label[NN_LABEL_SIZE];
    return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "%s: %s", nn_node_label(label, node), text);
}

/* A Clip whose lower bound is 0 and which has no upper one is ReLU. */
static const char *take_clip(nn_activation *f, const nn_scalar *s)
{
    int has_low = s->alpha > -(double)FLT_MAX, has_high = s->beta < (double)FLT_MAX;

    if (has_low && s->alpha == 0.0 && !has_high) {
        f->function = NN_APPROX_RELU;
        return NULL;
    }
    *f = (nn_activation){NN_APPROX_CLIP, s->alpha, s->beta};
    return has_low && has_high && s->alpha < s->beta
               ? NULL
               : "its bounds are not two ascending numbers, and it is no ReLU either";
}

/* Returns NULL, or what is wrong. */
static const char *take_scalar(nn_activation *f, const nn_scalar *s)
{
    *f = (nn_activation){NN_APPROX_RELU, 0, 0};
    switch (s->op) {
    case NN_OP_RELU:
        return NULL;
    case NN_OP_SIGMOID:
        f->function = NN_APPROX_SIGMOID;
        return NULL;
    case NN_OP_TANH:
        f->function = NN_APPROX_TANH;
        return NULL;
    case NN_OP_HARD_SWISH:
        f->function = NN_APPROX_HARD_SWISH;
        return NULL;
    case NN_OP_GELU:
        f->function = s->tanh ? NN_APPROX_GELU_TANH : NN_APPROX_GELU;
        return NULL;
    case NN_OP_SWISH:
        f->function = NN_APPROX_SWISH;
        return s->alpha == 1.0 ? NULL : "only a Swish with alpha = 1 is fitted";
    case NN_OP_LEAKY_RELU:
        *f = (nn_activation){NN_APPROX_LEAKY_RELU, s->alpha, 0};
        return NULL;
    case NN_OP_HARD_SIGMOID:
        *f = (nn_activation){NN_APPROX_HARD_SIGMOID, s->alpha, s->beta};
        return s->alpha > 0 ? NULL : "only a HardSigmoid with alpha above 0 is fitted";
    case NN_OP_CLIP:
        return take_clip(f, s);
    default:
        return "no polynomial is fitted to this function; use ReLU, Swish, GELU, Sigmoid, Tanh, "
               "HardSwish or a Clip instead";
    }
}

/* Operators of one number that need no fit: what is linear. */
static int is_activation(nn_op op)
{
    return nn_scalar_is(op) && op != NN_OP_NEG;
}

nn_status nn_fit_site_of(nn_fit_site *site, int *found, const nn_graph *g, size_t n, char *why,
                         size_t why_size)
{
    const nn_node *node = &g->node[n];
    const nn_tensor *in[NN_NODE_INPUTS_MAX] = {NULL};
    const nn_tensor unknown = {.type = NN_TYPE_FLOAT};
    nn_scalar s;

    *site = (nn_fit_site){.node = n, .input = node->input[0], .f = {NN_APPROX_ABS, 0, 0}};
    site->is_pool = node->op == NN_OP_MAX_POOL || node->op == NN_OP_GLOBAL_MAX_POOL;
    *found = site->is_pool || is_activation(node->op);
    if (!*found || site->is_pool)
        return NN_OK;
    for (size_t k = 0; k < node->input_count; k++) {
        size_t v = node->input[k];
        if (v != NN_VALUE_NONE)
            in[k] = g->value[v].kind == NN_VALUE_CONSTANT ? &g->value[v].constant : &unknown;
    }
    if (nn_scalar_init(&s, node, in) != NN_OK)
        return refuse(node, "its bounds are no constant numbers", why, why_size);
    const char *wrong = take_scalar(&site->f, &s);
    if (wrong == NULL && !nn_activation_is_valid(&site->f))
        wrong = "its parameters are not finite";
    return wrong == NULL ? NN_OK : refuse(node, wrong, why, why_size);
}

/* Marks the nodes that a value depends on, from the last to the first. */
static void mark(unsigned char *needed, size_t *maker, const nn_graph *g, size_t value)
{
    for (size_t v = 0; v < g->value_count; v++)
        maker[v] = g->node_count;
    for (size_t n = 0; n < g->node_count; n++)
        maker[g->node[n].output] = n;
    needed[maker[value]] = 1;
    for (size_t n = g->node_count; n-- > 0;)
        for (size_t k = 0; k < (needed[n] ? g->node[n].input_count : 0); k++)
            if (g->node[n].input[k] != NN_VALUE_NONE)
                needed[maker[g->node[n].input[k]]] = 1;
}

static nn_status collect(nn_fit_sites *s, const unsigned char *needed, const nn_graph *g, char *why,
                         size_t why_size)
{
    for (size_t n = 0; n < g->node_count; n++) {
        int found = 0;

        if (!needed[n])
            continue;
        nn_status st = nn_fit_site_of(&s->site[s->count], &found, g, n, why, why_size);
        if (st != NN_OK)
            return st;
        s->count += found != 0;
    }
    return NN_OK;
}

nn_status nn_fit_sites_find(nn_fit_sites *s, const nn_graph *g, char *why, size_t why_size)
{
    nn_status st;

    *s = (nn_fit_sites){NULL, 0, 0};
    if (g->output_count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph has no output");
    s->site = calloc(g->node_count + 1, sizeof *s->site);
    /* One more for values that no node makes. */
    unsigned char *needed = calloc(g->node_count + 1, 1);
    size_t *maker = calloc(g->value_count + 1, sizeof *maker);
    if (s->site == NULL || needed == NULL || maker == NULL) {
        st = nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while looking for activations");
    } else {
        (void)nn_tail_find(g, &s->logits);
        mark(needed, maker, g, s->logits);
        st = collect(s, needed, g, why, why_size);
    }
    free(needed);
    free(maker);
    if (st != NN_OK)
        nn_fit_sites_clear(s);
    return st;
}

void nn_fit_sites_clear(nn_fit_sites *s)
{
    free(s->site);
    *s = (nn_fit_sites){NULL, 0, 0};
}
