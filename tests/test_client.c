/* The client's side: what it refuses, and that it needs nothing but its plan file. */
#include "nn/run/client.h"

#include "tests/sessions.h"
#include "tests/testing.h"

static void test_range(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0};
    session_open(&s, 2);
    const float bad[] = {1.5f, -0.5f, NAN, INFINITY};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        image[5] = bad[k];
        assert_int_equal(session_encrypt(&s, image, 1), NN_ERR_RANGE);
        assert_non_null(strstr(s.why, "range"));
        assert_int_equal(ckks_ciphertext_limbs(s.request[0]), 0);
    }
    image[5] = 1.0f;
    assert_int_equal(nn_client_encrypt(s.w, s.request, s.client, s.sk, image, NULL, 0), NN_OK);
    session_close(&s);
}

static void test_wrong_response(void **state)
{
    (void)state;
    session s;
    float image[MODELS_INPUTS] = {0}, logits[MODELS_OUTPUTS];
    session_open(&s, 2);
    session_ok(&s, session_encrypt(&s, image, 1));
    /* The request sent back is not a response. */
    assert_int_equal(nn_client_decrypt(s.w, logits, s.client, s.sk,
                                       (const ckks_ciphertext *const *)s.request, s.why,
                                       sizeof s.why),
                     NN_ERR_MISMATCH);
    assert_non_null(strstr(s.why, "limbs"));
    /* Nor is a response at another scale. */
    session_ok(&s, session_run(&s, NULL));
    session_ok(&s, session_decrypt(&s, logits, 1));
    s.client->response_scale.hi *= 1.0 + 0x1p-40;
    assert_int_equal(session_decrypt(&s, logits, 1), NN_ERR_MISMATCH);
    assert_non_null(strstr(s.why, "scale"));
    session_close(&s);
}

/* A request holds as many images as planned, or fewer; the others' places are zero. */
static void test_count(void **state)
{
    (void)state;
    session s;
    nn_plan_options o = {.images = 2};
    float image[3 * MODELS_INPUTS] = {0}, logits[2 * MODELS_OUTPUTS], single[MODELS_OUTPUTS];
    session_open_with(&s, 2, &o);
    assert_int_equal(session_encrypt(&s, image, 3), NN_ERR_ARG);
    assert_non_null(strstr(s.why, "3 images"));
    assert_int_equal(session_encrypt(&s, image, 0), NN_ERR_ARG);
    image[MODELS_INPUTS + 1] = 1.5f; /* in the second image */
    assert_int_equal(session_encrypt(&s, image, 2), NN_ERR_RANGE);
    assert_int_equal(ckks_ciphertext_limbs(s.request[0]), 0);
    session_ok(&s, session_encrypt(&s, image, 1));
    session_ok(&s, session_run(&s, NULL));
    assert_int_equal(session_decrypt(&s, logits, 3), NN_ERR_ARG);
    session_ok(&s, session_decrypt(&s, logits, 2));
    session_ok(&s, session_decrypt(&s, single, 1));
    assert_memory_equal(single, logits, sizeof single);
    /* An image of zeros and a place of zeros are the same image. */
    double error = nn_plan_forecast(s.plan)->logit_error;
    for (int k = 0; k < MODELS_OUTPUTS; k++)
        assert_true(fabs((double)logits[k] - (double)logits[MODELS_OUTPUTS + k]) <
                    sqrt(2.0) * sessions_tail * error);
    session_close(&s);
}

/* A wrong key gives noise, not an answer: nobody else's key reads the logits. */
static void test_wrong_key(void **state)
{
    (void)state;
    session s;
    ckks_secret_key *other = NULL, *own = NULL;
    float image[MODELS_INPUTS] = {0}, right[MODELS_OUTPUTS], wrong[MODELS_OUTPUTS];
    session_open(&s, 2);
    assert_int_equal(ckks_secret_key_create(s.w, &other), CKKS_OK);
    session_infer(&s, right, image);
    own = s.sk;
    s.sk = other;
    session_ok(&s, session_decrypt(&s, wrong, 1));
    s.sk = own;
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

/* An image cut into several ciphertexts, each pixel in its slots of its own one, and logits from
 * several. */
static void test_parts(void **state)
{
    enum { REQUESTS = 3, RESPONSES = 2 };
    (void)state;
    session s;
    nn_client c;
    float image[MODELS_INPUTS], logits[MODELS_OUTPUTS];
    session_open(&s, 2);
    c = *s.client;
    assert_int_equal(c.slots, ckks_context_slots(s.ctx));
    c.requests = REQUESTS;
    c.responses = RESPONSES;
    c.in = calloc(REQUESTS * c.slots, sizeof *c.in);
    c.out = calloc(MODELS_OUTPUTS, sizeof *c.out);
    for (size_t e = 0; e < MODELS_INPUTS; e++) {
        image[e] = (float)e / MODELS_INPUTS;
        c.in[e % REQUESTS * c.slots + 5 * e] = (uint32_t)e + 1; /* two slots of one ciphertext */
        c.in[e % REQUESTS * c.slots + 5 * e + 1] = (uint32_t)e + 1;
    }
    assert_int_equal(nn_client_requests(&c), REQUESTS);
    assert_int_equal(nn_client_responses(&c), RESPONSES);
    for (size_t p = 1; p < REQUESTS; p++)
        assert_int_equal(ckks_ciphertext_create(&s.request[p], s.ctx), CKKS_OK);
    session_ok(&s, nn_client_encrypt(s.w, s.request, &c, s.sk, image, s.why, sizeof s.why));
    /* The response is the request's first two, sent back. */
    c.response_limbs = c.params.q_count;
    c.response_scale = c.request_scale;
    for (size_t o = 0; o < MODELS_OUTPUTS; o++) {
        size_t e = 6 + o + o / RESPONSES; /* of ciphertext 0, 1, 0, 1 */
        c.out[o] = (uint32_t)(e % REQUESTS * c.slots + 5 * e + o % 2);
    }
    session_ok(&s,
               nn_client_decrypt(s.w, logits, &c, s.sk, (const ckks_ciphertext *const *)s.request,
                                 s.why, sizeof s.why));
    for (size_t o = 0; o < MODELS_OUTPUTS; o++)
        assert_true(fabsf(logits[o] - image[6 + o + o / RESPONSES]) < 1e-2f);
    free(c.in);
    free(c.out);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range), cmocka_unit_test(test_wrong_response),
        cmocka_unit_test(test_count), cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
