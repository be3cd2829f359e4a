/* Dimensions and shapes, see nn/shape.h. */

#include "nn/shape.h"

#include <stdio.h>
#include <string.h>

nn_dims nn_dims_make(size_t rank, const size_t *dim)
{
    nn_dims d = {.rank = rank < NN_RANK_MAX ? rank : NN_RANK_MAX};

    for (size_t k = 0; k < d.rank; k++)
        d.dim[k] = dim[k];
    return d;
}

nn_status nn_dims_count(const nn_dims *d, size_t *count)
{
    size_t product = 1;
    int zero = 0;

    if (d->rank > NN_RANK_MAX)
        return NN_ERR_SHAPE;
    for (size_t k = 0; k < d->rank; k++) {
        if (d->dim[k] == 0) {
            zero = 1;
            continue;
        }
        /* product stays at most NN_ELEMENTS_MAX, so the product below never overflows. */
        if (d->dim[k] > (size_t)NN_ELEMENTS_MAX / product)
            return NN_ERR_SHAPE;
        product *= d->dim[k];
    }
    *count = zero ? 0 : product;
    return NN_OK;
}

int nn_dims_equal(const nn_dims *a, const nn_dims *b)
{
    if (a->rank != b->rank)
        return 0;
    for (size_t k = 0; k < a->rank; k++)
        if (a->dim[k] != b->dim[k])
            return 0;
    return 1;
}

nn_status nn_dims_broadcast(nn_dims *out, const nn_dims *a, const nn_dims *b)
{
    nn_dims d = {.rank = a->rank > b->rank ? a->rank : b->rank};

    for (size_t k = 0; k < d.rank; k++) {
        size_t from_end = d.rank - k;
        size_t da = from_end <= a->rank ? a->dim[a->rank - from_end] : 1;
        size_t db = from_end <= b->rank ? b->dim[b->rank - from_end] : 1;

        if (da != db && da != 1 && db != 1)
            return NN_ERR_SHAPE;
        d.dim[k] = da == 1 ? db : da;
    }
    *out = d;
    return NN_OK;
}

const char *nn_dims_print(char *text, size_t size, const nn_dims *d)
{
    size_t used = 0;

    if (size == 0)
        return text;
    for (size_t k = 0; k <= d->rank && used < size; k++) {
        int n;

        if (k == d->rank)
            n = snprintf(text + used, size - used, d->rank == 0 ? "()" : ")");
        else
            n = snprintf(text + used, size - used, "%c%zu", k == 0 ? '(' : ',', d->dim[k]);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

nn_status nn_shape_of_dims(nn_shape *out, const nn_dims *d)
{
    size_t count;
    nn_dims image = {.rank = 0};

    if (d->rank < 2 || d->rank > 4)
        return NN_ERR_SHAPE;
    image = nn_dims_make(d->rank - 1, d->dim + 1);
    if (nn_dims_count(&image, &count) != NN_OK || count == 0)
        return NN_ERR_SHAPE;
    out->c = d->dim[1];
    out->h = d->rank == 4 ? d->dim[2] : 1;
    out->w = d->rank == 4 ? d->dim[3] : d->rank == 3 ? d->dim[2] : 1;
    return NN_OK;
}

size_t nn_shape_count(nn_shape s)
{
    return s.c * s.h * s.w;
}
