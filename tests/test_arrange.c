/* The search for layouts: routes that fit their layouts and compute the network, and no more
 * rotations and diagonals than counting allows. */
#include "nn/arrange.h"

#include "tests/stages.h"
#include "tests/testing.h"

/* One affine stage on slots, as exec_clear does it. */
static void affine_stage(const nn_arrangement *a, const nn_stages *s, size_t k, double *slot)
{
    const nn_route *r = &a->route[k];
    size_t slots = a->slots;
    double *value = malloc(((size_t)r->count * slots + 2 * slots) * sizeof *value);
    double *sum = value + (size_t)r->count * slots, *next = sum + slots;
    assert_int_equal(
        nn_route_diagonals(r, value, &s->stage[k].affine, &a->layout[k], &a->layout[k + 1]), NN_OK);
    for (size_t j = 0; j < slots; j++) {
        sum[j] = 0.0;
        for (int d = 0; d < r->count; d++) {
            assert_int_equal((size_t)(r->baby[d] + r->giant[d]) % slots, r->step[d]);
            sum[j] += value[(size_t)d * slots + j] * slot[(j + (size_t)r->step[d]) % slots];
        }
    }
    for (int f = 0; f < r->fold_count; f++) {
        for (size_t j = 0; j < slots; j++)
            next[j] = sum[j] + sum[(j + (size_t)r->fold[f]) % slots];
        memcpy(sum, next, slots * sizeof *sum);
    }
    memset(next, 0, slots * sizeof *next);
    for (size_t m = 0; m < a->images; m++)
        nn_layout_spread(&a->layout[k + 1], next, a->images, m, s->stage[k].affine.bias);
    for (size_t j = 0; j < slots; j++)
        slot[j] = sum[j] + next[j];
    free(value);
}

/* Walk the arrangement on clear slots and compare with the stages themselves, for every image. */
static void check_arrangement(const nn_arrangement *a, const nn_stages *s, testing_rng *rng)
{
    size_t in = nn_shape_count(s->input), out = nn_stages_output_count(s);
    double *x = malloc(a->images * in * sizeof *x), *y = malloc(2 * out * sizeof *y);
    double *slot = calloc(a->slots, sizeof *slot), *got = y + out;
    for (size_t i = 0; i < a->images * in; i++)
        x[i] = testing_uniform(rng, 0.0, 1.0);
    for (size_t m = 0; m < a->images; m++)
        nn_layout_spread(&a->layout[0], slot, a->images, m, x + m * in);
    for (size_t k = 0; k < s->count; k++) {
        if (s->stage[k].kind == NN_STAGE_AFFINE)
            affine_stage(a, s, k, slot);
        for (size_t j = 0; j < a->slots && s->stage[k].kind == NN_STAGE_POLY; j++)
            slot[j] *= slot[j];
    }
    for (size_t m = 0; m < a->images; m++) {
        assert_int_equal(nn_stages_apply(s, y, NULL, x + m * in), NN_OK);
        nn_layout_gather(&a->layout[s->count], got, slot, a->images, m);
        for (size_t o = 0; o < out; o++)
            assert_true(fabs(got[o] - y[o]) <= 1e-10 * (1.0 + fabs(y[o])));
    }
    free(x);
    free(y);
    free(slot);
}

/* All slots that are no output are 0 at the end: partial sums tell about the weights. */
static void check_quiet(const nn_arrangement *a, const nn_stages *s)
{
    const nn_route *r = &a->route[s->count - 1];
    assert_true(r->kind != NN_ROUTE_SPREAD);
}

static size_t distinct_keys(const nn_arrangement *a)
{
    unsigned char *seen = calloc(a->slots, 1);
    size_t n = 0;
    for (size_t k = 0; k < a->count; k++) {
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
        assert_true((size_t)a.route[0].count <= (slots == 4096 ? 9 : 6));
        assert_true((size_t)a.route[2].count <= 128 / (slots / 1024));
        assert_true((size_t)a.route[4].count <= 128 / (slots / 1024) + 10);
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
    for (int k = 0; k < testing_iters(12); k++) {
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

static void test_too_large(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    nn_arrangement a;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    nn_arrange_job job = job_of(&s, 512, 1, 13), images = job_of(&s, 4096, 8, 13);
    assert_int_equal(nn_arrange(&a, &job), NN_ERR_SHAPE);
    assert_null(a.layout);
    assert_int_equal(nn_arrange(&a, &images), NN_ERR_SHAPE);
    assert_null(a.layout);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cryptonets), cmocka_unit_test(test_cnn2),
        cmocka_unit_test(test_images),     cmocka_unit_test(test_small),
        cmocka_unit_test(test_dense),      cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
