/* A graph value as an elementwise polynomial, see nn/stages/symbol.h. */

#include "nn/stages/symbol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nn_symbol_identity(nn_symbol *s, size_t count)
{
    *s = (nn_symbol){.count = count, .degree = 1, .uniform = {0, 1}};
}

void nn_symbol_clear(nn_symbol *s)
{
    for (int k = 0; k <= NN_MONOMIAL_MAX; k++)
        free(s->element[k]);
    *s = (nn_symbol){.count = 0};
}

double nn_symbol_at(const nn_symbol *s, int k, size_t i)
{
    if (k > s->degree)
        return 0.0;
    return s->element[k] != NULL ? s->element[k][i] : s->uniform[k];
}

int nn_symbol_is_uniform(const nn_symbol *s)
{
    for (int k = 0; k <= s->degree; k++)
        if (s->element[k] != NULL)
            return 0;
    return 1;
}

int nn_symbol_is_identity(const nn_symbol *s)
{
    return s->degree == 1 && nn_symbol_is_uniform(s) && s->uniform[0] == 0.0 &&
           s->uniform[1] == 1.0;
}

/* Equal coefficients become one number, leading zeros go, numbers that are not finite are refused.
 */
static nn_status normalise(nn_symbol *s)
{
    for (int k = 0; k <= s->degree; k++) {
        double *e = s->element[k];
        int equal = 1;

        for (size_t i = 0; e != NULL && i < s->count; i++) {
            equal = equal && e[i] == e[0];
            if (!isfinite(e[i]))
                return NN_ERR_RANGE;
        }
        if (e != NULL && equal) {
            s->uniform[k] = e[0];
            free(e);
            s->element[k] = NULL;
        }
        if (!isfinite(s->uniform[k]))
            return NN_ERR_RANGE;
    }
    while (s->degree > 0 && s->element[s->degree] == NULL && s->uniform[s->degree] == 0.0)
        s->degree--;
    return NN_OK;
}

/* Finish an operation: the symbol in its normal form, or empty. */
static nn_status finish(nn_symbol *s, nn_status st)
{
    if (st == NN_OK)
        st = normalise(s);
    if (st != NN_OK)
        nn_symbol_clear(s);
    return st;
}

nn_status nn_symbol_constant(nn_symbol *s, const nn_tensor *t, const nn_dims *dims)
{
    nn_dims joined;
    size_t count;

    *s = (nn_symbol){.count = 0};
    if (nn_dims_broadcast(&joined, dims, &t->dims) != NN_OK || !nn_dims_equal(&joined, dims) ||
        nn_dims_count(dims, &count) != NN_OK || count == 0)
        return NN_ERR_SHAPE;
    s->count = count;
    s->element[0] = malloc(count * sizeof *s->element[0]);
    if (s->element[0] == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, from = 0, stride = 1;

        for (size_t k = 1; k <= t->dims.rank; k++) {
            size_t size = t->dims.dim[t->dims.rank - k], outer = dims->dim[dims->rank - k];
            if (size != 1)
                from += rest % outer * stride;
            rest /= outer;
            stride *= size;
        }
        s->element[0][i] = t->value != NULL ? (double)t->value[from] : (double)t->number[from];
    }
    return finish(s, NN_OK);
}

nn_status nn_symbol_copy(nn_symbol *s, const nn_symbol *from)
{
    nn_symbol zero = {.count = from->count};

    return nn_symbol_add(s, from, 0.0, &zero);
}

/* coef(k) += factor * x * y, where x and y are coefficients of symbols. */
static nn_status accumulate(nn_symbol *s, int k, double factor, const nn_symbol *x, int kx,
                            const nn_symbol *y, int ky)
{
    int per_element = x->element[kx] != NULL || (y != NULL && y->element[ky] != NULL);

    if (s->element[k] == NULL && !per_element) {
        s->uniform[k] += factor * x->uniform[kx] * (y != NULL ? y->uniform[ky] : 1.0);
        return NN_OK;
    }
    if (s->element[k] == NULL) {
        s->element[k] = malloc(s->count * sizeof *s->element[k]);
        if (s->element[k] == NULL)
            return NN_ERR_MEMORY;
        for (size_t i = 0; i < s->count; i++)
            s->element[k][i] = s->uniform[k];
        s->uniform[k] = 0.0;
    }
    for (size_t i = 0; i < s->count; i++)
        s->element[k][i] +=
            factor * nn_symbol_at(x, kx, i) * (y != NULL ? nn_symbol_at(y, ky, i) : 1.0);
    return NN_OK;
}

nn_status nn_symbol_add(nn_symbol *s, const nn_symbol *a, double factor, const nn_symbol *b)
{
    nn_status st = NN_OK;

    *s = (nn_symbol){.count = a->count, .degree = a->degree > b->degree ? a->degree : b->degree};
    for (int k = 0; k <= a->degree && st == NN_OK; k++)
        st = accumulate(s, k, 1.0, a, k, NULL, 0);
    for (int k = 0; k <= b->degree && st == NN_OK; k++)
        st = accumulate(s, k, factor, b, k, NULL, 0);
    return finish(s, st);
}

nn_status nn_symbol_multiply(nn_symbol *s, const nn_symbol *a, const nn_symbol *b)
{
    nn_status st = NN_OK;

    *s = (nn_symbol){.count = a->count};
    if (a->degree + b->degree > NN_MONOMIAL_MAX)
        return NN_ERR_UNSUPPORTED;
    s->degree = a->degree + b->degree;
    for (int k = 0; k <= a->degree; k++)
        for (int m = 0; m <= b->degree && st == NN_OK; m++)
            st = accumulate(s, k + m, 1.0, a, k, b, m);
    return finish(s, st);
}

nn_status nn_symbol_invert(nn_symbol *s, const nn_symbol *a)
{
    *s = (nn_symbol){.count = a->count};
    if (a->degree != 0)
        return NN_ERR_UNSUPPORTED;
    nn_status st = nn_symbol_copy(s, a);
    if (st != NN_OK)
        return st;
    s->uniform[0] = s->element[0] == NULL ? 1.0 / s->uniform[0] : 0.0;
    for (size_t i = 0; s->element[0] != NULL && i < s->count; i++)
        s->element[0][i] = 1.0 / s->element[0][i];
    return finish(s, NN_OK);
}
