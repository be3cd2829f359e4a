/* The client's side: what it refuses, and that it needs nothing but its plan file. */
#include "nn/client.h"

#include "tests/sessions.h"
#include "tests/testing.h"

static void test_range(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0};
    char why[300] = "";
    session_open(&s, 2);
    const float bad[] = {1.5f, -0.5f, NAN, INFINITY};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        image[5] = bad[k];
        assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                         NN_ERR_RANGE);
        assert_non_null(strstr(why, "range"));
        assert_int_equal(ckks_ciphertext_limbs(s.request), 0);
    }
    image[5] = 1.0f;
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                     NN_OK);
    session_close(&s);
}

static void test_wrong_response(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0}, logits[MODELS_OUTPUTS];
    char why[300] = "";
    session_open(&s, 2);
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                     NN_OK);
    /* The request sent back is not a response. */
    assert_int_equal(nn_client_decrypt(s.w, logits, s.client, s.sk, s.request, why, sizeof why),
                     NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "limbs"));
    /* Nor is a response at another scale. */
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why), NN_OK);
    assert_int_equal(nn_client_decrypt(s.w, logits, s.client, s.sk, s.response, why, sizeof why),
                     NN_OK);
    s.client->response_scale.hi *= 1.0 + 0x1p-40;
    assert_int_equal(nn_client_decrypt(s.w, logits, s.client, s.sk, s.response, why, sizeof why),
                     NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "scale"));
    session_close(&s);
}

/* A request holds as many images as planned, or fewer; the others' places are zero. */
static void test_count(void **state)
{
    (void)state;
    session s;
    nn_plan_options o = {.images = 2};
    float image[3 * MODELS_INPUTS] = {0}, logits[2 * MODELS_OUTPUTS], single[MODELS_OUTPUTS];
    char why[300] = "";
    session_open_with(&s, 2, &o);
    assert_int_equal(
        nn_client_encrypt_many(s.w, s.request, s.client, s.sk, image, 3, why, sizeof why),
        NN_ERR_ARG);
    assert_non_null(strstr(why, "3 images"));
    assert_int_equal(
        nn_client_encrypt_many(s.w, s.request, s.client, s.sk, image, 0, why, sizeof why),
        NN_ERR_ARG);
    image[MODELS_INPUTS + 1] = 1.5f; /* in the second image */
    assert_int_equal(
        nn_client_encrypt_many(s.w, s.request, s.client, s.sk, image, 2, why, sizeof why),
        NN_ERR_RANGE);
    assert_int_equal(ckks_ciphertext_limbs(s.request), 0);
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                     NN_OK);
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why), NN_OK);
    assert_int_equal(
        nn_client_decrypt_many(s.w, logits, 3, s.client, s.sk, s.response, why, sizeof why),
        NN_ERR_ARG);
    assert_int_equal(
        nn_client_decrypt_many(s.w, logits, 2, s.client, s.sk, s.response, why, sizeof why), NN_OK);
    assert_int_equal(nn_client_decrypt(s.w, single, s.client, s.sk, s.response, why, sizeof why),
                     NN_OK);
    assert_memory_equal(single, logits, sizeof single);
    /* An image of zeros and a place of zeros are the same image. */
    double error = nn_plan_forecast(s.plan)->logit_error;
    for (int k = 0; k < MODELS_OUTPUTS; k++)
        assert_true(fabs((double)logits[k] - (double)logits[MODELS_OUTPUTS + k]) < 9.0 * error);
    session_close(&s);
}

/* A wrong key gives noise, not an answer: nobody else's key reads the logits. */
static void test_wrong_key(void **state)
{
    (void)state;
    session s;
    ckks_secret_key *other = NULL;
    float image[MODELS_INPUTS] = {0}, right[MODELS_OUTPUTS], wrong[MODELS_OUTPUTS];
    char why[300] = "";
    session_open(&s, 2);
    assert_int_equal(ckks_secret_key_create(s.w, &other), CKKS_OK);
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, why, sizeof why),
                     NN_OK);
    assert_int_equal(
        nn_program_run(s.program, s.w, s.response, s.request, NULL, NULL, why, sizeof why), NN_OK);
    assert_int_equal(nn_client_decrypt(s.w, right, s.client, s.sk, s.response, why, sizeof why),
                     NN_OK);
    assert_int_equal(nn_client_decrypt(s.w, wrong, s.client, other, s.response, why, sizeof why),
                     NN_OK);
    /* The wrong key gives coefficients uniform modulo q, here logits of some hundreds: one comes
     * within 5 of the right one in about 60 draws, all four in 10^7. */
    float largest = 0.0f;
    for (int o = 0; o < MODELS_OUTPUTS; o++) {
        assert_true(fabsf(right[o]) < 100.0f);
        largest = fmaxf(largest, fabsf(wrong[o] - right[o]));
    }
    assert_true(largest > 5.0f);
    ckks_secret_key_free(other);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_wrong_response),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
