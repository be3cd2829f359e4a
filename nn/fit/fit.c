/* Values and metadata of fits, see nn/fit/fit.h; their text is in nn/fit/fit_text.c. */

#include "nn/fit/fit.h"

#include <math.h>
#include <stdio.h>

#include "nn/base/why.h"
#include "nn/fit/project.h"
#include "nn/graph/graph_data.h"

enum { GRID = 4096, OCTAVES = 40, PER_OCTAVE = 64 };

static int poly_is_valid(const nn_fit_poly *p)
{
    if (p->degree < 1 || p->degree > NN_FIT_DEGREE_MAX)
        return 0;
    for (int k = 0; k <= p->degree; k++)
        if (!isfinite(p->coef[k]))
            return 0;
    return 1;
}

int nn_fit_is_valid(const nn_fit *fit)
{
    double base, bend;

    if ((fit->kind != NN_FIT_POLY && fit->kind != NN_FIT_SIGN) || !nn_activation_is_valid(&fit->f))
        return 0;
    if (!isfinite(fit->lo) || !isfinite(fit->hi) || !isfinite(fit->hi - fit->lo) ||
        !(fit->lo < fit->hi) || !isfinite(fit->error) || fit->error < 0)
        return 0;
    if (fit->count < 1 || fit->count > (fit->kind == NN_FIT_POLY ? 1 : NN_FIT_POLYS_MAX))
        return 0;
    if (fit->kind == NN_FIT_SIGN &&
        (fit->lo != -fit->hi || !nn_activation_bend(&fit->f, &base, &bend)))
        return 0;
    for (int k = 0; k < fit->count; k++)
        if (!poly_is_valid(&fit->poly[k]))
            return 0;
    return 1;
}

double nn_fit_chebyshev(const nn_fit_poly *p, double t)
{
    return nn_project_value(p->coef, p->degree, t);
}

double nn_fit_composed(const nn_fit *fit, double x)
{
    double t = (2 * x - fit->lo - fit->hi) / (fit->hi - fit->lo);

    for (int k = 0; k < fit->count; k++)
        t = nn_fit_chebyshev(&fit->poly[k], t);
    return t;
}

double nn_fit_value(const nn_fit *fit, double x)
{
    double base = 0, bend = 0, s = nn_fit_composed(fit, x);

    if (fit->kind == NN_FIT_POLY)
        return s;
    (void)nn_activation_bend(&fit->f, &base, &bend); /* a valid fit's function has one */
    return base * x + bend * x * s;
}

/* Levels of one polynomial. The leading coefficient of degree 2, 4 or 8 can move into the
 * neighbours, which leaves log2(degree) squarings; other ones take ceil(log2(degree + 1)). */
static int poly_depth(int degree, int monic)
{
    int depth = 0;

    for (int reach = 1; reach < degree + 1; reach *= 2)
        depth++;
    return monic && (degree == 2 || degree == 4 || degree == 8) ? depth - 1 : depth;
}

int nn_fit_depth(const nn_fit *fit)
{
    int depth = fit->kind == NN_FIT_SIGN;

    for (int k = 0; k < fit->count; k++)
        depth += poly_depth(fit->poly[k].degree, fit->kind == NN_FIT_POLY);
    return depth;
}

static double error_at(const nn_fit *fit, double x)
{
    return fabs(nn_fit_value(fit, x) - nn_activation_value(&fit->f, x));
}

double nn_fit_measure(const nn_fit *fit)
{
    double worst = 0, reach = fmax(fabs(fit->lo), fabs(fit->hi));

    for (int i = 0; i <= GRID; i++)
        worst = fmax(worst, error_at(fit, fit->lo + (fit->hi - fit->lo) * i / GRID));
    for (int i = 0; i < (fit->kind == NN_FIT_SIGN ? OCTAVES * PER_OCTAVE : 0); i++) {
        double x = reach * exp2(-(double)i / PER_OCTAVE);
        worst = fmax(worst, fmax(error_at(fit, x), error_at(fit, -x)));
    }
    return worst;
}

/* The key of a value in the metadata; a value's name has at most NN_GRAPH_NAME_MAX characters. */
static void write_key(char key[NN_GRAPH_NAME_MAX + 32], const char *value)
{
    (void)snprintf(key, NN_GRAPH_NAME_MAX + 32, "unseen.fit.%s", value);
}

nn_status nn_fit_get(nn_fit *fit, int *found, const nn_graph *g, const char *value, char *why,
                     size_t why_size)
{
    char key[NN_GRAPH_NAME_MAX + 32], reason[160] = "";

    *found = 0;
    write_key(key, value);
    const char *text = nn_graph_meta_get(g, key);
    if (text == NULL)
        return NN_OK;
    nn_status st = nn_fit_parse(fit, text, reason, sizeof reason);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "metadata '%.120s': %s", key, reason);
    *found = 1;
    return NN_OK;
}

nn_status nn_fit_set(nn_graph *g, const char *value, const nn_fit *fit)
{
    char key[NN_GRAPH_NAME_MAX + 32], text[NN_FIT_TEXT];

    write_key(key, value);
    (void)nn_fit_print(text, sizeof text, fit);
    return nn_graph_meta(g, key, text);
}
