/* Plan, keys, requests, expectations. */
#include "tests/crowd/world.h"

#include "channel/hash.h"
#include "tests/testing.h"
#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/image.h"
#include "tools/keyfiles.h"

/* A logit's error is a sum of many small ones, near to a Gaussian whose standard deviation the plan
 * foretells: that it passes eight of them has a chance below 10^-14. */
enum { DEVIATIONS = 8 };

static void make_plan(world *w, const char *model)
{
    char why[WHY_BYTES] = "";
    size_t size, used;
    uint8_t *bytes;

    assert_int_equal(load_model(&w->model, model), CLI_OK);
    assert_int_equal(nn_plan_create(&w->plan, w->model, NULL, why, sizeof why), NN_OK);
    assert_int_equal(nn_client_of_plan(&w->client, w->plan), NN_OK);
    size = nn_client_wire_bytes(w->client);
    bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(nn_client_write(bytes, size, &used, w->client), NN_OK);
    channel_hash(w->plan_digest, bytes, used);
    free(bytes);
    assert_int_equal(load_context(&w->ctx, nn_client_params(w->client), model), CLI_OK);
    assert_int_equal(load_worker(&w->worker, w->ctx, 0, 1), CLI_OK);
    assert_int_equal(message_make(&w->response, w->ctx, nn_client_responses(w->client)), CLI_OK);
    w->outputs = nn_client_outputs(w->client);
    w->error = DEVIATIONS * nn_plan_forecast(w->plan)->logit_error;
}

static float *read_picture(const world *w, const char *digits, int number)
{
    nn_shape shape = nn_client_input(w->client);
    float *image = calloc(nn_shape_count(shape), sizeof *image);
    char path[4096];

    snprintf(path, sizeof path, "%s/%d.pgm", digits, number);
    assert_non_null(image);
    assert_int_equal(image_read(image, shape, path), CLI_OK);
    return image;
}

static void make_keys(world *w, world_keys *k, size_t number)
{
    char secret[32], eval[32];

    snprintf(secret, sizeof secret, "%zu.secret", number);
    snprintf(eval, sizeof eval, "%zu.eval", number);
    assert_int_equal(load_plan_file(NULL, &k->ids, w->client), CLI_OK);
    assert_int_equal(keyfiles_make(secret, eval, 1, w->client, w->ctx, &k->ids), CLI_OK);
    assert_int_equal(load_secret_key(w->worker, &k->secret, &k->ids, secret), CLI_OK);
    assert_int_equal(load_file(&k->eval, eval), CLI_OK);
    channel_hash(k->digest, k->eval.data, k->eval.size);
}

static void make_request(world *w, world_keys *k, size_t picture, const float *image)
{
    world_request *r = &k->request[picture];
    char why[WHY_BYTES] = "";
    message m;

    assert_int_equal(message_make(&m, w->ctx, nn_client_requests(w->client)), CLI_OK);
    assert_int_equal(
        nn_client_encrypt(w->worker, m.part, w->client, k->secret, image, why, sizeof why), NN_OK);
    assert_int_equal(load_pack(&r->file, &m, ENVELOPE_REQUEST, &k->ids, NULL), CLI_OK);
    envelope_digest(r->digest, &r->file);
    message_free(&m);
}

void world_make(world *w, const char *model, const char *digits, size_t keys)
{
    memset(w, 0, sizeof *w);
    assert_true(keys <= WORLD_KEYS);
    make_plan(w, model);
    w->key_count = keys;
    for (size_t i = 0; i < keys; i++)
        make_keys(w, &w->keys[i], i);
    for (size_t p = 0; p < WORLD_PICTURES; p++) {
        char why[WHY_BYTES] = "";
        float *image = read_picture(w, digits, (int)(2 * p + 1));
        w->logits[p] = calloc(w->outputs, sizeof *w->logits[p]);
        assert_non_null(w->logits[p]);
        assert_int_equal(nn_model_run(w->model, w->logits[p], image, why, sizeof why), NN_OK);
        for (size_t i = 0; i < keys; i++)
            make_request(w, &w->keys[i], p, image);
        free(image);
    }
}

void world_free(world *w)
{
    for (size_t i = 0; i < w->key_count; i++) {
        for (size_t p = 0; p < WORLD_PICTURES; p++)
            file_free(&w->keys[i].request[p].file);
        file_free(&w->keys[i].eval);
        ckks_secret_key_free(w->keys[i].secret);
    }
    for (size_t p = 0; p < WORLD_PICTURES; p++)
        free(w->logits[p]);
    message_free(&w->response);
    ckks_worker_free(w->worker);
    ckks_context_free(w->ctx);
    nn_client_free(w->client);
    nn_plan_free(w->plan);
    nn_model_free(w->model);
}

int world_right(world *w, const world_keys *k, size_t picture, const file_bytes *response)
{
    float logits[64];
    char why[WHY_BYTES] = "";
    envelope e;

    assert_true(w->outputs <= sizeof logits / sizeof *logits);
    if (envelope_look(&e, response, ENVELOPE_RESPONSE, why) != CLI_OK ||
        memcmp(e.request, k->request[picture].digest, ENVELOPE_DIGEST) != 0 ||
        load_unpack(w->worker, &w->response, response, ENVELOPE_RESPONSE, &k->ids, "a response") !=
            CLI_OK ||
        nn_client_decrypt(w->worker, logits, w->client, k->secret, message_parts(&w->response), why,
                          sizeof why) != NN_OK)
        return 0;
    for (size_t i = 0; i < w->outputs; i++) {
        if (!(fabs((double)logits[i] - (double)w->logits[picture][i]) <= w->error))
            return 0;
    }
    return answer_label(logits, w->outputs) == answer_label(w->logits[picture], w->outputs);
}
