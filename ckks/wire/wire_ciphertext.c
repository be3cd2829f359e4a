/* Ciphertexts as bytes: half the size while part 1 is still the expansion of a seed. */
#include <math.h>
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/check.h"
#include "ckks/ring/sample.h"
#include "ckks/scheme/keygen.h"
#include "ckks/wire/wire.h"

/* Bytes of one part. */
static size_t part_bytes(const ckks_form *form, size_t n, int limbs)
{
    size_t bytes = 0;

    for (int l = 0; l < limbs; l++)
        bytes += ckks_wire_row_bytes(n, form->bits[l]);
    return bytes;
}

static size_t payload_bytes(const ckks_form *form, size_t n, int limbs, int parts, int seeded)
{
    size_t part = part_bytes(form, n, limbs);

    return CKKS_WIRE_CIPHERTEXT_HEAD + (seeded ? CKKS_SEED_BYTES + part : (size_t)parts * part);
}

size_t ckks_ciphertext_wire_bytes(const ckks_ciphertext *c)
{
    return CKKS_WIRE_HEADER + payload_bytes(&c->form, c->n, c->limbs, c->parts, c->seeded);
}

ckks_status ckks_ciphertext_write(uint8_t *out, size_t out_size, size_t *used,
                                  const ckks_ciphertext *c)
{
    uint8_t *at = NULL;
    uint32_t flags = 0;
    size_t bytes = 0;

    if (out == NULL || used == NULL || c == NULL || c->limbs < 1)
        return CKKS_ERR_ARG;
    bytes = ckks_ciphertext_wire_bytes(c);
    if (out_size < bytes)
        return CKKS_ERR_SPACE;
    at = out + CKKS_WIRE_HEADER;
    ckks_store_u32le(at, (uint32_t)c->limbs);
    ckks_store_u32le(at + 4, (uint32_t)c->parts);
    ckks_store_f64le(at + 8, c->scale.hi);
    ckks_store_f64le(at + 16, c->scale.lo);
    ckks_store_f64le(at + 24, c->magnitude);
    ckks_store_f64le(at + 32, c->error);
    at += CKKS_WIRE_CIPHERTEXT_HEAD;
    if (c->seeded) {
        memcpy(at, c->seed, CKKS_SEED_BYTES);
        at += CKKS_SEED_BYTES;
    }
    for (int part = 0; part < (c->seeded ? 1 : c->parts); part++) {
        for (int l = 0; l < c->limbs; l++) {
            ckks_wire_pack(at, ckks_ciphertext_row(c, part, l), c->n, c->form.bits[l]);
            at += ckks_wire_row_bytes(c->n, c->form.bits[l]);
        }
    }
    flags = (c->form.insecure ? (uint32_t)CKKS_WIRE_FLAG_INSECURE : 0) |
            (c->seeded ? (uint32_t)CKKS_WIRE_FLAG_SEEDED : 0);
    ckks_wire_seal(out, CKKS_WIRE_CIPHERTEXT, flags, c->context_id, bytes - CKKS_WIRE_HEADER);
    *used = bytes;
    return CKKS_OK;
}

/* A ciphertext's fields, checked; rows are what is left. */
static ckks_status read_head(ckks_worker *w, ckks_ciphertext *head, const ckks_wire_envelope *e)
{
    uint32_t limbs = 0;
    uint32_t parts = 0;
    size_t expected = 0;

    if (e->payload_bytes < CKKS_WIRE_CIPHERTEXT_HEAD)
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "ciphertext: %zu bytes of payload, its fields alone take %d",
                                e->payload_bytes, CKKS_WIRE_CIPHERTEXT_HEAD);
    limbs = ckks_load_u32le(e->payload);
    parts = ckks_load_u32le(e->payload + 4);
    head->seeded = (e->flags & CKKS_WIRE_FLAG_SEEDED) != 0;
    if (limbs < 1 || limbs > (uint32_t)w->ctx->params.q_count || parts < 2 ||
        parts > (head->seeded ? 2u : 3u))
        return ckks_worker_fail(w, CKKS_ERR_FORMAT, "ciphertext: %lu limbs of %d and %lu parts",
                                (unsigned long)limbs, w->ctx->params.q_count, (unsigned long)parts);
    head->limbs = (int)limbs;
    head->parts = (int)parts;
    head->scale.hi = ckks_load_f64le(e->payload + 8);
    head->scale.lo = ckks_load_f64le(e->payload + 16);
    head->magnitude = ckks_load_f64le(e->payload + 24);
    head->error = ckks_load_f64le(e->payload + 32);
    /* written so that what is not a number fails */
    if (!(head->scale.hi > 0.0 && head->scale.hi < 0x1p1000 &&
          fabs(head->scale.lo) <= head->scale.hi * 0x1p-52))
        return ckks_worker_fail(w, CKKS_ERR_FORMAT, "ciphertext: a scale of %g + %g",
                                head->scale.hi, head->scale.lo);
    if (!(head->magnitude >= 0.0 && head->magnitude < HUGE_VAL && head->error >= 0.0 &&
          head->error < HUGE_VAL))
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "ciphertext: a magnitude of %g and an error of %g", head->magnitude,
                                head->error);
    expected = payload_bytes(&head->form, w->ctx->n, head->limbs, head->parts, head->seeded);
    if (e->payload_bytes != expected)
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "ciphertext: %zu bytes of payload where its fields imply %zu",
                                e->payload_bytes, expected);
    return CKKS_OK;
}

ckks_status ckks_ciphertext_read(ckks_worker *w, ckks_ciphertext *out, const uint8_t *in,
                                 size_t in_size, size_t *used)
{
    ckks_wire_envelope e = {0};
    ckks_ciphertext head = {0};
    const uint8_t *at = NULL;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    if (out == NULL || used == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "read ciphertext: a pointer is NULL");
    if (out->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "read ciphertext: the output is of other parameters");
    CKKS_TRY(ckks_wire_open_for(w, &e, CKKS_WIRE_CIPHERTEXT, in, in_size));
    head.form = out->form;
    CKKS_TRY(read_head(w, &head, &e));
    if (!ckks_ciphertext_fits(out, head.limbs, head.parts)) {
        st = ckks_worker_fail(w, CKKS_ERR_SPACE,
                              "read ciphertext: %d limbs of %d parts do not fit into %d of %d",
                              head.limbs, head.parts, out->capacity, out->room);
        goto out;
    }
    at = e.payload + CKKS_WIRE_CIPHERTEXT_HEAD;
    ckks_ciphertext_reset(out); /* stays empty when a residue is refused below */
    if (head.seeded) {
        memcpy(out->seed, at, CKKS_SEED_BYTES);
        at += CKKS_SEED_BYTES;
        for (int l = 0; l < head.limbs; l++)
            ckks_sample_uniform(ckks_ciphertext_row(out, 1, l), &w->ctx->ring.modulus[l], out->seed,
                                ckks_key_stream(0, l));
    }
    for (int part = 0; part < (head.seeded ? 1 : head.parts); part++) {
        for (int l = 0; l < head.limbs; l++) {
            const ckks_modulus *m = &w->ctx->ring.modulus[l];
            if (!ckks_wire_unpack(ckks_ciphertext_row(out, part, l), at, out->n, m->bits, m->q)) {
                st = ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                      "ciphertext: a residue of part %d, limb %d is not below %llu",
                                      part, l, (unsigned long long)m->q);
                goto out;
            }
            at += ckks_wire_row_bytes(out->n, m->bits);
        }
    }
    out->limbs = head.limbs;
    out->parts = head.parts;
    out->seeded = head.seeded;
    out->scale = head.scale;
    out->magnitude = head.magnitude;
    out->error = head.error;
    *used = CKKS_WIRE_HEADER + e.payload_bytes;
out:
    return st;
}
