/* The plan on ciphertexts equals the plan on clear slots, within the error that the plan foretells.
 */
#include "nn/exec.h"

#include "nn/client.h"

#include "tests/sessions.h"
#include "tests/testing.h"

static void check_session(int degree)
{
    session s;
    testing_rng rng;
    float image[MODELS_INPUTS], clear[MODELS_OUTPUTS], logits[MODELS_OUTPUTS];
    char why[300] = "";
    double worst = 0.0;
    testing_rng_init(&rng, testing_seed());
    session_open(&s, degree);
    const nn_forecast *f = nn_plan_forecast(s.plan);
    assert_true(f->security_bits >= 128);
    for (int k = 0; k < testing_iters(3); k++) {
        models_image(&rng, image);
        assert_int_equal(nn_plan_run_clear(s.plan, clear, image, why, sizeof why), NN_OK);
        assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                         NN_OK);
        nn_status st =
            nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why);
        if (st != NN_OK)
            print_error("%s\n", why);
        assert_int_equal(st, NN_OK);
        assert_int_equal(
            nn_client_decrypt(s.w, logits, s.client, s.sk, s.response, why, sizeof why), NN_OK);
        for (int o = 0; o < MODELS_OUTPUTS; o++)
            worst = fmax(worst, fabs((double)logits[o] - (double)clear[o]));
    }
    /* 12 draws of an error with the foretold deviation stay below 6 of them; and were the error far
     * smaller, something would have gone unencrypted or the forecast would be worthless. */
    assert_true(worst < 6.0 * f->logit_error + 1e-6);
    assert_true(worst > f->logit_error / 1000.0);
    session_close(&s);
}

static void test_square(void **state)
{
    (void)state;
    check_session(2);
}

static void test_degree_4(void **state)
{
    (void)state;
    check_session(4);
}

static int stop_at_once(void *user, size_t step, size_t steps, const char *name)
{
    (void)user;
    (void)steps;
    (void)name;
    return step == 1;
}

static void test_refusals(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0};
    char why[300] = "";
    session_open(&s, 2);
    /* An empty ciphertext, one with a limb too few, one at another scale, a stop, no keys. */
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why),
        NN_ERR_MISMATCH);
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                     NN_OK);
    int limbs = ckks_ciphertext_limbs(s.request);
    assert_int_equal(ckks_eval_drop(s.w, s.response, s.request, limbs - 1), CKKS_OK);
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.response, NULL, NULL, why, sizeof why),
        NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "limbs"));
    s.client->request_scale.hi *= 2.0;
    assert_int_equal(nn_client_encrypt(s.w, s.response, s.client, s.sk, image, why, sizeof why),
                     NN_OK);
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.response, NULL, NULL, why, sizeof why),
        NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "the request has scale"));
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, stop_at_once, NULL, why, sizeof why),
        NN_ERR_STOPPED);
    assert_int_equal(ckks_worker_use_keys(s.w, NULL), CKKS_OK);
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why),
        CKKS_ERR_NO_KEY);
    assert_true(strlen(why) > 10);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_square),
        cmocka_unit_test(test_degree_4),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
