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
    {0, "json", NULL, "print label, confidence and logits as JSON"},
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
    "The logits are for the owner of the key. Whoever else sees them, digits and all, learns\n"
    "something about the key; SECURITY.md says what.",
    options,
    3,
    3,
    take,
};

static void print_json(const float *logits, size_t count)
{
    size_t label = answer_label(logits, count);
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_integer(&j, "label", label);
    json_real(&j, "confidence", answer_confidence(logits, count, label));
    json_open_array(&j, "logits");
    for (size_t i = 0; i < count; i++)
        json_real(&j, NULL, (double)logits[i]);
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

static void print_text(const float *logits, size_t count)
{
    size_t label = answer_label(logits, count);

    printf("label       %zu\n", label);
    printf("confidence  %.2f %%\n", 100.0 * answer_confidence(logits, count, label));
    printf("logits     ");
    for (size_t i = 0; i < count; i++)
        printf(" %.4f", (double)logits[i]);
    printf("\n");
}

/* Everything here is the client's. */
static int decrypt(ckks_worker *w, const ckks_context *ctx, const nn_client *client, char **paths,
                   float *logits)
{
    char why[WHY_BYTES] = "";
    ckks_secret_key *sk = NULL;
    message response = {NULL, 0};
    uint64_t model_id = nn_client_model_id(client), key_id = 0;
    int st = load_secret_key(w, &sk, &key_id, model_id, paths[1]);

    if (st == CLI_OK)
        st = message_make(&response, ctx, nn_client_responses(client));
    if (st == CLI_OK)
        st = load_message(w, &response, ENVELOPE_RESPONSE, model_id, key_id, paths[2]);
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
    float *logits = NULL;
    size_t count = 0;
    int st = load_plan(&client, &ctx, paths[0]);

    if (st == CLI_OK)
        st = load_worker(&w, ctx, 0, 1);
    if (st == CLI_OK) {
        count = nn_client_outputs(client);
        logits = calloc(count, sizeof *logits);
        st = logits != NULL ? decrypt(w, ctx, client, paths, logits)
                            : cli_fail(CLI_MEMORY, NULL, "no memory for %zu logits", count);
    }
    if (st == CLI_OK && s->json)
        print_json(logits, count);
    else if (st == CLI_OK)
        print_text(logits, count);
    if (logits != NULL)
        file_wipe(logits, count * sizeof *logits);
    free(logits);
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
