/* infer over a manifest. */
#include "tools/infer_many.h"

#include "tools/cli.h"
#include "tools/progress.h"
#include "tools/reply.h"
#include "tools/worklog.h"

/* One item on its way. */
typedef struct item_run {
    const manifest_item *item;
    file_bytes request;
    uint8_t digest[ENVELOPE_DIGEST]; /* of the request */
    reply reply;                     /* what there was, then what there is */
    int skipped;
    double begun;
} item_run;

/* The request is read, is of this job, and its response is looked at. */
static int look(const inference *s, item_run *r)
{
    envelope e;
    int st = load_file(&r->request, r->item->request);

    if (st == CLI_OK)
        st = envelope_open(&e, &r->request, ENVELOPE_REQUEST, r->item->request);
    if (st == CLI_OK)
        st = load_check_ids(&e, &s->ids, r->item->request);
    if (st != CLI_OK)
        return st;
    envelope_digest(r->digest, &r->request);
    return reply_look(&r->reply, r->item->response, &e, r->digest);
}

static int answer(inference *s, item_run *r, int threads)
{
    file_bytes response = {NULL, 0};
    int st = inference_take(s, &r->request, r->item->request);

    if (st == CLI_OK)
        st = inference_prepare(s, threads);
    if (st == CLI_OK)
        st = inference_run(s, &response, &r->request, NULL, r->item->request);
    if (st == CLI_OK)
        st = output_whole(r->item->response, OUTPUT_BINARY, response.data, response.size);
    if (st == CLI_OK) {
        envelope_digest(r->reply.digest, &response);
        r->reply.state = REPLY_WHOLE;
    }
    file_free(&response);
    return st;
}

static int run_item(inference *s, item_run *r, int threads)
{
    int st = look(s, r);

    if (st == CLI_OK && r->reply.state == REPLY_WHOLE) {
        r->skipped = 1;
    } else if (st == CLI_OK) {
        if (r->reply.state != REPLY_MISSING)
            cli_note("%s: made again: %s", r->item->response, r->reply.why);
        st = answer(s, r, threads);
    }
    file_free(&r->request);
    return st;
}

static int log_item(worklog *w, const item_run *r, int code)
{
    int st = worklog_begin(w);

    if (st != CLI_OK)
        return st;
    json_integer(&w->line, "line", r->item->line);
    json_string(&w->line, "request", r->item->request);
    json_string(&w->line, "response", r->item->response);
    json_string(&w->line, "status", code != CLI_OK ? "failed" : r->skipped ? "skipped" : "done");
    json_integer(&w->line, "code", (uint64_t)code);
    if (code != CLI_OK) {
        json_bool(&w->line, "transient", cli_transient(code));
        json_string(&w->line, "error", cli_sentence());
    } else {
        worklog_digest(w, "request_blake2s", r->digest);
        worklog_digest(w, "response_blake2s", r->reply.digest);
    }
    json_real(&w->line, "ms", 1e3 * (cli_seconds() - r->begun));
    return worklog_end(w);
}

static int log_shard(worklog *w, const infer_many_options *o, const inference *s, const tally *t,
                     size_t items, double seconds)
{
    int st = worklog_begin(w);

    if (st != CLI_OK)
        return st;
    json_integer(&w->line, "shard", o->share.number);
    json_integer(&w->line, "shards", o->share.of);
    json_integer(&w->line, "items", items);
    json_integer(&w->line, "done", t->done - t->skipped);
    json_integer(&w->line, "skipped", t->skipped);
    json_integer(&w->line, "failed_permanently", t->permanent);
    json_integer(&w->line, "failed_transiently", t->transient);
    json_integer(&w->line, "code", (uint64_t)tally_code(t));
    json_real(&w->line, "seconds", seconds);
    json_integer(&w->line, "threads", (uint64_t)o->threads);
    worklog_id(w, "model", s->ids.model);
    worklog_id(w, "plan", s->ids.plan);
    worklog_id(w, "key", s->ids.key);
    return worklog_end(w);
}

/* Every item of the share, then its last line. Returns what went wrong with the log. */
static int run_share(inference *s, const infer_many_options *o, const manifest *m, worklog *w,
                     tally *t)
{
    double begun = cli_seconds();
    size_t items = 0, at = 0;
    progress p;
    int st = CLI_OK;

    for (size_t k = 0; k < m->count; k++)
        items += (size_t)shard_has(&o->share, k);
    progress_begin(&p, "inferring", items);
    for (size_t k = 0; k < m->count && st == CLI_OK && !tally_hopeless(t); k++) {
        item_run r = {.item = &m->item[k], .begun = cli_seconds()};
        int code;
        if (!shard_has(&o->share, k))
            continue;
        progress_show(&p, at++, r.item->request);
        code = run_item(s, &r, o->threads);
        tally_add(t, code);
        t->skipped += (size_t)(r.skipped && code == CLI_OK);
        st = log_item(w, &r, code);
    }
    progress_show(&p, at, NULL);
    progress_end(&p);
    if (st == CLI_OK && tally_hopeless(t))
        cli_note("three items in a row failed for a passing reason; the others are left for a "
                 "later try");
    return st == CLI_OK ? log_shard(w, o, s, t, items, cli_seconds() - begun) : st;
}

int infer_many(const infer_many_options *o, const char *model_path, const char *keys_path)
{
    inference s = {.keys = NULL};
    manifest m;
    tally t = {.done = 0};
    worklog w = {.out = OUTPUT_NONE};
    int st = manifest_read(&m, o->manifest, o->folder);

    if (st == CLI_OK)
        st = inference_open(&s, model_path, keys_path, NULL, &o->plan);
    if (st == CLI_OK && o->folder != NULL)
        st = file_make_folder(o->folder);
    if (st == CLI_OK)
        st = worklog_open(&w, o->log);
    if (st == CLI_OK)
        st = run_share(&s, o, &m, &w, &t);
    if (st == CLI_OK)
        st = worklog_commit(&w);
    worklog_abort(&w);
    inference_close(&s);
    manifest_free(&m);
    return st == CLI_OK ? tally_code(&t) : st;
}
