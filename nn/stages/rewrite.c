/* The passes in their order, and what stages cost, see nn/stages/rewrite.h. */

#include "nn/stages/rewrite.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/stages/merge.h"
#include "nn/stages/monic.h"

/* ---- cost ---- */

static size_t log2_up(int k)
{
    size_t bits = 0;

    for (int reach = 1; reach < k; reach *= 2)
        bits++;
    return bits;
}

/* Whether a coefficient is 0 everywhere, and whether it is 1 or -1 everywhere. */
static void look_at(const nn_stage *stage, int k, int *zero, int *unit)
{
    size_t count = stage->element != NULL ? nn_shape_count(stage->out) : 1;

    *zero = *unit = 1;
    for (size_t i = 0; i < count; i++) {
        double c = nn_stage_coef(stage, k, i);
        *zero = *zero && c == 0.0;
        *unit = *unit && fabs(c) == 1.0;
    }
}

/* A product of k factors x, and of a constant where it is not 1, as a tree: see [BMTH21]. */
size_t nn_rewrite_stage_levels(const nn_stage *stage)
{
    size_t most = 0;

    if (stage->kind == NN_STAGE_AFFINE)
        return nn_stage_is_identity(stage) ? 0 : 1;
    if (stage->kind == NN_STAGE_PRODUCT)
        return 1;
    if (stage->basis == CKKS_BASIS_CHEBYSHEV)
        return log2_up(stage->degree + 1);
    for (int k = 1; k <= stage->degree; k++) {
        int zero, unit;
        look_at(stage, k, &zero, &unit);
        size_t levels = log2_up(unit ? k : k + 1);
        if (!zero && levels > most)
            most = levels;
    }
    return most;
}

/* Powers of x that have to be made, x^k from x^ceil(k/2) and x^floor(k/2). */
static size_t powers_of(const nn_stage *stage)
{
    int wanted[NN_DEGREE_MAX + 1] = {0};
    size_t count = 0;

    for (int k = stage->degree; k >= 2; k--) {
        int zero, unit;
        look_at(stage, k, &zero, &unit);
        if (zero && !wanted[k])
            continue;
        wanted[k / 2] = wanted[k - k / 2] = 1;
        count++;
    }
    return count;
}

static int is_square(const nn_stage *stage)
{
    return stage->basis == CKKS_BASIS_MONOMIAL && stage->element == NULL && stage->degree == 2 &&
           stage->coef[2] == 1.0 && stage->coef[1] == 0.0 && stage->coef[0] == 0.0;
}

/* The longest path to the output of stage k, given those of the stages before it. */
static uint32_t depth_of(const nn_stages *s, size_t k, const uint32_t *depth)
{
    uint32_t most = 0;

    for (size_t i = 0; i < s->stage[k].input_count; i++)
        if (depth[s->stage[k].input[i]] > most)
            most = depth[s->stage[k].input[i]];
    return most + (uint32_t)nn_rewrite_stage_levels(&s->stage[k]);
}

static void add_stage(nn_cost *cost, const nn_stage *stage)
{
    switch (stage->kind) {
    case NN_STAGE_POLY:
        cost->poly_stages++;
        cost->square_stages += (size_t)is_square(stage);
        cost->multiplications += powers_of(stage) * nn_shape_count(stage->out);
        break;
    case NN_STAGE_PRODUCT:
        cost->product_stages++;
        cost->multiplications += nn_shape_count(stage->out);
        break;
    default:
        cost->affine_stages += !nn_stage_is_identity(stage);
        cost->constants += nn_stage_is_identity(stage) ? 0 : nn_stage_nonzeros(stage);
        break;
    }
}

nn_cost nn_rewrite_cost(const nn_stages *s)
{
    uint32_t depth[NN_STAGES_MAX + 1] = {0};
    nn_cost cost = {.levels = 0};

    for (size_t k = 0; k < s->count; k++) {
        depth[k + 1] = depth_of(s, k, depth);
        add_stage(&cost, &s->stage[k]);
    }
    cost.levels = depth[s->count];
    return cost;
}

/* ---- the passes ---- */

static nn_status expand(nn_stages *s, char *why, size_t why_size)
{
    nn_status st = nn_monic_expand(s);

    return st == NN_OK ? st
                       : nn_why(why, why_size, st, "out of memory while rewriting polynomials");
}

static nn_status run(nn_stages *s, const nn_rewrite_options *options, nn_rewrite_report *report,
                     char *why, size_t why_size)
{
    report->before = nn_rewrite_cost(s);
    nn_merge_drop(s);
    /* Once before, so that the sums are merged with what stands behind them, and once after, for
     * what has lost its neighbours to a merge. */
    nn_status st = expand(s, why, why_size);
    if (st == NN_OK)
        st = nn_merge_affine(s, options, report, why, why_size);
    if (st == NN_OK) {
        nn_merge_drop(s);
        st = expand(s, why, why_size);
    }
    if (st == NN_OK)
        st = nn_monic_fold(s, (options->passes & NN_PASS_MONIC) != 0, why, why_size);
    if (st == NN_OK) {
        nn_merge_drop(s);
        st = nn_stages_bound(s, why, why_size);
    }
    if (st == NN_OK)
        report->after = nn_rewrite_cost(s);
    return st;
}

nn_status nn_rewrite_merge(nn_stages *s, const nn_rewrite_options *options,
                           nn_rewrite_report *report, char *why, size_t why_size)
{
    static const nn_rewrite_options all = {.passes = NN_PASS_ALL};

    if (s == NULL || s->count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_rewrite_merge: no stages");
    nn_rewrite_report *made = calloc(1, sizeof *made);
    nn_status st = NN_ERR_MEMORY;
    if (made != NULL)
        st = run(s, options != NULL ? options : &all, made, why, why_size);
    else
        (void)nn_why(why, why_size, st, "out of memory while merging");
    if (st == NN_OK && report != NULL)
        *report = *made;
    free(made);
    if (st != NN_OK)
        nn_stages_clear(s);
    return st;
}
