/* The plan file, see client.h. Reading trusts nothing: a cursor that knows what is left, and a
 * bound for every number before it sizes anything. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/digest.h"
#include "nn/base/why.h"
#include "nn/run/client.h"

static const char magic[8] = {'U', 'N', 'S', 'E', 'E', 'N', 'P', 'L'};
enum { VERSION = 4, FIXED_BYTES = 116, KEY_BYTES = 20, SUM_BYTES = 8 };

/* ---- writing: the room was checked beforehand */

static void put(uint8_t **at, uint64_t x, int bytes)
{
    for (int k = 0; k < bytes; k++)
        *(*at)++ = (uint8_t)(x >> (8 * k));
}

static void put_double(uint8_t **at, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put(at, bits, 8);
}

size_t nn_client_wire_bytes(const nn_client *c)
{
    return FIXED_BYTES + KEY_BYTES * c->key_count + 4 * (c->requests * c->slots + c->outputs) +
           ckks_params_wire_bytes(&c->params) + SUM_BYTES;
}

nn_status nn_client_write(uint8_t *out, size_t out_size, size_t *used, const nn_client *c)
{
    size_t size = nn_client_wire_bytes(c), params = 0;
    uint8_t *at = out;
    *used = 0;
    if (out_size < size || size > NN_CLIENT_BYTES_MAX)
        return CKKS_ERR_SPACE;
    memcpy(at, magic, sizeof magic);
    at += sizeof magic;
    put(&at, VERSION, 4);
    put(&at, size, 4);
    put(&at, c->model_id, 8);
    put(&at, c->input.c, 4);
    put(&at, c->input.h, 4);
    put(&at, c->input.w, 4);
    put(&at, c->outputs, 4);
    put_double(&at, c->lo);
    put_double(&at, c->hi);
    put_double(&at, c->request_scale.hi);
    put_double(&at, c->request_scale.lo);
    put_double(&at, c->response_scale.hi);
    put_double(&at, c->response_scale.lo);
    put(&at, (uint64_t)c->response_limbs, 4);
    put(&at, c->images, 4);
    put(&at, c->slots, 4);
    put(&at, c->key_count, 4);
    put(&at, c->requests, 4);
    put(&at, c->responses, 4);
    put(&at, (uint64_t)c->tail, 4);
    for (size_t k = 0; k < c->key_count; k++) {
        const ckks_key_spec *s = &c->key[k];
        const int field[5] = {s->kind, s->steps, s->limbs, s->alpha, s->special};
        for (int f = 0; f < 5; f++)
            put(&at, (uint32_t)field[f], 4);
    }
    for (size_t j = 0; j < c->requests * c->slots; j++)
        put(&at, c->in[j], 4);
    for (size_t e = 0; e < c->outputs; e++)
        put(&at, c->out[e], 4);
    nn_status st = ckks_params_write(at, out_size - (size_t)(at - out), &params, &c->params);
    if (st != NN_OK)
        return st;
    at += params;
    put(&at, nn_digest(out, (size_t)(at - out)), 8);
    *used = size;
    return NN_OK;
}

/* ---- reading */

typedef struct cursor {
    const uint8_t *at;
    size_t left;
    int short_of; /* 1 after a read beyond the end */
} cursor;

static uint64_t get(cursor *c, size_t bytes)
{
    uint64_t x = 0;
    if (c->left < bytes) {
        c->short_of = 1;
        return 0;
    }
    for (size_t k = 0; k < bytes; k++)
        x |= (uint64_t)c->at[k] << (8 * k);
    c->at += bytes;
    c->left -= bytes;
    return x;
}

static double get_double(cursor *c)
{
    uint64_t bits = get(c, 8);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int get_int(cursor *c)
{
    uint32_t x = (uint32_t)get(c, 4);
    int32_t y;
    memcpy(&y, &x, sizeof y);
    return y;
}

static nn_status get_keys(cursor *at, nn_client *c, char *why, size_t why_size)
{
    if (c->key_count > NN_CLIENT_KEYS_MAX || at->left / KEY_BYTES < c->key_count)
        return nn_why(why, why_size, NN_ERR_FORMAT, "%zu keys are listed in %zu bytes",
                      c->key_count, at->left);
    c->key = calloc(c->key_count + 1, sizeof *c->key);
    if (c->key == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < c->key_count; k++) {
        ckks_key_spec *s = &c->key[k];
        s->kind = get_int(at);
        s->steps = get_int(at);
        s->limbs = get_int(at);
        s->alpha = get_int(at);
        s->special = get_int(at);
        /* What the numbers mean is checked where keys are made; here only that they are sane. */
        if (s->kind < CKKS_KEY_RELINEARISE || s->kind > CKKS_KEY_CONJUGATE || s->limbs < 1 ||
            s->limbs > CKKS_MAX_Q || s->alpha < 1 || s->alpha > CKKS_MAX_Q || s->special < 1 ||
            s->special > CKKS_MAX_P)
            return nn_why(why, why_size, NN_ERR_FORMAT, "key %zu of the list is out of range", k);
    }
    return NN_OK;
}

/* Slots of one image: every element may have any number of them, none included. */
static nn_status get_input(cursor *at, nn_client *c, char *why, size_t why_size)
{
    size_t count = nn_shape_count(c->input), slots = c->requests * c->slots;
    c->in = malloc(slots * sizeof *c->in);
    if (c->in == NULL)
        return NN_ERR_MEMORY;
    for (size_t j = 0; j < slots; j++) {
        uint64_t x = get(at, 4);
        c->in[j] = (uint32_t)x;
        if (x > count)
            return nn_why(why, why_size, NN_ERR_FORMAT,
                          "slot %zu of the input holds element %lu of %zu", j, (unsigned long)x,
                          count);
    }
    return NN_OK;
}

/* One slot for each output, all different. */
static nn_status get_output(cursor *at, nn_client *c, char *why, size_t why_size)
{
    size_t slots = c->responses * c->slots;
    uint8_t *taken = calloc(slots, 1);
    c->out = malloc(c->outputs * sizeof *c->out);
    nn_status st = taken == NULL || c->out == NULL ? NN_ERR_MEMORY : NN_OK;
    for (size_t e = 0; e < c->outputs && st == NN_OK; e++) {
        uint64_t slot = get(at, 4);
        if (slot >= slots || taken[slot]) {
            st = nn_why(why, why_size, NN_ERR_FORMAT,
                        "output %zu lies in slot %lu, which is taken or none of %zu", e,
                        (unsigned long)slot, slots);
        } else {
            taken[slot] = 1;
            c->out[e] = (uint32_t)slot;
        }
    }
    free(taken);
    return st;
}

static nn_status get_layouts(cursor *at, nn_client *c, char *why, size_t why_size)
{
    size_t slots = c->requests * c->slots;
    if (at->left / 4 < slots + c->outputs)
        return nn_why(why, why_size, NN_ERR_FORMAT, "%zu slots and %zu outputs in %zu bytes", slots,
                      c->outputs, at->left);
    nn_status st = get_input(at, c, why, why_size);
    return st == NN_OK ? get_output(at, c, why, why_size) : st;
}

static int is_scale(ckks_scale s)
{
    return s.hi > 0.0 && s.hi < 0x1p200 && fabs(s.lo) <= s.hi * 0x1p-52;
}

static nn_status get_fixed(cursor *at, nn_client *c, char *why, size_t why_size)
{
    c->model_id = get(at, 8);
    c->input.c = (size_t)get(at, 4);
    c->input.h = (size_t)get(at, 4);
    c->input.w = (size_t)get(at, 4);
    c->outputs = (size_t)get(at, 4);
    c->lo = get_double(at);
    c->hi = get_double(at);
    c->request_scale.hi = get_double(at);
    c->request_scale.lo = get_double(at);
    c->response_scale.hi = get_double(at);
    c->response_scale.lo = get_double(at);
    c->response_limbs = get_int(at);
    c->images = (size_t)get(at, 4);
    c->slots = (size_t)get(at, 4);
    c->key_count = (size_t)get(at, 4);
    c->requests = (size_t)get(at, 4);
    c->responses = (size_t)get(at, 4);
    uint64_t tail = get(at, 4);
    size_t most = (size_t)1 << CKKS_MAX_LOG_N;
    if (c->slots == 0 || c->slots > most || c->images == 0 || c->images > most / c->slots ||
        nn_layout_pow2(c->slots) != c->slots || nn_layout_pow2(c->images) != c->images)
        return nn_why(why, why_size, NN_ERR_FORMAT, "%zu images of %zu slots", c->images, c->slots);
    if (c->requests == 0 || c->requests > NN_PARTS_MAX || c->responses == 0 ||
        c->responses > NN_PARTS_MAX)
        return nn_why(why, why_size, NN_ERR_FORMAT,
                      "%zu ciphertexts in a request and %zu in a response, of at most %d",
                      c->requests, c->responses, NN_PARTS_MAX);
    most *= NN_PARTS_MAX;
    if (c->input.c == 0 || c->input.h == 0 || c->input.w == 0 || c->input.c > most ||
        c->input.h > most || c->input.w > most || c->input.c * c->input.h > most ||
        c->input.c * c->input.h * c->input.w > most)
        return nn_why(why, why_size, NN_ERR_FORMAT, "the input shape is (%zu,%zu,%zu)", c->input.c,
                      c->input.h, c->input.w);
    if (c->outputs == 0 || c->outputs > most)
        return nn_why(why, why_size, NN_ERR_FORMAT, "the plan has %zu outputs", c->outputs);
    if (!(c->lo < c->hi) || !isfinite(c->lo) || !isfinite(c->hi))
        return nn_why(why, why_size, NN_ERR_FORMAT, "the input range is %g to %g", c->lo, c->hi);
    if (tail >= NN_TAIL_COUNT)
        return nn_why(why, why_size, NN_ERR_FORMAT,
                      "the network ends in an operator of number %lu, of %d", (unsigned long)tail,
                      NN_TAIL_COUNT - 1);
    c->tail = (nn_tail)tail;
    if (!is_scale(c->request_scale) || !is_scale(c->response_scale))
        return nn_why(why, why_size, NN_ERR_FORMAT, "a scale is not a positive number");
    return NN_OK;
}

static nn_status get_client(nn_client *c, cursor *at, char *why, size_t why_size)
{
    size_t used = 0;
    nn_status st = get_fixed(at, c, why, why_size);
    if (st == NN_OK)
        st = get_keys(at, c, why, why_size);
    if (st == NN_OK)
        st = get_layouts(at, c, why, why_size);
    if (st == NN_OK)
        st = ckks_params_read(&c->params, at->at, at->left, &used, why, why_size);
    if (st == NN_OK)
        st = ckks_params_check(&c->params, why, why_size);
    if (st != NN_OK)
        return st;
    size_t slots = (size_t)1 << (c->params.log_n - (c->params.ring == CKKS_RING_COMPLEX));
    if (at->short_of || at->left - used != 0 || c->images * c->slots != slots ||
        c->response_limbs < 1 || c->response_limbs > c->params.q_count)
        return nn_why(why, why_size, NN_ERR_FORMAT,
                      "%zu images have %zu slots each and the response %d limbs; the parameters "
                      "have %zu slots and %d limbs",
                      c->images, c->slots, c->response_limbs, slots, c->params.q_count);
    return NN_OK;
}

nn_status nn_client_read(nn_client **out, const uint8_t *in, size_t size, char *why,
                         size_t why_size)
{
    *out = NULL;
    cursor at = {in, size, 0};
    if (size < FIXED_BYTES + SUM_BYTES || memcmp(in, magic, sizeof magic) != 0)
        return nn_why(why, why_size, NN_ERR_FORMAT, "these %zu bytes are not a plan file", size);
    (void)get(&at, 8);
    uint64_t version = get(&at, 4), length = get(&at, 4);
    if (version != VERSION)
        return nn_why(why, why_size, CKKS_ERR_VERSION,
                      "the plan file has version %lu, this program reads version %d",
                      (unsigned long)version, VERSION);
    if (length != size || size > NN_CLIENT_BYTES_MAX)
        return nn_why(why, why_size, NN_ERR_FORMAT, "the plan file says %lu bytes and has %zu",
                      (unsigned long)length, size);
    cursor sum = {in + size - SUM_BYTES, SUM_BYTES, 0};
    if (nn_digest(in, size - SUM_BYTES) != get(&sum, 8))
        return nn_why(why, why_size, NN_ERR_FORMAT, "the plan file is damaged (checksum)");
    nn_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NN_ERR_MEMORY;
    at.left -= SUM_BYTES;
    nn_status st = get_client(c, &at, why, why_size);
    if (st == NN_OK)
        *out = c;
    else
        nn_client_free(c);
    return st;
}
