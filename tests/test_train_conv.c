/* Convolutions and their gradients against sums in double precision; the same bits from every
 * number of threads and from every family with fused operations.
 */
#include "tests/testing.h"

#include "train/conv.h"

enum { RESULTS = 3, GUARD = 16 };

/* A convolution with its operands, and its results in double with the sum of the terms' sizes. */
typedef struct world {
    train_conv c;
    size_t batch;
    size_t count[RESULTS]; /* of y, dx, dw */
    float *w, *x, *dy;
    double *want[RESULTS], *size[RESULTS];
    size_t terms[RESULTS]; /* of a sum, at most */
} world;

static size_t draw(testing_rng *rng, size_t lo, size_t hi)
{
    return lo + (size_t)testing_below(rng, hi - lo + 1);
}

static float *floats(size_t n, testing_rng *rng)
{
    float *a = malloc(n * sizeof *a);
    assert_non_null(a);
    for (size_t i = 0; i < n; i++)
        a[i] = rng != NULL ? (float)testing_uniform(rng, -1.0, 1.0) : NAN;
    return a;
}

static void add_term(world *s, int result, size_t at, float a, float b)
{
    s->want[result][at] += (double)a * (double)b;
    s->size[result][at] += fabs((double)a * (double)b);
}

/* All terms of output channel o and image b. */
static void add_terms(world *s, size_t o, size_t b)
{
    const train_conv *c = &s->c;
    size_t ins = c->in_c / c->groups, group = o / (c->out_c / c->groups);
    for (size_t i = 0; i < ins; i++)
        for (size_t place = 0; place < c->out_h * c->out_w; place++)
            for (size_t tap = 0; tap < c->kernel_h * c->kernel_w; tap++) {
                size_t y = place / c->out_w * c->stride + tap / c->kernel_w - c->pad_top;
                size_t x = place % c->out_w * c->stride + tap % c->kernel_w - c->pad_left;
                if (y >= c->in_h || x >= c->in_w) /* or wrapped around below 0 */
                    continue;
                size_t in = (((group * ins + i) * s->batch + b) * c->in_h + y) * c->in_w + x;
                size_t out = (o * s->batch + b) * c->out_h * c->out_w + place;
                size_t w = (o * ins + i) * c->kernel_h * c->kernel_w + tap;
                add_term(s, 0, out, s->w[w], s->x[in]);
                add_term(s, 1, in, s->w[w], s->dy[out]);
                add_term(s, 2, w, s->x[in], s->dy[out]);
            }
}

static world world_of(train_conv c, size_t batch, testing_rng *rng)
{
    size_t taps = c.kernel_h * c.kernel_w, ins = c.in_c / c.groups, outs = c.out_c / c.groups;
    world s = {.c = c, .batch = batch};
    s.count[0] = c.out_c * batch * c.out_h * c.out_w;
    s.count[1] = c.in_c * batch * c.in_h * c.in_w;
    s.count[2] = c.out_c * ins * taps;
    s.terms[0] = ins * taps;
    s.terms[1] = outs * taps;
    s.terms[2] = batch * c.out_h * c.out_w;
    s.dy = floats(s.count[0], rng);
    s.x = floats(s.count[1], rng);
    s.w = floats(s.count[2], rng);
    for (int r = 0; r < RESULTS; r++) {
        s.want[r] = calloc(s.count[r], sizeof(double));
        s.size[r] = calloc(s.count[r], sizeof(double));
        assert_non_null(s.want[r]);
        assert_non_null(s.size[r]);
    }
    for (size_t o = 0; o < c.out_c; o++)
        for (size_t b = 0; b < batch; b++)
            add_terms(&s, o, b);
    return s;
}

static void world_free(world *s)
{
    free(s->w);
    free(s->x);
    free(s->dy);
    for (int r = 0; r < RESULTS; r++) {
        free(s->want[r]);
        free(s->size[r]);
    }
}

/* One result, after NaN and before guards; scratch is NaN too and exactly as long as it says. */
static float *result(const world *s, int r, const train_tile *tile, int threads)
{
    train_conv c = s->c;
    c.tile = tile;
    size_t room = train_conv_scratch(&c, s->batch, threads);
    float *got = floats(s->count[r] + GUARD, NULL), *scratch = floats(room + GUARD, NULL);
    memset(got + s->count[r], 0x5a, GUARD * sizeof *got);
    memset(scratch + room, 0x5a, GUARD * sizeof *scratch);
    if (r == 0)
        train_conv_forward(&c, got, s->w, s->x, s->batch, threads, scratch);
    else if (r == 1)
        train_conv_slopes(&c, got, s->w, s->dy, s->batch, threads, scratch);
    else
        train_conv_weights(&c, got, s->x, s->dy, s->batch, threads, scratch);
    assert_memory_equal(got + s->count[r], scratch + room, GUARD * sizeof *got);
    free(scratch);
    return got;
}

/* A term takes part in at most one rounding of its own and one for each term and each block behind
 * it: at most 2 terms + 2 in all, each of relative size u = 2^-24; blocks and slices are fewer than
 * terms. To first order the error is at most (2 terms + 2) u times the sum of the terms' sizes, and
 * one part in a thousand covers the other orders.
 */
static void check(const world *s, int r, const float *got)
{
    double factor = 1.001 * (double)(2 * s->terms[r] + 2) * 0x1p-24;
    for (size_t i = 0; i < s->count[r]; i++)
        testing_assert_near(got[i], s->want[r][i], factor * s->size[r][i]);
}

static void try_conv(train_conv c, size_t batch, testing_rng *rng)
{
    world s = world_of(c, batch, rng);
    for (int r = 0; r < RESULTS; r++) {
        float *first = result(&s, r, NULL, 1);
        check(&s, r, first);
        for (int i = 0; train_tile_list(i) != NULL; i++) {
            const train_tile *tile = train_tile_list(i);
            float *got = result(&s, r, tile, 1 + (i + 1) % 3);
            check(&s, r, got);
            if (tile->fused)
                assert_memory_equal(got, first, s.count[r] * sizeof *got);
            free(got);
        }
        for (int threads = 2; threads <= 3; threads++) {
            float *got = result(&s, r, NULL, threads);
            assert_memory_equal(got, first, s.count[r] * sizeof *got);
            free(got);
        }
        free(first);
    }
    world_free(&s);
}

/* Anything goes: more padding than kernel, outputs that leave rows of the input unread or look past
 * its end, kernels larger than the input, strides larger than the kernel, groups.
 */
static void test_any(void **state)
{
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < testing_iters(60); round++) {
        train_conv c = {.groups = round % 3 == 0 ? draw(&rng, 2, 3) : 1};
        c.in_c = c.groups * draw(&rng, 1, 10);
        c.out_c = c.groups * draw(&rng, 1, 12);
        c.in_h = draw(&rng, 1, 9);
        c.in_w = draw(&rng, 1, 19);
        c.kernel_h = draw(&rng, 1, 5);
        c.kernel_w = draw(&rng, 1, 5);
        c.stride = draw(&rng, 1, 3);
        c.pad_top = draw(&rng, 0, 3);
        c.pad_left = draw(&rng, 0, 3);
        c.out_h = draw(&rng, 1, (c.in_h + c.pad_top) / c.stride + 1);
        c.out_w = draw(&rng, 1, (c.in_w + c.pad_left) / c.stride + 1);
        try_conv(c, draw(&rng, 1, 5), &rng);
    }
}

/* The shapes that networks are made of, small. */
static void test_usual(void **state)
{
    static const struct {
        train_conv c;
        size_t batch;
    } cases[] = {
        {{3, 8, 8, 16, 8, 8, 3, 3, 1, 1, 1, 1, NULL}, 7},    /* a first layer */
        {{24, 8, 8, 9, 8, 8, 3, 3, 1, 1, 1, 1, NULL}, 5},    /* sums of more than one block */
        {{4, 32, 32, 6, 32, 32, 3, 3, 1, 1, 1, 1, NULL}, 2}, /* whole vectors in a row */
        {{5, 16, 16, 8, 8, 8, 3, 3, 2, 1, 1, 1, NULL}, 5},   /* half the size */
        {{6, 12, 12, 10, 6, 6, 1, 1, 2, 0, 0, 1, NULL}, 5},  /* its shortcut */
        {{20, 7, 7, 17, 7, 7, 1, 1, 1, 0, 0, 1, NULL}, 9},   /* each place on its own */
        {{12, 9, 9, 12, 9, 9, 3, 3, 1, 1, 1, 12, NULL}, 3},  /* each channel on its own */
        {{1, 28, 28, 5, 13, 13, 5, 5, 2, 1, 1, 1, NULL}, 3}, /* digits */
        {{5, 4, 4, 19, 1, 1, 4, 4, 1, 0, 0, 1, NULL}, 70},   /* dense, from images */
        {{200, 1, 1, 11, 1, 1, 1, 1, 1, 0, 0, 1, NULL}, 50}, /* dense, from features */
        {{70, 1, 1, 70, 1, 1, 1, 1, 1, 0, 0, 1, NULL}, 1},   /* of one image */
    };
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        try_conv(cases[i].c, cases[i].batch, &rng);
}

/* What is enough for a batch is enough for a smaller one. */
static void test_scratch(void **state)
{
    static const train_conv cases[] = {
        {3, 40, 40, 5, 40, 40, 3, 3, 1, 1, 1, 1, NULL},
        {3, 8, 8, 5, 4, 4, 3, 3, 2, 1, 1, 1, NULL},
        {8, 4, 4, 30, 1, 1, 4, 4, 1, 0, 0, 1, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t batch = 1; batch < 300; batch++)
            assert_true(train_conv_scratch(&cases[i], batch, 2) <=
                        train_conv_scratch(&cases[i], batch + 1, 2));
}

/* Worked by hand: a 2x2 kernel over three columns of one row that is padded above. */
static void test_by_hand(void **state)
{
    const train_conv c = {1, 1, 3, 1, 1, 2, 2, 2, 1, 1, 0, 1, NULL};
    const float x[3] = {1, 2, 3}, w[4] = {5, 6, 7, 8}, dy[2] = {10, 20};
    float y[2], dx[3], dw[4];
    float *scratch = floats(train_conv_scratch(&c, 1, 1), NULL);
    (void)state;
    train_conv_forward(&c, y, w, x, 1, 1, scratch);
    assert_true(y[0] == 7 + 16 && y[1] == 14 + 24);
    train_conv_slopes(&c, dx, w, dy, 1, 1, scratch);
    assert_true(dx[0] == 70 && dx[1] == 80 + 140 && dx[2] == 160);
    train_conv_weights(&c, dw, x, dy, 1, 1, scratch);
    assert_true(dw[0] == 0 && dw[1] == 0 && dw[2] == 10 + 40 && dw[3] == 20 + 60);
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
