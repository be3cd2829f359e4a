/* The client's side: lay out, encrypt, decrypt, read off. It holds no weights. */
#include "nn/client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/plan.h"
#include "nn/why.h"

/* The layout with one slot for each element. */
static nn_status first_slots(nn_layout *out, const nn_layout *in)
{
    uint32_t *element = malloc(in->slots * sizeof *element);
    if (element == NULL)
        return NN_ERR_MEMORY;
    for (size_t j = 0; j < in->slots; j++)
        element[j] = NN_LAYOUT_EMPTY;
    for (size_t e = 0; e < in->count; e++)
        element[nn_layout_place(in, e)] = (uint32_t)e;
    nn_status st = nn_layout_from_slots(out, in->slots, in->count, element);
    free(element);
    return st;
}

nn_status nn_client_of_plan(nn_client **out, const nn_plan *p)
{
    size_t last = p->stages->count;
    *out = NULL;
    nn_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NN_ERR_MEMORY;
    c->params = p->params;
    c->model_id = p->model->id;
    c->input = p->stages->input;
    c->outputs = nn_stages_output_count(p->stages);
    c->lo = p->stages->input_lo;
    c->hi = p->stages->input_hi;
    c->request_scale = p->step[0].scale_in;
    c->response_scale = p->step[last - 1].scale_out;
    c->response_limbs = p->step[last - 1].shape.limbs_out;
    c->key_count = p->key_count;
    c->key = malloc((p->key_count + 1) * sizeof *c->key);
    nn_status st = c->key == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK && p->key_count > 0)
        memcpy(c->key, p->key, p->key_count * sizeof *c->key);
    if (st == NN_OK)
        st = nn_layout_copy(&c->in, &p->arrangement.layout[0]);
    if (st == NN_OK)
        st = first_slots(&c->out, &p->arrangement.layout[last]);
    c->images = p->arrangement.images;
    if (st == NN_OK)
        *out = c;
    else
        nn_client_free(c);
    return st;
}

void nn_client_free(nn_client *c)
{
    if (c == NULL)
        return;
    nn_layout_clear(&c->in);
    nn_layout_clear(&c->out);
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

/* Slots and, behind them, the numbers of one image: zeroed, to be wiped. */
static size_t room_for(const nn_client *c, const nn_layout *l)
{
    return c->images * l->slots + l->count;
}

nn_status nn_client_encrypt_many(ckks_worker *w, ckks_ciphertext *out, const nn_client *c,
                                 const ckks_secret_key *sk, const float *images, size_t count,
                                 char *why, size_t why_size)
{
    if (count == 0 || count > c->images)
        return bad_count(c, count, why, why_size);
    size_t room = room_for(c, &c->in), slots = c->images * c->in.slots;
    double *slot = calloc(room, sizeof *slot);
    ckks_plaintext *plain = NULL;
    nn_status st =
        slot == NULL ? NN_ERR_MEMORY : ckks_plaintext_create(&plain, ckks_worker_context(w));
    for (size_t m = 0; m < count && st == NN_OK; m++) {
        if (nn_client_take(slot + slots, images + m * c->in.count, c->in.count, c->lo, c->hi) <
            c->in.count)
            st = nn_why(why, why_size, NN_ERR_RANGE,
                        "the image has a number outside the range %g to %g of the plan", c->lo,
                        c->hi);
        else
            nn_layout_spread(&c->in, slot, c->images, m, slot + slots);
    }
    if (st == NN_OK) {
        st = ckks_encode(w, plain, slot, NULL, slots, c->params.q_count, c->request_scale);
        if (st == NN_OK)
            st = ckks_encrypt(w, out, sk, plain);
        if (st != NN_OK)
            st = nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    }
    if (slot != NULL)
        ckks_wipe(slot, room * sizeof *slot);
    free(slot);
    ckks_plaintext_free(plain);
    return st;
}

nn_status nn_client_encrypt(ckks_worker *w, ckks_ciphertext *out, const nn_client *c,
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
                                 const ckks_secret_key *sk, const ckks_ciphertext *in, char *why,
                                 size_t why_size)
{
    if (count == 0 || count > c->images)
        return bad_count(c, count, why, why_size);
    nn_status st =
        nn_client_check_response(in, c->response_limbs, c->response_scale, why, why_size);
    if (st != NN_OK)
        return st;
    size_t room = room_for(c, &c->out), slots = c->images * c->out.slots;
    double *slot = calloc(room, sizeof *slot);
    ckks_plaintext *plain = NULL;
    st = slot == NULL ? NN_ERR_MEMORY : ckks_plaintext_create(&plain, ckks_worker_context(w));
    if (st == NN_OK)
        st = ckks_decrypt(w, plain, sk, in);
    if (st == NN_OK)
        st = ckks_decode(w, slot, NULL, slots, plain);
    for (size_t m = 0; m < count && st == NN_OK; m++) {
        nn_layout_gather(&c->out, slot + slots, slot, c->images, m);
        for (size_t e = 0; e < c->out.count; e++)
            logits[m * c->out.count + e] = (float)slot[slots + e];
    }
    if (st != NN_OK)
        st = nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    if (slot != NULL)
        ckks_wipe(slot, room * sizeof *slot);
    free(slot);
    ckks_plaintext_free(plain);
    return st;
}

nn_status nn_client_decrypt(ckks_worker *w, float *logits, const nn_client *c,
                            const ckks_secret_key *sk, const ckks_ciphertext *in, char *why,
                            size_t why_size)
{
    return nn_client_decrypt_many(w, logits, 1, c, sk, in, why, why_size);
}
