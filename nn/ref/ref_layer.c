/* The layers in plain float arithmetic, see nn/ref/ref_rule.h.
 *
 * Index letters: n image of the batch, c input channel, o output channel, y x output position,
 * i j kernel position, k summation index of a product. */

#include "nn/ref/ref_rule.h"

#include <math.h>

#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"
#include "nn/graph/window.h"

/* One output of a pool: the mean or the largest of what the window sees. */
static float pool_at(const nn_ref_job *j, const nn_window *w, const float *image, size_t y,
                     size_t x)
{
    const size_t end = nn_window_end(w, 0, y), first = nn_window_first(w, 1, x);
    const size_t end_k = nn_window_end(w, 1, x);
    double sum = 0, most = -(double)INFINITY;
    size_t seen = 0;

    for (size_t i = nn_window_first(w, 0, y); i < end; i++) {
        const float *row = image + nn_window_at(w, 0, y, i) * w->in[1];

        for (size_t k = first; k < end_k; k++) {
            double v = (double)row[nn_window_at(w, 1, x, k)];
            sum += v;
            most = fmax(most, v);
            seen++;
        }
    }
    if (j->node->op == NN_OP_MAX_POOL)
        return (float)most;
    if (nn_node_int(j->node, "count_include_pad", 0) != 0)
        seen = nn_window_padded(w, 0, y) * nn_window_padded(w, 1, x);
    return (float)(seen > 0 ? sum / (double)seen : 0.0);
}

/* x is (N,C,H,W), y is (N,C,H',W') */
void nn_ref_pool(const nn_ref_job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    nn_window w;

    if (nn_window_of_node(&w, j->node, d, NULL, NULL, 0) != NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    for (size_t nc = 0; nc < d->dim[0] * d->dim[1]; nc++) {
        const float *image = j->in[0]->value + nc * w.in[0] * w.in[1];
        float *result = j->out->value + nc * w.out[0] * w.out[1];

        for (size_t y = 0; y < w.out[0]; y++)
            for (size_t x = 0; x < w.out[1]; x++)
                result[y * w.out[1] + x] = pool_at(j, &w, image, y, x);
    }
}

/* x is (N,C,...), scale, b, mean and variance are (C): y = scale (x - mean) / sqrt(var + eps) + b
 */
void nn_ref_batch_normalization(const nn_ref_job *j)
{
    const nn_tensor *x = j->in[0];
    double epsilon = (double)nn_node_float(j->node, "epsilon", 1e-5f);
    size_t channels = x->dims.dim[1];
    size_t inner = channels * x->dims.dim[0] == 0 ? 0 : x->count / (channels * x->dims.dim[0]);

    for (size_t nc = 0; nc < channels * x->dims.dim[0]; nc++) {
        size_t c = nc % channels;
        double scale = nn_ref_at(j->in[1], c), shift = nn_ref_at(j->in[2], c);
        double mean = nn_ref_at(j->in[3], c), deviation = sqrt(nn_ref_at(j->in[4], c) + epsilon);

        for (size_t i = nc * inner; i < (nc + 1) * inner; i++)
            j->out->value[i] = (float)(scale * ((double)x->value[i] - mean) / deviation + shift);
    }
}

/* a is (M,K) or its transpose, b is (K,N) or its transpose, c broadcasts to (M,N):
 * y = alpha a b + beta c */
void nn_ref_gemm(const nn_ref_job *j)
{
    const nn_tensor *a = j->in[0], *b = j->in[1], *c = nn_ref_optional(j, 2);
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
                sum += beta * nn_ref_at(c, nn_ref_broadcast(&j->out->dims, &c->dims, m * cols + n));
            j->out->value[m * cols + n] = (float)sum;
        }
    }
}

/* x is (N,C,...), y is (N,C,1,...) */
void nn_ref_global_pool(const nn_ref_job *j)
{
    size_t inner = j->out->count == 0 ? 0 : j->in[0]->count / j->out->count;

    for (size_t nc = 0; nc < j->out->count; nc++) {
        double sum = 0, most = -(double)INFINITY;

        for (size_t k = 0; k < inner; k++) {
            sum += (double)j->in[0]->value[nc * inner + k];
            most = fmax(most, (double)j->in[0]->value[nc * inner + k]);
        }
        j->out->value[nc] =
            (float)(j->node->op == NN_OP_GLOBAL_MAX_POOL ? most : sum / (double)inner);
    }
}

/* a is (...,M,K), b is (...,K,N), y is (...,M,N); the leading dimensions are broadcast */
void nn_ref_matmul(const nn_ref_job *j)
{
    const nn_tensor *left = j->in[0], *right = j->in[1];
    nn_dims a = left->dims, b = right->dims, batch;

    if (nn_op_matmul_dims(&a, &b, &batch) != NN_OK || j->out->count == 0)
        return;
    size_t rows = a.dim[a.rank - 2], inner = a.dim[a.rank - 1], cols = b.dim[b.rank - 1];
    nn_dims heads_a = nn_dims_make(a.rank - 2, a.dim), heads_b = nn_dims_make(b.rank - 2, b.dim);

    for (size_t n = 0; n < j->out->count / (rows * cols); n++) {
        const float *u = left->value + nn_ref_broadcast(&batch, &heads_a, n) * rows * inner;
        const float *v = right->value + nn_ref_broadcast(&batch, &heads_b, n) * inner * cols;

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

/* Mean or product over the reduced axes: number i of the output is that of all numbers of the input
 * whose other coordinates are those of i. */
void nn_ref_reduce(const nn_ref_job *j)
{
    const nn_tensor *x = j->in[0];
    int reduced[NN_RANK_MAX];
    size_t folded = j->out->count == 0 ? 0 : x->count / j->out->count;

    if (nn_op_reduced(reduced, j->node, j->in) != NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    for (size_t i = 0; i < j->out->count; i++) {
        double sum = 0;
        uint64_t product = 1; /* of integers, modulo 2^64 */

        for (size_t k = 0; k < folded; k++) {
            size_t kept = i, other = k, from = 0, stride = 1;

            for (size_t d = x->dims.rank; d-- > 0; stride *= x->dims.dim[d]) {
                size_t *rest = reduced[d] ? &other : &kept;
                from += *rest % x->dims.dim[d] * stride;
                *rest /= x->dims.dim[d];
            }
            if (x->number != NULL)
                product *= (uint64_t)x->number[from];
            else
                sum = j->node->op == NN_OP_REDUCE_MEAN ? sum + (double)x->value[from]
                      : k == 0                         ? (double)x->value[from]
                                                       : sum * (double)x->value[from];
        }
        if (j->out->number != NULL)
            j->out->number[i] = (int64_t)product;
        else
            j->out->value[i] =
                (float)(j->node->op == NN_OP_REDUCE_MEAN ? sum / (double)folded : sum);
    }
}

/* The list of classes of a softmax: length numbers, inner apart. */
static void softmax_list(size_t *length, size_t *inner, const nn_ref_job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    int coerced = nn_node_int(j->node, NN_OP_COERCED, 0) != 0;
    size_t axis = 0;

    *length = *inner = 1;
    if (nn_op_axis(&axis, j->node, j->node->op == NN_OP_ARG_MAX ? 0 : -1, d->rank, coerced) !=
        NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    for (size_t k = axis; k < d->rank; k++)
        *(k == axis || coerced ? length : inner) *= d->dim[k];
}

/* y = e^x / sum of e^x, or its logarithm; without overflow */
void nn_ref_softmax(const nn_ref_job *j)
{
    size_t length, inner;

    softmax_list(&length, &inner, j);
    for (size_t list = 0; length > 0 && list < j->out->count / length; list++) {
        size_t base = list / inner * length * inner + list % inner;
        const float *x = j->in[0]->value + base;
        float *y = j->out->value + base;
        double most = -(double)INFINITY, sum = 0;

        for (size_t k = 0; k < length; k++)
            most = fmax(most, (double)x[k * inner]);
        for (size_t k = 0; k < length; k++)
            sum += exp((double)x[k * inner] - most);
        for (size_t k = 0; k < length; k++) {
            double v = (double)x[k * inner] - most;
            y[k * inner] = (float)(j->node->op == NN_OP_SOFTMAX ? exp(v) / sum : v - log(sum));
        }
    }
}

void nn_ref_arg_max(const nn_ref_job *j)
{
    size_t length, inner;
    int last = nn_node_int(j->node, "select_last_index", 0) != 0;

    softmax_list(&length, &inner, j);
    for (size_t list = 0; list < j->out->count; list++) {
        const float *x = j->in[0]->value + list / inner * length * inner + list % inner;
        size_t best = 0;

        for (size_t k = 1; k < length; k++)
            if (x[k * inner] > x[best * inner] || (last && x[k * inner] == x[best * inner]))
                best = k;
        j->out->number[list] = (int64_t)best;
    }
}
