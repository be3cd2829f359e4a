/* Forecasts of bytes and memory against the objects themselves. (Errors: test_exec_ckks.) */
#include "nn/plan/plan_forecast.h"

#include "tests/sessions.h"
#include "tests/testing.h"

/* Within a tenth, as the plan promises. */
static void close_to(size_t foretold, size_t measured)
{
    if ((double)foretold < 0.9 * (double)measured || (double)foretold > 1.1 * (double)measured)
        print_error("foretold %zu, measured %zu\n", foretold, measured);
    assert_true((double)foretold >= 0.9 * (double)measured);
    assert_true((double)foretold <= 1.1 * (double)measured);
}

static void test_bytes(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0};
    session_open(&s, 2);
    const nn_forecast *f = nn_plan_forecast(s.plan);
    session_ok(&s, session_encrypt(&s, image, 1));
    assert_int_equal(f->requests, nn_client_requests(s.client));
    assert_int_equal(f->responses, nn_client_responses(s.client));
    close_to(f->request_bytes, f->requests * ckks_ciphertext_wire_bytes(s.request[0]));
    session_ok(&s, session_run(&s, NULL));
    close_to(f->response_bytes, f->responses * ckks_ciphertext_wire_bytes(s.response[0]));
    close_to(f->eval_key_bytes, ckks_eval_keys_wire_bytes(s.keys));
    close_to(f->eval_key_memory, ckks_eval_keys_bytes(s.keys));
    assert_int_equal(f->keys, ckks_eval_keys_count(s.keys));
    close_to(f->weight_memory, nn_program_bytes(s.program));
    size_t held = ckks_context_bytes(s.ctx) + ckks_eval_keys_bytes(s.keys) +
                  nn_program_bytes(s.program) + ckks_worker_bytes(s.w);
    assert_true(f->server_memory > held); /* and the model, ciphertexts, process besides */
    /* A further thread shares what one has; a further inference has its own. */
    assert_true(f->thread_memory > 0 && f->thread_memory < f->lane_memory);
    assert_true(f->lane_memory > f->value_memory && f->lane_memory < f->server_memory);
    session_close(&s);
}

/* A bound on memory makes weights compact, which costs time; the transforms that are then made are
 * as small as foretold, and the answer stays the same. */
static void test_memory(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS], plain[MODELS_OUTPUTS], logits[MODELS_OUTPUTS];
    session_open(&s, 2);
    const nn_forecast unbounded = *nn_plan_forecast(s.plan);
    session_close(&s);
    for (int i = 0; i < MODELS_INPUTS; i++)
        image[i] = 0.01f * (float)i;
    nn_plan_options o = {.memory = unbounded.server_memory};
    session_open_with(&s, 2, &o);
    assert_int_equal(nn_plan_forecast(s.plan)->weight_memory, unbounded.weight_memory);
    session_close(&s);
    o.memory = unbounded.server_memory - unbounded.weight_memory / 8;
    session_open_with(&s, 2, &o);
    const nn_forecast *f = nn_plan_forecast(s.plan);
    assert_true(f->server_memory <= o.memory);
    assert_true(f->infer_ms > unbounded.infer_ms);
    close_to(f->weight_memory, nn_program_bytes(s.program));
    assert_int_equal(nn_model_run(s.model, plain, image, NULL, 0), NN_OK);
    session_infer(&s, logits, image);
    for (int i = 0; i < MODELS_OUTPUTS; i++)
        assert_true(fabs((double)(logits[i] - plain[i])) < 8.0 * f->logit_error);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
