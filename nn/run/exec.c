/* The driver that both executors share, and what a probe sees of it. */
#include "nn/run/exec.h"

#include <stdlib.h>

#include "nn/base/why.h"

static int probe(const nn_plan *p, const nn_executor *executor, void *state, const nn_watch *watch,
                 size_t k)
{
    nn_view_place place = {p, k + 1};
    nn_view view = {.step = k,
                    .name = p->stages->stage[k].name,
                    .numbers = nn_stages_width(p->stages, k + 1),
                    .images = p->arrangement.images,
                    .parts = nn_exec_parts(p, k + 1),
                    .place = &place};
    executor->show(state, k + 1, &view);
    return watch->probe(watch->user, &view);
}

static nn_status one_stage(const nn_plan *p, const nn_executor *executor, void *state, size_t k)
{
    switch (p->stages->stage[k].kind) {
    case NN_STAGE_AFFINE:
        return executor->affine(state, k);
    case NN_STAGE_POLY:
        return executor->polynomial(state, k);
    case NN_STAGE_PRODUCT:
        return executor->product(state, k);
    }
    return NN_ERR_ARG;
}

/* The values that stage k takes as the last, each once, and its own when nothing takes it. */
static void release(const nn_plan *p, const nn_executor *executor, void *state, size_t k)
{
    for (size_t v = 0; v <= k + 1; v++)
        if (nn_stages_last_use(p->stages, v) == k)
            executor->release(state, v);
}

nn_status nn_exec_walk(const nn_plan *p, const nn_executor *executor, void *state,
                       const nn_watch *watch)
{
    const nn_stages *s = p->stages;
    for (size_t k = 0; k < s->count; k++) {
        nn_status st = one_stage(p, executor, state, k);
        if (st != NN_OK)
            return st;
        if (watch != NULL && watch->probe != NULL && probe(p, executor, state, watch, k) != 0)
            return NN_ERR_STOPPED;
        release(p, executor, state, k);
        if (watch != NULL && watch->progress != NULL &&
            watch->progress(watch->user, k + 1, s->count, s->stage[k].name) != 0)
            return NN_ERR_STOPPED;
    }
    return NN_OK;
}

int nn_exec_takes_over(const nn_plan *p, size_t k, size_t value)
{
    return value > 0 && nn_stages_last_use(p->stages, value) == k;
}

const nn_route *nn_exec_route(const nn_plan *p, size_t k, size_t i)
{
    return nn_arrangement_route(&p->arrangement, k, i);
}

size_t nn_exec_parts(const nn_plan *p, size_t value)
{
    return p->arrangement.layout[value].parts;
}

nn_status nn_exec_index(nn_route_index *x, const nn_plan *p, size_t k, size_t i)
{
    const nn_arrangement *a = &p->arrangement;
    const nn_stage *stage = &p->stages->stage[k];
    *x = (nn_route_index){0};
    if (stage->affine[i].value == NULL)
        return NN_ERR_ARG;
    return nn_route_index_find(x, nn_exec_route(p, k, i), &stage->affine[i],
                               &a->layout[stage->input[i]], &a->layout[k + 1]);
}

double *nn_exec_bias(const nn_plan *p, size_t k)
{
    const nn_arrangement *a = &p->arrangement;
    const nn_layout *out = &a->layout[k + 1];
    double *slot = calloc(out->parts * a->slots, sizeof *slot);
    for (size_t m = 0; m < a->images && slot != NULL; m++)
        nn_layout_spread(out, slot, a->images, m, p->stages->stage[k].affine[0].bias);
    return slot;
}

nn_status nn_exec_why(nn_status status, char *why, size_t why_size)
{
    switch (status) {
    case NN_ERR_MEMORY:
        return nn_why(why, why_size, status, "out of memory");
    case NN_ERR_ARG:
        return nn_why(why, why_size, status,
                      "the plan has released its matrices to a program, and needs them again");
    case NN_ERR_STOPPED:
        return nn_why(why, why_size, status, "stopped");
    default:
        return status;
    }
}

/* ---- views */

/* All slots of an encrypted view, one part after the other. */
static nn_status open_parts(const nn_view *v, double *slot, size_t slots, ckks_worker *w,
                            const ckks_secret_key *sk)
{
    ckks_plaintext *plain = NULL;
    nn_status st = ckks_plaintext_create(&plain, ckks_worker_context(w));
    for (size_t p = 0; p < v->parts && st == CKKS_OK; p++) {
        st = ckks_decrypt(w, plain, sk, v->cipher[p]);
        if (st == CKKS_OK)
            st = ckks_decode(w, slot + p * slots, NULL, slots, plain);
    }
    ckks_plaintext_free(plain);
    return st;
}

nn_status nn_view_numbers(const nn_view *v, double *out, ckks_worker *w, const ckks_secret_key *sk)
{
    const nn_arrangement *a = &v->place->plan->arrangement;
    const nn_layout *layout = &a->layout[v->place->value];
    double *slot = NULL;
    nn_status st = NN_OK;
    if (v->slots == NULL && (w == NULL || sk == NULL))
        return NN_ERR_ARG;
    if (v->slots == NULL) {
        slot = malloc(v->parts * a->slots * sizeof *slot);
        st = slot == NULL ? NN_ERR_MEMORY : open_parts(v, slot, a->slots, w, sk);
    }
    for (size_t m = 0; m < v->images && st == NN_OK; m++)
        nn_layout_gather(layout, out + m * v->numbers, v->slots != NULL ? v->slots : slot,
                         a->images, m);
    free(slot);
    return st;
}
