/* A plan prints itself: parameters, one line a stage, the forecast. */
#include <math.h>

#include "nn/plan/plan_text.h"

static void add_stage(nn_plan_text *t, const nn_plan *p, size_t k)
{
    const nn_plan_step *step = &p->step[k];
    const nn_step *s = &step->shape;
    nn_plan_add(t, "%3zu  %2d->%-2d  2^%-5.1f  2^%-6.1f  ", k + 1, s->limbs, s->limbs_out,
                s->scale_bits, log2(step->error));
    nn_plan_add_method(t, p, k);
    nn_plan_add(t, "  %s\n", p->stages->stage[k].name);
}

static void add_cost(nn_plan_text *t, const char *name, const nn_model_cost *c)
{
    nn_plan_add(t, "  %-7s %3zu  %7zu  ", name, c->levels, c->multiplications);
    if (c->rotations > 0)
        nn_plan_add(t, "%7zu", c->rotations);
    else
        nn_plan_add(t, "%7s", "-");
    nn_plan_add(t, "  %6zu matrices, %zu activations\n", c->linear_stages, c->activation_stages);
}

static void add_count(nn_plan_text *t, size_t ciphertexts)
{
    if (ciphertexts > 1)
        nn_plan_add(t, " in %zu ciphertexts", ciphertexts);
    nn_plan_add(t, "\n");
}

size_t nn_plan_print(const nn_plan *p, char *out, size_t size)
{
    nn_plan_text t = {out, size, 0};
    const nn_forecast *f = &p->forecast;
    nn_plan_add(&t, "security    %d bits (N = 2^%d, log2 QP = %.1f of %.0f)\n", f->security_bits,
                f->log_n, f->log2_qp, ckks_security_max_log2_qp(f->log_n, p->params.security_bits));
    nn_plan_add(&t, "ring        %zu %s slots, %zu image%s side by side\n", p->arrangement.slots,
                p->params.ring == CKKS_RING_REAL ? "real" : "complex", p->arrangement.images,
                p->arrangement.images == 1 ? "" : "s");
    nn_plan_add(&t, "modulus     %d limbs (log2 Q = %.1f), %d special primes\n", f->limbs,
                f->log2_q, f->special);
    nn_plan_add(&t, "passes      levels products rotations\n");
    add_cost(&t, "before", &p->before);
    add_cost(&t, "after", &p->after);
    nn_plan_add(&t, "stage  limbs  scale    error     what\n");
    for (size_t k = 0; k < p->stages->count; k++)
        add_stage(&t, p, k);
    nn_plan_add(
        &t, "operations  %zu rotations, %zu products, %zu diagonals, about %.0f ms on one core\n",
        f->rotations, f->multiplications, f->plain_products, f->infer_ms);
    nn_plan_add(&t, "keys        %zu, %.1f MiB as a file, %.1f MiB loaded\n", f->keys,
                nn_plan_mib(f->eval_key_bytes), nn_plan_mib(f->eval_key_memory));
    nn_plan_add(&t, "request     %zu bytes", f->request_bytes);
    add_count(&t, f->requests);
    nn_plan_add(&t, "response    %zu bytes", f->response_bytes);
    add_count(&t, f->responses);
    nn_plan_add(
        &t, "memory      %.0f MiB on the server (weights %.0f MiB), %.0f MiB with the client\n",
        nn_plan_mib(f->server_memory), nn_plan_mib(f->weight_memory), nn_plan_mib(f->peak_memory));
    nn_plan_add(&t, "error       a logit is off by about %.1e\n", f->logit_error);
    return t.used;
}
