/* The search for layouts: routes that fit their layouts and compute the network, and no more
 * rotations and diagonals than counting allows. */
#include "nn/slots/arrange.h"

#include "nn/slots/candidates.h"
#include "tests/routes.h"
#include "tests/stages.h"

/* One stage on slots, as the executor does it: value[v] holds all parts of a value. */
static void stage_on_slots(const nn_arrangement *a, const nn_stages *s, size_t k, double **value)
{
    const nn_stage *stage = &s->stage[k];
    const nn_layout *out = &a->layout[k + 1];
    size_t slots = out->parts * a->slots;
    double *y = value[k + 1] = calloc(2 * slots, sizeof *y), *sum = y + slots;
    for (size_t i = 0; i < stage->input_count; i++) {
        const nn_route *r = nn_arrangement_route(a, k, i);
        const nn_layout *in = &a->layout[stage->input[i]];
        const double *x = value[stage->input[i]];
        if (stage->kind == NN_STAGE_AFFINE) {
            assert_int_equal(r->in_parts, in->parts);
            assert_int_equal(r->out_parts, out->parts);
            routes_apply(r, &stage->affine[i], in, out, sum, x);
            for (size_t j = 0; j < slots; j++)
                y[j] += sum[j];
            continue;
        }
        assert_int_equal(r->slots, 0);
        assert_true(nn_layout_equal(in, out));
        for (size_t j = 0; j < slots; j++) {
            double v = stage->coef[stage->degree];
            for (int d = stage->degree; d-- > 0;)
                v = v * x[j] + stage->coef[d];
            y[j] = stage->kind == NN_STAGE_POLY ? v : i == 0 ? x[j] : y[j] * x[j];
        }
    }
    if (stage->kind != NN_STAGE_AFFINE)
        return;
    memset(sum, 0, slots * sizeof *sum);
    for (size_t m = 0; m < a->images; m++)
        nn_layout_spread(out, sum, a->images, m, stage->affine[0].bias);
    for (size_t j = 0; j < slots; j++)
        y[j] += sum[j];
}

/* Walk the arrangement on clear slots and compare with the stages themselves, for every image. */
static void check_arrangement(const nn_arrangement *a, const nn_stages *s, testing_rng *rng)
{
    size_t in = nn_shape_count(s->input), out = nn_stages_output_count(s), last = s->count;
    double *x = malloc(a->images * in * sizeof *x), *y = malloc(2 * out * sizeof *y);
    double **value = calloc(last + 1, sizeof *value), *got = y + out;
    value[0] = calloc(a->layout[0].parts * a->slots, sizeof **value);
    for (size_t i = 0; i < a->images * in; i++)
        x[i] = testing_uniform(rng, 0.0, 1.0);
    for (size_t m = 0; m < a->images; m++)
        nn_layout_spread(&a->layout[0], value[0], a->images, m, x + m * in);
    for (size_t k = 0; k < last; k++)
        stage_on_slots(a, s, k, value);
    for (size_t m = 0; m < a->images; m++) {
        assert_int_equal(nn_stages_apply(s, y, NULL, x + m * in), NN_OK);
        nn_layout_gather(&a->layout[last], got, value[last], a->images, m);
        for (size_t o = 0; o < out; o++)
            assert_true(fabs(got[o] - y[o]) <= 1e-10 * (1.0 + fabs(y[o])));
    }
    for (size_t v = 0; v <= last; v++)
        free(value[v]);
    free(value);
    free(x);
    free(y);
}

/* No slot of the output holds partial sums: they tell about the weights. */
static void check_quiet(const nn_arrangement *a, const nn_stages *s)
{
    assert_true(nn_arrangement_route(a, s->count - 1, 0)->kind != NN_ROUTE_SPREAD);
}

static size_t distinct_keys(const nn_arrangement *a)
{
    unsigned char *seen = calloc(a->slots, 1);
    size_t n = 0;
    for (size_t k = 0; k < a->count * NN_INPUTS_MAX; k++) {
        const nn_route *r = &a->route[k];
        for (int d = 0; d < r->count; d++)
            seen[r->baby[d]] = seen[r->giant[d]] = 1;
        for (int f = 0; f < r->fold_count; f++)
            seen[r->fold[f]] = 1;
    }
    for (size_t j = 1; j < a->slots; j++)
        n += seen[j];
    free(seen);
    return n;
}

static nn_arrange_job job_of(const nn_stages *s, size_t slots, size_t images, int log_n)
{
    return (nn_arrange_job){s, slots, images, log_n, nn_costs_builtin("avx512ifma"), NULL};
}

static void test_cryptonets(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    for (size_t slots = 4096; slots <= 8192; slots *= 2) {
        nn_arrangement a;
        nn_arrange_job job = job_of(&s, slots, 1, 13);
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        /* 25 taps in 4 or 8 blocks of 1024 slots: 4 copies of 9 taps, or 8 of at most 5 (6 where
         * they are cheaper to rotate). 128 rows of the dense matrix in as many replicas. */
        assert_true((size_t)nn_arrangement_route(&a, 0, 0)->count <= (slots == 4096 ? 9 : 6));
        assert_true((size_t)nn_arrangement_route(&a, 2, 0)->count <= 128 / (slots / 1024));
        assert_true((size_t)nn_arrangement_route(&a, 4, 0)->count <= 128 / (slots / 1024) + 10);
        assert_true(distinct_keys(&a) <= 24);
        check_arrangement(&a, &s, &rng);
        check_quiet(&a, &s);
        nn_arrangement_clear(&a);
    }
    nn_stages_clear(&s);
}

static void test_cnn2(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    stages_cnn2(&s, &rng);
    for (size_t slots = 8192; slots <= 16384; slots *= 2) {
        nn_arrangement a;
        nn_arrange_job job = job_of(&s, slots, 1, 14);
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        assert_true(nn_arrangement_diagonals(&a) <= (slots == 8192 ? 240 : 200));
        assert_true(nn_arrangement_rotations(&a) <= 70);
        assert_true(distinct_keys(&a) <= 50);
        check_arrangement(&a, &s, &rng);
        check_quiet(&a, &s);
        nn_arrangement_clear(&a);
    }
    nn_stages_clear(&s);
}

/* Several images cost the rotations of one in the slots that each has. */
static void test_images(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    nn_arrangement one, four;
    nn_arrange_job job = job_of(&s, 2048, 1, 14), wide = job_of(&s, 8192, 4, 14);
    assert_int_equal(nn_arrange(&one, &job), NN_OK);
    assert_int_equal(nn_arrange(&four, &wide), NN_OK);
    assert_int_equal(nn_arrangement_diagonals(&one), nn_arrangement_diagonals(&four));
    assert_true(nn_arrangement_rotations(&four) <= nn_arrangement_rotations(&one) + 4);
    check_arrangement(&one, &s, &rng);
    check_arrangement(&four, &s, &rng);
    nn_arrangement_clear(&one);
    nn_arrangement_clear(&four);
    nn_stages_clear(&s);
}

/* Small networks of every shape, in one ciphertext or several images. */
static void test_small(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(8); k++) {
        size_t side = 4 + testing_below(&rng, 5), c = 1 + testing_below(&rng, 3);
        size_t stride = 1 + testing_below(&rng, 2);
        nn_shape maps = {1 + testing_below(&rng, 4), side / stride, side / stride};
        nn_stages s = {.input = {c, side, side}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        stages_convolution(&s, s.input, maps, 3, stride, 1, &rng);
        stages_poly(&s, maps, 2, 0.0);
        if (testing_below(&rng, 2) != 0) {
            nn_shape more = {1 + testing_below(&rng, 4), maps.h / 2, maps.w / 2};
            stages_convolution(&s, maps, more, 3, 2, 1, &rng);
            stages_poly(&s, more, 2, 0.0);
            maps = more;
        }
        stages_dense(&s, maps, 1 + testing_below(&rng, 20), &rng);
        nn_arrange_job job = job_of(&s, 1024, (size_t)1 << testing_below(&rng, 3), 11);
        nn_status st = nn_arrange(&a, &job);
        assert_true(st == NN_OK || (st == NN_ERR_SHAPE && job.images > 1));
        if (st == NN_OK)
            check_arrangement(&a, &s, &rng);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

/* Dense networks, from the first matrix on, and one that begins with an activation. */
static void test_dense(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int first = 0; first < 2; first++) {
        nn_stages s = {.input = {1, 9, 9}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        nn_shape hidden = {30, 1, 1};
        if (first == 1)
            stages_poly(&s, s.input, 2, 0.0);
        stages_dense(&s, s.input, 30, &rng);
        stages_poly(&s, hidden, 2, 0.0);
        stages_dense(&s, hidden, 17, &rng);
        stages_poly(&s, (nn_shape){17, 1, 1}, 2, 0.0);
        stages_dense(&s, (nn_shape){17, 1, 1}, 5, &rng);
        nn_arrange_job job = job_of(&s, 1024, 1, 11);
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        check_arrangement(&a, &s, &rng);
        check_quiet(&a, &s);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

/* A tensor that does not fit in a ciphertext is cut, but not where images lie side by side. */
static void test_parts(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    nn_arrangement a;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    for (size_t slots = 256; slots <= 512; slots *= 2) {
        nn_arrange_job job = job_of(&s, slots, 1, 11);
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        assert_true(a.layout[0].parts >= (784 + slots - 1) / slots);
        assert_true(a.layout[1].parts >= (845 + slots - 1) / slots);
        check_arrangement(&a, &s, &rng);
        check_quiet(&a, &s);
        nn_arrangement_clear(&a);
    }
    nn_arrange_job images = job_of(&s, 4096, 8, 13);
    assert_int_equal(nn_arrange(&a, &images), NN_ERR_SHAPE);
    assert_null(a.layout);
    nn_stages_clear(&s);
}

/* ResNet's first stage, 16 -> 16 channels of 32x32 in one full ciphertext, behind a first matrix:
 * 9 taps and 16 differences of channels make 144 diagonals; with a giant at four babies and dear
 * keys the taps are babies and the differences giants, 23 rotations. */
static void test_known_counts(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {16, 16, 16}};
    nn_arrangement a;
    nn_turn_price price[3] = {{.baby = 1.0, .giant = 4.0, .fold = 4.0, .diagonal = 0.1}};
    testing_rng_init(&rng, testing_seed());
    stages_poly(&s, s.input, 2, 0.0);
    stages_convolution(&s, s.input, s.input, 3, 1, 1, &rng);
    price[0].key = price[0].fold_key = 20.0;
    price[1] = price[2] = price[0];
    nn_arrange_job job = job_of(&s, 4096, 1, 12);
    job.price = price;
    assert_int_equal(nn_arrange(&a, &job), NN_OK);
    assert_int_equal(nn_arrangement_diagonals(&a), 144);
    assert_int_equal(nn_arrangement_rotations(&a), 22); /* 16 * 9 = 12 * 12: 11 and 11 */
    check_arrangement(&a, &s, &rng);
    nn_arrangement_clear(&a);
    for (int k = 0; k < 3; k++)
        price[k].hop = 4.0;
    assert_int_equal(nn_arrange(&a, &job), NN_OK);
    assert_int_equal(nn_arrangement_diagonals(&a), 144);
    assert_true(distinct_keys(&a) >= 9);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* A residual block: conv, square, conv, and the sum with what came in; then a product with a
 * polynomial of it and a dense layer. */
static void residual(nn_stages *s, size_t channels, size_t side, testing_rng *rng)
{
    nn_shape maps = {channels, side, side};
    *s = (nn_stages){.input = {1, side, side}, .input_lo = 0.0, .input_hi = 1.0};
    stages_convolution(s, s->input, maps, 3, 1, 1, rng);     /* value 1 */
    stages_poly(s, maps, 2, 0.0);                            /* 2 */
    stages_convolution(s, maps, maps, 3, 1, 1, rng);         /* 3 */
    stages_poly(s, maps, 2, 0.0);                            /* 4 */
    stages_sum(s, maps, 4, &s->stage[2].affine[0], 2, NULL); /* 5 */
    stages_poly(s, maps, 3, 0.5);                            /* 6 */
    stages_product(s, maps, 5, 6);                           /* 7 */
    stages_dense(s, maps, 7, rng);                           /* 8 */
}

static void test_residual(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (size_t slots = 64; slots <= 1024; slots *= 4) {
        nn_stages s;
        nn_arrangement a;
        residual(&s, 5, 6, &rng);
        nn_arrange_job job = job_of(&s, slots, 1, 12);
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        check_arrangement(&a, &s, &rng);
        check_quiet(&a, &s);
        /* The skip keeps its layout and costs no rotation. */
        assert_int_equal(nn_arrangement_route(&a, 4, 1)->kind, NN_ROUTE_SAME);
        assert_true(nn_layout_equal(&a.layout[2], &a.layout[5]));
        assert_true(nn_layout_equal(&a.layout[5], &a.layout[7]));
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

/* A convolution behind a pool that stays by itself: the pool costs 9 diagonals, a few more where it
 * also turns the whole, and the replicas that it leaves take a quarter of the convolution's. */
static void test_pool(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (size_t slots = 512; slots <= 2048; slots *= 2) {
        nn_shape maps = {8, 8, 8}, half = {8, 4, 4}, next = {16, 4, 4};
        nn_stages s = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        nn_turn_price price[6];
        stages_convolution(&s, s.input, maps, 3, 1, 1, &rng); /* 1 */
        stages_poly(&s, maps, 2, 0.0);                        /* 2 */
        stages_pool(&s, maps);                                /* 3 */
        stages_convolution(&s, half, next, 3, 1, 1, &rng);    /* 4 */
        stages_poly(&s, next, 2, 0.0);                        /* 5 */
        stages_dense(&s, next, 10, &rng);                     /* 6 */
        for (int n = 0; n < 6; n++)
            price[n] = (nn_turn_price){
                .baby = 1.0, .giant = 4.0, .fold = 4.0, .diagonal = 1.0, .key = 0.5};
        nn_arrange_job job = job_of(&s, slots, 1, 12);
        job.price = price;
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        check_arrangement(&a, &s, &rng);
        check_quiet(&a, &s);
        assert_true(a.layout[3].generators > 0);
        /* 3x3 taps, 4 channels of the output on one grid and 8 blocks: 36 * 4 without replicas. */
        assert_true(nn_arrangement_route(&a, 3, 0)->count <= 36);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

/* Two matrices of the input side by side, a join of three values, both factors of a product from
 * matrices of their own: forced layouts. */
static void test_join(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (size_t slots = 32; slots <= 512; slots *= 2) {
        nn_shape maps = {3, 4, 4};
        nn_stages s = {.input = {2, 4, 4}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        stages_convolution(&s, s.input, maps, 3, 1, 1, &rng); /* 1 */
        stages_convolution(&s, maps, maps, 3, 1, 1, &rng);    /* 2 */
        stages_product(&s, maps, 1, 2);                       /* 3 */
        stages_sum(&s, maps, 3, NULL, 0, &s.stage[0].affine[0]);
        stages_sum(&s, maps, 4, NULL, 2, NULL);
        nn_arrange_job job = job_of(&s, slots, 1, 11);
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        assert_true(nn_layout_equal(&a.layout[1], &a.layout[2]));
        check_arrangement(&a, &s, &rng);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

/* ---- against all combinations of candidates */

typedef struct exhaustive {
    const nn_stages *s;
    const nn_turn_price *price;
    size_t slots;
    nn_candidate *at; /* per value */
    double best;
    long leaves;
} exhaustive;

static void try_stage(exhaustive *x, size_t k, double cost);

/* One layout for the output of stage k, which takes it over. */
static void try_layout(exhaustive *x, size_t k, double cost, nn_candidate *c)
{
    const nn_stage *stage = &x->s->stage[k];
    int fits = 1;
    for (size_t i = 0; i < stage->input_count && fits; i++) {
        const nn_layout *in = &x->at[stage->input[i]].layout;
        nn_route_kind kind = NN_ROUTE_PERIODIC;
        nn_route r;
        if (nn_layout_equal(in, &c->layout) && nn_affine_is_identity(&stage->affine[i]))
            kind = NN_ROUTE_SAME;
        else if (c->layout.generators > 0)
            kind = NN_ROUTE_ALIGNED;
        else if (in->generators > 0)
            kind = NN_ROUTE_SPLIT;
        else if (in->period < in->slots && c->layout.extent == 0 && k + 1 < x->s->count)
            kind = NN_ROUTE_SPREAD;
        fits = nn_route_find_affine(&r, kind, &stage->affine[i], in, &c->layout) == NN_OK;
        if (fits)
            cost += nn_turns_split(&r, &x->price[k]);
        nn_route_clear(&r);
    }
    x->at[k + 1] = *c;
    if (fits)
        try_stage(x, k + 1, cost);
    nn_layout_clear(&x->at[k + 1].layout);
}

static void try_stage(exhaustive *x, size_t k, double cost)
{
    if (k == x->s->count) {
        x->best = cost < x->best ? cost : x->best;
        x->leaves++;
        return;
    }
    const nn_stage *stage = &x->s->stage[k];
    nn_candidate own = {0};
    if (stage->kind == NN_STAGE_POLY) {
        x->at[k + 1].grid = x->at[stage->input[0]].grid;
        assert_int_equal(nn_layout_copy(&x->at[k + 1].layout, &x->at[stage->input[0]].layout),
                         NN_OK);
        try_stage(x, k + 1, cost);
        nn_layout_clear(&x->at[k + 1].layout);
        return;
    }
    int few = 1;
    for (size_t i = 0; i < stage->input_count; i++)
        few &= nn_candidates_few(&stage->affine[i]);
    for (size_t i = 0; i < stage->input_count; i++) {
        const nn_candidate *from = &x->at[stage->input[i]];
        nn_candidate c[NN_CANDIDATES_MAX + 1] = {0};
        int count = 0;
        nn_shape in = nn_stages_shape(x->s, stage->input[i]);
        assert_int_equal(nn_candidates_find(c, &count, from, in, stage->out, few), NN_OK);
        for (int n = 0; n < count; n++)
            try_layout(x, k, cost, &c[n]);
        if (!nn_affine_is_identity(&stage->affine[i]))
            continue;
        own.grid = from->grid;
        assert_int_equal(nn_layout_copy(&own.layout, &from->layout), NN_OK);
        try_layout(x, k, cost, &own);
    }
}

/* The search finds what trying all candidates finds, but for what tuning still saves. Keys are
 * free, so that routes do not depend on each other. */
static void test_exhaustive(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(2); k++) {
        nn_shape maps = {2 + testing_below(&rng, 2), 4, 4}, half = {3, 2, 2};
        nn_shape pooled = {maps.c, 2, 2};
        nn_stages s = {.input = {2, 4, 4}, .input_lo = 0.0, .input_hi = 1.0};
        nn_turn_price price[8];
        nn_candidate at[8] = {{.grid = {4, 1, 16}}};
        nn_arrangement a;
        stages_poly(&s, s.input, 2, 0.0);                        /* 1 */
        stages_convolution(&s, s.input, maps, 3, 1, 1, &rng);    /* 2 */
        stages_poly(&s, maps, 2, 0.0);                           /* 3 */
        stages_sum(&s, maps, 3, NULL, 1, &s.stage[1].affine[0]); /* 4 */
        stages_pool(&s, maps);                                   /* 5 */
        stages_convolution(&s, pooled, half, 1, 1, 0, &rng);     /* 6 */
        stages_dense(&s, half, 4, &rng);                         /* 7 */
        for (int n = 0; n < 8; n++)
            price[n] = (nn_turn_price){.baby = testing_uniform(&rng, 0.5, 2.0),
                                       .giant = testing_uniform(&rng, 2.0, 8.0),
                                       .fold = testing_uniform(&rng, 1.0, 4.0),
                                       .diagonal = testing_uniform(&rng, 0.1, 2.0),
                                       .scalar = 0.5};
        exhaustive x = {.s = &s, .price = price, .slots = 128, .at = at, .best = HUGE_VAL};
        assert_int_equal(nn_layout_grid(&at[0].layout, 128, s.input, at[0].grid), NN_OK);
        try_stage(&x, 0, 0.0);
        assert_true(x.leaves > 50);
        nn_layout_clear(&at[0].layout);
        nn_arrange_job job = job_of(&s, 128, 1, 11);
        job.price = price;
        assert_int_equal(nn_arrange(&a, &job), NN_OK);
        assert_true(a.cost <= x.best + 1e-9);
        check_arrangement(&a, &s, &rng);
        /* Other numbers for the steps of a group may save rotations, nothing else does. */
        double least = 0.0;
        for (size_t n = 0; n < a.count * NN_INPUTS_MAX; n++)
            least += price[n / NN_INPUTS_MAX].diagonal * a.route[n].entries;
        assert_true(a.cost >= least);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cryptonets),   cmocka_unit_test(test_cnn2),
        cmocka_unit_test(test_images),       cmocka_unit_test(test_small),
        cmocka_unit_test(test_dense),        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_known_counts), cmocka_unit_test(test_residual),
        cmocka_unit_test(test_join),         cmocka_unit_test(test_pool),
        cmocka_unit_test(test_exhaustive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
