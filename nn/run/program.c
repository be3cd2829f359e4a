/* Making a program: one stage after the other, one diagonal at a time for every thread. */
#include "nn/run/program.h"

#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/plan/plan_memory.h"

/* Diagonal k of the index that user points to. */
static ckks_status fill(void *user, int k, double *value)
{
    nn_route_diagonal(user, k, value);
    return CKKS_OK;
}

static nn_status encode_matrix(nn_program *prog, ckks_worker *w, size_t k, size_t i)
{
    const nn_plan *p = prog->plan;
    ckks_lintrans_shape shape = nn_plan_shape(p, k, i);
    nn_route_index x;
    nn_status st = nn_exec_index(&x, p, k, i);
    if (st == NN_OK)
        st = ckks_lintrans_create(w, &prog->matrix[k * NN_INPUTS_MAX + i], &shape, fill, &x,
                                  p->step[k].weight[i]);
    if (st == NN_OK)
        prog->bytes += ckks_lintrans_memory(prog->ctx, &shape);
    nn_route_index_clear(&x);
    return st;
}

static int all_zero(const double *x, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (x[k] != 0.0)
            return 0;
    return 1;
}

static nn_status encode_bias(nn_program *prog, ckks_worker *w, size_t k)
{
    const nn_plan *p = prog->plan;
    const nn_affine *a = &p->stages->stage[k].affine[0];
    size_t slots = p->arrangement.slots;
    if (all_zero(a->bias, a->rows))
        return NN_OK;
    double *slot = nn_exec_bias(p, k);
    nn_status st = slot == NULL ? NN_ERR_MEMORY : NN_OK;
    for (size_t part = 0; part < nn_exec_parts(p, k + 1) && st == NN_OK; part++) {
        ckks_plaintext **bias = &prog->bias[k * NN_PARTS_MAX + part];
        st = ckks_plaintext_create(bias, prog->ctx);
        if (st == NN_OK)
            st = ckks_encode(w, *bias, slot + part * slots, NULL, slots, p->step[k].shape.limbs_out,
                             p->step[k].scale_out);
        prog->bytes += nn_plan_bias_bytes(p);
    }
    free(slot);
    return st;
}

static nn_status encode_stage(nn_program *prog, nn_plan *p, ckks_worker *w, size_t k, int release)
{
    nn_status st = NN_OK;
    for (size_t i = 0; i < p->stages->stage[k].input_count && st == NN_OK; i++) {
        if (nn_exec_route(p, k, i)->kind != NN_ROUTE_SAME)
            st = encode_matrix(prog, w, k, i);
        if (st == NN_OK && release)
            nn_plan_release_matrix(p, k, i);
    }
    return st == NN_OK ? encode_bias(prog, w, k) : st;
}

static nn_status alloc(nn_program **out, const nn_plan *p, const ckks_context *ctx)
{
    size_t count = p->stages->count;
    nn_program *prog = calloc(1, sizeof *prog);
    *out = prog;
    if (prog == NULL)
        return NN_ERR_MEMORY;
    prog->plan = p;
    prog->ctx = ctx;
    prog->stages = count;
    prog->matrix = calloc(count * NN_INPUTS_MAX, sizeof(ckks_lintrans *));
    prog->bias = calloc(count * NN_PARTS_MAX, sizeof(ckks_plaintext *));
    return prog->matrix == NULL || prog->bias == NULL ? NN_ERR_MEMORY : NN_OK;
}

static int tell(const nn_watch *watch, const nn_plan *p, size_t k)
{
    if (watch == NULL || watch->progress == NULL)
        return 0;
    return watch->progress(watch->user, k + 1, p->stages->count, p->stages->stage[k].name);
}

nn_status nn_program_create(nn_program **out, nn_plan *p, const ckks_context *ctx,
                            const nn_program_options *options, char *why, size_t why_size)
{
    const nn_program_options o = options != NULL ? *options : (nn_program_options){0};
    nn_program *prog = NULL;
    ckks_worker *w = NULL;
    *out = NULL;
    nn_status st = alloc(&prog, p, ctx);
    if (st == NN_OK)
        st = ckks_worker_create_team(&w, ctx, 0, o.threads > 0 ? o.threads : 1);
    for (size_t k = 0; k < p->stages->count && st == NN_OK; k++) {
        if (p->stages->stage[k].kind == NN_STAGE_AFFINE)
            st = encode_stage(prog, p, w, k, o.release);
        if (st != NN_OK && st != NN_ERR_ARG && st != NN_ERR_MEMORY)
            (void)nn_why(why, why_size, st, "stage '%s': %s", p->stages->stage[k].name,
                         ckks_worker_error(w));
        if (st == NN_OK && tell(o.watch, p, k) != 0)
            st = NN_ERR_STOPPED;
    }
    ckks_worker_free(w);
    if (st == NN_OK)
        *out = prog;
    else
        nn_program_free(prog);
    return st == NN_OK ? st : nn_exec_why(st, why, why_size);
}

void nn_program_free(nn_program *prog)
{
    if (prog == NULL)
        return;
    for (size_t k = 0; prog->matrix != NULL && k < prog->stages * NN_INPUTS_MAX; k++)
        ckks_lintrans_free(prog->matrix[k]);
    for (size_t k = 0; prog->bias != NULL && k < prog->stages * NN_PARTS_MAX; k++)
        ckks_plaintext_free(prog->bias[k]);
    free(prog->matrix);
    free(prog->bias);
    free(prog);
}

size_t nn_program_bytes(const nn_program *prog)
{
    return prog->bytes;
}

size_t nn_program_scratch_bytes(const nn_program *prog, int threads)
{
    return nn_plan_scratch(prog->plan, prog->ctx, threads);
}
