/* Linear transforms and polynomials. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/fixture.h"

enum { DIAGONALS = 64, WIDE = 16, FOLDS = 4, MAX_KEYS = 64, MAX_DEGREE = 31, LINEAR_LIMBS = 4 };

/* Costs of a giant step in hoisted baby steps, as key switching has it. */
static const double baby_cost = 1.0, giant_cost = 3.0;

typedef struct transform {
    int baby[DIAGONALS], giant[DIAGONALS], fold[FOLDS];
    ckks_lintrans_shape shape;
    ckks_lintrans *made;
    ckks_eval_keys *keys;
    ckks_ciphertext *in;
} transform;

typedef struct circuits {
    fixture f;
    transform many, wide; /* DIAGONALS neighbours; WIDE of them and FOLDS folds */
    ckks_eval_keys *relinearise;
    double coef[MAX_DEGREE + 1];
} circuits;

/* Neighbouring diagonals 0 .. count - 1 at up to LINEAR_LIMBS limbs. */
static int shape_transform(transform *t, const ckks_context *ctx, int count, int folds)
{
    const ckks_params *params = ckks_context_params(ctx);
    const size_t slots = ckks_context_slots(ctx);
    int limbs = params->q_count < LINEAR_LIMBS ? params->q_count : LINEAR_LIMBS;
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, limbs, 0, 0};
    int index[DIAGONALS], st = ckks_key_spec_choose(ctx, &spec);

    for (int d = 0; d < count; d++)
        index[d] = d;
    for (int i = 0; i < folds; i++)
        t->fold[i] = (int)(slots >> (i + 1));
    ckks_lintrans_split(t->baby, t->giant, index, count, slots, baby_cost, giant_cost);
    t->shape = (ckks_lintrans_shape){.limbs = limbs,
                                     .rescale = 1,
                                     .special = spec.special,
                                     .alpha = spec.alpha,
                                     .step_count = count,
                                     .baby = t->baby,
                                     .giant = t->giant,
                                     .fold_count = folds,
                                     .fold_step = t->fold};
    return st;
}

static void fill_coefficients(double coef[MAX_DEGREE + 1])
{
    for (int i = 0; i <= MAX_DEGREE; i++)
        coef[i] = 1.0 / (double)(i + 2);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Scratch for everything here; the shapes are made again afterwards, in the fixture itself. */
static size_t scratch_bytes(const ckks_context *ctx, int threads)
{
    static const struct {
        int basis, degree;
    } shapes[] = {{CKKS_BASIS_MONOMIAL, 2},
                  {CKKS_BASIS_MONOMIAL, 4},
                  {CKKS_BASIS_CHEBYSHEV, 7},
                  {CKKS_BASIS_CHEBYSHEV, 31}};
    const ckks_params *params = ckks_context_params(ctx);
    double coef[MAX_DEGREE + 1];
    transform many, wide;
    size_t bytes = 0;

    fill_coefficients(coef);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        ckks_polynomial p = {shapes[i].basis, shapes[i].degree, coef};
        bytes = larger(bytes, ckks_poly_scratch_bytes(ctx, &p, params->q_count));
    }
    if (shape_transform(&many, ctx, DIAGONALS, 0) == CKKS_OK)
        bytes = larger(bytes, ckks_lintrans_scratch_bytes(ctx, &many.shape, threads));
    if (shape_transform(&wide, ctx, WIDE, FOLDS) == CKKS_OK)
        bytes = larger(bytes, ckks_lintrans_scratch_bytes(ctx, &wide.shape, threads));
    return bytes;
}

static int make_transform(circuits *c, transform *t, int count, int folds)
{
    ckks_key_spec spec[MAX_KEYS];
    size_t keys;
    int st = shape_transform(t, c->f.ctx, count, folds);

    if (st != CKKS_OK)
        return st;
    keys = ckks_lintrans_keys(c->f.ctx, spec, MAX_KEYS, &t->shape);
    if (keys > MAX_KEYS)
        return CKKS_ERR_ARG;
    st = ckks_eval_keys_create(c->f.worker, &t->keys, c->f.sk, spec, keys);
    if (st == CKKS_OK)
        st = ckks_lintrans_create(c->f.worker, &t->made, &t->shape, fixture_diagonal, &c->f,
                                  ckks_scale_from(1073741824.0)); /* 2^30 */
    if (st == CKKS_OK)
        st = ckks_ciphertext_create(&t->in, c->f.ctx);
    if (st == CKKS_OK)
        st = fixture_encrypt(&c->f, t->in, t->shape.limbs);
    return st;
}

static int apply(circuits *c, transform *t)
{
    const ckks_ciphertext *in = t->in;
    int st = ckks_worker_use_keys(c->f.worker, t->keys);
    return st == CKKS_OK ? ckks_lintrans_apply(c->f.worker, &c->f.out, &in, t->made) : st;
}

static int run_many(void *p)
{
    circuits *c = p;
    return apply(c, &c->many);
}

static int run_wide(void *p)
{
    circuits *c = p;
    return apply(c, &c->wide);
}

static int run_encode(void *p)
{
    circuits *c = p;
    ckks_lintrans *made = NULL;
    int st = ckks_lintrans_create(c->f.worker, &made, &c->many.shape, fixture_diagonal, &c->f,
                                  ckks_scale_from(1073741824.0));

    ckks_lintrans_free(made);
    return st;
}

static int evaluate(circuits *c, int basis, int degree)
{
    ckks_polynomial poly = {basis, degree, c->coef};
    int st = ckks_worker_use_keys(c->f.worker, c->relinearise);

    if (st != CKKS_OK)
        return st;
    return ckks_poly_eval(c->f.worker, c->f.out, c->f.a, &poly, 1073741824.0);
}

static int run_quadratic(void *p)
{
    return evaluate(p, CKKS_BASIS_MONOMIAL, 2);
}

static int run_degree_4(void *p)
{
    return evaluate(p, CKKS_BASIS_MONOMIAL, 4);
}

static int run_degree_7(void *p)
{
    return evaluate(p, CKKS_BASIS_CHEBYSHEV, 7);
}

static int run_degree_31(void *p)
{
    return evaluate(p, CKKS_BASIS_CHEBYSHEV, 31);
}

static size_t bytes_many(const void *p)
{
    const circuits *c = p;
    return ckks_lintrans_memory(c->f.ctx, &c->many.shape);
}

static size_t bytes_wide(const void *p)
{
    const circuits *c = p;
    return ckks_lintrans_memory(c->f.ctx, &c->wide.shape);
}

/* Baby and giant steps other than 0. */
static bench_cost floor_many(const void *p)
{
    const circuits *c = p;
    const ckks_lintrans_shape *shape = &c->many.shape;
    const cost_shape s = {c->f.preset->log_n, shape->limbs, shape->special, shape->alpha};
    int babies = 0, giants = 0;

    for (int d = 0; d < shape->step_count; d++) {
        int new_baby = shape->baby[d] != 0, new_giant = shape->giant[d] != 0;

        for (int e = 0; e < d; e++) {
            new_baby &= shape->baby[e] != shape->baby[d];
            new_giant &= shape->giant[e] != shape->giant[d];
        }
        babies += new_baby;
        giants += new_giant;
    }
    return cost_linear(s, babies, giants, shape->step_count);
}

static const bench_case linear[] = {
    {.name = "linear_64", .run = run_many, .bytes = bytes_many, .cost = floor_many},
    {.name = "linear_16_fold_4", .run = run_wide, .bytes = bytes_wide},
    {.name = "linear_64_encode", .run = run_encode, .bytes = bytes_many},
};

/* These take more rescales than every set has, the quadratic two. */
static const bench_case deep[] = {
    {.name = "poly_2", .run = run_quadratic},
    {.name = "poly_4", .run = run_degree_4},
    {.name = "poly_7_chebyshev", .run = run_degree_7},
    {.name = "poly_31_chebyshev", .run = run_degree_31},
};

enum { LINEAR = sizeof linear / sizeof linear[0], DEEP = sizeof deep / sizeof deep[0] };

static size_t deep_count(const fixture_preset *preset)
{
    return preset->limbs >= 8 ? DEEP : preset->limbs >= 3 ? 1 : 0;
}

static int make(circuits *c)
{
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, c->f.preset->limbs, 0, 0};
    int st = make_transform(c, &c->many, DIAGONALS, 0);

    fill_coefficients(c->coef);
    if (st == CKKS_OK)
        st = make_transform(c, &c->wide, WIDE, FOLDS);
    if (st == CKKS_OK)
        st = ckks_key_spec_choose(c->f.ctx, &spec);
    if (st == CKKS_OK)
        st = ckks_eval_keys_create(c->f.worker, &c->relinearise, c->f.sk, &spec, 1);
    return st;
}

static void clear_transform(transform *t)
{
    ckks_lintrans_free(t->made);
    ckks_eval_keys_free(t->keys);
    ckks_ciphertext_free(t->in);
}

static void clear(circuits *c)
{
    clear_transform(&c->many);
    clear_transform(&c->wide);
    ckks_eval_keys_free(c->relinearise);
    fixture_clear(&c->f);
}

void bench_circuits(bench *b)
{
    for (size_t p = 0; p < fixture_preset_count; p++) {
        const fixture_preset *preset = &fixture_presets[p];
        char group[64], why[512];
        bench_place place = fixture_place(b, preset, "circuits", group);
        int wanted = bench_wanted(b, &place, linear, LINEAR);
        circuits c;
        int st;

        wanted |= bench_wanted(b, &place, deep, deep_count(preset));
        if (!wanted)
            continue;
        memset(&c, 0, sizeof c);
        st = fixture_init(&c.f, b, preset, scratch_bytes, why, sizeof why);
        if (st == CKKS_OK) {
            place.kernel = ckks_context_kernel(c.f.ctx);
            st = make(&c);
            snprintf(why, sizeof why, "%s", ckks_worker_error(c.f.worker));
        }
        if (st == CKKS_OK) {
            bench_run(b, &place, linear, LINEAR, &c);
            bench_run(b, &place, deep, deep_count(preset), &c);
        } else {
            bench_fail(b, &place, st, why);
        }
        clear(&c);
    }
}
