/* What a server does, on each parameter set: arithmetic on ciphertexts, key switching in its
 * variants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/fixture.h"

enum { HOISTED = 4, VARIANTS = 3, LOW = 2 /* limbs */ };

typedef struct objects {
    fixture f;
    ckks_eval_keys *keys;              /* chosen: relinearise, rotate 1..HOISTED, conjugate, low */
    ckks_eval_keys *variant[VARIANTS]; /* rotate 1 at full limbs with 1, 2, 4 limbs a digit */
    ckks_key_spec relinearise, rotate, low_rotate;
    ckks_ciphertext *raw, *low, *at2; /* a product of three parts; LOW limbs, input and output */
    ckks_ciphertext *many[HOISTED];
} objects;

/* ------------------------------------------------------------------ place by place */

static int run_add(void *p)
{
    objects *o = p;
    return ckks_eval_add(o->f.worker, o->f.out, o->f.a, o->f.b);
}

static int run_sub(void *p)
{
    objects *o = p;
    return ckks_eval_sub(o->f.worker, o->f.out, o->f.a, o->f.b);
}

static int run_negate(void *p)
{
    objects *o = p;
    return ckks_eval_negate(o->f.worker, o->f.out, o->f.a);
}

static int run_add_plain(void *p)
{
    objects *o = p;
    return ckks_eval_add_plain(o->f.worker, o->f.out, o->f.a, o->f.plain);
}

static int run_mul_plain(void *p)
{
    objects *o = p;
    return ckks_eval_mul_plain(o->f.worker, o->f.out, o->f.a, o->f.plain);
}

static int run_add_const(void *p)
{
    objects *o = p;
    return ckks_eval_add_const(o->f.worker, o->f.out, o->f.a, 0.375);
}

static int run_mul_const(void *p)
{
    objects *o = p;
    return ckks_eval_mul_const(o->f.worker, o->f.out, o->f.a, 0.375, o->f.scale);
}

static int run_drop(void *p)
{
    objects *o = p;
    return ckks_eval_drop(o->f.worker, o->f.out, o->f.a, o->f.preset->limbs - 1);
}

static int run_rescale(void *p)
{
    objects *o = p;
    return ckks_eval_rescale(o->f.worker, o->f.out, o->f.a);
}

/* Two parts; ops for eight residues and words for each. */
static bench_cost both_parts(const void *p, double ops, double words)
{
    const fixture_preset *preset = ((const objects *)p)->f.preset;
    return cost_limbs(preset->log_n, 2.0 * preset->limbs, ops, words);
}

static bench_cost cost_sum(const void *p)
{
    return both_parts(p, 3.0, 3.0);
}

static bench_cost cost_one_sided(const void *p)
{
    return both_parts(p, 2.0, 2.0);
}

static bench_cost cost_mul_plain(const void *p)
{
    return both_parts(p, 9.0, 2.5);
}

static bench_cost cost_mul_const(const void *p)
{
    return both_parts(p, 5.0, 2.0);
}

/* ------------------------------------------------------------------ products */

static int run_mul_raw(void *p)
{
    objects *o = p;
    return ckks_eval_mul_raw(o->f.worker, o->f.out, o->f.a, o->f.b);
}

static int run_square_raw(void *p)
{
    objects *o = p;
    return ckks_eval_square_raw(o->f.worker, o->f.out, o->f.a);
}

static int run_relinearise(void *p)
{
    objects *o = p;
    return ckks_eval_relinearise(o->f.worker, o->f.out, o->raw, 0);
}

static int run_relinearise_rescale(void *p)
{
    objects *o = p;
    return ckks_eval_relinearise(o->f.worker, o->f.out, o->raw, 1);
}

static int run_mul(void *p)
{
    objects *o = p;
    return ckks_eval_mul(o->f.worker, o->f.out, o->f.a, o->f.b, 1);
}

static int run_square(void *p)
{
    objects *o = p;
    return ckks_eval_square(o->f.worker, o->f.out, o->f.a, 1);
}

/* ------------------------------------------------------------------ rotations */

static int run_rotate(void *p)
{
    objects *o = p;
    return ckks_eval_rotate(o->f.worker, o->f.out, o->f.a, 1);
}

static int rotate_variant(objects *o, int variant)
{
    int back, st = ckks_worker_use_keys(o->f.worker, o->variant[variant]);

    if (st == CKKS_OK)
        st = run_rotate(o);
    back = ckks_worker_use_keys(o->f.worker, o->keys);
    return st != CKKS_OK ? st : back;
}

static int run_rotate_1(void *p)
{
    return rotate_variant(p, 0);
}

static int run_rotate_2(void *p)
{
    return rotate_variant(p, 1);
}

static int run_rotate_4(void *p)
{
    return rotate_variant(p, 2);
}

static int run_rotate_low(void *p)
{
    objects *o = p;
    return ckks_eval_rotate(o->f.worker, o->at2, o->low, 1);
}

static int run_rotate_many(void *p)
{
    static const int steps[HOISTED] = {1, 2, 3, 4};
    objects *o = p;
    return ckks_eval_rotate_many(o->f.worker, o->many, o->f.a, steps, HOISTED);
}

static int run_conjugate(void *p)
{
    objects *o = p;
    return ckks_eval_conjugate(o->f.worker, o->f.out, o->f.a);
}

/* ------------------------------------------------------------------ their floors */

static cost_shape shape(const void *p, const ckks_key_spec *key)
{
    const fixture_preset *preset = ((const objects *)p)->f.preset;
    return fixture_shape(preset, preset->limbs, key);
}

static bench_cost floor_rescale(const void *p)
{
    return cost_rescale(shape(p, &((const objects *)p)->rotate));
}

static bench_cost floor_tensor(const void *p)
{
    return cost_tensor(shape(p, &((const objects *)p)->rotate));
}

static bench_cost floor_relinearise(const void *p)
{
    return cost_relinearise(shape(p, &((const objects *)p)->relinearise), 0);
}

static bench_cost floor_relinearise_rescale(const void *p)
{
    return cost_relinearise(shape(p, &((const objects *)p)->relinearise), 1);
}

static bench_cost floor_mul(const void *p)
{
    return cost_add(floor_tensor(p), floor_relinearise_rescale(p));
}

static bench_cost floor_rotate(const void *p)
{
    return cost_rotate(shape(p, &((const objects *)p)->rotate));
}

static bench_cost floor_rotate_low(const void *p)
{
    const objects *o = p;
    return cost_rotate(fixture_shape(o->f.preset, LOW, &o->low_rotate));
}

static bench_cost floor_rotate_many(const void *p)
{
    bench_cost c = floor_rotate(p);

    for (int i = 1; i < HOISTED; i++)
        c = cost_add(c, cost_hoisted(shape(p, &((const objects *)p)->rotate)));
    return c;
}

static bench_cost floor_variant(const void *p, int alpha)
{
    const ckks_key_spec key = {CKKS_KEY_ROTATE, 1, 0, alpha, alpha};
    return cost_rotate(shape(p, &key));
}

static bench_cost floor_rotate_1(const void *p)
{
    return floor_variant(p, 1);
}

static bench_cost floor_rotate_2(const void *p)
{
    return floor_variant(p, 2);
}

static bench_cost floor_rotate_4(const void *p)
{
    return floor_variant(p, 4);
}

static size_t bytes_key(const void *p)
{
    const objects *o = p;
    return ckks_key_spec_memory(o->f.ctx, &o->rotate);
}

/* ------------------------------------------------------------------ the tables */

static const bench_case cases[] = {
    {.name = "add", .run = run_add, .cost = cost_sum},
    {.name = "sub", .run = run_sub, .cost = cost_sum},
    {.name = "negate", .run = run_negate, .cost = cost_one_sided},
    {.name = "add_plain", .run = run_add_plain, .cost = cost_one_sided},
    {.name = "mul_plain", .run = run_mul_plain, .cost = cost_mul_plain},
    {.name = "add_const", .run = run_add_const, .cost = cost_one_sided},
    {.name = "mul_const", .run = run_mul_const, .cost = cost_mul_const},
    {.name = "drop", .run = run_drop},
    {.name = "rescale", .run = run_rescale, .cost = floor_rescale},
    {.name = "mul_raw", .run = run_mul_raw, .cost = floor_tensor},
    {.name = "square_raw", .run = run_square_raw},
    {.name = "relinearise", .run = run_relinearise, .cost = floor_relinearise},
    {.name = "relinearise_rescale",
     .run = run_relinearise_rescale,
     .cost = floor_relinearise_rescale},
    {.name = "mul", .run = run_mul, .cost = floor_mul},
    {.name = "square", .run = run_square, .cost = floor_relinearise_rescale},
    {.name = "rotate", .run = run_rotate, .bytes = bytes_key, .cost = floor_rotate},
    {.name = "rotate_2_limbs", .run = run_rotate_low, .cost = floor_rotate_low},
    {.name = "rotate_many_4", .run = run_rotate_many, .cost = floor_rotate_many},
    {.name = "conjugate", .run = run_conjugate, .cost = floor_rotate},
};

/* Digits of 1, 2 and 4 limbs with as many special primes. */
static const bench_case variants[VARIANTS] = {
    {.name = "rotate_digit_1", .run = run_rotate_1, .cost = floor_rotate_1},
    {.name = "rotate_digit_2", .run = run_rotate_2, .cost = floor_rotate_2},
    {.name = "rotate_digit_4", .run = run_rotate_4, .cost = floor_rotate_4},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* At 2^16 a key of so small digits takes a gigabyte. */
static int variant_count(const fixture_preset *preset)
{
    if (preset->log_n > 15)
        return 0;
    return preset->special >= 4 ? 3 : preset->special >= 2 ? 2 : 1;
}

/* ------------------------------------------------------------------ objects */

static int make_keys(objects *o)
{
    const int limbs = o->f.preset->limbs;
    ckks_key_spec spec[HOISTED + 3];
    int count = 0, st = CKKS_OK;

    spec[count++] = (ckks_key_spec){CKKS_KEY_RELINEARISE, 0, limbs, 0, 0};
    for (int i = 1; i <= HOISTED; i++)
        spec[count++] = (ckks_key_spec){CKKS_KEY_ROTATE, i, limbs, 0, 0};
    spec[count++] = (ckks_key_spec){CKKS_KEY_CONJUGATE, 0, limbs, 0, 0};
    /* A rotation may have one key only for a number of limbs. */
    if (limbs > LOW)
        spec[count++] = (ckks_key_spec){CKKS_KEY_ROTATE, 1, LOW, 0, 0};
    for (int i = 0; st == CKKS_OK && i < count; i++)
        st = ckks_key_spec_choose(o->f.ctx, &spec[i]);
    o->relinearise = spec[0];
    o->rotate = spec[1];
    o->low_rotate = limbs > LOW ? spec[count - 1] : spec[1];
    if (st == CKKS_OK)
        st = ckks_eval_keys_create(o->f.worker, &o->keys, o->f.sk, spec, (size_t)count);
    for (int i = 0; st == CKKS_OK && i < variant_count(o->f.preset); i++) {
        ckks_key_spec one = {CKKS_KEY_ROTATE, 1, limbs, 1 << i, 1 << i};
        st = ckks_eval_keys_create(o->f.worker, &o->variant[i], o->f.sk, &one, 1);
    }
    if (st == CKKS_OK)
        st = ckks_worker_use_keys(o->f.worker, o->keys);
    return st;
}

static int make_more(objects *o)
{
    ckks_ciphertext **const needed[] = {&o->raw, &o->low, &o->at2};
    int st = CKKS_OK;

    for (size_t i = 0; st == CKKS_OK && i < 3; i++)
        st = ckks_ciphertext_create(needed[i], o->f.ctx);
    for (int i = 0; st == CKKS_OK && i < HOISTED; i++)
        st = ckks_ciphertext_create(&o->many[i], o->f.ctx);
    if (st == CKKS_OK)
        st = ckks_eval_mul_raw(o->f.worker, o->raw, o->f.a, o->f.b);
    if (st == CKKS_OK)
        st = ckks_eval_drop(o->f.worker, o->low, o->f.a, LOW);
    return st;
}

static void clear(objects *o)
{
    for (int i = 0; i < HOISTED; i++)
        ckks_ciphertext_free(o->many[i]);
    ckks_ciphertext_free(o->raw);
    ckks_ciphertext_free(o->low);
    ckks_ciphertext_free(o->at2);
    ckks_eval_keys_free(o->keys);
    for (int i = 0; i < VARIANTS; i++)
        ckks_eval_keys_free(o->variant[i]);
    fixture_clear(&o->f);
}

void bench_eval(bench *b)
{
    for (size_t p = 0; p < fixture_preset_count; p++) {
        const fixture_preset *preset = &fixture_presets[p];
        char group[64], why[512];
        bench_place place = fixture_place(b, preset, "eval", group);
        size_t more = (size_t)variant_count(preset);
        int wanted = bench_wanted(b, &place, cases, CASES);
        objects o;
        int st;

        wanted |= bench_wanted(b, &place, variants, more);
        if (!wanted)
            continue;
        memset(&o, 0, sizeof o);
        st = fixture_init(&o.f, b, preset, NULL, why, sizeof why);
        if (st == CKKS_OK) {
            place.kernel = ckks_context_kernel(o.f.ctx);
            st = make_keys(&o);
            if (st == CKKS_OK)
                st = make_more(&o);
            snprintf(why, sizeof why, "%s", ckks_worker_error(o.f.worker));
        }
        if (st == CKKS_OK) {
            bench_run(b, &place, cases, CASES, &o);
            bench_run(b, &place, variants, more, &o);
        } else {
            bench_fail(b, &place, st, why);
        }
        clear(&o);
    }
}
