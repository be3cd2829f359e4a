/* The client's side of a batch: one pixel of all images in, one logit of all images out. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/batch/batch_plan.h"
#include "nn/run/client.h"

struct nn_batch_client {
    double lo, hi;
    ckks_scale request_scale, response_scale;
    int request_limbs, response_limbs;
    size_t images, responses;
    ckks_key_spec *key;
    size_t key_count;
    uint32_t *pixel;
    size_t pixel_count;
};

nn_status nn_batch_client_of(nn_batch_client **out, const nn_batch *b)
{
    size_t last = b->schedule.count - 1;
    *out = NULL;
    nn_batch_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NN_ERR_MEMORY;
    c->lo = b->stages.input_lo;
    c->hi = b->stages.input_hi;
    c->request_scale = b->scale_in;
    c->response_scale = b->exact[last].scale_out;
    c->request_limbs = b->params.q_count;
    c->response_limbs = b->schedule.step[last].limbs_out;
    c->images = b->forecast.images;
    c->responses = b->forecast.responses;
    c->key_count = b->key_count;
    c->pixel_count = b->pixel_count;
    c->key = malloc((c->key_count + 1) * sizeof *c->key);
    c->pixel = malloc(c->pixel_count * sizeof *c->pixel);
    if (c->key == NULL || c->pixel == NULL) {
        nn_batch_client_free(c);
        return NN_ERR_MEMORY;
    }
    memcpy(c->key, b->key, c->key_count * sizeof *c->key);
    memcpy(c->pixel, b->pixel, c->pixel_count * sizeof *c->pixel);
    *out = c;
    return NN_OK;
}

void nn_batch_client_free(nn_batch_client *c)
{
    if (c == NULL)
        return;
    free(c->key);
    free(c->pixel);
    free(c);
}

const ckks_key_spec *nn_batch_client_keys(const nn_batch_client *c)
{
    return c->key;
}

size_t nn_batch_client_key_count(const nn_batch_client *c)
{
    return c->key_count;
}

size_t nn_batch_client_images(const nn_batch_client *c)
{
    return c->images;
}

size_t nn_batch_client_requests(const nn_batch_client *c)
{
    return c->pixel_count;
}

size_t nn_batch_client_pixel(const nn_batch_client *c, size_t request)
{
    return c->pixel[request];
}

size_t nn_batch_client_responses(const nn_batch_client *c)
{
    return c->responses;
}

nn_status nn_batch_client_encrypt(ckks_worker *w, ckks_ciphertext *out, const nn_batch_client *c,
                                  const ckks_secret_key *sk, const float *value, size_t count,
                                  char *why, size_t why_size)
{
    if (count == 0 || count > c->images)
        return nn_why(why, why_size, NN_ERR_ARG, "%zu images; a set has 1 to %zu", count,
                      c->images);
    double *slot = malloc(count * sizeof *slot);
    ckks_plaintext *plain = NULL;
    nn_status st =
        slot == NULL ? NN_ERR_MEMORY : ckks_plaintext_create(&plain, ckks_worker_context(w));
    size_t good = st == NN_OK ? nn_client_take(slot, value, count, c->lo, c->hi) : count;
    if (good < count) {
        st = nn_why(why, why_size, NN_ERR_RANGE,
                    "image %zu of the set has a number outside the range %g to %g of the plan",
                    good, c->lo, c->hi);
    } else if (st == NN_OK) {
        st = ckks_encode(w, plain, slot, NULL, count, c->request_limbs, c->request_scale);
        if (st == NN_OK)
            st = ckks_encrypt(w, out, sk, plain);
        if (st != NN_OK)
            st = nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    }
    if (slot != NULL)
        ckks_wipe(slot, count * sizeof *slot);
    free(slot);
    ckks_plaintext_free(plain);
    return st;
}

nn_status nn_batch_client_decrypt(ckks_worker *w, float *value, size_t count,
                                  const nn_batch_client *c, const ckks_secret_key *sk,
                                  const ckks_ciphertext *in, char *why, size_t why_size)
{
    if (count == 0 || count > c->images)
        return nn_why(why, why_size, NN_ERR_ARG, "%zu images; a set has 1 to %zu", count,
                      c->images);
    nn_status st =
        nn_client_check_response(in, c->response_limbs, c->response_scale, why, why_size);
    if (st != NN_OK)
        return st;
    double *slot = malloc(count * sizeof *slot);
    ckks_plaintext *plain = NULL;
    st = slot == NULL ? NN_ERR_MEMORY : ckks_plaintext_create(&plain, ckks_worker_context(w));
    if (st == NN_OK)
        st = ckks_decrypt(w, plain, sk, in);
    if (st == NN_OK)
        st = ckks_decode(w, slot, NULL, count, plain);
    for (size_t i = 0; i < count && st == NN_OK; i++)
        value[i] = (float)slot[i];
    if (st != NN_OK)
        st = nn_why(why, why_size, st, "%s",
                    st == NN_ERR_MEMORY ? "out of memory" : ckks_worker_error(w));
    if (slot != NULL)
        ckks_wipe(slot, count * sizeof *slot);
    free(slot);
    ckks_plaintext_free(plain);
    return st;
}
