/* Networks on offer. */
#include "tools/serve/host.h"

#include <stdlib.h>
#include <string.h>

#include "channel/hash.h"
#include "tools/cli.h"
#include "tools/planning.h"

/* Bytes of a written ciphertext beside its residues, at most: two heads of 40 and a seed of 32. */
enum { CIPHERTEXT_HEAD = 128 };

/* The file's name as clients ask for it. */
static int take_name(host *h, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t n = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);

    if (n <= SERVICE_NAME_MOST) {
        memcpy(h->name, name, n);
        h->name[n] = '\0';
    }
    if (n > SERVICE_NAME_MOST || !service_name_good(h->name))
        return cli_fail(CLI_USAGE, path,
                        "clients ask for a network by its file's name: it has to be of 1 to %d "
                        "letters, digits, dots, dashes and underlines",
                        SERVICE_NAME_MOST);
    return CLI_OK;
}

/* What clients are told and held to. */
static int make_offer(host *h)
{
    const nn_forecast *f = nn_plan_forecast(h->plan);
    nn_client *client = NULL;
    size_t used = 0;
    int st = nn_client_of_plan(&client, h->plan);

    if (st != NN_OK)
        return cli_fail_status(st, h->path, "");
    h->offer.plan_size = nn_client_wire_bytes(client);
    h->plan_file = malloc(h->offer.plan_size);
    st = h->plan_file != NULL ? nn_client_write(h->plan_file, h->offer.plan_size, &used, client)
                              : NN_ERR_MEMORY;
    if (st != NN_OK) {
        nn_client_free(client);
        return cli_fail_status(st, h->path, "no memory for the plan's file");
    }
    h->offer.plan = h->plan_file;
    channel_hash(h->offer.digest, h->plan_file, h->offer.plan_size);
    h->offer.keys_bytes = ENVELOPE_BYTES + ckks_specs_wire_bytes(h->ctx, nn_client_keys(client),
                                                                 nn_client_key_count(client));
    h->requests = nn_client_requests(client);
    h->offer.request_bytes = ENVELOPE_BYTES + f->request_bytes + h->requests * CIPHERTEXT_HEAD;
    h->responses = nn_client_responses(client);
    h->key_memory = f->eval_key_memory;
    st = load_ids(&h->ids, client);
    nn_client_free(client);
    return st;
}

int host_open(host *h, const char *path, const nn_plan_options *planning, int threads)
{
    const nn_program_options o = {.threads = threads, .release = 1};
    char why[WHY_BYTES] = "";
    int st;

    memset(h, 0, sizeof *h);
    h->path = path;
    st = take_name(h, path);
    if (st == CLI_OK)
        st = load_model(&h->model, path);
    if (st == CLI_OK)
        st = planning_make(&h->plan, h->model, planning, path);
    if (st == CLI_OK)
        st = load_context(&h->ctx, nn_plan_params(h->plan), path);
    if (st == CLI_OK)
        st = make_offer(h);
    if (st != CLI_OK)
        return st;
    st = nn_program_create(&h->program, h->plan, h->ctx, &o, why, sizeof why);
    return st == NN_OK ? CLI_OK : cli_fail_status(st, path, why);
}

void host_close(host *h)
{
    free(h->plan_file);
    nn_program_free(h->program);
    ckks_context_free(h->ctx);
    nn_plan_free(h->plan);
    nn_model_free(h->model);
    memset(h, 0, sizeof *h);
}

size_t host_upload_bytes(const host *h)
{
    return (size_t)h->offer.keys_bytes + h->key_memory;
}

void host_keys_free(void *keys)
{
    host_keys *k = keys;

    if (k != NULL)
        ckks_eval_keys_free(k->keys);
    free(k);
}

int host_bench_make(host_bench *b, const host *h, int threads)
{
    int st;

    if (b->worker != NULL)
        return CLI_OK;
    st = load_worker(&b->worker, h->ctx, nn_program_scratch_bytes(h->program, threads), threads);
    if (st == CLI_OK)
        st = message_make(&b->request, h->ctx, h->requests);
    if (st == CLI_OK)
        st = message_make(&b->response, h->ctx, h->responses);
    if (st != CLI_OK)
        host_bench_free(b);
    return st;
}

void host_bench_free(host_bench *b)
{
    message_free(&b->request);
    message_free(&b->response);
    ckks_worker_free(b->worker);
    memset(b, 0, sizeof *b);
}

int host_load_keys(host_keys **out, const host *h, host_bench *b, const file_bytes *file,
                   const uint8_t digest[SERVICE_DIGEST])
{
    uint8_t found[SERVICE_DIGEST];
    host_keys *k;
    int st;

    *out = NULL;
    channel_hash(found, file->data, file->size);
    if (memcmp(found, digest, sizeof found) != 0)
        return cli_fail(CLI_DAMAGED, "the evaluation keys",
                        "their digest is not the one announced");
    k = calloc(1, sizeof *k);
    if (k == NULL)
        return cli_fail(CLI_MEMORY, "the evaluation keys", "no memory for them");
    k->ids = h->ids;
    k->host = h->number;
    st = load_unpack_keys(b->worker, &k->keys, &k->ids, file, "the evaluation keys");
    if (st != CLI_OK) {
        free(k);
        return st;
    }
    k->bytes = ckks_eval_keys_bytes(k->keys);
    *out = k;
    return CLI_OK;
}

int host_infer(file_bytes *response, double *begun, const host *h, host_bench *b,
               const host_keys *keys, const file_bytes *request, const nn_watch *watch)
{
    char why[WHY_BYTES] = "";
    int st =
        load_unpack(b->worker, &b->request, request, ENVELOPE_REQUEST, &keys->ids, "the request");

    *response = (file_bytes){NULL, 0};
    *begun = cli_seconds();
    if (st != CLI_OK)
        return st;
    st = ckks_worker_use_keys(b->worker, keys->keys);
    if (st == CKKS_OK)
        st = nn_program_run(h->program, b->worker, b->response.part, message_parts(&b->request),
                            watch, why, sizeof why);
    if (st != NN_OK)
        st = cli_fail_status(st, "the request", *why != '\0' ? why : ckks_worker_error(b->worker));
    else
        st = load_pack(response, &b->response, ENVELOPE_RESPONSE, &keys->ids, NULL);
    /* The loan ends here: the keys may be put out before this worker's next request. */
    if (ckks_worker_use_keys(b->worker, NULL) != CKKS_OK && st == CLI_OK)
        st = cli_fail(CLI_FAULT, NULL, "a worker does not give keys back");
    return st;
}
