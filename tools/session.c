/* Client and server in one process. */
#include "tools/session.h"

#include <string.h>

#include "tools/cli.h"
#include "tools/load.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/progress.h"

/* The worker of key generation is gone before the weights are encoded, so that the two never stand
 * in memory together. */
static int make_keys(session *s)
{
    const ckks_key_spec *specs =
        s->batch != NULL ? nn_batch_client_keys(s->batch_client) : nn_client_keys(s->client);
    size_t count = s->batch != NULL ? nn_batch_client_key_count(s->batch_client)
                                    : nn_client_key_count(s->client);
    ckks_worker *w = NULL;
    progress p;
    int st = load_worker(&w, s->ctx, 0, parallel_default_threads());

    if (st != CLI_OK)
        return st;
    progress_begin(&p, "making keys", count);
    ckks_worker_tell(w, progress_of_keys, &p);
    st = ckks_secret_key_create(w, &s->sk);
    if (st == CKKS_OK)
        st = ckks_eval_keys_create(w, &s->keys, s->sk, specs, count);
    progress_end(&p);
    if (st != CKKS_OK)
        st = cli_fail_status(st, NULL, ckks_worker_error(w));
    ckks_worker_free(w);
    return st;
}

static int make_context(session *s, const char *name)
{
    int st = s->batch != NULL ? nn_batch_client_of(&s->batch_client, s->batch)
                              : nn_client_of_plan(&s->client, s->plan);

    if (st != NN_OK)
        return cli_fail_status(st, name, "");
    return load_context(
        &s->ctx, s->batch != NULL ? nn_batch_params(s->batch) : nn_plan_params(s->plan), name);
}

static int make_program(session *s, const char *name, int release)
{
    progress p;
    const nn_watch watch = {.progress = progress_of_step, .user = &p};
    const nn_program_options o = {
        .threads = parallel_default_threads(), .release = release, .watch = &watch};
    char why[WHY_BYTES] = "";
    int st;

    progress_begin(&p, "encoding weights", s->plan != NULL ? nn_plan_steps(s->plan) : 0);
    st = s->batch != NULL
             ? nn_batch_program_create(&s->batch_program, s->batch, s->ctx, why, sizeof why)
             : nn_program_create(&s->program, s->plan, s->ctx, &o, why, sizeof why);
    progress_end(&p);
    return st == NN_OK ? CLI_OK : cli_fail_status(st, name, why);
}

/* Everything behind the plan, whose matrices may be released. */
static int prepare(session *s, const char *name, int release)
{
    double start = cli_seconds();
    int st = make_context(s, name);

    if (st == CLI_OK) {
        st = make_keys(s);
        s->keygen_ms = 1e3 * (cli_seconds() - start);
    }
    if (st == CLI_OK) {
        start = cli_seconds();
        st = make_program(s, name, release);
        s->program_ms = 1e3 * (cli_seconds() - start);
    }
    return st;
}

int session_open(session *s, const char *model_path, const nn_plan_options *options)
{
    double start;
    int st;

    memset(s, 0, sizeof *s);
    s->images = 1;
    st = load_model(&s->model, model_path);
    if (st != CLI_OK)
        return st;
    start = cli_seconds();
    st = planning_make(&s->plan, s->model, options, model_path);
    s->plan_ms = 1e3 * (cli_seconds() - start);
    if (st == CLI_OK)
        st = prepare(s, model_path, 0);
    return st;
}

int session_open_packed(session *s, nn_model *model, packing_list *list, const char *name)
{
    packing *chosen = &list->item[list->chosen];

    memset(s, 0, sizeof *s);
    s->model = model;
    s->plan = chosen->plan;
    s->batch = chosen->batch;
    s->images = chosen->images;
    chosen->plan = NULL;
    chosen->batch = NULL;
    packing_free(list); /* the other plans */
    return prepare(s, name, 1);
}

void session_close(session *s)
{
    nn_program_free(s->program);
    nn_batch_program_free(s->batch_program);
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_context_free(s->ctx);
    nn_client_free(s->client);
    nn_batch_client_free(s->batch_client);
    nn_plan_free(s->plan);
    nn_batch_free(s->batch);
    nn_model_free(s->model);
    memset(s, 0, sizeof *s);
}

int session_worker(ckks_worker **out, const session *s, int threads)
{
    size_t scratch = s->batch != NULL ? nn_batch_program_scratch_bytes(s->batch_program, threads)
                                      : nn_program_scratch_bytes(s->program, threads);
    int st = ckks_worker_create_team(out, s->ctx, scratch, threads);

    if (st == CKKS_OK)
        st = ckks_worker_use_keys(*out, s->keys);
    if (st == CKKS_OK)
        return CLI_OK;
    st = cli_fail_status(st, NULL, *out != NULL ? ckks_worker_error(*out) : "");
    ckks_worker_free(*out);
    *out = NULL;
    return st;
}
