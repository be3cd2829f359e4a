/* A linear transform with random diagonals, its keys, and its value on clear slots. */
#ifndef UNSEEN_TESTS_LINTRANS_WORLD_H
#define UNSEEN_TESTS_LINTRANS_WORLD_H

#include "tests/scheme.h"

#include "ckks/circuits.h"

enum { LINTRANS_MAX = 512 };

typedef struct lintrans_world {
    scheme s;
    int baby[LINTRANS_MAX], giant[LINTRANS_MAX];
    uint16_t step[LINTRANS_MAX], in[LINTRANS_MAX], out[LINTRANS_MAX];
    double *value[LINTRANS_MAX]; /* of every diagonal */
    int diagonals;
    ckks_lintrans_shape shape;
    ckks_lintrans *t;
    ckks_key_spec spec[2 * LINTRANS_MAX];
    size_t key_count;
} lintrans_world;

/** Gives the world's diagonals. */
static inline ckks_status lintrans_fill(void *user, int k, double *value)
{
    const lintrans_world *v = user;

    memcpy(value, v->value[k], v->s.slots * sizeof *value);
    return CKKS_OK;
}

/** Context, keys and transform for the steps index[0 .. count); between the inputs and outputs of
 *  the shape every block has all of them, but for one in seven diagonals. */
static inline void lintrans_start(lintrans_world *v, const ckks_params *params,
                                  ckks_lintrans_shape shape, const int *index, int count,
                                  double baby_cost, double giant_cost, double scale)
{
    ckks_context *ctx = NULL;
    size_t scratch = 0;
    int blocks = shape.in_count * shape.out_count;

    memset(v, 0, sizeof *v);
    v->shape = shape;
    v->shape.step_count = count;
    v->shape.baby = v->baby;
    v->shape.giant = v->giant;
    for (int k = 0; k < count * (blocks > 0 ? blocks : 1); k++) {
        if (blocks > 1 && k % 7 == 3)
            continue;
        assert_true(v->diagonals < LINTRANS_MAX);
        v->step[v->diagonals] = (uint16_t)(k % count);
        v->in[v->diagonals] = (uint16_t)(blocks > 0 ? k / count % shape.in_count : 0);
        v->out[v->diagonals++] = (uint16_t)(blocks > 0 ? k / count / shape.in_count : 0);
    }
    if (blocks > 0) {
        v->shape.diagonal_count = v->diagonals;
        v->shape.diagonal_step = v->step;
        v->shape.diagonal_in = v->in;
        v->shape.diagonal_out = v->out;
    }
    assert_int_equal(ckks_context_create(&ctx, params, NULL, 0), CKKS_OK);
    ckks_lintrans_split(v->baby, v->giant, index, count, ckks_context_slots(ctx), baby_cost,
                        giant_cost);
    scratch = ckks_lintrans_scratch_bytes(ctx, &v->shape, 1);
    ckks_context_free(ctx);
    scheme_start(&v->s, params, scratch);
    for (int k = 0; k < v->diagonals; k++)
        v->value[k] = scheme_vector(&v->s, -1, 1);
    v->key_count = ckks_lintrans_keys(v->s.ctx, v->spec, 2 * LINTRANS_MAX, &v->shape);
    scheme_keys(&v->s, v->spec, v->key_count);
    scheme_ok(v->s.w, ckks_lintrans_create(v->s.w, &v->t, &v->shape, lintrans_fill, v,
                                           ckks_scale_from(scale)));
}

static inline void lintrans_stop(lintrans_world *v)
{
    for (int k = 0; k < v->diagonals; k++)
        free(v->value[k]);
    ckks_lintrans_free(v->t);
    scheme_stop(&v->s);
}

/** Output o = the transform of the inputs, folds included. */
static inline void lintrans_clear(const lintrans_world *v, double *y, int o, const double *const *x)
{
    size_t slots = v->s.slots;
    double *z = malloc(slots * sizeof *z);

    assert_non_null(z);
    for (size_t j = 0; j < slots; j++) {
        y[j] = 0.0;
        for (int k = 0; k < v->diagonals; k++) {
            size_t index = (size_t)(v->baby[v->step[k]] + v->giant[v->step[k]]);
            if (v->out[k] == o)
                y[j] += v->value[k][j] * x[v->in[k]][(j + index) % slots];
        }
    }
    for (int f = 0; f < v->shape.fold_count; f++) {
        memcpy(z, y, slots * sizeof *z);
        for (size_t j = 0; j < slots; j++)
            y[j] += z[(j + slots + (size_t)(v->shape.fold_step[f] + (int)slots)) % slots];
    }
    free(z);
}

/** ckks_lintrans_apply of a transform with one input and one output. */
static inline ckks_status lintrans_apply(ckks_worker *w, ckks_ciphertext *out,
                                         const ckks_ciphertext *in, const ckks_lintrans *t)
{
    return ckks_lintrans_apply(w, &out, &in, t);
}

#endif
