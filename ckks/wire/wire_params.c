/* Parameters as bytes. The format is at the top of wire.h; the payload is the block whose hash
 * is the identity. */
#include <stdio.h>
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/wire/wire.h"

size_t ckks_params_wire_bytes(const ckks_params *params)
{
    return CKKS_WIRE_HEADER + 24 + 8 * (size_t)(params->q_count + params->p_count);
}

ckks_status ckks_params_write(uint8_t *out, size_t out_size, size_t *used,
                              const ckks_params *params)
{
    uint8_t block[CKKS_PARAMS_BLOCK_MAX];
    size_t bytes = 0;

    if (out == NULL || used == NULL || ckks_params_check(params, NULL, 0) != CKKS_OK)
        return CKKS_ERR_ARG;
    if (out_size < ckks_params_wire_bytes(params))
        return CKKS_ERR_SPACE;
    bytes = ckks_context_block(block, params);
    memcpy(out + CKKS_WIRE_HEADER, block, bytes);
    ckks_wire_seal(out, CKKS_WIRE_PARAMS, params->insecure_test ? CKKS_WIRE_FLAG_INSECURE : 0,
                   ckks_context_hash(params), bytes);
    *used = CKKS_WIRE_HEADER + bytes;
    return CKKS_OK;
}

/* The block's counts, before anything that they measure is read; 1 when they fit. */
static int read_counts(ckks_params *params, const uint8_t *in, size_t bytes)
{
    uint32_t field[4];

    if (bytes < 24)
        return 0;
    for (size_t i = 0; i < 4; i++)
        field[i] = ckks_load_u32le(in + 4 * i);
    if (field[0] > CKKS_RING_REAL || field[1] > CKKS_MAX_LOG_N || field[2] > CKKS_MAX_Q ||
        field[3] > CKKS_MAX_P)
        return 0;
    params->ring = (int)field[0];
    params->log_n = (int)field[1];
    params->q_count = (int)field[2];
    params->p_count = (int)field[3];
    return bytes == 24 + 8 * (size_t)(params->q_count + params->p_count);
}

ckks_status ckks_params_read(ckks_params *out, const uint8_t *in, size_t in_size, size_t *used,
                             char *why, size_t why_size)
{
    ckks_params params = {0};
    ckks_wire_envelope e = {0};
    const uint8_t *at = NULL;
    uint32_t security_bits = 0;
    uint32_t insecure = 0;
    ckks_status st = CKKS_OK;

    if (out == NULL || used == NULL)
        return CKKS_ERR_ARG;
    st = ckks_wire_open(&e, CKKS_WIRE_PARAMS, in, in_size, why, why == NULL ? 0 : why_size);
    if (st != CKKS_OK)
        return st;
    st = CKKS_ERR_FORMAT;
    if (!read_counts(&params, e.payload, e.payload_bytes)) {
        (void)snprintf(why, why == NULL ? 0 : why_size,
                       "parameters: the counts do not fit the %zu bytes of payload",
                       e.payload_bytes);
        return st;
    }
    at = e.payload + 16;
    for (int i = 0; i < params.q_count; i++, at += 8)
        params.q[i] = ckks_load_u64le(at);
    for (int i = 0; i < params.p_count; i++, at += 8)
        params.p[i] = ckks_load_u64le(at);
    security_bits = ckks_load_u32le(at);
    insecure = ckks_load_u32le(at + 4);
    params.security_bits = security_bits <= 256 ? (int)security_bits : -1;
    params.insecure_test = insecure <= 1 ? (int)insecure : -1;
    st = ckks_params_check(&params, why, why == NULL ? 0 : why_size);
    if (st == CKKS_ERR_PARAMS)
        return CKKS_ERR_FORMAT;
    if (st != CKKS_OK)
        return st;
    if (e.context_id != ckks_context_hash(&params) ||
        (e.flags & CKKS_WIRE_FLAG_INSECURE) !=
            (params.insecure_test ? CKKS_WIRE_FLAG_INSECURE : 0)) {
        (void)snprintf(why, why == NULL ? 0 : why_size,
                       "parameters: identity or stamp in the header are not theirs");
        return CKKS_ERR_FORMAT;
    }
    *out = params;
    *used = CKKS_WIRE_HEADER + e.payload_bytes;
    return CKKS_OK;
}
