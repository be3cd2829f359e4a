/* Unit times from measured operations: every formula of nn/slots/cost.h is linear in them, so its
 * value at a table that is zero but for one unit is that unit's coefficient. Householder's
 * reduction solves the least squares; a unit that would come out below a floor is held there and
 * left out. */
#include <math.h>
#include <stddef.h>

#include "nn/slots/cost.h"

enum { UNITS = 8, SAMPLES_MAX = 64 };

static const double unit_min_ns = 0.01;

static double *unit(nn_costs *c, int u)
{
    double *const list[UNITS] = {&c->forward_ns,    &c->inverse_ns, &c->key_cached_ns,
                                 &c->key_memory_ns, &c->pair_ns,    &c->scalar_ns,
                                 &c->convert_ns,    &c->pass_ns};
    return list[u];
}

/* The time that a table foretells for a sample; no prices. */
static double foretell(const nn_costs *c, const nn_cost_sample *s)
{
    nn_costs table = *c;
    nn_cost_at at = {&table, s->log_n, s->limbs, s->special, s->alpha, 0.0};
    table.key_ms_per_mib = 0.0;
    if (s->cached)
        table.key_memory_ns = table.key_cached_ns;
    switch (s->operation) {
    case NN_COST_ADD:
        return nn_cost_add(&at);
    case NN_COST_ENCODE:
        return nn_cost_encode(&at);
    case NN_COST_RESCALE:
        return nn_cost_rescale(&at, s->limbs, 1);
    case NN_COST_ROTATE:
        return nn_cost_switch(&at, 0);
    case NN_COST_SUMS:
        return nn_cost_sums(&at, s->diagonals);
    case NN_COST_SQUARE:
        return nn_cost_square(&at, 1);
    default:
        return nn_cost_base(&at, s->babies, 0) + s->babies * nn_cost_baby(&at) +
               s->giants * nn_cost_giant(&at, 0) + s->diagonals * nn_cost_diagonal(&at);
    }
}

/* Solve the columns that are free; x of the others stays. 0 when the columns depend on each other.
 */
static int solve(double x[UNITS], double a[SAMPLES_MAX][UNITS + 1], size_t count, const int *free)
{
    int order[UNITS], n = 0;
    for (int u = 0; u < UNITS; u++)
        if (free[u])
            order[n++] = u;
    for (int k = 0; k < n; k++) {
        int c = order[k];
        double norm = 0.0;
        for (size_t r = (size_t)k; r < count; r++)
            norm += a[r][c] * a[r][c];
        norm = a[k][c] > 0.0 ? -sqrt(norm) : sqrt(norm);
        if (fabs(norm) < 1e-9)
            return 0;
        /* v = column - norm e_k; every column behind loses 2 v (v . column) / (v . v). */
        double v[SAMPLES_MAX], square = 0.0;
        for (size_t r = (size_t)k; r < count; r++) {
            v[r] = a[r][c] - (r == (size_t)k ? norm : 0.0);
            square += v[r] * v[r];
        }
        for (int j = k; j <= n; j++) {
            int other = j < n ? order[j] : UNITS;
            double dot = 0.0;
            for (size_t r = (size_t)k; r < count; r++)
                dot += v[r] * a[r][other];
            for (size_t r = (size_t)k; r < count; r++)
                a[r][other] -= 2.0 * dot / square * v[r];
        }
    }
    for (int k = n; k-- > 0;) {
        double sum = a[k][UNITS];
        for (int j = k + 1; j < n; j++)
            sum -= a[k][order[j]] * x[order[j]];
        x[order[k]] = sum / a[k][order[k]];
    }
    return 1;
}

/* Rows are divided by the measured time, so that relative errors are least. */
static int fit(double x[UNITS], const nn_cost_sample *sample, size_t count, const int *free)
{
    double a[SAMPLES_MAX][UNITS + 1];
    for (size_t r = 0; r < count; r++) {
        a[r][UNITS] = 1.0;
        for (int u = 0; u < UNITS; u++) {
            nn_costs one = {.kernel = ""};
            *unit(&one, u) = 1.0;
            a[r][u] = foretell(&one, &sample[r]) / sample[r].ms;
            if (!free[u])
                a[r][UNITS] -= a[r][u] * x[u];
        }
    }
    return solve(x, a, count, free);
}

nn_status nn_costs_fit(nn_costs *costs, double *misfit, const nn_cost_sample *sample, size_t count)
{
    int free[UNITS] = {1, 1, 1, 1, 1, 1, 1, 1}, held = 1;
    double x[UNITS] = {0.0}, sum = 0.0;
    if (count < UNITS || count > SAMPLES_MAX)
        return NN_ERR_ARG;
    for (size_t r = 0; r < count; r++)
        if (!(sample[r].ms > 0.0) || !isfinite(sample[r].ms))
            return NN_ERR_ARG;
    while (held) {
        held = 0;
        if (!fit(x, sample, count, free))
            return NN_ERR_ARG;
        for (int u = 0; u < UNITS; u++) {
            if (!free[u] || x[u] >= unit_min_ns)
                continue;
            x[u] = unit_min_ns;
            free[u] = 0;
            held = 1;
        }
    }
    for (int u = 0; u < UNITS; u++)
        *unit(costs, u) = x[u];
    for (size_t r = 0; r < count; r++)
        sum += pow(foretell(costs, &sample[r]) / sample[r].ms - 1.0, 2.0);
    if (misfit != NULL)
        *misfit = sqrt(sum / (double)count);
    return NN_OK;
}
