/* The plan on ciphertexts equals the plan on clear slots, within the error that the plan foretells.
 */
#include "nn/run/exec.h"

#include "nn/run/client.h"

#include "tests/stage_plans.h"

static void check_session(int degree)
{
    session s;
    testing_rng rng;
    double worst = 0.0;
    testing_rng_init(&rng, testing_seed());
    session_open(&s, degree);
    const nn_forecast *f = nn_plan_forecast(s.plan);
    assert_true(f->security_bits >= 128);
    for (int k = 0; k < testing_iters(3); k++)
        worst = fmax(worst, stage_plans_gap(&s, MODELS_INPUTS, MODELS_OUTPUTS, &rng));
    /* Were the error far smaller than foretold, something would have gone unencrypted or the
     * forecast would be worthless. */
    assert_true(worst < sessions_tail * f->logit_error + 1e-6);
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
    testing_rng_init(&rng, testing_seed());
    session_open_with(&s, 2, &o);
    assert_int_equal(nn_client_params(s.client)->ring,
                     ring == NN_RING_REAL ? CKKS_RING_REAL : CKKS_RING_COMPLEX);
    assert_int_equal(nn_client_images(s.client), images);
    for (size_t m = 0; m < images; m++)
        models_image(&rng, image + m * MODELS_INPUTS);
    session_ok(&s, nn_plan_run_clear(s.plan, clear, image, NULL, s.why, SESSION_WHY));
    session_ok(&s, session_encrypt(&s, image, images));
    session_ok(&s, session_run(&s, NULL));
    session_ok(&s, session_decrypt(&s, logits, images));
    const nn_forecast *f = nn_plan_forecast(s.plan);
    double worst = 0.0;
    for (size_t k = 0; k < images * MODELS_OUTPUTS; k++)
        worst = fmax(worst, fabs((double)logits[k] - (double)clear[k]));
    assert_true(worst < sessions_tail * f->logit_error + 1e-6);
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

/* ---- probes */

typedef struct spy {
    session *s;
    double **clear; /* [steps] */
    double worst;   /* in foretold deviations */
} spy;

static int keep_clear(void *user, const nn_view *v)
{
    spy *p = user;
    p->clear[v->step] = malloc(v->numbers * v->images * sizeof **p->clear);
    assert_non_null(p->clear[v->step]);
    assert_null(v->cipher);
    assert_int_equal(nn_view_numbers(v, p->clear[v->step], NULL, NULL), NN_OK);
    return 0;
}

static int compare_encrypted(void *user, const nn_view *v)
{
    spy *p = user;
    double *got = malloc(v->numbers * v->images * sizeof *got);
    assert_non_null(got);
    assert_null(v->slots);
    assert_int_equal(nn_view_numbers(v, got, NULL, NULL), NN_ERR_ARG); /* not without the key */
    assert_int_equal(nn_view_numbers(v, got, p->s->w, p->s->sk), NN_OK);
    for (size_t e = 0; e < v->numbers * v->images; e++)
        p->worst =
            fmax(p->worst, fabs(got[e] - p->clear[v->step][e]) / p->s->plan->step[v->step].error);
    free(got);
    return 0;
}

/* Every value on the way is what clear slots have, step by step, for each image. */
static void test_probe(void **state)
{
    (void)state;
    session s;
    testing_rng rng;
    spy p = {.s = &s};
    const nn_watch clear = {.probe = keep_clear, .user = &p};
    const nn_watch encrypted = {.probe = compare_encrypted, .user = &p};
    float image[2 * MODELS_INPUTS], logits[2 * MODELS_OUTPUTS];
    testing_rng_init(&rng, testing_seed());
    session_open_with(&s, 2, &(nn_plan_options){.images = 2});
    p.clear = calloc(nn_plan_steps(s.plan), sizeof(double *));
    for (int m = 0; m < 2; m++)
        models_image(&rng, image + m * MODELS_INPUTS);
    session_ok(&s, nn_plan_run_clear(s.plan, logits, image, &clear, s.why, SESSION_WHY));
    session_ok(&s, session_encrypt(&s, image, 2));
    session_ok(&s, session_run(&s, &encrypted));
    /* The foretold error is that of the numbers that count most at the output, and some hundred are
     * drawn of others too. */
    assert_true(p.worst > 0.001 && p.worst < 30.0);
    for (size_t k = 0; k < nn_plan_steps(s.plan); k++)
        free(p.clear[k]);
    free(p.clear);
    session_close(&s);
}

/* ---- refusals */

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
    const nn_watch stop = {.progress = stop_at_once};
    float image[MODELS_INPUTS] = {0};
    session_open(&s, 2);
    ckks_ciphertext *request = s.request[0];
    /* An empty ciphertext, one with a limb too few, one at another scale, a stop, no keys. */
    assert_int_equal(session_run(&s, NULL), NN_ERR_MISMATCH);
    session_ok(&s, session_encrypt(&s, image, 1));
    int limbs = ckks_ciphertext_limbs(request);
    assert_int_equal(ckks_eval_drop(s.w, request, request, limbs - 1), CKKS_OK);
    assert_int_equal(session_run(&s, NULL), NN_ERR_MISMATCH);
    assert_non_null(strstr(s.why, "limbs"));
    s.client->request_scale.hi *= 2.0;
    session_ok(&s, session_encrypt(&s, image, 1));
    assert_int_equal(session_run(&s, NULL), NN_ERR_MISMATCH);
    assert_non_null(strstr(s.why, "the request has scale"));
    s.client->request_scale.hi /= 2.0;
    session_ok(&s, session_encrypt(&s, image, 1));
    assert_int_equal(session_run(&s, &stop), NN_ERR_STOPPED);
    assert_int_equal(nn_program_run(s.program, s.w, s.request,
                                    (const ckks_ciphertext *const *)s.request, NULL, s.why,
                                    SESSION_WHY),
                     NN_ERR_ARG);
    assert_non_null(strstr(s.why, "over request 0"));
    assert_int_equal(ckks_worker_use_keys(s.w, NULL), CKKS_OK);
    assert_int_equal(session_run(&s, NULL), CKKS_ERR_NO_KEY);
    assert_true(strlen(s.why) > 10);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_square),           cmocka_unit_test(test_degree_4),
        cmocka_unit_test(test_rings_and_images), cmocka_unit_test(test_probe),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
