/* Layers, sites, and what they add up to: see nn/check.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/check/check_data.h"
#include "nn/graph/graph_data.h"

/* ---- making one */

/* The graph's value that a step makes, or NN_VALUE_NONE; the last one makes the logits. */
static size_t value_of_step(const nn_check *c, size_t k)
{
    const nn_stages *s = c->plan->stages;
    if (k + 1 == s->count && s->stage[k].traced == 0)
        return c->graph->output[0];
    return s->stage[k].traced == 0 ? NN_VALUE_NONE : s->stage[k].traced - 1;
}

static nn_status make_parts(nn_check *c)
{
    const nn_stages *s = c->plan->stages;
    size_t first = 0;
    c->part = calloc(s->count, sizeof *c->part);
    if (c->part == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < s->count; k++) {
        nn_check_part *p = &c->part[c->part_count];
        if (value_of_step(c, k) == NN_VALUE_NONE)
            continue;
        c->part_count++;
        *p = (nn_check_part){.first = first,
                             .step = k,
                             .value = value_of_step(c, k),
                             .lo = INFINITY,
                             .hi = -INFINITY};
        first = k + 1;
        for (int n = 0; n < NN_CHECK_NETWORKS; n++) {
            p->number[n] = calloc(nn_stages_width(s, k + 1), sizeof(double));
            if (p->number[n] == NULL)
                return NN_ERR_MEMORY;
        }
    }
    return NN_OK;
}

static nn_status make_values(double ***out, const nn_stages *s)
{
    double **value = calloc(s->count + 1, sizeof *value);
    *out = value;
    if (value == NULL)
        return NN_ERR_MEMORY;
    for (size_t v = 0; v <= s->count; v++) {
        value[v] = calloc(nn_stages_width(s, v), sizeof **value);
        if (value[v] == NULL)
            return NN_ERR_MEMORY;
    }
    return NN_OK;
}

static void free_values(double **value, size_t count)
{
    for (size_t v = 0; value != NULL && v <= count; v++)
        free(value[v]);
    free(value);
}

/* The first layer, by the order of the nodes, that holds what a site makes or what is computed of
 * it; the last layer does. */
static nn_status find_layer(const nn_check *c, const nn_fit_site *site, size_t *layer)
{
    const nn_graph *g = c->graph;
    unsigned char *reached = calloc(g->value_count, 1);
    if (reached == NULL)
        return NN_ERR_MEMORY;
    *layer = c->part_count - 1;
    reached[g->node[site->node].output] = 1;
    for (size_t n = site->node; n < g->node_count; n++) {
        const nn_node *node = &g->node[n];
        size_t k = 0;
        for (size_t i = 0; i < node->input_count; i++)
            if (node->input[i] != NN_VALUE_NONE && reached[node->input[i]])
                reached[node->output] = 1;
        while (k < c->part_count && c->part[k].value != node->output)
            k++;
        if (k < c->part_count && reached[node->output]) {
            *layer = k;
            break;
        }
    }
    free(reached);
    return NN_OK;
}

static nn_status make_sites(nn_check *c, char *why, size_t why_size)
{
    nn_status st = nn_fit_sites_find(&c->sites, c->graph, why, why_size);
    if (st != NN_OK)
        return st;
    size_t count = c->sites.count;
    c->fit = calloc(count + 1, sizeof *c->fit);
    c->list = calloc(count + 1, sizeof *c->list);
    c->partial = calloc(count + 1, sizeof *c->partial);
    c->tally = calloc(count + 1, sizeof *c->tally);
    if (c->fit == NULL || c->list == NULL || c->partial == NULL || c->tally == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory before a check");
    for (size_t k = 0; k < count && st == NN_OK; k++) {
        int found = 0;
        st = nn_fit_get(&c->fit[k], &found, c->graph, c->graph->node[c->sites.site[k].node].makes,
                        why, why_size);
        c->list[k] = found ? &c->fit[k] : NULL;
        c->tally[k] = (nn_check_tally){.lo = INFINITY, .hi = -INFINITY};
        if (st == NN_OK && find_layer(c, &c->sites.site[k], &c->tally[k].layer) != NN_OK)
            st = nn_why(why, why_size, NN_ERR_MEMORY, "out of memory before a check");
    }
    return st;
}

static int has_matrices(const nn_stages *s)
{
    for (size_t k = 0; k < s->count; k++)
        for (size_t i = 0; s->stage[k].kind == NN_STAGE_AFFINE && i < s->stage[k].input_count; i++)
            if (s->stage[k].affine[i].value == NULL)
                return 0;
    return 1;
}

nn_status nn_check_create(nn_check **out, const nn_plan *p, char *why, size_t why_size)
{
    *out = NULL;
    if (nn_plan_images(p) != 1 || !has_matrices(p->stages))
        return nn_why(why, why_size, NN_ERR_ARG,
                      "a check takes a plan for one image at a time that holds its matrices");
    nn_check *c = calloc(1, sizeof *c);
    if (c == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory before a check");
    c->plan = p;
    c->graph = p->model->graph;
    nn_status st = make_parts(c);
    if (st == NN_OK)
        st = make_values(&c->clear, p->stages);
    if (st == NN_OK)
        st = make_values(&c->cipher, p->stages);
    if (st == NN_OK)
        st = make_values(&c->mixed, p->stages);
    if (st != NN_OK)
        (void)nn_why(why, why_size, st, "out of memory before a check");
    else
        st = make_sites(c, why, why_size);
    if (st != NN_OK) {
        nn_check_free(c);
        return st;
    }
    *out = c;
    return NN_OK;
}

void nn_check_free(nn_check *c)
{
    if (c == NULL)
        return;
    for (size_t k = 0; k < c->part_count; k++)
        for (int n = 0; n < NN_CHECK_NETWORKS; n++)
            free(c->part[k].number[n]);
    free(c->part);
    free_values(c->clear, c->plan->stages->count);
    free_values(c->cipher, c->plan->stages->count);
    free_values(c->mixed, c->plan->stages->count);
    nn_fit_sites_clear(&c->sites);
    free(c->fit);
    free(c->list);
    free(c->partial);
    free(c->tally);
    free(c);
}

/* ---- layers and sites */

static double bits(double error, double reach)
{
    if (error == 0.0)
        return INFINITY;
    return reach > 0.0 ? -log2(error / reach) : NAN;
}

static nn_check_error error_of(const nn_check_sum *sum, double reach)
{
    nn_check_error e = {NAN, NAN, NAN, NAN};
    if (sum->count == 0)
        return e;
    e.rms = sqrt(sum->squares / (double)sum->count);
    e.max = sum->most;
    e.rms_bits = bits(e.rms, reach);
    e.max_bits = bits(e.max, reach);
    return e;
}

size_t nn_check_label(const nn_check *c, int network)
{
    return c->label[network];
}

size_t nn_check_layers(const nn_check *c)
{
    return c->part_count;
}

void nn_check_layer_of(const nn_check *c, size_t k, nn_check_layer *out)
{
    const nn_check_part *p = &c->part[k];
    const nn_stage *stage = &c->plan->stages->stage[p->step];
    *out = (nn_check_layer){.name = stage->name,
                            .value = c->graph->value[p->value].name,
                            .first = p->first,
                            .count = p->step + 1 - p->first,
                            .numbers = nn_shape_count(stage->out),
                            .lo = p->lo,
                            .hi = p->hi,
                            .reach = fmax(fabs(p->lo), fabs(p->hi)),
                            .bound = stage->range,
                            .used = p->most / stage->range,
                            .over = p->over,
                            .limbs = c->plan->step[p->step].shape.limbs_out,
                            .ms = NAN};
    out->approximation = error_of(&p->error[0], out->reach);
    out->arithmetic = error_of(&p->error[1], out->reach);
    out->noise = error_of(&p->error[2], out->reach);
    out->total = error_of(&p->error[3], out->reach);
    if (c->encrypted > 0)
        out->ms = 1e3 * p->seconds / (double)c->encrypted;
    memcpy(out->blamed, p->blamed, sizeof out->blamed);
}

size_t nn_check_sites(const nn_check *c)
{
    return c->sites.count;
}

void nn_check_site_of(const nn_check *c, size_t k, nn_check_site *out)
{
    const nn_fit_site *site = &c->sites.site[k];
    const nn_fit *fit = &c->fit[k];
    const nn_check_tally *t = &c->tally[k];
    *out = (nn_check_site){.value = c->graph->node[site->node].makes,
                           .function = site->is_pool ? "max" : nn_activation_name(site->f.function),
                           .layer = t->layer,
                           .lo = fit->lo,
                           .hi = fit->hi,
                           .seen_lo = t->lo,
                           .seen_hi = t->hi,
                           .numbers = t->numbers,
                           .below = t->below,
                           .above = t->above,
                           .error = fit->error};
}

/* ---- the sentence */

/* The layer that is blamed most for a cause, the first of equals. */
static size_t most_blamed(const nn_check *c, int cause)
{
    size_t best = 0;
    for (size_t k = 1; k < c->part_count; k++)
        if (c->part[k].blamed[cause] > c->part[best].blamed[cause])
            best = k;
    return best;
}

/* What the least exact layer keeps; empty when every layer is exact. */
static void say_least_bits(const nn_check *c, char *text, size_t size)
{
    nn_check_layer layer;
    double least = INFINITY;
    text[0] = '\0';
    for (size_t k = 0; k < c->part_count; k++) {
        nn_check_layer_of(c, k, &layer);
        double bits = fmin(layer.approximation.rms_bits, layer.noise.rms_bits);
        if (!(bits < least))
            continue;
        least = bits;
        (void)snprintf(text, size, " The least exact layer is '%s': %s leaves %.1f bits there.",
                       layer.name, layer.approximation.rms_bits <= bits ? "approximation" : "noise",
                       bits);
    }
}

static void say_agreement(const nn_check *c, nn_check_summary *s)
{
    char least[160];
    say_least_bits(c, least, sizeof least);
    if (s->encrypted > 0)
        (void)snprintf(s->sentence, sizeof s->sentence,
                       "All labels agree: fitted and on clear slots for %zu image%s, encrypted for "
                       "%zu.%s",
                       s->images, s->images == 1 ? "" : "s", s->encrypted, least);
    else
        (void)snprintf(s->sentence, sizeof s->sentence,
                       "All labels agree, fitted and on clear slots, for %zu image%s; none was "
                       "encrypted.%s",
                       s->images, s->images == 1 ? "" : "s", least);
}

/* What there is to know of the layer's activation. */
static void say_range(const nn_check *c, size_t layer, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t k = 0; k < c->sites.count; k++) {
        nn_check_site site;
        nn_check_site_of(c, k, &site);
        if (site.layer != layer)
            continue;
        if (site.below + site.above > 0)
            (void)snprintf(text, size,
                           "; its inputs reach from %.3g to %.3g, and its polynomial for %s is "
                           "fitted from %.3g to %.3g",
                           site.seen_lo, site.seen_hi, site.function, site.lo, site.hi);
        else
            (void)snprintf(text, size, "; its polynomial for %s is off by up to %.2g",
                           site.function, site.error);
    }
}

static void say_fault(const nn_check *c, nn_check_summary *s)
{
    const nn_check_part *p = &c->part[s->layer];
    const char *name = c->plan->stages->stage[p->step].name;
    size_t of = s->cause == NN_CHECK_NOISE ? s->encrypted : s->images;
    size_t differ = s->differ[s->cause];
    char range[200];
    nn_check_layer layer;
    say_range(c, s->layer, range, sizeof range);
    nn_check_layer_of(c, s->layer, &layer);
    switch (s->cause) {
    case NN_CHECK_APPROXIMATION:
        (void)snprintf(s->sentence, sizeof s->sentence,
                       "The approximation in layer '%s' is at fault for %zu of %zu labels that "
                       "differ, of %zu images%s.",
                       name, p->blamed[s->cause], differ, of, range);
        break;
    case NN_CHECK_NOISE:
        (void)snprintf(s->sentence, sizeof s->sentence,
                       "The noise in layer '%s' is at fault for %zu of %zu labels that differ, of "
                       "%zu encrypted images: %.1f bits are left there; plan with a higher "
                       "--precision.",
                       name, p->blamed[s->cause], differ, of, layer.noise.rms_bits);
        break;
    default:
        (void)snprintf(s->sentence, sizeof s->sentence,
                       "The arithmetic in layer '%s' is at fault for %zu of %zu labels that "
                       "differ, of %zu images: it is off by up to %.2g, without noise.",
                       name, p->blamed[s->cause], differ, of, layer.arithmetic.max);
    }
}

void nn_check_summarise(const nn_check *c, nn_check_summary *s)
{
    *s = (nn_check_summary){.images = c->images,
                            .encrypted = c->encrypted,
                            .fitted_agree = c->agree[NN_CHECK_FITTED],
                            .clear_agree = c->agree[NN_CHECK_CLEAR],
                            .encrypted_agree = c->agree[NN_CHECK_ENCRYPTED],
                            .cause = -1};
    memcpy(s->differ, c->differ, sizeof s->differ);
    for (int k = 0; k < NN_CHECK_CAUSES; k++)
        if (s->differ[k] > (s->cause < 0 ? 0 : s->differ[s->cause]))
            s->cause = k;
    for (size_t k = 0; k < c->sites.count; k++) {
        s->inputs += c->tally[k].numbers;
        s->out_of_range += c->tally[k].below + c->tally[k].above;
    }
    if (s->cause < 0) {
        say_agreement(c, s);
        return;
    }
    s->layer = most_blamed(c, s->cause);
    say_fault(c, s);
}
