/* The client's side: lay out, encrypt, decrypt, read off. It holds no weights. */
#include "nn/client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/plan.h"
#include "nn/why.h"

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
        st = nn_layout_copy(&c->out, &p->arrangement.layout[last]);
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

/* The image as doubles, checked: 0 when every number lies in the plan's range. */
static int read_image(double *number, const nn_client *c, const float *image)
{
    double slack = 1e-6 * (c->hi - c->lo);
    for (size_t e = 0; e < c->in.count; e++) {
        number[e] = (double)image[e];
        if (!(number[e] >= c->lo - slack && number[e] <= c->hi + slack))
            return 1;
    }
    return 0;
}

nn_status nn_client_encrypt(ckks_worker *w, ckks_ciphertext *out, const nn_client *c,
                            const ckks_secret_key *sk, const float *image, char *why,
                            size_t why_size)
{
    size_t room = c->in.slots + c->in.count;
    double *slot = calloc(room, sizeof *slot);
    ckks_plaintext *plain = NULL;
    nn_status st =
        slot == NULL ? NN_ERR_MEMORY : ckks_plaintext_create(&plain, ckks_worker_context(w));
    if (st == NN_OK && read_image(slot + c->in.slots, c, image) != 0)
        st = nn_why(why, why_size, NN_ERR_RANGE,
                    "the image has a number outside the range %g to %g of the plan", c->lo, c->hi);
    else if (st == NN_OK) {
        nn_layout_spread(&c->in, slot, slot + c->in.slots);
        st = ckks_encode(w, plain, slot, NULL, c->in.slots, c->params.q_count, c->request_scale);
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

nn_status nn_client_decrypt(ckks_worker *w, float *logits, const nn_client *c,
                            const ckks_secret_key *sk, const ckks_ciphertext *in, char *why,
                            size_t why_size)
{
    if (ckks_ciphertext_limbs(in) != c->response_limbs ||
        !ckks_scale_equal(ckks_ciphertext_scale(in), c->response_scale))
        return nn_why(why, why_size, NN_ERR_MISMATCH,
                      "the response has %d limbs and scale 2^%.4f, the plan expects %d and 2^%.4f",
                      ckks_ciphertext_limbs(in), ckks_scale_log2(ckks_ciphertext_scale(in)),
                      c->response_limbs, ckks_scale_log2(c->response_scale));
    size_t room = c->out.slots + c->out.count;
    double *slot = calloc(room, sizeof *slot);
    ckks_plaintext *plain = NULL;
    nn_status st =
        slot == NULL ? NN_ERR_MEMORY : ckks_plaintext_create(&plain, ckks_worker_context(w));
    if (st == NN_OK)
        st = ckks_decrypt(w, plain, sk, in);
    if (st == NN_OK)
        st = ckks_decode(w, slot, NULL, c->out.slots, plain);
    if (st == NN_OK) {
        nn_layout_gather(&c->out, slot + c->out.slots, slot);
        for (size_t e = 0; e < c->out.count; e++)
            logits[e] = (float)slot[c->out.slots + e];
    } else {
        st = nn_why(why, why_size, st, "%s", ckks_worker_error(w));
    }
    if (slot != NULL)
        ckks_wipe(slot, room * sizeof *slot);
    free(slot);
    ckks_plaintext_free(plain);
    return st;
}
