/* A thread's own things: scratch, the last error's text, the loan of evaluation keys; and the
 * number of threads that its operations share their loops among. */
#ifndef UNSEEN_CKKS_SCHEME_WORKER_H
#define UNSEEN_CKKS_SCHEME_WORKER_H

#include "ckks/base/mem.h"
#include "ckks/base/parallel.h"
#include "ckks/ckks.h"
#include "ckks/params/context.h"

enum {
    CKKS_WORKER_ERROR_BYTES = 240,
    /* Rotations of ckks_eval_rotate_many that share one decomposition with the base scratch
     * alone. */
    CKKS_WORKER_HOIST = 4
};

struct ckks_worker {
    const ckks_context *ctx;
    int threads; /* 1 .. CKKS_PARALLEL_MAX: lanes of scratch, see parallel.h */
    ckks_arena arena;
    const ckks_eval_keys *keys; /* borrowed, or NULL */
    ckks_progress progress;     /* whom long work tells, or NULL */
    void *progress_user;
    char error[CKKS_WORKER_ERROR_BYTES];
};

/** Note what went wrong, with the numbers and without secrets.
 *
 *  Returns  status, so that a caller can write return ckks_worker_fail(...)
 */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
ckks_status
ckks_worker_fail(ckks_worker *w, ckks_status status, const char *format, ...);

/** Rows of scratch that any single operation of ckks.h may take with so many threads. */
size_t ckks_worker_base_rows(const ckks_context *ctx, int threads);

/** Bytes that so many rows take beyond the base: the circuit_bytes of a worker that needs them. */
size_t ckks_worker_circuit_bytes(const ckks_context *ctx, size_t rows, int threads);

/** count rows of N words from the arena.
 *
 *  Fails:   CKKS_ERR_MEMORY when the scratch is used up; the text names both sizes
 */
ckks_status ckks_worker_rows(ckks_worker *w, uint64_t **out, size_t count);

/** Check that count rows are free before anything changes.  Fails: CKKS_ERR_MEMORY, as above */
ckks_status ckks_worker_need_rows(ckks_worker *w, size_t count);

/** A seed from params.entropy or the system.  Fails: CKKS_ERR_ENTROPY; out is then zero */
ckks_status ckks_worker_seed(ckks_worker *w, uint8_t out[CKKS_SEED_BYTES]);

#endif
