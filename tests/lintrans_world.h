/* A linear transform with random diagonals, its keys, and its value on clear slots. */
#ifndef UNSEEN_TESTS_LINTRANS_WORLD_H
#define UNSEEN_TESTS_LINTRANS_WORLD_H

#include "tests/scheme.h"

#include "ckks/circuits.h"

enum { LINTRANS_MAX = 512 };

typedef struct lintrans_world {
    scheme s;
    int baby[LINTRANS_MAX], giant[LINTRANS_MAX];
    ckks_diagonal diagonal[LINTRANS_MAX];
    ckks_lintrans_shape shape;
    ckks_lintrans *t;
    ckks_key_spec spec[2 * LINTRANS_MAX];
    size_t key_count;
} lintrans_world;

/** Context, keys and transform for the diagonals index[0 .. count). */
static inline void lintrans_start(lintrans_world *v, const ckks_params *params,
                                  ckks_lintrans_shape shape, const int *index, int count,
                                  double baby_cost, double giant_cost, double scale)
{
    memset(v, 0, sizeof *v);
    v->shape = shape;
    v->shape.diagonal_count = count;
    v->shape.baby = v->baby;
    v->shape.giant = v->giant;
    {
        ckks_context *ctx = NULL;
        size_t scratch = 0;
        assert_int_equal(ckks_context_create(&ctx, params, NULL, 0), CKKS_OK);
        ckks_lintrans_split(v->baby, v->giant, index, count, ckks_context_slots(ctx), baby_cost,
                            giant_cost);
        scratch = ckks_lintrans_scratch_bytes(ctx, &v->shape, 1);
        ckks_context_free(ctx);
        scheme_start(&v->s, params, scratch);
    }
    for (int i = 0; i < count; i++) {
        v->diagonal[i].index = index[i];
        v->diagonal[i].value = scheme_vector(&v->s, -1, 1);
    }
    v->key_count = ckks_lintrans_keys(v->s.ctx, v->spec, 2 * LINTRANS_MAX, &v->shape);
    scheme_keys(&v->s, v->spec, v->key_count);
    scheme_ok(v->s.w,
              ckks_lintrans_create(v->s.w, &v->t, &v->shape, v->diagonal, ckks_scale_from(scale)));
}

static inline void lintrans_stop(lintrans_world *v)
{
    for (int i = 0; i < v->shape.diagonal_count; i++)
        free((void *)(uintptr_t)v->diagonal[i].value);
    ckks_lintrans_free(v->t);
    scheme_stop(&v->s);
}

/** y = the transform of x, folds included. */
static inline void lintrans_clear(const lintrans_world *v, double *y, const double *x)
{
    size_t slots = v->s.slots;
    double *z = malloc(slots * sizeof *z);

    assert_non_null(z);
    for (size_t j = 0; j < slots; j++) {
        y[j] = 0.0;
        for (int i = 0; i < v->shape.diagonal_count; i++)
            y[j] += v->diagonal[i].value[j] * x[(j + (size_t)v->diagonal[i].index) % slots];
    }
    for (int f = 0; f < v->shape.fold_count; f++) {
        memcpy(z, y, slots * sizeof *z);
        for (size_t j = 0; j < slots; j++)
            y[j] += z[(j + slots + (size_t)(v->shape.fold_step[f] + (int)slots)) % slots];
    }
    free(z);
}

#endif
