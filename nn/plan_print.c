/* A plan prints itself: parameters, one line a stage, the forecast. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "nn/plan.h"

/* Text that grows in the caller's buffer; used counts what would have been written. */
typedef struct text {
    char *at;
    size_t size, used;
} text;

static void add(text *t, const char *format, ...) NN_PRINTF(2, 3);

static void add(text *t, const char *format, ...)
{
    va_list args;
    size_t left = t->used < t->size ? t->size - t->used : 0;
    va_start(args, format);
    int n = vsnprintf(left > 0 ? t->at + t->used : NULL, left, format, args);
    va_end(args);
    t->used += n > 0 ? (size_t)n : 0;
}

static double mib(size_t bytes)
{
    return (double)bytes / 1048576.0;
}

static const char *route_name(nn_route_kind kind)
{
    static const char *const name[] = {"periodic", "split", "aligned", "spread"};
    return name[kind];
}

static void add_matrix(text *t, const nn_step *s, const nn_route *r)
{
    add(t, "%4d diagonals, %2d+%d rotations, %d folds, %s", r->count, r->babies, r->giants,
        r->fold_count, route_name(r->kind));
    if (s->chain)
        add(t, ", giants in a chain");
    if (s->compact > 0)
        add(t, ", %d or more diagonals compact", s->compact);
}

static void add_stage(text *t, const nn_plan *p, size_t k)
{
    const nn_stage *stage = &p->stages->stage[k];
    const nn_plan_step *step = &p->step[k];
    const nn_step *s = &step->shape;
    const nn_route *r = &p->arrangement.route[k];
    add(t, "%3zu  %2d->%-2d  2^%-5.1f  2^%-6.1f  ", k + 1, s->limbs, s->limbs_out, s->scale_bits,
        log2(step->error));
    if (stage->kind == NN_STAGE_AFFINE)
        add_matrix(t, s, r);
    else if (nn_stage_is_square(stage))
        add(t, "square");
    else
        add(t, "polynomial of degree %d", stage->degree);
    add(t, "  %s\n", stage->name);
}

static void add_cost(text *t, const char *name, const nn_model_cost *c)
{
    add(t, "  %-7s %3zu  %6zu  %7zu  %6zu matrices, %zu activations\n", name, c->levels,
        c->multiplications, c->rotations, c->linear_stages, c->activation_stages);
}

size_t nn_plan_print(const nn_plan *p, char *out, size_t size)
{
    text t = {out, size, 0};
    const nn_forecast *f = &p->forecast;
    add(&t, "security    %d bits (N = 2^%d, log2 QP = %.1f of %.0f)\n", f->security_bits, f->log_n,
        f->log2_qp, ckks_security_max_log2_qp(f->log_n, p->params.security_bits));
    add(&t, "ring        %zu %s slots, %zu image%s side by side\n", p->arrangement.slots,
        p->params.ring == CKKS_RING_REAL ? "real" : "complex", p->arrangement.images,
        p->arrangement.images == 1 ? "" : "s");
    add(&t, "modulus     %d limbs (log2 Q = %.1f), %d special primes\n", f->limbs, f->log2_q,
        f->special);
    add(&t, "passes      levels  squares  rotations\n");
    add_cost(&t, "before", &p->before);
    add_cost(&t, "after", &p->after);
    add(&t, "stage  limbs  scale    error     what\n");
    for (size_t k = 0; k < p->stages->count; k++)
        add_stage(&t, p, k);
    add(&t, "operations  %zu rotations, %zu products, %zu diagonals, about %.0f ms on one core\n",
        f->rotations, f->multiplications, f->plain_products, f->infer_ms);
    add(&t, "keys        %zu, %.1f MiB as a file, %.1f MiB loaded\n", f->keys,
        mib(f->eval_key_bytes), mib(f->eval_key_memory));
    add(&t, "request     %zu bytes\n", f->request_bytes);
    add(&t, "response    %zu bytes\n", f->response_bytes);
    add(&t, "memory      %.0f MiB on the server (weights %.0f MiB), %.0f MiB with the client\n",
        mib(f->server_memory), mib(f->weight_memory), mib(f->peak_memory));
    add(&t, "error       a logit is off by about %.1e\n", f->logit_error);
    return t.used;
}

const char *nn_status_name(nn_status status)
{
    static const char *const name[] = {
        "NN_ERR_ARG",  "NN_ERR_MEMORY", "NN_ERR_FORMAT",   "NN_ERR_UNSUPPORTED", "NN_ERR_SHAPE",
        "NN_ERR_PLAN", "NN_ERR_RANGE",  "NN_ERR_MISMATCH", "NN_ERR_STOPPED",
    };
    int k = NN_ERR_ARG - status;
    if (k >= 0 && k < (int)(sizeof name / sizeof name[0]))
        return name[k];
    return status == NN_OK ? "NN_OK" : ckks_status_name(status);
}
