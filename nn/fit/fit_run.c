/* Running a graph with fits, see nn/fit/fit_run.h. */

#include "nn/fit/fit_run.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/window.h"
#include "nn/ref/ref.h"

typedef struct run {
    const nn_graph *g;
    const nn_fit_sites *sites;
    const nn_fit *const *fit;
    const nn_tensor *in;
    nn_tensor *made; /* per value */
    char *why;
    size_t why_size;
} run;

/* The numbers of one window at a time, gathered. */
static void visit_window(const nn_window *w, const float *image, size_t y, size_t x, float *number,
                         size_t *count)
{
    *count = 0;
    for (size_t i = nn_window_first(w, 0, y); i < nn_window_end(w, 0, y); i++)
        for (size_t k = nn_window_first(w, 1, x); k < nn_window_end(w, 1, x); k++)
            number[(*count)++] =
                image[nn_window_at(w, 0, y, i) * w->in[1] + nn_window_at(w, 1, x, k)];
}

static nn_status visit_pool(const nn_window *w, size_t channels, const nn_tensor *in,
                            nn_fit_window visit, void *user)
{
    float *number = calloc(w->kernel[0] * w->kernel[1] + 1, sizeof *number);
    size_t count, out = 0;

    if (number == NULL)
        return NN_ERR_MEMORY;
    for (size_t nc = 0; nc < channels; nc++) {
        const float *image = in->value + nc * w->in[0] * w->in[1];

        for (size_t y = 0; y < w->out[0]; y++) {
            for (size_t x = 0; x < w->out[1]; x++) {
                visit_window(w, image, y, x, number, &count);
                visit(user, out++, number, count);
            }
        }
    }
    free(number);
    return NN_OK;
}

nn_status nn_fit_windows(const nn_node *node, const nn_tensor *in, nn_fit_window visit, void *user)
{
    const size_t channels = in->dims.rank < 2 ? 0 : in->dims.dim[0] * in->dims.dim[1];
    nn_window w;

    if (node->op != NN_OP_GLOBAL_MAX_POOL) {
        nn_status st = nn_window_of_node(&w, node, &in->dims, NULL, NULL, 0);
        return st == NN_OK ? visit_pool(&w, channels, in, visit, user) : st;
    }
    for (size_t nc = 0; nc < channels; nc++) {
        size_t inner = in->count / channels;
        visit(user, nc, in->value + nc * inner, inner);
    }
    return NN_OK;
}

/* A max pool by a fit of |u - v|. */
typedef struct pool {
    const nn_fit *fit;
    float *out;
    double *round; /* room for a window */
} pool;

/* Neighbours play against each other, round by round; one that is left over goes on. */
static void play(void *user, size_t out, const float *number, size_t count)
{
    pool *p = user;

    for (size_t k = 0; k < count; k++)
        p->round[k] = (double)number[k];
    for (; count > 1; count = (count + 1) / 2) {
        for (size_t k = 0; k + 1 < count; k += 2) {
            double u = p->round[k], v = p->round[k + 1];
            p->round[k / 2] = (u + v + nn_fit_value(p->fit, u - v)) / 2;
        }
        if (count % 2 == 1)
            p->round[count / 2] = p->round[count - 1];
    }
    p->out[out] = (float)(count > 0 ? p->round[0] : 0);
}

static nn_status run_pool(const nn_fit *fit, const nn_node *node, const nn_tensor *in,
                          nn_tensor *out)
{
    pool p = {fit, out->value, calloc(in->count + 1, sizeof *p.round)};
    nn_status st = p.round == NULL ? NN_ERR_MEMORY : nn_fit_windows(node, in, play, &p);

    free(p.round);
    return st;
}

static const nn_tensor *tensor_of(const run *r, size_t v)
{
    if (v == NN_VALUE_NONE)
        return NULL;
    switch (r->g->value[v].kind) {
    case NN_VALUE_CONSTANT:
        return &r->g->value[v].constant;
    case NN_VALUE_INPUT:
        return r->in;
    default:
        return &r->made[v];
    }
}

/* The reference makes the output, which says its shape, and a fit replaces the numbers. */
static nn_status run_node(const run *r, const nn_node *node, const nn_fit *fit)
{
    const nn_tensor *operand[NN_NODE_INPUTS_MAX] = {NULL};
    nn_tensor *out = &r->made[node->output];

    for (size_t k = 0; k < node->input_count; k++)
        operand[k] = tensor_of(r, node->input[k]);
    nn_status st = nn_ref_node(node, operand, out, r->why, r->why_size);
    if (st != NN_OK || fit == NULL)
        return st;
    if (node->op == NN_OP_MAX_POOL || node->op == NN_OP_GLOBAL_MAX_POOL) {
        st = run_pool(fit, node, operand[0], out);
        return st == NN_OK ? st : nn_why(r->why, r->why_size, st, "out of memory in a pool");
    }
    for (size_t i = 0; i < out->count; i++)
        out->value[i] = (float)nn_fit_value(fit, (double)operand[0]->value[i]);
    return NN_OK;
}

static nn_status run_nodes(const run *r, nn_fit_seen seen, void *user)
{
    size_t site = 0;

    if (seen != NULL && r->g->input_count == 1)
        seen(user, r->g->input[0], r->in);
    for (size_t n = 0; n < r->g->node_count; n++) {
        const nn_node *node = &r->g->node[n];
        const nn_fit *fit = NULL;

        if (site < r->sites->count && r->sites->site[site].node == n) {
            fit = r->fit != NULL ? r->fit[site] : NULL;
            site++;
        }
        nn_status st = run_node(r, node, fit);
        if (st != NN_OK)
            return st;
        if (seen != NULL)
            seen(user, node->output, &r->made[node->output]);
        if (node->output == r->sites->logits)
            return NN_OK;
    }
    return NN_OK;
}

nn_status nn_fit_run(const nn_graph *g, const nn_fit_sites *sites, const nn_fit *const *fit,
                     const nn_tensor *in, nn_tensor *out, nn_fit_seen seen, void *user, char *why,
                     size_t why_size)
{
    run r = {g, sites, fit, in, NULL, why, why_size};

    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    if (nn_graph_status(g) != NN_OK)
        return nn_why(why, why_size, nn_graph_status(g), "%s", nn_graph_error(g));
    if (g->input_count != 1 || in == NULL || in->value == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph needs one float input");
    r.made = calloc(g->value_count, sizeof *r.made);
    if (r.made == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while running the graph");
    nn_status st = run_nodes(&r, seen, user);
    const nn_tensor *logits = tensor_of(&r, sites->logits);
    if (st == NN_OK && logits->value == NULL)
        st = nn_why(why, why_size, NN_ERR_UNSUPPORTED, "the graph's output is not float");
    if (st == NN_OK)
        st = nn_tensor_copy(out, logits);
    for (size_t k = 0; k < g->value_count; k++)
        nn_tensor_clear(&r.made[k]);
    free(r.made);
    return st;
}

/* Reads the fits of all sites; those without one stay NULL in the list. */
static nn_status read_fits(nn_fit *fit, const nn_fit **list, const nn_graph *g,
                           const nn_fit_sites *sites, char *why, size_t why_size)
{
    for (size_t k = 0; k < sites->count; k++) {
        const char *value = g->node[sites->site[k].node].makes;
        int found;

        nn_status st = nn_fit_get(&fit[k], &found, g, value, why, why_size);
        if (st != NN_OK)
            return st;
        list[k] = found ? &fit[k] : NULL;
    }
    return NN_OK;
}

nn_status nn_fit_run_graph(const nn_graph *g, const nn_tensor *in, nn_tensor *out, char *why,
                           size_t why_size)
{
    nn_fit_sites sites;

    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    nn_status st = nn_fit_sites_find(&sites, g, why, why_size);
    if (st != NN_OK)
        return st;
    nn_fit *fit = calloc(sites.count + 1, sizeof *fit);
    const nn_fit **list = calloc(sites.count + 1, sizeof *list);
    if (fit == NULL || list == NULL)
        st = nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while reading fits");
    if (st == NN_OK)
        st = read_fits(fit, list, g, &sites, why, why_size);
    if (st == NN_OK)
        st = nn_fit_run(g, &sites, list, in, out, NULL, NULL, why, why_size);
    free(fit);
    free(list);
    nn_fit_sites_clear(&sites);
    return st;
}
