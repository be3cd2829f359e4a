/* Both sides of one inference in batch packing, for the tests of the batch files. */
#ifndef UNSEEN_TESTS_BATCHES_H
#define UNSEEN_TESTS_BATCHES_H

#include "nn/batch/batch_plan.h"

#include "tests/models.h"

typedef struct batch_world {
    nn_model *model; /* the caller's; NULL when the plan is of stages */
    nn_batch *batch;
    nn_batch_client *client;
    ckks_context *ctx;
    nn_batch_program *program;
    ckks_worker *w;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    size_t images, pixels, requests, responses;
    float *image;  /* [image][pixel] */
    float *logits; /* [response][image] */
    ckks_ciphertext **in, **out;
    size_t stop_after;     /* blocks; 0: never */
    unsigned char *pulled; /* per request, how often */
    size_t pushed;         /* responses */
} batch_world;

#define batches_ok(call)                                                                           \
    do {                                                                                           \
        nn_status batches_status = (call);                                                         \
        if (batches_status != NN_OK) {                                                             \
            print_error("%s: %s\n", nn_status_name(batches_status), why);                          \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/** Keys, program and room for `images` images, at most the slots, for a plan. */
static inline void batches_start(batch_world *t, nn_batch *batch, size_t images, int threads)
{
    char why[400] = "";

    *t = (batch_world){.batch = batch, .images = images};
    batches_ok(nn_batch_client_of(&t->client, t->batch));
    batches_ok(ckks_context_create(&t->ctx, nn_batch_params(t->batch), why, sizeof why));
    batches_ok(nn_batch_program_create(&t->program, t->batch, t->ctx, why, sizeof why));
    batches_ok(ckks_worker_create_team(
        &t->w, t->ctx, nn_batch_program_scratch_bytes(t->program, threads), threads));
    batches_ok(ckks_secret_key_create(t->w, &t->sk));
    batches_ok(ckks_eval_keys_create(t->w, &t->keys, t->sk, nn_batch_client_keys(t->client),
                                     nn_batch_client_key_count(t->client)));
    batches_ok(ckks_worker_use_keys(t->w, t->keys));
    t->pixels = nn_shape_count(t->batch->stages.input);
    t->requests = nn_batch_client_requests(t->client);
    t->responses = nn_batch_client_responses(t->client);
    t->image = calloc(images * t->pixels, sizeof *t->image);
    t->logits = calloc(images * t->responses, sizeof *t->logits);
    t->in = calloc(t->requests, sizeof(ckks_ciphertext *));
    t->out = calloc(t->responses, sizeof(ckks_ciphertext *));
    t->pulled = calloc(t->requests, 1);
    assert_true(t->image != NULL && t->logits != NULL && t->in != NULL && t->out != NULL &&
                t->pulled != NULL);
    for (size_t i = 0; i < t->requests; i++)
        batches_ok(ckks_ciphertext_create(&t->in[i], t->ctx));
    for (size_t i = 0; i < t->responses; i++)
        batches_ok(ckks_ciphertext_create(&t->out[i], t->ctx));
}

/** The same with a plan of a model. */
static inline void batches_open(batch_world *t, nn_model *model, const nn_plan_options *options,
                                size_t images, int threads)
{
    nn_batch *batch = NULL;
    char why[400] = "";

    batches_ok(nn_batch_create(&batch, model, options, images, why, sizeof why));
    batches_start(t, batch, images, threads);
    t->model = model;
}

/** Random images in the network's range, encrypted. */
static inline void batches_send(batch_world *t, testing_rng *rng)
{
    double lo = t->batch->stages.input_lo, hi = t->batch->stages.input_hi;
    char why[400] = "";
    float *value = malloc(t->images * sizeof *value);

    assert_non_null(value);
    for (size_t i = 0; i < t->images * t->pixels; i++)
        t->image[i] = (float)testing_uniform(rng, lo, hi);
    for (size_t r = 0; r < t->requests; r++) {
        size_t pixel = nn_batch_client_pixel(t->client, r);
        for (size_t i = 0; i < t->images; i++)
            value[i] = t->image[i * t->pixels + pixel];
        batches_ok(nn_batch_client_encrypt(t->w, t->in[r], t->client, t->sk, value, t->images, why,
                                           sizeof why));
    }
    free(value);
}

static inline nn_status batches_pull(void *user, ckks_worker *w, size_t request,
                                     ckks_ciphertext *out)
{
    batch_world *t = user;
    (void)w;
    t->pulled[request]++;
    return ckks_ciphertext_copy(out, t->in[request]);
}

static inline nn_status batches_push(void *user, ckks_worker *w, size_t response,
                                     const ckks_ciphertext *in)
{
    batch_world *t = user;
    (void)w;
    t->pushed++;
    return ckks_ciphertext_copy(t->out[response], in);
}

static inline int batches_progress(void *user, size_t step, size_t steps, const char *name)
{
    const batch_world *t = user;
    assert_true(step >= 1 && step <= steps && strlen(name) > 0);
    return step == t->stop_after;
}

static inline nn_status batches_run(batch_world *t, ckks_worker *w, char *why, size_t why_size)
{
    nn_batch_link link = {t, batches_pull, batches_push, batches_progress};
    t->pushed = 0;
    memset(t->pulled, 0, t->requests);
    return nn_batch_run(t->program, w, &link, why, why_size);
}

/** Every request is asked for once, every response comes. */
static inline void batches_infer(batch_world *t)
{
    char why[400] = "";
    batches_ok(batches_run(t, t->w, why, sizeof why));
    assert_int_equal(t->pushed, t->responses);
    for (size_t r = 0; r < t->requests; r++)
        assert_int_equal(t->pulled[r], 1);
}

static inline void batches_receive(batch_world *t)
{
    char why[400] = "";
    for (size_t r = 0; r < t->responses; r++)
        batches_ok(nn_batch_client_decrypt(t->w, t->logits + r * t->images, t->images, t->client,
                                           t->sk, t->out[r], why, sizeof why));
}

/** The plain network on image i: that of the model, or the stages of the plan. */
static inline void batches_plain(const batch_world *t, double *out, size_t i)
{
    char why[400] = "";
    float *plain = malloc(t->responses * sizeof *plain);
    double *in = malloc(t->pixels * sizeof *in);

    assert_true(plain != NULL && in != NULL);
    for (size_t p = 0; p < t->pixels; p++)
        in[p] = (double)t->image[i * t->pixels + p];
    if (t->model == NULL)
        batches_ok(nn_stages_apply(&t->batch->stages, out, NULL, in));
    else
        batches_ok(nn_model_run(t->model, plain, t->image + i * t->pixels, why, sizeof why));
    for (size_t r = 0; r < t->responses && t->model != NULL; r++)
        out[r] = (double)plain[r];
    free(plain);
    free(in);
}

/** Root mean square of the logits' errors against the plain network, over all images; *largest gets
 *  the largest. */
static inline double batches_error(const batch_world *t, double *largest)
{
    double *plain = malloc(t->responses * sizeof *plain);
    double sum = 0.0;

    assert_non_null(plain);
    *largest = 0.0;
    for (size_t i = 0; i < t->images; i++) {
        batches_plain(t, plain, i);
        for (size_t r = 0; r < t->responses; r++) {
            double off = fabs(plain[r] - (double)t->logits[r * t->images + i]);
            sum += off * off;
            *largest = fmax(*largest, off);
        }
    }
    free(plain);
    return sqrt(sum / (double)(t->images * t->responses));
}

static inline void batches_close(batch_world *t)
{
    for (size_t i = 0; t->in != NULL && i < t->requests; i++)
        ckks_ciphertext_free(t->in[i]);
    for (size_t i = 0; t->out != NULL && i < t->responses; i++)
        ckks_ciphertext_free(t->out[i]);
    free(t->in);
    free(t->out);
    free(t->image);
    free(t->logits);
    free(t->pulled);
    ckks_eval_keys_free(t->keys);
    ckks_secret_key_free(t->sk);
    ckks_worker_free(t->w);
    nn_batch_program_free(t->program);
    ckks_context_free(t->ctx);
    nn_batch_client_free(t->client);
    nn_batch_free(t->batch);
}

#endif
