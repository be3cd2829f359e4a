/* Keys as bytes. Public halves travel as seeds. Coefficients of the secret are packed and unpacked
 * in time that does not depend on them; what is revealed when a file is refused is that it was none
 * of ours.
 */
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/check.h"
#include "ckks/base/ct.h"
#include "ckks/base/mem.h"
#include "ckks/scheme/keygen.h"
#include "ckks/wire/wire.h"

static uint32_t insecure_flag(const ckks_form *form)
{
    return form->insecure ? CKKS_WIRE_FLAG_INSECURE : 0;
}

/* ------------------------------------------------------------------ secret key */

size_t ckks_secret_key_wire_bytes(const ckks_secret_key *sk)
{
    return CKKS_WIRE_HEADER + sk->n / 4;
}

ckks_status ckks_secret_key_write(uint8_t *out, size_t out_size, size_t *used,
                                  const ckks_secret_key *sk)
{
    if (out == NULL || used == NULL || sk == NULL)
        return CKKS_ERR_ARG;
    if (out_size < ckks_secret_key_wire_bytes(sk))
        return CKKS_ERR_SPACE;
    for (size_t i = 0; i < sk->n; i += 4) {
        unsigned int byte = 0;
        for (size_t k = 0; k < 4; k++) {
            unsigned int c = (unsigned int)sk->coefs[i + k];
            /* -1 has its top bit set: 2; 1 is 1 and has none. */
            unsigned int code = ((c >> 7 & 1) << 1) | (c & ~(c >> 7) & 1);
            byte |= code << (2 * k);
        }
        out[CKKS_WIRE_HEADER + i / 4] = (uint8_t)byte;
    }
    ckks_wire_seal(out, CKKS_WIRE_SECRET_KEY, insecure_flag(&sk->form), sk->context_id, sk->n / 4);
    *used = CKKS_WIRE_HEADER + sk->n / 4;
    return CKKS_OK;
}

ckks_status ckks_secret_key_read(ckks_worker *w, ckks_secret_key **out, const uint8_t *in,
                                 size_t in_size, size_t *used)
{
    ckks_wire_envelope e = {0};
    ckks_secret_key *sk = NULL;
    unsigned int bad = 0;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL || used == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "read secret key: a pointer is NULL");
    CKKS_TRY(ckks_wire_open_for(w, &e, CKKS_WIRE_SECRET_KEY, in, in_size));
    if (e.payload_bytes != w->ctx->n / 4) {
        st = ckks_worker_fail(w, CKKS_ERR_FORMAT, "secret key: %zu bytes of payload, not %zu",
                              e.payload_bytes, w->ctx->n / 4);
        goto out;
    }
    st = ckks_secret_key_alloc(&sk, w->ctx);
    if (st != CKKS_OK) {
        st = ckks_worker_fail(w, st, "no memory for a secret key");
        goto out;
    }
    for (size_t i = 0; i < sk->n; i++) {
        unsigned int code = e.payload[i / 4] >> (2 * (i % 4)) & 3;
        bad |= code & (code >> 1);
        sk->coefs[i] = (int8_t)((int)(code & 1) - (int)(code >> 1));
    }
    CKKS_PUBLIC(&bad, sizeof bad); /* whether the file is well-formed, not what it says */
    if (bad != 0) {
        st = ckks_worker_fail(w, CKKS_ERR_FORMAT, "secret key: a coefficient is none of 0, 1, -1");
        goto out;
    }
    ckks_secret_key_expand(w->ctx, sk);
    *out = sk;
    sk = NULL;
    *used = CKKS_WIRE_HEADER + e.payload_bytes;
out:
    ckks_secret_key_free(sk);
    return st;
}

/* ------------------------------------------------------------------ public key */

static size_t public_payload(const ckks_form *form, size_t n)
{
    size_t bytes = CKKS_SEED_BYTES;

    for (int l = 0; l < form->q_count; l++)
        bytes += ckks_wire_row_bytes(n, form->bits[l]);
    return bytes;
}

size_t ckks_public_key_wire_bytes(const ckks_public_key *pk)
{
    return CKKS_WIRE_HEADER + public_payload(&pk->form, pk->n);
}

ckks_status ckks_public_key_write(uint8_t *out, size_t out_size, size_t *used,
                                  const ckks_public_key *pk)
{
    uint8_t *at = NULL;

    if (out == NULL || used == NULL || pk == NULL)
        return CKKS_ERR_ARG;
    if (out_size < ckks_public_key_wire_bytes(pk))
        return CKKS_ERR_SPACE;
    at = out + CKKS_WIRE_HEADER;
    memcpy(at, pk->seed, CKKS_SEED_BYTES);
    at += CKKS_SEED_BYTES;
    for (int l = 0; l < pk->q_count; l++) {
        ckks_wire_pack(at, pk->rows + (size_t)l * pk->n, pk->n, pk->form.bits[l]);
        at += ckks_wire_row_bytes(pk->n, pk->form.bits[l]);
    }
    ckks_wire_seal(out, CKKS_WIRE_PUBLIC_KEY, insecure_flag(&pk->form), pk->context_id,
                   public_payload(&pk->form, pk->n));
    *used = ckks_public_key_wire_bytes(pk);
    return CKKS_OK;
}

ckks_status ckks_public_key_read(ckks_worker *w, ckks_public_key **out, const uint8_t *in,
                                 size_t in_size, size_t *used)
{
    ckks_wire_envelope e = {0};
    ckks_public_key *pk = NULL;
    ckks_form form;
    const uint8_t *at = NULL;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL || used == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "read public key: a pointer is NULL");
    CKKS_TRY(ckks_wire_open_for(w, &e, CKKS_WIRE_PUBLIC_KEY, in, in_size));
    form = ckks_form_of(w->ctx);
    if (e.payload_bytes != public_payload(&form, w->ctx->n)) {
        st = ckks_worker_fail(w, CKKS_ERR_FORMAT, "public key: %zu bytes of payload, not %zu",
                              e.payload_bytes, public_payload(&form, w->ctx->n));
        goto out;
    }
    st = ckks_public_key_alloc(&pk, w->ctx);
    if (st != CKKS_OK) {
        st = ckks_worker_fail(w, st, "no memory for a public key");
        goto out;
    }
    memcpy(pk->seed, e.payload, CKKS_SEED_BYTES);
    at = e.payload + CKKS_SEED_BYTES;
    for (int l = 0; l < pk->q_count; l++) {
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        if (!ckks_wire_unpack(pk->rows + (size_t)l * pk->n, at, pk->n, m->bits, m->q)) {
            st = ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                  "public key: a residue of limb %d is not below %llu", l,
                                  (unsigned long long)m->q);
            goto out;
        }
        at += ckks_wire_row_bytes(pk->n, m->bits);
    }
    ckks_public_key_expand_mask(w->ctx, pk);
    *out = pk;
    pk = NULL;
    *used = CKKS_WIRE_HEADER + e.payload_bytes;
out:
    ckks_public_key_free(pk);
    return st;
}

/* ------------------------------------------------------------------ evaluation keys */

/* Bytes of one key: its head and its rows. */
static size_t key_bytes(const ckks_form *form, size_t n, const ckks_key_spec *spec)
{
    size_t bits = 0;

    for (int row = 0; row < spec->limbs + spec->special; row++)
        bits += form->bits[row < spec->limbs ? row : form->q_count + row - spec->limbs];
    return CKKS_WIRE_KEY_HEAD + (size_t)ckks_key_spec_digits(spec) * (n / 8) * bits;
}

size_t ckks_key_spec_file_bytes(const ckks_context *ctx, const ckks_key_spec *spec)
{
    ckks_form form = ckks_form_of(ctx);

    return key_bytes(&form, ctx->n, spec);
}

static size_t keys_payload(const ckks_eval_keys *keys)
{
    size_t bytes = 8;

    for (size_t i = 0; i < keys->count; i++)
        bytes += key_bytes(&keys->form, keys->n, &keys->key[i].spec);
    return bytes;
}

size_t ckks_eval_keys_wire_bytes(const ckks_eval_keys *keys)
{
    return CKKS_WIRE_HEADER + keys_payload(keys);
}

size_t ckks_specs_wire_bytes(const ckks_context *ctx, const ckks_key_spec *specs, size_t count)
{
    size_t bytes = CKKS_WIRE_HEADER + 8;

    for (size_t k = 0; k < count; k++)
        bytes += ckks_key_spec_file_bytes(ctx, &specs[k]);
    return bytes;
}

/* Part 0 of one digit, tile by tile: a tile of packed places is a row of its own in bytes. */
static void write_row(uint8_t *at, const ckks_key *key, size_t n, int row, int digit, int bits)
{
    const size_t tile = ckks_tile(n);
    const size_t streams = 2 * (size_t)key->digits;
    const uint8_t *packed = ckks_key_packed(key, n, row);
    uint64_t places[CKKS_TILE];

    for (size_t t = 0; t < n / tile; t++) {
        ckks_unpack_row(places, packed + ckks_packed_bytes(t * streams + 2 * (size_t)digit, tile),
                        0, 1, tile);
        ckks_wire_pack(at + t * ckks_wire_row_bytes(tile, bits), places, tile, bits);
    }
}

static void write_key(uint8_t *at, const ckks_eval_keys *keys, const ckks_key *key)
{
    const ckks_key_spec *spec = &key->spec;

    ckks_store_u32le(at, (uint32_t)spec->kind);
    ckks_store_u32le(at + 4, (uint32_t)(spec->kind == CKKS_KEY_ROTATE ? spec->steps : 0));
    ckks_store_u32le(at + 8, (uint32_t)spec->limbs);
    ckks_store_u32le(at + 12, (uint32_t)spec->alpha);
    ckks_store_u32le(at + 16, (uint32_t)spec->special);
    ckks_store_u32le(at + 20, 0);
    memcpy(at + 24, key->seed, CKKS_SEED_BYTES);
    at += CKKS_WIRE_KEY_HEAD;
    for (int row = 0; row < spec->limbs + spec->special; row++) {
        int bits =
            keys->form.bits[row < spec->limbs ? row : keys->form.q_count + row - spec->limbs];
        for (int digit = 0; digit < key->digits; digit++) {
            write_row(at, key, keys->n, row, digit, bits);
            at += ckks_wire_row_bytes(keys->n, bits);
        }
    }
}

ckks_status ckks_eval_keys_write(uint8_t *out, size_t out_size, size_t *used,
                                 const ckks_eval_keys *keys)
{
    uint8_t *at = NULL;

    if (out == NULL || used == NULL || keys == NULL)
        return CKKS_ERR_ARG;
    if (out_size < ckks_eval_keys_wire_bytes(keys))
        return CKKS_ERR_SPACE;
    at = out + CKKS_WIRE_HEADER;
    ckks_store_u32le(at, (uint32_t)keys->count);
    ckks_store_u32le(at + 4, 0);
    at += 8;
    for (size_t i = 0; i < keys->count; i++) {
        write_key(at, keys, &keys->key[i]);
        at += key_bytes(&keys->form, keys->n, &keys->key[i].spec);
    }
    ckks_wire_seal(out, CKKS_WIRE_EVAL_KEYS, insecure_flag(&keys->form), keys->context_id,
                   keys_payload(keys));
    *used = ckks_eval_keys_wire_bytes(keys);
    return CKKS_OK;
}

/* A small number, or -1 when the field is too large to be one. */
static int small_field(const uint8_t *at)
{
    uint32_t x = ckks_load_u32le(at);

    return x <= INT16_MAX ? (int)x : -1;
}

/* The head of key i, checked against the parameters, the security table and the bytes that are
 * left. */
static ckks_status read_key_head(ckks_worker *w, ckks_key_spec *spec, const ckks_form *form,
                                 const uint8_t *at, size_t left, size_t i)
{
    uint32_t steps = 0;
    ckks_status st = CKKS_OK;

    if (left < CKKS_WIRE_KEY_HEAD)
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "evaluation keys: %zu bytes are left for key %zu", left, i);
    steps = ckks_load_u32le(at + 4);
    spec->kind = small_field(at);
    spec->steps = (int)(int32_t)steps;
    spec->limbs = small_field(at + 8);
    spec->alpha = small_field(at + 12);
    spec->special = small_field(at + 16);
    if (ckks_load_u32le(at + 20) != 0 || (spec->kind != CKKS_KEY_ROTATE && steps != 0))
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "evaluation keys: a reserved field of key %zu is not 0", i);
    st = ckks_key_spec_check(w->ctx, spec, w->error, sizeof w->error);
    if (st != CKKS_OK)
        return st == CKKS_ERR_ARG ? CKKS_ERR_FORMAT : st;
    if (left < key_bytes(form, w->ctx->n, spec))
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "evaluation keys: %zu bytes are left for key %zu of %zu", left, i,
                                key_bytes(form, w->ctx->n, spec));
    return CKKS_OK;
}

/* One row, all digits; t is a row of scratch.  Returns 1, or 0 when a residue is too large */
static int read_key_row(const ckks_context *ctx, ckks_key *key, const uint8_t *at, int row,
                        uint64_t *t)
{
    const ckks_modulus *m = ckks_context_modulus(ctx, row, key->spec.limbs);
    const size_t bytes = ckks_wire_row_bytes(ctx->n, m->bits);

    for (int digit = 0; digit < key->digits; digit++) {
        if (!ckks_wire_unpack(t, at + (size_t)digit * bytes, ctx->n, m->bits, m->q))
            return 0;
        ckks_key_put(key, ctx->n, row, 0, digit, t);
        ckks_key_expand_row(ctx, key, row, digit, t);
        ckks_key_put(key, ctx->n, row, 1, digit, t);
    }
    return 1;
}

static ckks_status read_key_rows(ckks_worker *w, ckks_key *key, const uint8_t *at, size_t i)
{
    const ckks_context *ctx = w->ctx;
    const int rows = key->spec.limbs + key->spec.special;
    size_t mark = ckks_arena_mark(&w->arena);
    size_t from[CKKS_MAX_MODULI] = {0};
    uint8_t good[CKKS_MAX_MODULI] = {0};
    uint64_t *t = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &t, (size_t)w->threads));
    for (int row = 0; row + 1 < rows; row++) {
        int bits = ckks_context_modulus(ctx, row, key->spec.limbs)->bits;
        from[row + 1] = from[row] + (size_t)key->digits * ckks_wire_row_bytes(ctx->n, bits);
    }
    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < rows; row++)
        good[row] = (uint8_t)read_key_row(ctx, key, at + from[row], row,
                                          t + (size_t)ckks_parallel_lane() * ctx->n);
    for (int row = 0; row < rows; row++) {
        if (!good[row]) {
            st = ckks_worker_fail(
                w, CKKS_ERR_FORMAT,
                "evaluation keys: a residue of key %zu, row %d is not below %llu", i, row,
                (unsigned long long)ckks_context_modulus(ctx, row, key->spec.limbs)->q);
            break;
        }
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* All keys of a payload into an allocated set. */
static ckks_status read_keys(ckks_worker *w, ckks_eval_keys *keys, const ckks_wire_envelope *e,
                             size_t count)
{
    const uint8_t *at = e->payload + 8;
    size_t left = e->payload_bytes - 8;
    ckks_status st = CKKS_OK;

    for (size_t i = 0; i < count; i++) {
        ckks_key_spec spec = {0};
        ckks_key *key = NULL;
        size_t bytes = 0;
        CKKS_TRY(read_key_head(w, &spec, &keys->form, at, left, i));
        bytes = key_bytes(&keys->form, w->ctx->n, &spec);
        CKKS_TRY(ckks_eval_keys_add(keys, &key, &spec));
        key->element = ckks_key_spec_element(w->ctx, &spec);
        memcpy(key->seed, at + 24, CKKS_SEED_BYTES);
        CKKS_TRY(read_key_rows(w, key, at + CKKS_WIRE_KEY_HEAD, i));
        at += bytes;
        left -= bytes;
    }
    if (left != 0)
        st = ckks_worker_fail(w, CKKS_ERR_FORMAT,
                              "evaluation keys: %zu bytes are left after the last key", left);
out:
    return st;
}

ckks_status ckks_eval_keys_read(ckks_worker *w, ckks_eval_keys **out, const uint8_t *in,
                                size_t in_size, size_t *used)
{
    ckks_wire_envelope e = {0};
    ckks_eval_keys *keys = NULL;
    size_t count = 0;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL || used == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "read keys: a pointer is NULL");
    CKKS_TRY(ckks_wire_open_for(w, &e, CKKS_WIRE_EVAL_KEYS, in, in_size));
    if (e.payload_bytes < 8 || ckks_load_u32le(e.payload + 4) != 0) {
        st = ckks_worker_fail(w, CKKS_ERR_FORMAT,
                              "evaluation keys: the count is missing, or a reserved field is set");
        goto out;
    }
    count = ckks_load_u32le(e.payload);
    if (count > (e.payload_bytes - 8) / CKKS_WIRE_KEY_HEAD) {
        st = ckks_worker_fail(w, CKKS_ERR_FORMAT, "evaluation keys: %zu keys in %zu bytes", count,
                              e.payload_bytes);
        goto out;
    }
    st = ckks_eval_keys_alloc(&keys, w->ctx, count);
    if (st == CKKS_OK)
        st = read_keys(w, keys, &e, count);
    if (st == CKKS_ERR_MEMORY)
        st = ckks_worker_fail(w, st, "no memory for %zu evaluation keys", count);
    if (st != CKKS_OK)
        goto out;
    *out = keys;
    keys = NULL;
    *used = CKKS_WIRE_HEADER + e.payload_bytes;
out:
    ckks_eval_keys_free(keys);
    return st;
}
