/* Sparse matrices of scalars, rounded to integers: see circuits.h. Everything here is public. */
#include "ckks/circuits/sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/scheme/worker.h"

/* Whether offsets and columns are those of a matrix; *widest gets the most entries of a row. */
static int well_formed(const ckks_scalars *m, size_t *widest)
{
    *widest = 0;
    if (m->rows == 0 || m->rows > UINT32_MAX || m->cols == 0 || m->row_start == NULL ||
        m->row_start[0] != 0)
        return 0;
    for (size_t r = 0; r < m->rows; r++) {
        if (m->row_start[r + 1] < m->row_start[r])
            return 0;
        size_t count = m->row_start[r + 1] - m->row_start[r];
        *widest = count > *widest ? count : *widest;
    }
    if (m->row_start[m->rows] > 0 && (m->col == NULL || m->value == NULL))
        return 0;
    for (size_t k = 0; k < m->row_start[m->rows]; k++)
        if (m->col[k] >= m->cols)
            return 0;
    return 1;
}

/* Size of the block: value, bias, rounding, row_start, col, order. */
static size_t block_bytes(size_t rows, size_t nonzeros)
{
    return nonzeros * (sizeof(int64_t) + sizeof(uint32_t)) +
           rows * (2 * sizeof(double) + sizeof(uint32_t)) + (rows + 1) * sizeof(size_t);
}

size_t ckks_sums_memory(size_t rows, size_t nonzeros)
{
    return sizeof(ckks_sums) + block_bytes(rows, nonzeros);
}

/* One row while they are put in order. */
typedef struct named {
    const uint32_t *col;
    size_t count;
    uint32_t row;
} named;

/* By number of columns, by columns, by place: any order would do that brings equals together and is
 * the same everywhere. */
static int by_columns(const void *left, const void *right)
{
    const named *a = left, *b = right;

    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (size_t k = 0; k < a->count; k++)
        if (a->col[k] != b->col[k])
            return a->col[k] < b->col[k] ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

static ckks_status find_order(ckks_worker *w, ckks_sums *s)
{
    size_t bytes = s->rows * sizeof(named);
    named *row = ckks_mem_alloc(&s->allocator, bytes);

    if (row == NULL)
        return ckks_worker_fail(w, CKKS_ERR_MEMORY, "sums: no memory for %zu rows", s->rows);
    for (size_t r = 0; r < s->rows; r++)
        row[r] =
            (named){s->col + s->row_start[r], s->row_start[r + 1] - s->row_start[r], (uint32_t)r};
    qsort(row, s->rows, sizeof *row, by_columns);
    for (size_t r = 0; r < s->rows; r++)
        s->order[r] = row[r].row;
    ckks_mem_free(&s->allocator, row, bytes);
    return CKKS_OK;
}

static ckks_status round_row(ckks_worker *w, ckks_sums *s, const ckks_scalars *m, size_t r)
{
    double sum = 0.0;

    for (size_t k = m->row_start[r]; k < m->row_start[r + 1]; k++) {
        double x = m->value[k] * s->scale.hi;
        if (!(fabs(x) < 0x1p62))
            return ckks_worker_fail(w, CKKS_ERR_RANGE,
                                    "sums: the scalar %g at row %zu, column %lu, does not fit at "
                                    "scale 2^%.2f",
                                    m->value[k], r, (unsigned long)m->col[k],
                                    ckks_scale_log2(s->scale));
        s->value[k] = (int64_t)llrint(x);
        double off = m->value[k] - (double)s->value[k] / s->scale.hi;
        sum += off * off;
    }
    s->rounding[r] = sqrt(sum);
    s->bias[r] = m->bias != NULL ? m->bias[r] : 0.0;
    if (!(fabs(s->bias[r]) < HUGE_VAL))
        return ckks_worker_fail(w, CKKS_ERR_RANGE, "sums: the bias %g at row %zu", s->bias[r], r);
    return CKKS_OK;
}

ckks_status ckks_sums_create(ckks_worker *w, ckks_sums **out, const ckks_scalars *m,
                             ckks_scale scale)
{
    ckks_sums *s = NULL;
    size_t widest = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL || out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (m == NULL || !well_formed(m, &widest) || !(m->magnitude >= 0.0 && m->magnitude < HUGE_VAL))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "sums: this is not a matrix in compressed rows");
    if (!(scale.hi > 0.0 && scale.hi < 0x1p1000))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "sums: a scale of %g", scale.hi);
    s = ckks_mem_alloc_zero(&w->ctx->params.allocator, sizeof *s);
    if (s == NULL)
        return ckks_worker_fail(w, CKKS_ERR_MEMORY, "sums: no memory");
    s->context_id = w->ctx->id;
    s->allocator = w->ctx->params.allocator;
    s->rows = m->rows;
    s->cols = m->cols;
    s->nonzeros = m->row_start[m->rows];
    s->widest = widest;
    s->bytes = block_bytes(s->rows, s->nonzeros);
    s->scale = scale;
    s->magnitude = m->magnitude;
    s->value = ckks_mem_alloc(&s->allocator, s->bytes);
    if (s->value == NULL) {
        st = ckks_worker_fail(w, CKKS_ERR_MEMORY, "sums: no memory for %zu scalars", s->nonzeros);
        goto out;
    }
    s->bias = (double *)(void *)(s->value + s->nonzeros);
    s->rounding = s->bias + s->rows;
    s->row_start = (size_t *)(void *)(s->rounding + s->rows);
    s->col = (uint32_t *)(void *)(s->row_start + s->rows + 1);
    s->order = s->col + s->nonzeros;
    memcpy(s->row_start, m->row_start, (s->rows + 1) * sizeof *s->row_start);
    if (s->nonzeros > 0)
        memcpy(s->col, m->col, s->nonzeros * sizeof *s->col);
    for (size_t r = 0; r < s->rows; r++)
        CKKS_TRY(round_row(w, s, m, r));
    CKKS_TRY(find_order(w, s));
    *out = s;
    return CKKS_OK;
out:
    ckks_sums_free(s);
    return st;
}

void ckks_sums_free(ckks_sums *s)
{
    ckks_allocator allocator;

    if (s == NULL)
        return;
    allocator = s->allocator;
    ckks_mem_free(&allocator, s->value, s->bytes);
    ckks_mem_free(&allocator, s, sizeof *s);
}
