/* Merging affine stages of a directed acyclic graph, see nn/stages/merge.h.
 *
 * A stage that is merged away stays in its place, with nothing that takes its value, until all is
 * done; so values keep their numbers, and so do candidates. */

#include "nn/stages/merge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"

/* A diagonal that another stage has to undo may not be steeper than this: what is divided by it is
 * known to so many bits less, of the 53. */
#define STEEP_MAX 1024.0

typedef struct merging {
    nn_stages *s;
    const nn_rewrite_options *options;
    nn_rewrite_report *report;
    unsigned char *refused; /* per stage: its merge is not to be tried again */
    int changed;
    char *why;
    size_t why_size;
} merging;

/* ---- who takes what ---- */

size_t nn_merge_only_user(const nn_stages *s, size_t value)
{
    size_t user = s->count;

    if (nn_stages_uses(s, value) != 1 || value == s->count)
        return s->count;
    for (size_t k = value; k < s->count; k++)
        for (size_t i = 0; i < s->stage[k].input_count; i++)
            if (s->stage[k].input[i] == value)
                user = k;
    return user;
}

int nn_merge_all_affine(const nn_stages *s, size_t value, size_t but)
{
    size_t users = 0;

    if (value == s->count)
        return 0;
    for (size_t k = value; k < s->count; k++) {
        for (size_t i = 0; i < s->stage[k].input_count; i++) {
            if (s->stage[k].input[i] != value || k == but)
                continue;
            if (s->stage[k].kind != NN_STAGE_AFFINE)
                return 0;
            users++;
        }
    }
    return users > 0;
}

/* The biases of maps that are not the first go to the first. */
static nn_status gather_bias(nn_stage *stage)
{
    double *bias = stage->affine[0].bias;

    for (size_t i = 1; i < stage->input_count; i++) {
        nn_affine *a = &stage->affine[i];
        for (size_t row = 0; row < a->rows; row++) {
            bias[row] += a->bias[row];
            a->bias[row] = 0;
            if (!isfinite(bias[row]))
                return NN_ERR_RANGE;
        }
    }
    return NN_OK;
}

nn_status nn_merge_substitute(nn_stages *s, size_t value, size_t but, const double *scale,
                              const double *shift)
{
    nn_status st = NN_OK;

    for (size_t k = value; k < s->count && st == NN_OK; k++) {
        nn_stage *stage = &s->stage[k];
        for (size_t i = 0; i < stage->input_count && k != but && st == NN_OK; i++)
            if (stage->input[i] == value)
                st = nn_affine_scale_cols(&stage->affine[i], scale, shift);
        if (st == NN_OK && k != but && stage->kind == NN_STAGE_AFFINE)
            st = gather_bias(stage);
    }
    return st;
}

/* Whether a stage takes both values. */
static int meets(const nn_stages *s, size_t one, size_t two)
{
    for (size_t k = one; k < s->count; k++) {
        int has = 0;
        for (size_t i = 0; i < s->stage[k].input_count; i++)
            has |= (s->stage[k].input[i] == one) | (s->stage[k].input[i] == two) << 1;
        if (has == 3 && s->stage[k].kind == NN_STAGE_AFFINE)
            return 1;
    }
    return 0;
}

void nn_merge_drop(nn_stages *s)
{
    size_t output = s->count;

    for (size_t k = 0; k < s->count; k++) {
        size_t from = s->stage[k].input[0];

        if (!nn_stage_is_identity(&s->stage[k]) || (k + 1 == output && from == 0) ||
            meets(s, k + 1, from))
            continue;
        for (size_t n = k + 1; n < s->count; n++)
            for (size_t i = 0; i < s->stage[n].input_count; i++)
                if (s->stage[n].input[i] == k + 1)
                    s->stage[n].input[i] = from;
        if (k + 1 == output)
            output = from;
    }
    nn_stages_prune(s, output);
}

/* ---- one merge ---- */

/* second after first, both taken over where that saves a copy: *first only when it may be spent. */
static nn_status compose(nn_affine *out, nn_affine *second, nn_affine *first, int spend)
{
    nn_affine *kept = nn_affine_is_diagonal(first) ? second : first;
    double *scale, *shift = first->bias;
    nn_status st;

    if (!nn_affine_is_diagonal(first) && !(spend && nn_affine_is_diagonal(second)))
        return nn_affine_compose(out, second, first);
    scale = malloc(second->cols * sizeof *scale);
    if (scale == NULL)
        return NN_ERR_MEMORY;
    if (kept == second) { /* M (D x + b) */
        nn_affine_get_diagonal(first, scale);
        st = nn_affine_scale_cols(second, NULL, shift);
        if (st == NN_OK)
            st = nn_affine_scale_cols(second, scale, NULL);
    } else { /* D (M x + b) + c */
        nn_affine_get_diagonal(second, scale);
        st = nn_affine_scale_rows(first, scale, NULL);
        for (size_t i = 0; i < first->rows && st == NN_OK; i++)
            first->bias[i] += second->bias[i];
    }
    free(scale);
    *out = *kept;
    *kept = (nn_affine){.rows = 0};
    return st;
}

static void join_names(nn_stage *made, const nn_stage *first, const nn_stage *second)
{
    char name[NN_STAGE_NAME_SIZE * 2 + 2] = "";

    (void)snprintf(name, sizeof name, "%s+%s", first->name, second->name);
    memcpy(made->name, name, sizeof made->name - 1);
    made->name[sizeof made->name - 1] = '\0';
}

/* Add a map to a stage's, or to the one that it has for the same value. Takes the map over. */
static nn_status add_map(nn_stage *stage, size_t value, nn_affine *map)
{
    for (size_t i = 0; i < stage->input_count; i++) {
        nn_affine both;

        if (stage->input[i] != value)
            continue;
        nn_status st = nn_affine_sum(&both, &stage->affine[i], map);
        nn_affine_clear(map);
        if (st != NN_OK)
            return st;
        nn_affine_clear(&stage->affine[i]);
        stage->affine[i] = both;
        return NN_OK;
    }
    stage->input[stage->input_count] = value;
    stage->affine[stage->input_count++] = *map;
    *map = (nn_affine){.rows = 0};
    return NN_OK;
}

/* Whether the second stage has room for the inputs of the first in place of one of its own. */
static int has_room(const nn_stage *first, const nn_stage *second)
{
    size_t count = second->input_count - 1;

    for (size_t j = 0; j < first->input_count; j++) {
        size_t i = 0;
        while (i < second->input_count && second->input[i] != first->input[j])
            i++;
        count += i == second->input_count;
    }
    return count <= NN_INPUTS_MAX;
}

/* Make maps from the inputs of first to the output of second, through second's map i. */
static nn_status compose_all(nn_affine *made, nn_stage *first, nn_affine *through, int spend)
{
    nn_status st = NN_OK;

    /* Those after the first begin without a bias, and see that of `through` taken away. */
    for (size_t j = first->input_count; j-- > 1 && st == NN_OK;) {
        st = nn_affine_compose(&made[j], through, &first->affine[j]);
        for (size_t row = 0; row < through->rows && st == NN_OK; row++)
            made[j].bias[row] = 0;
    }
    return st == NN_OK ? compose(&made[0], through, &first->affine[0], spend) : st;
}

/* Put the first stage's maps into the second, which takes it as input i. The first stays as it is,
 * or is spent. On NN_ERR_SHAPE, a matrix too large, both are as before. */
static nn_status absorb(nn_stage *first, nn_stage *second, size_t i, int spend)
{
    nn_affine made[NN_INPUTS_MAX] = {{.rows = 0}};
    nn_affine *through = &second->affine[i];

    nn_status st = compose_all(made, first, through, spend);
    for (size_t j = 0; st != NN_OK && j < NN_INPUTS_MAX; j++)
        nn_affine_clear(&made[j]);
    if (st != NN_OK)
        return st;
    nn_affine_clear(through);
    size_t last = --second->input_count;
    memmove(&second->affine[i], &second->affine[i + 1], (last - i) * sizeof *through);
    memmove(&second->input[i], &second->input[i + 1], (last - i) * sizeof *second->input);
    second->affine[last] = (nn_affine){.rows = 0};
    for (size_t j = 0; j < first->input_count; j++) {
        if (st == NN_OK)
            st = add_map(second, first->input[j], &made[j]);
        nn_affine_clear(&made[j]);
    }
    if (st == NN_OK)
        st = gather_bias(second);
    return st == NN_ERR_SHAPE ? NN_ERR_MEMORY : st; /* too late to stay apart */
}

static nn_origin merged_origin(nn_origin first, nn_origin second)
{
    if (first == NN_FROM_NORM)
        return second;
    return second == NN_FROM_NORM || first == second ? first : NN_FROM_LINEAR;
}

/* ---- what may be merged ---- */

static unsigned pass_of(const nn_stage *first, const nn_stage *second)
{
    if (first->origin == NN_FROM_NORM || second->origin == NN_FROM_NORM)
        return NN_PASS_NORM;
    if (first->origin == NN_FROM_POOL || second->origin == NN_FROM_POOL)
        return NN_PASS_POOL;
    return NN_PASS_LINEAR;
}

/* The number of an affine stage as a candidate; NN_REWRITE_CANDIDATES_MAX when there is none left.
 */
static size_t number_of(const nn_stages *s, size_t k)
{
    size_t number = 0;

    for (size_t n = 0; n < k && number < NN_REWRITE_CANDIDATES_MAX; n++)
        number += s->stage[n].kind == NN_STAGE_AFFINE;
    return number;
}

static int is_kept(const merging *m, size_t k)
{
    size_t number = number_of(m->s, k);

    return number < NN_REWRITE_CANDIDATES_MAX && (m->options->keep >> number & 1) != 0;
}

static void note(const merging *m, size_t k, const char *name, size_t apart, size_t merged)
{
    size_t number = number_of(m->s, k);

    if (m->report == NULL || number == NN_REWRITE_CANDIDATES_MAX)
        return;
    nn_rewrite_candidate *c = &m->report->candidate[number];
    m->report->candidates |= UINT64_C(1) << number;
    *c = (nn_rewrite_candidate){.apart = apart, .merged = merged};
    (void)snprintf(c->name, sizeof c->name, "%s", name);
}

static nn_status too_large(merging *m, size_t k, nn_status st)
{
    if (st == NN_ERR_SHAPE) { /* they stay apart */
        m->refused[k] = 1;
        return NN_OK;
    }
    return nn_why(m->why, m->why_size, st,
                  st == NN_ERR_MEMORY ? "out of memory merging '%s'"
                                      : "merging '%s' makes a number that is not finite",
                  m->s->stage[k].name);
}

/* Stage k is no more: it takes nothing, and nothing takes its value. */
static void spent(merging *m, size_t k)
{
    nn_stage_clear(&m->s->stage[k]);
    m->refused[k] = 1;
    m->changed = 1;
}

/* Merge stage k into the one stage that takes its value. */
static nn_status merge_single(merging *m, size_t k, size_t user)
{
    nn_stage *first = &m->s->stage[k], *second = &m->s->stage[user];
    char name[NN_STAGE_NAME_SIZE];
    size_t apart = nn_stage_nonzeros(first) + nn_stage_nonzeros(second), i = 0;

    while (second->input[i] != k + 1)
        i++;
    if (is_kept(m, k)) {
        note(m, k, first->name, apart, 0);
        m->refused[k] = 1;
        return NN_OK;
    }
    memcpy(name, first->name, sizeof name);
    nn_status st = absorb(first, second, i, 1);
    if (st != NN_OK)
        return too_large(m, k, st);
    join_names(second, first, second);
    second->origin = merged_origin(first->origin, second->origin);
    if (nn_stage_nonzeros(second) > apart)
        note(m, k, name, apart, nn_stage_nonzeros(second));
    spent(m, k);
    return NN_OK;
}

/* Merge stage k, a selection of one value, into all stages that take its value. */
static nn_status merge_selection(merging *m, size_t k)
{
    nn_stages *s = m->s;
    nn_status st = NN_OK;

    for (size_t n = k + 1; n < s->count && st == NN_OK; n++) {
        for (size_t i = 0; i < s->stage[n].input_count; i++) {
            if (s->stage[n].input[i] != k + 1)
                continue;
            st = absorb(&s->stage[k], &s->stage[n], i, 0);
            if (st != NN_OK)
                break;
            join_names(&s->stage[n], &s->stage[k], &s->stage[n]);
            s->stage[n].origin = merged_origin(s->stage[k].origin, s->stage[n].origin);
            break;
        }
    }
    if (st != NN_OK)
        return too_large(m, k, st);
    spent(m, k);
    return NN_OK;
}

/* Merge diagonal d into stage k before it, whose other users are affine and undo it. */
static nn_status merge_undone(merging *m, size_t k, size_t d)
{
    nn_stage *first = &m->s->stage[k], *diagonal = &m->s->stage[d];
    size_t count = diagonal->affine[0].rows;
    double *scale = malloc(3 * count * sizeof *scale), least = INFINITY, most = 0;

    if (scale == NULL)
        return too_large(m, k, NN_ERR_MEMORY);
    double *inverse = scale + count, *shift = scale + 2 * count;
    nn_affine_get_diagonal(&diagonal->affine[0], scale);
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, fabs(scale[i]));
        most = fmax(most, fabs(scale[i]));
        inverse[i] = 1 / scale[i];
        shift[i] = -diagonal->affine[0].bias[i] / scale[i];
    }
    nn_status st = NN_OK;
    m->refused[d] = 1;
    if (least > 0 && most <= STEEP_MAX * least) {
        st = nn_merge_substitute(m->s, k + 1, d, inverse, shift);
        for (size_t i = 0; i < first->input_count && st == NN_OK; i++)
            st = nn_affine_scale_rows(&first->affine[i], scale, NULL);
        for (size_t i = 0; i < count && st == NN_OK; i++)
            first->affine[0].bias[i] += diagonal->affine[0].bias[i];
        nn_affine_clear(&diagonal->affine[0]);
        if (st == NN_OK)
            st = nn_affine_diagonal(&diagonal->affine[0], count, NULL, NULL); /* to be dropped */
        nn_stage_take_range(first, diagonal);
        free(first->trace);
        first->traced = diagonal->traced;
        first->trace = diagonal->trace;
        diagonal->traced = 0;
        diagonal->trace = NULL;
        join_names(first, first, diagonal);
        first->origin = merged_origin(first->origin, diagonal->origin);
        m->changed = 1;
    }
    free(scale);
    return st == NN_OK ? st : too_large(m, k, st);
}

/* ---- the passes ---- */

/* What a round looks for: the stage that has an origin, NN_FROM_LINEAR stands for any. */
typedef struct round_kind {
    unsigned pass;
    int behind; /* 1: a stage of that origin joins what stands behind it, 0: before */
    nn_origin origin;
} round_kind;

static int fits(const round_kind *r, const nn_stage *first, const nn_stage *second)
{
    return second->kind == NN_STAGE_AFFINE && pass_of(first, second) == r->pass &&
           (r->origin == NN_FROM_LINEAR || (r->behind ? first : second)->origin == r->origin);
}

/* Whether every stage that takes a value falls under the round. */
static int fits_all(const nn_stages *s, const round_kind *r, size_t k)
{
    for (size_t n = k + 1; n < s->count; n++)
        for (size_t i = 0; i < s->stage[n].input_count; i++)
            if (s->stage[n].input[i] == k + 1 && !fits(r, &s->stage[k], &s->stage[n]))
                return 0;
    return nn_merge_all_affine(s, k + 1, SIZE_MAX);
}

static int is_selection(const nn_stage *stage)
{
    return stage->input_count == 1 && nn_affine_is_selection(&stage->affine[0]) &&
           !nn_stage_is_identity(stage);
}

static nn_status visit(merging *m, const round_kind *r, size_t k)
{
    nn_stages *s = m->s;
    const nn_stage *first = &s->stage[k];
    size_t user = nn_merge_only_user(s, k + 1);

    if (first->kind != NN_STAGE_AFFINE || first->input_count == 0 || m->refused[k])
        return NN_OK;
    if (user < s->count)
        return fits(r, first, &s->stage[user]) && has_room(first, &s->stage[user])
                   ? merge_single(m, k, user)
                   : NN_OK;
    if (is_selection(first) && fits_all(s, r, k))
        return merge_selection(m, k);
    for (size_t n = k + 1; n < s->count; n++) {
        const nn_stage *d = &s->stage[n];
        if (fits(r, first, d) && d->input[0] == k + 1 && is_selection(d) && !m->refused[n] &&
            nn_affine_is_diagonal(&d->affine[0]) && nn_merge_all_affine(s, k + 1, n) &&
            !nn_merge_all_affine(s, n + 1, SIZE_MAX)) /* else it joins those */
            return merge_undone(m, k, n);
    }
    return NN_OK;
}

nn_status nn_merge_affine(nn_stages *s, const nn_rewrite_options *options,
                          nn_rewrite_report *report, char *why, size_t why_size)
{
    static const round_kind rounds[] = {
        {NN_PASS_NORM, 0, NN_FROM_NORM},     {NN_PASS_NORM, 1, NN_FROM_NORM},
        {NN_PASS_POOL, 1, NN_FROM_POOL},     {NN_PASS_POOL, 0, NN_FROM_POOL},
        {NN_PASS_LINEAR, 1, NN_FROM_LINEAR},
    };
    merging m = {s, options, report, calloc(s->count, 1), 1, why, why_size};
    nn_status st = NN_OK;

    if (m.refused == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while merging");
    while (m.changed && st == NN_OK) {
        m.changed = 0;
        for (size_t r = 0; r < sizeof rounds / sizeof *rounds; r++)
            for (size_t k = 0; k < s->count && st == NN_OK; k++)
                if ((options->passes & rounds[r].pass) != 0)
                    st = visit(&m, &rounds[r], k);
    }
    free(m.refused);
    return st;
}
