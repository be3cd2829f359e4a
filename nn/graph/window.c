/* Geometry of a sliding window, see nn/graph/window.h. */

#include "nn/graph/window.h"

#include <string.h>

#include "nn/base/why.h"

/* What an attribute says per spatial dimension; the fallback where it is absent. */
static nn_status read_sides(size_t *side, const nn_node *node, const char *key, size_t spatial,
                            size_t least, char *why, size_t why_size)
{
    char label[NN_LABEL_SIZE];
    const nn_attr *attr = nn_node_attr(node, key, NN_ATTR_INTS);

    if (attr == NULL)
        return NN_OK;
    if (attr->count != spatial)
        return nn_why(why, why_size, NN_ERR_SHAPE, "%s: %s has %zu numbers, %zu are wanted",
                      nn_node_label(label, node), key, attr->count, spatial);
    for (size_t k = 0; k < spatial; k++) {
        if (attr->numbers[k] < (int64_t)least || attr->numbers[k] > NN_WINDOW_SIDE_MAX)
            return nn_why(why, why_size, NN_ERR_SHAPE, "%s: %s holds %lld, outside %zu..%d",
                          nn_node_label(label, node), key, (long long)attr->numbers[k], least,
                          NN_WINDOW_SIDE_MAX);
        side[2 - spatial + k] = (size_t)attr->numbers[k];
    }
    return NN_OK;
}

/* pads lists all beginnings, then all ends. */
static nn_status read_pads(nn_window *w, const nn_node *node, size_t spatial, char *why,
                           size_t why_size)
{
    char label[NN_LABEL_SIZE];
    const nn_attr *attr = nn_node_attr(node, "pads", NN_ATTR_INTS);

    if (attr == NULL)
        return NN_OK;
    if (attr->count != 2 * spatial)
        return nn_why(why, why_size, NN_ERR_SHAPE, "%s: pads has %zu numbers, %zu are wanted",
                      nn_node_label(label, node), attr->count, 2 * spatial);
    for (size_t k = 0; k < 2 * spatial; k++) {
        if (attr->numbers[k] < 0 || attr->numbers[k] > NN_WINDOW_SIDE_MAX)
            return nn_why(why, why_size, NN_ERR_SHAPE, "%s: pads holds %lld, outside 0..%d",
                          nn_node_label(label, node), (long long)attr->numbers[k],
                          NN_WINDOW_SIDE_MAX);
        (k < spatial ? w->before : w->after)[2 - spatial + k % spatial] = (size_t)attr->numbers[k];
    }
    return NN_OK;
}

/* auto_pad SAME: out = ceil(in / stride), with the padding that this needs, the odd one at the end
 * (SAME_UPPER) or at the beginning (SAME_LOWER). */
static void pad_same(nn_window *w, int axis, int lower)
{
    size_t extent = (w->kernel[axis] - 1) * w->dilation[axis] + 1;
    size_t out = (w->in[axis] - 1) / w->stride[axis] + 1;
    size_t need = (out - 1) * w->stride[axis] + extent;
    size_t pad = need > w->in[axis] ? need - w->in[axis] : 0;

    w->before[axis] = lower ? pad - pad / 2 : pad / 2;
    w->after[axis] = pad - w->before[axis];
}

static nn_status read_auto_pad(nn_window *w, const nn_node *node, size_t spatial, char *why,
                               size_t why_size)
{
    char label[NN_LABEL_SIZE];
    const char *text = nn_node_text(node, "auto_pad", "NOTSET");

    if (strcmp(text, "NOTSET") == 0 || text[0] == '\0')
        return read_pads(w, node, spatial, why, why_size);
    if (strcmp(text, "VALID") == 0)
        return NN_OK;
    if (strcmp(text, "SAME_UPPER") != 0 && strcmp(text, "SAME_LOWER") != 0)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "%s: auto_pad '%.20s' is not known",
                      nn_node_label(label, node), text);
    for (size_t axis = 2 - spatial; axis < 2; axis++)
        pad_same(w, (int)axis, strcmp(text, "SAME_LOWER") == 0);
    return NN_OK;
}

/* Sides are at most 2^15 and in at most 2^28, so that extent < 2^30 + 1 and nothing here overflows.
 */
static nn_status set_out(nn_window *w, int axis, int ceil_mode, const nn_node *node, char *why,
                         size_t why_size)
{
    char label[NN_LABEL_SIZE];
    size_t extent = (w->kernel[axis] - 1) * w->dilation[axis] + 1;
    size_t padded = w->in[axis] + w->before[axis] + w->after[axis];

    if (extent > padded)
        return nn_why(why, why_size, NN_ERR_SHAPE,
                      "%s: the kernel covers %zu positions, the padded input has %zu",
                      nn_node_label(label, node), extent, padded);
    size_t rest = padded - extent;
    size_t steps = rest / w->stride[axis];
    if (ceil_mode && rest % w->stride[axis] != 0 &&
        (steps + 1) * w->stride[axis] < w->in[axis] + w->before[axis])
        steps++; /* only a window that begins before the padding at the end */
    w->out[axis] = steps + 1;
    return NN_OK;
}

nn_status nn_window_of_node(nn_window *w, const nn_node *node, const nn_dims *in,
                            const size_t *kernel, char *why, size_t why_size)
{
    char label[NN_LABEL_SIZE];
    nn_window v = {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    size_t spatial = in->rank - 2;
    nn_status st;

    if (in->rank < 3 || in->rank > 4)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "%s: input of rank %zu; one or two spatial dimensions are taken",
                      nn_node_label(label, node), in->rank);
    for (size_t k = 0; k < spatial; k++) {
        v.in[2 - spatial + k] = in->dim[2 + k];
        v.kernel[2 - spatial + k] = kernel != NULL ? kernel[k] : 0;
    }
    if (v.in[0] == 0 || v.in[1] == 0)
        return nn_why(why, why_size, NN_ERR_SHAPE, "%s: empty input", nn_node_label(label, node));
    st = read_sides(v.kernel, node, "kernel_shape", spatial, 1, why, why_size);
    if (st == NN_OK)
        st = read_sides(v.stride, node, "strides", spatial, 1, why, why_size);
    if (st == NN_OK)
        st = read_sides(v.dilation, node, "dilations", spatial, 1, why, why_size);
    if (st != NN_OK)
        return st;
    for (size_t k = 0; k < spatial; k++) {
        size_t got = v.kernel[2 - spatial + k];
        if (got == 0 || got > NN_WINDOW_SIDE_MAX || (kernel != NULL && got != kernel[k]))
            return nn_why(why, why_size, NN_ERR_SHAPE,
                          "%s: kernel_shape says %zu where the weights have %zu",
                          nn_node_label(label, node), got, kernel != NULL ? kernel[k] : 0);
    }
    st = read_auto_pad(&v, node, spatial, why, why_size);
    int pool = node->op == NN_OP_AVERAGE_POOL || node->op == NN_OP_MAX_POOL;
    int ceil_mode = pool && nn_node_int(node, "ceil_mode", 0) != 0;
    for (int axis = 0; axis < 2 && st == NN_OK; axis++)
        st = set_out(&v, axis, ceil_mode, node, why, why_size);
    if (st == NN_OK)
        *w = v;
    return st;
}

size_t nn_window_first(const nn_window *w, int axis, size_t out)
{
    size_t start = out * w->stride[axis];

    if (start >= w->before[axis])
        return 0;
    size_t missing = w->before[axis] - start; /* positions before the input */
    size_t k = (missing + w->dilation[axis] - 1) / w->dilation[axis];
    return k < w->kernel[axis] ? k : w->kernel[axis];
}

size_t nn_window_end(const nn_window *w, int axis, size_t out)
{
    size_t start = out * w->stride[axis];
    size_t limit = w->in[axis] + w->before[axis]; /* one past the input, counted from the padding */
    size_t first = nn_window_first(w, axis, out);

    if (start >= limit)
        return first;
    size_t k = (limit - start + w->dilation[axis] - 1) / w->dilation[axis];
    if (k > w->kernel[axis])
        k = w->kernel[axis];
    return k > first ? k : first;
}

size_t nn_window_at(const nn_window *w, int axis, size_t out, size_t k)
{
    return out * w->stride[axis] + k * w->dilation[axis] - w->before[axis];
}

size_t nn_window_padded(const nn_window *w, int axis, size_t out)
{
    size_t start = out * w->stride[axis];
    size_t limit = w->in[axis] + w->before[axis] + w->after[axis];

    if (start >= limit)
        return 0;
    size_t k = (limit - start + w->dilation[axis] - 1) / w->dilation[axis];
    return k < w->kernel[axis] ? k : w->kernel[axis];
}
