/* Both sides of one small encrypted inference, for the tests of client and executors. */
#ifndef UNSEEN_TESTS_SESSIONS_H
#define UNSEEN_TESTS_SESSIONS_H

#include "tests/models.h"

typedef struct session {
    nn_model *model;
    nn_plan *plan;
    nn_client *client;
    ckks_context *ctx;
    nn_program *program;
    ckks_worker *w;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    ckks_ciphertext *request, *response;
} session;

static inline void session_open_with(session *s, int degree, const nn_plan_options *o)
{
    char why[300] = "";
    *s = (session){.model = models_small(degree, 7)};
    nn_status st = nn_plan_create(&s->plan, s->model, o, why, sizeof why);
    if (st != NN_OK)
        print_error("%s\n", why);
    assert_int_equal(st, NN_OK);
    assert_int_equal(nn_client_of_plan(&s->client, s->plan), NN_OK);
    assert_int_equal(ckks_context_create(&s->ctx, nn_client_params(s->client), why, sizeof why),
                     CKKS_OK);
    assert_int_equal(nn_program_create(&s->program, s->plan, s->ctx, why, sizeof why), NN_OK);
    assert_int_equal(ckks_worker_create(&s->w, s->ctx, nn_program_scratch_bytes(s->program)),
                     CKKS_OK);
    assert_int_equal(ckks_secret_key_create(s->w, &s->sk), CKKS_OK);
    assert_int_equal(ckks_eval_keys_create(s->w, &s->keys, s->sk, nn_client_keys(s->client),
                                           nn_client_key_count(s->client)),
                     CKKS_OK);
    assert_int_equal(ckks_worker_use_keys(s->w, s->keys), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create(&s->request, s->ctx), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create(&s->response, s->ctx), CKKS_OK);
}

static inline void session_open(session *s, int degree)
{
    session_open_with(s, degree, NULL);
}

static inline void session_close(session *s)
{
    ckks_ciphertext_free(s->request);
    ckks_ciphertext_free(s->response);
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_worker_free(s->w);
    nn_program_free(s->program);
    ckks_context_free(s->ctx);
    nn_client_free(s->client);
    nn_plan_free(s->plan);
    nn_model_free(s->model);
}

#endif
