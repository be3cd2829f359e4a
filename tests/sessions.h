/* Both sides of one small encrypted inference, for the tests of client and executors. */
#ifndef UNSEEN_TESTS_SESSIONS_H
#define UNSEEN_TESTS_SESSIONS_H

#include "tests/models.h"

enum { SESSION_PARTS = 8, SESSION_WHY = 400 };

/* Foretold deviations that no error of a logit exceeds: much of it is a rounding times the secret,
 * which has Laplace tails, see tests/scheme.h; 64 draws and one false alarm in 10^6 runs make
 * 12.7. */
static const double sessions_tail = 13.0;

typedef struct session {
    nn_model *model;
    nn_plan *plan;
    nn_client *client;
    ckks_context *ctx;
    nn_program *program;
    ckks_worker *w;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    ckks_ciphertext *request[SESSION_PARTS], *response[SESSION_PARTS];
    char why[SESSION_WHY];
} session;

/** The call of nn/ must succeed; prints the session's sentence when it does not. */
#define session_ok(s, call)                                                                        \
    do {                                                                                           \
        if ((call) != NN_OK) {                                                                     \
            print_error("%s\n", (s)->why);                                                         \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/** Everything behind a plan, which the session takes over; so many threads. */
static inline void session_of_plan(session *s, nn_plan *plan, int threads)
{
    const nn_program_options o = {.threads = threads};
    s->plan = plan;
    assert_int_equal(nn_client_of_plan(&s->client, plan), NN_OK);
    session_ok(s, ckks_context_create(&s->ctx, nn_client_params(s->client), s->why, SESSION_WHY));
    session_ok(s, nn_program_create(&s->program, plan, s->ctx, &o, s->why, SESSION_WHY));
    assert_int_equal(ckks_worker_create_team(
                         &s->w, s->ctx, nn_program_scratch_bytes(s->program, threads), threads),
                     CKKS_OK);
    assert_int_equal(ckks_secret_key_create(s->w, &s->sk), CKKS_OK);
    assert_int_equal(ckks_eval_keys_create(s->w, &s->keys, s->sk, nn_client_keys(s->client),
                                           nn_client_key_count(s->client)),
                     CKKS_OK);
    assert_int_equal(ckks_worker_use_keys(s->w, s->keys), CKKS_OK);
    assert_in_range(nn_client_requests(s->client), 1, SESSION_PARTS);
    assert_in_range(nn_client_responses(s->client), 1, SESSION_PARTS);
    for (size_t p = 0; p < nn_client_requests(s->client); p++)
        assert_int_equal(ckks_ciphertext_create(&s->request[p], s->ctx), CKKS_OK);
    for (size_t p = 0; p < nn_client_responses(s->client); p++)
        assert_int_equal(ckks_ciphertext_create(&s->response[p], s->ctx), CKKS_OK);
}

static inline void session_open_with(session *s, int degree, const nn_plan_options *o)
{
    nn_plan *plan = NULL;
    *s = (session){.model = models_small(degree, 7)};
    session_ok(s, nn_plan_create(&plan, s->model, o, s->why, SESSION_WHY));
    session_of_plan(s, plan, 1);
}

static inline void session_open(session *s, int degree)
{
    session_open_with(s, degree, NULL);
}

static inline void session_close(session *s)
{
    for (size_t p = 0; p < SESSION_PARTS; p++) {
        ckks_ciphertext_free(s->request[p]);
        ckks_ciphertext_free(s->response[p]);
    }
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_worker_free(s->w);
    nn_program_free(s->program);
    ckks_context_free(s->ctx);
    nn_client_free(s->client);
    nn_plan_free(s->plan);
    nn_model_free(s->model);
}

/** nn_client_encrypt_many into the request. */
static inline nn_status session_encrypt(session *s, const float *images, size_t count)
{
    return nn_client_encrypt_many(s->w, s->request, s->client, s->sk, images, count, s->why,
                                  SESSION_WHY);
}

/** nn_program_run of the request into the response. */
static inline nn_status session_run(session *s, const nn_watch *watch)
{
    return nn_program_run(s->program, s->w, s->response, (const ckks_ciphertext *const *)s->request,
                          watch, s->why, SESSION_WHY);
}

/** nn_client_decrypt_many of the response. */
static inline nn_status session_decrypt(session *s, float *logits, size_t count)
{
    return nn_client_decrypt_many(s->w, logits, count, s->client, s->sk,
                                  (const ckks_ciphertext *const *)s->response, s->why, SESSION_WHY);
}

/** All three for one image. */
static inline void session_infer(session *s, float *logits, const float *image)
{
    session_ok(s, session_encrypt(s, image, 1));
    session_ok(s, session_run(s, NULL));
    session_ok(s, session_decrypt(s, logits, 1));
}

#endif
