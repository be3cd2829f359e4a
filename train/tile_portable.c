/* The family in plain C: four rows by eight columns of sums at a time, named so that compilers put
 * them into whatever vectors there are. Products are rounded before they are added.
 */
#include <string.h>

#include "train/tile.h"

enum { ROWS = 4, LANES = 8, COLS = TRAIN_TILE_VECTORS * LANES };

static void add_to(float *sum, const float *s, int add)
{
    for (size_t j = 0; j < LANES; j++)
        sum[j] = add ? sum[j] + s[j] : s[j];
}

static void product(float *sum, const float *a, const float *const *b, const uint32_t *at,
                    size_t depth, int vectors, int add)
{
    for (int v = 0; v < vectors; v++, sum += LANES) {
        float s0[LANES] = {0}, s1[LANES] = {0}, s2[LANES] = {0}, s3[LANES] = {0};
        for (size_t k = 0; k < depth; k++) {
            const float *row = a + k * ROWS, *x = b[v] + at[k];
            for (size_t j = 0; j < LANES; j++)
                s0[j] += row[0] * x[j];
            for (size_t j = 0; j < LANES; j++)
                s1[j] += row[1] * x[j];
            for (size_t j = 0; j < LANES; j++)
                s2[j] += row[2] * x[j];
            for (size_t j = 0; j < LANES; j++)
                s3[j] += row[3] * x[j];
        }
        add_to(sum, s0, add);
        add_to(sum + COLS, s1, add);
        add_to(sum + 2 * COLS, s2, add);
        add_to(sum + 3 * COLS, s3, add);
    }
}

static void copy(float *to, const float *from, const uint32_t *at, size_t depth,
                 const train_run *runs, size_t run_count)
{
    for (size_t k = 0; k < depth; k++, to += COLS)
        for (size_t r = 0; r < run_count; r++)
            memcpy(to + runs[r].at, from + at[k] + runs[r].from, runs[r].count * sizeof *to);
}

static void turn(float *to, size_t to_step, const float *from, size_t from_step, size_t rows,
                 size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j * to_step + i] = from[i * from_step + j];
}

const train_tile *train_tile_portable(void)
{
    static const train_tile family = {"portable", 0, ROWS, LANES, product, copy, turn};
    return &family;
}
