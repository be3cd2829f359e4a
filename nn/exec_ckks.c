/* The plan on ciphertexts: a program is the plan with every diagonal and bias encoded for one
 * context. */
#include <math.h>
#include <stdlib.h>

#include "nn/exec.h"
#include "nn/plan_forecast.h"
#include "nn/why.h"

struct nn_program {
    const nn_plan *plan;
    const ckks_context *ctx;
    ckks_lintrans **matrix; /* per stage; NULL for polynomial stages */
    ckks_plaintext **bias;  /* per stage; NULL where every bias is 0 */
    size_t bytes, scratch;
};

typedef struct encrypted_state {
    const nn_program *program;
    ckks_worker *w;
    ckks_ciphertext *now; /* the tensor; the output object of the caller */
} encrypted_state;

static nn_status encode_matrix(nn_program *prog, ckks_worker *w, size_t k)
{
    const nn_plan *p = prog->plan;
    const nn_route *r = &p->arrangement.route[k];
    ckks_lintrans_shape shape = nn_plan_shape(p, k);
    double *value = NULL;
    ckks_diagonal *diagonal = malloc(((size_t)r->count + 1) * sizeof *diagonal);
    nn_status st = diagonal == NULL ? NN_ERR_MEMORY : nn_exec_diagonals(&value, p, k);
    if (st == NN_OK) {
        for (int d = 0; d < r->count; d++)
            diagonal[d] = (ckks_diagonal){r->step[d], value + (size_t)d * r->slots};
        st = ckks_lintrans_create(w, &prog->matrix[k], &shape, diagonal, p->step[k].weight);
        prog->bytes += ckks_lintrans_memory(prog->ctx, &shape);
    }
    free(value);
    free(diagonal);
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
    const nn_affine *a = &p->stages->stage[k].affine;
    if (all_zero(a->bias, a->rows))
        return NN_OK;
    double *slot = nn_exec_bias(p, k);
    if (slot == NULL)
        return NN_ERR_MEMORY;
    nn_status st = ckks_plaintext_create(&prog->bias[k], prog->ctx);
    prog->bytes += nn_plan_bias_bytes(p);
    if (st == NN_OK)
        st = ckks_encode(w, prog->bias[k], slot, NULL, p->arrangement.slots,
                         p->step[k].shape.limbs_out, p->step[k].scale_out);
    free(slot);
    return st;
}

nn_status nn_program_create(nn_program **out, const nn_plan *p, const ckks_context *ctx, char *why,
                            size_t why_size)
{
    *out = NULL;
    size_t count = p->stages->count;
    nn_program *prog = calloc(1, sizeof *prog);
    ckks_worker *w = NULL;
    nn_status st = prog == NULL ? NN_ERR_MEMORY : ckks_worker_create(&w, ctx, 0);
    if (st == NN_OK) {
        prog->plan = p;
        prog->ctx = ctx;
        prog->scratch = nn_plan_scratch(p, ctx);
        prog->matrix = calloc(count + 1, sizeof(ckks_lintrans *));
        prog->bias = calloc(count + 1, sizeof(ckks_plaintext *));
        st = prog->matrix == NULL || prog->bias == NULL ? NN_ERR_MEMORY : NN_OK;
    }
    for (size_t k = 0; k < count && st == NN_OK; k++) {
        if (p->stages->stage[k].kind != NN_STAGE_AFFINE)
            continue;
        st = encode_matrix(prog, w, k);
        if (st == NN_OK)
            st = encode_bias(prog, w, k);
        if (st != NN_OK)
            (void)nn_why(why, why_size, st, "stage '%s': %s", p->stages->stage[k].name,
                         ckks_worker_error(w));
    }
    ckks_worker_free(w);
    if (st == NN_OK)
        *out = prog;
    else
        nn_program_free(prog);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}

void nn_program_free(nn_program *prog)
{
    if (prog == NULL)
        return;
    for (size_t k = 0; prog->plan != NULL && k < prog->plan->stages->count; k++) {
        if (prog->matrix != NULL)
            ckks_lintrans_free(prog->matrix[k]);
        if (prog->bias != NULL)
            ckks_plaintext_free(prog->bias[k]);
    }
    free(prog->matrix);
    free(prog->bias);
    free(prog);
}

size_t nn_program_bytes(const nn_program *prog)
{
    return prog->bytes;
}

size_t nn_program_scratch_bytes(const nn_program *prog)
{
    return prog->scratch;
}

static nn_status encrypted_affine(void *state, size_t k)
{
    encrypted_state *s = state;
    const nn_program *prog = s->program;
    nn_status st = ckks_lintrans_apply(s->w, s->now, s->now, prog->matrix[k]);
    if (st == NN_OK && prog->bias[k] != NULL)
        st = ckks_eval_add_plain(s->w, s->now, s->now, prog->bias[k]);
    if (st == NN_OK)
        ckks_ciphertext_set_magnitude(s->now, prog->plan->step[k].magnitude);
    return st;
}

static nn_status encrypted_activation(void *state, size_t k)
{
    encrypted_state *s = state;
    const nn_plan_step *step = &s->program->plan->step[k];
    const nn_stage *stage = &s->program->plan->stages->stage[k];
    nn_status st;
    if (nn_stage_is_square(stage)) {
        st = ckks_eval_square(s->w, s->now, s->now, step->shape.rescale > 0);
        for (int r = 1; r < step->shape.rescale && st == NN_OK; r++)
            st = ckks_eval_rescale(s->w, s->now, s->now);
    } else {
        ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
        st = ckks_poly_eval(s->w, s->now, s->now, &poly, step->min_scale);
    }
    if (st == NN_OK)
        ckks_ciphertext_set_magnitude(s->now, step->magnitude);
    return st;
}

/* The ciphertext must be the one that the plan expects: full limbs, the planned scale. */
static nn_status check_input(const nn_program *prog, const ckks_ciphertext *in, char *why,
                             size_t why_size)
{
    const nn_plan *p = prog->plan;
    ckks_scale scale = ckks_ciphertext_scale(in);
    if (ckks_ciphertext_limbs(in) != p->params.q_count || ckks_ciphertext_parts(in) != 2)
        return nn_why(why, why_size, NN_ERR_MISMATCH,
                      "the request has %d limbs and %d parts, the plan expects %d and 2",
                      ckks_ciphertext_limbs(in), ckks_ciphertext_parts(in), p->params.q_count);
    if (!ckks_scale_equal(scale, p->step[0].scale_in))
        return nn_why(why, why_size, NN_ERR_MISMATCH,
                      "the request has scale 2^%.6f, the plan expects 2^%.6f",
                      ckks_scale_log2(scale), ckks_scale_log2(p->step[0].scale_in));
    return NN_OK;
}

nn_status nn_program_run(const nn_program *prog, ckks_worker *w, ckks_ciphertext *out,
                         const ckks_ciphertext *in, nn_progress progress, void *user, char *why,
                         size_t why_size)
{
    static const nn_executor executor = {encrypted_affine, encrypted_activation};
    encrypted_state s = {.program = prog, .w = w, .now = out};
    nn_status st = check_input(prog, in, why, why_size);
    if (st != NN_OK)
        return st;
    st = ckks_ciphertext_copy(out, in);
    if (st == NN_OK)
        st = nn_exec_walk(prog->plan, &executor, &s, progress, user);
    if (st == NN_ERR_STOPPED)
        return nn_why(why, why_size, st, "stopped");
    return st == NN_OK ? st : nn_why(why, why_size, st, "%s", ckks_worker_error(w));
}
