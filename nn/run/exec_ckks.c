/* The plan on ciphertexts.
 *
 * A value has a ciphertext for each of its parts. Where a stage is the last that takes a value, it
 * works in place if it can; so a chain of stages lives in the ciphertexts of the response, which
 * begin to be used with the first value that is worked on in place up to the end. All others come
 * from a pool and go back to it with the release of their value.
 */
#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/run/program.h"

typedef struct encrypted_state {
    const nn_program *program;
    ckks_worker *w;
    const ckks_ciphertext *const *in; /* value 0, which stays as it is */
    ckks_ciphertext *const *out;      /* the response */
    size_t home;                      /* the first value that lives in the response */
    ckks_ciphertext **part;           /* [value][NN_PARTS_MAX] */
    ckks_ciphertext **made, **spare;  /* of the pool: all, and those that no value has */
    size_t made_count, spare_count;
} encrypted_state;

/* ---- values */

static ckks_ciphertext **parts_of(const encrypted_state *s, size_t value)
{
    return s->part + value * NN_PARTS_MAX;
}

static const ckks_ciphertext *const *value_of(const encrypted_state *s, size_t value)
{
    return value == 0 ? s->in : (const ckks_ciphertext *const *)parts_of(s, value);
}

/* Whether stage k can write to the ciphertexts of its first input. A transform does so when it has
 * one output; a product, when its factors are two. */
static int in_place(const nn_plan *p, size_t k)
{
    const nn_stage *stage = &p->stages->stage[k];
    size_t from = stage->input[0], parts = nn_exec_parts(p, k + 1);
    if (!nn_exec_takes_over(p, k, from) || nn_exec_parts(p, from) != parts)
        return 0;
    switch (stage->kind) {
    case NN_STAGE_AFFINE:
        return stage->input_count == 1 && parts == 1;
    case NN_STAGE_PRODUCT:
        return stage->input[1] != from;
    default:
        return 1;
    }
}

/* The value from which on stages work in place up to the last. */
static size_t find_home(const nn_plan *p)
{
    size_t value = p->stages->count;
    while (value > 0 && in_place(p, value - 1))
        value = p->stages->stage[value - 1].input[0];
    return value;
}

/* A spare ciphertext of the pool, or a new one. */
static nn_status take(encrypted_state *s, ckks_ciphertext **out)
{
    if (s->spare_count > 0) {
        *out = s->spare[--s->spare_count];
        return NN_OK;
    }
    size_t bytes = (s->made_count + 1) * sizeof(ckks_ciphertext *);
    ckks_ciphertext **made = realloc(s->made, bytes);
    s->made = made != NULL ? made : s->made;
    ckks_ciphertext **spare = realloc(s->spare, bytes);
    s->spare = spare != NULL ? spare : s->spare;
    if (made == NULL || spare == NULL || ckks_ciphertext_create(out, s->program->ctx) != CKKS_OK)
        return NN_ERR_MEMORY;
    s->made[s->made_count++] = *out;
    return NN_OK;
}

static nn_status take_parts(encrypted_state *s, ckks_ciphertext **part, size_t count)
{
    nn_status st = NN_OK;
    for (size_t p = 0; p < count && st == NN_OK; p++)
        st = take(s, &part[p]);
    return st;
}

static void give_back(encrypted_state *s, ckks_ciphertext **part)
{
    for (size_t p = 0; p < NN_PARTS_MAX && part[p] != NULL; p++) {
        s->spare[s->spare_count++] = part[p];
        part[p] = NULL;
    }
}

/* The ciphertexts of stage k's output. */
static nn_status begin_output(encrypted_state *s, size_t k)
{
    const nn_plan *p = s->program->plan;
    size_t parts = nn_exec_parts(p, k + 1);
    ckks_ciphertext **out = parts_of(s, k + 1);
    ckks_ciphertext *const *from = NULL;
    if (in_place(p, k))
        from = parts_of(s, p->stages->stage[k].input[0]);
    else if (k + 1 == s->home)
        from = s->out;
    else
        return take_parts(s, out, parts);
    for (size_t i = 0; i < parts; i++)
        out[i] = from[i];
    return NN_OK;
}

/* Bounds that the plan knows better; ciphertexts that were worked on in place change hands. */
static void end_output(encrypted_state *s, size_t k)
{
    const nn_plan *p = s->program->plan;
    ckks_ciphertext **from = parts_of(s, p->stages->stage[k].input[0]);
    for (size_t i = 0; i < nn_exec_parts(p, k + 1); i++) {
        ckks_ciphertext_set_magnitude(parts_of(s, k + 1)[i], p->step[k].magnitude);
        if (in_place(p, k))
            from[i] = NULL;
    }
}

static void encrypted_release(void *state, size_t value)
{
    encrypted_state *s = state;
    if (value > 0)
        give_back(s, parts_of(s, value));
}

static void encrypted_show(void *state, size_t value, nn_view *v)
{
    v->cipher = value_of(state, value);
}

/* ---- affine stages */

/* out = in times 1 at the weight of input i, at the step's limbs. */
static nn_status scale_part(encrypted_state *s, size_t k, size_t i, ckks_ciphertext *out,
                            const ckks_ciphertext *in)
{
    const nn_plan_step *step = &s->program->plan->step[k];
    int as_it_is = ckks_scale_equal(step->weight[i], ckks_scale_from(1.0));
    nn_status st = NN_OK;
    if (as_it_is || ckks_ciphertext_limbs(in) != step->shape.limbs) {
        st = ckks_eval_drop(s->w, out, in, step->shape.limbs);
        in = out;
    }
    if (st == NN_OK && !as_it_is)
        st = ckks_eval_mul_const(s->w, out, in, 1.0, step->weight[i]);
    return st;
}

static nn_status rescale(encrypted_state *s, ckks_ciphertext *c, int primes)
{
    nn_status st = NN_OK;
    for (int r = 0; r < primes && st == NN_OK; r++)
        st = ckks_eval_rescale(s->w, c, c);
    return st;
}

/* Part `part` of the sum of all inputs that are taken as they are, rescaled. */
static nn_status add_same(encrypted_state *s, size_t k, size_t part, ckks_ciphertext *out,
                          int *begun)
{
    const nn_plan *p = s->program->plan;
    const nn_stage *stage = &p->stages->stage[k];
    ckks_ciphertext *more = NULL;
    nn_status st = NN_OK;
    for (size_t i = 0; i < stage->input_count && st == NN_OK; i++) {
        const ckks_ciphertext *in = value_of(s, stage->input[i])[part];
        if (nn_exec_route(p, k, i)->kind != NN_ROUTE_SAME)
            continue;
        if (*begun && more == NULL)
            st = take(s, &more);
        if (st == NN_OK)
            st = scale_part(s, k, i, *begun ? more : out, in);
        if (st == NN_OK && *begun)
            st = ckks_eval_add(s->w, out, out, more);
        *begun = 1;
    }
    if (more != NULL)
        s->spare[s->spare_count++] = more;
    return st == NN_OK && *begun ? rescale(s, out, p->step[k].shape.rescale) : st;
}

/* Add the transform of input i, or begin with it. */
static nn_status add_matrix(encrypted_state *s, size_t k, size_t i, int begun)
{
    const nn_plan *p = s->program->plan;
    size_t parts = nn_exec_parts(p, k + 1);
    ckks_ciphertext *more[NN_PARTS_MAX] = {NULL}, **out = parts_of(s, k + 1);
    nn_status st = begun ? take_parts(s, more, parts) : NN_OK;
    if (st == NN_OK)
        st =
            ckks_lintrans_apply(s->w, begun ? more : out, value_of(s, p->stages->stage[k].input[i]),
                                nn_program_matrix(s->program, k, i));
    for (size_t part = 0; begun && part < parts && st == NN_OK; part++)
        st = ckks_eval_add(s->w, out[part], out[part], more[part]);
    give_back(s, more);
    return st;
}

static nn_status encrypted_affine(void *state, size_t k)
{
    encrypted_state *s = state;
    const nn_plan *p = s->program->plan;
    int begun = 0;
    nn_status st = begin_output(s, k);
    for (size_t part = 0; part < nn_exec_parts(p, k + 1) && st == NN_OK; part++) {
        begun = 0;
        st = add_same(s, k, part, parts_of(s, k + 1)[part], &begun);
    }
    for (size_t i = 0; i < p->stages->stage[k].input_count && st == NN_OK; i++) {
        if (nn_exec_route(p, k, i)->kind == NN_ROUTE_SAME)
            continue;
        st = add_matrix(s, k, i, begun);
        begun = 1;
    }
    for (size_t part = 0; part < nn_exec_parts(p, k + 1) && st == NN_OK; part++) {
        ckks_ciphertext *out = parts_of(s, k + 1)[part];
        if (nn_program_bias(s->program, k, part) != NULL)
            st = ckks_eval_add_plain(s->w, out, out, nn_program_bias(s->program, k, part));
    }
    if (st == NN_OK)
        end_output(s, k);
    return st;
}

/* ---- other stages */

static nn_status polynomial_part(encrypted_state *s, size_t k, ckks_ciphertext *out,
                                 const ckks_ciphertext *in)
{
    const nn_plan_step *step = &s->program->plan->step[k];
    const nn_stage *stage = &s->program->plan->stages->stage[k];
    const ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
    nn_status st = NN_OK;
    if (ckks_ciphertext_limbs(in) != step->shape.limbs) {
        st = ckks_eval_drop(s->w, out, in, step->shape.limbs);
        in = out;
    }
    if (st == NN_OK && !nn_stage_is_square(stage))
        return ckks_poly_eval(s->w, out, in, &poly, step->min_scale);
    if (st == NN_OK)
        st = ckks_eval_square(s->w, out, in, step->shape.rescale > 0);
    return st == NN_OK ? rescale(s, out, step->shape.rescale - 1) : st;
}

static nn_status encrypted_polynomial(void *state, size_t k)
{
    encrypted_state *s = state;
    const nn_plan *p = s->program->plan;
    nn_status st = begin_output(s, k);
    for (size_t part = 0; part < nn_exec_parts(p, k + 1) && st == NN_OK; part++)
        st = polynomial_part(s, k, parts_of(s, k + 1)[part],
                             value_of(s, p->stages->stage[k].input[0])[part]);
    if (st == NN_OK)
        end_output(s, k);
    return st;
}

/* out = a b, each without the residues that the stage leaves out. */
static nn_status product_part(encrypted_state *s, size_t k, ckks_ciphertext *out,
                              const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    const nn_step *step = &s->program->plan->step[k].shape;
    ckks_ciphertext *low = NULL;
    nn_status st = NN_OK;
    if (ckks_ciphertext_limbs(b) != step->limbs) {
        st = take(s, &low);
        if (st == NN_OK)
            st = ckks_eval_drop(s->w, low, b, step->limbs);
        b = low;
    }
    if (st == NN_OK && ckks_ciphertext_limbs(a) != step->limbs) {
        st = ckks_eval_drop(s->w, out, a, step->limbs);
        a = out;
    }
    if (st == NN_OK)
        st = ckks_eval_mul(s->w, out, a, b, step->rescale > 0);
    if (low != NULL)
        s->spare[s->spare_count++] = low;
    return st == NN_OK ? rescale(s, out, step->rescale - 1) : st;
}

static nn_status encrypted_product(void *state, size_t k)
{
    encrypted_state *s = state;
    const nn_plan *p = s->program->plan;
    const size_t *input = p->stages->stage[k].input;
    nn_status st = begin_output(s, k);
    for (size_t part = 0; part < nn_exec_parts(p, k + 1) && st == NN_OK; part++)
        st = product_part(s, k, parts_of(s, k + 1)[part], value_of(s, input[0])[part],
                          value_of(s, input[1])[part]);
    if (st == NN_OK)
        end_output(s, k);
    return st;
}

/* ---- all of it */

/* The ciphertexts must be those that the plan expects: full limbs, the planned scale. */
static nn_status check_request(const nn_plan *p, const ckks_ciphertext *in, char *why,
                               size_t why_size)
{
    ckks_scale scale = ckks_ciphertext_scale(in), planned = p->step[0].scale_in[0];
    if (ckks_ciphertext_limbs(in) != p->params.q_count || ckks_ciphertext_parts(in) != 2)
        return nn_why(why, why_size, NN_ERR_MISMATCH,
                      "the request has %d limbs and %d parts, the plan expects %d and 2",
                      ckks_ciphertext_limbs(in), ckks_ciphertext_parts(in), p->params.q_count);
    if (!ckks_scale_equal(scale, planned))
        return nn_why(why, why_size, NN_ERR_MISMATCH,
                      "the request has scale 2^%.6f, the plan expects 2^%.6f",
                      ckks_scale_log2(scale), ckks_scale_log2(planned));
    return NN_OK;
}

static nn_status check_ciphertexts(const nn_plan *p, ckks_ciphertext *const *out,
                                   const ckks_ciphertext *const *in, char *why, size_t why_size)
{
    size_t requests = nn_exec_parts(p, 0), responses = nn_exec_parts(p, p->stages->count);
    nn_status st = NN_OK;
    for (size_t i = 0; i < requests && st == NN_OK; i++) {
        st = check_request(p, in[i], why, why_size);
        for (size_t o = 0; o < responses && st == NN_OK; o++)
            if (out[o] == in[i])
                st = nn_why(why, why_size, NN_ERR_ARG,
                            "response %zu is to be written over request %zu", o, i);
    }
    return st;
}

/* Which sentence belongs to a failure. */
static nn_status explain(const encrypted_state *s, nn_status st, char *why, size_t why_size)
{
    if (st < 0 && st > NN_ERR_ARG)
        return nn_why(why, why_size, st, "%s", ckks_worker_error(s->w));
    return st == NN_OK ? st : nn_exec_why(st, why, why_size);
}

nn_status nn_program_run(const nn_program *prog, ckks_worker *w, ckks_ciphertext *const *out,
                         const ckks_ciphertext *const *in, const nn_watch *watch, char *why,
                         size_t why_size)
{
    static const nn_executor executor = {encrypted_affine, encrypted_polynomial, encrypted_product,
                                         encrypted_release, encrypted_show};
    const nn_plan *p = prog->plan;
    encrypted_state s = {.program = prog, .w = w, .in = in, .out = out, .home = find_home(p)};
    nn_status st = check_ciphertexts(p, out, in, why, why_size);
    if (st != NN_OK)
        return st;
    s.part = calloc((p->stages->count + 1) * NN_PARTS_MAX, sizeof(ckks_ciphertext *));
    st = s.part == NULL ? NN_ERR_MEMORY : nn_exec_walk(p, &executor, &s, watch);
    for (size_t i = 0; i < s.made_count; i++)
        ckks_ciphertext_free(s.made[i]);
    free(s.made);
    free(s.spare);
    free(s.part);
    return explain(&s, st, why, why_size);
}
