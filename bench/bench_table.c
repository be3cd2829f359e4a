/* The rows of the table of targets (design notes, 11.2), with exactly its parameters: as many limbs
 * a digit as special primes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/fixture.h"
#include "ckks/kernel/ntt.h"
#include "ckks/params/context.h"

enum { BABIES = 7, FEW = 3, HOISTED = 4 };

/* A linear transform without giant steps. */
typedef struct transform {
    int baby[BABIES + 1], giant[BABIES + 1];
    ckks_lintrans_shape shape;
    ckks_lintrans *made;
} transform;

typedef struct objects {
    fixture f;
    ckks_eval_keys *keys; /* relinearise, rotate 1 .. BABIES */
    cost_shape shape;
    transform many, few;
    ckks_ciphertext *rotated[HOISTED];
    const ckks_modulus *m;
    uint64_t *limb;
} objects;

static int run_forward(void *p)
{
    objects *o = p;
    ckks_ntt_forward(o->m, o->limb);
    return 0;
}

static int run_inverse(void *p)
{
    objects *o = p;
    ckks_ntt_inverse(o->m, o->limb);
    return 0;
}

static int run_rescale(void *p)
{
    objects *o = p;
    return ckks_eval_rescale(o->f.worker, o->f.out, o->f.a);
}

static int run_mul(void *p)
{
    objects *o = p;
    return ckks_eval_mul(o->f.worker, o->f.out, o->f.a, o->f.b, 1);
}

static int run_rotate(void *p)
{
    objects *o = p;
    return ckks_eval_rotate(o->f.worker, o->f.out, o->f.a, 1);
}

static int rotate_many(objects *o, size_t count)
{
    static const int steps[HOISTED] = {1, 2, 3, 4};
    return ckks_eval_rotate_many(o->f.worker, o->rotated, o->f.a, steps, count);
}

static int run_rotate_many(void *p)
{
    return rotate_many(p, HOISTED);
}

static int run_rotate_one(void *p)
{
    return rotate_many(p, 1);
}

static int apply(objects *o, const transform *t)
{
    const ckks_ciphertext *in = o->f.a;
    return ckks_lintrans_apply(o->f.worker, &o->f.out, &in, t->made);
}

static int run_many(void *p)
{
    objects *o = p;
    return apply(o, &o->many);
}

static int run_few(void *p)
{
    objects *o = p;
    return apply(o, &o->few);
}

static bench_cost floor_forward(const void *p)
{
    return cost_forward(((const objects *)p)->shape.log_n, 1.0);
}

static bench_cost floor_inverse(const void *p)
{
    return cost_inverse(((const objects *)p)->shape.log_n, 1.0);
}

static bench_cost floor_rescale(const void *p)
{
    return cost_rescale(((const objects *)p)->shape);
}

static bench_cost floor_mul(const void *p)
{
    const cost_shape s = ((const objects *)p)->shape;
    return cost_add(cost_tensor(s), cost_relinearise(s, 1));
}

static bench_cost floor_rotate(const void *p)
{
    return cost_rotate(((const objects *)p)->shape);
}

static bench_cost floor_hoisted(const void *p)
{
    return cost_hoisted(((const objects *)p)->shape);
}

static bench_cost floor_baby(const void *p)
{
    return cost_baby(((const objects *)p)->shape);
}

static const bench_case cases[] = {
    {.name = "ntt", .run = run_forward, .cost = floor_forward},
    {.name = "intt", .run = run_inverse, .cost = floor_inverse},
    {.name = "rescale", .run = run_rescale, .cost = floor_rescale},
    {.name = "mul_relin_rescale", .run = run_mul, .cost = floor_mul},
    {.name = "rotate", .run = run_rotate, .cost = floor_rotate},
    {.name = "rotate_hoisted",
     .run = run_rotate_many,
     .minus = run_rotate_one,
     .parts = HOISTED - 1,
     .cost = floor_hoisted},
    {.name = "baby_step",
     .run = run_many,
     .minus = run_few,
     .parts = BABIES - FEW,
     .cost = floor_baby},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* Diagonals 0 .. babies, each a baby step. */
static void shape_transform(transform *t, int babies, int limbs, int special)
{
    for (int d = 0; d <= babies; d++) {
        t->baby[d] = d;
        t->giant[d] = 0;
    }
    t->shape = (ckks_lintrans_shape){.limbs = limbs,
                                     .special = special,
                                     .alpha = special,
                                     .step_count = babies + 1,
                                     .baby = t->baby,
                                     .giant = t->giant};
}

static size_t scratch_bytes(const ckks_context *ctx, int threads)
{
    const ckks_params *params = ckks_context_params(ctx);
    transform t;

    shape_transform(&t, BABIES, params->q_count, params->p_count);
    return ckks_lintrans_scratch_bytes(ctx, &t.shape, threads);
}

static int make_transform(objects *o, transform *t, int babies)
{
    shape_transform(t, babies, o->f.preset->limbs, o->f.preset->special);
    return ckks_lintrans_create(o->f.worker, &t->made, &t->shape, fixture_diagonal, &o->f,
                                o->f.scale);
}

static int make_keys(objects *o)
{
    const int limbs = o->f.preset->limbs, special = o->f.preset->special;
    ckks_key_spec spec[BABIES + 1];
    int st;

    spec[0] = (ckks_key_spec){CKKS_KEY_RELINEARISE, 0, limbs, special, special};
    for (int i = 1; i <= BABIES; i++)
        spec[i] = (ckks_key_spec){CKKS_KEY_ROTATE, i, limbs, special, special};
    st = ckks_eval_keys_create(o->f.worker, &o->keys, o->f.sk, spec, BABIES + 1);
    return st == CKKS_OK ? ckks_worker_use_keys(o->f.worker, o->keys) : st;
}

static int make(objects *o)
{
    const size_t n = (size_t)1 << o->f.preset->log_n;
    int st = make_keys(o);

    o->shape = (cost_shape){o->f.preset->log_n, o->f.preset->limbs, o->f.preset->special,
                            o->f.preset->special};
    if (st == CKKS_OK)
        st = make_transform(o, &o->many, BABIES);
    if (st == CKKS_OK)
        st = make_transform(o, &o->few, FEW);
    for (int i = 0; st == CKKS_OK && i < HOISTED; i++)
        st = ckks_ciphertext_create(&o->rotated[i], o->f.ctx);
    o->m = ckks_context_modulus(o->f.ctx, 0, 1);
    o->limb = aligned_alloc(64, n * sizeof *o->limb);
    if (o->limb == NULL)
        return CKKS_ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        o->limb[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) % o->m->q;
    return st;
}

static void clear(objects *o)
{
    free(o->limb);
    for (int i = 0; i < HOISTED; i++)
        ckks_ciphertext_free(o->rotated[i]);
    ckks_lintrans_free(o->many.made);
    ckks_lintrans_free(o->few.made);
    ckks_eval_keys_free(o->keys);
    fixture_clear(&o->f);
}

void bench_table(bench *b)
{
    for (size_t p = 0; p < fixture_preset_count; p++) {
        const fixture_preset *preset = &fixture_presets[p];
        char group[64], why[512];
        bench_place place = fixture_place(b, preset, "table", group);
        objects o;
        int st;

        if (preset->table == NULL)
            continue;
        snprintf(group, sizeof group, "table/%s", preset->table);
        if (!bench_wanted(b, &place, cases, CASES))
            continue;
        memset(&o, 0, sizeof o);
        st = fixture_init(&o.f, b, preset, scratch_bytes, why, sizeof why);
        if (st == CKKS_OK) {
            place.kernel = ckks_context_kernel(o.f.ctx);
            st = make(&o);
            snprintf(why, sizeof why, "%s", ckks_worker_error(o.f.worker));
        }
        if (st == CKKS_OK)
            bench_run(b, &place, cases, CASES, &o);
        else
            bench_fail(b, &place, st, why);
        clear(&o);
    }
}
