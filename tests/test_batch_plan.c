/* Plans for batches: parameters that hold, the choice of the ring, every refusal. */
#include "nn/batch/batch_plan.h"

#include "tests/batches.h"
#include "tests/failing.h"

static void a_plan_holds_what_it_says(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_batch *b = NULL, *again = NULL;
    char why[400] = "";

    (void)state;
    for (int security = 128; security <= 256; security += 64) {
        nn_plan_options o = {.security_bits = security};
        batches_ok(nn_batch_create(&b, m, &o, 0, why, sizeof why));
        const nn_batch_foretold *f = nn_batch_forecast(b);
        assert_int_equal(ckks_params_check(nn_batch_params(b), why, sizeof why), CKKS_OK);
        assert_true(f->security_bits >= security);
        assert_int_equal(f->responses, MODELS_OUTPUTS);
        assert_int_equal(f->keys, b->key_count);
        for (size_t k = 0; k < b->key_count; k++) {
            assert_int_equal(b->key[k].kind, CKKS_KEY_RELINEARISE);
            assert_true(ckks_params_log2_qp(&b->params, b->key[k].limbs, b->key[k].special) <=
                        ckks_security_max_log2_qp(f->log_n, security));
        }
        /* Every step that relinearises finds a key, scales go on from step to step. */
        for (size_t k = 0; k < b->schedule.count; k++) {
            const nn_batch_step *step = &b->schedule.step[k];
            int found = step->special == 0;
            for (size_t i = 0; i < b->key_count; i++)
                found |= b->key[i].alpha == step->alpha && b->key[i].limbs >= step->limbs;
            assert_true(found);
            testing_assert_near(ckks_scale_log2(b->exact[k].scale_out), step->scale_bits, 0.1);
        }
        batches_ok(nn_batch_create(&again, m, &o, 0, why, sizeof why));
        assert_memory_equal(again->params.q, b->params.q, sizeof b->params.q);
        assert_int_equal(again->schedule.count, b->schedule.count);
        nn_batch_free(b);
        nn_batch_free(again);
    }
    nn_batch_free(NULL);
    nn_model_free(m);
}

/* Few images want few slots, many the least time for one; what is asked for is kept. */
static void the_ring_is_chosen_by_the_images(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_batch *few = NULL, *many = NULL, *b = NULL;
    char why[400] = "";

    (void)state;
    batches_ok(nn_batch_create(&few, m, NULL, 1, why, sizeof why));
    batches_ok(nn_batch_create(&many, m, NULL, 0, why, sizeof why));
    const nn_batch_foretold *f = nn_batch_forecast(few), *g = nn_batch_forecast(many);
    assert_true(f->infer_ms <= g->infer_ms);
    assert_true(g->infer_ms / (double)g->images <= f->infer_ms / (double)f->images);
    for (int ring = NN_RING_COMPLEX; ring <= NN_RING_REAL; ring++) {
        nn_plan_options o = {.ring = ring, .log_n = 14};
        batches_ok(nn_batch_create(&b, m, &o, 0, why, sizeof why));
        assert_int_equal(nn_batch_forecast(b)->log_n, 14);
        assert_int_equal(nn_batch_params(b)->ring,
                         ring == NN_RING_REAL ? CKKS_RING_REAL : CKKS_RING_COMPLEX);
        assert_int_equal(nn_batch_forecast(b)->images, ring == NN_RING_REAL ? 16384 : 8192);
        nn_batch_free(b);
    }
    nn_plan_options o = {.images = 10000};
    batches_ok(nn_batch_create(&b, m, &o, 1, why, sizeof why));
    assert_true(nn_batch_forecast(b)->images >= 10000);
    nn_batch_free(b);
    nn_batch_free(few);
    nn_batch_free(many);
    nn_model_free(m);
}

static void refuse(const nn_model *m, nn_plan_options o, nn_status expected, const char *word)
{
    char why[400] = "";
    nn_batch *b = (nn_batch *)(void *)why;

    assert_int_equal(nn_batch_create(&b, m, &o, 0, why, sizeof why), expected);
    assert_null(b);
    assert_non_null(strstr(why, word));
}

static void what_cannot_be_planned_is_told(void **state)
{
    nn_model *m = models_small(2, 7);

    (void)state;
    refuse(m, (nn_plan_options){.security_bits = 100}, NN_ERR_ARG, "100");
    refuse(m, (nn_plan_options){.log_n = 10}, NN_ERR_ARG, "2^10");
    refuse(m, (nn_plan_options){.log_n = 17}, NN_ERR_ARG, "2^17");
    refuse(m, (nn_plan_options){.log_n = 11}, NN_ERR_PLAN, "N = 2048");
    refuse(m, (nn_plan_options){.images = (size_t)1 << 20}, NN_ERR_PLAN, "1048576");
    refuse(m, (nn_plan_options){.memory = 1000000}, NN_ERR_PLAN, "MiB");
    nn_model_free(m);
}

/* Plans are made of stages in which a matrix was emptied, or one of its columns. */
static nn_status plan_without(nn_batch **out, size_t column, char *why, size_t why_size)
{
    nn_model *m = models_small(2, 7);
    nn_stages stages;

    batches_ok(nn_batch_stages(&stages, m, 0, why, why_size));
    nn_model_free(m);
    nn_affine *first = &stages.stage[0].affine[0];
    if (column == SIZE_MAX)
        memset(first->row_start, 0, (first->rows + 1) * sizeof *first->row_start);
    for (size_t k = 0; k < nn_affine_nonzeros(first); k++)
        if (first->col[k] == column)
            first->col[k] = (uint32_t)column + 1; /* a column named twice in a row does no harm */
    return nn_batch_of_stages(out, &stages, NULL, 0, why, why_size);
}

static void a_network_that_sees_nothing_is_refused(void **state)
{
    nn_batch *b = NULL;
    char why[400] = "";

    (void)state;
    assert_int_equal(plan_without(&b, SIZE_MAX, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_null(b);
    assert_non_null(strstr(why, "zero"));
}

/* Pixels without a weight are not sent. */
static void only_pixels_with_weights_are_sent(void **state)
{
    nn_batch *b = NULL;
    char why[400] = "";

    (void)state;
    batches_ok(plan_without(&b, 4, why, sizeof why));
    assert_int_equal(b->pixel_count, MODELS_INPUTS - 1);
    for (size_t p = 0; p < b->pixel_count; p++)
        assert_int_equal(b->pixel[p], p < 4 ? p : p + 1);
    nn_batch_free(b);
}

/* A bound on the memory is met by a ring of fewer slots when one fits, and named when none does. */
static void memory_is_bounded(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_batch *free_plan = NULL, *bounded = NULL;
    char why[400] = "";

    (void)state;
    batches_ok(nn_batch_create(&free_plan, m, NULL, 0, why, sizeof why));
    nn_plan_options o = {.memory = nn_batch_forecast(free_plan)->server_memory - 1};
    nn_status st = nn_batch_create(&bounded, m, &o, 0, why, sizeof why);
    if (st == NN_OK)
        assert_true(nn_batch_forecast(bounded)->server_memory <= o.memory);
    else
        assert_int_equal(st, NN_ERR_PLAN);
    nn_batch_free(bounded);
    o.memory = 2000000;
    assert_int_equal(nn_batch_create(&bounded, m, &o, 0, why, sizeof why), NN_ERR_PLAN);
    assert_null(bounded);
    assert_non_null(strstr(why, "allowed"));
    nn_batch_free(free_plan);
    nn_model_free(m);
}

static void every_allocation_may_fail(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13, .costs = nn_costs_builtin("portable")};

    (void)state;
    for (long k = 1;; k++) {
        nn_batch *b = NULL;
        failing_from(k);
        nn_status st = nn_batch_create(&b, m, &o, 0, NULL, 0);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            assert_true(k > 5);
            nn_batch_free(b);
            break;
        }
        /* Only the worker that the forecast weighs may be missing. */
        assert_true(st == NN_ERR_MEMORY || st == CKKS_ERR_MEMORY || (st == NN_OK && b != NULL));
        nn_batch_free(b);
    }
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_holds_what_it_says),
        cmocka_unit_test(the_ring_is_chosen_by_the_images),
        cmocka_unit_test(what_cannot_be_planned_is_told),
        cmocka_unit_test(a_network_that_sees_nothing_is_refused),
        cmocka_unit_test(only_pixels_with_weights_are_sent),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("batch_plan", tests, NULL, NULL);
}
