/* Reading the files of the program, and packing messages. */
#include "tools/load.h"

#include <stdlib.h>

#include "ckks/base/bytes.h"
#include "tools/cli.h"

static size_t gib(size_t n)
{
    const size_t one = (size_t)1 << 30;
    return n > (SIZE_MAX - 1) / one ? SIZE_MAX - 1 : n * one;
}

int load_context(ckks_context **out, const ckks_params *params, const char *name)
{
    char why[WHY_BYTES] = "";
    int st = ckks_context_create(out, params, why, sizeof why);
    return st == CKKS_OK ? CLI_OK : cli_fail_status(st, name, why);
}

int load_worker(ckks_worker **out, const ckks_context *ctx, size_t circuit_bytes, int threads)
{
    int st = ckks_worker_create_team(out, ctx, circuit_bytes, threads);
    return st == CKKS_OK ? CLI_OK : cli_fail_status(st, NULL, "");
}

static int read_client(nn_client **client, const file_bytes *file, const char *name)
{
    char why[WHY_BYTES] = "";
    int st = nn_client_read(client, file->data, file->size, why, sizeof why);

    if (st != NN_OK)
        return cli_fail_status(st, name, why);
    if (nn_client_params(*client)->insecure_test)
        return cli_fail(CLI_REFUSED, name,
                        "these are test parameters without security; nothing is "
                        "encrypted with them");
    return CLI_OK;
}

int load_plan_file(file_bytes *file, envelope_ids *ids, const nn_client *client)
{
    size_t size = nn_client_wire_bytes(client), used = 0;
    file_bytes made = {malloc(size), size};
    int st = CLI_OK;

    *ids = (envelope_ids){.model = nn_client_model_id(client)};
    if (file != NULL)
        *file = (file_bytes){NULL, 0};
    if (made.data == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a plan of %zu bytes", size);
    st = nn_client_write(made.data, size, &used, client);
    if (st != NN_OK)
        st = cli_fail_status(st, NULL, "the plan is too large for a file");
    else
        ids->plan = ckks_load_u64le(made.data + size - 8); /* its checksum */
    if (st == CLI_OK && file != NULL)
        *file = made;
    else
        file_free(&made);
    return st;
}

int load_plan(nn_client **client, ckks_context **ctx, envelope_ids *ids, const char *path)
{
    const char *name = file_input_name(path);
    file_bytes file;
    int st = file_read(&file, path, gib(1));

    *client = NULL;
    *ctx = NULL;
    if (st == CLI_OK)
        st = envelope_refuse_other(&file, ENVELOPE_PLAN, name);
    if (st == CLI_OK)
        st = read_client(client, &file, name);
    if (st == CLI_OK)
        st = load_plan_file(NULL, ids, *client);
    if (st == CLI_OK)
        st = load_context(ctx, nn_client_params(*client), name);
    file_free(&file);
    if (st != CLI_OK) {
        nn_client_free(*client);
        *client = NULL;
    }
    return st;
}

int load_check_ids(const envelope *e, const envelope_ids *ids, const char *name)
{
    const char *what = envelope_kind_name(e->kind);

    if (e->ids.model != ids->model)
        return cli_fail(CLI_MISMATCH, name,
                        "this is %s for model %016llx, and the model here is %016llx: every step "
                        "of one job takes files that come from the same model",
                        what, (unsigned long long)e->ids.model, (unsigned long long)ids->model);
    if (e->ids.plan != ids->plan)
        return cli_fail(CLI_MISMATCH, name,
                        "this is %s of plan %016llx, and the plan here is %016llx: the server "
                        "takes the planning options that 'unseen plan' was given",
                        what, (unsigned long long)e->ids.plan, (unsigned long long)ids->plan);
    if (ids->key != 0 && e->ids.key != ids->key)
        return cli_fail(CLI_MISMATCH, name,
                        "this is %s under key %016llx, and the key given here is %016llx", what,
                        (unsigned long long)e->ids.key, (unsigned long long)ids->key);
    return CLI_OK;
}

static int check_used(int st, size_t used, const envelope *e, const ckks_worker *w,
                      const char *name)
{
    if (st != CKKS_OK)
        return cli_fail_status(st, name, ckks_worker_error(w));
    if (used != e->payload_size)
        return cli_fail(CLI_DAMAGED, name, "%zu bytes follow the end of %s", e->payload_size - used,
                        envelope_kind_name(e->kind));
    return CLI_OK;
}

int load_secret_key(ckks_worker *w, ckks_secret_key **out, envelope_ids *ids, const char *path)
{
    const char *name = file_input_name(path);
    file_bytes file;
    envelope e;
    size_t used = 0;
    int st = file_read(&file, path, gib(1));

    *out = NULL;
    if (st == CLI_OK)
        st = envelope_open(&e, &file, ENVELOPE_SECRET_KEY, name);
    if (st == CLI_OK)
        st = load_check_ids(&e, ids, name);
    if (st == CLI_OK) {
        st = ckks_secret_key_read(w, out, e.payload, e.payload_size, &used);
        st = check_used(st, used, &e, w, name);
        ids->key = e.ids.key;
    }
    file_free(&file);
    if (st != CLI_OK) {
        ckks_secret_key_free(*out);
        *out = NULL;
    }
    return st;
}

int load_unpack_keys(ckks_worker *w, ckks_eval_keys **out, envelope_ids *ids,
                     const file_bytes *file, const char *name)
{
    envelope e;
    size_t used = 0;
    int st = envelope_open(&e, file, ENVELOPE_EVAL_KEYS, name);

    *out = NULL;
    if (st == CLI_OK)
        st = load_check_ids(&e, ids, name);
    if (st == CLI_OK) {
        st = ckks_eval_keys_read(w, out, e.payload, e.payload_size, &used);
        st = check_used(st, used, &e, w, name);
        ids->key = e.ids.key;
    }
    if (st != CLI_OK) {
        ckks_eval_keys_free(*out);
        *out = NULL;
    }
    return st;
}

int load_eval_keys(ckks_worker *w, ckks_eval_keys **out, envelope_ids *ids, const char *path)
{
    file_mapping file;
    int st = file_map(&file, path, gib(64));

    *out = NULL;
    if (st == CLI_OK)
        st = load_unpack_keys(w, out, ids, &file.bytes, file_input_name(path));
    file_unmap(&file);
    return st;
}

/* One ciphertext after the other, and nothing behind the last. */
static int read_parts(ckks_worker *w, message *out, const envelope *e, const char *name)
{
    size_t at = 0;

    for (size_t i = 0; i < out->count; i++) {
        size_t used = 0;
        int st;
        if (i > 0 && at == e->payload_size)
            return cli_fail(CLI_DAMAGED, name,
                            "there are %zu of the %zu ciphertexts of %s: it is of another plan", i,
                            out->count, envelope_kind_name(e->kind));
        st = ckks_ciphertext_read(w, out->part[i], e->payload + at, e->payload_size - at, &used);
        if (st != CKKS_OK)
            return cli_fail_status(st, name, ckks_worker_error(w));
        at += used;
    }
    return check_used(CKKS_OK, at, e, w, name);
}

int load_unpack(ckks_worker *w, message *out, const file_bytes *file, envelope_kind kind,
                const envelope_ids *ids, const char *name)
{
    envelope e;
    int st = envelope_open(&e, file, kind, name);

    if (st == CLI_OK)
        st = load_check_ids(&e, ids, name);
    return st == CLI_OK ? read_parts(w, out, &e, name) : st;
}

int load_file(file_bytes *out, const char *path)
{
    return file_read(out, path, gib(4));
}

int load_message(ckks_worker *w, message *out, envelope_kind kind, const envelope_ids *ids,
                 const char *path)
{
    file_bytes file;
    int st = load_file(&file, path);

    if (st == CLI_OK)
        st = load_unpack(w, out, &file, kind, ids, file_input_name(path));
    file_free(&file);
    return st;
}

int load_pack(file_bytes *out, const message *m, envelope_kind kind, const envelope_ids *ids,
              const uint8_t *request)
{
    size_t size = message_wire_bytes(m), at = 0;
    int st = CKKS_OK;

    *out = (file_bytes){malloc(ENVELOPE_BYTES + size), ENVELOPE_BYTES + size};
    if (out->data == NULL) {
        out->size = 0;
        return cli_fail(CLI_MEMORY, NULL, "no memory for ciphertexts of %zu bytes", size);
    }
    for (size_t i = 0; i < m->count && st == CKKS_OK; i++) {
        size_t used = 0;
        st = ckks_ciphertext_write(out->data + ENVELOPE_BYTES + at, size - at, &used, m->part[i]);
        at += used;
    }
    if (st != CKKS_OK) {
        file_free(out);
        return cli_fail_status(st, NULL, "");
    }
    out->size = ENVELOPE_BYTES + at;
    envelope_seal(out->data, kind, ids, request, at);
    return CLI_OK;
}
