/* Sparse affine maps, see nn/stages/affine.h. */

#include "nn/stages/affine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nn_status nn_affine_begin(nn_affine *a, size_t rows, size_t cols)
{
    *a = (nn_affine){.rows = 0};
    if (rows == 0 || cols == 0 || rows > NN_AFFINE_SIDE_MAX || cols > NN_AFFINE_SIDE_MAX)
        return NN_ERR_SHAPE;
    a->row_start = calloc(rows + 1, sizeof *a->row_start);
    a->bias = calloc(rows, sizeof *a->bias);
    if (a->row_start == NULL || a->bias == NULL) {
        nn_affine_clear(a);
        return NN_ERR_MEMORY;
    }
    a->rows = rows;
    a->cols = cols;
    return NN_OK;
}

/* During building row_start[built + 1] counts the entries so far. */
static nn_status grow(nn_affine *a)
{
    size_t room = a->capacity == 0 ? 1024 : a->capacity + a->capacity / 2;

    if (a->capacity >= NN_AFFINE_NONZEROS_MAX)
        return NN_ERR_SHAPE;
    if (room > NN_AFFINE_NONZEROS_MAX)
        room = NN_AFFINE_NONZEROS_MAX;
    uint32_t *col = realloc(a->col, room * sizeof *col);
    if (col != NULL)
        a->col = col;
    double *value = realloc(a->value, room * sizeof *value);
    if (value != NULL)
        a->value = value;
    if (col == NULL || value == NULL)
        return NN_ERR_MEMORY;
    a->capacity = room;
    return NN_OK;
}

/* Give back what a finished map does not need. */
static nn_status trim(nn_affine *a)
{
    size_t n = a->row_start[a->rows];

    if (n == 0 || n == a->capacity)
        return NN_OK;
    uint32_t *col = realloc(a->col, n * sizeof *col);
    if (col == NULL)
        return NN_ERR_MEMORY;
    a->col = col;
    double *value = realloc(a->value, n * sizeof *value);
    if (value == NULL)
        return NN_ERR_MEMORY;
    a->value = value;
    a->capacity = n;
    return NN_OK;
}

nn_status nn_affine_push(nn_affine *a, size_t col, double value)
{
    if (!isfinite(value))
        return NN_ERR_RANGE;
    if (a->built >= a->rows || col >= a->cols)
        return NN_ERR_ARG;
    size_t n = a->row_start[a->built + 1];
    if (n > a->row_start[a->built] && a->col[n - 1] >= col)
        return NN_ERR_ARG;
    if (value == 0.0)
        return NN_OK;
    if (n == a->capacity) {
        nn_status st = grow(a);
        if (st != NN_OK)
            return st;
    }
    a->col[n] = (uint32_t)col; /* below 2^24 */
    a->value[n] = value;
    a->row_start[a->built + 1] = n + 1;
    return NN_OK;
}

nn_status nn_affine_end_row(nn_affine *a, double bias)
{
    if (!isfinite(bias))
        return NN_ERR_RANGE;
    if (a->built >= a->rows)
        return NN_ERR_ARG;
    a->bias[a->built++] = bias;
    if (a->built == a->rows)
        return trim(a);
    a->row_start[a->built + 1] = a->row_start[a->built];
    return NN_OK;
}

void nn_affine_clear(nn_affine *a)
{
    if (a == NULL)
        return;
    free(a->row_start);
    free(a->col);
    free(a->value);
    free(a->bias);
    *a = (nn_affine){.rows = 0};
}

nn_status nn_affine_copy(nn_affine *a, const nn_affine *from)
{
    size_t n = nn_affine_nonzeros(from);
    nn_status st = nn_affine_begin(a, from->rows, from->cols);

    if (st != NN_OK)
        return st;
    a->col = malloc((n > 0 ? n : 1) * sizeof *a->col);
    a->value = malloc((n > 0 ? n : 1) * sizeof *a->value);
    if (a->col == NULL || a->value == NULL) {
        nn_affine_clear(a);
        return NN_ERR_MEMORY;
    }
    if (n > 0) {
        memcpy(a->col, from->col, n * sizeof *a->col);
        memcpy(a->value, from->value, n * sizeof *a->value);
    }
    memcpy(a->row_start, from->row_start, (from->rows + 1) * sizeof *a->row_start);
    memcpy(a->bias, from->bias, from->rows * sizeof *a->bias);
    a->capacity = n;
    a->built = from->built;
    return NN_OK;
}

nn_status nn_affine_diagonal(nn_affine *a, size_t n, const double *scale, const double *bias)
{
    nn_status st = nn_affine_begin(a, n, n);

    for (size_t i = 0; i < n && st == NN_OK; i++) {
        st = nn_affine_push(a, i, scale != NULL ? scale[i] : 1.0);
        if (st == NN_OK)
            st = nn_affine_end_row(a, bias != NULL ? bias[i] : 0.0);
    }
    if (st != NN_OK)
        nn_affine_clear(a);
    return st;
}

nn_status nn_affine_permutation(nn_affine *a, size_t rows, size_t cols, const size_t *from)
{
    nn_status st = nn_affine_begin(a, rows, cols);

    for (size_t i = 0; i < rows && st == NN_OK; i++) {
        st = nn_affine_push(a, from[i], 1.0);
        if (st == NN_OK)
            st = nn_affine_end_row(a, 0.0);
    }
    if (st != NN_OK)
        nn_affine_clear(a);
    return st;
}

nn_status nn_affine_dense(nn_affine *a, size_t rows, size_t cols, const double *matrix,
                          const double *bias)
{
    nn_status st = nn_affine_begin(a, rows, cols);

    for (size_t i = 0; i < rows && st == NN_OK; i++) {
        for (size_t k = 0; k < cols && st == NN_OK; k++)
            st = nn_affine_push(a, k, matrix[i * cols + k]);
        if (st == NN_OK)
            st = nn_affine_end_row(a, bias != NULL ? bias[i] : 0.0);
    }
    if (st != NN_OK)
        nn_affine_clear(a);
    return st;
}

/* What composing needs per column of the result: its sum so far, and a bit that says whether it
 * occurs in the row being made. */
typedef struct compose_room {
    double *sum;
    uint64_t *occurs;          /* 64 columns a word */
    size_t words, least, most; /* words that may have bits */
} compose_room;

/* Move the sums into the row being built, in ascending order, and clear the bits. */
static nn_status compose_flush(nn_affine *a, compose_room *r)
{
    nn_status st = NN_OK;

    for (size_t w = r->least; w <= r->most && w < r->words; w++) {
        uint64_t bits = r->occurs[w];

        r->occurs[w] = 0;
        for (size_t col = 64 * w; bits != 0 && st == NN_OK; bits >>= 1, col++)
            if ((bits & 1) != 0)
                st = nn_affine_push(a, col, r->sum[col]);
    }
    r->least = r->words;
    r->most = 0;
    return st;
}

/* One row of the product: sum over its entries of the rows of first (Gustavson). */
static nn_status compose_row(nn_affine *a, const nn_affine *second, const nn_affine *first,
                             size_t row, compose_room *r)
{
    double bias = second->bias[row];

    for (size_t e = second->row_start[row]; e < second->row_start[row + 1]; e++) {
        size_t middle = second->col[e], end = first->row_start[middle + 1];
        double factor = second->value[e];

        bias += factor * first->bias[middle];
        for (size_t f = first->row_start[middle]; f < end; f++) {
            size_t col = first->col[f], word = col / 64;
            uint64_t bit = UINT64_C(1) << (col % 64);

            r->sum[col] = (r->occurs[word] & bit) != 0 ? r->sum[col] + factor * first->value[f]
                                                       : factor * first->value[f];
            r->occurs[word] |= bit;
        }
        if (end > first->row_start[middle]) {
            size_t low = first->col[first->row_start[middle]] / 64, high = first->col[end - 1] / 64;
            r->least = low < r->least ? low : r->least;
            r->most = high > r->most ? high : r->most;
        }
    }
    nn_status st = compose_flush(a, r);
    return st == NN_OK ? nn_affine_end_row(a, bias) : st;
}

nn_status nn_affine_compose(nn_affine *a, const nn_affine *second, const nn_affine *first)
{
    *a = (nn_affine){.rows = 0};
    if (first->rows != second->cols)
        return NN_ERR_SHAPE;
    compose_room r = {.words = first->cols / 64 + 1};
    r.least = r.words;
    r.sum = malloc(first->cols * sizeof *r.sum);
    r.occurs = calloc(r.words, sizeof *r.occurs);
    nn_status st = nn_affine_begin(a, second->rows, first->cols);
    if (st == NN_OK && (r.sum == NULL || r.occurs == NULL))
        st = NN_ERR_MEMORY;
    for (size_t i = 0; i < second->rows && st == NN_OK; i++)
        st = compose_row(a, second, first, i, &r);
    free(r.sum);
    free(r.occurs);
    if (st != NN_OK)
        nn_affine_clear(a);
    return st;
}

/* One row of a sum: both rows merged in ascending order. */
static nn_status sum_row(nn_affine *a, const nn_affine *x, const nn_affine *y, size_t row)
{
    size_t e = x->row_start[row], f = y->row_start[row];
    nn_status st = NN_OK;

    while (st == NN_OK && (e < x->row_start[row + 1] || f < y->row_start[row + 1])) {
        int take_x =
            e < x->row_start[row + 1] && (f == y->row_start[row + 1] || x->col[e] <= y->col[f]);
        int take_y =
            f < y->row_start[row + 1] && (e == x->row_start[row + 1] || y->col[f] <= x->col[e]);
        size_t col = take_x ? x->col[e] : y->col[f];

        st = nn_affine_push(a, col, (take_x ? x->value[e] : 0.0) + (take_y ? y->value[f] : 0.0));
        e += (size_t)take_x;
        f += (size_t)take_y;
    }
    return st == NN_OK ? nn_affine_end_row(a, x->bias[row] + y->bias[row]) : st;
}

nn_status nn_affine_sum(nn_affine *a, const nn_affine *one, const nn_affine *two)
{
    *a = (nn_affine){.rows = 0};
    if (one->rows != two->rows || one->cols != two->cols)
        return NN_ERR_SHAPE;
    nn_status st = nn_affine_begin(a, one->rows, one->cols);
    for (size_t i = 0; i < one->rows && st == NN_OK; i++)
        st = sum_row(a, one, two, i);
    if (st != NN_OK)
        nn_affine_clear(a);
    return st;
}

/* Squeeze out entries that have become zero. */
static void drop_zeros(nn_affine *a)
{
    size_t kept = 0, from = 0;

    for (size_t i = 0; i < a->rows; i++) {
        for (; from < a->row_start[i + 1]; from++) {
            if (a->value[from] != 0.0) {
                a->col[kept] = a->col[from];
                a->value[kept++] = a->value[from];
            }
        }
        a->row_start[i + 1] = kept;
    }
}

nn_status nn_affine_scale_rows(nn_affine *a, const double *scale, const double *shift)
{
    for (size_t i = 0; i < a->rows; i++) {
        double s = scale != NULL ? scale[i] : 1.0;

        a->bias[i] = s * (a->bias[i] + (shift != NULL ? shift[i] : 0.0));
        if (!isfinite(a->bias[i]))
            return NN_ERR_RANGE;
        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++) {
            a->value[e] *= s;
            if (!isfinite(a->value[e]))
                return NN_ERR_RANGE;
        }
    }
    drop_zeros(a);
    return NN_OK;
}

nn_status nn_affine_scale_cols(nn_affine *a, const double *scale, const double *shift)
{
    for (size_t i = 0; i < a->rows; i++) {
        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++) {
            size_t col = a->col[e];

            if (shift != NULL)
                a->bias[i] += a->value[e] * shift[col];
            if (scale != NULL)
                a->value[e] *= scale[col];
            if (!isfinite(a->value[e]))
                return NN_ERR_RANGE;
        }
        if (!isfinite(a->bias[i]))
            return NN_ERR_RANGE;
    }
    drop_zeros(a);
    return NN_OK;
}

void nn_affine_apply(const nn_affine *a, double *y, const double *x)
{
    for (size_t i = 0; i < a->rows; i++) {
        double sum = a->bias[i];

        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++)
            sum += a->value[e] * x[a->col[e]];
        y[i] = sum;
    }
}

void nn_affine_apply_then_add(const nn_affine *a, double *y, const double *x)
{
    for (size_t i = 0; i < a->rows; i++) {
        double sum = a->bias[i];

        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++)
            sum += a->value[e] * x[a->col[e]];
        y[i] += sum;
    }
}

size_t nn_affine_nonzeros(const nn_affine *a)
{
    return a->row_start != NULL ? a->row_start[a->rows] : 0;
}

int nn_affine_is_identity(const nn_affine *a)
{
    double factor;

    return nn_affine_is_scalar(a, &factor) && factor == 1.0;
}

int nn_affine_is_linear(const nn_affine *a)
{
    for (size_t i = 0; i < a->rows; i++)
        if (a->bias[i] != 0.0)
            return 0;
    return 1;
}

int nn_affine_is_scalar(const nn_affine *a, double *factor)
{
    if (a->rows != a->cols || nn_affine_nonzeros(a) != a->rows)
        return 0;
    for (size_t i = 0; i < a->rows; i++)
        if (a->row_start[i + 1] != i + 1 || a->col[i] != i || a->value[i] != a->value[0])
            return 0;
    *factor = a->value[0];
    return 1;
}

int nn_affine_is_selection(const nn_affine *a)
{
    for (size_t i = 0; i < a->rows; i++)
        if (a->row_start[i + 1] - a->row_start[i] > 1)
            return 0;
    return 1;
}

int nn_affine_is_diagonal(const nn_affine *a)
{
    if (a->rows != a->cols || !nn_affine_is_selection(a))
        return 0;
    for (size_t i = 0; i < a->rows; i++)
        if (a->row_start[i + 1] > a->row_start[i] && a->col[a->row_start[i]] != i)
            return 0;
    return 1;
}

void nn_affine_get_diagonal(const nn_affine *a, double *scale)
{
    for (size_t i = 0; i < a->rows; i++)
        scale[i] = a->row_start[i + 1] > a->row_start[i] ? a->value[a->row_start[i]] : 0.0;
}
