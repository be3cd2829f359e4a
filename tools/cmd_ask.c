/* unseen ask: pictures to a server, labels back. */
#include <stdlib.h>
#include <string.h>

#include "tools/ask/query.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/image.h"
#include "tools/json.h"

typedef struct settings {
    conversation_options talk;
    query query;
    const char *idx;
    uint64_t first, count;
    int json;
} settings;

static const cli_option options[] = {
    {'m', "model", "NAME", "which of the server's networks (default: its first)"},
    {0, "idx", "FILE", "take pictures from a set: IDX or a batch of CIFAR-10, plain or .gz"},
    {0, "first", "I", "with --idx: begin with picture I, from 0 (default 0)"},
    {0, "count", "N", "with --idx: how many (default 1)"},
    {0, "invert", NULL, "the pictures are dark on light; networks here take light on dark"},
    {0, "new-keys", NULL, "make new keys in place of those that are kept"},
    CONVERSATION_OPTIONS,
    {0, "json", NULL, "print the result as JSON"},
    {0, NULL, NULL, NULL},
};

static int take_picture(settings *s, const char *name, const char *value)
{
    if (strcmp(name, "idx") == 0)
        s->idx = value;
    else if (strcmp(name, "first") == 0)
        return cli_number(&s->first, name, value, 0, UINT32_MAX);
    else if (strcmp(name, "count") == 0)
        return cli_number(&s->count, name, value, 1, 1 << 20);
    else if (strcmp(name, "invert") == 0)
        s->query.invert = 1;
    else
        return CLI_DONE;
    return CLI_OK;
}

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = take_picture(s, name, value);

    if (st == CLI_DONE)
        st = conversation_take(&s->talk, name, value);
    if (st != CLI_DONE)
        return st;
    if (strcmp(name, "model") == 0)
        s->query.model = value;
    else if (strcmp(name, "new-keys") == 0)
        s->query.renew = 1;
    else
        s->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "ask",
    "ADDRESS [IMAGE]... [OPTION]...",
    "Ask a server for the labels of pictures that it does not see",
    "ADDRESS is that of 'unseen serve': HOST:PORT, [IPV6]:PORT or unix:PATH. IMAGE is a grey "
    "picture\n"
    "(PGM). At first contact the server's key is shown and has to be accepted; keys for the "
    "network\n"
    "are made and kept, and the evaluation keys are sent, once. The secret key stays here.",
    options,
    1,
    1024,
    take,
};

/* The pictures of the command line, then those of the set. */
static int list_images(settings *s, char **paths, size_t count)
{
    size_t from_set = s->idx != NULL ? (size_t)s->count : 0;

    s->query.count = count + from_set;
    if (s->query.count == 0)
        return cli_usage("say what to ask about: unseen ask ADDRESS IMAGE.pgm, or --idx FILE");
    s->query.image = calloc(s->query.count, sizeof *s->query.image);
    if (s->query.image == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu pictures", s->query.count);
    for (size_t i = 0; i < count; i++)
        s->query.image[i].path = paths[i];
    for (size_t i = 0; i < from_set; i++) {
        s->query.image[count + i].path = s->idx;
        s->query.image[count + i].index = s->first + i;
    }
    for (size_t i = 0; i < s->query.count; i++) {
        int st = file_there(s->query.image[i].path);
        if (st != CLI_OK)
            return st;
    }
    return CLI_OK;
}

static void print_json(const settings *s)
{
    const query *q = &s->query;
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    json_open_array(&j, "results");
    for (size_t i = 0; i < q->count; i++) {
        json_open_object(&j, NULL);
        json_string(&j, "image", q->image[i].path);
        json_integer(&j, "index", q->image[i].index);
        json_integer(&j, "label", q->image[i].label);
        json_real(&j, "confidence", q->image[i].confidence);
        json_real(&j, "ms", q->image[i].ms);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_integer(&j, "images_per_request", q->together);
    json_real(&j, "connect_ms", q->connect_ms);
    json_real(&j, "plan_ms", q->plan_ms);
    json_real(&j, "keys_ms", q->keys_ms);
    json_real(&j, "upload_ms", q->upload_ms);
    json_real(&j, "total_ms", q->total_ms);
    json_integer(&j, "upload_bytes", q->upload_bytes);
    json_integer(&j, "request_bytes", q->request_bytes);
    json_integer(&j, "response_bytes", q->response_bytes);
    json_close_object(&j);
    json_end(&j);
}

static void print_text(const settings *s)
{
    const query *q = &s->query;

    for (size_t i = 0; i < q->count; i++) {
        const query_image *image = &q->image[i];
        if (s->idx != NULL)
            printf("%s:%llu\t%zu\t%.2f %%\t%.1f ms\n", image->path,
                   (unsigned long long)image->index, image->label, 100.0 * image->confidence,
                   image->ms);
        else
            printf("%s\t%zu\t%.2f %%\t%.1f ms\n", image->path, image->label,
                   100.0 * image->confidence, image->ms);
    }
}

int cmd_ask(int argc, char **argv)
{
    settings s = {.talk.timeout = CONVERSATION_TIMEOUT, .query.model = "", .count = 1};
    conversation c = {.fd = -1};
    double start;
    address at;
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = address_parse(&at, rest[0]);
    if (st == CLI_OK && *s.query.model != '\0' && !service_name_good(s.query.model))
        st = cli_usage("--model takes a name of letters, digits, dots, dashes and underlines");
    if (st == CLI_OK)
        st = list_images(&s, rest + 1, (size_t)count - 1);
    s.query.timeout = s.talk.timeout;
    start = cli_seconds();
    if (st == CLI_OK)
        st = conversation_open(&c, &at, &s.talk);
    s.query.connect_ms = 1e3 * (cli_seconds() - start);
    if (st == CLI_OK)
        st = query_run(&s.query, &c);
    conversation_close(&c);
    if (st == CLI_OK && s.json)
        print_json(&s);
    else if (st == CLI_OK)
        print_text(&s);
    free(s.query.image);
    return st;
}
