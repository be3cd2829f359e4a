/* Stages for batches: see nn/batch/batch_stages.h. */
#include "nn/batch/batch_stages.h"

#include <math.h>
#include <stdlib.h>

/* Rows whose weights differ more than this keep them: the values would differ in size as much, and
 * all need the room of the largest. */
static const double uneven_most = 16.0;

nn_batch_form nn_batch_form_of(const nn_stage *stage)
{
    const double *c = stage->coef;
    nn_batch_form f = {0};

    if (stage->basis != CKKS_BASIS_MONOMIAL)
        return f;
    if (stage->degree == 2 && c[2] == 1.0) {
        f.degree = 2;
        f.shift = 0.5 * c[1];
        f.constant = c[0] - f.shift * f.shift;
    } else if (stage->degree == 4 && c[4] == 1.0 && c[3] == 0.0) {
        f.degree = 4;
        f.inner = 0.5 * c[2];
        f.slope = c[1];
        f.constant = c[0] - f.inner * f.inner;
    }
    return f;
}

double nn_batch_weight(const nn_affine *a)
{
    size_t count = nn_affine_nonzeros(a);

    for (size_t k = 1; k < count; k++)
        if (fabs(a->value[k]) != fabs(a->value[0]))
            return 0.0;
    return count > 0 ? fabs(a->value[0]) : 0.0;
}

/* The weight of each row, 1 for one without entries. Returns 0 when a row has several weights, or
 * rows differ too much; *least is the smallest magnitude. */
static int row_weights(const nn_affine *a, double *weight, double *least)
{
    double most = 0.0;

    *least = HUGE_VAL;
    for (size_t r = 0; r < a->rows; r++) {
        size_t first = a->row_start[r];
        weight[r] = first < a->row_start[r + 1] ? a->value[first] : 1.0;
        for (size_t k = first; k < a->row_start[r + 1]; k++)
            if (a->value[k] != weight[r])
                return 0;
        *least = fmin(*least, fabs(weight[r]));
        most = fmax(most, fabs(weight[r]));
    }
    return most <= uneven_most * *least;
}

static int only_affine_takes(const nn_stages *s, size_t value)
{
    for (size_t k = value; k < s->count; k++)
        for (size_t i = 0; i < s->stage[k].input_count; i++)
            if (s->stage[k].input[i] == value && s->stage[k].kind != NN_STAGE_AFFINE)
                return 0;
    return value != s->count;
}

static nn_status move_weights(nn_stages *s, size_t k, const double *weight, double *inverse,
                              double least)
{
    nn_stage *stage = &s->stage[k];
    nn_status st;

    for (size_t r = 0; r < stage->affine[0].rows; r++)
        inverse[r] = 1.0 / weight[r];
    st = nn_affine_scale_rows(&stage->affine[0], inverse, NULL);
    /* 1 exactly, whatever the division has rounded. */
    for (size_t e = 0; e < nn_affine_nonzeros(&stage->affine[0]); e++)
        stage->affine[0].value[e] = 1.0;
    stage->range /= least;
    for (size_t next = k + 1; next < s->count && st == NN_OK; next++)
        for (size_t i = 0; i < s->stage[next].input_count && st == NN_OK; i++)
            if (s->stage[next].input[i] == k + 1)
                st = nn_affine_scale_cols(&s->stage[next].affine[i], weight, NULL);
    return st;
}

nn_status nn_batch_even(nn_stages *s)
{
    nn_status st = NN_OK;

    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        const nn_stage *stage = &s->stage[k];
        double least = 0.0, *weight;
        if (stage->kind != NN_STAGE_AFFINE || stage->input_count != 1 ||
            !only_affine_takes(s, k + 1))
            continue;
        weight = malloc(2 * stage->affine[0].rows * sizeof *weight);
        if (weight == NULL)
            return NN_ERR_MEMORY;
        if (row_weights(&stage->affine[0], weight, &least))
            st = move_weights(s, k, weight, weight + stage->affine[0].rows, least);
        free(weight);
    }
    return st;
}

nn_status nn_batch_stages(nn_stages *stages, const nn_model *m, unsigned passes_off, char *why,
                          size_t why_size)
{
    nn_rewrite_options options = {.passes = NN_PASS_ALL & ~passes_off};
    nn_status st = nn_model_stages(m, &options, stages, NULL, why, why_size);

    if (st == NN_OK)
        st = nn_batch_even(stages);
    if (st != NN_OK)
        nn_stages_clear(stages);
    return st;
}
