/* The client's side of batches: what it sends, and what it refuses. */
#include "tests/batches.h"

typedef struct setup {
    nn_model *model;
    batch_world t;
    float value[16];
} setup;

static void start(setup *s)
{
    nn_plan_options o = {.log_n = 13};

    memset(s, 0, sizeof *s);
    s->model = models_small(2, 7);
    batches_open(&s->t, s->model, &o, 8, 1);
}

static void stop(setup *s)
{
    batches_close(&s->t);
    nn_model_free(s->model);
}

static nn_status encrypt(setup *s, size_t count, char *why, size_t why_size)
{
    return nn_batch_client_encrypt(s->t.w, s->t.in[0], s->t.client, s->t.sk, s->value, count, why,
                                   why_size);
}

static nn_status decrypt(setup *s, const ckks_ciphertext *in, size_t count, char *why,
                         size_t why_size)
{
    return nn_batch_client_decrypt(s->t.w, s->value, count, s->t.client, s->t.sk, in, why,
                                   why_size);
}

/* Slot i is image i, and the others are zero. */
static void a_pixel_of_every_image_is_a_slot(void **state)
{
    double *slot;
    ckks_plaintext *p = NULL;
    setup s;

    (void)state;
    start(&s);
    size_t slots = nn_batch_client_images(s.t.client);
    slot = calloc(slots, sizeof *slot);
    assert_non_null(slot);
    for (int i = 0; i < 5; i++)
        s.value[i] = 0.125f * (float)i;
    assert_int_equal(encrypt(&s, 5, NULL, 0), NN_OK);
    assert_int_equal(ckks_ciphertext_limbs(s.t.in[0]), nn_batch_params(s.t.batch)->q_count);
    assert_int_equal(ckks_plaintext_create(&p, s.t.ctx), CKKS_OK);
    assert_int_equal(ckks_decrypt(s.t.w, p, s.t.sk, s.t.in[0]), CKKS_OK);
    assert_int_equal(ckks_decode(s.t.w, slot, NULL, slots, p), CKKS_OK);
    for (size_t i = 0; i < slots; i++)
        testing_assert_near(slot[i], i < 5 ? s.value[i] : 0.0, 1e-3);
    ckks_plaintext_free(p);
    free(slot);
    stop(&s);
}

static void numbers_out_of_range_are_refused(void **state)
{
    const float bad[] = {1.5f, -0.5f, NAN, INFINITY};
    char why[300] = "";
    setup s;

    (void)state;
    start(&s);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        s.value[3] = bad[k];
        assert_int_equal(encrypt(&s, 8, why, sizeof why), NN_ERR_RANGE);
        assert_non_null(strstr(why, "image 3"));
        assert_int_equal(ckks_ciphertext_limbs(s.t.in[0]), 0);
        assert_int_equal(encrypt(&s, 3, why, sizeof why), NN_OK);
        ckks_ciphertext_free(s.t.in[0]);
        assert_int_equal(ckks_ciphertext_create(&s.t.in[0], s.t.ctx), CKKS_OK);
    }
    s.value[3] = 1.0f;
    assert_int_equal(encrypt(&s, 0, why, sizeof why), NN_ERR_ARG);
    assert_int_equal(encrypt(&s, nn_batch_client_images(s.t.client) + 1, why, sizeof why),
                     NN_ERR_ARG);
    assert_non_null(strstr(why, "a set has"));
    stop(&s);
}

static void what_is_no_response_is_refused(void **state)
{
    testing_rng rng;
    char why[300] = "";
    setup s;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    start(&s);
    batches_send(&s.t, &rng);
    /* The request sent back. */
    assert_int_equal(decrypt(&s, s.t.in[0], 8, why, sizeof why), NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "limbs"));
    batches_infer(&s.t);
    assert_int_equal(decrypt(&s, s.t.out[0], 8, why, sizeof why), NN_OK);
    assert_int_equal(decrypt(&s, s.t.out[0], 0, why, sizeof why), NN_ERR_ARG);
    assert_int_equal(
        decrypt(&s, s.t.out[0], nn_batch_client_images(s.t.client) + 1, why, sizeof why),
        NN_ERR_ARG);
    /* Another scale. */
    assert_int_equal(ckks_eval_mul_const(s.t.w, s.t.out[0], s.t.out[0], 1.0, ckks_scale_from(2.0)),
                     CKKS_OK);
    assert_int_equal(decrypt(&s, s.t.out[0], 8, why, sizeof why), NN_ERR_MISMATCH);
    assert_non_null(strstr(why, "scale"));
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pixel_of_every_image_is_a_slot),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(what_is_no_response_is_refused),
    };
    return cmocka_run_group_tests_name("batch_client", tests, NULL, NULL);
}
