/* Key pairs as files. */
#include "tools/keyfiles.h"

#include <stdlib.h>

#include "tools/cli.h"
#include "tools/parallel.h"
#include "tools/progress.h"

/* Both files as bytes, sealed. */
typedef struct key_files {
    file_bytes secret, eval;
} key_files;

static int room_for(file_bytes *b, size_t payload)
{
    *b = (file_bytes){malloc(ENVELOPE_BYTES + payload), ENVELOPE_BYTES + payload};
    if (b->data != NULL)
        return CLI_OK;
    b->size = 0;
    return cli_fail(CLI_MEMORY, NULL, "no memory for a key file of %zu bytes", payload);
}

static int pack(key_files *out, envelope_ids *ids, const ckks_secret_key *sk,
                const ckks_eval_keys *keys)
{
    size_t secret = ckks_secret_key_wire_bytes(sk), eval = ckks_eval_keys_wire_bytes(keys);
    int st = room_for(&out->secret, secret);

    if (st == CLI_OK)
        st = room_for(&out->eval, eval);
    if (st != CLI_OK)
        return st;
    st = ckks_eval_keys_write(out->eval.data + ENVELOPE_BYTES, eval, &eval, keys);
    if (st == CKKS_OK)
        st = ckks_secret_key_write(out->secret.data + ENVELOPE_BYTES, secret, &secret, sk);
    if (st != CKKS_OK)
        return cli_fail_status(st, NULL, "");
    ids->key = envelope_key_id(out->eval.data + ENVELOPE_BYTES, eval);
    envelope_seal(out->eval.data, ENVELOPE_EVAL_KEYS, ids, NULL, eval);
    envelope_seal(out->secret.data, ENVELOPE_SECRET_KEY, ids, NULL, secret);
    return CLI_OK;
}

static int make(key_files *out, envelope_ids *ids, const nn_client *client, const ckks_context *ctx)
{
    ckks_worker *w = NULL;
    ckks_secret_key *sk = NULL;
    ckks_eval_keys *keys = NULL;
    progress p;
    int st = load_worker(&w, ctx, 0, parallel_default_threads());

    if (st != CLI_OK)
        return st;
    progress_begin(&p, "making keys", nn_client_key_count(client));
    ckks_worker_tell(w, progress_of_keys, &p);
    st = ckks_secret_key_create(w, &sk);
    if (st == CKKS_OK)
        st = ckks_eval_keys_create(w, &keys, sk, nn_client_keys(client),
                                   nn_client_key_count(client));
    progress_end(&p);
    if (st != CKKS_OK)
        st = cli_fail_status(st, NULL, ckks_worker_error(w));
    else
        st = pack(out, ids, sk, keys);
    ckks_eval_keys_free(keys);
    ckks_secret_key_free(sk);
    ckks_worker_free(w);
    return st;
}

static int write_files(const key_files *files, output_file *secret, output_file *eval)
{
    int st = output_write(secret, files->secret.data, files->secret.size);

    if (st == CLI_OK)
        st = output_write(eval, files->eval.data, files->eval.size);
    return st == CLI_OK ? output_commit_both(eval, secret) : st;
}

int keyfiles_make(const char *secret_path, const char *eval_path, int replace,
                  const nn_client *client, const ckks_context *ctx, envelope_ids *ids)
{
    output_file secret = OUTPUT_NONE, eval = OUTPUT_NONE;
    key_files files = {{NULL, 0}, {NULL, 0}};
    int st = output_open(&secret, secret_path,
                         OUTPUT_BINARY | OUTPUT_SECRET | (replace ? 0 : OUTPUT_KEEP));

    if (st == CLI_OK)
        st = output_open(&eval, eval_path, OUTPUT_BINARY);
    if (st == CLI_OK)
        st = make(&files, ids, client, ctx);
    if (st == CLI_OK)
        st = write_files(&files, &secret, &eval);
    output_abort(&eval);
    output_abort(&secret);
    file_free(&files.secret);
    file_free(&files.eval);
    return st;
}
