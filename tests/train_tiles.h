/* A family of the trainer's hot loops against the same sums taken one by one, bit for bit. */
#ifndef UNSEEN_TESTS_TRAIN_TILES_H
#define UNSEEN_TESTS_TRAIN_TILES_H

#include "tests/testing.h"

#include "train/tile.h"

static const train_tile *train_tiles_one; /* the family under test */

static inline void train_tiles_fill(testing_rng *rng, float *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (float)testing_uniform(rng, -1.0, 1.0);
}

/* Every number of vectors, many depths with 0 and 1 among them, alone and added. */
static inline void train_tiles_product(void **state)
{
    enum { DEPTH = 40, ROOM = 300, SIZE = TRAIN_TILE_MOST_ROWS * TRAIN_TILE_MOST_COLS };
    const train_tile *t = train_tiles_one;
    float a[DEPTH * TRAIN_TILE_MOST_ROWS], from[ROOM], got[SIZE], want[SIZE];
    uint32_t at[DEPTH];
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < testing_iters(200); round++) {
        size_t depth = (size_t)testing_below(&rng, DEPTH + 1), cols = TRAIN_TILE_VECTORS * t->lanes;
        int vectors = 1 + round % TRAIN_TILE_VECTORS, add = round / TRAIN_TILE_VECTORS % 2;
        const float *b[TRAIN_TILE_VECTORS] = {NULL, NULL, NULL};
        train_tiles_fill(&rng, a, DEPTH * t->rows);
        train_tiles_fill(&rng, from, ROOM);
        train_tiles_fill(&rng, want, SIZE);
        memcpy(got, want, sizeof got);
        for (size_t k = 0; k < depth; k++)
            at[k] = (uint32_t)testing_below(&rng, 200);
        for (int v = 0; v < vectors; v++)
            b[v] = from + testing_below(&rng, 84);
        t->product(got, a, b, at, depth, vectors, add);
        for (size_t i = 0; i < t->rows; i++)
            for (size_t j = 0; j < (size_t)vectors * t->lanes; j++) {
                float sum = 0.0f;
                for (size_t k = 0; k < depth; k++) {
                    float x = a[k * t->rows + i], y = b[j / t->lanes][at[k] + j % t->lanes];
                    sum = t->fused ? fmaf(x, y, sum) : sum + x * y;
                }
                want[i * cols + j] = add ? want[i * cols + j] + sum : sum;
            }
        assert_memory_equal(got, want, sizeof got);
    }
}

/* Runs of every length, as they come; what stands beside the panel's columns is not looked at. */
static inline void train_tiles_copy(void **state)
{
    enum { DEPTH = 9, ROOM = 400 };
    const train_tile *t = train_tiles_one;
    float from[ROOM], to[DEPTH * TRAIN_TILE_MOST_COLS + TRAIN_TILE_MOST_LANES];
    uint32_t at[DEPTH];
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < testing_iters(200); round++) {
        size_t depth = 1 + (size_t)testing_below(&rng, DEPTH), cols = TRAIN_TILE_VECTORS * t->lanes;
        size_t width = 1 + (size_t)testing_below(&rng, cols), count = 0;
        train_run runs[TRAIN_TILE_MOST_COLS];
        train_tiles_fill(&rng, from, ROOM);
        for (size_t k = 0; k < depth; k++)
            at[k] = (uint32_t)testing_below(&rng, 100);
        for (size_t j = 0; j < width; j += runs[count++].count) {
            runs[count].at = j;
            runs[count].from = (size_t)testing_below(&rng, 100);
            runs[count].count = 1 + (size_t)testing_below(&rng, width - j);
        }
        t->copy(to, from, at, depth, runs, count);
        for (size_t k = 0; k < depth; k++)
            for (size_t r = 0; r < count; r++)
                assert_memory_equal(to + k * cols + runs[r].at, from + at[k] + runs[r].from,
                                    runs[r].count * sizeof *to);
    }
}

/* All sizes around whole blocks; nothing else is written. */
static inline void train_tiles_turn(void **state)
{
    enum { MOST = 19 };
    const train_tile *t = train_tiles_one;
    float from[MOST * (MOST + 2)], to[(MOST + 1) * (MOST + 3)], want[(MOST + 1) * (MOST + 3)];
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    train_tiles_fill(&rng, from, sizeof from / sizeof *from);
    for (size_t rows = 0; rows <= MOST; rows++)
        for (size_t cols = 0; cols <= MOST; cols++) {
            size_t from_step = cols + rows % 3, to_step = rows + cols % 4;
            train_tiles_fill(&rng, to, sizeof to / sizeof *to);
            memcpy(want, to, sizeof want);
            t->turn(to, to_step, from, from_step, rows, cols);
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < cols; j++)
                    want[j * to_step + i] = from[i * from_step + j];
            assert_memory_equal(to, want, sizeof want);
        }
}

/** The tests of one family, which may be NULL or not for this machine: then there are none. */
static inline int train_tiles_main(const char *name, const train_tile *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_tiles_product),
        cmocka_unit_test(train_tiles_copy),
        cmocka_unit_test(train_tiles_turn),
    };
    for (int i = 0; train_tile_list(i) != NULL; i++)
        if (train_tile_list(i) == t)
            train_tiles_one = t;
    if (train_tiles_one == NULL) {
        printf("# %s: not in this build or not for this machine, skipped\n", name);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
