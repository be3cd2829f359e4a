/* Routes on clear slots, for the tests of layouts, routes and arrangements. */
#ifndef UNSEEN_TESTS_ROUTES_H
#define UNSEEN_TESTS_ROUTES_H

#include "nn/slots/route.h"

#include "tests/testing.h"

/** What a route makes of the slots of its input, all parts one after the other: one diagonal at a
 *  time, then the folds. The bias is not added. */
static inline void routes_apply(const nn_route *r, const nn_affine *a, const nn_layout *in,
                                const nn_layout *out, double *y, const double *x)
{
    size_t slots = r->slots, all = r->out_parts * slots;
    double *diagonal = malloc((slots + all) * sizeof *diagonal), *next = diagonal + slots;
    nn_route_index index;
    assert_int_equal(nn_route_index_find(&index, r, a, in, out), NN_OK);
    for (size_t j = 0; j < all; j++)
        y[j] = r->kind == NN_ROUTE_SAME ? x[j] : 0.0;
    for (int e = 0; e < r->entries; e++) {
        size_t k = r->entry_step[e], from = r->entry_in[e] * slots, to = r->entry_out[e] * slots;
        assert_int_equal((size_t)(r->baby[k] + r->giant[k]) % slots, r->step[k]);
        assert_true(r->entry_in[e] < r->in_parts && r->entry_out[e] < r->out_parts);
        nn_route_diagonal(&index, e, diagonal);
        for (size_t j = 0; j < slots; j++)
            y[to + j] += diagonal[j] * x[from + (j + (size_t)r->step[k]) % slots];
    }
    for (int f = 0; f < r->fold_count; f++) {
        for (size_t j = 0; j < all; j++)
            next[j] = y[j] + y[j - j % slots + (j + (size_t)r->fold[f]) % slots];
        memcpy(y, next, all * sizeof *y);
    }
    nn_route_index_clear(&index);
    free(diagonal);
}

/** Random input through the route: all slots of the output must hold M x and, unless partial sums
 *  are allowed, all others 0. Several images lie side by side, each with an input of its own. */
static inline void routes_check(const nn_route *r, const nn_affine *a, const nn_layout *in,
                                const nn_layout *out, testing_rng *rng)
{
    size_t slots = r->slots, images = r->images, outs = r->out_parts * slots;
    double *x = malloc(a->cols * sizeof *x), *y = calloc(a->rows, sizeof *y);
    double *slot = calloc(r->in_parts * slots, sizeof *slot);
    double *sum = calloc(2 * outs, sizeof *sum), *want = sum + outs;
    uint32_t *element = malloc(out->parts * out->slots * sizeof *element);
    for (size_t m = 0; m < images; m++) {
        for (size_t i = 0; i < a->cols; i++)
            x[i] = testing_uniform(rng, -1.0, 1.0);
        nn_affine_apply(a, y, x);
        for (size_t o = 0; o < a->rows; o++)
            y[o] -= a->bias[o];
        nn_layout_spread(in, slot, images, m, x);
        nn_layout_spread(out, want, images, m, y);
    }
    routes_apply(r, a, in, out, sum, slot);
    nn_layout_to_slots(out, element);
    /* Sums of at most cols products of numbers below 1, in another order; the bias came and went.
     */
    for (size_t j = 0; j < outs; j++)
        if (r->kind != NN_ROUTE_SPREAD || element[j / images] != NN_LAYOUT_EMPTY)
            assert_true(fabs(sum[j] - want[j]) <= 1e-13 + 1e-15 * (double)(a->cols * a->cols));
    free(x);
    free(y);
    free(slot);
    free(sum);
    free(element);
}

#endif
