/* Stages: storage, computing, and interval bounds, see nn/stage.h. */

#include "nn/stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/why.h"

void nn_stage_clear(nn_stage *stage)
{
    nn_affine_clear(&stage->affine);
    free(stage->element);
    *stage = (nn_stage){.kind = NN_STAGE_AFFINE};
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
    nn_stage *moved = realloc(s->stage, (s->count + 1) * sizeof *moved);

    if (moved == NULL)
        return NN_ERR_MEMORY;
    s->stage = moved;
    s->stage[s->count++] = *stage;
    *stage = (nn_stage){.kind = NN_STAGE_AFFINE};
    return NN_OK;
}

size_t nn_stages_output_count(const nn_stages *s)
{
    return nn_shape_count(s->count > 0 ? s->stage[s->count - 1].out : s->input);
}

double nn_stage_coef(const nn_stage *stage, int k, size_t i)
{
    return stage->element != NULL ? stage->element[(size_t)k * nn_shape_count(stage->in) + i]
                                  : stage->coef[k];
}

/* The largest number of values between two stages. */
static size_t widest(const nn_stages *s)
{
    size_t most = nn_shape_count(s->input);

    for (size_t k = 0; k < s->count; k++)
        if (nn_shape_count(s->stage[k].out) > most)
            most = nn_shape_count(s->stage[k].out);
    return most;
}

static void apply_stage(const nn_stage *stage, double *y, const double *x)
{
    if (stage->kind == NN_STAGE_AFFINE) {
        nn_affine_apply(&stage->affine, y, x);
        return;
    }
    for (size_t i = 0; i < nn_shape_count(stage->in); i++) {
        double v = nn_stage_coef(stage, stage->degree, i);

        for (int k = stage->degree; k-- > 0;)
            v = v * x[i] + nn_stage_coef(stage, k, i);
        y[i] = v;
    }
}

nn_status nn_stages_apply(const nn_stages *s, double *out, double *peak, const double *in)
{
    size_t width = widest(s);
    double *x = malloc(width * sizeof *x), *y = malloc(width * sizeof *y);
    nn_status st = x != NULL && y != NULL ? NN_OK : NN_ERR_MEMORY;

    if (st == NN_OK) {
        memcpy(x, in, nn_shape_count(s->input) * sizeof *x);
        for (size_t k = 0; k < s->count; k++) {
            double *swap = x;

            apply_stage(&s->stage[k], y, x);
            for (size_t i = 0; peak != NULL && i < nn_shape_count(s->stage[k].out); i++)
                if (fabs(y[i]) > peak[k])
                    peak[k] = fabs(y[i]);
            x = y;
            y = swap;
        }
        memcpy(out, x, nn_stages_output_count(s) * sizeof *x);
    }
    free(x);
    free(y);
    return st;
}

/* ---- intervals ---- */

static void bound_affine(const nn_affine *a, double *lo, double *hi, const double *from_lo,
                         const double *from_hi)
{
    for (size_t i = 0; i < a->rows; i++) {
        lo[i] = hi[i] = a->bias[i];
        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++) {
            double v = a->value[e], u = v * from_lo[a->col[e]], w = v * from_hi[a->col[e]];

            lo[i] += v > 0 ? u : w;
            hi[i] += v > 0 ? w : u;
        }
    }
}

/* Around the middle m of [lo, hi], p(m + t) = sum c_k t^k with |t| <= r: an odd power lies in
 * [-r^k, r^k], an even one in [0, r^k]. */
static void bound_poly(const nn_stage *stage, size_t i, double *lo, double *hi)
{
    double c[NN_DEGREE_MAX + 1] = {0}, m = (*lo + *hi) / 2, r = (*hi - *lo) / 2, power = 1;
    int d = stage->degree;

    for (int k = 0; k <= d; k++)
        c[k] = nn_stage_coef(stage, k, i);
    for (int k = 0; k < d; k++) /* Taylor shift by repeated synthetic division */
        for (int n = d; n-- > k;)
            c[n] += m * c[n + 1];
    *lo = *hi = c[0];
    for (int k = 1; k <= d; k++) {
        power *= r;
        double v = c[k] * power;
        *lo -= k % 2 == 1 ? fabs(v) : v < 0 ? -v : 0;
        *hi += k % 2 == 1 ? fabs(v) : v > 0 ? v : 0;
    }
}

/* The largest magnitude; a measured range narrows the interval and is narrowed by it. */
static void settle(nn_stage *stage, double *lo, double *hi)
{
    double largest = 0;

    for (size_t i = 0; i < nn_shape_count(stage->out); i++) {
        if (stage->measured) {
            lo[i] = fmin(fmax(lo[i], -stage->range), stage->range);
            hi[i] = fmin(fmax(hi[i], -stage->range), stage->range);
        }
        largest = fmax(largest, fmax(-lo[i], hi[i]));
    }
    if (!stage->measured || largest < stage->range)
        stage->range = largest > 0 ? largest : 1.0; /* all zero: any bound is true */
}

nn_status nn_stages_bound(nn_stages *s, char *why, size_t why_size)
{
    size_t width = widest(s);
    double *room = malloc(4 * width * sizeof *room);

    if (room == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while bounding ranges");
    double *lo = room, *hi = room + width, *next_lo = room + 2 * width, *next_hi = room + 3 * width;
    nn_status st = NN_OK;
    for (size_t i = 0; i < nn_shape_count(s->input); i++) {
        lo[i] = s->input_lo;
        hi[i] = s->input_hi;
    }
    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        nn_stage *stage = &s->stage[k];

        if (stage->kind == NN_STAGE_AFFINE) {
            double *swap_lo = lo, *swap_hi = hi;
            bound_affine(&stage->affine, next_lo, next_hi, lo, hi);
            lo = next_lo;
            hi = next_hi;
            next_lo = swap_lo;
            next_hi = swap_hi;
        } else {
            for (size_t i = 0; i < nn_shape_count(stage->in); i++)
                bound_poly(stage, i, &lo[i], &hi[i]);
        }
        settle(stage, lo, hi);
        if (!isfinite(stage->range))
            st = nn_why(why, why_size, NN_ERR_RANGE, "the values after '%s' have no finite bound",
                        stage->name);
    }
    free(room);
    return st;
}
