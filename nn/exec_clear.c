/* The plan on clear slots, in double. */
#include <stdlib.h>
#include <string.h>

#include "nn/exec.h"
#include "nn/why.h"

typedef struct clear_state {
    const nn_plan *plan;
    double *slot;    /* the tensor */
    double *scratch; /* as many again */
} clear_state;

static void fold(clear_state *s, size_t slots, size_t step)
{
    for (size_t j = 0; j < slots; j++)
        s->scratch[j] = s->slot[j] + s->slot[(j + step) % slots];
    memcpy(s->slot, s->scratch, slots * sizeof *s->slot);
}

static nn_status clear_affine(void *state, size_t k)
{
    clear_state *s = state;
    const nn_route *r = &s->plan->arrangement.route[k];
    double *value = NULL;
    nn_status st = nn_exec_diagonals(&value, s->plan, k);
    if (st != NN_OK)
        return st;
    for (size_t j = 0; j < r->slots; j++)
        s->scratch[j] = 0.0;
    for (int d = 0; d < r->count; d++)
        for (size_t j = 0; j < r->slots; j++)
            s->scratch[j] +=
                value[(size_t)d * r->slots + j] * s->slot[(j + (size_t)r->step[d]) % r->slots];
    free(value);
    memcpy(s->slot, s->scratch, r->slots * sizeof *s->slot);
    for (int f = 0; f < r->fold_count; f++)
        fold(s, r->slots, (size_t)r->fold[f]);
    double *bias = nn_exec_bias(s->plan, k);
    if (bias == NULL)
        return NN_ERR_MEMORY;
    for (size_t j = 0; j < r->slots; j++)
        s->slot[j] += bias[j];
    free(bias);
    return NN_OK;
}

static nn_status clear_activation(void *state, size_t k)
{
    clear_state *s = state;
    const nn_stage *stage = &s->plan->stages->stage[k];
    for (size_t j = 0; j < s->plan->arrangement.slots; j++) {
        double x = s->slot[j], y = stage->coef[stage->degree];
        for (int d = stage->degree - 1; d >= 0; d--)
            y = y * x + stage->coef[d];
        s->slot[j] = y;
    }
    return NN_OK;
}

nn_status nn_plan_run_clear(const nn_plan *p, float *out, const float *in, char *why,
                            size_t why_size)
{
    static const nn_executor executor = {clear_affine, clear_activation};
    const nn_layout *first = &p->arrangement.layout[0];
    const nn_layout *last = &p->arrangement.layout[p->stages->count];
    size_t slots = p->arrangement.slots, images = p->arrangement.images;
    clear_state s = {.plan = p};
    s.slot = calloc(2 * slots, sizeof *s.slot);
    double *number = malloc((first->count + last->count) * sizeof *number);
    nn_status st = s.slot == NULL || number == NULL ? NN_ERR_MEMORY : NN_OK;
    for (size_t m = 0; m < images && st == NN_OK; m++) {
        for (size_t e = 0; e < first->count; e++)
            number[e] = (double)in[m * first->count + e];
        nn_layout_spread(first, s.slot, images, m, number);
    }
    if (st == NN_OK) {
        s.scratch = s.slot + slots;
        st = nn_exec_walk(p, &executor, &s, NULL, NULL);
    }
    for (size_t m = 0; m < images && st == NN_OK; m++) {
        nn_layout_gather(last, number, s.slot, images, m);
        for (size_t e = 0; e < last->count; e++)
            out[m * last->count + e] = (float)number[e];
    }
    free(number);
    free(s.slot);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}
