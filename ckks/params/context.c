/* The context: checked parameters, the ring with its tables, the embedding's tables, the identity.
 *
 * Invariant: nothing in it changes between create and free.
 */
#include "ckks/params/context.h"

#include <stdio.h>
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/check.h"
#include "ckks/base/mem.h"
#include "ckks/random/chacha.h"

size_t ckks_context_block(uint8_t out[CKKS_PARAMS_BLOCK_MAX], const ckks_params *params)
{
    size_t at = 0;

    ckks_store_u32le(out, (uint32_t)params->ring);
    ckks_store_u32le(out + 4, (uint32_t)params->log_n);
    ckks_store_u32le(out + 8, (uint32_t)params->q_count);
    ckks_store_u32le(out + 12, (uint32_t)params->p_count);
    at = 16;
    for (int i = 0; i < params->q_count; i++, at += 8)
        ckks_store_u64le(out + at, params->q[i]);
    for (int i = 0; i < params->p_count; i++, at += 8)
        ckks_store_u64le(out + at, params->p[i]);
    ckks_store_u32le(out + at, (uint32_t)params->security_bits);
    ckks_store_u32le(out + at + 4, (uint32_t)params->insecure_test);
    return at + 8;
}

uint64_t ckks_context_hash(const ckks_params *params)
{
    /* A chain over the ChaCha block function: state <- first 32 bytes of block(key = state,
     * counter and nonce = the next 16 bytes). Starts from zero; the last piece is padded with
     * zeros, which is unambiguous because the block begins with its own counts. */
    uint8_t block[CKKS_PARAMS_BLOCK_MAX + 16] = {0};
    size_t size = ckks_context_block(block, params);
    uint8_t state[32] = {0};

    for (size_t at = 0; at < size; at += 16) {
        uint32_t words[16];
        ckks_chacha_block(words, state, ckks_load_u64le(block + at),
                          ckks_load_u64le(block + at + 8));
        for (size_t i = 0; i < 8; i++)
            ckks_store_u32le(state + 4 * i, words[i]);
    }
    return ckks_load_u64le(state);
}

double ckks_context_log2_q(const ckks_context *ctx, int limbs)
{
    return ckks_params_log2_qp(&ctx->params, limbs, 0);
}

/* Copy the name, so that the caller's string need not live. */
static ckks_status keep_kernel_name(ckks_context *ctx, const char *name)
{
    ctx->params.kernel = NULL;
    if (name == NULL)
        return CKKS_OK;
    if (strlen(name) >= sizeof ctx->kernel_name)
        return CKKS_ERR_PARAMS;
    memcpy(ctx->kernel_name, name, strlen(name) + 1);
    ctx->params.kernel = ctx->kernel_name;
    return CKKS_OK;
}

ckks_status ckks_context_create(ckks_context **out, const ckks_params *params, char *why,
                                size_t why_size)
{
    ckks_context *ctx = NULL;
    int real = 0;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    st = ckks_params_check(params, why, why_size);
    if (st != CKKS_OK)
        return st;
    real = params->ring == CKKS_RING_REAL;
    ctx = ckks_mem_alloc_zero(&params->allocator, sizeof *ctx);
    if (ctx == NULL) {
        st = CKKS_ERR_MEMORY;
        goto out;
    }
    ctx->params = *params;
    ctx->n = (size_t)1 << params->log_n;
    ctx->slots = real ? ctx->n : ctx->n / 2;
    ctx->slot_norm2 = (double)(ctx->n << real);
    ctx->secret_norm2 = 2.0 * ctx->slot_norm2 / 3.0;
    ctx->id = ckks_context_hash(params);
    CKKS_TRY(keep_kernel_name(ctx, params->kernel));
    CKKS_TRY(ckks_ring_init(&ctx->ring, params->ring, params->log_n, params->q, params->q_count,
                            params->p, params->p_count, ctx->params.kernel,
                            &ctx->params.allocator));
    CKKS_TRY(ckks_fft_init(&ctx->fft, params->log_n + real, ctx->ring.modulus[0].kernel,
                           &ctx->params.allocator));
    ctx->bytes = sizeof *ctx + ckks_ring_bytes(&ctx->ring) + 8 * (ctx->n << real);
    *out = ctx;
    return CKKS_OK;
out:
    if (why != NULL && why_size > 0) {
        const char *text = st == CKKS_ERR_MEMORY
                               ? "no memory for the tables of N = 2^%d with %d primes"
                           : st == CKKS_ERR_SELFTEST
                               ? "a kernel computes wrongly on this machine (N = 2^%d, %d primes)"
                               : "no such kernel, or it cannot serve N = 2^%d with %d primes";
        (void)snprintf(why, why_size, text, params->log_n, params->q_count + params->p_count);
    }
    ckks_context_free(ctx);
    return st;
}

void ckks_context_free(ckks_context *ctx)
{
    ckks_allocator allocator;

    if (ctx == NULL)
        return;
    allocator = ctx->params.allocator;
    ckks_fft_clear(&ctx->fft);
    ckks_ring_clear(&ctx->ring);
    ckks_mem_free(&allocator, ctx, sizeof *ctx);
}

const ckks_params *ckks_context_params(const ckks_context *ctx)
{
    return &ctx->params;
}

uint64_t ckks_context_id(const ckks_context *ctx)
{
    return ctx->id;
}

size_t ckks_context_slots(const ckks_context *ctx)
{
    return ctx->slots;
}

const char *ckks_context_kernel(const ckks_context *ctx)
{
    return ctx->ring.modulus[0].kernel->name;
}

size_t ckks_context_bytes(const ckks_context *ctx)
{
    return ctx->bytes;
}
