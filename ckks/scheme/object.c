/* Create, free, copy and look at objects. Objects that may hold secrets are wiped when they are
 * freed. */
#include "ckks/scheme/object.h"

#include <math.h>
#include <string.h>

#include "ckks/base/ct.h"
#include "ckks/base/mem.h"

/* Bytes of count rows of n words; 0 when that overflows. */
static size_t rows_bytes(size_t count, size_t n)
{
    size_t words = 0;
    size_t bytes = 0;

    if (!ckks_size_mul(&words, count, n) || !ckks_size_mul(&bytes, words, sizeof(uint64_t)))
        return 0;
    return bytes;
}

static uint64_t *rows_alloc(const ckks_allocator *allocator, size_t count, size_t n)
{
    size_t bytes = rows_bytes(count, n);

    return bytes == 0 ? NULL : ckks_mem_alloc(allocator, bytes);
}

static void rows_free(const ckks_allocator *allocator, uint64_t *rows, size_t count, size_t n)
{
    ckks_mem_free(allocator, rows, rows_bytes(count, n));
}

ckks_form ckks_form_of(const ckks_context *ctx)
{
    ckks_form form = {ctx->params.q_count, ctx->params.p_count, ctx->params.insecure_test, {0}};

    for (int i = 0; i < form.q_count + form.p_count; i++)
        form.bits[i] = (uint8_t)ctx->ring.modulus[i].bits;
    return form;
}

ckks_status ckks_plaintext_create(ckks_plaintext **out, const ckks_context *ctx)
{
    ckks_plaintext *p = NULL;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (ctx == NULL)
        return CKKS_ERR_ARG;
    p = ckks_mem_alloc_zero(&ctx->params.allocator, sizeof *p);
    if (p == NULL)
        return CKKS_ERR_MEMORY;
    p->context_id = ctx->id;
    p->allocator = ctx->params.allocator;
    p->n = ctx->n;
    p->capacity = ctx->params.q_count;
    p->rows = rows_alloc(&p->allocator, (size_t)p->capacity, p->n);
    if (p->rows == NULL) {
        ckks_plaintext_free(p);
        return CKKS_ERR_MEMORY;
    }
    *out = p;
    return CKKS_OK;
}

void ckks_plaintext_free(ckks_plaintext *p)
{
    ckks_allocator allocator;

    if (p == NULL)
        return;
    allocator = p->allocator;
    if (p->rows != NULL) {
        ckks_wipe(p->rows, rows_bytes((size_t)p->capacity, p->n));
        rows_free(&allocator, p->rows, (size_t)p->capacity, p->n);
    }
    ckks_wipe(p, sizeof *p);
    ckks_mem_free(&allocator, p, sizeof *p);
}

void ckks_plaintext_reset(ckks_plaintext *p)
{
    p->limbs = 0;
    p->scale = (ckks_scale){0.0, 0.0};
    p->magnitude = 0.0;
    p->error = 0.0;
}

ckks_status ckks_ciphertext_create(ckks_ciphertext **out, const ckks_context *ctx)
{
    return ckks_ciphertext_create_for(out, ctx, ctx != NULL ? ctx->params.q_count : 0, 3);
}

size_t ckks_ciphertext_memory(const ckks_context *ctx, int limbs, int parts)
{
    return sizeof(ckks_ciphertext) + rows_bytes((size_t)limbs * (size_t)parts, ctx->n);
}

ckks_status ckks_ciphertext_create_for(ckks_ciphertext **out, const ckks_context *ctx, int limbs,
                                       int parts)
{
    ckks_ciphertext *c = NULL;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (ctx == NULL || limbs < 1 || limbs > ctx->params.q_count || parts < 2 || parts > 3)
        return CKKS_ERR_ARG;
    c = ckks_mem_alloc_zero(&ctx->params.allocator, sizeof *c);
    if (c == NULL)
        return CKKS_ERR_MEMORY;
    c->context_id = ctx->id;
    c->allocator = ctx->params.allocator;
    c->form = ckks_form_of(ctx);
    c->n = ctx->n;
    c->capacity = limbs;
    c->room = parts;
    c->rows = rows_alloc(&c->allocator, (size_t)parts * (size_t)limbs, c->n);
    if (c->rows == NULL) {
        ckks_ciphertext_free(c);
        return CKKS_ERR_MEMORY;
    }
    *out = c;
    return CKKS_OK;
}

void ckks_ciphertext_free(ckks_ciphertext *c)
{
    ckks_allocator allocator;

    if (c == NULL)
        return;
    allocator = c->allocator;
    if (c->rows != NULL)
        rows_free(&allocator, c->rows, (size_t)c->room * (size_t)c->capacity, c->n);
    ckks_mem_free(&allocator, c, sizeof *c);
}

void ckks_ciphertext_reset(ckks_ciphertext *c)
{
    c->limbs = 0;
    c->parts = 0;
    c->seeded = 0;
    memset(c->seed, 0, sizeof c->seed);
    c->scale = (ckks_scale){0.0, 0.0};
    c->magnitude = 0.0;
    c->error = 0.0;
}

ckks_status ckks_ciphertext_copy(ckks_ciphertext *out, const ckks_ciphertext *in)
{
    return ckks_ciphertext_copy_limbs(out, in, in != NULL ? in->limbs : 0);
}

ckks_status ckks_ciphertext_copy_limbs(ckks_ciphertext *out, const ckks_ciphertext *in, int limbs)
{
    if (out == NULL || in == NULL)
        return CKKS_ERR_ARG;
    if (out->context_id != in->context_id)
        return CKKS_ERR_MISMATCH;
    if (!ckks_ciphertext_fits(out, limbs, in->parts))
        return CKKS_ERR_SPACE;
    if (out == in) {
        out->limbs = limbs;
        return CKKS_OK;
    }
    for (int part = 0; part < in->parts; part++)
        memcpy(ckks_ciphertext_row(out, part, 0), ckks_ciphertext_row(in, part, 0),
               (size_t)limbs * in->n * sizeof(uint64_t));
    out->limbs = limbs;
    out->parts = in->parts;
    out->seeded = in->seeded;
    memcpy(out->seed, in->seed, sizeof out->seed);
    out->scale = in->scale;
    out->magnitude = in->magnitude;
    out->error = in->error;
    return CKKS_OK;
}

int ckks_ciphertext_limbs(const ckks_ciphertext *c)
{
    return c->limbs;
}

int ckks_ciphertext_parts(const ckks_ciphertext *c)
{
    return c->parts;
}

ckks_scale ckks_ciphertext_scale(const ckks_ciphertext *c)
{
    return c->scale;
}

double ckks_ciphertext_magnitude(const ckks_ciphertext *c)
{
    return c->magnitude;
}

double ckks_ciphertext_error(const ckks_ciphertext *c)
{
    return c->error;
}

double ckks_ciphertext_precision_bits(const ckks_ciphertext *c)
{
    return c->limbs == 0 || c->magnitude <= 0.0 ? 0.0 : log2(c->magnitude / c->error);
}

void ckks_ciphertext_set_magnitude(ckks_ciphertext *c, double magnitude)
{
    if (magnitude >= 0.0 && magnitude < HUGE_VAL)
        c->magnitude = magnitude;
}

ckks_status ckks_secret_key_alloc(ckks_secret_key **out, const ckks_context *ctx)
{
    ckks_secret_key *sk = ckks_mem_alloc_zero(&ctx->params.allocator, sizeof *sk);

    *out = NULL;
    if (sk == NULL)
        return CKKS_ERR_MEMORY;
    sk->context_id = ctx->id;
    sk->allocator = ctx->params.allocator;
    sk->form = ckks_form_of(ctx);
    sk->n = ctx->n;
    sk->rows_count = ctx->params.q_count + ctx->params.p_count;
    sk->coefs = ckks_mem_alloc(&sk->allocator, sk->n);
    sk->rows = rows_alloc(&sk->allocator, (size_t)sk->rows_count, sk->n);
    if (sk->coefs == NULL || sk->rows == NULL) {
        ckks_secret_key_free(sk);
        return CKKS_ERR_MEMORY;
    }
    *out = sk;
    return CKKS_OK;
}

void ckks_secret_key_free(ckks_secret_key *sk)
{
    ckks_allocator allocator;

    if (sk == NULL)
        return;
    allocator = sk->allocator;
    if (sk->coefs != NULL) {
        ckks_wipe(sk->coefs, sk->n);
        ckks_mem_free(&allocator, sk->coefs, sk->n);
    }
    if (sk->rows != NULL) {
        ckks_wipe(sk->rows, rows_bytes((size_t)sk->rows_count, sk->n));
        rows_free(&allocator, sk->rows, (size_t)sk->rows_count, sk->n);
    }
    ckks_mem_free(&allocator, sk, sizeof *sk);
}

ckks_status ckks_public_key_alloc(ckks_public_key **out, const ckks_context *ctx)
{
    ckks_public_key *pk = ckks_mem_alloc_zero(&ctx->params.allocator, sizeof *pk);

    *out = NULL;
    if (pk == NULL)
        return CKKS_ERR_MEMORY;
    pk->context_id = ctx->id;
    pk->allocator = ctx->params.allocator;
    pk->form = ckks_form_of(ctx);
    pk->n = ctx->n;
    pk->q_count = ctx->params.q_count;
    pk->rows = rows_alloc(&pk->allocator, 2 * (size_t)pk->q_count, pk->n);
    if (pk->rows == NULL) {
        ckks_public_key_free(pk);
        return CKKS_ERR_MEMORY;
    }
    *out = pk;
    return CKKS_OK;
}

void ckks_public_key_free(ckks_public_key *pk)
{
    ckks_allocator allocator;

    if (pk == NULL)
        return;
    allocator = pk->allocator;
    if (pk->rows != NULL)
        rows_free(&allocator, pk->rows, 2 * (size_t)pk->q_count, pk->n);
    ckks_mem_free(&allocator, pk, sizeof *pk);
}

size_t ckks_key_bytes(const ckks_key_spec *spec, size_t n)
{
    size_t streams = 2 * (size_t)ckks_key_spec_digits(spec);

    return (size_t)(spec->limbs + spec->special) * ckks_packed_bytes(streams, n) +
           CKKS_PACKED_SLACK;
}

ckks_status ckks_eval_keys_alloc(ckks_eval_keys **out, const ckks_context *ctx, size_t count)
{
    ckks_eval_keys *keys = NULL;
    size_t bytes = 0;

    *out = NULL;
    if (!ckks_size_mul(&bytes, count == 0 ? 1 : count, sizeof(ckks_key)))
        return CKKS_ERR_MEMORY;
    keys = ckks_mem_alloc_zero(&ctx->params.allocator, sizeof *keys);
    if (keys == NULL)
        return CKKS_ERR_MEMORY;
    keys->context_id = ctx->id;
    keys->allocator = ctx->params.allocator;
    keys->form = ckks_form_of(ctx);
    keys->n = ctx->n;
    keys->key = ckks_mem_alloc_zero(&keys->allocator, bytes);
    if (keys->key == NULL) {
        ckks_eval_keys_free(keys);
        return CKKS_ERR_MEMORY;
    }
    keys->bytes = sizeof *keys + bytes;
    *out = keys;
    return CKKS_OK;
}

ckks_status ckks_eval_keys_add(ckks_eval_keys *keys, ckks_key **out, const ckks_key_spec *spec)
{
    ckks_key *key = &keys->key[keys->count];
    size_t bytes = ckks_key_bytes(spec, keys->n);

    *out = NULL;
    key->spec = *spec;
    key->digits = ckks_key_spec_digits(spec);
    key->packed = ckks_mem_alloc(&keys->allocator, bytes);
    if (key->packed == NULL)
        return CKKS_ERR_MEMORY;
    memset(key->packed + bytes - CKKS_PACKED_SLACK, 0, CKKS_PACKED_SLACK);
    keys->count++;
    keys->bytes += bytes;
    *out = key;
    return CKKS_OK;
}

void ckks_eval_keys_free(ckks_eval_keys *keys)
{
    ckks_allocator allocator;

    if (keys == NULL)
        return;
    allocator = keys->allocator;
    for (size_t i = 0; i < keys->count; i++)
        ckks_mem_free(&allocator, keys->key[i].packed, ckks_key_bytes(&keys->key[i].spec, keys->n));
    ckks_mem_free(&allocator, keys->key, 0);
    ckks_mem_free(&allocator, keys, sizeof *keys);
}

size_t ckks_eval_keys_count(const ckks_eval_keys *keys)
{
    return keys->count;
}

size_t ckks_eval_keys_bytes(const ckks_eval_keys *keys)
{
    return keys->bytes;
}
