/* The plan on clear slots, in double. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/run/exec.h"

typedef struct clear_state {
    const nn_plan *plan;
    size_t slots;     /* of one part */
    double **value;   /* [count + 1]: all slots of a value while it is alive, part after part */
    double *diagonal; /* one diagonal, or one part */
} clear_state;

static double *make_value(clear_state *s, size_t value)
{
    s->value[value] = calloc(nn_exec_parts(s->plan, value) * s->slots, sizeof(double));
    return s->value[value];
}

static void clear_release(void *state, size_t value)
{
    clear_state *s = state;
    free(s->value[value]);
    s->value[value] = NULL;
}

static void clear_show(void *state, size_t value, nn_view *v)
{
    v->slots = ((const clear_state *)state)->value[value];
}

/* ---- affine stages */

/* out += the diagonals of a route applied to in, and folded. sum: as many slots as out. */
static nn_status add_matrix(clear_state *s, size_t k, size_t i, double *sum, const double *in)
{
    const nn_route *r = nn_exec_route(s->plan, k, i);
    nn_route_index x;
    nn_status st = nn_exec_index(&x, s->plan, k, i);
    for (int e = 0; e < r->entries && st == NN_OK; e++) {
        double *to = sum + r->entry_out[e] * s->slots;
        const double *from = in + r->entry_in[e] * s->slots;
        size_t step = (size_t)r->step[r->entry_step[e]];
        nn_route_diagonal(&x, e, s->diagonal);
        for (size_t j = 0; j < s->slots; j++)
            to[j] += s->diagonal[j] * from[(j + step) & (s->slots - 1)];
    }
    nn_route_index_clear(&x);
    for (size_t p = 0; p < r->out_parts && st == NN_OK; p++)
        for (int f = 0; f < r->fold_count; f++) {
            double *at = sum + p * s->slots;
            memcpy(s->diagonal, at, s->slots * sizeof *at);
            for (size_t j = 0; j < s->slots; j++)
                at[j] += s->diagonal[(j + (size_t)r->fold[f]) & (s->slots - 1)];
        }
    return st;
}

static void add(double *to, const double *from, size_t count)
{
    for (size_t j = 0; j < count; j++)
        to[j] += from[j];
}

static nn_status clear_affine(void *state, size_t k)
{
    clear_state *s = state;
    const nn_stage *stage = &s->plan->stages->stage[k];
    size_t all = nn_exec_parts(s->plan, k + 1) * s->slots;
    double *out = make_value(s, k + 1), *bias = nn_exec_bias(s->plan, k);
    double *sum = malloc(all * sizeof *sum);
    nn_status st = out == NULL || bias == NULL || sum == NULL ? NN_ERR_MEMORY : NN_OK;
    for (size_t i = 0; i < stage->input_count && st == NN_OK; i++) {
        const double *in = s->value[stage->input[i]];
        if (nn_exec_route(s->plan, k, i)->kind == NN_ROUTE_SAME) {
            add(out, in, all);
            continue;
        }
        memset(sum, 0, all * sizeof *sum);
        st = add_matrix(s, k, i, sum, in);
        add(out, sum, all);
    }
    if (st == NN_OK)
        add(out, bias, all);
    free(sum);
    free(bias);
    return st;
}

/* ---- other stages */

static double monomial(const nn_stage *stage, double x)
{
    double y = stage->coef[stage->degree];
    for (int d = stage->degree - 1; d >= 0; d--)
        y = y * x + stage->coef[d];
    return y;
}

/* Clenshaw's recurrence. Slots without a meaning may lie outside [-1, 1]. */
static double chebyshev(const nn_stage *stage, double x)
{
    double b1 = 0.0, b2 = 0.0;
    for (int d = stage->degree; d > 0; d--) {
        double b0 = stage->coef[d] + 2.0 * x * b1 - b2;
        b2 = b1;
        b1 = b0;
    }
    return stage->coef[0] + x * b1 - b2;
}

static nn_status clear_polynomial(void *state, size_t k)
{
    clear_state *s = state;
    const nn_stage *stage = &s->plan->stages->stage[k];
    const double *in = s->value[stage->input[0]];
    double *out = make_value(s, k + 1);
    if (out == NULL)
        return NN_ERR_MEMORY;
    for (size_t j = 0; j < nn_exec_parts(s->plan, k + 1) * s->slots; j++)
        out[j] =
            stage->basis == CKKS_BASIS_CHEBYSHEV ? chebyshev(stage, in[j]) : monomial(stage, in[j]);
    return NN_OK;
}

static nn_status clear_product(void *state, size_t k)
{
    clear_state *s = state;
    const nn_stage *stage = &s->plan->stages->stage[k];
    const double *a = s->value[stage->input[0]], *b = s->value[stage->input[1]];
    double *out = make_value(s, k + 1);
    if (out == NULL)
        return NN_ERR_MEMORY;
    for (size_t j = 0; j < nn_exec_parts(s->plan, k + 1) * s->slots; j++)
        out[j] = a[j] * b[j];
    return NN_OK;
}

/* ---- all of it */

static nn_status put_images(clear_state *s, double *number, const float *in)
{
    const nn_layout *first = &s->plan->arrangement.layout[0];
    size_t images = s->plan->arrangement.images;
    double *slot = make_value(s, 0);
    for (size_t m = 0; m < images && slot != NULL; m++) {
        for (size_t e = 0; e < first->count; e++)
            number[e] = (double)in[m * first->count + e];
        nn_layout_spread(first, slot, images, m, number);
    }
    return slot == NULL ? NN_ERR_MEMORY : NN_OK;
}

static void take_logits(const clear_state *s, double *number, float *out)
{
    size_t count = s->plan->stages->count, images = s->plan->arrangement.images;
    const nn_layout *last = &s->plan->arrangement.layout[count];
    for (size_t m = 0; m < images; m++) {
        nn_layout_gather(last, number, s->value[count], images, m);
        for (size_t e = 0; e < last->count; e++)
            out[m * last->count + e] = (float)number[e];
    }
}

nn_status nn_plan_run_clear(const nn_plan *p, float *out, const float *in, const nn_watch *watch,
                            char *why, size_t why_size)
{
    static const nn_executor executor = {clear_affine, clear_polynomial, clear_product,
                                         clear_release, clear_show};
    size_t count = p->stages->count;
    size_t numbers = p->arrangement.layout[0].count + p->arrangement.layout[count].count;
    clear_state s = {.plan = p, .slots = p->arrangement.slots};
    double *number = malloc(numbers * sizeof *number);
    s.value = calloc(count + 1, sizeof(double *));
    s.diagonal = malloc(s.slots * sizeof *s.diagonal);
    nn_status st = s.value == NULL || s.diagonal == NULL || number == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK)
        st = put_images(&s, number, in);
    if (st == NN_OK)
        st = nn_exec_walk(p, &executor, &s, watch);
    if (st == NN_OK)
        take_logits(&s, number, out);
    for (size_t v = 0; s.value != NULL && v <= count; v++)
        free(s.value[v]);
    free(s.value);
    free(s.diagonal);
    free(number);
    return st == NN_OK ? st : nn_exec_why(st, why, why_size);
}
