/* Linear transforms on ciphertexts against clear slots, in every shape; scratch, aliases, refusals.
 */
#include "tests/lintrans_world.h"

#include "ckks/circuits/lintrans.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

enum { LOG_N = 10, N = 1 << LOG_N };

/* Slots of the ring that the tests run in. */
#define SLOTS (scheme_ring == CKKS_RING_REAL ? N : N / 2)

/* The transform of one input. */
static void clear(const lintrans_world *v, double *y, const double *x)
{
    lintrans_clear(v, y, 0, &x);
}

/* One transform, compared with clear slots; the estimate is for the largest row and magnitude, so
 * the measured deviation is below it, though not by much: diagonals are uniform in [-1, 1], as are
 * inputs. */
static void compare(int q_count, int p_count, ckks_lintrans_shape shape, const int *index,
                    int count, double baby_cost, double giant_cost)
{
    ckks_params params = scheme_params(LOG_N, q_count, 45, p_count);
    ckks_ciphertext *c = NULL;
    ckks_ciphertext *out = NULL;
    uint64_t *before = NULL;
    double *x = NULL;
    double *y = NULL;
    /* after two rescales of 45 bits, 2^26 of 2^116 are left */
    double scale = shape.limbs == 1 ? 0x1p18 : shape.rescale == 2 ? 0x1p58 : 0x1p40;
    lintrans_world v;

    /* one limb of 46 bits must hold sums of up to 300 products */
    lintrans_start(&v, &params, shape, index, count, baby_cost, giant_cost, scale);
    x = scheme_vector(&v.s, -1, 1);
    y = scheme_vector(&v.s, 0, 1);
    before = malloc((size_t)(2 * shape.limbs) * N * 8);
    assert_non_null(before);
    c = scheme_encrypt(&v.s, x, NULL, shape.limbs, ckks_scale_from(scale));
    out = scheme_empty(&v.s);
    for (int part = 0; part < 2; part++)
        memcpy(before + (size_t)(part * shape.limbs) * N, ckks_ciphertext_row(c, part, 0),
               (size_t)shape.limbs * N * 8);
    v.s.w->arena.peak = 0;
    scheme_ok(v.s.w, lintrans_apply(v.s.w, out, c, v.t));
    assert_int_equal(v.s.w->arena.used, 0);
    assert_true(v.s.w->arena.peak <= v.s.w->arena.size);
    for (int part = 0; part < 2; part++)
        assert_memory_equal(before + (size_t)(part * shape.limbs) * N,
                            ckks_ciphertext_row(c, part, 0), (size_t)shape.limbs * N * 8);
    assert_int_equal(ckks_ciphertext_limbs(out), shape.limbs - shape.rescale);
    clear(&v, y, x);
    /* The estimate is an upper one. Much of an error is a rounding times the secret, slot by slot:
     * for a product of two Gaussians the square has variance E[x^4] E[y^4] - 1 = 8 times its mean's
     * square, so a deviation measured on n values is off by sqrt(8 / n) / 2. Such squares have long
     * tails: six of these are exceeded once in some 10^4 comparisons. Folds make values of
     * different slots equal, in errors too. */
    double values = (double)(N >> shape.fold_count);
    scheme_assert_error(&v.s, out, y, NULL, 0.1, 1.0 + 6.0 * sqrt(2.0 / values));
    for (size_t j = 0; j < v.s.slots; j++)
        assert_true(fabs(y[j]) <= ckks_ciphertext_magnitude(out));
    /* in place: the same bits */
    scheme_ok(v.s.w, lintrans_apply(v.s.w, c, c, v.t));
    for (int part = 0; part < 2; part++)
        assert_memory_equal(ckks_ciphertext_row(out, part, 0), ckks_ciphertext_row(c, part, 0),
                            (size_t)out->limbs * N * 8);
    free(before);
    free(x);
    free(y);
    ckks_ciphertext_free(c);
    ckks_ciphertext_free(out);
    lintrans_stop(&v);
}

/* The same transform kept in other ways, and applied by more threads, gives the same bits. */
static void same_bits(ckks_lintrans_shape shape, const int *index, int count)
{
    ckks_params params = scheme_params(LOG_N, 3, 45, 2);
    ckks_ciphertext *in = NULL;
    ckks_ciphertext *want = NULL;
    ckks_ciphertext *got = NULL;
    double *x = NULL;
    lintrans_world v;

    lintrans_start(&v, &params, shape, index, count, 1, 2, 0x1p40);
    x = scheme_vector(&v.s, -1, 1);
    in = scheme_encrypt(&v.s, x, NULL, shape.limbs, ckks_scale_from(0x1p40));
    want = scheme_empty(&v.s);
    got = scheme_empty(&v.s);
    scheme_ok(v.s.w, lintrans_apply(v.s.w, want, in, v.t));
    for (int compact = 0; compact <= count; compact += count / 3) {
        ckks_lintrans *t = NULL;
        v.shape.compact = compact;
        scheme_ok(v.s.w, ckks_lintrans_create(v.s.w, &t, &v.shape, lintrans_fill, &v,
                                              ckks_scale_from(0x1p40)));
        for (int threads = 1; threads <= 7; threads += 2) {
            size_t bytes = ckks_lintrans_scratch_bytes(v.s.ctx, &v.shape, threads);
            ckks_worker *team = NULL;
            scheme_ok(NULL, ckks_worker_create_team(&team, v.s.ctx, bytes, threads));
            scheme_ok(team, ckks_worker_use_keys(team, v.s.keys));
            scheme_ok(team, lintrans_apply(team, got, in, t));
            assert_true(team->arena.peak <= team->arena.size);
            for (int part = 0; part < 2; part++)
                assert_memory_equal(ckks_ciphertext_row(want, part, 0),
                                    ckks_ciphertext_row(got, part, 0), (size_t)got->limbs * N * 8);
            ckks_worker_free(team);
        }
        ckks_lintrans_free(t);
    }
    free(x);
    ckks_ciphertext_free(in);
    ckks_ciphertext_free(want);
    ckks_ciphertext_free(got);
    lintrans_stop(&v);
}

static int dense[LINTRANS_MAX];

static void baby_and_giant_steps(void **state)
{
    static const int few[] = {0};
    static const int one[] = {17};
    static const int scattered[] = {3, 50, 99, 257, 300, 511};
    ckks_lintrans_shape shape = {.limbs = 3, .rescale = 1, .special = 2, .alpha = 2};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    compare(3, 2, shape, dense, 40, 1, 2);
    compare(3, 2, shape, dense, 24, 1, 1000); /* babies only */
    compare(3, 2, shape, dense, 12, 1000, 1); /* giants only */
    compare(3, 2, shape, few, 1, 1, 1);       /* no rotation at all */
    compare(3, 2, shape, one, 1, 1, 2);
    compare(3, 2, shape, one, 1, 2, 1);
    compare(3, 2, shape, scattered, 6, 1, 1);
}

static void shapes_of_keys(void **state)
{
    ckks_lintrans_shape shape = {.limbs = 4, .rescale = 1, .special = 1, .alpha = 1};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    compare(4, 3, shape, dense, 20, 1, 2);
    shape.special = 3;
    compare(4, 3, shape, dense, 20, 1, 2);
    shape.alpha = 2;
    compare(4, 3, shape, dense, 20, 1, 2);
    shape.alpha = 3;
    compare(4, 3, shape, dense, 20, 1, 2);
    shape.limbs = 3; /* fewer than the context has */
    compare(4, 3, shape, dense, 20, 1, 2);
}

static void rescales(void **state)
{
    ckks_lintrans_shape shape = {.limbs = 4, .rescale = 0, .special = 2, .alpha = 2};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = (i * 3 + 490) % SLOTS;
    compare(4, 2, shape, dense, 20, 1, 2);
    shape.rescale = 1;
    compare(4, 2, shape, dense, 20, 1, 2);
    shape.rescale = 2;
    compare(4, 2, shape, dense, 20, 1, 2);
    shape.limbs = 1;
    shape.alpha = 1;
    shape.rescale = 0;
    compare(4, 2, shape, dense, 20, 1, 2);
}

static void folds(void **state)
{
    static const int steps[] = {256, -128, 64};
    ckks_lintrans_shape shape = {
        .limbs = 3, .rescale = 1, .special = 2, .alpha = 2, .fold_count = 3, .fold_step = steps};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    compare(3, 2, shape, dense, 20, 1, 2);
    shape.rescale = 0;
    compare(3, 2, shape, dense, 70, 1, 2); /* 64 may be a giant step too */
}

/* One giant key for all giant steps; giants on both sides of 0; none at 0. */
static void chains(void **state)
{
    ckks_lintrans_shape shape = {.limbs = 3, .rescale = 1, .special = 2, .alpha = 2, .chain = 1};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    compare(3, 2, shape, dense, 40, 1, 2);
    compare(3, 2, shape, dense, 12, 1000, 1); /* giants only */
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = (i + 490) % SLOTS;
    compare(3, 2, shape, dense, 40, 1, 2);
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = (i * 7 + 100) % SLOTS;
    compare(3, 2, shape, dense, 20, 1, 2);
}

static void ways_to_keep_and_threads(void **state)
{
    ckks_lintrans_shape shape = {.limbs = 3, .rescale = 1, .special = 2, .alpha = 2};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = (i + 500) % SLOTS;
    same_bits(shape, dense, 30);
    shape.chain = 1;
    same_bits(shape, dense, 30);
}

/* ------------------------------------------------------------------ blocks and passes */

enum { BLOCKS = 3 };

typedef struct blocks {
    lintrans_world v;
    double *x[BLOCKS];
    ckks_ciphertext *in[BLOCKS], *out[BLOCKS];
} blocks;

static void blocks_start(blocks *b, ckks_lintrans_shape shape, int count)
{
    ckks_params params = scheme_params(LOG_N, shape.limbs, 45, 2);

    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = (i * 3 + SLOTS - 20) % SLOTS;
    memset(b, 0, sizeof *b);
    lintrans_start(&b->v, &params, shape, dense, count, 1, 2, 0x1p40);
    for (int i = 0; i < shape.in_count; i++) {
        b->x[i] = scheme_vector(&b->v.s, -1, 1);
        b->in[i] = scheme_encrypt(&b->v.s, b->x[i], NULL, shape.limbs, ckks_scale_from(0x1p40));
    }
    for (int o = 0; o < shape.out_count; o++)
        b->out[o] = scheme_empty(&b->v.s);
}

static void blocks_stop(blocks *b)
{
    for (int i = 0; i < BLOCKS; i++) {
        free(b->x[i]);
        ckks_ciphertext_free(b->in[i]);
        ckks_ciphertext_free(b->out[i]);
    }
    lintrans_stop(&b->v);
}

static ckks_status blocks_apply(blocks *b, ckks_worker *w)
{
    return ckks_lintrans_apply(w, b->out, (const ckks_ciphertext *const *)b->in, b->v.t);
}

/* Every output of a matrix of blocks is what clear slots give. */
static void compare_blocks(ckks_lintrans_shape shape, int count)
{
    blocks b;
    double *y = NULL;

    blocks_start(&b, shape, count);
    y = scheme_vector(&b.v.s, 0, 1);
    scheme_ok(b.v.s.w, blocks_apply(&b, b.v.s.w));
    assert_int_equal(b.v.s.w->arena.used, 0);
    for (int o = 0; o < shape.out_count; o++) {
        double values = (double)(N >> shape.fold_count);
        lintrans_clear(&b.v, y, o, (const double *const *)b.x);
        assert_int_equal(ckks_ciphertext_limbs(b.out[o]), shape.limbs - shape.rescale);
        /* The estimate holds within a tenth (test_noise.c), the sample within five deviations. */
        scheme_assert_error(&b.v.s, b.out[o], y, NULL, 0.1, 1.1 * (1.0 + 5.0 / sqrt(2.0 * values)));
        for (size_t j = 0; j < b.v.s.slots; j++)
            assert_true(fabs(y[j]) <= ckks_ciphertext_magnitude(b.out[o]));
    }
    free(y);
    blocks_stop(&b);
}

static void matrices_of_blocks(void **state)
{
    static const int steps[] = {256, -128};
    ckks_lintrans_shape shape = {.limbs = 3, .rescale = 1, .special = 2, .alpha = 2};

    (void)state;
    for (int chain = 0; chain < 2; chain++) {
        shape.chain = chain;
        for (shape.in_count = 1; shape.in_count <= BLOCKS; shape.in_count++)
            for (shape.out_count = 1; shape.out_count <= BLOCKS; shape.out_count += 2)
                compare_blocks(shape, 12 + shape.in_count);
    }
    shape.in_count = shape.out_count = 2;
    shape.compact = 20;
    shape.fold_count = 2;
    shape.fold_step = steps;
    compare_blocks(shape, 20);
    shape.rescale = 0;
    shape.compact = 0;
    compare_blocks(shape, 20);
}

static void assert_same_rows(const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    assert_int_equal(a->limbs, b->limbs);
    for (int part = 0; part < 2; part++)
        assert_memory_equal(ckks_ciphertext_row(a, part, 0), ckks_ciphertext_row(b, part, 0),
                            (size_t)a->limbs * N * 8);
}

/* The bits of the outputs with room for so many bytes of sums, on three threads with the scratch
 * that was said. */
static void assert_divided(blocks *b, ckks_ciphertext *const *want, size_t bytes)
{
    ckks_lintrans *t = b->v.t;
    ckks_worker *team = NULL;
    size_t rows = 0;

    t->passes = ckks_lintrans_divide(N, 5, &t->count, bytes);
    rows = ckks_lintrans_scratch_rows(N, 3, 2, 2, &t->count, &t->passes, 3);
    scheme_ok(NULL, ckks_worker_create_team(&team, b->v.s.ctx, rows * N * 8, 3));
    scheme_ok(team, ckks_worker_use_keys(team, b->v.s.keys));
    scheme_ok(team, blocks_apply(b, team));
    assert_true(team->arena.peak <= rows * N * 8);
    for (int o = 0; o < BLOCKS; o++)
        assert_same_rows(want[o], b->out[o]);
    ckks_worker_free(team);
}

static void passes_give_the_same_bits(void **state)
{
    ckks_lintrans_shape shape = {
        .limbs = 3, .rescale = 1, .special = 2, .alpha = 2, .in_count = 2, .out_count = BLOCKS};

    (void)state;
    for (int chain = 0; chain < 2; chain++) {
        blocks b;
        ckks_ciphertext *want[BLOCKS];
        size_t units = 0, unit = (size_t)2 * 5 * N * 8, kept = 0;
        shape.chain = chain;
        shape.compact = chain ? 30 : 0;
        blocks_start(&b, shape, 20);
        units = (size_t)(b.v.t->count.giants * BLOCKS);
        kept = ckks_lintrans_baby_rows(&b.v.t->count) * 5 * N * 8;
        scheme_ok(b.v.s.w, blocks_apply(&b, b.v.s.w));
        for (int o = 0; o < BLOCKS; o++) {
            want[o] = scheme_empty(&b.v.s);
            scheme_ok(b.v.s.w, ckks_ciphertext_copy(want[o], b.out[o]));
        }
        for (size_t group = 1; group < units; group++) {
            assert_divided(&b, want, group * unit);
            assert_int_equal(b.v.t->passes.keep == CKKS_LINTRANS_ALL, group * unit >= 2 * kept);
        }
        for (int o = 0; o < BLOCKS; o++)
            ckks_ciphertext_free(want[o]);
        blocks_stop(&b);
    }
}

static void refusals_of_blocks(void **state)
{
    ckks_lintrans_shape shape = {
        .limbs = 3, .rescale = 1, .special = 2, .alpha = 2, .in_count = 2, .out_count = 2};
    ckks_worker *w = NULL;
    ckks_ciphertext *kept = NULL;
    blocks b;

    (void)state;
    blocks_start(&b, shape, 12);
    w = b.v.s.w;
    kept = b.out[1];
    b.out[1] = b.in[0];
    assert_int_equal(blocks_apply(&b, w), CKKS_ERR_ARG);
    b.out[1] = b.out[0];
    assert_int_equal(blocks_apply(&b, w), CKKS_ERR_ARG);
    b.out[1] = NULL;
    assert_int_equal(blocks_apply(&b, w), CKKS_ERR_ARG);
    b.out[1] = kept;
    b.in[1]->scale = ckks_scale_from(0x1.00001p40);
    assert_int_equal(blocks_apply(&b, w), CKKS_ERR_SCALE);
    b.in[1]->scale = b.in[0]->scale;
    b.in[1]->limbs = 2;
    assert_int_equal(blocks_apply(&b, w), CKKS_ERR_LEVEL);
    b.in[1]->limbs = 3;
    assert_int_equal(ckks_lintrans_apply(w, NULL, NULL, b.v.t), CKKS_ERR_ARG);
    scheme_ok(w, blocks_apply(&b, w));
    blocks_stop(&b);
    /* one output may be one of several inputs */
    shape.out_count = 1;
    blocks_start(&b, shape, 12);
    scheme_ok(b.v.s.w, blocks_apply(&b, b.v.s.w));
    kept = b.out[0];
    b.out[0] = b.in[1];
    scheme_ok(b.v.s.w, blocks_apply(&b, b.v.s.w));
    assert_same_rows(kept, b.in[1]);
    b.out[0] = kept;
    blocks_stop(&b);
}

/* Sums of many terms. */
static void long_sums(void **state)
{
    ckks_lintrans_shape shape = {.limbs = 1, .rescale = 0, .special = 1, .alpha = 1};

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    compare(1, 1, shape, dense, 300, 1, 1e6);
}

/* The estimate is close where the inputs are as large as declared and rows are alike. */
static void estimate_is_close(void **state)
{
    ckks_params params = scheme_params(LOG_N, 3, 45, 2);
    ckks_lintrans_shape shape = {.limbs = 3, .rescale = 1, .special = 2, .alpha = 2};
    ckks_ciphertext *c = NULL;
    double *x = NULL;
    double *y = NULL;
    lintrans_world v;

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    /* scale 2^20 of the diagonals: their rounding dominates; then 2^45: key switches and rescale */
    for (int bits = 20; bits <= 45; bits += 25) {
        lintrans_start(&v, &params, shape, dense, 64, 1, 2, exp2(bits));
        x = scheme_vector(&v.s, -1, 1);
        y = scheme_vector(&v.s, 0, 1);
        for (size_t j = 0; j < v.s.slots; j++)
            x[j] = x[j] < 0 ? -1.0 : 1.0;
        c = scheme_encrypt(&v.s, x, NULL, 3, ckks_scale_from(0x1p40));
        scheme_ok(v.s.w, lintrans_apply(v.s.w, c, c, v.t));
        clear(&v, y, x);
        scheme_assert_error(&v.s, c, y, NULL, 0.7, 1.15);
        ckks_ciphertext_free(c);
        free(x);
        free(y);
        lintrans_stop(&v);
    }
}

static void refusals(void **state)
{
    static const int steps[] = {200};
    ckks_params params = scheme_params(LOG_N, 3, 45, 2);
    ckks_lintrans_shape shape = {
        .limbs = 3, .rescale = 1, .special = 2, .alpha = 2, .fold_count = 1, .fold_step = steps};
    ckks_key_spec missing;
    ckks_ciphertext before;
    ckks_ciphertext *c = NULL;
    ckks_ciphertext *low = NULL;
    ckks_ciphertext *out = NULL;
    ckks_worker *small = NULL;
    double *x = NULL;
    lintrans_world v;

    (void)state;
    for (int i = 0; i < LINTRANS_MAX; i++)
        dense[i] = i;
    lintrans_start(&v, &params, shape, dense, 100, 1, 2, 0x1p40);
    x = scheme_vector(&v.s, -1, 1);
    c = scheme_encrypt(&v.s, x, NULL, 3, ckks_scale_from(0x1p40));
    low = scheme_empty(&v.s);
    out = scheme_empty(&v.s);
    scheme_ok(v.s.w, ckks_eval_drop(v.s.w, low, c, 2));
    scheme_ok(v.s.w, ckks_ciphertext_copy(out, c));
    before = *out;
    assert_int_equal(lintrans_apply(v.s.w, out, low, v.t), CKKS_ERR_LEVEL);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "made for 3 limbs"));
    assert_int_equal(lintrans_apply(v.s.w, out, c, NULL), CKKS_ERR_ARG);
    assert_int_equal(lintrans_apply(v.s.w, out, NULL, v.t), CKKS_ERR_ARG);
    assert_int_equal(lintrans_apply(v.s.w, NULL, c, v.t), CKKS_ERR_ARG);
    assert_int_equal(lintrans_apply(NULL, out, c, v.t), CKKS_ERR_ARG);
    v.t->context_id ^= 1;
    assert_int_equal(lintrans_apply(v.s.w, out, c, v.t), CKKS_ERR_MISMATCH);
    v.t->context_id ^= 1;
    c->scale = ckks_scale_from(0x1p97);
    assert_int_equal(lintrans_apply(v.s.w, out, c, v.t), CKKS_ERR_SCALE);
    c->scale = ckks_scale_from(0x1p40);
    scheme_ok(v.s.w, ckks_eval_square_raw(v.s.w, low, c));
    assert_int_equal(lintrans_apply(v.s.w, out, low, v.t), CKKS_ERR_DEGREE);
    /* each key in turn is missing: a baby, a giant, a fold */
    for (size_t i = 0; i < v.key_count; i += v.key_count / 5) {
        missing = v.spec[i];
        v.spec[i] = v.spec[v.key_count - 1];
        if (i == v.key_count - 1)
            v.spec[i] = v.spec[0];
        scheme_keys(&v.s, v.spec, v.key_count);
        assert_int_equal(lintrans_apply(v.s.w, out, c, v.t), CKKS_ERR_NO_KEY);
        v.spec[i] = missing;
    }
    missing = v.spec[v.key_count - 1];
    assert_int_equal(missing.steps, 200);
    scheme_keys(&v.s, v.spec, v.key_count - 1);
    assert_int_equal(lintrans_apply(v.s.w, out, c, v.t), CKKS_ERR_NO_KEY);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "fold by 200"));
    /* a worker without the extra scratch */
    scheme_keys(&v.s, v.spec, v.key_count);
    scheme_ok(NULL, ckks_worker_create(&small, v.s.ctx, 0));
    scheme_ok(small, ckks_worker_use_keys(small, v.s.keys));
    assert_int_equal(lintrans_apply(small, out, c, v.t), CKKS_ERR_MEMORY);
    assert_non_null(strstr(ckks_worker_error(small), "circuit_bytes"));
    ckks_worker_free(small);
    assert_memory_equal(out, &before, sizeof before);
    assert_memory_equal(ckks_ciphertext_row(out, 0, 0), ckks_ciphertext_row(c, 0, 0),
                        (size_t)6 * N * 8);
    free(x);
    ckks_ciphertext_free(c);
    ckks_ciphertext_free(low);
    ckks_ciphertext_free(out);
    lintrans_stop(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(baby_and_giant_steps),
        cmocka_unit_test(shapes_of_keys),
        cmocka_unit_test(rescales),
        cmocka_unit_test(folds),
        cmocka_unit_test(chains),
        cmocka_unit_test(ways_to_keep_and_threads),
        cmocka_unit_test(matrices_of_blocks),
        cmocka_unit_test(passes_give_the_same_bits),
        cmocka_unit_test(refusals_of_blocks),
        cmocka_unit_test(long_sums),
        cmocka_unit_test(estimate_is_close),
        cmocka_unit_test(refusals),
    };

    return scheme_run(tests);
}
