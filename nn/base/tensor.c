/* Dense tensors, see nn/tensor.h. */

#include "nn/tensor.h"

#include <stdlib.h>
#include <string.h>

nn_status nn_tensor_init(nn_tensor *t, nn_type type, const nn_dims *dims)
{
    size_t count;
    nn_dims kept = *dims; /* dims may point into *t */

    *t = (nn_tensor){.type = type};
    if (nn_dims_count(&kept, &count) != NN_OK)
        return NN_ERR_SHAPE;
    /* At least one element, because calloc(0) may give NULL. */
    void *data =
        calloc(count > 0 ? count : 1, type == NN_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t));
    if (data == NULL)
        return NN_ERR_MEMORY;
    t->dims = kept;
    t->count = count;
    t->owned = 1;
    if (type == NN_TYPE_FLOAT)
        t->value = data;
    else
        t->number = data;
    return NN_OK;
}

nn_status nn_tensor_borrow(nn_tensor *t, const nn_dims *dims, float *value)
{
    size_t count;
    nn_dims kept = *dims;

    *t = (nn_tensor){.type = NN_TYPE_FLOAT};
    if (nn_dims_count(&kept, &count) != NN_OK)
        return NN_ERR_SHAPE;
    t->dims = kept;
    t->count = count;
    t->value = value;
    return NN_OK;
}

nn_status nn_tensor_copy(nn_tensor *t, const nn_tensor *from)
{
    nn_status st = nn_tensor_init(t, from->type, &from->dims);

    if (st != NN_OK)
        return st;
    if (from->type == NN_TYPE_FLOAT && from->value != NULL)
        memcpy(t->value, from->value, t->count * sizeof *t->value);
    if (from->type == NN_TYPE_INT64 && from->number != NULL)
        memcpy(t->number, from->number, t->count * sizeof *t->number);
    return NN_OK;
}

void nn_tensor_clear(nn_tensor *t)
{
    if (t == NULL)
        return;
    if (t->owned) {
        free(t->value);
        free(t->number);
    }
    *t = (nn_tensor){.type = NN_TYPE_FLOAT};
}
