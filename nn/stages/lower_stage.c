/* Making stages of what a graph's values are, see nn/stages/lowering.h. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/stages/lowering.h"

nn_known *nn_lowering_known(const nn_lowering *l, size_t v)
{
    return &l->known[l->known[v].root];
}

nn_status nn_lowering_complain(nn_lowering *l, const nn_node *node, const char *text)
{
    char label[NN_LABEL_SIZE];

    nn_why_list_add(&l->list, "%s: %s", nn_node_label(label, node), text);
    return NN_OK;
}

nn_status nn_lowering_told(nn_lowering *l, nn_status st)
{
    l->told = l->told || st != NN_OK;
    return st;
}

/* ---- one stage ---- */

static int same_polynomial(const nn_stage *a, const nn_stage *b)
{
    return a->kind == NN_STAGE_POLY && b->kind == NN_STAGE_POLY && a->element == NULL &&
           b->element == NULL && a->input[0] == b->input[0] && a->basis == b->basis &&
           a->degree == b->degree &&
           memcmp(a->coef, b->coef, ((size_t)a->degree + 1) * sizeof *a->coef) == 0;
}

nn_status nn_lowering_append(nn_lowering *l, nn_stage *stage, size_t *value)
{
    for (size_t k = 0; k < l->stages->count; k++) {
        if (same_polynomial(stage, &l->stages->stage[k])) {
            *value = k + 1;
            return NN_OK;
        }
    }
    nn_status st = nn_stages_append(l->stages, stage);
    if (st != NN_OK)
        nn_stage_clear(stage);
    *value = l->stages->count;
    return st;
}

nn_stage nn_lowering_stage(const nn_lowering *l, nn_stage_kind kind, size_t v, const nn_dims *dims)
{
    nn_stage stage = {.kind = kind, .origin = NN_FROM_LINEAR, .input_count = 1};
    const nn_known *s = nn_lowering_known(l, v);
    const char *name = s->maker == NULL            ? l->g->value[v].name
                       : s->maker->name[0] != '\0' ? s->maker->name
                                                   : s->maker->makes;
    size_t count = 0;

    /* What does not look like an image is a vector. */
    if (dims->rank < 2 || dims->dim[0] != 1 || nn_shape_of_dims(&stage.out, dims) != NN_OK) {
        if (nn_dims_count(dims, &count) != NN_OK)
            count = 0; /* cannot be: it was checked where the dimensions were made */
        stage.out = (nn_shape){count, 1, 1};
    }
    (void)snprintf(stage.name, sizeof stage.name, "%s", name);
    return stage;
}

void nn_lowering_define(nn_lowering *l, size_t v, size_t base, const nn_dims *dims)
{
    nn_known *s = nn_lowering_known(l, v);

    nn_symbol_clear(&s->symbol);
    nn_symbol_identity(&s->symbol, nn_stages_width(l->stages, base));
    s->kind = l->known[v].kind = NN_KNOWN_SYMBOL;
    s->base = base;
    l->known[v].dims = *dims;
    if (base > 0 && l->stages->stage[base - 1].traced == 0)
        l->stages->stage[base - 1].traced = v + 1;
    nn_lowering_bound(l, v, s->range, s->size);
}

/* The smaller of two where both are known. */
static double known_size(double a, double b)
{
    return a > 0 && b > 0 ? fmin(a, b) : fmax(a, b);
}

void nn_lowering_bound(nn_lowering *l, size_t v, double bound, double size)
{
    const nn_known *s = nn_lowering_known(l, v);
    double most = 0, typical = 0;

    if (bound == 0 || s->symbol.degree != 1 || s->base == 0)
        return;
    for (size_t i = 0; i < s->symbol.count; i++) {
        double a = fabs(nn_symbol_at(&s->symbol, 1, i)), b = fabs(nn_symbol_at(&s->symbol, 0, i));
        most = fmax(most, (bound + b) / a);
        typical = fmax(typical, size > 0 ? hypot(size, b) / a : 0);
    }
    nn_stage *stage = &l->stages->stage[s->base - 1];
    if (!isfinite(most))
        return;
    if (stage->spread > 0)
        typical = known_size(typical, stage->range / stage->spread);
    stage->range = stage->measured ? fmin(stage->range, most) : most;
    stage->measured = 1;
    stage->spread = typical > 0 ? stage->range / typical : 0;
}

/* ---- a polynomial as a stage ---- */

static nn_status diagonal_stage(nn_stage *stage, const nn_symbol *s)
{
    double *scale = malloc(2 * s->count * sizeof *scale);

    if (scale == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < s->count; i++) {
        scale[i] = nn_symbol_at(s, 1, i);
        scale[s->count + i] = nn_symbol_at(s, 0, i);
    }
    nn_status st = nn_affine_diagonal(&stage->affine[0], s->count, scale, scale + s->count);
    free(scale);
    return st;
}

static nn_status poly_stage(nn_stage *stage, const nn_symbol *s)
{
    stage->kind = NN_STAGE_POLY;
    stage->degree = s->degree;
    if (nn_symbol_is_uniform(s)) {
        memcpy(stage->coef, s->uniform, ((size_t)s->degree + 1) * sizeof *stage->coef);
        return NN_OK;
    }
    stage->element = malloc((size_t)(s->degree + 1) * s->count * sizeof *stage->element);
    if (stage->element == NULL)
        return NN_ERR_MEMORY;
    for (int k = 0; k <= s->degree; k++)
        for (size_t i = 0; i < s->count; i++)
            stage->element[(size_t)k * s->count + i] = nn_symbol_at(s, k, i);
    return NN_OK;
}

nn_status nn_lowering_settle(nn_lowering *l, size_t v)
{
    const nn_known *s = nn_lowering_known(l, v);
    const nn_dims dims = l->known[v].dims;
    size_t value;

    if (nn_symbol_is_identity(&s->symbol))
        return NN_OK;
    nn_stage stage = nn_lowering_stage(l, NN_STAGE_AFFINE, v, &dims);
    stage.input[0] = s->base;
    /* The shape of what it takes, even where the value has been flattened since. */
    stage.out = nn_stages_shape(l->stages, s->base);
    nn_status st =
        s->symbol.degree < 2 ? diagonal_stage(&stage, &s->symbol) : poly_stage(&stage, &s->symbol);
    if (st == NN_OK)
        st = nn_lowering_append(l, &stage, &value);
    if (st == NN_OK)
        nn_lowering_define(l, v, value, &dims);
    return st;
}

nn_status nn_lowering_settle_curved(nn_lowering *l, size_t v)
{
    return nn_lowering_known(l, v)->symbol.degree < 2 ? NN_OK : nn_lowering_settle(l, v);
}

/* ---- sums of maps ---- */

/* Give inputs that occur twice one map. Returns how many are left. */
static nn_status unite(size_t *count, size_t *input, nn_affine *map)
{
    for (size_t i = 1; i < *count; i++) {
        for (size_t j = 0; j < i; j++) {
            nn_affine both;
            if (input[i] != input[j])
                continue;
            nn_status st = nn_affine_sum(&both, &map[j], &map[i]);
            if (st != NN_OK)
                return st;
            nn_affine_clear(&map[j]);
            nn_affine_clear(&map[i]);
            map[j] = both;
            --*count;
            memmove(&input[i], &input[i + 1], (*count - i) * sizeof *input);
            memmove(&map[i], &map[i + 1], (*count - i) * sizeof *map);
            map[*count] = (nn_affine){.rows = 0};
            i--;
            break;
        }
    }
    return NN_OK;
}

/* Append one stage of the first `take` maps; they are moved. */
static nn_status join_some(nn_lowering *l, size_t *made, const nn_stage *like, size_t take,
                           const size_t *input, nn_affine *map)
{
    nn_stage stage = *like;

    stage.kind = NN_STAGE_AFFINE;
    stage.input_count = take;
    for (size_t i = 0; i < take; i++) {
        stage.input[i] = input[i];
        stage.affine[i] = map[i];
        map[i] = (nn_affine){.rows = 0};
    }
    return nn_lowering_append(l, &stage, made);
}

nn_status nn_lowering_join(nn_lowering *l, size_t *made, const nn_stage *stage, size_t count,
                           const size_t *input, nn_affine *map)
{
    size_t *left = malloc(count * sizeof *left), held = count, n = count, done;
    nn_status st = left != NULL ? NN_OK : NN_ERR_MEMORY;

    if (st == NN_OK) {
        memcpy(left, input, count * sizeof *left);
        st = unite(&n, left, map);
    }
    done = n < NN_INPUTS_MAX ? n : NN_INPUTS_MAX;
    if (st == NN_OK)
        st = join_some(l, made, stage, done, left, map);
    while (st == NN_OK && done < n) { /* the sum so far, and what fits beside it */
        size_t take = n - done < NN_INPUTS_MAX - 1 ? n - done : NN_INPUTS_MAX - 1;
        nn_affine part[NN_INPUTS_MAX];
        size_t from[NN_INPUTS_MAX];

        from[0] = *made;
        st = nn_affine_diagonal(&part[0], nn_shape_count(stage->out), NULL, NULL);
        for (size_t i = 0; i < take; i++) {
            from[i + 1] = left[done + i];
            part[i + 1] = map[done + i];
            map[done + i] = (nn_affine){.rows = 0};
        }
        if (st == NN_OK)
            st = join_some(l, made, stage, take + 1, from, part);
        for (size_t i = 0; i <= take; i++)
            nn_affine_clear(&part[i]);
        done += take;
    }
    for (size_t i = 0; i < held; i++)
        nn_affine_clear(&map[i]);
    free(left);
    return st;
}
