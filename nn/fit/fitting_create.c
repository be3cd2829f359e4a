/* A fitting: reading, measuring, telling, writing, see nn/fitting.h. */

#include "nn/fitting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/number.h"
#include "nn/base/why.h"
#include "nn/fit/fitting_data.h"
#include "nn/fit/onnx_meta.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/infer.h"
#include "nn/graph/move.h"
#include "nn/onnx_read.h"

static nn_status set_up(nn_fitting *f, char *why, size_t why_size)
{
    const nn_graph *g = f->graph;

    if (g->input_count != 1)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "the graph has %zu inputs, one is taken",
                      g->input_count);
    nn_dims in = g->value[g->input[0]].dims;
    in.dim[0] = 1;
    nn_status st = nn_shape_of_dims(&f->shape, &in);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "the graph's input is no image");
    f->pixels = nn_shape_count(f->shape);
    st = nn_fit_sites_find(&f->sites, g, why, why_size);
    if (st != NN_OK)
        return st;
    nn_dims *dims = calloc(g->value_count + 1, sizeof *dims);
    f->site = calloc(f->sites.count + 1, sizeof *f->site);
    f->fit = calloc(f->sites.count + 1, sizeof *f->fit);
    f->largest = calloc(g->value_count + 1, sizeof *f->largest);
    f->size = calloc(g->value_count + 1, sizeof *f->size);
    if (dims == NULL || f->site == NULL || f->fit == NULL || f->largest == NULL || f->size == NULL)
        st = nn_why(why, why_size, NN_ERR_MEMORY, "no memory for a fitting");
    if (st == NN_OK)
        st = nn_infer_dims(dims, g, 1, why, why_size);
    if (st == NN_OK)
        st = nn_dims_count(&dims[f->sites.logits], &f->outputs);
    free(dims);
    return st;
}

nn_status nn_fitting_create(nn_fitting **out, const uint8_t *bytes, size_t size, char *why,
                            size_t why_size)
{
    *out = NULL;
    nn_fitting *f = calloc(1, sizeof *f);
    if (f == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "no memory for a fitting");
    nn_status st = nn_onnx_read(&f->graph, bytes, size, why, why_size);
    if (st == NN_OK)
        st = set_up(f, why, why_size);
    if (st != NN_OK) {
        nn_fitting_free(f);
        return st;
    }
    *out = f;
    return NN_OK;
}

void nn_fitting_free(nn_fitting *f)
{
    if (f == NULL)
        return;
    nn_fit_sites_clear(&f->sites);
    nn_graph_free(f->graph);
    free(f->site);
    free(f->fit);
    free(f->largest);
    free(f->size);
    free(f->logits);
    free(f);
}

nn_shape nn_fitting_input(const nn_fitting *f)
{
    return f->shape;
}

nn_status nn_fitting_calibrate(nn_fitting *f, const float *images, size_t count,
                               nn_fitting_each each, void *user, char *why, size_t why_size)
{
    if (count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "there are no images to measure ranges with");
    free(f->logits);
    f->logits = calloc(count * f->outputs, sizeof *f->logits);
    nn_histogram *seen = calloc(f->sites.count + 1, sizeof *seen);
    f->images = images;
    f->count = count;
    f->each = each;
    f->user = user;
    for (size_t k = 0; k < f->sites.count; k++)
        f->fit[k] = NULL;
    nn_status st = f->logits == NULL || seen == NULL
                       ? nn_why(why, why_size, NN_ERR_MEMORY, "no memory for %zu images", count)
                       : nn_fitting_survey(f, seen, f->logits, why, why_size);
    for (size_t k = 0; k < f->sites.count && st == NN_OK; k++)
        f->site[k].seen = seen[k];
    if (st != NN_OK)
        f->count = 0;
    free(seen);
    return st;
}

const nn_fitting_result *nn_fitting_outcome(const nn_fitting *f)
{
    return &f->result;
}

size_t nn_fitting_sites(const nn_fitting *f)
{
    return f->sites.count;
}

const nn_fitting_site *nn_fitting_site_at(const nn_fitting *f, size_t k)
{
    return k < f->sites.count ? &f->site[k].info : NULL;
}

/* ---- metadata */

/* Pairs of strings that own their text. */
typedef struct pairs {
    nn_onnx_pair *pair;
    size_t count;
    int failed;
} pairs;

static char *copy_of(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static void add_pair(pairs *p, const char *head, const char *name, const char *value)
{
    size_t size = strlen(head) + strlen(name) + 1;
    char *key = malloc(size), *text = copy_of(value);

    if (key == NULL || text == NULL) {
        free(key);
        free(text);
        p->failed = 1;
        return;
    }
    (void)snprintf(key, size, "%s%s", head, name);
    p->pair[p->count++] = (nn_onnx_pair){key, text};
}

static void free_pairs(pairs *p)
{
    for (size_t k = 0; p->pair != NULL && k < p->count; k++) {
        union {
            const char *in;
            void *out;
        } key = {p->pair[k].key}, value = {p->pair[k].value};
        free(key.out);
        free(value.out);
    }
    free(p->pair);
}

/* Six digits, in every locale. */
static const char *short_number(char text[NN_NUMBER_TEXT], double value)
{
    double digits = value > 0 ? pow(10, 5 - floor(log10(value))) : 1;
    return nn_number_write(text, ceil(value * digits) / digits);
}

static void add_ranges(pairs *p, const nn_fitting *f)
{
    char text[2 * NN_NUMBER_TEXT], range[NN_NUMBER_TEXT], size[NN_NUMBER_TEXT];

    for (size_t n = 0; n < f->graph->node_count; n++) {
        const nn_node *node = &f->graph->node[n];
        double largest = (1 + f->margin) * f->largest[node->output];

        /* Metadata are limited; what has the same numbers has the same range. */
        if (!(largest > 0) || nn_move_is_alias(node->op) || p->count >= NN_GRAPH_LIST_MAX / 2)
            continue;
        (void)snprintf(text, sizeof text, "%s %s", short_number(range, largest),
                       short_number(size, f->size[node->output]));
        add_pair(p, "unseen.range.", node->makes, text);
    }
}

/* Pictures are numbers from 0 to 1; other inputs get what was seen and the margin. */
static void add_input_range(pairs *p, const nn_fitting *f)
{
    char lo[NN_NUMBER_TEXT], hi[NN_NUMBER_TEXT], text[2 * NN_NUMBER_TEXT];
    double wide = f->margin * (f->input_hi - f->input_lo);
    int picture = f->input_lo >= 0 && f->input_hi <= 1;

    nn_number_write(lo, picture ? 0 : f->input_lo - wide);
    nn_number_write(hi, picture ? 1 : f->input_hi + wide);
    (void)snprintf(text, sizeof text, "%s %s", lo, hi);
    add_pair(p, "unseen.input_range", "", text);
}

nn_status nn_fitting_write(const nn_fitting *f, const uint8_t *bytes, size_t size, uint8_t **out,
                           size_t *out_size)
{
    pairs p = {NULL, 0, 0};
    char text[NN_FIT_TEXT];

    *out = NULL;
    *out_size = 0;
    if (f->result.images == 0)
        return NN_ERR_ARG;
    p.pair = calloc(f->sites.count + f->graph->node_count + 1, sizeof *p.pair);
    if (p.pair == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < f->sites.count; k++) {
        (void)nn_fit_print(text, sizeof text, &f->site[k].fit);
        add_pair(&p, "unseen.fit.", f->site[k].info.value, text);
    }
    add_input_range(&p, f);
    add_ranges(&p, f);
    nn_status st =
        p.failed ? NN_ERR_MEMORY : nn_onnx_set_meta(out, out_size, bytes, size, p.pair, p.count);
    free_pairs(&p);
    return st;
}
