/* Gains, backwards from the outputs: with h[i] the mean square that a unit error in element i alone
 * leaves at the outputs, the gain of a point is sqrt(sum of h). See nn/error.h. */
#include "nn/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A bound that a hundred thousand values keep is four deviations of one. */
static const double deviations_in_range = 4.0;

static void set_sizes(nn_error_point *point, const nn_stages *s)
{
    point[0].size = fmax(fabs(s->input_lo), fabs(s->input_hi)) / 2.0;
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];
        double power = 0.0, x = point[k].size;
        /* Of a normal x: the mean of x^4 is 3 times the square of the mean of x^2, and so on; the
         * largest term of a polynomial stands for all. */
        double moment[] = {1.0, 1.0, 3.0, 15.0, 105.0, 945.0, 10395.0, 135135.0, 2027025.0};
        for (int d = 0; stage->kind == NN_STAGE_POLY && d <= stage->degree; d++)
            power = fmax(power, fabs(stage->coef[d]) * pow(x, d) * sqrt(moment[d]));
        point[k + 1].size = stage->kind == NN_STAGE_POLY ? fmin(power, stage->range)
                                                         : stage->range / deviations_in_range;
    }
}

/* Mean square of the slope of a polynomial at a normal x of this size, by its terms. */
static double slope_square(const nn_stage *stage, double size)
{
    double moment[] = {1.0, 1.0, 3.0, 15.0, 105.0, 945.0, 10395.0, 135135.0};
    double sum = 0.0;
    for (int d = 1; d <= stage->degree; d++)
        sum += pow(d * stage->coef[d] * pow(size, d - 1), 2.0) * moment[d - 1];
    return sum;
}

static void backwards(double *before, const double *behind, const nn_stage *stage, double size)
{
    const nn_affine *a = &stage->affine;
    size_t in = nn_shape_count(stage->in);
    if (stage->kind == NN_STAGE_POLY) {
        double slope = slope_square(stage, size);
        for (size_t i = 0; i < in; i++)
            before[i] = slope * behind[i];
        return;
    }
    memset(before, 0, in * sizeof *before);
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            before[a->col[k]] += a->value[k] * a->value[k] * behind[o];
}

static size_t widest(const nn_stages *s)
{
    size_t most = nn_shape_count(s->input);
    for (size_t k = 0; k < s->count; k++)
        if (nn_shape_count(s->stage[k].out) > most)
            most = nn_shape_count(s->stage[k].out);
    return most;
}

/* ---- clear slots */

typedef struct slots {
    const nn_stages *stages;
    const nn_arrangement *a;
    double *x, *y; /* as many numbers as there are slots */
} slots;

static nn_status matrix_slots(slots *s, size_t k)
{
    const nn_route *r = &s->a->route[k];
    const nn_affine *affine = &s->stages->stage[k].affine;
    double *value = malloc(((size_t)r->count * r->slots + 1) * sizeof *value), *swap = s->x;
    nn_status st = value == NULL ? NN_ERR_MEMORY
                                 : nn_route_diagonals(r, value, affine, &s->a->layout[k],
                                                      &s->a->layout[k + 1]);
    memset(s->y, 0, r->slots * sizeof *s->y);
    for (int d = 0; d < r->count && st == NN_OK; d++)
        for (size_t j = 0; j < r->slots; j++)
            s->y[j] += value[(size_t)d * r->slots + j] * s->x[(j + (size_t)r->step[d]) % r->slots];
    for (int f = 0; f < r->fold_count; f++) {
        for (size_t j = 0; j < r->slots; j++)
            s->x[j] = s->y[j] + s->y[(j + (size_t)r->fold[f]) % r->slots];
        memcpy(s->y, s->x, r->slots * sizeof *s->y);
    }
    memset(s->x, 0, r->slots * sizeof *s->x);
    for (size_t m = 0; m < s->a->images; m++)
        nn_layout_spread(&s->a->layout[k + 1], s->x, s->a->images, m, affine->bias);
    for (size_t j = 0; j < r->slots; j++)
        s->y[j] += s->x[j];
    s->x = s->y;
    s->y = swap;
    free(value);
    return st;
}

static void polynomial_slots(slots *s, const nn_stage *stage)
{
    for (size_t j = 0; j < s->a->slots; j++) {
        double y = stage->coef[stage->degree];
        for (int d = stage->degree; d-- > 0;)
            y = y * s->x[j] + stage->coef[d];
        s->x[j] = y;
    }
}

/* Raise the sizes of slots to those of one input. */
static nn_status walk_slots(nn_error_point *point, slots *s, const double *input)
{
    nn_status st = NN_OK;
    memset(s->x, 0, s->a->slots * sizeof *s->x);
    for (size_t m = 0; m < s->a->images; m++)
        nn_layout_spread(&s->a->layout[0], s->x, s->a->images, m, input);
    for (size_t k = 0; k <= s->stages->count && st == NN_OK; k++) {
        double sum = 0.0;
        for (size_t j = 0; j < s->a->slots; j++)
            sum += s->x[j] * s->x[j];
        point[k].slot = fmax(point[k].slot, sqrt(sum / (double)s->a->slots));
        if (k == s->stages->count)
            break;
        if (s->stages->stage[k].kind == NN_STAGE_AFFINE)
            st = matrix_slots(s, k);
        else
            polynomial_slots(s, &s->stages->stage[k]);
    }
    return st;
}

static nn_status set_slots(nn_error_point *point, const nn_stages *stages, const nn_arrangement *a)
{
    size_t inputs = nn_shape_count(stages->input);
    double lo = stages->input_lo, hi = stages->input_hi;
    double *room = malloc((2 * a->slots + inputs) * sizeof *room), *input = room + 2 * a->slots;
    slots s = {stages, a, room, room + a->slots};
    uint64_t random = 1;
    nn_status st = room != NULL ? NN_OK : NN_ERR_MEMORY;
    for (size_t k = 0; k <= stages->count; k++)
        point[k].slot = point[k].size;
    for (int kind = 0; kind < 2 && st == NN_OK; kind++) {
        for (size_t i = 0; i < inputs; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            input[i] = lo + (hi - lo) * (kind == 0 ? 0.5 : ldexp((double)(random >> 32), -32));
        }
        st = walk_slots(point, &s, input);
    }
    free(room);
    return st;
}

nn_status nn_error_points(nn_error_point *point, const nn_stages *s, const nn_arrangement *a)
{
    size_t width = widest(s), outputs = nn_stages_output_count(s);
    double *room = malloc(2 * width * sizeof *room), *before = room, *behind = room + width;
    if (room == NULL)
        return NN_ERR_MEMORY;
    set_sizes(point, s);
    for (size_t o = 0; o < outputs; o++)
        behind[o] = 1.0 / (double)outputs;
    point[s->count].gain = 1.0;
    for (size_t k = s->count; k-- > 0;) {
        const nn_stage *stage = &s->stage[k];
        double sum = 0.0, *swap = behind;
        backwards(before, behind, stage, point[k].size);
        for (size_t i = 0; i < nn_shape_count(stage->in); i++)
            sum += before[i];
        point[k].gain = sqrt(sum);
        behind = before;
        before = swap;
    }
    free(room);
    return set_slots(point, s, a);
}
