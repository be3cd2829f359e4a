/* Events and their answers. */
#define _XOPEN_SOURCE 700

#include "tools/serve/serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli.h"
#include "tools/serve/log.h"

/* An answer that cannot be queued ends its conversation, which service_server_event then tells. */
static void ignore(service_status st)
{
    (void)st;
}

static void fault(serving *s, connection *c, uint32_t stream, uint16_t code, const char *why)
{
    if (stream != 0)
        COUNT(s, request_errors_total)++;
    log_begin("fault");
    log_number("connection", c->serial);
    log_number("stream", stream);
    log_number("code", code);
    log_text("why", why);
    log_end();
    ignore(service_server_fault(c->server, stream, code, why, cli_milliseconds()));
}

static uint16_t fault_of(int exit_code)
{
    switch (exit_code) {
    case CLI_MISMATCH:
        return SERVICE_FAULT_MISMATCH;
    case CLI_MEMORY:
        return SERVICE_FAULT_MEMORY;
    case CLI_FAULT:
        return SERVICE_FAULT_INTERNAL;
    default:
        return SERVICE_FAULT_DAMAGED;
    }
}

/* ---- events ---- */

static size_t connections_of(const serving *s, uint64_t client)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        n += s->connection[i]->client == client;
    return n;
}

static void reject(serving *s, connection *c, const char *why)
{
    COUNT(s, connections_refused_total)++;
    service_server_reject(c->server, why);
}

static void on_peer(serving *s, connection *c, const service_event *e)
{
    char text[CHANNEL_FINGERPRINT_CHARS] = "none";
    uint64_t client = c->serial;

    if (e->has_key) {
        channel_fingerprint(text, e->key);
        memcpy(&client, e->key, sizeof client);
    }
    log_begin("peer");
    log_number("connection", c->serial);
    log_text("key", text);
    log_end();
    if (s->allow != NULL && (!e->has_key || !identity_listed(s->allow, e->key))) {
        reject(s, c, "this client's key is not among those that are allowed");
    } else if (e->has_key && connections_of(s, client) >= s->connections_client) {
        reject(s, c, "this client has as many connections as one is granted");
    } else {
        c->client = client;
        ignore(service_server_admit(c->server, cli_milliseconds()));
    }
}

static void on_open(serving *s, connection *c, const service_event *e)
{
    c->host = NULL;
    for (size_t i = 0; i < s->host_count && c->host == NULL; i++) {
        if (*e->name == '\0' || strcmp(e->name, s->hosts[i].name) == 0)
            c->host = &s->hosts[i];
    }
    if (c->host == NULL) {
        char why[400];
        snprintf(why, sizeof why, "there is no network '%s' here; the first one is '%s'", e->name,
                 s->hosts[0].name);
        fault(s, c, 0, SERVICE_FAULT_NO_MODEL, why);
        return;
    }
    ignore(service_server_offer(c->server, &c->host->offer, cli_milliseconds()));
}

/* Keys kept for another network are none for this one. */
static host_keys *take_keys(serving *s, connection *c)
{
    host_keys *k = service_keyring_take(s->keyring, c->digest);

    if (k != NULL && k->host != c->host->number) {
        service_keyring_give(s->keyring, k);
        return NULL;
    }
    return k;
}

/* Room for keys as a file and loaded, beside what is in use and what others were granted. */
static int grant_upload(serving *s, connection *c)
{
    size_t wanted = host_upload_bytes(c->host);

    if (!service_keyring_reserve(s->keyring, wanted))
        return 0;
    c->upload = wanted;
    return 1;
}

static void end_upload(serving *s, connection *c)
{
    service_keyring_unreserve(s->keyring, c->upload);
    c->upload = 0;
}

static void on_keys(serving *s, connection *c, const service_event *e)
{
    host_keys *k;

    memcpy(c->digest, e->digest, sizeof c->digest);
    k = take_keys(s, c);
    if (k == NULL && s->draining != 0) {
        fault(s, c, 0, SERVICE_FAULT_CLOSING, "the server is about to end");
    } else if (k == NULL && !grant_upload(s, c)) {
        fault(s, c, 0, SERVICE_FAULT_BUSY, "there is no room for more evaluation keys now");
    } else {
        ignore(service_server_keys(c->server, k != NULL, cli_milliseconds()));
        if (k != NULL)
            service_keyring_give(s->keyring, k);
    }
}

/* Hands a job over, or says why not; takes the event's bytes in any case. */
static void submit(serving *s, connection *c, const service_event *e, host_keys *keys)
{
    job *j = calloc(1, sizeof *j);
    service_status st = SERVICE_ERR_MEMORY;

    if (j != NULL) {
        *j = (job){.kind = e->kind == SERVICE_EVENT_UPLOAD ? JOB_KEYS : JOB_REQUEST,
                   .connection = c->serial,
                   .client = c->client,
                   .stream = e->stream,
                   .host = c->host,
                   .bytes = {e->bytes, e->bytes_size},
                   .keys = keys,
                   .arrived = cli_seconds()};
        memcpy(j->digest, e->digest, sizeof j->digest);
        st = pool_submit(s->pool, j);
    }
    if (st == SERVICE_OK) {
        /* While the job runs: it takes a twentieth of the time that a small network takes. */
        if (j->kind == JOB_REQUEST)
            envelope_digest(j->request, &j->bytes);
        return;
    }
    if (keys != NULL)
        service_keyring_give(s->keyring, keys);
    if (j == NULL)
        free(e->bytes);
    job_free(j);
    end_upload(s, c);
    fault(s, c, e->stream, st == SERVICE_ERR_LIMIT ? SERVICE_FAULT_BUSY : SERVICE_FAULT_MEMORY,
          st == SERVICE_ERR_LIMIT ? "too many requests wait already" : "no memory for a request");
}

static void on_request(serving *s, connection *c, const service_event *e)
{
    host_keys *keys = NULL;

    COUNT(s, requests_total)++;
    if (s->draining == 0)
        keys = take_keys(s, c);
    if (keys != NULL) {
        submit(s, c, e, keys);
        return;
    }
    free(e->bytes);
    if (s->draining != 0)
        fault(s, c, e->stream, SERVICE_FAULT_CLOSING, "the server is about to end");
    else
        fault(s, c, e->stream, SERVICE_FAULT_NO_KEYS,
              "the evaluation keys were put out for others; send them again");
}

static void on_stat(serving *s, connection *c, const service_event *e)
{
    static char text[16384];
    size_t waiting, running, kept, bytes, size;

    pool_figures(s->pool, &waiting, &running);
    service_keyring_figures(s->keyring, &kept, &bytes, &COUNT(s, keys_evicted_total));
    COUNT(s, uptime_seconds) = (uint64_t)(cli_seconds() - s->begun);
    COUNT(s, connections) = s->count;
    COUNT(s, requests_waiting) = waiting;
    COUNT(s, requests_running) = running;
    COUNT(s, keys_kept) = kept;
    COUNT(s, keys_bytes) = bytes;
    size = e->format == SERVICE_STAT_JSON
               ? service_counters_json(&s->counters, text, sizeof text)
               : service_counters_prometheus(&s->counters, text, sizeof text);
    ignore(service_server_tell(c->server, text, size < sizeof text ? size : sizeof text - 1,
                               cli_milliseconds()));
}

static void on_event(serving *s, connection *c, const service_event *e)
{
    switch (e->kind) {
    case SERVICE_EVENT_PEER:
        on_peer(s, c, e);
        break;
    case SERVICE_EVENT_OPEN:
        on_open(s, c, e);
        break;
    case SERVICE_EVENT_KEYS:
        on_keys(s, c, e);
        break;
    case SERVICE_EVENT_UPLOAD:
        submit(s, c, e, NULL);
        break;
    case SERVICE_EVENT_REQUEST:
        on_request(s, c, e);
        break;
    case SERVICE_EVENT_STAT:
        on_stat(s, c, e);
        break;
    }
}

/* Everything that can be done with what has come. */
void serving_converse(serving *s, connection *c)
{
    size_t before;

    do {
        service_event e;
        before = c->rest_size;
        while (service_server_event(c->server, &e, cli_milliseconds()) == 1)
            on_event(s, c, &e);
        connection_feed_rest(c);
    } while (c->rest_size < before);
    connection_write(c);
}

/* ---- finished jobs ---- */

static connection *find(const serving *s, uint64_t serial)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->connection[i]->serial == serial)
            return s->connection[i];
    }
    return NULL;
}

static void keys_done(serving *s, connection *c, job *j)
{
    service_status st = SERVICE_OK;

    if (c != NULL)
        end_upload(s, c);
    if (j->status == CLI_OK)
        st = service_keyring_put(s->keyring, j->digest, j->keys, j->keys->bytes);
    if (j->status == CLI_OK && st == SERVICE_OK) {
        COUNT(s, keys_uploaded_total)++;
        service_keyring_give(s->keyring, j->keys);
    } else if (j->status == CLI_OK) {
        /* Another connection brought the same keys meanwhile, or there is no room any more. */
        host_keys_free(j->keys);
    } else {
        COUNT(s, keys_refused_total)++;
    }
    if (c == NULL)
        return;
    if (j->status != CLI_OK)
        fault(s, c, 0, fault_of(j->status), j->why);
    else if (st == SERVICE_OK || st == SERVICE_ERR_ARG)
        ignore(service_server_keys(c->server, 1, cli_milliseconds()));
    else
        fault(s, c, 0, SERVICE_FAULT_BUSY, "there is no room for more evaluation keys now");
}

static void request_done(serving *s, connection *c, job *j)
{
    if (j->status == CLI_OK)
        envelope_seal(j->answer.data, ENVELOPE_RESPONSE, &j->keys->ids, j->request,
                      j->answer.size - ENVELOPE_BYTES);
    service_keyring_give(s->keyring, j->keys);
    if (j->status == CLI_OK) {
        service_times_add(&s->counters.wait, j->begun - j->arrived);
        service_times_add(&s->counters.infer, j->done - j->begun);
    }
    if (c == NULL)
        return;
    if (j->status != CLI_OK) {
        fault(s, c, j->stream, fault_of(j->status), j->why);
        return;
    }
    COUNT(s, responses_total)++;
    log_begin("answer");
    log_number("connection", c->serial);
    log_number("stream", j->stream);
    log_text("model", j->host->name);
    log_ms("wait_ms", j->begun - j->arrived);
    log_ms("infer_ms", j->done - j->begun);
    log_number("bytes", j->answer.size);
    log_end();
    ignore(service_server_respond(c->server, j->stream, j->answer.data, j->answer.size,
                                  cli_milliseconds()));
    j->answer = (file_bytes){NULL, 0};
}

void serving_finished(serving *s)
{
    job *j;

    while ((j = pool_finished(s->pool)) != NULL) {
        connection *c = find(s, j->connection);
        if (j->kind == JOB_KEYS)
            keys_done(s, c, j);
        else
            request_done(s, c, j);
        job_free(j);
        if (c != NULL)
            serving_converse(s, c);
    }
}

void serving_leave(serving *s, connection *c)
{
    pool_cancel(s->pool, c->serial);
    end_upload(s, c);
}

static void tell_working(void *user, uint64_t serial, uint32_t stream, uint32_t step,
                         uint32_t steps)
{
    connection *c = find(user, serial);

    if (c != NULL)
        ignore(service_server_working(c->server, stream, step, steps, cli_milliseconds()));
}

void serving_beat(serving *s)
{
    pool_working(s->pool, tell_working, s);
    /* Who still waits hears that the server lives; where more was just told, this is left out. */
    for (size_t i = 0; i < s->count; i++) {
        connection *c = s->connection[i];
        if (service_server_pending(c->server) > 0 || c->upload > 0)
            tell_working(s, c->serial, 0, 0, 0);
    }
}
