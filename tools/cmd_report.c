/* unseen report: results of eval, check, plan and the bench as one page of HTML. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/file.h"
#include "tools/report.h"

enum { FILE_LIMIT = 32 << 20, WHY = 400 };

typedef struct settings {
    const char *output;
} settings;

static const cli_option options[] = {
    {'o', "output", "PAGE.html", "write the page here (default: standard output)"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    (void)name;
    ((settings *)user)->output = value;
    return CLI_OK;
}

static const cli_command command = {
    "report",
    "FILE... [-o PAGE.html]",
    "Make a page with charts of results",
    "FILE is the JSON that 'unseen eval', 'check' or 'plan' print with --json, or the CSV of\n"
    "unseen-bench; '-' is standard input. The page holds all it shows and loads nothing. Files\n"
    "of one kind are compared. With 'eval --json --pictures N' the images that got a wrong label\n"
    "are shown.",
    options,
    1,
    REPORT_FILES,
    take,
};

/* A file by the last part of its path, unless another one has that too. */
static const char *short_name(char *const *paths, size_t count, size_t k)
{
    const char *slash = strrchr(paths[k], '/'), *name = slash != NULL ? slash + 1 : paths[k];

    for (size_t i = 0; i < count; i++) {
        const char *other = strrchr(paths[i], '/');
        if (i != k && strcmp(other != NULL ? other + 1 : paths[i], name) == 0)
            return paths[k];
    }
    return strcmp(paths[k], "-") == 0 ? file_input_name(paths[k]) : name;
}

static int read_one(report_file *out, const char *path, const char *name)
{
    char why[WHY] = "";
    file_bytes file;
    int st = file_read(&file, path, FILE_LIMIT);

    if (st != CLI_OK)
        return st;
    st = report_read(out, name, file.data, file.size, why, sizeof why);
    file_free(&file);
    return st == CLI_OK ? CLI_OK : cli_fail_status(st, file_input_name(path), why);
}

static int write_page(const settings *s, const report_file *file, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    int st = f != NULL ? report_page(f, file, count) : CLI_MEMORY;

    if (f != NULL && fclose(f) != 0)
        st = CLI_MEMORY;
    st = st == CLI_OK ? output_whole(s->output, OUTPUT_TEXT, text, size)
                      : cli_fail(CLI_MEMORY, s->output, "no memory for the page");
    free(text);
    return st;
}

int cmd_report(int argc, char **argv)
{
    settings s = {"-"};
    report_file file[REPORT_FILES] = {{NULL, 0, NULL}};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, (size_t)count);
    if (st != CLI_OK)
        return st;
    for (size_t k = 0; k < (size_t)count && st == CLI_OK; k++)
        st = read_one(&file[k], rest[k], short_name(rest, (size_t)count, k));
    if (st == CLI_OK)
        st = write_page(&s, file, (size_t)count);
    for (size_t k = 0; k < (size_t)count; k++)
        report_free(&file[k]);
    return st;
}
