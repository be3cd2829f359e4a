/* Packing turns both operands into tiles that the inner loop reads in order; edges are filled with
 * zeros, which add nothing.
 */
#include "tools/train_gemm.h"

enum { MR = TRAIN_GEMM_ROWS, NR = TRAIN_GEMM_COLS };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* to[k * MR + i] = a(i, k) for i < MR, zero beyond `rows`. */
static void pack_rows(float *to, train_matrix a, size_t rows, size_t depth)
{
    for (size_t i = 0; i < MR; i++) {
        const float *from = a.at + i * a.row_step;
        if (i < rows)
            for (size_t k = 0; k < depth; k++)
                to[k * MR + i] = from[k * a.col_step];
        else
            for (size_t k = 0; k < depth; k++)
                to[k * MR + i] = 0.0f;
    }
}

/* Tiles of NR columns, one after the other: to[tile][k][j] = b(k, tile * NR + j). */
static void pack_cols(float *to, train_matrix b, size_t depth, size_t cols)
{
    for (size_t first = 0; first < cols; first += NR, to += NR * depth) {
        size_t width = least(NR, cols - first);
        const float *from = b.at + first * b.col_step;
        if (width == NR && b.col_step == 1) {
            for (size_t k = 0; k < depth; k++)
                for (size_t j = 0; j < NR; j++)
                    to[k * NR + j] = from[k * b.row_step + j];
            continue;
        }
        for (size_t j = 0; j < NR; j++)
            for (size_t k = 0; k < depth; k++)
                to[k * NR + j] = j < width ? from[k * b.row_step + j * b.col_step] : 0.0f;
    }
}

/* sum[i][j] = sum over k of a[k][i] b[k][j]. Four named rows, so that they stay in registers. */
static void tile(float *restrict sum, const float *restrict a, const float *restrict b,
                 size_t depth)
{
    float s0[NR] = {0}, s1[NR] = {0}, s2[NR] = {0}, s3[NR] = {0};
    for (size_t k = 0; k < depth; k++, a += MR, b += NR) {
        for (int j = 0; j < NR; j++)
            s0[j] += a[0] * b[j];
        for (int j = 0; j < NR; j++)
            s1[j] += a[1] * b[j];
        for (int j = 0; j < NR; j++)
            s2[j] += a[2] * b[j];
        for (int j = 0; j < NR; j++)
            s3[j] += a[3] * b[j];
    }
    for (int j = 0; j < NR; j++) {
        sum[j] = s0[j];
        sum[NR + j] = s1[j];
        sum[2 * NR + j] = s2[j];
        sum[3 * NR + j] = s3[j];
    }
}

static void store(float *c, size_t c_step, const float *sum, size_t rows, size_t cols, int add)
{
    for (size_t i = 0; i < rows; i++, c += c_step, sum += NR) {
        if (add)
            for (size_t j = 0; j < cols; j++)
                c[j] += sum[j];
        else
            for (size_t j = 0; j < cols; j++)
                c[j] = sum[j];
    }
}

void train_gemm(float *c, size_t c_step, train_matrix a, train_matrix b, size_t rows, size_t cols,
                size_t depth, int add, float *scratch)
{
    float *packed_rows = scratch;
    float *packed_cols = scratch + TRAIN_GEMM_DEPTH * MR;
    for (size_t k = 0; k < depth; k += TRAIN_GEMM_DEPTH) {
        size_t block = least(TRAIN_GEMM_DEPTH, depth - k);
        for (size_t j = 0; j < cols; j += TRAIN_GEMM_STRIP) {
            size_t strip = least(TRAIN_GEMM_STRIP, cols - j);
            train_matrix part = {b.at + k * b.row_step + j * b.col_step, b.row_step, b.col_step};
            pack_cols(packed_cols, part, block, strip);
            for (size_t i = 0; i < rows; i += MR) {
                size_t high = least(MR, rows - i);
                train_matrix band = {a.at + i * a.row_step + k * a.col_step, a.row_step,
                                     a.col_step};
                pack_rows(packed_rows, band, high, block);
                for (size_t t = 0; t < strip; t += NR) {
                    float sum[MR * NR];
                    tile(sum, packed_rows, packed_cols + t * block, block);
                    store(c + i * c_step + j + t, c_step, sum, high, least(NR, strip - t),
                          add || k > 0);
                }
            }
        }
    }
}
