/* Client and server in one process. */
#include "tools/session.h"

#include <string.h>

#include "tools/cli.h"
#include "tools/load.h"
#include "tools/planning.h"
#include "tools/progress.h"

/* The worker of key generation is gone before the weights are encoded, so that the two never stand
 * in memory together. */
static int make_keys(session *s)
{
    ckks_worker *w = NULL;
    int st = load_worker(&w, s->ctx, 0);

    if (st != CLI_OK)
        return st;
    st = ckks_secret_key_create(w, &s->sk);
    if (st == CKKS_OK)
        st = ckks_eval_keys_create(w, &s->keys, s->sk, nn_client_keys(s->client),
                                   nn_client_key_count(s->client));
    if (st != CKKS_OK)
        st = cli_fail_status(st, NULL, ckks_worker_error(w));
    ckks_worker_free(w);
    return st;
}

static int make_plan(session *s, const char *name, const nn_plan_options *options)
{
    int st = planning_make(&s->plan, s->model, options, name);

    if (st != CLI_OK)
        return st;
    st = nn_client_of_plan(&s->client, s->plan);
    if (st != NN_OK)
        return cli_fail_status(st, name, "");
    return load_context(&s->ctx, nn_plan_params(s->plan), name);
}

static int make_program(session *s, const char *name)
{
    char why[WHY_BYTES] = "";
    int st = nn_program_create(&s->program, s->plan, s->ctx, why, sizeof why);
    return st == NN_OK ? CLI_OK : cli_fail_status(st, name, why);
}

int session_open(session *s, const char *model_path, const nn_plan_options *options)
{
    progress p;
    double start;
    int st;

    memset(s, 0, sizeof *s);
    st = load_model(&s->model, model_path);
    if (st != CLI_OK)
        return st;
    progress_begin(&p, "preparing", 0);
    progress_show(&p, 0, "planning the network");
    start = cli_seconds();
    st = make_plan(s, model_path, options);
    s->plan_ms = 1e3 * (cli_seconds() - start);
    if (st == CLI_OK) {
        progress_show(&p, 0, "making keys");
        start = cli_seconds();
        st = make_keys(s);
        s->keygen_ms = 1e3 * (cli_seconds() - start);
    }
    if (st == CLI_OK) {
        progress_show(&p, 0, "encoding weights");
        start = cli_seconds();
        st = make_program(s, model_path);
        s->program_ms = 1e3 * (cli_seconds() - start);
    }
    progress_end(&p);
    return st;
}

void session_close(session *s)
{
    nn_program_free(s->program);
    ckks_eval_keys_free(s->keys);
    ckks_secret_key_free(s->sk);
    ckks_context_free(s->ctx);
    nn_client_free(s->client);
    nn_plan_free(s->plan);
    nn_model_free(s->model);
    memset(s, 0, sizeof *s);
}

int session_worker(ckks_worker **out, const session *s)
{
    int st = load_worker(out, s->ctx, nn_program_scratch_bytes(s->program));

    if (st != CLI_OK)
        return st;
    st = ckks_worker_use_keys(*out, s->keys);
    if (st == CKKS_OK)
        return CLI_OK;
    st = cli_fail_status(st, NULL, ckks_worker_error(*out));
    ckks_worker_free(*out);
    *out = NULL;
    return st;
}
