/* unseen encrypt: a picture as a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/image.h"
#include "tools/load.h"
#include "tools/progress.h"

typedef struct settings {
    const char *output, *folder, *manifest;
    uint64_t index, count;
    int invert, json;
} settings;

static const cli_option options[] = {
    {'o', "output", "REQUEST", "write the request here (default: standard output)"},
    {'i', "index", "I", "which picture of a set of images, from 0 (default 0)"},
    {0, "output-dir", "DIR", "encrypt many pictures, from I on: DIR/000000.request ..."},
    {0, "count", "N", "how many (default: all that follow)"},
    {0, "manifest", "FILE", "write the list of these requests, for 'unseen infer --manifest'"},
    {0, "invert", NULL, "the picture is dark on light; networks here take light on dark"},
    {0, "json", NULL, "say as JSON what was made"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    if (strcmp(name, "output") == 0)
        s->output = value;
    else if (strcmp(name, "output-dir") == 0)
        s->folder = value;
    else if (strcmp(name, "manifest") == 0)
        s->manifest = value;
    else if (strcmp(name, "index") == 0)
        return cli_number(&s->index, name, value, 0, UINT32_MAX);
    else if (strcmp(name, "count") == 0)
        return cli_number(&s->count, name, value, 1, UINT32_MAX);
    else if (strcmp(name, "json") == 0)
        s->json = 1;
    else
        s->invert = 1;
    return CLI_OK;
}

static const cli_command command = {
    "encrypt",
    "PLAN SECRET IMAGE [-o REQUEST | --output-dir DIR] [OPTION]...",
    "Encrypt pictures for a network",
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
    image_set images;
    float *image;
    envelope_ids ids;
    size_t made, bytes; /* requests so far, and in them */
} client_side;

static int load_all(client_side *c, char **paths)
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
    return image_set_read(&c->images, nn_client_input(c->client), paths[2]);
}

static void release(client_side *c)
{
    if (c->image != NULL)
        file_wipe(c->image, nn_shape_count(nn_client_input(c->client)) * sizeof *c->image);
    free(c->image);
    image_set_free(&c->images);
    message_free(&c->request);
    ckks_secret_key_free(c->sk);
    ckks_worker_free(c->worker);
    ckks_context_free(c->ctx);
    nn_client_free(c->client);
}

static int encrypt(client_side *c, const char *output, uint64_t index, int invert)
{
    char why[WHY_BYTES] = "";
    file_bytes file;
    int st = image_set_take(c->image, &c->images, index, invert);

    if (st != CLI_OK)
        return st;
    st = nn_client_encrypt(c->worker, c->request.part, c->client, c->sk, c->image, why, sizeof why);
    if (st != NN_OK)
        return cli_fail_status(st, c->images.name, why);
    st = load_pack(&file, &c->request, ENVELOPE_REQUEST, &c->ids, NULL);
    if (st == CLI_OK)
        st = output_whole(output, OUTPUT_BINARY, file.data, file.size);
    c->made += st == CLI_OK;
    c->bytes += file.size;
    file_free(&file);
    return st;
}

/* One of many, and its line in the manifest, where there is one. */
static int encrypt_item(client_side *c, const settings *s, output_file *list, uint64_t index)
{
    size_t room = strlen(s->folder) + 40;
    char *path = malloc(room);
    int length, st;

    if (path == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for a file name");
    length = snprintf(path, room, "%s/%06llu.request", s->folder, (unsigned long long)index);
    st = encrypt(c, path, index, s->invert);
    if (st == CLI_OK && s->manifest != NULL) {
        path[length] = '\n';
        st = output_write(list, path, (size_t)length + 1);
    }
    free(path);
    return st;
}

/* The manifest gets its name when all requests have theirs. */
static int encrypt_many(client_side *c, const settings *s)
{
    uint64_t count = c->images.count, last;
    output_file list = OUTPUT_NONE;
    progress p;
    int st;

    if (s->index >= count || s->count > count - s->index)
        return cli_fail(CLI_USAGE, c->images.name,
                        "there are no pictures %llu to %llu, the file has %llu (from 0)",
                        (unsigned long long)s->index,
                        (unsigned long long)(s->index + (s->count > 0 ? s->count - 1 : 0)),
                        (unsigned long long)count);
    last = s->count > 0 ? s->index + s->count : count;
    st = file_make_folder(s->folder);
    if (st == CLI_OK && s->manifest != NULL)
        st = output_open(&list, s->manifest, OUTPUT_TEXT);
    progress_begin(&p, "encrypting", (size_t)(last - s->index));
    for (uint64_t i = s->index; i < last && st == CLI_OK; i++) {
        progress_show(&p, (size_t)(i - s->index), NULL);
        st = encrypt_item(c, s, &list, i);
    }
    if (st == CLI_OK)
        progress_show(&p, (size_t)(last - s->index), NULL);
    progress_end(&p);
    if (st == CLI_OK && s->manifest != NULL)
        st = output_commit(&list);
    output_abort(&list);
    return st;
}

static void print_json(const settings *s, const client_side *c, double seconds)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    envelope_ids_json(&j, &c->ids);
    json_string(&j, "image", c->images.name);
    json_integer(&j, "first", s->index);
    json_integer(&j, "requests", c->made);
    json_integer(&j, "bytes", c->bytes);
    json_string(&j, s->folder != NULL ? "folder" : "request",
                s->folder != NULL ? s->folder : s->output);
    if (s->manifest != NULL)
        json_string(&j, "manifest", s->manifest);
    json_real(&j, "seconds", seconds);
    json_close_object(&j);
    json_end(&j);
}

int cmd_encrypt(int argc, char **argv)
{
    settings s = {.output = NULL};
    client_side c = {.client = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, 3);
    if (st == CLI_OK && s.folder == NULL && (s.count != 0 || s.manifest != NULL))
        st = cli_usage("--count and --manifest go with --output-dir");
    if (st == CLI_OK && s.folder != NULL && s.output != NULL)
        st = cli_usage("-o is for one request, --output-dir for many; give one of them");
    if (st != CLI_OK)
        return st;
    if (s.json && s.folder == NULL && (s.output == NULL || strcmp(s.output, "-") == 0))
        return cli_usage(
            "the request and --json would both go to standard output: give -o REQUEST");
    double start = cli_seconds();
    st = load_all(&c, rest);
    if (st == CLI_OK)
        st = s.folder != NULL ? encrypt_many(&c, &s)
                              : encrypt(&c, s.output != NULL ? s.output : "-", s.index, s.invert);
    if (st == CLI_OK && s.json)
        print_json(&s, &c, cli_seconds() - start);
    release(&c);
    return st;
}
