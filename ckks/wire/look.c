/* Written objects, looked at from outside. */
#include "ckks/wire/look.h"

#include <stdio.h>

#include "ckks/base/bytes.h"
#include "ckks/wire/wire.h"

/* A count in the file as one that prints: what does not fit an int is no count of ours. */
static int count_at(const uint8_t *at)
{
    uint32_t x = ckks_load_u32le(at);

    return x <= INT16_MAX ? (int)x : 0;
}

ckks_status ckks_wire_look(ckks_wire_info *out, const uint8_t *in, size_t in_size, char *why,
                           size_t why_size)
{
    ckks_wire_envelope e = {0};
    char unheard[1];
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = (ckks_wire_info){0};
    if (why == NULL) {
        why = unheard;
        why_size = sizeof unheard;
    }
    if (ckks_wire_kind(in, in_size) == CKKS_WIRE_NONE) {
        (void)snprintf(why, why_size, "these %zu bytes are no object of this library, or cut short",
                       in == NULL ? (size_t)0 : in_size);
        return CKKS_ERR_FORMAT;
    }
    st = ckks_wire_open(&e, ckks_wire_kind(in, in_size), in, in_size, why, why_size);
    if (st != CKKS_OK)
        return st;
    *out = (ckks_wire_info){.kind = e.kind,
                            .version = CKKS_WIRE_VERSION,
                            .context_id = e.context_id,
                            .insecure = (e.flags & CKKS_WIRE_FLAG_INSECURE) != 0,
                            .bytes = CKKS_WIRE_HEADER + e.payload_bytes,
                            .seeded = (e.flags & CKKS_WIRE_FLAG_SEEDED) != 0};
    if (e.kind == CKKS_WIRE_SECRET_KEY) {
        out->ring = 4 * e.payload_bytes;
    } else if (e.kind == CKKS_WIRE_EVAL_KEYS && e.payload_bytes >= 8) {
        out->keys = ckks_load_u32le(e.payload);
    } else if (e.kind == CKKS_WIRE_CIPHERTEXT && e.payload_bytes >= CKKS_WIRE_CIPHERTEXT_HEAD) {
        out->limbs = count_at(e.payload);
        out->parts = count_at(e.payload + 4);
    }
    return CKKS_OK;
}
