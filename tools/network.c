/* See tools/network.h. */
#include "tools/network.h"

#include <string.h>

#include "tools/cli.h"
#include "tools/planning.h"

int network_plan(network *n, const char *path, const nn_plan_options *planning)
{
    int st;

    memset(n, 0, sizeof *n);
    n->name = file_input_name(path);
    st = load_model(&n->model, path);
    if (st == CLI_OK)
        st = planning_make(&n->plan, n->model, planning, n->name);
    if (st == CLI_OK)
        st = load_context(&n->ctx, nn_plan_params(n->plan), n->name);
    if (st != CLI_OK)
        return st;
    st = nn_client_of_plan(&n->client, n->plan);
    return st == NN_OK ? load_plan_file(&n->plan_file, &n->ids, n->client)
                       : cli_fail_status(st, n->name, "");
}

int network_encode(network *n, int threads, const nn_watch *watch)
{
    const nn_program_options o = {.threads = threads, .release = 1, .watch = watch};
    char why[WHY_BYTES] = "";
    int st = nn_program_create(&n->program, n->plan, n->ctx, &o, why, sizeof why);

    return st == NN_OK ? CLI_OK : cli_fail_status(st, n->name, why);
}

void network_close(network *n)
{
    file_free(&n->plan_file);
    nn_client_free(n->client);
    nn_program_free(n->program);
    ckks_context_free(n->ctx);
    nn_plan_free(n->plan);
    nn_model_free(n->model);
    memset(n, 0, sizeof *n);
}

int network_bench_make(network_bench *b, const network *n, int threads)
{
    int st;

    memset(b, 0, sizeof *b);
    st = message_make(&b->request, n->ctx, nn_client_requests(n->client));
    if (st == CLI_OK)
        st = message_make(&b->response, n->ctx, nn_client_responses(n->client));
    if (st == CLI_OK)
        st = network_bench_equip(b, n, threads);
    if (st != CLI_OK)
        network_bench_free(b);
    return st;
}

int network_bench_equip(network_bench *b, const network *n, int threads)
{
    size_t scratch = n->program != NULL ? nn_program_scratch_bytes(n->program, threads) : 0;

    ckks_worker *made;
    int st = load_worker(&made, n->ctx, scratch, threads);

    if (st == CLI_OK) {
        ckks_worker_free(b->worker);
        b->worker = made;
    }
    return st;
}

void network_bench_free(network_bench *b)
{
    message_free(&b->request);
    message_free(&b->response);
    ckks_worker_free(b->worker);
    memset(b, 0, sizeof *b);
}

int network_run(file_bytes *response, const network *n, network_bench *b,
                const ckks_eval_keys *keys, const envelope_ids *ids, const uint8_t *digest,
                const nn_watch *watch, const char *name)
{
    char why[WHY_BYTES] = "";
    int st = ckks_worker_use_keys(b->worker, keys);

    *response = (file_bytes){NULL, 0};
    if (st == CKKS_OK)
        st = nn_program_run(n->program, b->worker, b->response.part, message_parts(&b->request),
                            watch, why, sizeof why);
    if (st != NN_OK)
        st = cli_fail_status(st, name, *why != '\0' ? why : ckks_worker_error(b->worker));
    else
        st = load_pack(response, &b->response, ENVELOPE_RESPONSE, ids, digest);
    /* The loan ends here: the keys may be gone before this worker's next request. */
    if (ckks_worker_use_keys(b->worker, NULL) != CKKS_OK && st == CLI_OK) {
        file_free(response);
        st = cli_fail(CLI_FAULT, NULL, "a worker does not give keys back");
    }
    return st;
}
