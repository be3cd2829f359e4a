/* The rules, from the greeting to the last answer. */
#define _XOPEN_SOURCE 700

#include "tests/crowd/good.h"

#include <poll.h>

#include "tests/testing.h"
#include "tools/cli.h"

enum { WAIT_MS = 20 };

static void lose(crowd_good *g, const char *why)
{
    if (g->stage != GOOD_LOST)
        print_error("a good client is lost: %s\n", why);
    g->stage = GOOD_LOST;
}

static void did(crowd_good *g, service_status st)
{
    if (st != SERVICE_OK)
        lose(g, service_client_why(g->line.client));
}

void good_begin(crowd_good *g, world *w, const char *address, const char *key, size_t keys,
                size_t wanted)
{
    *g = (crowd_good){.w = w, .key = key, .keys = keys, .wanted = wanted};
    if (!line_open(&g->line, address))
        lose(g, "nobody answers");
}

void good_go(crowd_good *g)
{
    assert_int_equal(g->stage, GOOD_HOLDS);
    g->stage = GOOD_ASKS;
}

void good_end(crowd_good *g)
{
    line_close(&g->line, 0);
}

static void name_keys(crowd_good *g)
{
    const world_keys *k = &g->w->keys[g->keys];
    did(g, service_client_keys(g->line.client, k->digest, k->eval.size, cli_milliseconds()));
}

static size_t count_under_way(const crowd_good *g)
{
    size_t n = 0;
    for (size_t i = 0; i < GOOD_WINDOW; i++)
        n += g->under_way[i].stream != 0;
    return n;
}

static void send_request(crowd_good *g, good_request *r)
{
    size_t picture = (g->streams + g->keys) % WORLD_PICTURES;
    const file_bytes *file = &g->w->keys[g->keys].request[picture].file;
    uint8_t *copy = malloc(file->size);

    assert_non_null(copy);
    memcpy(copy, file->data, file->size);
    *r = (good_request){++g->streams, picture, cli_milliseconds()};
    did(g, service_client_request(g->line.client, r->stream, copy, file->size, r->at));
}

/* Keeps its window full until the last requests are under way. */
static void send_requests(crowd_good *g)
{
    for (size_t i = 0; i < GOOD_WINDOW && g->stage == GOOD_ASKS; i++) {
        if (g->under_way[i].stream == 0 && g->answered + count_under_way(g) < g->wanted)
            send_request(g, &g->under_way[i]);
    }
}

static good_request *find(crowd_good *g, uint32_t stream)
{
    for (size_t i = 0; i < GOOD_WINDOW; i++) {
        if (stream != 0 && g->under_way[i].stream == stream)
            return &g->under_way[i];
    }
    return NULL;
}

static void on_response(crowd_good *g, const service_news *n)
{
    const file_bytes file = {n->bytes, n->bytes_size};
    good_request *r = find(g, n->stream);

    if (r == NULL) {
        lose(g, "an answer to what was not asked, or a second one");
        return;
    }
    if (cli_milliseconds() - r->at > g->longest)
        g->longest = cli_milliseconds() - r->at;
    g->wrong += !world_right(g->w, &g->w->keys[g->keys], r->picture, &file);
    r->stream = 0;
    if (++g->answered == g->wanted)
        g->stage = GOOD_DONE;
}

static void on_fault(crowd_good *g, const service_news *n)
{
    good_request *r = find(g, n->stream);

    if (r != NULL && n->fault.code == SERVICE_FAULT_NO_KEYS)
        g->keys_lost = 1;
    else if (n->fault.code != SERVICE_FAULT_BUSY || (r == NULL && g->stage != GOOD_KEYS))
        lose(g, n->fault.text);
    else
        g->busy++;
    if (r != NULL)
        r->stream = 0; /* it is sent once more, under another number */
    g->wait = cli_milliseconds() + WAIT_MS;
}

static void on_keys(crowd_good *g, const service_news *n)
{
    const file_bytes *eval = &g->w->keys[g->keys].eval;

    if (n->have) {
        g->stage = g->streams > 0 ? GOOD_ASKS : GOOD_HOLDS;
        return;
    }
    g->uploads++;
    did(g, service_client_upload(g->line.client, eval->data, eval->size, cli_milliseconds()));
}

static void on_peer(crowd_good *g, const service_news *n)
{
    char text[CHANNEL_FINGERPRINT_CHARS];

    channel_fingerprint(text, n->key);
    if (n->has_key && strcmp(text, g->key) != 0)
        lose(g, "another server");
    else
        did(g, service_client_admit(g->line.client, cli_milliseconds()));
}

static void on_news(crowd_good *g, const service_news *n)
{
    switch (n->kind) {
    case SERVICE_NEWS_PEER:
        on_peer(g, n);
        break;
    case SERVICE_NEWS_READY:
        g->stage = GOOD_OPENS;
        did(g, service_client_open(g->line.client, "", g->w->plan_digest, cli_milliseconds()));
        break;
    case SERVICE_NEWS_PLAN:
        /* The server planned as we did, so it has nothing to send. */
        if (n->bytes != NULL || memcmp(n->digest, g->w->plan_digest, SERVICE_DIGEST) != 0)
            lose(g, "another plan");
        g->stage = GOOD_KEYS;
        name_keys(g);
        break;
    case SERVICE_NEWS_KEYS:
        on_keys(g, n);
        break;
    case SERVICE_NEWS_RESPONSE:
        on_response(g, n);
        break;
    case SERVICE_NEWS_FAULT:
        on_fault(g, n);
        break;
    default:
        break;
    }
}

/* What is to be tried again after a while. */
static void go_on(crowd_good *g)
{
    if (cli_milliseconds() < g->wait)
        return;
    if (g->keys_lost && count_under_way(g) == 0) {
        g->keys_lost = 0;
        g->stage = GOOD_KEYS;
        name_keys(g);
    } else if (g->stage == GOOD_KEYS && g->wait != 0) {
        name_keys(g);
    } else if (g->stage == GOOD_ASKS && !g->keys_lost) {
        send_requests(g);
    }
    g->wait = 0;
}

void good_pump(crowd_good *g, short events)
{
    service_news n;

    if (g->stage == GOOD_DONE || g->stage == GOOD_LOST)
        return;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
        line_read(&g->line);
    while (g->stage < GOOD_DONE && line_news(&g->line, &n)) {
        on_news(g, &n);
        free(n.bytes);
    }
    go_on(g);
    if (g->line.over && g->stage < GOOD_DONE)
        lose(g, service_client_why(g->line.client));
    line_write(&g->line, SIZE_MAX);
}
