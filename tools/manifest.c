/* Lists of requests, shares of them, and exit codes of many items. */
#define _POSIX_C_SOURCE 200809L

#include "tools/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"

enum { FILE_LIMIT = 1 << 30, IN_A_ROW = 3 };

static const char request_ending[] = ".request", response_ending[] = ".response";

char *manifest_response(const char *folder, const char *request)
{
    const char *slash = strrchr(request, '/'), *name = slash != NULL ? slash + 1 : request;
    size_t length = strlen(name), room;
    char *path;

    if (length > sizeof request_ending - 1 &&
        strcmp(name + length - (sizeof request_ending - 1), request_ending) == 0)
        length -= sizeof request_ending - 1;
    room = strlen(folder) + 1 + length + sizeof response_ending;
    path = malloc(room);
    if (path != NULL)
        snprintf(path, room, "%s/%.*s%s", folder, (int)length, name, response_ending);
    return path;
}

static int bad_line(const char *name, size_t line, const char *sentence)
{
    return cli_fail(CLI_DAMAGED, name, "line %zu %s", line, sentence);
}

/* One line, whose end is a zero byte. */
static int take_line(manifest *m, char *line, size_t number, const char *folder, const char *name)
{
    char *tab = strchr(line, '\t'), *end = line + strlen(line);
    manifest_item *i = &m->item[m->count];

    if (end > line && end[-1] == '\r')
        end[-1] = '\0';
    if (*line == '\0' || *line == '#')
        return CLI_OK;
    if (tab == NULL && folder == NULL)
        return bad_line(name, number,
                        "names no response: write its path behind a tab, or give --output-dir");
    if (tab != NULL)
        *tab++ = '\0';
    if (*line == '\0' || (tab != NULL && (*tab == '\0' || strchr(tab, '\t') != NULL)))
        return bad_line(name, number, "is not a path, or two paths with one tab between them");
    if (strcmp(line, "-") == 0 || (tab != NULL && strcmp(tab, "-") == 0))
        return bad_line(name, number, "has '-', which is no file here (./- is)");
    *i = (manifest_item){line, tab != NULL ? strdup(tab) : manifest_response(folder, line), number};
    if (i->response == NULL)
        return cli_fail(CLI_MEMORY, name, "no memory for %zu items", m->count + 1);
    m->count++;
    return CLI_OK;
}

static int by_response(const void *a, const void *b)
{
    const manifest_item *x = *(const manifest_item *const *)a;
    const manifest_item *y = *(const manifest_item *const *)b;
    int order = strcmp(x->response, y->response);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Two items that write the same file would take turns in spoiling each other's. */
static int refuse_twins(const manifest *m, const char *name)
{
    const manifest_item **sorted = calloc(m->count + 1, sizeof *sorted);
    int st = CLI_OK;

    if (sorted == NULL)
        return cli_fail(CLI_MEMORY, name, "no memory for %zu items", m->count);
    for (size_t k = 0; k < m->count; k++)
        sorted[k] = &m->item[k];
    qsort(sorted, m->count, sizeof *sorted, by_response);
    for (size_t k = 1; k < m->count && st == CLI_OK; k++) {
        if (strcmp(sorted[k - 1]->response, sorted[k]->response) == 0)
            st = cli_fail(CLI_DAMAGED, name, "lines %zu and %zu have the same response, %s",
                          sorted[k - 1]->line, sorted[k]->line, sorted[k]->response);
    }
    free(sorted);
    return st;
}

/* The lines of text, which a zero byte follows. */
static int take_lines(manifest *m, char *text, const char *folder, const char *name)
{
    int st = CLI_OK;

    for (size_t line = 1; *text != '\0' && st == CLI_OK; line++) {
        char *end = strchr(text, '\n'), *next = end != NULL ? end + 1 : text + strlen(text);
        if (end != NULL)
            *end = '\0';
        st = take_line(m, text, line, folder, name);
        text = next;
    }
    return st;
}

int manifest_read(manifest *out, const char *path, const char *folder)
{
    const char *name = file_input_name(path);
    file_bytes file;
    size_t lines = 1;
    int st = file_read(&file, path, FILE_LIMIT);

    memset(out, 0, sizeof *out);
    if (st != CLI_OK)
        return st;
    if (file.size > 0 && memchr(file.data, '\0', file.size) != NULL) {
        file_free(&file);
        return cli_fail(CLI_DAMAGED, name, "this is no manifest: it is not text");
    }
    for (size_t k = 0; k < file.size; k++)
        lines += file.data[k] == '\n';
    out->text = (file_bytes){malloc(file.size + 1), file.size + 1};
    out->item = calloc(lines, sizeof *out->item);
    if (out->text.data == NULL || out->item == NULL) {
        file_free(&file);
        return cli_fail(CLI_MEMORY, name, "no memory for %zu lines", lines);
    }
    if (file.size > 0)
        memcpy(out->text.data, file.data, file.size);
    out->text.data[file.size] = '\0';
    file_free(&file);
    st = take_lines(out, (char *)out->text.data, folder, name);
    return st == CLI_OK ? refuse_twins(out, name) : st;
}

void manifest_free(manifest *m)
{
    for (size_t k = 0; m->item != NULL && k < m->count; k++)
        free(m->item[k].response);
    free(m->item);
    file_free(&m->text);
    *m = (manifest){.count = 0};
}

/* ---- shares ---- */

/* A number of digits alone, 0..SHARDS_MOST; returns the rest, or NULL when there is none. */
static const char *digits(uint64_t *out, const char *text)
{
    *out = 0;
    if (*text < '0' || *text > '9')
        return NULL;
    for (; *text >= '0' && *text <= '9'; text++) {
        *out = 10 * *out + (uint64_t)(*text - '0');
        if (*out > SHARDS_MOST)
            return NULL;
    }
    return text;
}

static int from_environment(shard *out, const char *variable, uint64_t first, const char *value)
{
    const char *text = getenv(variable), *rest = text != NULL ? digits(&out->number, text) : NULL;

    if (text == NULL)
        return cli_usage("--shard %s wants %s in the environment, and it is not there", value,
                         variable);
    if (rest == NULL || *rest != '\0' || out->number < first || out->number - first >= out->of)
        return cli_usage("--shard %s wants %s from %llu to %llu, and it is '%s'", value, variable,
                         (unsigned long long)first, (unsigned long long)(first + out->of - 1),
                         text);
    out->number += 1 - first;
    return CLI_OK;
}

int shard_take(shard *out, const char *name, const char *value)
{
    const char *slash = strchr(value, '/');
    const char *rest = slash != NULL ? digits(&out->of, slash + 1) : NULL;

    if (rest == NULL || *rest != '\0' || out->of == 0)
        return cli_usage("--%s takes I/N, slurm/N or kubernetes/N, N the number of shares, "
                         "not '%s'",
                         name, value);
    if (strncmp(value, "slurm/", 6) == 0)
        return from_environment(out, "SLURM_ARRAY_TASK_ID", 1, value);
    if (strncmp(value, "kubernetes/", 11) == 0)
        return from_environment(out, "JOB_COMPLETION_INDEX", 0, value);
    if (digits(&out->number, value) != slash || out->number < 1 || out->number > out->of)
        return cli_usage("--%s takes I/N with I from 1 to N, not '%s'", name, value);
    return CLI_OK;
}

int shard_has(const shard *s, size_t k)
{
    return k % s->of == s->number - 1;
}

/* ---- tally ---- */

void tally_add(tally *t, int code)
{
    if (code == CLI_OK) {
        t->done++;
        t->in_a_row = 0;
    } else if (cli_transient(code)) {
        t->transient++;
        t->in_a_row++;
        if (t->first_transient == CLI_OK)
            t->first_transient = code;
    } else {
        t->permanent++;
        t->in_a_row = 0;
        if (t->first_permanent == CLI_OK)
            t->first_permanent = code;
    }
}

int tally_hopeless(const tally *t)
{
    return t->in_a_row >= IN_A_ROW;
}

int tally_code(const tally *t)
{
    return t->first_transient != CLI_OK ? t->first_transient : t->first_permanent;
}
