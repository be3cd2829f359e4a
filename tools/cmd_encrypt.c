/* unseen encrypt: a picture as a request. */
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/image.h"
#include "tools/load.h"

typedef struct settings {
    const char *output;
    uint64_t index;
    int invert;
} settings;

static const cli_option options[] = {
    {'o', "output", "REQUEST", "write the request here (default: standard output)"},
    {'i', "index", "I", "which picture of a set of images, from 0 (default 0)"},
    {0, "invert", NULL, "the picture is dark on light; networks here take light on dark"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "index") == 0)
        return cli_number(&s->index, name, value, 0, UINT32_MAX);
    else
        s->invert = 1;
    return CLI_OK;
}

static const cli_command command = {
    "encrypt",
    "PLAN SECRET IMAGE [-o REQUEST] [OPTION]...",
    "Encrypt a picture for a network",
    "IMAGE is a grey picture (PGM), an IDX file such as MNIST's, or a batch of CIFAR-10, plain\nor "
    ".gz.",
    options,
    3,
    3,
    take,
};

/* Everything that a request is made from. */
typedef struct client_side {
    nn_client *client;
    ckks_context *ctx;
    ckks_worker *worker;
    ckks_secret_key *sk;
    message request;
    float *image;
    envelope_ids ids;
} client_side;

static int load_all(client_side *c, char **paths, const settings *s)
{
    size_t count;
    int st = load_plan(&c->client, &c->ctx, &c->ids, paths[0]);

    if (st == CLI_OK)
        st = load_worker(&c->worker, c->ctx, 0, 1);
    if (st == CLI_OK)
        st = load_secret_key(c->worker, &c->sk, &c->ids, paths[1]);
    if (st != CLI_OK)
        return st;
    count = nn_shape_count(nn_client_input(c->client));
    c->image = calloc(count, sizeof *c->image);
    if (c->image == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a picture of %zu numbers", count);
    st = message_make(&c->request, c->ctx, nn_client_requests(c->client));
    if (st != CLI_OK)
        return st;
    return image_read(c->image, nn_client_input(c->client), paths[2], s->index, s->invert);
}

static void release(client_side *c)
{
    if (c->image != NULL)
        file_wipe(c->image, nn_shape_count(nn_client_input(c->client)) * sizeof *c->image);
    free(c->image);
    message_free(&c->request);
    ckks_secret_key_free(c->sk);
    ckks_worker_free(c->worker);
    ckks_context_free(c->ctx);
    nn_client_free(c->client);
}

static int encrypt(const client_side *c, const char *output, const char *image_name)
{
    char why[WHY_BYTES] = "";
    file_bytes file;
    int st =
        nn_client_encrypt(c->worker, c->request.part, c->client, c->sk, c->image, why, sizeof why);

    if (st != NN_OK)
        return cli_fail_status(st, image_name, why);
    st = load_pack(&file, &c->request, ENVELOPE_REQUEST, &c->ids, NULL);
    if (st == CLI_OK)
        st = output_whole(output, OUTPUT_BINARY, file.data, file.size);
    file_free(&file);
    return st;
}

int cmd_encrypt(int argc, char **argv)
{
    settings s = {"-", 0, 0};
    client_side c = {.client = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, 3);
    if (st != CLI_OK)
        return st;
    st = load_all(&c, rest, &s);
    if (st == CLI_OK)
        st = encrypt(&c, s.output, file_input_name(rest[2]));
    release(&c);
    return st;
}
