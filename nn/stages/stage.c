/* Stages: storage and computing, see nn/stages/stage.h. */

#include "nn/stages/stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nn_stage_clear(nn_stage *stage)
{
    for (size_t i = 0; i < NN_INPUTS_MAX; i++)
        nn_affine_clear(&stage->affine[i]);
    free(stage->element);
    free(stage->trace);
    *stage = (nn_stage){.kind = NN_STAGE_AFFINE};
}

nn_status nn_stage_trace(nn_stage *stage, const double *scale, const double *shift)
{
    size_t count = nn_shape_count(stage->out);

    if (stage->traced == 0)
        return NN_OK;
    if (stage->trace == NULL) {
        stage->trace = calloc(2 * count, sizeof *stage->trace);
        if (stage->trace == NULL)
            return NN_ERR_MEMORY;
        for (size_t i = 0; i < count; i++)
            stage->trace[i] = 1;
    }
    for (size_t i = 0; i < count; i++) {
        stage->trace[i] *= scale[i];
        stage->trace[count + i] =
            scale[i] * stage->trace[count + i] + (shift != NULL ? shift[i] : 0);
    }
    return NN_OK;
}

void nn_stages_clear(nn_stages *s)
{
    if (s == NULL)
        return;
    for (size_t k = 0; k < s->count; k++)
        nn_stage_clear(&s->stage[k]);
    free(s->stage);
    *s = (nn_stages){.count = 0};
}

nn_status nn_stages_append(nn_stages *s, nn_stage *stage)
{
    if (s->count >= NN_STAGES_MAX)
        return NN_ERR_SHAPE;
    nn_stage *moved = realloc(s->stage, (s->count + 1) * sizeof *moved);
    if (moved == NULL)
        return NN_ERR_MEMORY;
    s->stage = moved;
    s->stage[s->count++] = *stage;
    *stage = (nn_stage){.kind = NN_STAGE_AFFINE};
    return NN_OK;
}

nn_shape nn_stages_shape(const nn_stages *s, size_t value)
{
    return value == 0 ? s->input : s->stage[value - 1].out;
}

size_t nn_stages_width(const nn_stages *s, size_t value)
{
    return nn_shape_count(nn_stages_shape(s, value));
}

double nn_stages_range(const nn_stages *s, size_t value)
{
    return value == 0 ? fmax(fabs(s->input_lo), fabs(s->input_hi)) : s->stage[value - 1].range;
}

size_t nn_stages_last_use(const nn_stages *s, size_t value)
{
    if (value == s->count)
        return s->count;
    for (size_t k = s->count; k-- > value;)
        for (size_t i = 0; i < s->stage[k].input_count; i++)
            if (s->stage[k].input[i] == value)
                return k;
    return value > 0 ? value - 1 : 0;
}

size_t nn_stages_uses(const nn_stages *s, size_t value)
{
    size_t uses = value == s->count;

    for (size_t k = value; k < s->count; k++)
        for (size_t i = 0; i < s->stage[k].input_count; i++)
            uses += s->stage[k].input[i] == value;
    return uses;
}

/* Take stage k out, whose value nothing takes. */
static void drop(nn_stages *s, size_t k)
{
    nn_stage_clear(&s->stage[k]);
    s->count--;
    memmove(&s->stage[k], &s->stage[k + 1], (s->count - k) * sizeof *s->stage);
    for (size_t n = k; n < s->count; n++)
        for (size_t i = 0; i < s->stage[n].input_count; i++)
            s->stage[n].input[i] -= s->stage[n].input[i] > k + 1;
}

void nn_stages_prune(nn_stages *s, size_t output)
{
    while (s->count > output)
        nn_stage_clear(&s->stage[--s->count]);
    for (size_t k = s->count; k-- > 0;)
        if (nn_stages_uses(s, k + 1) == 0)
            drop(s, k);
}

size_t nn_stages_output_count(const nn_stages *s)
{
    return nn_stages_width(s, s->count);
}

int nn_stage_is_identity(const nn_stage *stage)
{
    return stage->kind == NN_STAGE_AFFINE && stage->input_count == 1 &&
           nn_affine_is_identity(&stage->affine[0]) && nn_affine_is_linear(&stage->affine[0]);
}

size_t nn_stage_nonzeros(const nn_stage *stage)
{
    size_t count = 0;

    for (size_t i = 0; i < stage->input_count; i++)
        count += nn_affine_nonzeros(&stage->affine[i]);
    return count;
}

void nn_stage_take_range(nn_stage *to, const nn_stage *from)
{
    to->range = from->range;
    to->measured = from->measured;
    to->spread = from->spread;
}

double nn_stage_magnitude(const nn_stage *stage)
{
    double largest = stage->range;
    for (size_t i = 0; stage->kind == NN_STAGE_AFFINE && i < stage->input_count; i++)
        for (size_t o = 0; o < stage->affine[i].rows; o++)
            largest = fmax(largest, fabs(stage->affine[i].bias[o]));
    return largest;
}

double nn_stage_coef(const nn_stage *stage, int k, size_t i)
{
    return stage->element != NULL ? stage->element[(size_t)k * nn_shape_count(stage->out) + i]
                                  : stage->coef[k];
}

/* Horner's rule, or Clenshaw's recurrence b_k = c_k + 2 x b_(k+1) - b_(k+2). */
static double evaluate(const nn_stage *stage, size_t i, double x)
{
    double v = nn_stage_coef(stage, stage->degree, i), next = 0;

    if (stage->basis == CKKS_BASIS_CHEBYSHEV) {
        for (int k = stage->degree; k-- > 1;) {
            double b = nn_stage_coef(stage, k, i) + 2 * x * v - next;
            next = v;
            v = b;
        }
        return nn_stage_coef(stage, 0, i) + x * v - next;
    }
    for (int k = stage->degree; k-- > 0;)
        v = v * x + nn_stage_coef(stage, k, i);
    return v;
}

void nn_stage_apply(const nn_stage *stage, double *y, const double *const *x)
{
    size_t count = nn_shape_count(stage->out);

    if (stage->kind == NN_STAGE_AFFINE) {
        nn_affine_apply(&stage->affine[0], y, x[0]);
        for (size_t i = 1; i < stage->input_count; i++)
            nn_affine_apply_then_add(&stage->affine[i], y, x[i]);
    } else if (stage->kind == NN_STAGE_POLY) {
        for (size_t i = 0; i < count; i++)
            y[i] = evaluate(stage, i, x[0][i]);
    } else {
        for (size_t i = 0; i < count; i++)
            y[i] = x[0][i] * x[1][i];
    }
}

/* Compute stage k into a fresh list, and let go of what has had its last use. */
static nn_status apply_next(const nn_stages *s, size_t k, double **value, const double *in)
{
    const nn_stage *stage = &s->stage[k];
    const double *x[NN_INPUTS_MAX];

    value[k + 1] = malloc(nn_shape_count(stage->out) * sizeof **value);
    if (value[k + 1] == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < stage->input_count; i++)
        x[i] = stage->input[i] == 0 ? in : value[stage->input[i]];
    nn_stage_apply(stage, value[k + 1], x);
    for (size_t i = 0; i < stage->input_count; i++) {
        if (nn_stages_last_use(s, stage->input[i]) == k) {
            free(value[stage->input[i]]);
            value[stage->input[i]] = NULL;
        }
    }
    return NN_OK;
}

nn_status nn_stages_apply(const nn_stages *s, double *out, double *peak, const double *in)
{
    double **value = calloc(s->count + 1, sizeof *value);
    nn_status st = value != NULL ? NN_OK : NN_ERR_MEMORY;

    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        st = apply_next(s, k, value, in);
        for (size_t i = 0; st == NN_OK && peak != NULL && i < nn_stages_width(s, k + 1); i++)
            peak[k] = fmax(peak[k], fabs(value[k + 1][i]));
    }
    if (st == NN_OK)
        memcpy(out, s->count > 0 ? value[s->count] : in, nn_stages_output_count(s) * sizeof *out);
    for (size_t k = 0; value != NULL && k <= s->count; k++)
        free(value[k]);
    free(value);
    return st;
}
