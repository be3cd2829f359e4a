/* Schedules: levels and scales that add up, within the security table, and clear refusals. */
#include "nn/levels/schedule.h"

#include "tests/stages.h"
#include "tests/testing.h"

enum { VALUES_MAX = 32 };

/* Replay a schedule: scales, limbs, room above the message, modulus of every key; summands meet. */
static void check_schedule(const nn_schedule *s, const nn_stages *stages, double bound)
{
    int limbs[VALUES_MAX] = {s->limbs};
    double scale[VALUES_MAX] = {s->input_bits};
    assert_true(nn_schedule_bits(s, s->limbs, 0) <= bound);
    for (size_t k = 0; k < stages->count; k++) {
        const nn_stage *stage = &stages->stage[k];
        const nn_step *step = &s->step[k];
        double q = nn_schedule_bits(s, step->limbs, 0), dropped = 0.0, bits = 0.0;
        assert_true(step->special >= 1 && step->alpha >= 1);
        assert_true(nn_schedule_bits(s, step->limbs, step->special) <= bound + 1e-9);
        for (size_t i = 0; i < stage->input_count; i++) {
            assert_true(step->limbs <= limbs[stage->input[i]]);
            assert_true(fabs(step->scale_in[i] - scale[stage->input[i]]) < 1e-9);
            if (stage->kind == NN_STAGE_PRODUCT)
                bits += step->scale_in[i];
            else if (i == 0)
                bits = step->scale_in[0] + step->weight_bits[0];
            else
                assert_true(fabs(step->scale_in[i] + step->weight_bits[i] - bits) < 1e-9);
        }
        if (nn_stage_is_square(stage))
            bits *= 2;
        else if (stage->kind == NN_STAGE_POLY)
            bits = step->scale_bits + step->drop_bits;
        assert_true(bits + log2(stage->range) <= q - 2.0 + 1e-9);
        for (int l = step->limbs - step->rescale; l < step->limbs; l++)
            dropped += s->q_bits[l];
        assert_true(fabs(dropped - step->drop_bits) < 1e-9);
        bits -= dropped;
        assert_int_equal(step->limbs_out, step->limbs - step->rescale);
        assert_true(step->limbs_out >= 1);
        assert_true(fabs(bits - step->scale_bits) < 1e-9);
        /* A polynomial rescales down to a little below the floor. */
        int exact = stage->kind != NN_STAGE_POLY || nn_stage_is_square(stage);
        assert_true(step->rescale == 0 || bits >= step->floor_bits - (exact ? 1e-9 : 1.2));
        limbs[k + 1] = step->limbs_out;
        scale[k + 1] = step->scale_bits;
    }
}

static nn_schedule_job make_job(const nn_stages *stages, const nn_arrangement *a, int log_n)
{
    return (nn_schedule_job){.stages = stages,
                             .arrangement = a,
                             .costs = nn_costs_builtin("avx512ifma"),
                             .log_n = log_n,
                             .security_bits = 128,
                             .precision_bits = 10.0};
}

static void arrange(nn_arrangement *a, const nn_stages *stages, int log_n)
{
    const nn_arrange_job job = {.stages = stages,
                                .slots = (size_t)1 << (log_n - 1),
                                .images = 1,
                                .log_n = log_n,
                                .costs = nn_costs_builtin("avx512ifma")};
    assert_int_equal(nn_arrange(a, &job), NN_OK);
}

static void check_network(void (*make)(nn_stages *, testing_rng *), int log_n, int limbs_at_most)
{
    testing_rng rng;
    nn_stages stages;
    nn_arrangement a;
    nn_schedule s;
    char why[400] = "";
    testing_rng_init(&rng, testing_seed());
    make(&stages, &rng);
    arrange(&a, &stages, log_n);
    nn_schedule_job job = make_job(&stages, &a, log_n);
    assert_int_equal(nn_schedule_find(&s, &job, why, sizeof why), NN_OK);
    check_schedule(&s, &stages, ckks_security_max_log2_qp(log_n, 128));
    /* Levels are not limbs: these networks have 5 and 7 multiplications in a row. */
    assert_true(s.limbs <= limbs_at_most);
    nn_schedule_clear(&s);
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

static void test_networks(void **state)
{
    (void)state;
    check_network(stages_cryptonets, 13, 4);
    check_network(stages_cnn2, 14, 5);
}

/* Deeper than the table allows: the message names the stage and the bound. */
static void test_refusal(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    nn_arrangement a;
    nn_schedule s;
    char why[400] = "";
    testing_rng_init(&rng, testing_seed());
    stages_cnn2(&stages, &rng);
    arrange(&a, &stages, 13);
    nn_schedule_job job = make_job(&stages, &a, 13);
    job.precision_bits = 24.0;
    assert_int_equal(nn_schedule_find(&s, &job, why, sizeof why), NN_ERR_PLAN);
    assert_null(s.step);
    assert_non_null(strstr(why, "214"));
    assert_non_null(strstr(why, "'"));
    /* 256-bit security leaves 114 bits at this degree. */
    job.security_bits = 256;
    assert_int_equal(nn_schedule_find(&s, &job, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "114"));
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

static void test_polynomials(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 2; degree <= NN_MONOMIAL_MAX; degree += 2) {
        nn_stages stages = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        nn_schedule s;
        stages_dense(&stages, stages.input, 16, &rng);
        stages_poly(&stages, (nn_shape){16, 1, 1}, degree, -0.5);
        stages_dense(&stages, (nn_shape){16, 1, 1}, 4, &rng);
        arrange(&a, &stages, 14);
        nn_schedule_job job = make_job(&stages, &a, 14);
        assert_int_equal(nn_schedule_find(&s, &job, NULL, 0), NN_OK);
        check_schedule(&s, &stages, ckks_security_max_log2_qp(14, 128));
        nn_schedule_clear(&s);
        nn_arrangement_clear(&a);
        nn_stages_clear(&stages);
    }
}

/* Residual networks of 8 to 16 stages: a matrix, an activation, a sum with what was before, at
 * random; Chebyshev polynomials of degree 5 among them. */
static void test_residual(void **state)
{
    (void)state;
    enum { SIDE = 12 };
    testing_rng rng;
    int found = 0;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < 4; round++) {
        const nn_shape shape = {SIDE, 1, 1};
        nn_stages stages = {.input = shape, .input_lo = -1.0, .input_hi = 1.0};
        nn_arrangement a;
        nn_schedule s;
        char why[600] = "";
        size_t before = 0, length = 8 + testing_below(&rng, 9);
        while (stages.count < length) {
            size_t kind = testing_below(&rng, 5);
            if (kind == 0 && stages.count > before + 1) {
                stages_sum(&stages, shape, before, NULL, stages.count, NULL);
                before = stages.count;
            } else if (kind == 1 && stages.count > before + 1) {
                stages_product(&stages, shape, before, stages.count);
                before = stages.count;
            } else if (kind == 2) {
                stages_poly(&stages, shape, 2, 0.0);
                if (round % 2 == 1) {
                    nn_stage *last = &stages.stage[stages.count - 1];
                    last->basis = CKKS_BASIS_CHEBYSHEV;
                    last->degree = 5;
                    last->coef[5] = 0.25;
                }
            } else {
                stages_dense(&stages, shape, SIDE, &rng);
            }
            stages.stage[stages.count - 1].range = 1.0;
        }
        arrange(&a, &stages, 15);
        nn_schedule_job job = make_job(&stages, &a, 15);
        nn_status st = nn_schedule_find(&s, &job, why, sizeof why);
        assert_true(st == NN_OK || (st == NN_ERR_PLAN && why[0] != '\0'));
        if (st == NN_OK) {
            found++;
            check_schedule(&s, &stages, ckks_security_max_log2_qp(15, 128));
            assert_int_equal(nn_schedule_possible(&job, NULL, 0), NN_OK);
        }
        nn_schedule_clear(&s);
        nn_arrangement_clear(&a);
        nn_stages_clear(&stages);
    }
    assert_true(found >= 2);
}

/* A ring that is too small is refused before anything is arranged, by the stage and the bits. */
static void test_possible(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    char why[600] = "";
    testing_rng_init(&rng, testing_seed());
    stages_cnn2(&stages, &rng);
    nn_schedule_job job = make_job(&stages, NULL, 12);
    assert_int_equal(nn_schedule_possible(&job, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "106"));
    assert_non_null(strstr(why, "'conv'"));
    job.log_n = 15;
    assert_int_equal(nn_schedule_possible(&job, why, sizeof why), NN_OK);
    /* Numbers that no prime has room for. */
    stages.stage[2].range = 1e14;
    assert_int_equal(nn_schedule_possible(&job, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "range"));
    assert_non_null(strstr(why, "stage 3"));
    nn_stages_clear(&stages);
}

/* More precision never costs less, and moves the floors up by as much. */
static void test_precision(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    nn_arrangement a;
    nn_schedule coarse, fine;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&stages, &rng);
    arrange(&a, &stages, 14);
    nn_schedule_job job = make_job(&stages, &a, 14);
    assert_int_equal(nn_schedule_find(&coarse, &job, NULL, 0), NN_OK);
    job.precision_bits += 6.0;
    assert_int_equal(nn_schedule_find(&fine, &job, NULL, 0), NN_OK);
    assert_true(fine.cost >= coarse.cost / 1.031); /* three spare bits may cost a hundredth each */
    double more = fine.precision_bits - coarse.precision_bits;
    assert_true(more >= 3.0 - 1e-9);
    for (size_t k = 0; k < stages.count; k++)
        assert_true(fabs(fine.step[k].floor_bits - coarse.step[k].floor_bits - more) < 1e-9);
    nn_schedule_clear(&coarse);
    nn_schedule_clear(&fine);
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

/* Operations take no number to be below 1: a value below that needs Q above twice its scale. */
static void test_small(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    nn_arrangement a;
    nn_schedule s;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&stages, &rng);
    arrange(&a, &stages, 13);
    /* Slots are measured with these weights, so they shrink too. */
    for (size_t e = 0; e < nn_affine_nonzeros(&stages.stage[0].affine[0]); e++)
        stages.stage[0].affine[0].value[e] *= 0.02;
    for (size_t o = 0; o < stages.stage[0].affine[0].rows; o++)
        stages.stage[0].affine[0].bias[o] = 0.0;
    for (size_t k = 0; k < stages.count; k++)
        stages.stage[k].range = 0.05;
    nn_schedule_job job = make_job(&stages, &a, 13);
    job.precision_bits = 8.0;
    assert_int_equal(nn_schedule_find(&s, &job, NULL, 0), NN_OK);
    for (size_t k = 0; k < stages.count; k++) {
        const nn_step *step = &s.step[k];
        double before = step->scale_bits + step->drop_bits;
        assert_true(before + 1.05 <= nn_schedule_bits(&s, step->limbs, 0));
    }
    assert_true(s.input_bits + 1.05 <= nn_schedule_bits(&s, s.limbs, 0));
    nn_schedule_clear(&s);
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

/* Where the output hardly depends on a value, its error stays below it all the same: a polynomial
 * behind it would not be linear in an error as large as the value. */
static void test_tiny_gain(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1.0};
    nn_arrangement a;
    nn_schedule s;
    testing_rng_init(&rng, testing_seed());
    stages_dense(&stages, stages.input, 16, &rng);
    stages_poly(&stages, (nn_shape){16, 1, 1}, 2, 0.0);
    stages_dense(&stages, (nn_shape){16, 1, 1}, 4, &rng);
    for (size_t e = 0; e < nn_affine_nonzeros(&stages.stage[2].affine[0]); e++)
        stages.stage[2].affine[0].value[e] *= 1e-6;
    stages.stage[0].range = 0.8; /* a typical value is 0.2 */
    stages.stage[1].range = 0.64;
    arrange(&a, &stages, 13);
    nn_schedule_job job = make_job(&stages, &a, 13);
    assert_int_equal(nn_schedule_find(&s, &job, NULL, 0), NN_OK);
    double rounding = nn_schedule_rounding_bits(s.ring, s.log_n);
    assert_true(rounding - s.step[0].scale_bits <= log2(0.2 / 16.0));
    assert_true(rounding - s.step[1].scale_bits <= log2(0.04 / 16.0));
    nn_schedule_clear(&s);
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),    cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_polynomials), cmocka_unit_test(test_precision),
        cmocka_unit_test(test_residual),    cmocka_unit_test(test_possible),
        cmocka_unit_test(test_small),       cmocka_unit_test(test_tiny_gain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
