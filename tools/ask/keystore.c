/* Keys by plan. */
#define _XOPEN_SOURCE 700

#include "tools/ask/keystore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/hash.h"
#include "tools/cli.h"
#include "tools/hex.h"
#include "tools/keyfiles.h"
#include "tools/net/state.h"
#include "tools/parallel.h"

enum { HEX = 2 * SERVICE_DIGEST + 1, PLAN_MOST = 1 << 26 };

/* ---- what servers offered ---- */

/* offers/NAME; the name is made of the server's and the network's. */
static int offer_path(char path[STATE_PATH], const char *server, const char *model)
{
    uint8_t digest[SERVICE_DIGEST];
    char both[1024], hex[HEX], name[HEX + 16];

    snprintf(both, sizeof both, "%s %s", server, model);
    channel_hash(digest, both, strlen(both));
    hex_write(hex, digest, 16);
    snprintf(name, sizeof name, "offers/%s", hex);
    return state_path(path, name);
}

static int key_path(char path[STATE_PATH], const uint8_t digest[SERVICE_DIGEST], const char *file)
{
    char hex[HEX], name[HEX + 64];

    hex_write(hex, digest, SERVICE_DIGEST);
    snprintf(name, sizeof name, "keys/%s/%s", hex, file);
    return state_path(path, name);
}

/* A file that is not what it should be is no memory: it will be written anew. */
int keystore_remembered(uint8_t digest[SERVICE_DIGEST], const char *server, const char *model)
{
    char path[STATE_PATH], hex[HEX] = "";
    file_bytes file = {NULL, 0};
    int found = 0;

    cli_silent(1);
    if (offer_path(path, server, model) == CLI_OK && access(path, R_OK) == 0 &&
        file_read(&file, path, HEX) == CLI_OK && file.size == HEX - 1) {
        memcpy(hex, file.data, HEX - 1);
        found = hex_read(digest, SERVICE_DIGEST, hex) && key_path(path, digest, "plan") == CLI_OK &&
                access(path, R_OK) == 0;
    }
    file_free(&file);
    cli_silent(0);
    return found;
}

static int remember(const uint8_t digest[SERVICE_DIGEST], const char *server, const char *model)
{
    char path[STATE_PATH], hex[HEX];
    int st = offer_path(path, server, model);

    hex_write(hex, digest, SERVICE_DIGEST);
    return st == CLI_OK ? output_whole(path, OUTPUT_TEXT, hex, HEX - 1) : st;
}

/* ---- keys ---- */

static int write_plan(const uint8_t digest[SERVICE_DIGEST], const file_bytes *plan)
{
    uint8_t found[SERVICE_DIGEST];
    char path[STATE_PATH];
    int st = key_path(path, digest, "plan");

    if (st != CLI_OK)
        return st;
    channel_hash(found, plan->data, plan->size);
    if (memcmp(found, digest, sizeof found) != 0)
        return cli_fail(CLI_PROTOCOL, NULL, "the server's plan is not the one that it names");
    return output_whole(path, OUTPUT_BINARY, plan->data, plan->size);
}

static int load_the_plan(keystore *k, const uint8_t digest[SERVICE_DIGEST])
{
    char path[STATE_PATH];
    int st = key_path(path, digest, "plan");

    return st == CLI_OK ? load_plan(&k->client, &k->ctx, &k->ids, path) : st;
}

/* The digest of the evaluation keys' file; it is large, so it is mapped. */
static int look_at_eval_keys(keystore *k, envelope *e)
{
    file_mapping file;
    int st = file_map(&file, k->eval, SIZE_MAX / 2);

    if (st == CLI_OK)
        st = envelope_open(e, &file.bytes, ENVELOPE_EVAL_KEYS, k->eval);
    if (st == CLI_OK) {
        channel_hash(k->eval_digest, file.bytes.data, file.bytes.size);
        k->eval_bytes = file.bytes.size;
    }
    file_unmap(&file);
    return st;
}

/* Whether both files are there and of one pair: a process that made new ones may have been killed
 * between the two, or another one may be at it. */
static int load_pair(keystore *k, const char *secret, int *whole)
{
    envelope e;
    int st, there[2] = {0, 0};

    st = state_has(&there[0], secret);
    if (st == CLI_OK)
        st = state_has(&there[1], k->eval);
    *whole = st == CLI_OK && there[0] && there[1];
    if (!*whole)
        return st;
    k->ids.key = 0;
    st = load_secret_key(k->worker, &k->secret, &k->ids, secret);
    if (st == CLI_OK)
        st = look_at_eval_keys(k, &e);
    *whole = st == CLI_OK && e.ids.key == k->ids.key;
    if (st == CLI_DAMAGED || st == CLI_MISMATCH)
        cli_note("--new-keys makes new keys in place of these");
    return st;
}

static int load_or_make(keystore *k, const char *secret, int renew)
{
    int whole = 0, st = load_worker(&k->worker, k->ctx, 0, parallel_default_threads());

    if (st == CLI_OK && !renew)
        st = load_pair(k, secret, &whole);
    for (int tries = 0; tries < 3 && st == CLI_OK && !whole; tries++) {
        ckks_secret_key_free(k->secret);
        k->secret = NULL;
        k->fresh = 1;
        st = keyfiles_make(secret, k->eval, 1, k->client, k->ctx, &k->ids);
        if (st == CLI_OK)
            st = load_pair(k, secret, &whole);
    }
    return st == CLI_OK && !whole
               ? cli_fail(CLI_BUSY, k->eval, "other processes keep replacing these keys")
               : st;
}

int keystore_open(keystore *k, const uint8_t digest[SERVICE_DIGEST], const file_bytes *plan,
                  const char *server, const char *model, int renew)
{
    char secret[STATE_PATH];
    int st = CLI_OK;

    memset(k, 0, sizeof *k);
    if (plan != NULL)
        st = write_plan(digest, plan);
    if (st == CLI_OK)
        st = load_the_plan(k, digest);
    if (st == CLI_OK)
        st = key_path(secret, digest, "secret.key");
    if (st == CLI_OK)
        st = key_path(k->eval, digest, "eval.keys");
    if (st == CLI_OK)
        st = load_or_make(k, secret, renew);
    return st == CLI_OK && plan != NULL ? remember(digest, server, model) : st;
}

void keystore_close(keystore *k)
{
    ckks_secret_key_free(k->secret);
    ckks_worker_free(k->worker);
    ckks_context_free(k->ctx);
    nn_client_free(k->client);
    memset(k, 0, sizeof *k);
}
