/* unseen keygen: a secret key and the evaluation keys that belong to it. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>
#include <sys/stat.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/keyfiles.h"

typedef struct settings {
    const char *secret, *eval;
    int force, json;
} settings;

static const cli_option options[] = {
    {'s', "secret", "FILE", "write the secret key here, readable by its owner alone"},
    {'e', "eval", "FILE", "write the evaluation keys here, for the server"},
    {'f', "force", NULL, "replace a secret key that exists"},
    {0, "json", NULL, "say as JSON what was made"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    if (strcmp(name, "secret") == 0)
        s->secret = value;
    else if (strcmp(name, "eval") == 0)
        s->eval = value;
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else
        s->force = 1;
    return CLI_OK;
}

static const cli_command command = {
    "keygen",
    "PLAN -s SECRET -e EVALKEYS [OPTION]...",
    "Make a secret key and the evaluation keys that a plan asks for",
    "The secret key stays with the client and encrypts and decrypts. The evaluation keys go to "
    "the\n"
    "server, once; they let it compute and show it nothing.",
    options,
    1,
    1,
    take,
};

static size_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (size_t)info.st_size : 0;
}

static void print_json(const settings *s, const envelope_ids *ids, size_t keys, double seconds)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    envelope_ids_json(&j, ids);
    json_integer(&j, "keys", keys);
    json_string(&j, "secret", s->secret);
    json_integer(&j, "secret_bytes", size_of(s->secret));
    json_string(&j, "eval", s->eval);
    json_integer(&j, "eval_bytes", size_of(s->eval));
    json_real(&j, "seconds", seconds);
    json_close_object(&j);
    json_end(&j);
}

static int run(const settings *s, const char *plan)
{
    double start = cli_seconds();
    nn_client *client = NULL;
    ckks_context *ctx = NULL;
    envelope_ids ids;
    int st = load_plan(&client, &ctx, &ids, plan);

    if (st == CLI_OK)
        st = keyfiles_make(s->secret, s->eval, s->force, client, ctx, &ids);
    if (st == CLI_OK && s->json)
        print_json(s, &ids, nn_client_key_count(client), cli_seconds() - start);
    ckks_context_free(ctx);
    nn_client_free(client);
    return st;
}

int cmd_keygen(int argc, char **argv)
{
    settings s = {.secret = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.secret == NULL || s.eval == NULL)
        return cli_usage("-s and -e say where the two key files go; both are needed");
    if (strcmp(s.secret, s.eval) == 0)
        return cli_usage("-s and -e name the same file");
    if (s.json && (strcmp(s.secret, "-") == 0 || strcmp(s.eval, "-") == 0))
        return cli_usage("a key and --json would both go to standard output: give the key a file");
    return run(&s, rest[0]);
}
