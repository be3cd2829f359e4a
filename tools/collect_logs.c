/* Logs of infer, read back. */
#include "tools/collect_logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/json_read.h"
#include "tools/result.h"

enum { FILE_LIMIT = 1 << 30 };

int collect_logs_begin(collect_logs *l, const manifest *m)
{
    *l = (collect_logs){.ms = malloc((m->count + 1) * sizeof *l->ms)};
    if (l->ms == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu items", m->count);
    for (size_t k = 0; k < m->count; k++)
        l->ms[k] = -1.0;
    return CLI_OK;
}

void collect_logs_free(collect_logs *l)
{
    free(l->seen);
    free(l->ms);
    *l = (collect_logs){.logs = 0};
}

/* A whole number from low to high in a member; low - 1 when there is none. */
static uint64_t whole(const json_value *line, const char *key, uint64_t low, uint64_t high)
{
    double x = json_member_number(line, key);

    return x >= (double)low && x <= (double)high ? (uint64_t)x : low - 1;
}

static int same_id(const json_value *line, const char *key, uint64_t id)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, id);
    return strcmp(json_member_text(line, key), text) == 0;
}

static int take_share(collect_logs *l, const json_value *line, const envelope_ids *ids,
                      const char *name)
{
    uint64_t shards = whole(line, "shards", 1, SHARDS_MOST);
    uint64_t number = whole(line, "shard", 1, shards);
    double seconds = json_member_number(line, "seconds");

    if (shards == 0 || number == 0 || !(seconds >= 0.0))
        return cli_fail(CLI_DAMAGED, name, "a line about a share has no number of it, or no time");
    if (ids != NULL && !(same_id(line, "model", ids->model) && same_id(line, "plan", ids->plan) &&
                         same_id(line, "key", ids->key)))
        return cli_fail(CLI_MISMATCH, name,
                        "this is a log of another model, plan or key than the requests are of");
    if (l->shards != 0 && l->shards != shards)
        return cli_fail(CLI_MISMATCH, name,
                        "this log is of one of %" PRIu64 " shares, the others are of %" PRIu64,
                        shards, l->shards);
    if (l->shards == 0) {
        l->seen = calloc((size_t)shards, 1);
        if (l->seen == NULL)
            return cli_fail(CLI_MEMORY, name, "no memory for %" PRIu64 " shares", shards);
        l->shards = shards;
    }
    l->seen[number - 1] = 1;
    l->runs++;
    l->seconds += seconds;
    return CLI_OK;
}

static int by_line(const void *key, const void *item)
{
    size_t wanted = *(const size_t *)key, has = ((const manifest_item *)item)->line;
    return (wanted > has) - (wanted < has);
}

/* Items are in the order of their lines. What is in a log and not in the manifest is of another
 * list. */
static int take_item(collect_logs *l, const json_value *line, const manifest *m, const char *name)
{
    size_t number = (size_t)whole(line, "line", 1, FILE_LIMIT);
    double ms = json_member_number(line, "ms");
    const manifest_item *item = bsearch(&number, m->item, m->count, sizeof *m->item, by_line);

    if (item == NULL || strcmp(item->request, json_member_text(line, "request")) != 0)
        return cli_fail(CLI_MISMATCH, name,
                        "this is a log of another manifest: line %zu of it is not %s", number,
                        json_member_text(line, "request"));
    if (strcmp(json_member_text(line, "status"), "done") == 0 && ms >= 0.0)
        l->ms[item - m->item] = ms;
    return CLI_OK;
}

static int take_line(collect_logs *l, const uint8_t *text, size_t size, size_t number,
                     const manifest *m, const envelope_ids *ids, const char *name)
{
    char why[256] = "";
    json_document *d = NULL;
    const json_value *line;
    int st = json_read(&d, text, size, why, sizeof why);

    if (st == TOOL_ERR_MEMORY)
        return cli_fail(CLI_MEMORY, name, "no memory for line %zu", number);
    line = st == TOOL_OK ? json_root(d) : NULL;
    if (json_member(line, "shard") != NULL)
        st = take_share(l, line, ids, name);
    else if (json_member(line, "request") != NULL)
        st = take_item(l, line, m, name);
    else
        st = cli_fail(CLI_DAMAGED, name, "line %zu is none of a log of 'unseen infer'", number);
    json_free(d);
    return st;
}

int collect_logs_add(collect_logs *l, const char *path, const manifest *m, const envelope_ids *ids)
{
    const char *name = file_input_name(path);
    file_bytes file;
    size_t at = 0, number = 1, runs = l->runs;
    int st = file_read(&file, path, FILE_LIMIT);

    for (; st == CLI_OK && at < file.size; number++) {
        const uint8_t *end = memchr(file.data + at, '\n', file.size - at);
        size_t length = end != NULL ? (size_t)(end - (file.data + at)) : file.size - at;
        st = take_line(l, file.data + at, length, number, m, ids, name);
        at += length + 1;
    }
    file_free(&file);
    if (st == CLI_OK && l->runs == runs)
        st = cli_fail(CLI_DAMAGED, name, "this log has no line about a share: it is cut short");
    l->logs++;
    return st;
}
