/* Networks of nothing but stages' kinds and inputs, for the tests of levels: no matrices, floors
 * and costs made up. */
#ifndef UNSEEN_TESTS_LEVELS_WORLD_H
#define UNSEEN_TESTS_LEVELS_WORLD_H

#include "nn/levels/level.h"

#include "tests/testing.h"

enum { WORLD_STAGES = 24 };

typedef struct world {
    nn_stages stages;
    nn_stage stage[WORLD_STAGES];
    nn_work work[WORLD_STAGES];
    nn_level_floor floor[WORLD_STAGES];
    double own[WORLD_STAGES * (NN_LIMBS_MAX + 1)];
    double magnitude[WORLD_STAGES + 1], word[WORLD_STAGES + 1];
    nn_levels_job job;
} world;

static inline void world_begin(world *w)
{
    memset(w, 0, sizeof *w);
    w->stages = (nn_stages){.input = {1, 1, 1}, .input_hi = 1.0, .stage = w->stage};
}

static inline size_t world_add(world *w, nn_stage_kind kind, size_t count, const size_t *input)
{
    size_t k = w->stages.count++;
    nn_stage *s = &w->stage[k];
    assert_true(k < WORLD_STAGES);
    *s = (nn_stage){.kind = kind, .input_count = count, .out = {1, 1, 1}, .range = 4.0};
    memcpy(s->input, input, count * sizeof *input);
    w->work[k] = (nn_work){.affine = kind == NN_STAGE_AFFINE, .parts = 1, .transforms = 1};
    w->work[k].square = kind == NN_STAGE_PRODUCT;
    w->work[k].products = kind == NN_STAGE_PRODUCT;
    return k + 1;
}

static inline size_t world_affine(world *w, size_t x)
{
    return world_add(w, NN_STAGE_AFFINE, 1, &x);
}

static inline size_t world_square(world *w, size_t x)
{
    size_t v = world_add(w, NN_STAGE_POLY, 1, &x);
    w->stage[v - 1].degree = 2;
    w->stage[v - 1].coef[2] = 1.0;
    w->work[v - 1].square = 1;
    w->work[v - 1].products = 1;
    return v;
}

/* x^4 - x / 2. */
static inline size_t world_quartic(world *w, size_t x)
{
    size_t v = world_add(w, NN_STAGE_POLY, 1, &x);
    w->stage[v - 1].degree = 4;
    w->stage[v - 1].coef[4] = 1.0;
    w->stage[v - 1].coef[1] = -0.5;
    w->work[v - 1].products = 2;
    return v;
}

static inline size_t world_product(world *w, size_t x, size_t y)
{
    return world_add(w, NN_STAGE_PRODUCT, 2, (const size_t[]){x, y});
}

/* x, as it is when same is 1, plus a matrix times y. */
static inline size_t world_sum(world *w, size_t x, size_t y, int same)
{
    size_t v = world_add(w, NN_STAGE_AFFINE, 2, (const size_t[]){x, y});
    w->work[v - 1].same[0] = (unsigned char)same;
    w->work[v - 1].scalars = same;
    return v;
}

/* Floors between 20 and 26 bits, weights between 14 and 22, costs that grow with the limbs. */
static inline void world_end(world *w, testing_rng *rng, nn_powers *powers, double bound)
{
    for (size_t k = 0; k < w->stages.count; k++) {
        double cost = testing_uniform(rng, 1.0, 5.0);
        w->floor[k].out = testing_uniform(rng, 20.0, 26.0);
        for (size_t i = 0; i < NN_INPUTS_MAX; i++)
            w->floor[k].weight[i] = w->work[k].same[i] ? 5.0 : testing_uniform(rng, 14.0, 22.0);
        for (size_t l = 0; l <= NN_LIMBS_MAX; l++)
            w->own[k * (NN_LIMBS_MAX + 1) + l] = cost * (double)(l * (l + 2));
    }
    for (size_t v = 0; v <= w->stages.count; v++) {
        w->magnitude[v] = 4.2;
        w->word[v] = v > 0 && w->work[v - 1].affine ? 58.0 : HUGE_VAL;
    }
    w->job = (nn_levels_job){.stages = &w->stages,
                             .work = w->work,
                             .floor = w->floor,
                             .powers = powers,
                             .prime_bits_min = 24.0,
                             .input_bits = 22.0,
                             .own = w->own,
                             .magnitude = w->magnitude,
                             .word = w->word,
                             .bound = bound};
}

/* A random network of so many stages: a chain with residual sums, products and, with powers,
 * quartics.
 */
static inline void world_random(world *w, testing_rng *rng, size_t count, int quartics)
{
    size_t last = 0, other = 0;
    world_begin(w);
    while (w->stages.count < count) {
        size_t before = last;
        switch (testing_below(rng, 6)) {
        case 0:
            last = world_square(w, last);
            break;
        case 1:
            last = quartics ? world_quartic(w, last) : world_square(w, last);
            break;
        case 2:
            last = other != last ? world_sum(w, other, last, (int)testing_below(rng, 2))
                                 : world_affine(w, last);
            break;
        case 3:
            last = other != last ? world_product(w, other, last) : world_affine(w, last);
            break;
        default:
            last = world_affine(w, last);
            break;
        }
        if (testing_below(rng, 3) == 0)
            other = before;
    }
}

#endif
