/* A plan gives its reasons. */
#include <math.h>

#include "nn/plan/plan_text.h"

static const char *ring_name(int ring)
{
    return ring == CKKS_RING_REAL ? "real" : "complex";
}

static void add_sizes(nn_plan_text *t, const double *bits, int count)
{
    for (int l = 0; l < count; l++)
        nn_plan_add(t, "%s%.1f", l > 0 ? " " : "", bits[l]);
    nn_plan_add(t, " bits\n");
}

/* The cheapest ring that was tried and not taken; NULL when there is none. */
static const nn_plan_try *second(const nn_plan *p)
{
    const nn_plan_try *best = NULL;
    for (size_t k = 0; k < p->try_count; k++) {
        const nn_plan_try *now = &p->tried[k];
        if (now->fits && !now->taken && (best == NULL || now->cost < best->cost))
            best = now;
    }
    return best;
}

static void add_tries(nn_plan_text *t, const nn_plan *p)
{
    const nn_plan_try *next = second(p);
    nn_plan_add(t,
                "\nrings tried, cheapest taken; the cost is the time with the prices of keys and "
                "messages:\n");
    for (size_t k = 0; k < p->try_count; k++) {
        const nn_plan_try *now = &p->tried[k];
        nn_plan_add(t, "  N = 2^%d, %-7s  ", now->log_n, ring_name(now->ring));
        if (now->fits)
            nn_plan_add(t, "%2d limbs, %d special primes, %9.1f ms, cost %9.1f%s\n", now->limbs,
                        now->special, now->ms, now->cost, now->taken ? "  <- taken" : "");
        else
            nn_plan_add(t, "does not fit: %s\n", now->why);
    }
    if (next != NULL)
        nn_plan_add(
            t, "  second best: N = 2^%d, %s slots, cost %.1f against %.1f, %.2f times as much\n",
            next->log_n, ring_name(next->ring), next->cost, p->schedule.cost,
            next->cost / p->schedule.cost);
    if (p->kept > 0)
        nn_plan_add(t, "  %zu merges of linear layers were left out: apart they are cheaper\n",
                    p->kept);
}

static void add_step(nn_plan_text *t, const nn_plan *p, size_t k)
{
    nn_plan_account a;
    if (nn_plan_account_of(p, k, &a) != NN_OK)
        return;
    nn_plan_add(t, "\n%3zu  %s (%s of %s)\n", k + 1, a.name, a.kind, a.inputs);
    nn_plan_add(t, "     how      %s\n", a.method);
    nn_plan_add(t, "     where    %s\n", a.layout);
    nn_plan_add(t, "     limbs    %d to %d, scale 2^%.1f to 2^%.1f\n", a.limbs, a.limbs_out,
                a.scale_in, a.scale_out);
    if (a.special > 0)
        nn_plan_add(t, "     keys     digits of %d limbs, %d special primes\n", a.alpha, a.special);
    nn_plan_add(t, "     cost     %zu rotations, %zu products, %.2f ms\n", a.rotations, a.products,
                a.ms);
    nn_plan_add(t, "     numbers  up to %.3g (%s), error 2^%.1f\n", a.range,
                a.measured ? "measured" : "proved", log2(a.error));
}

/* How many keys there are of each shape. */
static void add_keys(nn_plan_text *t, const nn_plan *p)
{
    const nn_forecast *f = &p->forecast;
    nn_plan_add(t, "\nkeys: %zu, %.1f MiB as a file, %.1f MiB loaded\n", f->keys,
                nn_plan_mib(f->eval_key_bytes), nn_plan_mib(f->eval_key_memory));
    for (size_t k = 0; k < p->key_count; k++) {
        const ckks_key_spec *key = &p->key[k];
        size_t same = 0, before = 0;
        for (size_t j = 0; j < p->key_count; j++) {
            const ckks_key_spec *o = &p->key[j];
            int equal = o->kind == key->kind && o->limbs == key->limbs && o->alpha == key->alpha &&
                        o->special == key->special;
            same += (size_t)equal;
            before += (size_t)(equal && j < k);
        }
        if (before == 0)
            nn_plan_add(t,
                        "  %4zu for %s at %d limbs, digits of %d, %d special primes: log2 QP = "
                        "%.1f\n",
                        same, key->kind == CKKS_KEY_RELINEARISE ? "products" : "rotations",
                        key->limbs, key->alpha, key->special,
                        ckks_params_log2_qp(&p->params, key->limbs, key->special));
    }
}

size_t nn_plan_explain(const nn_plan *p, char *out, size_t size)
{
    nn_plan_text t = {out, size, 0};
    const nn_forecast *f = &p->forecast;
    double bound = ckks_security_max_log2_qp(f->log_n, p->params.security_bits);
    nn_plan_add(&t, "N = 2^%d, %zu %s slots, %zu image%s in each\n", f->log_n, p->arrangement.slots,
                ring_name(p->params.ring), p->arrangement.images,
                p->arrangement.images == 1 ? "" : "s");
    nn_plan_add(&t, "log2 QP = %.1f of the %.0f that are safe for %d bits\n", f->log2_qp, bound,
                p->params.security_bits);
    nn_plan_add(&t, "limbs    ");
    add_sizes(&t, p->schedule.q_bits, p->schedule.limbs);
    nn_plan_add(&t, "special  ");
    add_sizes(&t, p->schedule.p_bits, p->schedule.special);
    nn_plan_add(&t, "levels   %d; %.1f bits are kept below 1 where an error counts most\n",
                f->levels, p->schedule.precision_bits);
    add_tries(&t, p);
    nn_plan_add(&t, "\ninput: ");
    nn_plan_add(&t, "%zu numbers in %zu ciphertext%s, fresh scale 2^%.1f\n",
                p->arrangement.layout[0].count, f->requests, f->requests == 1 ? "" : "s",
                p->schedule.input_bits);
    for (size_t k = 0; k < p->stages->count; k++)
        add_step(&t, p, k);
    add_keys(&t, p);
    nn_plan_add(&t,
                "\nmemory: %.0f MiB on the server: keys %.0f, weights %.0f, values %.0f MiB; the "
                "network itself %.0f MiB while weights are encoded\n",
                nn_plan_mib(f->server_memory), nn_plan_mib(f->eval_key_memory),
                nn_plan_mib(f->weight_memory), nn_plan_mib(f->value_memory),
                nn_plan_mib(f->model_memory));
    nn_plan_add(&t, "time: about %.1f ms on one core; a logit is off by about %.1e\n", f->infer_ms,
                f->logit_error);
    return t.used;
}
