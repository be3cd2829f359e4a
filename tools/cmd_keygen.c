/* unseen keygen: a secret key and the evaluation keys that belong to it. */
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/keyfiles.h"

typedef struct settings {
    const char *secret, *eval;
    int force;
} settings;

static const cli_option options[] = {
    {'s', "secret", "FILE", "write the secret key here, readable by its owner alone"},
    {'e', "eval", "FILE", "write the evaluation keys here, for the server"},
    {'f', "force", NULL, "replace a secret key that exists"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    if (strcmp(name, "secret") == 0)
        s->secret = value;
    else if (strcmp(name, "eval") == 0)
        s->eval = value;
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

static int run(const settings *s, const char *plan)
{
    nn_client *client = NULL;
    ckks_context *ctx = NULL;
    envelope_ids ids;
    int st = load_plan(&client, &ctx, &ids, plan);

    if (st == CLI_OK)
        st = keyfiles_make(s->secret, s->eval, s->force, client, ctx, &ids);
    ckks_context_free(ctx);
    nn_client_free(client);
    return st;
}

int cmd_keygen(int argc, char **argv)
{
    settings s = {NULL, NULL, 0};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.secret == NULL || s.eval == NULL)
        return cli_usage("-s and -e say where the two key files go; both are needed");
    if (strcmp(s.secret, s.eval) == 0)
        return cli_usage("-s and -e name the same file");
    return run(&s, rest[0]);
}
