/* unseen decrypt: what a response says. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/load.h"
#include "tools/manifest.h"
#include "tools/reply.h"

typedef struct settings {
    int json;
    const char *manifest, *folder;
} settings;

static const cli_option options[] = {
    {0, "json", NULL,
     "print label, confidence, logits and the network's own output as\n"
     "JSON; of many responses, on a line each"},
    {0, "manifest", "FILE", "decrypt the responses of many requests, as for 'unseen infer'"},
    {0, "output-dir", "DIR", "where the responses are that the manifest does not name"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;

    if (strcmp(name, "manifest") == 0)
        s->manifest = value;
    else if (strcmp(name, "output-dir") == 0)
        s->folder = value;
    else
        s->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "decrypt",
    "PLAN SECRET {RESPONSE | --manifest FILE} [OPTION]...",
    "Decrypt responses and show their labels",
    "Where the network ends in a softmax or an arg max, that is computed here, of the logits. "
    "These\n"
    "are for the owner of the key. Whoever else sees them, digits and all, learns\n"
    "something about the key; SECURITY.md says what.\n"
    "Of many responses each is a line: its path, the label, the confidence, with tabs between.\n"
    "Where a request is there too, its response must be the answer to it.",
    options,
    2,
    3,
    take,
};

/* What a response says. */
typedef struct answer {
    float *logits, *output; /* output: of the whole network, with what it ends in */
    size_t count, outputs;
    nn_tail tail;
} answer;

/* The members of an object that is open. */
static void print_members(json *j, const answer *a)
{
    const float *logits = a->logits;
    size_t count = a->count, label = answer_label(logits, count);

    json_integer(j, "label", label);
    json_real(j, "confidence", answer_confidence(logits, count, label));
    json_open_array(j, "logits");
    for (size_t i = 0; i < count; i++)
        json_real(j, NULL, (double)logits[i]);
    json_close_array(j);
    json_string(j, "tail", nn_tail_name(a->tail));
    json_open_array(j, "output");
    for (size_t i = 0; i < a->outputs; i++)
        json_real(j, NULL, (double)a->output[i]);
    json_close_array(j);
}

static void print_json(const answer *a)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    print_members(&j, a);
    json_close_object(&j);
    json_end(&j);
}

/* One of many; code is why there is no answer, or CLI_OK. */
static void print_item(const manifest_item *item, const answer *a, int code, int as_json)
{
    size_t label = code == CLI_OK ? answer_label(a->logits, a->count) : 0;
    json j;

    if (!as_json) {
        if (code == CLI_OK)
            printf("%s\t%zu\t%.2f %%\n", item->response, label,
                   100.0 * answer_confidence(a->logits, a->count, label));
        return;
    }
    json_begin_line(&j, stdout);
    json_open_object(&j, NULL);
    json_integer(&j, "line", item->line);
    json_string(&j, "request", item->request);
    json_string(&j, "response", item->response);
    json_integer(&j, "code", (uint64_t)code);
    if (code == CLI_OK)
        print_members(&j, a);
    else
        json_string(&j, "error", cli_sentence());
    json_close_object(&j);
    json_end(&j);
}

static void print_text(const answer *a)
{
    const float *logits = a->logits;
    size_t count = a->count, label = answer_label(logits, count);

    printf("label       %zu\n", label);
    printf("confidence  %.2f %%\n", 100.0 * answer_confidence(logits, count, label));
    printf("logits     ");
    for (size_t i = 0; i < count; i++)
        printf(" %.4f", (double)logits[i]);
    printf("\n");
    if (a->tail == NN_TAIL_NONE)
        return;
    printf("%-11s", nn_tail_name(a->tail));
    for (size_t i = 0; i < a->outputs; i++)
        printf(" %.6g", (double)a->output[i]);
    printf("\n");
}

/* Everything here is the client's. */
typedef struct client_side {
    nn_client *client;
    ckks_context *ctx;
    ckks_worker *w;
    ckks_secret_key *sk;
    message response;
    envelope_ids ids;
    answer answer;
} client_side;

static int open_client(client_side *c, char **paths)
{
    answer *a = &c->answer;
    int st = load_plan(&c->client, &c->ctx, &c->ids, paths[0]);

    if (st == CLI_OK)
        st = load_worker(&c->w, c->ctx, 0, 1);
    if (st == CLI_OK)
        st = load_secret_key(c->w, &c->sk, &c->ids, paths[1]);
    if (st == CLI_OK)
        st = message_make(&c->response, c->ctx, nn_client_responses(c->client));
    if (st != CLI_OK)
        return st;
    a->count = nn_client_outputs(c->client);
    a->tail = nn_client_tail(c->client);
    a->logits = calloc(2 * a->count, sizeof *a->logits);
    if (a->logits == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu logits", a->count);
    a->output = a->logits + a->count;
    return CLI_OK;
}

static void close_client(client_side *c)
{
    if (c->answer.logits != NULL)
        file_wipe(c->answer.logits, 2 * c->answer.count * sizeof *c->answer.logits);
    free(c->answer.logits);
    message_free(&c->response);
    ckks_secret_key_free(c->sk);
    ckks_worker_free(c->w);
    ckks_context_free(c->ctx);
    nn_client_free(c->client);
}

static int decrypt(client_side *c, const char *path)
{
    char why[WHY_BYTES] = "";
    answer *a = &c->answer;
    int st = load_message(c->w, &c->response, ENVELOPE_RESPONSE, &c->ids, path);

    if (st != CLI_OK)
        return st;
    st = nn_client_decrypt(c->w, a->logits, c->client, c->sk, message_parts(&c->response), why,
                           sizeof why);
    if (st != NN_OK)
        return cli_fail_status(st, file_input_name(path),
                               *why != '\0' ? why : ckks_worker_error(c->w));
    a->outputs = nn_tail_apply(a->output, a->tail, a->logits, a->count);
    return CLI_OK;
}

/* A request that is not there cannot be compared, and the client may have thrown it away. */
static int check_request(const manifest_item *item)
{
    uint8_t digest[ENVELOPE_DIGEST];
    file_bytes file;
    envelope e;
    reply r;
    int st;

    if (access(item->request, F_OK) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? CLI_OK
                   : cli_fail(cli_exit_of_errno(errno), item->request, "cannot be looked at: %s",
                              strerror(errno));
    st = load_file(&file, item->request);
    if (st == CLI_OK)
        st = envelope_open(&e, &file, ENVELOPE_REQUEST, item->request);
    if (st == CLI_OK) {
        envelope_digest(digest, &file);
        st = reply_look(&r, item->response, &e, digest);
    }
    if (st == CLI_OK && r.state == REPLY_FOREIGN)
        st = cli_fail(CLI_MISMATCH, item->response, "is not the answer to %s: %s", item->request,
                      r.why);
    file_free(&file);
    return st;
}

static int decrypt_many(client_side *c, const settings *s)
{
    manifest m;
    tally t = {.done = 0};
    int st = manifest_read(&m, s->manifest, s->folder);

    for (size_t k = 0; k < m.count && st == CLI_OK; k++) {
        int code = check_request(&m.item[k]);
        if (code == CLI_OK)
            code = decrypt(c, m.item[k].response);
        tally_add(&t, code);
        print_item(&m.item[k], &c->answer, code, s->json);
    }
    manifest_free(&m);
    return st == CLI_OK ? tally_code(&t) : st;
}

static int decrypt_one(client_side *c, const settings *s, const char *path)
{
    int st = decrypt(c, path);

    if (st == CLI_OK && s->json)
        print_json(&c->answer);
    else if (st == CLI_OK)
        print_text(&c->answer);
    return st;
}

int cmd_decrypt(int argc, char **argv)
{
    settings s = {.json = 0};
    client_side c = {.client = NULL};
    const char *paths[3];
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if ((count == 3) == (s.manifest != NULL))
        return cli_usage("give a response, or --manifest with a list of them");
    if (s.folder != NULL && s.manifest == NULL)
        return cli_usage("--output-dir goes with --manifest");
    paths[0] = rest[0];
    paths[1] = rest[1];
    paths[2] = count == 3 ? rest[2] : s.manifest;
    st = cli_one_dash(paths, 3);
    if (st != CLI_OK)
        return st;
    st = open_client(&c, rest);
    if (st == CLI_OK)
        st = count == 3 ? decrypt_one(&c, &s, rest[2]) : decrypt_many(&c, &s);
    close_client(&c);
    return st;
}
