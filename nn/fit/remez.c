/* Remez's exchange, see nn/fit/remez.h.
 *
 * With m basis elements, m + 1 reference points t_0 < t_1 < ... determine the polynomial p and the
 * level h with p(t_i) + (-1)^i h = f(t_i). |h| is a lower bound of the least possible error, the
 * largest error of p an upper one; each round moves the points to the peaks of the error until both
 * meet. */

#include "nn/fit/remez.h"

#include <math.h>
#include <string.h>

#include "nn/fit/project.h"

enum {
    UNKNOWNS = NN_REMEZ_DEGREE_MAX + 2, /* coefficients and the level */
    PER_UNKNOWN = 24,                   /* grid points for each unknown in an interval */
    GRID = UNKNOWNS * PER_UNKNOWN * NN_REMEZ_INTERVALS_MAX,
    ROUNDS = 100,
    GOLDEN = 48 /* steps of a search: 0.618^48 = 1e-10 of two grid cells */
};

static const double settled = 1e-9, rounding = 2e-14, hidden = 1e-12;

typedef struct state {
    const nn_remez_problem *problem;
    int m; /* basis elements */
    double coef[UNKNOWNS], level;
    double at[UNKNOWNS]; /* m + 1 reference points, ascending */
    double grid[GRID];
    int per_interval;
    /* What a scan found: peaks of alternating sign, ascending. */
    double peak[GRID], height[GRID];
    int peaks;
    double largest, where, scale; /* of |error|; scale: of |f| */
} state;

static int index_of(const state *s, int k)
{
    return s->problem->basis == NN_REMEZ_ALL ? k : 2 * k + (s->problem->basis == NN_REMEZ_ODD);
}

static double error_at(const state *s, double t)
{
    return s->problem->f(s->problem->user, t) - nn_project_value(s->coef, s->problem->degree, t);
}

/* Chebyshev's polynomials of the basis at t. */
static void row(const state *s, double *out, double t)
{
    double angle = acos(fmin(fmax(t, -1), 1));
    for (int k = 0; k < s->m; k++)
        out[k] = cos(index_of(s, k) * angle);
}

/* Solve for the coefficients and the level by elimination with row pivots. Returns 0 when that is
 * impossible. */
static int solve(state *s)
{
    const int n = s->m + 1;
    double a[UNKNOWNS][UNKNOWNS + 1];

    for (int i = 0; i < n; i++) {
        row(s, a[i], s->at[i]);
        a[i][s->m] = i % 2 == 0 ? 1 : -1;
        a[i][n] = s->problem->f(s->problem->user, s->at[i]);
    }
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i][k]) > fabs(a[pivot][k]))
                pivot = i;
        if (!(fabs(a[pivot][k]) > 1e-300))
            return 0;
        for (int j = k; j <= n && pivot != k; j++) {
            double swap = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = swap;
        }
        for (int i = k + 1; i < n; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j <= n; j++)
                a[i][j] -= factor * a[k][j];
        }
    }
    memset(s->coef, 0, sizeof s->coef);
    for (int k = n; k-- > 0;) {
        for (int j = k + 1; j < n; j++)
            a[k][n] -= a[k][j] * a[j][n];
        a[k][n] /= a[k][k];
        if (!isfinite(a[k][n]))
            return 0;
        if (k < s->m)
            s->coef[index_of(s, k)] = a[k][n];
    }
    s->level = a[s->m][n];
    return 1;
}

/* Points of each interval, denser at its ends, where peaks are. */
static void make_grid(state *s)
{
    s->per_interval = s->m * PER_UNKNOWN + 1;
    for (int i = 0; i < s->problem->intervals; i++) {
        const double *range = s->problem->interval[i];
        for (int k = 0; k < s->per_interval; k++)
            s->grid[i * s->per_interval + k] =
                (range[0] + range[1]) / 2 -
                (range[1] - range[0]) / 2 * cos(acos(-1.0) * k / (s->per_interval - 1));
    }
}

/* The share of an interval in the points that Chebyshev polynomials of all the range would have. */
static double share(const nn_remez_problem *p, int i)
{
    const double lo = p->interval[0][0], hi = p->interval[p->intervals - 1][1];
    const double scale = 2 / (hi - lo);

    return acos(fmax((p->interval[i][0] - lo) * scale - 1, -1)) -
           acos(fmin((p->interval[i][1] - lo) * scale - 1, 1));
}

/* The first reference: m + 1 of m + 2 points that lie in each interval as the peaks of a Chebyshev
 * polynomial do. All of m + 1 such points would lie symmetrically, where an even function forces
 * the level to 0. */
static void start(state *s)
{
    const int all = s->m + 2, intervals = s->problem->intervals;
    double sum = 0, before = 0;

    for (int i = 0; i < intervals; i++)
        sum += share(s->problem, i);
    for (int i = 0, done = 0; i < intervals; i++) {
        const double *range = s->problem->interval[i];

        before += share(s->problem, i);
        int first = done, end = i + 1 == intervals ? all : (int)lround(all * before / sum);
        for (; done < end && done < s->m + 1; done++)
            s->at[done] =
                (range[0] + range[1]) / 2 -
                (range[1] - range[0]) / 2 *
                    (end - first > 1 ? cos(acos(-1.0) * (done - first) / (end - first - 1)) : 0);
    }
}

/* Golden section for the largest sign * error between two grid points around a peak. */
static double climb(const state *s, double lo, double hi, double sign)
{
    const double ratio = 0.6180339887498949;
    double u = hi - ratio * (hi - lo), v = lo + ratio * (hi - lo);
    double fu = sign * error_at(s, u), fv = sign * error_at(s, v);

    for (int k = 0; k < GOLDEN; k++) {
        if (fu > fv) {
            hi = v;
            v = u;
            fv = fu;
            u = hi - ratio * (hi - lo);
            fu = sign * error_at(s, u);
        } else {
            lo = u;
            u = v;
            fu = fv;
            v = lo + ratio * (hi - lo);
            fv = sign * error_at(s, v);
        }
    }
    return fu > fv ? u : v;
}

/* The peak near grid point g, into the list: a new one, or in place of a lower one of its sign. */
static void offer(state *s, int g)
{
    const int cell = g % s->per_interval;
    double t = s->grid[g], height = error_at(s, t), sign = height < 0 ? -1 : 1;
    double lo = cell > 0 ? s->grid[g - 1] : t, hi = cell + 1 < s->per_interval ? s->grid[g + 1] : t;
    double better = climb(s, lo, hi, sign), there = error_at(s, better);

    if (sign * there > sign * height) {
        t = better;
        height = there;
    }
    if (s->peaks > 0 && s->height[s->peaks - 1] * height > 0) {
        if (fabs(height) <= fabs(s->height[s->peaks - 1]))
            return;
        s->peaks--;
    }
    s->peak[s->peaks] = t;
    s->height[s->peaks++] = height;
    if (fabs(height) > s->largest) {
        s->largest = fabs(height);
        s->where = t;
    }
}

/* Find the peaks of the error. Returns 0 when it is not finite. */
static int scan(state *s)
{
    const int n = s->per_interval, all = n * s->problem->intervals;
    double e[GRID];

    s->peaks = 0;
    s->largest = 0;
    for (int g = 0; g < all; g++) {
        e[g] = error_at(s, s->grid[g]);
        if (!isfinite(e[g]))
            return 0;
        s->scale = fmax(s->scale, fabs(s->problem->f(s->problem->user, s->grid[g])));
    }
    for (int g = 0; g < all; g++) {
        int first = g % n == 0, last = g % n == n - 1;
        if ((first || fabs(e[g]) >= fabs(e[g - 1]) || e[g] * e[g - 1] < 0) &&
            (last || fabs(e[g]) >= fabs(e[g + 1]) || e[g] * e[g + 1] < 0))
            offer(s, g);
    }
    return 1;
}

static void drop_peaks(state *s, int first, int number)
{
    s->peaks -= number;
    memmove(s->peak + first, s->peak + first + number,
            (size_t)(s->peaks - first) * sizeof *s->peak);
    memmove(s->height + first, s->height + first + number,
            (size_t)(s->peaks - first) * sizeof *s->height);
}

/* All points at once: the alternating peaks but the lowest, so that the error at every one of them
 * is at least |level|. A peak between others goes with its lower neighbour, so that signs still
 * alternate; the largest peak stays, for it is neither lowest nor the lower of two neighbours.
 * Returns 0, and leaves the points, where there are too few: what a polynomial meets exactly, as a
 * line meets ReLU on one side, has peaks of rounding alone. */
static int exchange_all(state *s)
{
    while (s->peaks > s->m + 1) {
        const int last = s->peaks - 1;
        int low = 0;

        for (int k = 1; k <= last; k++)
            if (fabs(s->height[k]) < fabs(s->height[low]))
                low = k;
        if (low == 0 || low == last)
            drop_peaks(s, low, 1);
        else if (s->peaks == s->m + 2)
            drop_peaks(s, fabs(s->height[0]) < fabs(s->height[last]) ? 0 : last, 1);
        else
            drop_peaks(s, fabs(s->height[low - 1]) < fabs(s->height[low + 1]) ? low - 1 : low, 2);
    }
    if (s->peaks <= s->m)
        return 0;
    for (int k = 0; k < s->peaks; k++)
        if (fabs(s->height[k]) <= rounding * s->scale)
            return 0;
    memcpy(s->at, s->peak, (size_t)(s->m + 1) * sizeof *s->at);
    return 1;
}

/* One point: the largest peak takes the place of a neighbour with the same sign of the error, or of
 * the point at the other end. */
static void exchange_one(state *s)
{
    const int n = s->m + 1;
    double t = s->where, sign = error_at(s, t);
    int k = 0;

    while (k < n && s->at[k] < t)
        k++;
    if (k > 0 && error_at(s, s->at[k - 1]) * sign > 0) {
        s->at[k - 1] = t;
    } else if (k < n && error_at(s, s->at[k]) * sign > 0) {
        s->at[k] = t;
    } else if (k == 0) {
        memmove(s->at + 1, s->at, (size_t)(n - 1) * sizeof *s->at);
        s->at[0] = t;
    } else {
        memmove(s->at, s->at + 1, (size_t)(n - 1) * sizeof *s->at);
        s->at[n - 1] = t;
    }
}

static int is_sound(const nn_remez_problem *p)
{
    double before = p->basis == NN_REMEZ_ALL ? -1 : 0;

    if (p->degree < 1 || p->degree > NN_REMEZ_DEGREE_MAX || p->intervals < 1 ||
        p->intervals > NN_REMEZ_INTERVALS_MAX)
        return 0;
    for (int i = 0; i < p->intervals; i++) {
        if (!(p->interval[i][0] >= before && p->interval[i][0] < p->interval[i][1] &&
              p->interval[i][1] <= 1))
            return 0;
        before = p->interval[i][1];
    }
    return 1;
}

nn_status nn_remez(double *coef, double *error, const nn_remez_problem *problem)
{
    state s = {.problem = problem, .largest = HUGE_VAL};
    double best = HUGE_VAL, kept[UNKNOWNS] = {0};

    if (!is_sound(problem))
        return NN_ERR_ARG;
    s.m = problem->basis == NN_REMEZ_ALL   ? problem->degree + 1
          : problem->basis == NN_REMEZ_ODD ? (problem->degree + 1) / 2
                                           : problem->degree / 2 + 1;
    make_grid(&s);
    start(&s);
    for (int round = 0; round < ROUNDS; round++) {
        if (!solve(&s) || !scan(&s))
            break;
        if (s.largest < best) {
            best = s.largest;
            memcpy(kept, s.coef, sizeof kept);
        }
        if (s.largest <= fabs(s.level) * (1 + settled) + rounding * s.scale)
            break;
        if (!exchange_all(&s))
            exchange_one(&s);
    }
    /* |level| bounds the least error from below, whatever the reference. Where it is lost in
     * rounding, so are the places of the peaks, and what was found must do. */
    if (!(best <= fabs(s.level) * (1 + 1e-6) + 50 * rounding * s.scale) &&
        !(fabs(s.level) <= hidden * s.scale && best <= 1e-6 * s.scale))
        return NN_ERR_RANGE;
    memcpy(coef, kept, (size_t)(problem->degree + 1) * sizeof *coef);
    *error = best;
    return NN_OK;
}
