/* What is refused whatever the ring: bounds on both sides, and which layer is named. */
#include "nn/stages/refuse.h"

#include "tests/stages.h"
#include "tests/testing.h"

static char why[600];

/* A matrix, a square, a matrix, a fourth power, a matrix. */
static void make(nn_stages *s, testing_rng *rng)
{
    *s = (nn_stages){.input = {8, 1, 1}, .input_lo = 0.0, .input_hi = 1.0};
    stages_dense(s, s->input, 8, rng);
    stages_poly(s, s->input, 2, 0.0);
    stages_dense(s, s->input, 8, rng);
    stages_poly(s, s->input, 4, 1.0);
    stages_dense(s, s->input, 4, rng);
    for (size_t k = 0; k < s->count; k++) {
        (void)snprintf(s->stage[k].name, NN_STAGE_NAME_SIZE, "layer%zu", k);
        s->stage[k].range = 4.0;
    }
}

static void test_stages(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    make(&s, &rng);
    assert_int_equal(nn_refuse_stages(&s, why, sizeof why), NN_OK);
    s.stage[1].range = 2e15;
    assert_int_equal(nn_refuse_stages(&s, why, sizeof why), NN_ERR_RANGE);
    assert_non_null(strstr(why, "'layer1'"));
    s.stage[1].measured = 1; /* whoever has measured it will know */
    assert_int_equal(nn_refuse_stages(&s, why, sizeof why), NN_OK);
    s.stage[3].basis = CKKS_BASIS_CHEBYSHEV;
    assert_int_equal(nn_refuse_stages(&s, why, sizeof why), NN_ERR_RANGE);
    assert_non_null(strstr(why, "'layer3'"));
    s.stage[2].range = 1.5;
    assert_int_equal(nn_refuse_stages(&s, why, sizeof why), NN_OK);
    nn_affine *a = &s.stage[2].affine[0];
    memset(a->row_start, 0, (a->rows + 1) * sizeof *a->row_start);
    assert_int_equal(nn_refuse_stages(&s, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "'layer2'"));
    assert_int_equal(nn_refuse_stages(&s, NULL, 0), NN_ERR_UNSUPPORTED);
    nn_stages_clear(&s);
}

static void test_noise(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    make(&s, &rng);
    assert_int_equal(nn_refuse_noise(&s, 2, 0.2, 0.04, why, sizeof why), NN_OK);
    assert_int_equal(nn_refuse_noise(&s, 2, 0.2, 0.06, why, sizeof why), NN_ERR_PLAN);
    assert_non_null(strstr(why, "stage 3 of 5, 'layer2'"));
    assert_non_null(strstr(why, "--precision"));
    nn_stages_clear(&s);
}

/* The first activation that takes more than 50 is named, not the one that takes the most. */
static void test_logits(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    make(&s, &rng);
    assert_int_equal(nn_refuse_logits(&s, 15.0, 13.0, why, sizeof why), NN_OK);
    s.stage[2].range = 500.0;
    s.stage[3].range = 2e6;
    assert_int_equal(nn_refuse_logits(&s, 17.0, 13.0, why, sizeof why), NN_ERR_RANGE);
    assert_non_null(strstr(why, "'layer3' takes numbers up to 500 and may make 2e+06"));
    assert_non_null(strstr(why, "16 bits")); /* 13 + log2(17 / 16), rounded up, and 2 */
    s.stage[0].range = 60.0;
    s.stage[1].range = 3600.0;
    assert_int_equal(nn_refuse_logits(&s, 1e9, 13.0, why, sizeof why), NN_ERR_RANGE);
    assert_non_null(strstr(why, "'layer1'"));
    assert_non_null(strstr(why, "unseen fit"));
    nn_stages_clear(&s);
}

/* 16 for logits of unknown size, 1/128 of it where it is known and smaller. */
static void test_precision(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    testing_rng_init(&rng, testing_seed());
    make(&s, &rng);
    nn_stage *last = &s.stage[s.count - 1];
    last->range = 40.0;
    last->spread = 0.0;
    assert_true(nn_refuse_precision(&s, 16.0, 13.0) == 13.0);
    assert_true(nn_refuse_precision(&s, 17.0, 13.0) == 14.0);
    last->spread = 5.0; /* a size of 8, so 1/16 */
    assert_true(nn_refuse_precision(&s, 0.0625, 13.0) == 13.0);
    assert_true(nn_refuse_precision(&s, 0.0626, 13.0) == 14.0);
    assert_true(nn_refuse_precision(&s, 0.25, 13.0) == 15.0);
    last->range = 4e6; /* never above 16 */
    assert_true(nn_refuse_precision(&s, 17.0, 13.0) == 14.0);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
