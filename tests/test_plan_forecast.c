/* Forecasts of bytes and memory against the objects themselves. (Errors: test_exec_ckks.) */
#include "nn/plan.h"

#include "tests/sessions.h"
#include "tests/testing.h"

/* Within a fifth, as the plan promises. */
static void close_to(size_t foretold, size_t measured)
{
    assert_true((double)foretold >= 0.8 * (double)measured);
    assert_true((double)foretold <= 1.2 * (double)measured);
}

static void test_bytes(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0};
    session_open(&s, 2);
    const nn_forecast *f = nn_plan_forecast(s.plan);
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, NULL, 0), NN_OK);
    close_to(f->request_bytes, ckks_ciphertext_wire_bytes(s.request));
    assert_int_equal(nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, NULL, 0),
                     NN_OK);
    close_to(f->response_bytes, ckks_ciphertext_wire_bytes(s.response));
    close_to(f->eval_key_bytes, ckks_eval_keys_wire_bytes(s.keys));
    close_to(f->eval_key_memory, ckks_eval_keys_bytes(s.keys));
    assert_int_equal(f->keys, ckks_eval_keys_count(s.keys));
    close_to(f->weight_memory, nn_program_bytes(s.program));
    size_t held = ckks_context_bytes(s.ctx) + ckks_eval_keys_bytes(s.keys) +
                  nn_program_bytes(s.program) + ckks_worker_bytes(s.w);
    assert_true(f->server_memory > held); /* and the model, ciphertexts, process besides */
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
