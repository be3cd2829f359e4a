/* Gains, backwards from the output: with h[i] the mean square that a unit error in element i alone
 * leaves at the outputs, the gain of a point is sqrt(sum of h). See nn/levels/error.h. */
#include "nn/levels/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/levels/step.h"

/* Values of diagonals that are made for a look at the slots, and where a polynomial follows that
 * may grow without bound outside of the range that it was made for. */
enum { DIAGONALS_MAX = 1 << 21, DIAGONALS_CURVED_MAX = 1 << 24 };

/* A bound that a hundred thousand values keep is four deviations of one, where nothing is known of
 * their size. */
static const double deviations_in_range = 4.0;
/* Of a normal x: the mean of x^4 is 3 times the square of the mean of x^2, and so on. */
static const double moment[NN_MONOMIAL_MAX + 1] = {1.0,   1.0,   3.0,     15.0,     105.0,
                                                   945.0, 10395, 135135., 2027025.0};

/* ---- sizes */

/* p(x) and p'(x) of a Chebyshev series: T'_k = 2 T_{k-1} + 2 x T'_{k-1} - T'_{k-2}. */
static double chebyshev(const nn_stage *stage, double x, double *slope)
{
    double t = 1.0, next = x, dt = 0.0, dnext = 1.0, sum = stage->coef[0];
    *slope = 0.0;
    for (int k = 1; k <= stage->degree; k++) {
        double after = 2.0 * x * next - t, dafter = 2.0 * next + 2.0 * x * dnext - dt;
        sum += stage->coef[k] * next;
        *slope += stage->coef[k] * dnext;
        t = next;
        next = after;
        dt = dnext;
        dnext = dafter;
    }
    return sum;
}

/* Mean squares of a Chebyshev series and of its slope at a normal x of this size that stays within
 * [-1, 1]. */
static double chebyshev_mean(const nn_stage *stage, double size, double *slope_mean)
{
    enum { STEPS = 32 };
    double weights = 0.0, squares = 0.0, slopes = 0.0;
    for (int j = -STEPS; j <= STEPS; j++) {
        double t = 4.0 * j / STEPS, weight = exp(-0.5 * t * t), slope = 0.0;
        double y = chebyshev(stage, fmax(-1.0, fmin(1.0, t * size)), &slope);
        weights += weight;
        squares += weight * y * y;
        slopes += weight * slope * slope;
    }
    *slope_mean = slopes / weights;
    return squares / weights;
}

static double polynomial_size(const nn_stage *stage, double x)
{
    double power = 0.0, slope = 0.0;
    if (stage->basis == CKKS_BASIS_CHEBYSHEV)
        return sqrt(chebyshev_mean(stage, x, &slope));
    /* The largest term stands for all. */
    for (int d = 0; d <= stage->degree; d++)
        power = fmax(power, fabs(stage->coef[d]) * pow(x, d) * sqrt(moment[d]));
    return power;
}

static double affine_size(const nn_stage *stage)
{
    return stage->range / (stage->spread > 0 ? stage->spread : deviations_in_range);
}

void nn_error_sizes(nn_error_point *point, const nn_stages *s)
{
    point[0].size = fmax(fabs(s->input_lo), fabs(s->input_hi)) / 2.0;
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];
        double x = point[stage->input[0]].size;
        if (stage->kind == NN_STAGE_AFFINE)
            point[k + 1].size = affine_size(stage);
        else if (stage->kind == NN_STAGE_PRODUCT)
            point[k + 1].size = fmin(x * point[stage->input[1]].size, stage->range);
        else
            point[k + 1].size = fmin(polynomial_size(stage, x), stage->range);
    }
}

/* ---- gains */

/* Mean square of the slope of a polynomial at a normal x of this size, by its terms. */
static double slope_square(const nn_stage *stage, double size)
{
    double sum = 0.0;
    if (stage->basis == CKKS_BASIS_CHEBYSHEV) {
        (void)chebyshev_mean(stage, size, &sum);
        return sum;
    }
    for (int d = 1; d <= stage->degree; d++)
        sum += pow(d * stage->coef[d] * pow(size, d - 1), 2.0) * moment[d - 1];
    return sum;
}

static double square(double x)
{
    return x * x;
}

/* Add what errors of a stage's inputs leave by way of this stage; h[v] belongs to value v. */
static void backwards(double **h, const nn_stages *s, size_t k, const nn_error_point *point)
{
    const nn_stage *stage = &s->stage[k];
    const double *behind = h[k + 1];
    size_t width = nn_stages_width(s, k + 1);
    for (size_t i = 0; i < stage->input_count; i++) {
        const nn_affine *a = &stage->affine[i];
        double *before = h[stage->input[i]], slope = 0.0;
        if (stage->kind == NN_STAGE_POLY)
            slope = slope_square(stage, point[stage->input[0]].size);
        else if (stage->kind == NN_STAGE_PRODUCT)
            slope = square(point[stage->input[1 - i]].size);
        for (size_t o = 0; o < width && stage->kind != NN_STAGE_AFFINE; o++)
            before[o] += slope * behind[o];
        for (size_t o = 0; stage->kind == NN_STAGE_AFFINE && o < a->rows; o++)
            for (size_t e = a->row_start[o]; e < a->row_start[o + 1]; e++)
                before[a->col[e]] += square(a->value[e]) * behind[o];
    }
}

double nn_error_growth(const nn_stages *s, size_t k, size_t i, const nn_error_point *point)
{
    const nn_stage *stage = &s->stage[k];
    const nn_affine *a = &stage->affine[i];
    double sum = 0.0;
    if (stage->kind == NN_STAGE_PRODUCT)
        return point[stage->input[1 - i]].size;
    if (stage->kind == NN_STAGE_POLY)
        return sqrt(slope_square(stage, point[stage->input[0]].size));
    for (size_t e = 0; e < nn_affine_nonzeros(a); e++)
        sum += square(a->value[e]);
    return sqrt(sum / (double)(a->rows > 0 ? a->rows : 1));
}

nn_status nn_error_gains(nn_error_point *point, const nn_stages *s)
{
    size_t outputs = nn_stages_output_count(s), total = 0;
    for (size_t v = 0; v <= s->count; v++)
        total += nn_stages_width(s, v);
    double *room = calloc(total, sizeof *room), **h = calloc(s->count + 1, sizeof *h);
    if (room == NULL || h == NULL) {
        free(room);
        free(h);
        return NN_ERR_MEMORY;
    }
    nn_error_sizes(point, s);
    for (size_t v = 0; v <= s->count; v++)
        point[v].slot = point[v].size;
    h[0] = room;
    for (size_t v = 1; v <= s->count; v++)
        h[v] = h[v - 1] + nn_stages_width(s, v - 1);
    for (size_t o = 0; o < outputs; o++)
        h[s->count][o] = 1.0 / (double)outputs;
    for (size_t v = s->count + 1; v-- > 0;) {
        double sum = 0.0;
        for (size_t i = 0; i < nn_stages_width(s, v); i++)
            sum += h[v][i];
        point[v].gain = sqrt(sum);
        if (v > 0)
            backwards(h, s, v - 1, point);
    }
    point[s->count].gain = 1.0;
    free(room);
    free(h);
    return NN_OK;
}

/* ---- clear slots */

typedef struct slots {
    const nn_stages *stages;
    const nn_arrangement *a;
    double **x; /* per value all slots of all its parts; NULL before and after it is needed */
} slots;

static size_t slots_of(const slots *s, size_t value)
{
    return s->a->layout[value].parts * s->a->slots;
}

/* The first replica of every element; 0 for elements that no matrix reads and that have no slot. */
static void gather(const nn_layout *l, double *value, const double *slot, size_t images, size_t m)
{
    for (size_t e = 0; e < l->count; e++)
        value[e] = nn_layout_copies(l, e) > 0 ? slot[images * nn_layout_place(l, e) + m] : 0.0;
}

/* y += the part of an affine stage's output that comes from one input, without folds: nothing but
 * elements, so the matrix gives it. */
static nn_status add_values(slots *s, size_t k, size_t input, double *y)
{
    const nn_stage *stage = &s->stages->stage[k];
    const nn_affine *a = &stage->affine[input];
    const nn_layout *in = &s->a->layout[stage->input[input]], *out = &s->a->layout[k + 1];
    size_t room = slots_of(s, k + 1);
    double *value = malloc((a->cols + a->rows + room) * sizeof *value), *sum = value + a->cols;
    double *image = sum + a->rows;
    if (value == NULL)
        return NN_ERR_MEMORY;
    memset(image, 0, room * sizeof *image);
    for (size_t m = 0; m < s->a->images; m++) {
        gather(in, value, s->x[stage->input[input]], s->a->images, m);
        nn_affine_apply(a, sum, value);
        nn_layout_spread(out, image, s->a->images, m, sum);
    }
    for (size_t j = 0; j < room; j++)
        y[j] += image[j];
    free(value);
    return NN_OK;
}

/* The same with folds, by diagonals. */
static nn_status add_diagonals(slots *s, size_t k, size_t input, double *y)
{
    const nn_stage *stage = &s->stages->stage[k];
    const nn_route *r = nn_arrangement_route(s->a, k, input);
    const nn_layout *in = &s->a->layout[stage->input[input]], *out = &s->a->layout[k + 1];
    const double *x = s->x[stage->input[input]], *bias = stage->affine[input].bias;
    size_t room = slots_of(s, k + 1), n = r->slots;
    double *sum = calloc(room + n, sizeof *sum), *diagonal = sum + room;
    nn_route_index index = {0};
    nn_status st = sum == NULL ? NN_ERR_MEMORY
                               : nn_route_index_find(&index, r, &stage->affine[input], in, out);
    for (int d = 0; d < r->entries && st == NN_OK; d++) {
        const double *from = x + r->entry_in[d] * n;
        size_t step = (size_t)r->step[r->entry_step[d]];
        nn_route_diagonal(&index, d, diagonal);
        for (size_t j = 0; j < n; j++)
            sum[r->entry_out[d] * n + j] += diagonal[j] * from[(j + step) % n];
    }
    for (size_t part = 0; part < r->out_parts && st == NN_OK; part++) {
        double *p = sum + part * n;
        for (int f = 0; f < r->fold_count; f++) {
            for (size_t j = 0; j < n; j++)
                diagonal[j] = p[j] + p[(j + (size_t)r->fold[f]) % n];
            memcpy(p, diagonal, n * sizeof *p);
        }
    }
    for (size_t j = 0; j < room && st == NN_OK; j++)
        y[j] += sum[j];
    if (st == NN_OK) {
        memset(sum, 0, room * sizeof *sum);
        for (size_t m = 0; m < s->a->images; m++)
            nn_layout_spread(out, sum, s->a->images, m, bias);
        for (size_t j = 0; j < room; j++)
            y[j] += sum[j];
    }
    nn_route_index_clear(&index);
    free(sum);
    return st;
}

/* Whether a value goes into a polynomial other than a square. */
static int is_curved(const nn_stages *s, size_t value)
{
    for (size_t k = value; k < s->count; k++)
        if (s->stage[k].kind == NN_STAGE_POLY && s->stage[k].input[0] == value &&
            !nn_stage_is_square(&s->stage[k]))
            return 1;
    return 0;
}

/* Whether the diagonals of a route with folds to stage k are few enough to be made. */
static int few(const slots *s, size_t k, const nn_route *r)
{
    size_t most = is_curved(s->stages, k + 1) ? DIAGONALS_CURVED_MAX : DIAGONALS_MAX;
    return (size_t)r->entries * r->slots <= most;
}

/* Folds leave sums of no meaning in slots without an element, about as large as those with one, and
 * as different from each other: where the diagonals are not made, random values of that size stand
 * there, about normal (the sum of four uniform numbers has deviation 1 / sqrt(3)). */
static void fill_empty(const slots *s, size_t value)
{
    double *x = s->x[value], sum = 0.0;
    size_t room = slots_of(s, value), full = 0;
    uint64_t random = value + 1;
    for (size_t j = 0; j < room; j++) {
        sum += x[j] * x[j];
        full += x[j] != 0.0;
    }
    double typical = sqrt(sum / (double)(full > 0 ? full : 1));
    for (size_t j = 0; j < room; j++) {
        double normal = -2.0;
        if (x[j] != 0.0)
            continue;
        for (int i = 0; i < 4; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            normal += ldexp((double)(random >> 32), -32);
        }
        x[j] = sqrt(3.0) * typical * normal;
    }
}

/* No image makes an element leave its range, so a made-up one may not either: what a polynomial
 * gives beyond it says nothing. */
static void keep_range(const slots *s, size_t value)
{
    const nn_layout *l = &s->a->layout[value];
    double range = nn_stages_range(s->stages, value);
    for (size_t i = 0; i < l->first[l->count]; i++)
        for (size_t m = 0; m < s->a->images; m++) {
            double *x = &s->x[value][s->a->images * l->slot[i] + m];
            *x = fmax(-range, fmin(range, *x));
        }
}

static double polynomial_at(const nn_stage *stage, double x)
{
    double slope = 0.0, y = stage->coef[stage->degree];
    if (stage->basis == CKKS_BASIS_CHEBYSHEV)
        return chebyshev(stage, x, &slope);
    for (int d = stage->degree; d-- > 0;)
        y = y * x + stage->coef[d];
    return y;
}

static nn_status stage_slots(slots *s, size_t k)
{
    const nn_stage *stage = &s->stages->stage[k];
    size_t room = slots_of(s, k + 1);
    double *y = s->x[k + 1] = calloc(room, sizeof *y);
    nn_status st = y != NULL ? NN_OK : NN_ERR_MEMORY;
    int folds = 0;
    for (size_t i = 0; stage->kind == NN_STAGE_AFFINE && i < stage->input_count && st == NN_OK;
         i++) {
        const nn_route *r = nn_arrangement_route(s->a, k, i);
        int made = r->fold_count > 0 && few(s, k, r);
        folds |= r->fold_count > 0 && !made;
        st = made ? add_diagonals(s, k, i, y) : add_values(s, k, i, y);
    }
    if (folds && st == NN_OK)
        fill_empty(s, k + 1);
    if (stage->kind == NN_STAGE_AFFINE || st != NN_OK)
        return st;
    const double *a = s->x[stage->input[0]], *b = s->x[stage->input[stage->input_count - 1]];
    for (size_t j = 0; j < room; j++)
        y[j] = stage->kind == NN_STAGE_PRODUCT ? a[j] * b[j] : polynomial_at(stage, a[j]);
    return NN_OK;
}

/* Free the values that stage k is the last to take. */
static void forget(slots *s, size_t k)
{
    for (size_t v = 0; v <= k; v++)
        if (s->x[v] != NULL && nn_stages_last_use(s->stages, v) <= k) {
            free(s->x[v]);
            s->x[v] = NULL;
        }
}

/* Raise the sizes of slots to those of one input. */
static nn_status walk_slots(nn_error_point *point, slots *s, const double *input)
{
    nn_status st = NN_OK;
    s->x[0] = calloc(slots_of(s, 0), sizeof **s->x);
    if (s->x[0] == NULL)
        return NN_ERR_MEMORY;
    for (size_t m = 0; m < s->a->images; m++)
        nn_layout_spread(&s->a->layout[0], s->x[0], s->a->images, m, input);
    for (size_t v = 0; v <= s->stages->count && st == NN_OK; v++) {
        double sum = 0.0;
        st = v > 0 ? stage_slots(s, v - 1) : NN_OK;
        if (st != NN_OK)
            break;
        keep_range(s, v);
        for (size_t j = 0; j < slots_of(s, v); j++)
            sum += s->x[v][j] * s->x[v][j];
        point[v].slot = fmax(point[v].slot, sqrt(sum / (double)slots_of(s, v)));
        if (v > 0)
            forget(s, v - 1);
    }
    for (size_t v = 0; v <= s->stages->count; v++) {
        free(s->x[v]);
        s->x[v] = NULL;
    }
    return st;
}

nn_status nn_error_slots(nn_error_point *point, const nn_stages *stages, const nn_arrangement *a)
{
    size_t inputs = nn_shape_count(stages->input);
    double lo = stages->input_lo, hi = stages->input_hi;
    double *input = malloc(inputs * sizeof *input);
    slots s = {stages, a, calloc(stages->count + 1, sizeof *s.x)};
    uint64_t random = 1;
    nn_status st = input != NULL && s.x != NULL ? NN_OK : NN_ERR_MEMORY;
    for (int kind = 0; kind < 2 && st == NN_OK; kind++) {
        for (size_t i = 0; i < inputs; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            input[i] = lo + (hi - lo) * (kind == 0 ? 0.5 : ldexp((double)(random >> 32), -32));
        }
        st = walk_slots(point, &s, input);
    }
    free(input);
    free(s.x);
    return st;
}
