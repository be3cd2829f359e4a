/* Batches end to end: small networks of every kind of step against the plain network, in both
 * rings; threads, aliases of memory, every refusal. */
#include "tests/batches.h"
#include "tests/failing.h"
#include "tests/stages.h"

#include "ckks/scheme/object.h"

/* Which kinds of steps the tests have seen; lazy ones apart. */
static int seen[2][NN_BATCH_INSIDE + 1];

/* All images of a set against the plain network; takes the plan over. The estimate is a deviation
 * at typical values, which tails are to reach so many times at most: Laplace tails 16 times, and
 * more where all values come near their bounds. */
static void check_batch(nn_batch *b, nn_model *m, size_t images, double tail, testing_rng *rng)
{
    double largest = 0.0;
    batch_world t;

    for (size_t k = 0; k < b->schedule.count; k++)
        seen[b->schedule.step[k].lazy][b->schedule.step[k].kind] = 1;
    batches_start(&t, b, images, 1);
    t.model = m;
    batches_send(&t, rng);
    batches_infer(&t);
    batches_receive(&t);
    (void)batches_error(&t, &largest);
    if (!(largest < tail * nn_batch_forecast(t.batch)->logit_error + 1e-5)) {
        print_error("a logit is off by %g, foretold %g\n", largest,
                    nn_batch_forecast(t.batch)->logit_error);
        fail();
    }
    batches_close(&t);
}

static void check_stages(nn_stages *s, const nn_plan_options *o, double tail, testing_rng *rng)
{
    nn_batch *b = NULL;
    char why[400] = "";

    assert_int_equal(nn_stages_bound(s, NULL, 0), NN_OK);
    batches_ok(nn_batch_of_stages(&b, s, o, 5, why, sizeof why));
    check_batch(b, NULL, 5, tail, rng);
}

/* Squares before and behind the sums in both rings, and a cube; in long tests fourth powers too. */
static void small_networks_give_the_plain_answer(void **state)
{
    nn_costs costs = *nn_costs_builtin("avx2");
    testing_rng rng;
    char why[400] = "";

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 2; degree <= 4; degree++) {
        nn_model *m = models_small(degree, 7);
        for (int ring = NN_RING_COMPLEX; ring <= NN_RING_REAL; ring++) {
            for (int dear = 0; dear < (degree == 2 ? 2 : 1); dear++) {
                nn_plan_options o = {.ring = ring, .costs = &costs};
                nn_batch *b = NULL;
                costs.scalar_ns = dear ? 1000.0 : 0.1;
                if (degree > 2 && ring != NN_RING_REAL && !testing_long())
                    continue;
                batches_ok(nn_batch_create(&b, m, &o, 24, why, sizeof why));
                check_batch(b, m, 24, 16.0, &rng);
            }
        }
        nn_model_free(m);
    }
}

/* A map with one diagonal number for the even and one for the odd places. */
static void diagonal(nn_affine *a, size_t n, double even, double odd)
{
    double scale[64];
    for (size_t i = 0; i < n; i++)
        scale[i] = i % 2 == 0 ? even : odd;
    assert_int_equal(nn_affine_diagonal(a, n, scale, NULL), NN_OK);
}

static void set_range(nn_stages *s, double range)
{
    s->stage[s->count - 1].range = range;
    s->stage[s->count - 1].measured = 1;
}

/* A pool of neighbours, two by two. */
static void pool(nn_stages *s, nn_shape in)
{
    nn_shape out = {in.c, in.h / 2, in.w / 2};
    nn_stage stage = {.kind = NN_STAGE_AFFINE,
                      .origin = NN_FROM_POOL,
                      .input_count = 1,
                      .input = {s->count},
                      .out = out,
                      .range = 8.0,
                      .name = "pool"};
    assert_int_equal(nn_affine_begin(&stage.affine[0], nn_shape_count(out), nn_shape_count(in)),
                     NN_OK);
    for (size_t i = 0; i < nn_shape_count(out); i++) {
        size_t c = i / (out.h * out.w), y = i / out.w % out.h, x = i % out.w;
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(nn_affine_push(&stage.affine[0],
                                            (c * in.h + 2 * y + k / 2) * in.w + 2 * x + k % 2,
                                            0.25),
                             NN_OK);
        assert_int_equal(nn_affine_end_row(&stage.affine[0], 0.0), NN_OK);
    }
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

/* Quartics, a pool, a residual sum, a product, a concatenation by two maps, shifted squares, a
 * polynomial in Chebyshev's basis: values with several takers and of different limbs. */
static void graphs_give_the_plain_answer(void **state)
{
    nn_shape image = {1, 6, 6}, maps = {2, 6, 6}, half = {2, 3, 3}, two = {4, 3, 3};
    nn_stages s = {.input = image, .input_lo = -1.0, .input_hi = 1.0};
    nn_affine up = {0}, low = {0}, mixed = {0};
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    stages_convolution(&s, image, maps, 3, 1, 1, &rng); /* value 1 */
    set_range(&s, 1.5);
    stages_poly(&s, maps, 4, -1.0); /* 2 */
    s.stage[1].coef[1] = 0.6;
    s.stage[1].coef[0] = 0.3;
    set_range(&s, 6.0);
    pool(&s, maps); /* 3 */
    set_range(&s, 6.0);
    diagonal(&up, 18, 0.2, -0.3);
    stages_sum(&s, half, 3, &up, 3, NULL); /* 4: one value twice is no sum of this kind */
    s.stage[3].input_count = 1;
    nn_affine_clear(&s.stage[3].affine[1]);
    set_range(&s, 2.0);
    stages_poly(&s, half, 2, 0.0); /* 5 = (4)^2 + 0.4 (4) + 0.1 */
    s.stage[4].coef[1] = 0.4;
    s.stage[4].coef[0] = 0.1;
    set_range(&s, 5.0);
    diagonal(&low, 18, 0.15, 0.1);
    stages_sum(&s, half, 5, &low, 4, NULL); /* 6: values of different limbs */
    set_range(&s, 3.0);
    stages_product(&s, half, 6, 4); /* 7 */
    set_range(&s, 6.0);
    assert_int_equal(nn_affine_begin(&mixed, 36, 18), NN_OK);
    for (size_t r = 0; r < 36; r++) {
        if (r < 18)
            assert_int_equal(nn_affine_push(&mixed, r, 0.1), NN_OK);
        assert_int_equal(nn_affine_end_row(&mixed, 0.0), NN_OK);
    }
    nn_affine other = {0};
    assert_int_equal(nn_affine_begin(&other, 36, 18), NN_OK);
    for (size_t r = 0; r < 36; r++) {
        if (r >= 18)
            assert_int_equal(nn_affine_push(&other, r - 18, 0.2), NN_OK);
        assert_int_equal(nn_affine_end_row(&other, 0.0), NN_OK);
    }
    stages_sum(&s, two, 7, &mixed, 6, &other); /* 8 */
    set_range(&s, 0.9);
    stages_dense(&s, two, 5, &rng); /* 9 */
    set_range(&s, 0.95);
    stages_poly(&s, (nn_shape){5, 1, 1}, 3, 0.0); /* 10 */
    s.stage[9].basis = CKKS_BASIS_CHEBYSHEV;
    for (int d = 0; d <= 3; d++)
        s.stage[9].coef[d] = 0.3 - 0.1 * d;
    set_range(&s, 1.0);
    nn_affine_clear(&up);
    nn_affine_clear(&low);
    nn_affine_clear(&mixed);
    nn_affine_clear(&other);
    nn_plan_options o = {.ring = NN_RING_REAL};
    check_stages(&s, &o, 16.0, &rng);
    for (int kind = NN_BATCH_SUMS; kind <= NN_BATCH_PRODUCT; kind++)
        assert_true(seen[0][kind] || seen[1][kind]);
    assert_true(seen[1][NN_BATCH_INSIDE] && seen[1][NN_BATCH_QUARTIC]);
}

/* Networks that begin with an activation, end with one, and are nothing else. */
static void a_network_may_begin_and_end_with_an_activation(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int front = 0; front < 2; front++) {
        for (int back = 0; back < 2; back++) {
            nn_shape in = {1, 3, 4}, out = {4, 1, 1};
            nn_stages s = {.input = in, .input_lo = -1.0, .input_hi = 1.0};
            nn_plan_options o = {.log_n = 13};
            if (front)
                stages_poly(&s, in, 2, 0.0);
            if (!front || !back)
                stages_dense(&s, in, 4, &rng);
            if (back)
                stages_poly(&s, front ? in : out, 2, 0.0);
            /* Two squares have a slope of 4 at 1, of 4/9 at a typical value. */
            check_stages(&s, &o, 16.0 * 9.0, &rng);
        }
    }
}

/* The same requests give the same bits for any number of threads. */
static void threads_change_nothing(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    ckks_ciphertext *first[MODELS_OUTPUTS] = {NULL};
    ckks_worker *team = NULL;
    testing_rng rng;
    char why[400] = "";
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_open(&t, m, &o, 8, 1);
    batches_send(&t, &rng);
    batches_ok(
        ckks_worker_create_team(&team, t.ctx, nn_batch_program_scratch_bytes(t.program, 3), 3));
    batches_ok(ckks_worker_use_keys(team, t.keys));
    batches_infer(&t);
    for (size_t r = 0; r < t.responses; r++) {
        batches_ok(ckks_ciphertext_create(&first[r], t.ctx));
        batches_ok(ckks_ciphertext_copy(first[r], t.out[r]));
    }
    batches_ok(batches_run(&t, team, why, sizeof why));
    for (size_t r = 0; r < t.responses; r++) {
        assert_int_equal(first[r]->limbs, t.out[r]->limbs);
        for (int part = 0; part < 2; part++)
            assert_memory_equal(ckks_ciphertext_row(first[r], part, 0),
                                ckks_ciphertext_row(t.out[r], part, 0),
                                (size_t)first[r]->limbs * first[r]->n * sizeof(uint64_t));
    }
    for (size_t r = 0; r < t.responses; r++)
        ckks_ciphertext_free(first[r]);
    ckks_worker_free(team);
    batches_close(&t);
    nn_model_free(m);
}

static void what_cannot_run_is_told(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    testing_rng rng;
    char why[400] = "";
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_open(&t, m, &o, 8, 1);
    /* Empty requests, one of another scale. */
    assert_int_equal(batches_run(&t, t.w, why, sizeof why), NN_ERR_MISMATCH);
    batches_send(&t, &rng);
    t.in[3]->scale.hi *= 2.0;
    assert_int_equal(batches_run(&t, t.w, why, sizeof why), NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "request 3"));
    assert_non_null(strstr(why, "scale"));
    t.in[3]->scale.hi *= 0.5;
    /* It is stopped, and then it has no keys. */
    t.stop_after = 1;
    assert_int_equal(batches_run(&t, t.w, why, sizeof why), NN_ERR_STOPPED);
    t.stop_after = 0;
    batches_infer(&t);
    assert_int_equal(ckks_worker_use_keys(t.w, NULL), CKKS_OK);
    assert_int_equal(batches_run(&t, t.w, why, sizeof why), CKKS_ERR_NO_KEY);
    assert_non_null(strstr(why, "key"));
    batches_close(&t);
    nn_model_free(m);
}

static void a_weight_too_large_is_told(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_batch *b = NULL;
    nn_batch_program *p = NULL;
    ckks_context *ctx = NULL;
    char why[400] = "";

    (void)state;
    batches_ok(nn_batch_create(&b, m, NULL, 0, why, sizeof why));
    batches_ok(ckks_context_create(&ctx, nn_batch_params(b), why, sizeof why));
    b->stages.stage[0].affine[0].value[0] = 1e300;
    assert_int_equal(nn_batch_program_create(&p, b, ctx, why, sizeof why), CKKS_ERR_RANGE);
    assert_null(p);
    assert_non_null(strstr(why, "stage 1"));
    nn_batch_program_free(NULL);
    ckks_context_free(ctx);
    nn_batch_free(b);
    nn_model_free(m);
}

static void every_allocation_may_fail(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    testing_rng rng;
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_open(&t, m, &o, 8, 1);
    for (long k = 1;; k++) {
        nn_batch_program *p = NULL;
        failing_from(k);
        nn_status st = nn_batch_program_create(&p, t.batch, t.ctx, NULL, 0);
        int hit = failing_stop();
        assert_true(hit ? st == NN_ERR_MEMORY || st == CKKS_ERR_MEMORY : st == NN_OK);
        assert_true((st == NN_OK) == (p != NULL));
        nn_batch_program_free(p);
        if (!hit)
            break;
    }
    batches_send(&t, &rng);
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = batches_run(&t, t.w, NULL, 0);
        int hit = failing_stop();
        assert_true(hit ? st == NN_ERR_MEMORY || st == CKKS_ERR_MEMORY : st == NN_OK);
        if (!hit)
            break;
    }
    batches_infer(&t);
    batches_close(&t);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_networks_give_the_plain_answer),
        cmocka_unit_test(graphs_give_the_plain_answer),
        cmocka_unit_test(a_network_may_begin_and_end_with_an_activation),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(what_cannot_run_is_told),
        cmocka_unit_test(a_weight_too_large_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("batch_run", tests, NULL, NULL);
}
