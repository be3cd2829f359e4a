/* Workers. Scratch is one block of a size known when the worker is made; operations only move
 * its mark. */
#include "ckks/scheme/worker.h"

#include <stdarg.h>
#include <stdio.h>

#include "ckks/random/entropy.h"
#include "ckks/scheme/object.h"

size_t ckks_worker_base_rows(const ckks_context *ctx, int threads)
{
    size_t limbs = (size_t)ctx->params.q_count;
    size_t special = (size_t)ctx->params.p_count;

    size_t lane = limbs + 1 > 3 ? limbs + 1 : 3;

    /* The hungriest operation is ckks_eval_rotate_many: accumulators of 2 (limbs + special) rows
     * for each of the hoisted rotations, their permutations in one row, and of the input the
     * coefficient form and quotients, limbs rows each at most; for each lane P c0 and the digits. A
     * product takes less: three parts of limbs rows, one accumulator, and the same of one part. So
     * does making keys, but for a lane, which takes three rows there. */
    return CKKS_WORKER_HOIST * 2 * (limbs + special) + 1 + 2 * limbs + (size_t)threads * lane;
}

size_t ckks_worker_circuit_bytes(const ckks_context *ctx, size_t rows, int threads)
{
    size_t base = ckks_worker_base_rows(ctx, threads);

    return rows <= base ? 0 : (rows - base) * ctx->n * sizeof(uint64_t);
}

ckks_status ckks_worker_create_team(ckks_worker **out, const ckks_context *ctx,
                                    size_t circuit_bytes, int threads)
{
    ckks_worker *w = NULL;
    size_t rows_bytes = 0;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (ctx == NULL || threads < 1 || threads > CKKS_PARALLEL_MAX)
        return CKKS_ERR_ARG;
    threads = ckks_parallel_threads(threads);
    if (!ckks_size_mul(&rows_bytes, ckks_worker_base_rows(ctx, threads),
                       ctx->n * sizeof(uint64_t)) ||
        circuit_bytes > SIZE_MAX / 2 - rows_bytes)
        return CKKS_ERR_MEMORY;
    w = ckks_mem_alloc_zero(&ctx->params.allocator, sizeof *w);
    if (w == NULL)
        return CKKS_ERR_MEMORY;
    w->ctx = ctx;
    w->threads = threads;
    w->arena.size = rows_bytes + circuit_bytes;
    w->arena.base = ckks_mem_alloc(&ctx->params.allocator, w->arena.size);
    if (w->arena.base == NULL) {
        w->arena.size = 0;
        ckks_worker_free(w);
        return CKKS_ERR_MEMORY;
    }
    *out = w;
    return CKKS_OK;
}

ckks_status ckks_worker_create(ckks_worker **out, const ckks_context *ctx, size_t circuit_bytes)
{
    return ckks_worker_create_team(out, ctx, circuit_bytes, 1);
}

int ckks_worker_threads(const ckks_worker *w)
{
    return w->threads;
}

void ckks_worker_free(ckks_worker *w)
{
    const ckks_allocator *allocator = NULL;

    if (w == NULL)
        return;
    allocator = &w->ctx->params.allocator;
    if (w->arena.base != NULL) {
        /* What held secrets was wiped when it was released. */
        ckks_mem_free(allocator, w->arena.base, w->arena.size);
    }
    ckks_mem_free(allocator, w, sizeof *w);
}

const char *ckks_worker_error(const ckks_worker *w)
{
    return w->error;
}

size_t ckks_worker_bytes(const ckks_worker *w)
{
    return sizeof *w + w->arena.size;
}

ckks_status ckks_worker_use_keys(ckks_worker *w, const ckks_eval_keys *keys)
{
    if (w == NULL)
        return CKKS_ERR_ARG;
    if (keys != NULL && keys->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "evaluation keys of other parameters than the worker's");
    w->keys = keys;
    return CKKS_OK;
}

void ckks_worker_tell(ckks_worker *w, ckks_progress progress, void *user)
{
    w->progress = progress;
    w->progress_user = user;
}

ckks_status ckks_worker_fail(ckks_worker *w, ckks_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(w->error, sizeof w->error, format, args);
    va_end(args);
    return status;
}

ckks_status ckks_worker_rows(ckks_worker *w, uint64_t **out, size_t count)
{
    size_t bytes = 0;

    *out = NULL;
    if (ckks_size_mul(&bytes, count, w->ctx->n * sizeof(uint64_t)))
        *out = ckks_arena_take(&w->arena, bytes);
    if (*out == NULL)
        return ckks_worker_fail(
            w, CKKS_ERR_MEMORY,
            "%zu more bytes of scratch are needed and %zu of %zu are in use: create the worker "
            "with the circuit_bytes that the circuit asks for",
            bytes, w->arena.used, w->arena.size);
    return CKKS_OK;
}

ckks_status ckks_worker_need_rows(ckks_worker *w, size_t count)
{
    size_t mark = ckks_arena_mark(&w->arena);
    size_t peak = w->arena.peak;
    uint64_t *rows = NULL;
    ckks_status st = ckks_worker_rows(w, &rows, count);

    ckks_arena_release(&w->arena, mark);
    w->arena.peak = peak;
    return st;
}

ckks_status ckks_worker_seed(ckks_worker *w, uint8_t out[CKKS_SEED_BYTES])
{
    if (ckks_entropy_from(&w->ctx->params.entropy, out) == CKKS_OK)
        return CKKS_OK;
    return ckks_worker_fail(w, CKKS_ERR_ENTROPY, "no randomness: the entropy source failed");
}

const ckks_context *ckks_worker_context(const ckks_worker *w)
{
    return w->ctx;
}
