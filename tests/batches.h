/* Both sides of one inference in batch packing, for the tests of the batch files. */
#ifndef UNSEEN_TESTS_BATCHES_H
#define UNSEEN_TESTS_BATCHES_H

#include "nn/batch_plan.h"

#include "tests/models.h"

typedef struct batch_world {
    nn_model *model; /* the caller's */
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
} batch_world;

#define batches_ok(call)                                                                           \
    do {                                                                                           \
        nn_status batches_status = (call);                                                         \
        if (batches_status != NN_OK) {                                                             \
            print_error("%s: %s\n", nn_status_name(batches_status), why);                          \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/** Plan, keys, program and room for `images` images, at most the slots. */
static inline void batches_open(batch_world *t, nn_model *model, const nn_plan_options *options,
                                size_t images, int threads)
{
    char why[400] = "";

    *t = (batch_world){.model = model, .images = images};
    batches_ok(nn_batch_create(&t->batch, model, options, images, why, sizeof why));
    batches_ok(nn_batch_client_of(&t->client, t->batch));
    batches_ok(ckks_context_create(&t->ctx, nn_batch_params(t->batch), why, sizeof why));
    batches_ok(nn_batch_program_create(&t->program, t->batch, t->ctx, why, sizeof why));
    batches_ok(ckks_worker_create_team(
        &t->w, t->ctx, nn_batch_program_scratch_bytes(t->program, threads), threads));
    batches_ok(ckks_secret_key_create(t->w, &t->sk));
    batches_ok(ckks_eval_keys_create(t->w, &t->keys, t->sk, nn_batch_client_keys(t->client),
                                     nn_batch_client_key_count(t->client)));
    batches_ok(ckks_worker_use_keys(t->w, t->keys));
    t->pixels = nn_shape_count(nn_model_input(model));
    t->requests = nn_batch_client_requests(t->client);
    t->responses = nn_batch_client_responses(t->client);
    t->image = calloc(images * t->pixels, sizeof *t->image);
    t->logits = calloc(images * t->responses, sizeof *t->logits);
    t->in = calloc(t->requests, sizeof(ckks_ciphertext *));
    t->out = calloc(t->responses, sizeof(ckks_ciphertext *));
    assert_true(t->image != NULL && t->logits != NULL && t->in != NULL && t->out != NULL);
    for (size_t i = 0; i < t->requests; i++)
        batches_ok(ckks_ciphertext_create(&t->in[i], t->ctx));
    for (size_t i = 0; i < t->responses; i++)
        batches_ok(ckks_ciphertext_create(&t->out[i], t->ctx));
}

/** Random images in the network's range, encrypted. */
static inline void batches_send(batch_world *t, testing_rng *rng)
{
    double lo = 0.0, hi = 0.0;
    char why[400] = "";
    float *value = malloc(t->images * sizeof *value);

    assert_non_null(value);
    nn_model_input_range(t->model, &lo, &hi);
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

static inline void batches_infer(batch_world *t)
{
    char why[400] = "";
    batches_ok(nn_batch_run(t->program, t->w, t->out, t->in, NULL, NULL, why, sizeof why));
}

static inline void batches_receive(batch_world *t)
{
    char why[400] = "";
    for (size_t r = 0; r < t->responses; r++)
        batches_ok(nn_batch_client_decrypt(t->w, t->logits + r * t->images, t->images, t->client,
                                           t->sk, t->out[r], why, sizeof why));
}

/** Root mean square of the logits' errors against the plain network, over all images; *largest gets
 *  the largest. */
static inline double batches_error(const batch_world *t, double *largest)
{
    char why[400] = "";
    float *plain = malloc(t->responses * sizeof *plain);
    double sum = 0.0;

    assert_non_null(plain);
    *largest = 0.0;
    for (size_t i = 0; i < t->images; i++) {
        batches_ok(nn_model_run(t->model, plain, t->image + i * t->pixels, why, sizeof why));
        for (size_t r = 0; r < t->responses; r++) {
            double off = fabs((double)plain[r] - (double)t->logits[r * t->images + i]);
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
    ckks_eval_keys_free(t->keys);
    ckks_secret_key_free(t->sk);
    ckks_worker_free(t->w);
    nn_batch_program_free(t->program);
    ckks_context_free(t->ctx);
    nn_batch_client_free(t->client);
    nn_batch_free(t->batch);
}

#endif
