/* Every operator in plain float arithmetic, see nn/ref.h.
 *
 * Index letters: n image of the batch, c input channel, o output channel, y x output position,
 * i j kernel position, k summation index of a product. */

#include "nn/ref.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/graph_data.h"
#include "nn/why.h"
#include "nn/window.h"

/* One node to run: its inputs (all with data), and its output, whose shape is known. */
typedef struct job {
    const nn_node *node;
    const nn_tensor *const *in;
    nn_tensor *out;
} job;

/* The element of a tensor as a number; sizes and exponents may be integers. */
static double at(const nn_tensor *t, size_t i)
{
    return t->value != NULL ? (double)t->value[i] : (double)t->number[i];
}

static const nn_tensor *optional(const job *j, size_t k)
{
    return k < j->node->input_count ? j->in[k] : NULL;
}

/* Index into a tensor of dimensions d, broadcast to dimensions out, at flat index i of out. */
static size_t broadcast_index(const nn_dims *out, const nn_dims *d, size_t i)
{
    size_t index = 0, stride = 1;

    for (size_t k = out->rank; k-- > 0;) {
        size_t position = i % out->dim[k];
        size_t from_end = out->rank - k;

        i /= out->dim[k];
        if (from_end <= d->rank) {
            size_t size = d->dim[d->rank - from_end];
            if (size != 1)
                index += position * stride;
            stride *= size;
        }
    }
    return index;
}

/* y = a op b, broadcast */
static void run_binary(const job *j)
{
    const nn_tensor *a = j->in[0], *b = j->in[1];

    for (size_t i = 0; i < j->out->count; i++) {
        double u = at(a, broadcast_index(&j->out->dims, &a->dims, i));
        double v = at(b, broadcast_index(&j->out->dims, &b->dims, i));
        double y;

        switch (j->node->op) {
        case NN_OP_ADD:
            y = u + v;
            break;
        case NN_OP_SUB:
            y = u - v;
            break;
        case NN_OP_MUL:
            y = u * v;
            break;
        case NN_OP_DIV:
            y = u / v;
            break;
        default: /* NN_OP_POW */
            y = pow(u, v);
            break;
        }
        j->out->value[i] = (float)y;
    }
}

/* x is (N,C,H,W), y is (N,C,H',W') */
static void run_average_pool(const job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    int with_padding = nn_node_int(j->node, "count_include_pad", 0) != 0;
    nn_window w;

    if (nn_window_of_node(&w, j->node, d, NULL, NULL, 0) != NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    for (size_t nc = 0; nc < d->dim[0] * d->dim[1]; nc++) {
        const float *image = j->in[0]->value + nc * w.in[0] * w.in[1];
        float *result = j->out->value + nc * w.out[0] * w.out[1];

        for (size_t y = 0; y < w.out[0]; y++) {
            for (size_t x = 0; x < w.out[1]; x++) {
                double sum = 0;
                size_t seen = 0;

                for (size_t i = nn_window_first(&w, 0, y); i < nn_window_end(&w, 0, y); i++) {
                    for (size_t k = nn_window_first(&w, 1, x); k < nn_window_end(&w, 1, x); k++) {
                        sum += (double)
                            image[nn_window_at(&w, 0, y, i) * w.in[1] + nn_window_at(&w, 1, x, k)];
                        seen++;
                    }
                }
                if (with_padding)
                    seen = nn_window_padded(&w, 0, y) * nn_window_padded(&w, 1, x);
                result[y * w.out[1] + x] = (float)(seen > 0 ? sum / (double)seen : 0.0);
            }
        }
    }
}

/* x is (N,C,...), scale, b, mean and variance are (C): y = scale (x - mean) / sqrt(var + eps) + b
 */
static void run_batch_normalization(const job *j)
{
    const nn_tensor *x = j->in[0];
    double epsilon = (double)nn_node_float(j->node, "epsilon", 1e-5f);
    size_t channels = x->dims.dim[1];
    size_t inner = channels * x->dims.dim[0] == 0 ? 0 : x->count / (channels * x->dims.dim[0]);

    for (size_t i = 0; i < x->count; i++) {
        size_t c = i / inner % channels;
        double centred = (double)x->value[i] - at(j->in[3], c);

        j->out->value[i] =
            (float)(at(j->in[1], c) * centred / sqrt(at(j->in[4], c) + epsilon) + at(j->in[2], c));
    }
}

/* x is (N,C,H,W), w is (O,C/G,KH,KW), b is (O), y is (N,O,H',W') */
static void run_conv(const job *j)
{
    const nn_tensor *in = j->in[0], *weight = j->in[1], *bias = optional(j, 2);
    size_t groups = (size_t)nn_node_int(j->node, "group", 1);
    size_t outs = weight->dims.dim[0], ins = weight->dims.dim[1]; /* ins: of one group */
    nn_window w;

    if (nn_window_of_node(&w, j->node, &in->dims, weight->dims.dim + 2, NULL, 0) != NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    for (size_t n = 0; n < in->dims.dim[0]; n++) {
        for (size_t o = 0; o < outs; o++) {
            size_t group = o / (outs / groups);

            for (size_t y = 0; y < w.out[0]; y++) {
                for (size_t x = 0; x < w.out[1]; x++) {
                    double sum = bias != NULL ? at(bias, o) : 0.0;

                    for (size_t c = 0; c < ins; c++) {
                        const float *image =
                            in->value + ((n * groups + group) * ins + c) * w.in[0] * w.in[1];
                        const float *kernel =
                            weight->value + (o * ins + c) * w.kernel[0] * w.kernel[1];

                        for (size_t i = nn_window_first(&w, 0, y); i < nn_window_end(&w, 0, y); i++)
                            for (size_t k = nn_window_first(&w, 1, x); k < nn_window_end(&w, 1, x);
                                 k++)
                                sum += (double)kernel[i * w.kernel[1] + k] *
                                       (double)image[nn_window_at(&w, 0, y, i) * w.in[1] +
                                                     nn_window_at(&w, 1, x, k)];
                    }
                    j->out->value[((n * outs + o) * w.out[0] + y) * w.out[1] + x] = (float)sum;
                }
            }
        }
    }
}

/* a is (M,K) or its transpose, b is (K,N) or its transpose, c broadcasts to (M,N):
 * y = alpha a b + beta c */
static void run_gemm(const job *j)
{
    const nn_tensor *a = j->in[0], *b = j->in[1], *c = optional(j, 2);
    double alpha = (double)nn_node_float(j->node, "alpha", 1.0f);
    double beta = (double)nn_node_float(j->node, "beta", 1.0f);
    int ta = nn_node_int(j->node, "transA", 0) != 0, tb = nn_node_int(j->node, "transB", 0) != 0;
    size_t rows = j->out->dims.dim[0], cols = j->out->dims.dim[1], inner = a->dims.dim[ta ? 0 : 1];

    for (size_t m = 0; m < rows; m++) {
        for (size_t n = 0; n < cols; n++) {
            double sum = 0;

            for (size_t k = 0; k < inner; k++)
                sum += (double)a->value[ta ? k * rows + m : m * inner + k] *
                       (double)b->value[tb ? n * inner + k : k * cols + n];
            sum *= alpha;
            if (c != NULL)
                sum += beta * at(c, broadcast_index(&j->out->dims, &c->dims, m * cols + n));
            j->out->value[m * cols + n] = (float)sum;
        }
    }
}

/* x is (N,C,...), y is (N,C,1,...) */
static void run_global_average_pool(const job *j)
{
    size_t inner = j->out->count == 0 ? 0 : j->in[0]->count / j->out->count;

    for (size_t nc = 0; nc < j->out->count; nc++) {
        double sum = 0;

        for (size_t k = 0; k < inner; k++)
            sum += (double)j->in[0]->value[nc * inner + k];
        j->out->value[nc] = (float)(sum / (double)inner);
    }
}

/* a is (...,M,K), b is (...,K,N), y is (...,M,N); the leading dimensions are broadcast */
static void run_matmul(const job *j)
{
    const nn_tensor *left = j->in[0], *right = j->in[1];
    nn_dims a = left->dims, b = right->dims, batch;

    if (nn_op_matmul_dims(&a, &b, &batch) != NN_OK || j->out->count == 0)
        return;
    size_t rows = a.dim[a.rank - 2], inner = a.dim[a.rank - 1], cols = b.dim[b.rank - 1];
    nn_dims heads_a = nn_dims_make(a.rank - 2, a.dim), heads_b = nn_dims_make(b.rank - 2, b.dim);

    for (size_t n = 0; n < j->out->count / (rows * cols); n++) {
        const float *u = left->value + broadcast_index(&batch, &heads_a, n) * rows * inner;
        const float *v = right->value + broadcast_index(&batch, &heads_b, n) * inner * cols;

        for (size_t y = 0; y < rows; y++) {
            for (size_t x = 0; x < cols; x++) {
                double sum = 0;

                for (size_t k = 0; k < inner; k++)
                    sum += (double)u[y * inner + k] * (double)v[k * cols + x];
                j->out->value[(n * rows + y) * cols + x] = (float)sum;
            }
        }
    }
}

static void copy_element(const job *j, size_t to, size_t from)
{
    if (j->out->value != NULL)
        j->out->value[to] = j->in[0]->value[from];
    else
        j->out->number[to] = j->in[0]->number[from];
}

/* Same numbers in the same order: Identity, Dropout, Flatten, Reshape */
static void run_copy(const job *j)
{
    for (size_t i = 0; i < j->out->count; i++)
        copy_element(j, i, i);
}

/* dimension k of y is dimension perm[k] of x */
static void run_transpose(const job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    size_t perm[NN_RANK_MAX], stride[NN_RANK_MAX], step = 1;

    if (nn_op_transpose_perm(perm, j->node, d->rank) != NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    for (size_t k = d->rank; k-- > 0;) {
        stride[k] = step;
        step *= d->dim[k];
    }
    for (size_t i = 0; i < j->out->count; i++) {
        size_t rest = i, from = 0;

        for (size_t k = d->rank; k-- > 0;) {
            from += rest % j->out->dims.dim[k] * stride[perm[k]];
            rest /= j->out->dims.dim[k];
        }
        copy_element(j, i, from);
    }
}

typedef void (*runner)(const job *j);

static const struct {
    runner run;
    int moves; /* 1 when the operator moves elements of any type, 0 when it computes floats */
} runners[NN_OP_COUNT] = {
    [NN_OP_ADD] = {run_binary, 0},
    [NN_OP_AVERAGE_POOL] = {run_average_pool, 0},
    [NN_OP_BATCH_NORMALIZATION] = {run_batch_normalization, 0},
    [NN_OP_CONV] = {run_conv, 0},
    [NN_OP_DIV] = {run_binary, 0},
    [NN_OP_DROPOUT] = {run_copy, 1},
    [NN_OP_FLATTEN] = {run_copy, 1},
    [NN_OP_GEMM] = {run_gemm, 0},
    [NN_OP_GLOBAL_AVERAGE_POOL] = {run_global_average_pool, 0},
    [NN_OP_IDENTITY] = {run_copy, 1},
    [NN_OP_MATMUL] = {run_matmul, 0},
    [NN_OP_MUL] = {run_binary, 0},
    [NN_OP_POW] = {run_binary, 0},
    [NN_OP_RESHAPE] = {run_copy, 1},
    [NN_OP_SUB] = {run_binary, 0},
    [NN_OP_TRANSPOSE] = {run_transpose, 1},
};

nn_status nn_ref_node(const nn_node *node, const nn_tensor *const *in, nn_tensor *out, char *why,
                      size_t why_size)
{
    char label[NN_LABEL_SIZE];
    nn_dims dims;

    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    nn_status st = nn_op_shape(&dims, node, in, why, why_size);
    if (st != NN_OK)
        return st;
    /* Elementwise operators read integers as numbers; the others need floats to compute with. */
    int binary = runners[node->op].run == run_binary;
    for (size_t k = 0; k < node->input_count && !binary && !runners[node->op].moves; k++)
        if (in[k] != NULL && in[k]->value == NULL)
            return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "%s: input %zu is not float",
                          nn_node_label(label, node), k + 1);
    st = nn_tensor_init(out, runners[node->op].moves ? in[0]->type : NN_TYPE_FLOAT, &dims);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "%s: out of memory", nn_node_label(label, node));
    const job j = {node, in, out};
    runners[node->op].run(&j);
    return NN_OK;
}

/* The value of every index is a constant of the graph, the input, or what a node has made. */
static const nn_tensor *tensor_of(const nn_graph *g, const nn_tensor *made, const nn_tensor *input,
                                  size_t v)
{
    if (v == NN_VALUE_NONE)
        return NULL;
    switch (g->value[v].kind) {
    case NN_VALUE_CONSTANT:
        return &g->value[v].constant;
    case NN_VALUE_INPUT:
        return input;
    default:
        return &made[v];
    }
}

static nn_status check_input(const nn_graph *g, const nn_tensor *in, char *why, size_t why_size)
{
    char ta[NN_DIMS_TEXT], tb[NN_DIMS_TEXT];

    if (g->input_count > 1)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "the graph has %zu inputs, one is taken",
                      g->input_count);
    if (g->input_count == 0)
        return NN_OK;
    if (in == NULL || in->value == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph needs a float input");
    nn_dims want = g->value[g->input[0]].dims;
    if (want.rank > 0 && want.dim[0] == 0 && in->dims.rank > 0)
        want.dim[0] = in->dims.dim[0];
    if (!nn_dims_equal(&want, &in->dims))
        return nn_why(why, why_size, NN_ERR_SHAPE,
                      "the input has dimensions %s, the graph wants %s",
                      nn_dims_print(ta, sizeof ta, &in->dims), nn_dims_print(tb, sizeof tb, &want));
    return NN_OK;
}

static nn_status run_nodes(const nn_graph *g, nn_tensor *made, const nn_tensor *in, char *why,
                           size_t why_size)
{
    for (size_t n = 0; n < g->node_count; n++) {
        const nn_node *node = &g->node[n];
        const nn_tensor *operand[NN_NODE_INPUTS_MAX];

        for (size_t k = 0; k < node->input_count; k++)
            operand[k] = tensor_of(g, made, in, node->input[k]);
        nn_status st = nn_ref_node(node, operand, &made[node->output], why, why_size);
        if (st != NN_OK)
            return st;
    }
    return NN_OK;
}

nn_status nn_ref_run(const nn_graph *g, const nn_tensor *in, nn_tensor *out, char *why,
                     size_t why_size)
{
    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    if (nn_graph_status(g) != NN_OK)
        return nn_why(why, why_size, nn_graph_status(g), "%s", nn_graph_error(g));
    if (g->output_count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph has no output");
    nn_status st = check_input(g, in, why, why_size);
    if (st != NN_OK)
        return st;
    nn_tensor *made = calloc(g->value_count, sizeof *made);
    if (made == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while running the graph");
    st = run_nodes(g, made, in, why, why_size);
    if (st == NN_OK)
        st = nn_tensor_copy(out, tensor_of(g, made, in, g->output[0]));
    for (size_t k = 0; k < g->value_count; k++)
        nn_tensor_clear(&made[k]);
    free(made);
    return st;
}
