/* One job for each of many objects, each done by one thread: threads then meet once, and not in
 * every loop of every operation.
 */
#include <string.h>

#include "ckks/base/parallel.h"
#include "ckks/circuits.h"
#include "ckks/scheme/worker.h"

/* A thread's own worker, and where it failed. */
typedef struct lane {
    ckks_worker worker;
    ckks_status status;
    size_t failed; /* the job that failed first, when status says so */
} lane;

/* Scratch of one lane: what every worker has, and the circuits' share. */
static size_t lane_bytes(const ckks_context *ctx, size_t circuit_bytes)
{
    size_t base = ckks_worker_base_rows(ctx, 1) * ctx->n * sizeof(uint64_t);

    return ckks_arena_round(base) + ckks_arena_round(circuit_bytes);
}

size_t ckks_worker_each_bytes(const ckks_context *ctx, size_t circuit_bytes, int threads)
{
    threads = ckks_parallel_threads(threads);
    return threads == 1 ? ckks_arena_round(circuit_bytes)
                        : ckks_arena_round((size_t)threads * sizeof(lane)) +
                              (size_t)threads * lane_bytes(ctx, circuit_bytes);
}

static ckks_status one_by_one(ckks_worker *w, ckks_worker_job job, void *user, size_t count)
{
    ckks_status st = CKKS_OK;

    for (size_t i = 0; i < count && st == CKKS_OK; i++)
        st = job(w, user, i);
    return st;
}

/* The lanes of a team; NULL when the scratch does not do. */
static lane *make_lanes(ckks_worker *w, size_t circuit_bytes)
{
    size_t bytes = lane_bytes(w->ctx, circuit_bytes), count = (size_t)w->threads;
    lane *lanes = ckks_arena_take(&w->arena, count * sizeof *lanes);
    unsigned char *scratch = ckks_arena_take(&w->arena, count * bytes);

    if (lanes == NULL || scratch == NULL)
        return NULL;
    memset(lanes, 0, count * sizeof *lanes);
    for (size_t t = 0; t < count; t++) {
        lanes[t].worker.ctx = w->ctx;
        lanes[t].worker.threads = 1;
        lanes[t].worker.keys = w->keys;
        ckks_arena_init(&lanes[t].worker.arena, scratch + t * bytes, bytes);
    }
    return lanes;
}

ckks_status ckks_worker_each(ckks_worker *w, ckks_worker_job job, void *user, size_t count,
                             size_t circuit_bytes)
{
    const lane *first = NULL;
    lane *lanes = NULL;
    size_t mark = 0;

    if (w == NULL || job == NULL)
        return CKKS_ERR_ARG;
    if (w->threads == 1)
        return one_by_one(w, job, user, count);
    mark = ckks_arena_mark(&w->arena);
    lanes = make_lanes(w, circuit_bytes);
    if (lanes == NULL) {
        ckks_arena_release(&w->arena, mark);
        return ckks_worker_fail(w, CKKS_ERR_MEMORY,
                                "each: the worker's scratch does not do for %d threads: create it "
                                "with the circuit_bytes of ckks_worker_each_bytes",
                                w->threads);
    }
    CKKS_PARALLEL_ROWS(w)
    for (size_t i = 0; i < count; i++) {
        lane *my = &lanes[ckks_parallel_lane()];
        if (my->status == CKKS_OK) {
            my->status = job(&my->worker, user, i);
            my->failed = i;
        }
    }
    for (int t = 0; t < w->threads; t++)
        if (lanes[t].status != CKKS_OK && (first == NULL || lanes[t].failed < first->failed))
            first = &lanes[t];
    if (first != NULL)
        memcpy(w->error, first->worker.error, sizeof w->error);
    ckks_status st = first != NULL ? first->status : CKKS_OK;
    ckks_arena_release(&w->arena, mark);
    return st;
}
