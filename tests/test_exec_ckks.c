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
        for (int o = 0; o < MODELS_OUTPUTS; o++) {
            double gap = fabs((double)logits[o] - (double)clear[o]);
            worst = gap > worst ? gap : worst; /* fmax makes gcc 12 for aarch64 stumble */
        }
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

/* Every ring, alone and with four images side by side: each logit is that of its own image. */
static void check_images(int ring, size_t images)
{
    session s;
    testing_rng rng;
    nn_plan_options o = {.ring = ring, .images = images};
    float image[4 * MODELS_INPUTS], clear[4 * MODELS_OUTPUTS], logits[4 * MODELS_OUTPUTS];
    char why[300] = "";
    testing_rng_init(&rng, testing_seed());
    session_open_with(&s, 2, &o);
    assert_int_equal(nn_client_params(s.client)->ring,
                     ring == NN_RING_REAL ? CKKS_RING_REAL : CKKS_RING_COMPLEX);
    assert_int_equal(nn_client_images(s.client), images);
    for (size_t m = 0; m < images; m++)
        models_image(&rng, image + m * MODELS_INPUTS);
    assert_int_equal(nn_plan_run_clear(s.plan, clear, image, why, sizeof why), NN_OK);
    assert_int_equal(
        nn_client_encrypt_many(s.w, s.request, s.client, s.sk, image, images, why, sizeof why),
        NN_OK);
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why), NN_OK);
    assert_int_equal(
        nn_client_decrypt_many(s.w, logits, images, s.client, s.sk, s.response, why, sizeof why),
        NN_OK);
    const nn_forecast *f = nn_plan_forecast(s.plan);
    double worst = 0.0;
    for (size_t k = 0; k < images * MODELS_OUTPUTS; k++)
        worst = fmax(worst, fabs((double)logits[k] - (double)clear[k]));
    assert_true(worst < 6.0 * f->logit_error + 1e-6);
    assert_true(worst > f->logit_error / 1000.0);
    session_close(&s);
}

static void test_rings_and_images(void **state)
{
    (void)state;
    for (int ring = NN_RING_COMPLEX; ring <= NN_RING_REAL; ring++)
        for (size_t images = 1; images <= 4; images *= 4)
            check_images(ring, images);
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
        cmocka_unit_test(test_rings_and_images),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
