/* Many jobs shared among threads: every job once, scratch and keys of its own, the first failure.
 */
#include "tests/scheme.h"

#include "ckks/circuits.h"
#include "ckks/scheme/worker.h"

enum { JOBS = 37, LOG_N = 6 };

typedef struct record {
    int done[JOBS];
    int bad, worse; /* jobs that fail; -1: none */
    const ckks_eval_keys *keys;
    size_t scratch;
} record;

static ckks_status job(ckks_worker *mine, void *user, size_t i)
{
    record *r = user;
    uint64_t *rows = NULL;

    r->done[i]++;
    assert_int_equal(ckks_worker_threads(mine), 1);
    assert_ptr_equal(mine->keys, r->keys);
    /* The scratch is there, and nobody else's: what is written stays. */
    ckks_status st = ckks_worker_rows(mine, &rows, ckks_worker_base_rows(mine->ctx, 1));
    assert_int_equal(st, CKKS_OK);
    memset(rows, (int)i, mine->ctx->n * sizeof *rows);
    if (r->scratch > 0)
        assert_non_null(ckks_arena_take(&mine->arena, r->scratch));
    for (size_t k = 0; k < mine->ctx->n * sizeof *rows; k++)
        assert_int_equal(((const unsigned char *)rows)[k], (int)i);
    ckks_arena_release(&mine->arena, 0);
    if ((int)i == r->bad || (int)i == r->worse)
        return ckks_worker_fail(mine, CKKS_ERR_LEVEL, "job %zu failed", i);
    return CKKS_OK;
}

static void all_jobs_are_done_once(void **state)
{
    const ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, 2, 1, 1};
    ckks_params params = scheme_params(LOG_N, 2, 40, 1);
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_keys(&s, &spec, 1);
    for (int threads = 1; threads <= 5; threads += 2) {
        for (size_t scratch = 0; scratch <= 1000; scratch += 1000) {
            record r = {.bad = -1, .worse = -1, .keys = s.keys, .scratch = scratch};
            ckks_worker *w = NULL;
            scheme_ok(NULL, ckks_worker_create_team(&w, s.ctx,
                                                    ckks_worker_each_bytes(s.ctx, scratch, threads),
                                                    threads));
            scheme_ok(w, ckks_worker_use_keys(w, s.keys));
            scheme_ok(w, ckks_worker_each(w, job, &r, JOBS, scratch));
            for (int i = 0; i < JOBS; i++)
                assert_int_equal(r.done[i], 1);
            assert_int_equal(w->arena.used, 0);
            scheme_ok(w, ckks_worker_each(w, job, &r, 0, scratch));
            ckks_worker_free(w);
        }
    }
    scheme_stop(&s);
}

static void the_first_failure_is_told(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 40, 0);
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int threads = 1; threads <= 4; threads++) {
        record r = {.bad = 30, .worse = 11};
        ckks_worker *w = NULL;
        scheme_ok(NULL, ckks_worker_create_team(
                            &w, s.ctx, ckks_worker_each_bytes(s.ctx, 0, threads), threads));
        assert_int_equal(ckks_worker_each(w, job, &r, JOBS, 0), CKKS_ERR_LEVEL);
        assert_string_equal(ckks_worker_error(w), "job 11 failed");
        assert_int_equal(r.done[11], 1);
        assert_int_equal(r.done[12], 0);
        assert_int_equal(w->arena.used, 0);
        ckks_worker_free(w);
    }
    scheme_stop(&s);
}

static void what_cannot_begin_is_refused(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 40, 0);
    record r = {.bad = -1, .worse = -1};
    ckks_worker *w = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(NULL, ckks_worker_create_team(&w, s.ctx, 0, 4));
    assert_int_equal(ckks_worker_each(NULL, job, &r, JOBS, 0), CKKS_ERR_ARG);
    assert_int_equal(ckks_worker_each(w, NULL, &r, JOBS, 0), CKKS_ERR_ARG);
    if (ckks_worker_threads(w) == 4) { /* one thread without OpenMP, which needs nothing */
        assert_int_equal(ckks_worker_each(w, job, &r, JOBS, 0), CKKS_ERR_MEMORY);
        assert_non_null(strstr(ckks_worker_error(w), "4 threads"));
        assert_int_equal(r.done[0], 0);
        assert_int_equal(w->arena.used, 0);
    }
    ckks_worker_free(w);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_jobs_are_done_once),
        cmocka_unit_test(the_first_failure_is_told),
        cmocka_unit_test(what_cannot_begin_is_refused),
    };
    return cmocka_run_group_tests_name("worker_each", tests, NULL, NULL);
}
