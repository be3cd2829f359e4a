/* Shapes of the operators that compute: layers, pools, elementwise ones; see nn/graph/op_rule.h. */

#include "nn/graph/op_rule.h"

#include "nn/graph/op.h"
#include "nn/graph/window.h"

nn_status nn_op_shape_same(nn_dims *out, const nn_op_request *r)
{
    *out = *nn_op_dims(r, 0);
    return NN_OK;
}

/* Any number of operands, one after the other. */
nn_status nn_op_shape_broadcast(nn_dims *out, const nn_op_request *r)
{
    nn_dims made = *nn_op_dims(r, 0);

    for (size_t k = 1; k < r->node->input_count; k++) {
        const nn_dims *d = nn_op_dims(r, k);
        if (d == NULL)
            return nn_op_refuse(r, NN_ERR_SHAPE, "an input is left out", NULL, "", NULL);
        if (nn_dims_broadcast(&made, &made, d) != NN_OK)
            return nn_op_refuse(r, NN_ERR_SHAPE, "shapes", &made, " and", d);
    }
    *out = made;
    return NN_OK;
}

nn_status nn_op_shape_pool(nn_dims *out, const nn_op_request *r)
{
    nn_window w;
    const nn_dims *x = nn_op_dims(r, 0);
    nn_status st = nn_window_of_node(&w, r->node, x, NULL, r->why, r->why_size);

    if (st != NN_OK)
        return st;
    *out = *x;
    out->dim[x->rank - 1] = w.out[1];
    if (x->rank == 4)
        out->dim[2] = w.out[0];
    return NN_OK;
}

nn_status nn_op_shape_global_pool(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    size_t count;

    if (x->rank < 3 || nn_dims_count(x, &count) != NN_OK || count == 0)
        return nn_op_refuse(r, NN_ERR_SHAPE, "no spatial dimensions in", x, "", NULL);
    *out = *x;
    for (size_t k = 2; k < x->rank; k++)
        out->dim[k] = 1;
    return NN_OK;
}

nn_status nn_op_shape_batch_normalization(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);

    if (nn_node_int(r->node, "training_mode", 0) != 0)
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED,
                            "it is in training mode; export the model in evaluation mode", NULL, "",
                            NULL);
    if (nn_node_int(r->node, "spatial", 1) != 1)
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED, "spatial=0 is not taken", NULL, "", NULL);
    if (x->rank < 2)
        return nn_op_refuse(r, NN_ERR_SHAPE, "no channels in", x, "", NULL);
    for (size_t k = 1; k < 5; k++) {
        const nn_dims *d = nn_op_dims(r, k);
        if (d->rank != 1 || d->dim[0] != x->dim[1])
            return nn_op_refuse(r, NN_ERR_SHAPE, "parameters", d, " for an input", x);
    }
    *out = *x;
    return NN_OK;
}

nn_status nn_op_shape_clip(nn_dims *out, const nn_op_request *r)
{
    for (size_t k = 1; k < r->node->input_count; k++) {
        const nn_dims *d = nn_op_dims(r, k);
        size_t count;
        if (d != NULL && (nn_dims_count(d, &count) != NN_OK || count != 1))
            return nn_op_refuse(r, NN_ERR_SHAPE, "a bound of shape", d, " where one number is due",
                                NULL);
    }
    return nn_op_shape_same(out, r);
}

nn_status nn_op_shape_conv(nn_dims *out, const nn_op_request *r)
{
    nn_window v;
    const nn_dims *x = nn_op_dims(r, 0), *w = nn_op_dims(r, 1), *b = nn_op_dims(r, 2);
    int64_t group = nn_node_int(r->node, "group", 1);

    if (x->rank < 3 || w->rank != x->rank)
        return nn_op_refuse(r, NN_ERR_SHAPE, "input", x, " and weights", w);
    if (group < 1 || (uint64_t)group > w->dim[0] || w->dim[0] % (size_t)group != 0 ||
        x->dim[1] % (size_t)group != 0 || w->dim[1] != x->dim[1] / (size_t)group || w->dim[1] == 0)
        return nn_op_refuse(r, NN_ERR_SHAPE, "channels and groups do not fit, input", x,
                            " and weights", w);
    if (b != NULL && (b->rank != 1 || b->dim[0] != w->dim[0]))
        return nn_op_refuse(r, NN_ERR_SHAPE, "bias", b, " for weights", w);
    nn_status st = nn_window_of_node(&v, r->node, x, w->dim + 2, r->why, r->why_size);
    if (st != NN_OK)
        return st;
    *out = *x;
    out->dim[1] = w->dim[0];
    out->dim[x->rank - 1] = v.out[1];
    if (x->rank == 4)
        out->dim[2] = v.out[0];
    return NN_OK;
}

nn_status nn_op_shape_dropout(nn_dims *out, const nn_op_request *r)
{
    const nn_tensor *training = r->node->input_count > 2 ? r->in[2] : NULL;

    if (training != NULL &&
        (training->number == NULL || training->count != 1 || training->number[0] != 0))
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED,
                            "it is in training mode; export the model in evaluation mode", NULL, "",
                            NULL);
    return nn_op_shape_same(out, r);
}

nn_status nn_op_shape_gemm(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *a = nn_op_dims(r, 0), *b = nn_op_dims(r, 1), *c = nn_op_dims(r, 2);
    nn_dims joined;

    if (a->rank != 2 || b->rank != 2)
        return nn_op_refuse(r, NN_ERR_SHAPE, "operands", a, " and", b);
    int ta = nn_node_int(r->node, "transA", 0) != 0, tb = nn_node_int(r->node, "transB", 0) != 0;
    if (a->dim[ta ? 0 : 1] != b->dim[tb ? 1 : 0])
        return nn_op_refuse(r, NN_ERR_SHAPE, "inner dimensions differ,", a, " and", b);
    nn_dims y = nn_dims_make(2, (const size_t[]){a->dim[ta ? 1 : 0], b->dim[tb ? 0 : 1]});
    if (c != NULL && (nn_dims_broadcast(&joined, &y, c) != NN_OK || !nn_dims_equal(&joined, &y)))
        return nn_op_refuse(r, NN_ERR_SHAPE, "addend", c, " for a product", &y);
    *out = y;
    return NN_OK;
}

nn_status nn_op_shape_matmul(nn_dims *out, const nn_op_request *r)
{
    nn_dims a = *nn_op_dims(r, 0), b = *nn_op_dims(r, 1), y;

    if (nn_op_matmul_dims(&a, &b, &y) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "operands", nn_op_dims(r, 0), " and",
                            nn_op_dims(r, 1));
    if (nn_op_dims(r, 0)->rank > 1)
        y.dim[y.rank++] = a.dim[a.rank - 2];
    if (nn_op_dims(r, 1)->rank > 1)
        y.dim[y.rank++] = b.dim[b.rank - 1];
    *out = y;
    return NN_OK;
}

nn_status nn_op_shape_reduce(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    int reduced[NN_RANK_MAX], keep = nn_node_int(r->node, "keepdims", 1) != 0;
    nn_status st = nn_op_reduced(reduced, r->node, r->in);

    if (st != NN_OK)
        return nn_op_refuse(r, st,
                            st == NN_ERR_SHAPE ? "its axes do not fit" : "its axes are no constant",
                            x, "", NULL);
    nn_dims y = {.rank = 0};
    for (size_t k = 0; k < x->rank; k++) {
        if (reduced[k] && x->dim[k] == 0)
            return nn_op_refuse(r, NN_ERR_SHAPE, "nothing to reduce in", x, "", NULL);
        if (!reduced[k] || keep)
            y.dim[y.rank++] = reduced[k] ? 1 : x->dim[k];
    }
    *out = y;
    return NN_OK;
}

nn_status nn_op_shape_softmax(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    size_t axis;

    /* Before operator set 13 the axis is where the list of classes begins, and may be the rank. */
    int end = nn_node_int(r->node, NN_OP_COERCED, 0) != 0;
    if (nn_op_axis(&axis, r->node, -1, x->rank, end) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "axis outside of", x, "", NULL);
    return nn_op_shape_same(out, r);
}

nn_status nn_op_shape_arg_max(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    size_t axis;

    if (nn_op_axis(&axis, r->node, 0, x->rank, 0) != NN_OK || x->dim[axis] == 0)
        return nn_op_refuse(r, NN_ERR_SHAPE, "axis outside of", x, "", NULL);
    nn_dims y = {.rank = 0};
    for (size_t k = 0; k < x->rank; k++)
        if (k != axis || nn_node_int(r->node, "keepdims", 1) != 0)
            y.dim[y.rank++] = k == axis ? 1 : x->dim[k];
    *out = y;
    return NN_OK;
}
