/* Sparse affine maps, see nn/affine.h. */

#include "nn/affine.h"

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
    if (a->built < a->rows)
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

static int compare_columns(const void *a, const void *b)
{
    uint32_t u = *(const uint32_t *)a, v = *(const uint32_t *)b;

    return u < v ? -1 : u > v;
}

/* One row of the product: sum over its entries of the rows of first (Gustavson). The columns that
 * occur are collected in list and marked with the row's number, so that sum needs no clearing. */
static nn_status compose_row(nn_affine *a, const nn_affine *second, const nn_affine *first,
                             size_t row, double *sum, size_t *mark, uint32_t *list)
{
    size_t count = 0;
    double bias = second->bias[row];
    nn_status st = NN_OK;

    for (size_t e = second->row_start[row]; e < second->row_start[row + 1]; e++) {
        size_t middle = second->col[e];
        double factor = second->value[e];

        bias += factor * first->bias[middle];
        for (size_t f = first->row_start[middle]; f < first->row_start[middle + 1]; f++) {
            uint32_t col = first->col[f];
            if (mark[col] != row + 1) {
                mark[col] = row + 1;
                list[count++] = col;
                sum[col] = 0.0;
            }
            sum[col] += factor * first->value[f];
        }
    }
    qsort(list, count, sizeof *list, compare_columns);
    for (size_t k = 0; k < count && st == NN_OK; k++)
        st = nn_affine_push(a, list[k], sum[list[k]]);
    return st == NN_OK ? nn_affine_end_row(a, bias) : st;
}

nn_status nn_affine_compose(nn_affine *a, const nn_affine *second, const nn_affine *first)
{
    *a = (nn_affine){.rows = 0};
    if (first->rows != second->cols)
        return NN_ERR_SHAPE;
    nn_status st = nn_affine_begin(a, second->rows, first->cols);
    double *sum = malloc(first->cols * sizeof *sum);
    size_t *mark = calloc(first->cols, sizeof *mark);
    uint32_t *list = malloc(first->cols * sizeof *list);
    if (st == NN_OK && (sum == NULL || mark == NULL || list == NULL))
        st = NN_ERR_MEMORY;
    for (size_t i = 0; i < second->rows && st == NN_OK; i++)
        st = compose_row(a, second, first, i, sum, mark, list);
    free(sum);
    free(mark);
    free(list);
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

size_t nn_affine_nonzeros(const nn_affine *a)
{
    return a->row_start != NULL ? a->row_start[a->rows] : 0;
}

int nn_affine_is_identity(const nn_affine *a)
{
    if (a->rows != a->cols)
        return 0;
    for (size_t i = 0; i < a->rows; i++) {
        size_t e = a->row_start[i];
        if (a->row_start[i + 1] != e + 1 || a->col[e] != i || a->value[e] != 1.0 ||
            a->bias[i] != 0.0)
            return 0;
    }
    return 1;
}
