/* unseen collect: whether the work on a manifest is complete. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/collect_logs.h"
#include "tools/commands.h"
#include "tools/load.h"
#include "tools/progress.h"
#include "tools/reply.h"
#include "tools/worklog.h"

enum { LOGS_MOST = 1 << 20, STATES = 4 };

typedef struct settings {
    const char *folder, *merged;
    int json;
} settings;

static const cli_option options[] = {
    {0, "output-dir", "DIR", "where the responses are that the manifest does not name"},
    {'o', "output", "LOG", "write what the logs tell, and what was verified, as one log"},
    {0, "json", NULL, "print the report as JSON"},
    {0, NULL, NULL, NULL},
};

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;

    if (strcmp(name, "output-dir") == 0)
        s->folder = value;
    else if (strcmp(name, "output") == 0)
        s->merged = value;
    else
        s->json = 1;
    return CLI_OK;
}

static const cli_command command = {
    "collect",
    "MANIFEST [LOG]... [OPTION]...",
    "Verify that every request of a manifest has its response",
    "Each response must be there, be whole by its checksums, be of the model, plan and key of its\n"
    "request, and carry that request's digest. No key is needed, and no log: the LOGs of 'unseen\n"
    "infer' add times, and are held against the manifest. The exit status is 1 when anything is\n"
    "missing, damaged or foreign.",
    options,
    1,
    LOGS_MOST,
    take,
};

/* What was found of one item. */
typedef struct finding {
    reply reply;
    uint8_t digest[ENVELOPE_DIGEST]; /* of the request, when it was read */
    int code;                        /* why the request or the response cannot be read */
} finding;

typedef struct collection {
    manifest m;
    finding *found;
    size_t state[STATES], unreadable;
    tally reading;    /* of requests and responses that are there */
    envelope_ids ids; /* of the first request that was read */
    int has_ids;
    collect_logs logs;
} collection;

static void look(collection *c, size_t k)
{
    const manifest_item *item = &c->m.item[k];
    finding *f = &c->found[k];
    file_bytes request;
    envelope e;

    f->code = load_file(&request, item->request);
    if (f->code == CLI_OK)
        f->code = envelope_open(&e, &request, ENVELOPE_REQUEST, item->request);
    if (f->code == CLI_OK) {
        if (!c->has_ids)
            c->ids = e.ids;
        c->has_ids = 1;
        envelope_digest(f->digest, &request);
        f->code = reply_look(&f->reply, item->response, &e, f->digest);
    }
    if (f->code == CLI_OK)
        c->state[f->reply.state]++;
    else
        c->unreadable++;
    tally_add(&c->reading, f->code);
    file_free(&request);
}

static int is_whole(const finding *f)
{
    return f->code == CLI_OK && f->reply.state == REPLY_WHOLE;
}

static const char *state_name(const finding *f)
{
    return f->code != CLI_OK ? "unreadable" : reply_state_name(f->reply.state);
}

/* Why an item is not done; what cannot be read was told on stderr. */
static const char *why_not(const finding *f)
{
    return f->code != CLI_OK ? "the request, or the response, cannot be read" : f->reply.why;
}

static int collect(collection *c, const settings *s, char **paths, int count)
{
    progress p;
    int st = manifest_read(&c->m, paths[0], s->folder);

    if (st != CLI_OK)
        return st;
    c->found = calloc(c->m.count + 1, sizeof *c->found);
    if (c->found == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu items", c->m.count);
    progress_begin(&p, "verifying", c->m.count);
    for (size_t k = 0; k < c->m.count; k++) {
        progress_show(&p, k, NULL);
        look(c, k);
    }
    progress_end(&p);
    st = collect_logs_begin(&c->logs, &c->m);
    for (int k = 1; k < count && st == CLI_OK; k++)
        st = collect_logs_add(&c->logs, paths[k], &c->m, c->has_ids ? &c->ids : NULL);
    return st;
}

/* ---- what is told ---- */

static size_t logged(const collection *c)
{
    size_t count = 0;

    for (uint64_t k = 0; k < c->logs.shards; k++)
        count += c->logs.seen[k];
    return count;
}

/* The members of the report, for the report itself and for the last line of the merged log. */
static void tell_counts(json *j, const collection *c)
{
    json_integer(j, "items", c->m.count);
    for (int s = 0; s < STATES; s++)
        json_integer(j, reply_state_name((reply_state)s), c->state[s]);
    json_integer(j, "unreadable", c->unreadable);
    json_bool(j, "complete", c->state[REPLY_WHOLE] == c->m.count);
    json_integer(j, "logs", c->logs.logs);
    json_integer(j, "runs", c->logs.runs);
    json_integer(j, "shards", c->logs.shards);
    json_integer(j, "shards_logged", logged(c));
    json_real(j, "seconds", c->logs.seconds);
}

static void print_json(const collection *c)
{
    json j;

    json_begin(&j, stdout);
    json_open_object(&j, NULL);
    tell_counts(&j, c);
    json_open_array(&j, "problems");
    for (size_t k = 0; k < c->m.count; k++) {
        if (is_whole(&c->found[k]))
            continue;
        json_open_object(&j, NULL);
        json_integer(&j, "line", c->m.item[k].line);
        json_string(&j, "request", c->m.item[k].request);
        json_string(&j, "response", c->m.item[k].response);
        json_string(&j, "state", state_name(&c->found[k]));
        json_string(&j, "why", why_not(&c->found[k]));
        json_close_object(&j);
    }
    json_close_array(&j);
    json_open_array(&j, "shards_without_log");
    for (uint64_t k = 0; k < c->logs.shards; k++) {
        if (!c->logs.seen[k])
            json_integer(&j, NULL, k + 1);
    }
    json_close_array(&j);
    json_close_object(&j);
    json_end(&j);
}

static void print_text(const collection *c)
{
    for (size_t k = 0; k < c->m.count; k++) {
        if (!is_whole(&c->found[k]))
            printf("%-10s  %s: %s\n", state_name(&c->found[k]), c->m.item[k].response,
                   why_not(&c->found[k]));
    }
    for (uint64_t k = 0; k < c->logs.shards; k++) {
        if (!c->logs.seen[k])
            printf("no log      of share %" PRIu64 " of %" PRIu64 "\n", k + 1, c->logs.shards);
    }
    printf("%zu of %zu responses are whole", c->state[REPLY_WHOLE], c->m.count);
    if (c->logs.runs > 0)
        printf(", %.1f s in %zu run%s", c->logs.seconds, c->logs.runs,
               c->logs.runs == 1 ? "" : "s");
    printf("\n");
}

static int merge_item(worklog *w, const collection *c, size_t k)
{
    const finding *f = &c->found[k];
    int st = worklog_begin(w);

    if (st != CLI_OK)
        return st;
    json_integer(&w->line, "line", c->m.item[k].line);
    json_string(&w->line, "request", c->m.item[k].request);
    json_string(&w->line, "response", c->m.item[k].response);
    json_string(&w->line, "state", state_name(f));
    if (is_whole(f)) {
        worklog_digest(w, "request_blake2s", f->digest);
        worklog_digest(w, "response_blake2s", f->reply.digest);
        if (c->logs.ms[k] >= 0.0)
            json_real(&w->line, "ms", c->logs.ms[k]);
    }
    return worklog_end(w);
}

static int merge(const collection *c, const char *path)
{
    worklog w;
    int st = worklog_open(&w, path);

    for (size_t k = 0; k < c->m.count && st == CLI_OK; k++)
        st = merge_item(&w, c, k);
    if (st == CLI_OK)
        st = worklog_begin(&w);
    if (st == CLI_OK) {
        tell_counts(&w.line, c);
        if (c->has_ids) {
            worklog_id(&w, "model", c->ids.model);
            worklog_id(&w, "plan", c->ids.plan);
            worklog_id(&w, "key", c->ids.key);
        }
        st = worklog_end(&w);
    }
    if (st == CLI_OK)
        st = worklog_commit(&w);
    worklog_abort(&w);
    return st;
}

int cmd_collect(int argc, char **argv)
{
    settings s = {.json = 0};
    collection c = {.found = NULL};
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st == CLI_OK)
        st = cli_one_dash((const char *const *)rest, (size_t)count);
    if (st != CLI_OK)
        return st;
    st = collect(&c, &s, rest, count);
    if (st == CLI_OK && s.merged != NULL)
        st = merge(&c, s.merged);
    if (st == CLI_OK) {
        if (s.json)
            print_json(&c);
        else
            print_text(&c);
        st = c.state[REPLY_WHOLE] == c.m.count ? CLI_OK : CLI_NEGATIVE;
        /* Of what cannot be read nothing is known. */
        if (tally_code(&c.reading) != CLI_OK)
            st = tally_code(&c.reading);
    }
    collect_logs_free(&c.logs);
    free(c.found);
    manifest_free(&c.m);
    return st;
}
