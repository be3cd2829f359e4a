/* unseen inspect: what a file is. */
#include <stdio.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/inspect.h"
#include "tools/load.h"

enum { FILES_MOST = 1 << 20 };

typedef struct settings {
    const char *plan;
    int json;
} settings;

static const cli_option options[] = {
    {0, "plan", "PLAN",
     "read keys and messages under the parameters of this plan, to\n"
     "the last number, and show these"},
    {0, "json", NULL, "print the facts as JSON"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;

    if (strcmp(name, "plan") == 0)
        s->plan = value;
    else
        s->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "inspect",
    "FILE... [OPTION]...",
    "Say what files are, and whether they are whole",
    "Knows plans, keys, requests, responses, networks (ONNX), pictures (PGM, IDX, CIFAR-10), unit\n"
    "times and checkpoints. Files of one job have the same model, plan and key. Nothing of a "
    "secret\n"
    "key is shown but its kind, its size, and what it belongs to.",
    options,
    1,
    FILES_MOST,
    take,
};

static size_t limit(void)
{
    return SIZE_MAX / 2;
}

static int tell(const inspect_file *f)
{
    int st = inspect_job(f);

    if (st == CLI_DONE)
        st = inspect_data(f);
    if (st != CLI_DONE)
        return st;
    return f->bytes->size == 0
               ? cli_fail(CLI_DAMAGED, f->name, "the file is empty")
               : cli_fail(CLI_DAMAGED, f->name,
                          "this is no file that the program knows, or its beginning is damaged");
}

static int inspect(const char *path, const inspect_plan *plan, json *j)
{
    file_mapping file;
    inspect_file f = {path, file_input_name(path), &file.bytes, j, plan};
    int st;

    if (j != NULL) {
        json_open_object(j, NULL);
        json_string(j, "file", f.name);
    }
    st = file_map(&file, path, limit());
    if (st == CLI_OK)
        st = tell(&f);
    if (j != NULL) {
        json_bool(j, "whole", st == CLI_OK);
        json_integer(j, "code", (uint64_t)st);
        if (st != CLI_OK)
            json_string(j, "error", cli_sentence());
        json_close_object(j);
    }
    file_unmap(&file);
    return st;
}

/* The first failure of all. */
static int inspect_all(char **paths, int count, const inspect_plan *plan, json *j)
{
    int first = CLI_OK;

    for (int k = 0; k < count; k++) {
        int st = inspect(paths[k], plan, j);
        first = first == CLI_OK ? st : first;
    }
    return first;
}

static int run(const settings *s, char **paths, int count)
{
    inspect_plan plan = {.client = NULL};
    json j;
    int st = CLI_OK;

    if (s->plan != NULL)
        st = load_plan(&plan.client, &plan.ctx, &plan.ids, s->plan);
    if (st == CLI_OK && s->plan != NULL)
        st = load_worker(&plan.w, plan.ctx, 0, 1);
    if (st == CLI_OK && s->json) {
        json_begin(&j, stdout);
        json_open_object(&j, NULL);
        json_open_array(&j, "files");
        st = inspect_all(paths, count, &plan, &j);
        json_close_array(&j);
        json_close_object(&j);
        json_end(&j);
    } else if (st == CLI_OK) {
        st = inspect_all(paths, count, &plan, NULL);
    }
    ckks_worker_free(plan.w);
    ckks_context_free(plan.ctx);
    nn_client_free(plan.client);
    return st;
}

int cmd_inspect(int argc, char **argv)
{
    settings s = {.plan = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, (size_t)count);
    return st == CLI_OK ? run(&s, rest, count) : st;
}
