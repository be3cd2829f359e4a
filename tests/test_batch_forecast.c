/* Forecasts of batches against the objects themselves and against measured errors. */
#include "tests/batches.h"

/* Within a tenth, as the plan promises. */
static void close_to(size_t foretold, size_t measured)
{
    assert_true((double)foretold >= 0.9 * (double)measured);
    assert_true((double)foretold <= 1.1 * (double)measured);
}

static void bytes_and_errors_come_out_as_foretold(void **state)
{
    static const int rings[2] = {NN_RING_COMPLEX, NN_RING_REAL};
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < 2; i++) {
        nn_model *m = models_small(2, 7);
        nn_plan_options o = {.ring = rings[i], .log_n = 13};
        size_t bytes = 0;
        double largest;
        batch_world t;

        batches_open(&t, m, &o, 600, 1);
        const nn_batch_foretold *f = nn_batch_forecast(t.batch);
        batches_send(&t, &rng);
        assert_int_equal(f->requests, t.requests);
        for (size_t r = 0; r < t.requests; r++)
            bytes += ckks_ciphertext_wire_bytes(t.in[r]);
        close_to(f->request_bytes, bytes);
        batches_infer(&t);
        batches_receive(&t);
        bytes = 0;
        for (size_t r = 0; r < t.responses; r++)
            bytes += ckks_ciphertext_wire_bytes(t.out[r]);
        close_to(f->response_bytes, bytes);
        close_to(f->eval_key_bytes, ckks_eval_keys_wire_bytes(t.keys));
        close_to(f->eval_key_memory, ckks_eval_keys_bytes(t.keys));
        assert_int_equal(f->keys, ckks_eval_keys_count(t.keys));
        assert_int_equal(f->images, ckks_context_slots(t.ctx));
        size_t held = ckks_context_bytes(t.ctx) + ckks_eval_keys_bytes(t.keys) +
                      ckks_worker_bytes(t.w) + f->value_memory;
        assert_true(f->server_memory > held && f->peak_memory > f->server_memory);
        assert_true((double)f->server_memory < 1.2 * (double)held + 8e6);
        /* Values are below their bounds, so the error is below the forecast; but not by orders. */
        double error = batches_error(&t, &largest);
        assert_true(error < 2.0 * f->logit_error);
        assert_true(error > f->logit_error / 64.0);
        batches_close(&t);
        nn_model_free(m);
    }
}

static void operations_are_counted(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_batch *b = NULL;
    size_t nonzeros = 0;
    char why[400] = "";

    (void)state;
    batches_ok(nn_batch_create(&b, m, NULL, 0, why, sizeof why));
    for (size_t k = 0; k < b->stages.count; k++)
        nonzeros += nn_stage_nonzeros(&b->stages.stage[k]);
    const nn_batch_foretold *f = nn_batch_forecast(b);
    assert_int_equal(f->scalar_products, nonzeros);
    /* Relinearised behind the dense layer of 4 rows, or before, 27 squares. */
    assert_true(f->relinearisations == MODELS_OUTPUTS || f->relinearisations == 27);
    assert_true(f->infer_ms > 0.0);
    nn_batch_free(b);
    nn_model_free(m);
}

/* The allocator sees what the values take: as much as was foretold, and nothing stays. */
typedef struct meter {
    size_t now, most;
} meter;

static void *meter_take(void *user, size_t bytes)
{
    meter *m = user;
    size_t *block = malloc(bytes + 64);
    assert_non_null(block);
    *block = bytes;
    m->now += bytes;
    m->most = m->now > m->most ? m->now : m->most;
    return (unsigned char *)block + 64;
}

static void meter_give(void *user, void *p)
{
    meter *m = user;
    unsigned char *block = p;
    if (block == NULL)
        return;
    block -= 64;
    m->now -= *(size_t *)(void *)block;
    free(block);
}

static void values_take_what_was_foretold(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_plan_options o = {.log_n = 13};
    meter used = {0, 0};
    nn_batch *b = NULL;
    testing_rng rng;
    char why[400] = "";
    batch_world t;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    batches_ok(nn_batch_create(&b, m, &o, 8, why, sizeof why));
    b->params.allocator = (ckks_allocator){meter_take, meter_give, &used};
    batches_start(&t, b, 8, 1);
    batches_send(&t, &rng);
    size_t before = used.now;
    used.most = used.now;
    batches_infer(&t);
    assert_int_equal(used.now, before);
    close_to(nn_batch_forecast(b)->value_memory, used.most - before);
    batches_close(&t);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_errors_come_out_as_foretold),
        cmocka_unit_test(operations_are_counted),
        cmocka_unit_test(values_take_what_was_foretold),
    };
    return cmocka_run_group_tests_name("batch_forecast", tests, NULL, NULL);
}
