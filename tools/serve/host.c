/* Networks on offer. */
#include "tools/serve/host.h"

#include <stdlib.h>
#include <string.h>

#include "channel/hash.h"
#include "tools/cli.h"

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
static void make_offer(host *h)
{
    const network *n = &h->net;
    const nn_forecast *f = nn_plan_forecast(n->plan);

    h->offer.plan = n->plan_file.data;
    h->offer.plan_size = n->plan_file.size;
    channel_hash(h->offer.digest, n->plan_file.data, n->plan_file.size);
    h->offer.keys_bytes = ENVELOPE_BYTES + ckks_specs_wire_bytes(n->ctx, nn_client_keys(n->client),
                                                                 nn_client_key_count(n->client));
    h->offer.request_bytes =
        ENVELOPE_BYTES + f->request_bytes + nn_client_requests(n->client) * CIPHERTEXT_HEAD;
    h->key_memory = f->eval_key_memory;
}

int host_open(host *h, const char *path, const nn_plan_options *planning, int threads)
{
    int st;

    memset(h, 0, sizeof *h);
    st = take_name(h, path);
    if (st == CLI_OK)
        st = network_plan(&h->net, path, planning);
    if (st != CLI_OK)
        return st;
    make_offer(h);
    return network_encode(&h->net, threads, NULL);
}

void host_close(host *h)
{
    network_close(&h->net);
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

int host_load_keys(host_keys **out, const host *h, network_bench *b, const file_bytes *file,
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
    k->ids = h->net.ids;
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

int host_infer(file_bytes *response, double *begun, const host *h, network_bench *b,
               const host_keys *keys, const file_bytes *request, const nn_watch *watch)
{
    const char name[] = "the request";
    int st = load_unpack(b->worker, &b->request, request, ENVELOPE_REQUEST, &keys->ids, name);

    *response = (file_bytes){NULL, 0};
    *begun = cli_seconds();
    return st == CLI_OK
               ? network_run(response, &h->net, b, keys->keys, &keys->ids, NULL, watch, name)
               : st;
}
