/* Composite minimax sign, see nn/fit/sign.h. */

#include "nn/fit/sign.h"

#include <math.h>
#include <string.h>

#include "nn/fit/project.h"
#include "nn/fit/remez.h"

enum {
    OCTAVES = 30, /* of the grid on which errors are measured: 2^-30 .. 1 */
    PER_OCTAVE = 48,
    NARROW = 24 /* steps of the search for a threshold: 0.618^24 = 1e-5 */
};

/* Depths 2..5 and what they buy: the largest odd degree, and its products by Paterson and
 * Stockmeyer's method. */
enum { KINDS = 4 };
static const int kind_degree[KINDS] = {3, 7, 15, 31}, kind_depth[KINDS] = {2, 3, 4, 5};
static const int kind_products[KINDS] = {2, 4, 7, 10};

static double one(const void *user, double t)
{
    (void)user;
    (void)t;
    return 1;
}

static double value_at(const nn_sign *s, double t)
{
    for (int k = 0; k < s->count; k++)
        t = nn_fit_chebyshev(&s->poly[k], t);
    return t;
}

static void measure(nn_sign *s)
{
    s->error = s->bend = 0;
    for (int i = 0; i <= OCTAVES * PER_OCTAVE; i++) {
        double t = exp2(-(double)i / PER_OCTAVE), e = fabs(value_at(s, t) - 1);

        s->bend = fmax(s->bend, t * e);
        if (t >= s->threshold)
            s->error = fmax(s->error, e);
    }
    s->error = fmax(s->error, fabs(value_at(s, s->threshold) - 1));
}

nn_status nn_sign_compose(nn_sign *s, const int *degree, int count, double threshold)
{
    nn_sign made = {.count = count, .threshold = threshold};
    nn_remez_problem p = {.f = one, .intervals = 1, .basis = NN_REMEZ_ODD};
    double low = threshold, high = 1;

    if (count < 1 || count > NN_FIT_POLYS_MAX || !(threshold > 0 && threshold < 1))
        return NN_ERR_ARG;
    for (int k = 0; k < count; k++) {
        double error, top;

        if (degree[k] < 3 || degree[k] > NN_FIT_DEGREE_MAX || degree[k] % 2 == 0)
            return NN_ERR_ARG;
        p.degree = degree[k];
        p.interval[0][0] = low;
        p.interval[0][1] = high;
        nn_status st = nn_remez(made.poly[k].coef, &error, &p);
        if (st != NN_OK)
            return st;
        made.poly[k].degree = degree[k];
        top = k + 1 < count ? 1 + error : 1;
        for (int i = 0; i <= degree[k]; i++)
            made.poly[k].coef[i] /= top;
        low = (1 - error) / top;
        high = fmin((1 + error) / top, 1);
        /* So near to 1 already that the next polynomial has nothing left to do but rounding. */
        if (k + 1 < count && high - low < 1e-9)
            return NN_ERR_RANGE;
    }
    measure(&made);
    *s = made;
    return NN_OK;
}

/* Golden section over the logarithm of the threshold: with a smaller one the error beyond it grows,
 * with a larger one the undecided part. A composition that cannot be made counts as useless. */
nn_status nn_sign_balance(nn_sign *s, const int *degree, int count)
{
    const double ratio = 0.6180339887498949;
    double lo = -OCTAVES * 0.69, hi = -0.35;
    nn_sign best = {.bend = HUGE_VAL}, now;

    for (int k = 0; k < NARROW; k++) {
        double u = hi - ratio * (hi - lo), v = lo + ratio * (hi - lo), bend[2];
        for (int side = 0; side < 2; side++) {
            nn_status st = nn_sign_compose(&now, degree, count, exp(side == 0 ? u : v));
            if (st == NN_ERR_ARG)
                return st;
            bend[side] = st == NN_OK ? now.bend : HUGE_VAL;
            if (bend[side] < best.bend)
                best = now;
        }
        /* Too large a threshold is where compositions fail. */
        if (bend[0] < bend[1] || !isfinite(bend[1]))
            hi = v;
        else
            lo = u;
    }
    if (!isfinite(best.bend))
        return NN_ERR_RANGE;
    *s = best;
    return NN_OK;
}

/* Whether a composition reaches the bound: the undecided part errs by less than the threshold. */
static int reaches(nn_sign *s, const int *degree, int count, double bend)
{
    for (double threshold = bend; threshold < 0.9; threshold *= 1.25) {
        if (nn_sign_compose(s, degree, count, threshold) != NN_OK)
            return 0;
        if (s->bend <= bend)
            return 1;
        if (s->error <= bend)
            return 0; /* what is too much lies below the threshold already */
    }
    return 0;
}

/* The next list of kinds in ascending order, counting up; returns 0 behind the last. */
static int advance(int *kind, int *count)
{
    int k = *count - 1;

    while (k >= 0 && kind[k] == KINDS - 1)
        k--;
    if (k < 0) {
        (*count)++;
        memset(kind, 0, (size_t)NN_FIT_POLYS_MAX * sizeof *kind);
        return *count <= NN_FIT_POLYS_MAX;
    }
    kind[k]++;
    for (int i = k + 1; i < *count; i++)
        kind[i] = kind[k];
    return 1;
}

/* The cheapest composition of exactly one depth. Returns 1 when one reaches the bound. */
static int choose_at(nn_sign *best, int *best_degree, double bend, int depth)
{
    int kind[NN_FIT_POLYS_MAX] = {0}, count = 1, least = 0;

    do {
        int degree[NN_FIT_POLYS_MAX], sum = 0, products = 0;
        nn_sign s;

        for (int k = 0; k < count; k++) {
            degree[k] = kind_degree[kind[k]];
            sum += kind_depth[kind[k]];
            products += kind_products[kind[k]];
        }
        if (sum != depth || (least > 0 && products >= least) || !reaches(&s, degree, count, bend))
            continue;
        least = products;
        *best = s;
        memcpy(best_degree, degree, sizeof degree);
    } while (advance(kind, &count));
    return least > 0;
}

nn_status nn_sign_choose(nn_sign *s, double bend, int depth)
{
    int degree[NN_FIT_POLYS_MAX];
    nn_sign made;

    if (!(bend > 0))
        return NN_ERR_ARG;
    for (int d = kind_depth[0]; d <= depth; d++) {
        if (choose_at(&made, degree, bend, d)) {
            /* The depth may carry more than was asked for. */
            nn_sign better;
            if (nn_sign_balance(&better, degree, made.count) == NN_OK && better.bend < made.bend)
                made = better;
            *s = made;
            return NN_OK;
        }
    }
    return NN_ERR_RANGE;
}
