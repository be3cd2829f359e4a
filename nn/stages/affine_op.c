/* A linear node as an affine map, see nn/stages/affine_op.h. The loops are those of nn/ref/ref.c
 * with the input replaced by its index; each row's entries come in ascending column order. */

#include "nn/stages/affine_op.h"

#include <math.h>

#include "nn/base/why.h"
#include "nn/graph/op.h"
#include "nn/graph/window.h"

/* Stop the enclosing loops of a function with the status st. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        nn_status try_status = (call);                                                             \
        if (try_status != NN_OK)                                                                   \
            return try_status;                                                                     \
    } while (0)

typedef struct job {
    nn_affine *a;
    const nn_node *node;
    const nn_tensor *const *in;
    size_t dynamic;
    const nn_dims *out;
} job;

static double at(const nn_tensor *t, size_t i)
{
    return t->value != NULL ? (double)t->value[i] : (double)t->number[i];
}

static const nn_tensor *optional(const job *j, size_t k)
{
    return k < j->node->input_count ? j->in[k] : NULL;
}

static size_t broadcast_index(const nn_dims *out, const nn_dims *d, size_t i)
{
    size_t index = 0, stride = 1;

    for (size_t k = 1; k <= out->rank; k++) {
        size_t position = i % out->dim[out->rank - k];

        i /= out->dim[out->rank - k];
        if (k <= d->rank) {
            if (d->dim[d->rank - k] != 1)
                index += position * stride;
            stride *= d->dim[d->rank - k];
        }
    }
    return index;
}

/* One output of a pool: the mean over what the window sees. image is the channel's first index. */
static nn_status pool_row(const job *j, const nn_window *w, size_t image, size_t y, size_t x)
{
    size_t i0 = nn_window_first(w, 0, y), i1 = nn_window_end(w, 0, y);
    size_t k0 = nn_window_first(w, 1, x), k1 = nn_window_end(w, 1, x);
    size_t seen = (i1 - i0) * (k1 - k0);

    if (nn_node_int(j->node, "count_include_pad", 0) != 0)
        seen = nn_window_padded(w, 0, y) * nn_window_padded(w, 1, x);
    for (size_t i = i0; i < i1; i++)
        for (size_t k = k0; k < k1; k++)
            TRY(nn_affine_push(
                j->a, image + nn_window_at(w, 0, y, i) * w->in[1] + nn_window_at(w, 1, x, k),
                1.0 / (double)seen));
    return nn_affine_end_row(j->a, 0.0);
}

static nn_status build_average_pool(const job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    nn_window w;

    TRY(nn_window_of_node(&w, j->node, d, NULL, NULL, 0));
    for (size_t nc = 0; nc < d->dim[0] * d->dim[1]; nc++)
        for (size_t y = 0; y < w.out[0]; y++)
            for (size_t x = 0; x < w.out[1]; x++)
                TRY(pool_row(j, &w, nc * w.in[0] * w.in[1], y, x));
    return NN_OK;
}

static nn_status build_global_average_pool(const job *j)
{
    size_t inner = j->a->cols / j->a->rows;

    for (size_t nc = 0; nc < j->a->rows; nc++) {
        for (size_t k = 0; k < inner; k++)
            TRY(nn_affine_push(j->a, nc * inner + k, 1.0 / (double)inner));
        TRY(nn_affine_end_row(j->a, 0.0));
    }
    return NN_OK;
}

static nn_status build_batch_normalization(const job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    double epsilon = (double)nn_node_float(j->node, "epsilon", 1e-5f);
    size_t inner = j->a->cols / (d->dim[0] * d->dim[1]);

    for (size_t i = 0; i < j->a->rows; i++) {
        size_t c = i / inner % d->dim[1];
        double scale = at(j->in[1], c) / sqrt(at(j->in[4], c) + epsilon);

        TRY(nn_affine_push(j->a, i, scale));
        TRY(nn_affine_end_row(j->a, at(j->in[2], c) - scale * at(j->in[3], c)));
    }
    return NN_OK;
}

/* One output of a convolution. image is the first input index of the group's channels. */
static nn_status conv_row(const job *j, const nn_window *w, size_t image, size_t o, size_t y,
                          size_t x)
{
    const nn_tensor *weight = j->in[1], *bias = optional(j, 2);
    size_t ins = weight->dims.dim[1], area = w->kernel[0] * w->kernel[1];

    for (size_t c = 0; c < ins; c++)
        for (size_t i = nn_window_first(w, 0, y); i < nn_window_end(w, 0, y); i++)
            for (size_t k = nn_window_first(w, 1, x); k < nn_window_end(w, 1, x); k++)
                TRY(nn_affine_push(j->a,
                                   image + (c * w->in[0] + nn_window_at(w, 0, y, i)) * w->in[1] +
                                       nn_window_at(w, 1, x, k),
                                   at(weight, (o * ins + c) * area + i * w->kernel[1] + k)));
    return nn_affine_end_row(j->a, bias != NULL ? at(bias, o) : 0.0);
}

static nn_status build_conv(const job *j)
{
    const nn_dims *d = &j->in[0]->dims, *v = &j->in[1]->dims;
    size_t groups = (size_t)nn_node_int(j->node, "group", 1);
    nn_window w;

    TRY(nn_window_of_node(&w, j->node, d, v->dim + 2, NULL, 0));
    for (size_t n = 0; n < d->dim[0]; n++) {
        for (size_t o = 0; o < v->dim[0]; o++) {
            size_t group = o / (v->dim[0] / groups);
            size_t image = (n * groups + group) * v->dim[1] * w.in[0] * w.in[1];

            for (size_t y = 0; y < w.out[0]; y++)
                for (size_t x = 0; x < w.out[1]; x++)
                    TRY(conv_row(j, &w, image, o, y, x));
        }
    }
    return NN_OK;
}

static nn_status build_gemm(const job *j)
{
    const nn_tensor *c = optional(j, 2);
    double alpha = (double)nn_node_float(j->node, "alpha", 1.0f);
    double beta = (double)nn_node_float(j->node, "beta", 1.0f);
    int ta = nn_node_int(j->node, "transA", 0) != 0, tb = nn_node_int(j->node, "transB", 0) != 0;
    size_t rows = j->out->dim[0], cols = j->out->dim[1];
    size_t inner = j->in[0]->dims.dim[ta ? 0 : 1];

    for (size_t m = 0; m < rows; m++) {
        for (size_t n = 0; n < cols; n++) {
            for (size_t k = 0; k < inner; k++) {
                size_t in_a = ta ? k * rows + m : m * inner + k;
                size_t in_b = tb ? n * inner + k : k * cols + n;

                if (j->dynamic == 0)
                    TRY(nn_affine_push(j->a, in_a, alpha * at(j->in[1], in_b)));
                else
                    TRY(nn_affine_push(j->a, in_b, alpha * at(j->in[0], in_a)));
            }
            TRY(nn_affine_end_row(
                j->a,
                c != NULL ? beta * at(c, broadcast_index(j->out, &c->dims, m * cols + n)) : 0.0));
        }
    }
    return NN_OK;
}

static nn_status build_matmul(const job *j)
{
    nn_dims a = j->in[0]->dims, b = j->in[1]->dims, batch;

    TRY(nn_op_matmul_dims(&a, &b, &batch));
    size_t rows = a.dim[a.rank - 2], inner = a.dim[a.rank - 1], cols = b.dim[b.rank - 1];
    nn_dims heads_a = nn_dims_make(a.rank - 2, a.dim), heads_b = nn_dims_make(b.rank - 2, b.dim);

    for (size_t i = 0; i < j->a->rows; i++) {
        size_t n = i / (rows * cols), y = i / cols % rows, x = i % cols;
        size_t first_a = (broadcast_index(&batch, &heads_a, n) * rows + y) * inner;
        size_t first_b = broadcast_index(&batch, &heads_b, n) * inner * cols + x;

        for (size_t k = 0; k < inner; k++) {
            if (j->dynamic == 0)
                TRY(nn_affine_push(j->a, first_a + k, at(j->in[1], first_b + k * cols)));
            else
                TRY(nn_affine_push(j->a, first_b + k * cols, at(j->in[0], first_a + k)));
        }
        TRY(nn_affine_end_row(j->a, 0.0));
    }
    return NN_OK;
}

/* Means over some axes: where a number of the output sums those of the input that agree in the
 * other axes, in ascending order. */
static nn_status build_reduce_mean(const job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    size_t stride[NN_RANK_MAX], step = 1, seen = 1;
    int marked[NN_RANK_MAX];

    TRY(nn_op_reduced(marked, j->node, j->in));
    for (size_t k = d->rank; k-- > 0;) {
        stride[k] = step;
        step *= d->dim[k];
        seen *= marked[k] ? d->dim[k] : 1;
    }
    for (size_t i = 0; i < j->a->rows; i++) {
        size_t rest = i, first = 0;

        for (size_t k = d->rank; k-- > 0;) {
            if (marked[k])
                continue;
            first += rest % d->dim[k] * stride[k];
            rest /= d->dim[k];
        }
        for (size_t n = 0; n < seen; n++) {
            size_t at_n = first;

            rest = n;
            for (size_t k = d->rank; k-- > 0;) {
                if (!marked[k])
                    continue;
                at_n += rest % d->dim[k] * stride[k];
                rest /= d->dim[k];
            }
            TRY(nn_affine_push(j->a, at_n, 1.0 / (double)seen));
        }
        TRY(nn_affine_end_row(j->a, 0.0));
    }
    return NN_OK;
}

typedef nn_status (*builder)(const job *j);

static const struct {
    builder build;
    size_t dynamic; /* inputs below this number may be the one that is not constant */
} builders[NN_OP_COUNT] = {
    [NN_OP_AVERAGE_POOL] = {build_average_pool, 1},
    [NN_OP_BATCH_NORMALIZATION] = {build_batch_normalization, 1},
    [NN_OP_CONV] = {build_conv, 1},
    [NN_OP_GEMM] = {build_gemm, 2},
    [NN_OP_GLOBAL_AVERAGE_POOL] = {build_global_average_pool, 1},
    [NN_OP_MATMUL] = {build_matmul, 2},
    [NN_OP_REDUCE_MEAN] = {build_reduce_mean, 1},
};

nn_status nn_affine_of_node(nn_affine *a, const nn_node *node, const nn_tensor *const *in,
                            size_t dynamic, const nn_dims *out, char *why, size_t why_size)
{
    char label[NN_LABEL_SIZE];
    size_t rows, cols;

    *a = (nn_affine){.rows = 0};
    if (dynamic >= builders[node->op].dynamic)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "%s: its input %zu has to be constant",
                      nn_node_label(label, node), dynamic + 1);
    nn_status st = nn_dims_count(out, &rows);
    if (st == NN_OK)
        st = nn_dims_count(&in[dynamic]->dims, &cols);
    if (st == NN_OK)
        st = nn_affine_begin(a, rows, cols);
    const job j = {a, node, in, dynamic, out};
    if (st == NN_OK)
        st = builders[node->op].build(&j);
    if (st == NN_OK)
        return NN_OK;
    nn_affine_clear(a);
    return nn_why(why, why_size, st,
                  st == NN_ERR_RANGE    ? "%s: a weight is not a finite number"
                  : st == NN_ERR_MEMORY ? "%s: out of memory"
                                        : "%s: its matrix is too large",
                  nn_node_label(label, node));
}
