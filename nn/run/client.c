/* The client's side: lay out, encrypt, decrypt, read off. It holds no weights. */
#include "nn/run/client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"

void nn_client_free(nn_client *c)
{
    if (c == NULL)
        return;
    free(c->in);
    free(c->out);
    free(c->key);
    free(c);
}

const ckks_params *nn_client_params(const nn_client *c)
{
    return &c->params;
}

uint64_t nn_client_model_id(const nn_client *c)
{
    return c->model_id;
}

nn_shape nn_client_input(const nn_client *c)
{
    return c->input;
}

size_t nn_client_outputs(const nn_client *c)
{
    return c->outputs;
}

nn_tail nn_client_tail(const nn_client *c)
{
    return c->tail;
}

const ckks_key_spec *nn_client_keys(const nn_client *c)
{
    return c->key;
}

size_t nn_client_key_count(const nn_client *c)
{
    return c->key_count;
}

size_t nn_client_images(const nn_client *c)
{
    return c->images;
}

size_t nn_client_requests(const nn_client *c)
{
    return c->requests;
}

size_t nn_client_responses(const nn_client *c)
{
    return c->responses;
}

size_t nn_client_take(double *out, const float *in, size_t count, double lo, double hi)
{
    double slack = 1e-6 * (hi - lo);
    for (size_t i = 0; i < count; i++) {
        out[i] = (double)in[i];
        /* Written so that a NaN is refused as well. */
        if (!(out[i] >= lo - slack && out[i] <= hi + slack))
            return i;
    }
    return count;
}

static nn_status bad_count(const nn_client *c, size_t count, char *why, size_t why_size)
{
    return nn_why(why, why_size, NN_ERR_ARG, "%zu images; the plan has room for %zu", count,
                  c->images);
}

/* All slots of a request, zeroed, to be wiped; behind them the numbers of one image. */
typedef struct room {
    size_t slots, count; /* of one ciphertext; in all */
    double *slot, *number;
    ckks_plaintext *plain;
} room;

static nn_status open_room(room *r, const nn_client *c, ckks_worker *w, size_t parts,
                           size_t numbers)
{
    *r = (room){.slots = c->images * c->slots};
    r->count = parts * r->slots + numbers;
    r->slot = calloc(r->count, sizeof *r->slot);
    if (r->slot == NULL)
        return NN_ERR_MEMORY;
    r->number = r->slot + parts * r->slots;
    return ckks_plaintext_create(&r->plain, ckks_worker_context(w));
}

static void close_room(room *r)
{
    if (r->slot != NULL)
        ckks_wipe(r->slot, r->count * sizeof *r->slot);
    free(r->slot);
    ckks_plaintext_free(r->plain);
}

/* Put an image's numbers into its slots. Which slots is public, whatever the numbers are. */
static void spread(const nn_client *c, room *r, size_t image)
{
    for (size_t j = 0; j < c->requests * c->slots; j++)
        if (c->in[j] != 0)
            r->slot[j * c->images + image] = r->number[c->in[j] - 1];
}

nn_status nn_client_encrypt_many(ckks_worker *w, ckks_ciphertext *const *out, const nn_client *c,
                                 const ckks_secret_key *sk, const float *images, size_t count,
                                 char *why, size_t why_size)
{
    size_t numbers = nn_shape_count(c->input);
    room r;
    if (count == 0 || count > c->images)
        return bad_count(c, count, why, why_size);
    nn_status st = open_room(&r, c, w, c->requests, numbers);
    for (size_t m = 0; m < count && st == NN_OK; m++) {
        if (nn_client_take(r.number, images + m * numbers, numbers, c->lo, c->hi) < numbers)
            st = nn_why(why, why_size, NN_ERR_RANGE,
                        "the image has a number outside the range %g to %g of the plan", c->lo,
                        c->hi);
        else
            spread(c, &r, m);
    }
    for (size_t p = 0; p < c->requests && st == NN_OK; p++) {
        st = ckks_encode(w, r.plain, r.slot + p * r.slots, NULL, r.slots, c->params.q_count,
                         c->request_scale);
        if (st == NN_OK)
            st = ckks_encrypt(w, out[p], sk, r.plain);
        if (st != NN_OK)
            st = nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    }
    close_room(&r);
    return st;
}

nn_status nn_client_encrypt(ckks_worker *w, ckks_ciphertext *const *out, const nn_client *c,
                            const ckks_secret_key *sk, const float *image, char *why,
                            size_t why_size)
{
    return nn_client_encrypt_many(w, out, c, sk, image, 1, why, why_size);
}

nn_status nn_client_check_response(const ckks_ciphertext *in, int limbs, ckks_scale scale,
                                   char *why, size_t why_size)
{
    if (ckks_ciphertext_limbs(in) == limbs && ckks_scale_equal(ckks_ciphertext_scale(in), scale))
        return NN_OK;
    return nn_why(why, why_size, NN_ERR_MISMATCH,
                  "the response has %d limbs and scale 2^%.4f, the plan expects %d and 2^%.4f",
                  ckks_ciphertext_limbs(in), ckks_scale_log2(ckks_ciphertext_scale(in)), limbs,
                  ckks_scale_log2(scale));
}

nn_status nn_client_decrypt_many(ckks_worker *w, float *logits, size_t count, const nn_client *c,
                                 const ckks_secret_key *sk, const ckks_ciphertext *const *in,
                                 char *why, size_t why_size)
{
    room r;
    nn_status st = NN_OK;
    if (count == 0 || count > c->images)
        return bad_count(c, count, why, why_size);
    for (size_t p = 0; p < c->responses && st == NN_OK; p++)
        st = nn_client_check_response(in[p], c->response_limbs, c->response_scale, why, why_size);
    if (st != NN_OK)
        return st;
    st = open_room(&r, c, w, c->responses, 0);
    for (size_t p = 0; p < c->responses && st == NN_OK; p++) {
        st = ckks_decrypt(w, r.plain, sk, in[p]);
        if (st == NN_OK)
            st = ckks_decode(w, r.slot + p * r.slots, NULL, r.slots, r.plain);
        if (st != NN_OK)
            st = nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    }
    for (size_t m = 0; m < count && st == NN_OK; m++)
        for (size_t e = 0; e < c->outputs; e++)
            logits[m * c->outputs + e] = (float)r.slot[c->out[e] * c->images + m];
    close_room(&r);
    return st;
}

nn_status nn_client_decrypt(ckks_worker *w, float *logits, const nn_client *c,
                            const ckks_secret_key *sk, const ckks_ciphertext *const *in, char *why,
                            size_t why_size)
{
    return nn_client_decrypt_many(w, logits, 1, c, sk, in, why, why_size);
}
