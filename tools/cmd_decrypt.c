/* unseen decrypt: what a response says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/answer.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/load.h"

typedef struct settings {
    int json;
} settings;

static const cli_option options[] = {
    {0, "json", NULL,
     "print label, confidence, logits and the network's own output as\n"
     "JSON"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    (void)name;
    (void)value;
    ((settings *)user)->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "decrypt",
    "PLAN SECRET RESPONSE [OPTION]...",
    "Decrypt a response and show its label",
    "Where the network ends in a softmax or an arg max, that is computed here, of the logits. "
    "These\n"
    "are for the owner of the key. Whoever else sees them, digits and all, learns\n"
    "something about the key; SECURITY.md says what.",
    options,
    3,
    3,
    take,
};

/* What a response says. */
typedef struct answer {
    float *logits, *output; /* output: of the whole network, with what it ends in */
    size_t count, outputs;
    nn_tail tail;
} answer;

static void print_json(const answer *a)
{
    const float *logits = a->logits;
    size_t count = a->count, label = answer_label(logits, count);
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_integer(&j, "label", label);
    json_real(&j, "confidence", answer_confidence(logits, count, label));
    json_open_array(&j, "logits");
    for (size_t i = 0; i < count; i++)
        json_real(&j, NULL, (double)logits[i]);
    json_close_array(&j);
    json_string(&j, "tail", nn_tail_name(a->tail));
    json_open_array(&j, "output");
    for (size_t i = 0; i < a->outputs; i++)
        json_real(&j, NULL, (double)a->output[i]);
    json_close_array(&j);
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
static int decrypt(ckks_worker *w, const ckks_context *ctx, const nn_client *client,
                   envelope_ids *ids, char **paths, float *logits)
{
    char why[WHY_BYTES] = "";
    ckks_secret_key *sk = NULL;
    message response = {NULL, 0};
    int st = load_secret_key(w, &sk, ids, paths[1]);

    if (st == CLI_OK)
        st = message_make(&response, ctx, nn_client_responses(client));
    if (st == CLI_OK)
        st = load_message(w, &response, ENVELOPE_RESPONSE, ids, paths[2]);
    if (st == CLI_OK) {
        st = nn_client_decrypt(w, logits, client, sk, message_parts(&response), why, sizeof why);
        if (st != NN_OK)
            st = cli_fail_status(st, file_input_name(paths[2]),
                                 *why != '\0' ? why : ckks_worker_error(w));
    }
    message_free(&response);
    ckks_secret_key_free(sk);
    return st;
}

static int run(const settings *s, char **paths)
{
    nn_client *client = NULL;
    ckks_context *ctx = NULL;
    ckks_worker *w = NULL;
    answer a = {.count = 0};
    envelope_ids ids;
    int st = load_plan(&client, &ctx, &ids, paths[0]);

    if (st == CLI_OK)
        st = load_worker(&w, ctx, 0, 1);
    if (st == CLI_OK) {
        a.count = nn_client_outputs(client);
        a.logits = calloc(2 * a.count, sizeof *a.logits);
        st = a.logits != NULL ? decrypt(w, ctx, client, &ids, paths, a.logits)
                              : cli_fail(CLI_MEMORY, NULL, "no memory for %zu logits", a.count);
    }
    if (st == CLI_OK) {
        a.output = a.logits + a.count;
        a.tail = nn_client_tail(client);
        a.outputs = nn_tail_apply(a.output, a.tail, a.logits, a.count);
        if (s->json)
            print_json(&a);
        else
            print_text(&a);
    }
    if (a.logits != NULL)
        file_wipe(a.logits, 2 * a.count * sizeof *a.logits);
    free(a.logits);
    ckks_worker_free(w);
    ckks_context_free(ctx);
    nn_client_free(client);
    return st;
}

int cmd_decrypt(int argc, char **argv)
{
    settings s = {0};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, 3);
    return st == CLI_OK ? run(&s, rest) : st;
}
