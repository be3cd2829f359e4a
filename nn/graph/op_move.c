/* Shapes of the operators that move numbers, and of those that exporters compute shapes with; see
 * nn/graph/op_rule.h. */

#include "nn/graph/op_rule.h"

#include <math.h>
#include <string.h>

#include "nn/graph/op.h"

nn_status nn_op_shape_concat(nn_dims *out, const nn_op_request *r)
{
    nn_dims made = *nn_op_dims(r, 0);
    size_t axis;

    if (nn_op_axis(&axis, r->node, 1, made.rank, 0) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "axis outside of", &made, "", NULL);
    for (size_t k = 1; k < r->node->input_count; k++) {
        const nn_dims *d = nn_op_dims(r, k);
        if (d == NULL || d->rank != made.rank)
            return nn_op_refuse(r, NN_ERR_SHAPE, "shapes", &made, " and", d);
        for (size_t i = 0; i < made.rank; i++)
            if (i != axis && d->dim[i] != made.dim[i])
                return nn_op_refuse(r, NN_ERR_SHAPE, "shapes", &made, " and", d);
        made.dim[axis] += d->dim[axis]; /* both at most 2^28 */
        if (made.dim[axis] > NN_ELEMENTS_MAX)
            return nn_op_refuse(r, NN_ERR_SHAPE, "too many elements in", &made, "", NULL);
    }
    *out = made;
    return NN_OK;
}

/* The dimensions in a constant list; each 0..2^28. */
static nn_status list_dims(nn_dims *d, const nn_op_request *r, size_t k)
{
    const nn_tensor *list = nn_op_input(r, k);
    nn_status st = nn_op_want_list(r, k, "list of sizes");

    if (st != NN_OK)
        return st;
    if (list->count > NN_RANK_MAX)
        return nn_op_refuse(r, NN_ERR_SHAPE, "the list of sizes has the shape", &list->dims, "",
                            NULL);
    *d = (nn_dims){.rank = list->count};
    for (size_t i = 0; i < d->rank; i++) {
        if (list->number[i] < 0 || list->number[i] > NN_ELEMENTS_MAX)
            return nn_op_refuse(r, NN_ERR_SHAPE, "bad size in its list", NULL, "", NULL);
        d->dim[i] = (size_t)list->number[i];
    }
    return NN_OK;
}

nn_status nn_op_shape_expand(nn_dims *out, const nn_op_request *r)
{
    nn_dims want;
    nn_status st = list_dims(&want, r, 1);

    if (st != NN_OK)
        return st;
    if (nn_dims_broadcast(&want, nn_op_dims(r, 0), &want) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "shapes", nn_op_dims(r, 0), " and", &want);
    *out = want;
    return NN_OK;
}

nn_status nn_op_shape_flatten(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    size_t axis, left, right;

    if (nn_op_flatten_axis(&axis, r->node, x->rank) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "axis outside of", x, "", NULL);
    nn_dims head = nn_dims_make(axis, x->dim);
    nn_dims tail = nn_dims_make(x->rank - axis, x->dim + axis);
    if (nn_dims_count(&head, &left) != NN_OK || nn_dims_count(&tail, &right) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "too large", x, "", NULL);
    *out = nn_dims_make(2, (const size_t[]){left, right});
    return NN_OK;
}

nn_status nn_op_shape_gather(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0), *index = nn_op_dims(r, 1);
    nn_dims y = {.rank = 0};
    size_t axis;

    if (nn_op_axis(&axis, r->node, 0, x->rank, 0) != NN_OK ||
        x->rank - 1 + index->rank > NN_RANK_MAX)
        return nn_op_refuse(r, NN_ERR_SHAPE, "axis or indices do not fit", x, "", NULL);
    for (size_t k = 0; k < x->rank; k++) {
        if (k != axis) {
            y.dim[y.rank++] = x->dim[k];
            continue;
        }
        for (size_t i = 0; i < index->rank; i++)
            y.dim[y.rank++] = index->dim[i];
    }
    *out = y;
    return NN_OK;
}

nn_status nn_op_pads(int64_t before[NN_RANK_MAX], int64_t after[NN_RANK_MAX],
                     const nn_op_request *r)
{
    const nn_tensor *pads = nn_op_input(r, 1), *axes = nn_op_input(r, 3);
    const nn_dims *x = nn_op_dims(r, 0);
    int marked[NN_RANK_MAX];
    nn_status st = nn_op_want_list(r, 1, "list of pads");

    for (size_t k = 0; k < NN_RANK_MAX; k++)
        before[k] = after[k] = 0;
    if (st == NN_OK)
        st = nn_op_axes(marked, axes, x->rank);
    if (st != NN_OK)
        return st == NN_ERR_SHAPE ? nn_op_refuse(r, st, "its pads or axes do not fit", x, "", NULL)
                                  : st;
    size_t count = axes != NULL ? axes->count : x->rank;
    if (pads->count != 2 * count)
        return nn_op_refuse(r, NN_ERR_SHAPE, "a list of pads of shape", &pads->dims,
                            " for an input", x);
    for (size_t k = 0; k < count; k++) {
        int64_t axis = axes != NULL ? axes->number[k] : (int64_t)k;
        size_t i = (size_t)(axis < 0 ? axis + (int64_t)x->rank : axis);
        before[i] = pads->number[k];
        after[i] = pads->number[count + k];
        if (before[i] < -NN_ELEMENTS_MAX || before[i] > NN_ELEMENTS_MAX ||
            after[i] < -NN_ELEMENTS_MAX || after[i] > NN_ELEMENTS_MAX ||
            (int64_t)x->dim[i] + before[i] + after[i] < 0 ||
            (before[i] < 0 && -before[i] > (int64_t)x->dim[i]) ||
            (after[i] < 0 && -after[i] > (int64_t)x->dim[i]))
            return nn_op_refuse(r, NN_ERR_SHAPE, "bad pads for an input", x, "", NULL);
    }
    return NN_OK;
}

nn_status nn_op_shape_pad(nn_dims *out, const nn_op_request *r)
{
    int64_t before[NN_RANK_MAX], after[NN_RANK_MAX];
    const nn_tensor *fill = nn_op_input(r, 2);
    nn_dims y = *nn_op_dims(r, 0);

    if (strcmp(nn_node_text(r->node, "mode", "constant"), "constant") != 0)
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED,
                            "only padding with a constant is taken; use padding_mode='zeros'", NULL,
                            "", NULL);
    if (fill != NULL && (fill->value == NULL && fill->number == NULL))
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED,
                            "the number it pads with is no constant; make it one", NULL, "", NULL);
    if (fill != NULL && fill->count != 1)
        return nn_op_refuse(r, NN_ERR_SHAPE, "it pads with numbers of shape", &fill->dims, "",
                            NULL);
    nn_status st = nn_op_pads(before, after, r);
    for (size_t k = 0; k < y.rank && st == NN_OK; k++)
        y.dim[k] = (size_t)((int64_t)y.dim[k] + before[k] + after[k]);
    if (st == NN_OK)
        *out = y;
    return st;
}

/* 0 keeps the dimension of the input (unless allowzero), one -1 takes what is left. */
nn_status nn_op_shape_reshape(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    const nn_tensor *want = r->in[1];
    int allow_zero = nn_node_int(r->node, "allowzero", 0) != 0;
    size_t count, rest = 1, open = NN_RANK_MAX, made;

    nn_status st = nn_op_want_list(r, 1, "list of sizes");
    if (st != NN_OK)
        return st;
    if (want->count > NN_RANK_MAX)
        return nn_op_refuse(r, NN_ERR_SHAPE, "the list of sizes has the shape", &want->dims, "",
                            NULL);
    nn_dims y = {.rank = want->count};
    for (size_t k = 0; k < y.rank; k++) {
        int64_t n = want->number[k];
        if (n == -1 && open == NN_RANK_MAX) {
            open = k;
            y.dim[k] = 1;
        } else if (n == 0 && !allow_zero && k < x->rank) {
            y.dim[k] = x->dim[k];
        } else if (n >= 0 && n <= NN_ELEMENTS_MAX) {
            y.dim[k] = (size_t)n;
        } else {
            return nn_op_refuse(r, NN_ERR_SHAPE, "bad size in its list, for input", x, "", NULL);
        }
    }
    if (nn_dims_count(x, &count) != NN_OK || nn_dims_count(&y, &rest) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "too large", x, "", NULL);
    if (open < NN_RANK_MAX && rest > 0 && count % rest == 0)
        y.dim[open] = count / rest;
    if (nn_dims_count(&y, &made) != NN_OK || made != count)
        return nn_op_refuse(r, NN_ERR_SHAPE, "an input", x, " does not fill", &y);
    *out = y;
    return NN_OK;
}

/* Slice by one axis, as the ONNX text clamps it: what the step leads through lies inside. */
static void clamp(int64_t *start, size_t *count, int64_t end, int64_t step, size_t size)
{
    int64_t n = (int64_t)size, s = *start;
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;

    s += s < 0 ? n : 0;
    end += end < 0 ? n : 0;
    s = s < 0 ? 0 : s > high ? high : s;
    end = end < low ? low : end > high ? high : end;
    int64_t way = end - s; /* at most 2^28 */
    *start = s;
    *count =
        (step > 0) != (way > 0) || way == 0 ? 0 : (size_t)(way / step + (way % step != 0 ? 1 : 0));
}

nn_status nn_op_slices(int64_t start[NN_RANK_MAX], int64_t step[NN_RANK_MAX],
                       size_t count[NN_RANK_MAX], const nn_op_request *r)
{
    const nn_tensor *starts = nn_op_input(r, 1), *ends = nn_op_input(r, 2),
                    *axes = nn_op_input(r, 3), *steps = nn_op_input(r, 4);
    const nn_dims *x = nn_op_dims(r, 0);
    int marked[NN_RANK_MAX];
    nn_status st = nn_op_want_list(r, 1, "list of starts");

    for (size_t k = 0; k < x->rank; k++) {
        start[k] = 0;
        step[k] = 1;
        count[k] = x->dim[k];
    }
    if (st == NN_OK)
        st = nn_op_want_list(r, 2, "list of ends");
    if (st == NN_OK && axes != NULL)
        st = nn_op_want_list(r, 3, "list of axes");
    if (st == NN_OK && steps != NULL)
        st = nn_op_want_list(r, 4, "list of steps");
    if (st != NN_OK)
        return st;
    if (ends->count != starts->count || (axes != NULL && axes->count != starts->count) ||
        (steps != NULL && steps->count != starts->count) || starts->count > x->rank ||
        nn_op_axes(marked, axes, x->rank) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "its lists do not fit an input", x, "", NULL);
    for (size_t k = 0; k < starts->count; k++) {
        int64_t axis = axes != NULL ? axes->number[k] : (int64_t)k;
        size_t i = (size_t)(axis < 0 ? axis + (int64_t)x->rank : axis);
        step[i] = steps != NULL ? steps->number[k] : 1;
        if (step[i] == 0)
            return nn_op_refuse(r, NN_ERR_SHAPE, "a step of 0", NULL, "", NULL);
        start[i] = starts->number[k];
        clamp(&start[i], &count[i], ends->number[k], step[i], x->dim[i]);
    }
    return NN_OK;
}

nn_status nn_op_shape_slice(nn_dims *out, const nn_op_request *r)
{
    int64_t start[NN_RANK_MAX], step[NN_RANK_MAX];
    nn_dims y = *nn_op_dims(r, 0);
    nn_status st = nn_op_slices(start, step, y.dim, r);

    if (st == NN_OK)
        *out = y;
    return st;
}

nn_status nn_op_split(size_t *axis, size_t *start, size_t *count, const nn_op_request *r)
{
    const nn_tensor *sizes = nn_op_input(r, 1);
    const nn_dims *x = nn_op_dims(r, 0);
    int64_t part = nn_node_int(r->node, NN_OP_PART, 0),
            parts = nn_node_int(r->node, NN_OP_PARTS, 1);

    if (nn_op_axis(axis, r->node, 0, x->rank, 0) != NN_OK || parts < 1 || part < 0 || part >= parts)
        return nn_op_refuse(r, NN_ERR_SHAPE, "axis outside of", x, "", NULL);
    size_t whole = x->dim[*axis], at = 0, size = 0;
    if (sizes == NULL) { /* equal parts, the last one may be smaller */
        size_t each = whole / (size_t)parts + (whole % (size_t)parts != 0);
        at = each * (size_t)part;
        if (at > whole || parts > NN_ELEMENTS_MAX)
            return nn_op_refuse(r, NN_ERR_SHAPE, "too many parts of", x, "", NULL);
        *start = at;
        *count = each < whole - at ? each : whole - at;
        return NN_OK;
    }
    nn_status st = nn_op_want_list(r, 1, "list of sizes");
    if (st != NN_OK)
        return st;
    for (size_t k = 0; k < sizes->count; k++) {
        if (sizes->number[k] < 0 || (uint64_t)sizes->number[k] > whole - at - size)
            return nn_op_refuse(r, NN_ERR_SHAPE, "its sizes do not add up to", x, "", NULL);
        at += size;
        size = (size_t)sizes->number[k];
        if ((int64_t)k == part) {
            *start = at;
            *count = size;
        }
    }
    if (at + size != whole || (uint64_t)part >= sizes->count)
        return nn_op_refuse(r, NN_ERR_SHAPE, "its sizes do not add up to", x, "", NULL);
    return NN_OK;
}

nn_status nn_op_shape_split(nn_dims *out, const nn_op_request *r)
{
    size_t axis, start, count;
    nn_dims y = *nn_op_dims(r, 0);
    nn_status st = nn_op_split(&axis, &start, &count, r);

    if (st == NN_OK) {
        y.dim[axis] = count;
        *out = y;
    }
    return st;
}

nn_status nn_op_shape_squeeze(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    const nn_tensor *axes = nn_op_input(r, 1);
    nn_dims y = {.rank = 0};
    int marked[NN_RANK_MAX];
    nn_status st = nn_op_axes(marked, axes, x->rank);

    if (st != NN_OK)
        return nn_op_refuse(r, st,
                            st == NN_ERR_SHAPE ? "its axes do not fit" : "its axes are no constant",
                            x, "", NULL);
    for (size_t k = 0; k < x->rank; k++) {
        if (marked[k] && x->dim[k] != 1)
            return nn_op_refuse(r, NN_ERR_SHAPE, "an axis that is not 1 in", x, "", NULL);
        if (!marked[k] && (axes != NULL || x->dim[k] != 1))
            y.dim[y.rank++] = x->dim[k];
    }
    *out = y;
    return NN_OK;
}

nn_status nn_op_shape_transpose(nn_dims *out, const nn_op_request *r)
{
    const nn_dims x = *nn_op_dims(r, 0);
    size_t perm[NN_RANK_MAX];

    if (nn_op_transpose_perm(perm, r->node, x.rank) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "perm is no permutation of the dimensions", &x, "",
                            NULL);
    out->rank = x.rank;
    for (size_t k = 0; k < x.rank; k++)
        out->dim[k] = x.dim[perm[k]];
    return NN_OK;
}

nn_status nn_op_shape_unsqueeze(nn_dims *out, const nn_op_request *r)
{
    const nn_dims *x = nn_op_dims(r, 0);
    const nn_tensor *axes = nn_op_input(r, 1);
    int marked[NN_RANK_MAX];
    nn_status st = nn_op_want_list(r, 1, "list of axes");

    if (st != NN_OK)
        return st;
    nn_dims y = {.rank = x->rank + axes->count};
    if (axes->count > NN_RANK_MAX || y.rank > NN_RANK_MAX ||
        nn_op_axes(marked, axes, y.rank) != NN_OK)
        return nn_op_refuse(r, NN_ERR_SHAPE, "its axes do not fit", x, "", NULL);
    for (size_t k = 0, from = 0; k < y.rank; k++)
        y.dim[k] = marked[k] ? 1 : x->dim[from++];
    *out = y;
    return NN_OK;
}

/* ---- what exporters compute shapes with ---- */

nn_status nn_op_shape_cast(nn_dims *out, const nn_op_request *r)
{
    if (nn_op_cast_type(r->node) == 0)
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED, "it casts to a type that is not taken", NULL, "",
                            NULL);
    return nn_op_shape_same(out, r);
}

nn_status nn_op_shape_constant_of_shape(nn_dims *out, const nn_op_request *r)
{
    const nn_attr *value = nn_node_attr(r->node, "value", NN_ATTR_TENSOR);

    if (value != NULL && value->tensor.count != 1)
        return nn_op_refuse(r, NN_ERR_SHAPE, "its value has the shape", &value->tensor.dims, "",
                            NULL);
    return list_dims(out, r, 0);
}

nn_status nn_op_shape_range(nn_dims *out, const nn_op_request *r)
{
    double v[3];

    for (size_t k = 0; k < 3; k++) {
        const nn_tensor *t = nn_op_input(r, k);
        if (t->value == NULL && t->number == NULL)
            return nn_op_refuse(r, NN_ERR_UNSUPPORTED,
                                "its bounds depend on data; make them constant", NULL, "", NULL);
        if (t->count != 1)
            return nn_op_refuse(r, NN_ERR_SHAPE, "a bound has the shape", &t->dims, "", NULL);
        v[k] = t->value != NULL ? (double)t->value[0] : (double)t->number[0];
    }
    double steps = ceil((v[1] - v[0]) / v[2]);
    if (!(steps <= (double)NN_ELEMENTS_MAX)) /* NaN as well */
        return nn_op_refuse(r, NN_ERR_SHAPE, "it makes too many numbers", NULL, "", NULL);
    *out = nn_dims_make(1, (const size_t[]){steps > 0 ? (size_t)steps : 0});
    return NN_OK;
}

static size_t span_end(int64_t at, size_t rank)
{
    at += at < 0 ? (int64_t)rank : 0;
    return at < 0 ? 0 : at > (int64_t)rank ? rank : (size_t)at;
}

void nn_op_shape_span(size_t *first, size_t *end, const nn_node *node, size_t rank)
{
    *first = span_end(nn_node_int(node, "start", 0), rank);
    *end = span_end(nn_node_int(node, "end", (int64_t)rank), rank);
    if (*end < *first)
        *end = *first;
}

nn_status nn_op_shape_shape(nn_dims *out, const nn_op_request *r)
{
    size_t first, end;

    nn_op_shape_span(&first, &end, r->node, nn_op_dims(r, 0)->rank);
    *out = nn_dims_make(1, (const size_t[]){end - first});
    return NN_OK;
}

nn_status nn_op_shape_size(nn_dims *out, const nn_op_request *r)
{
    (void)r;
    *out = (nn_dims){.rank = 0};
    return NN_OK;
}
