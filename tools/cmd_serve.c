/* unseen serve: networks offered to clients over a socket. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/net/state.h"
#include "tools/parallel.h"
#include "tools/planning.h"
#include "tools/progress.h"
#include "tools/serve/log.h"
#include "tools/serve/loop.h"

enum { MODELS = 16 };

typedef struct settings {
    nn_plan_options plan;
    const char *model[MODELS], *listen[LOOP_LISTENERS];
    size_t models, listeners;
    const char *identity, *allow, *log;
    int insecure_plain;
    uint64_t threads, lanes, connections, connections_client, queue, queue_client, requests, rate;
    size_t key_memory, bytes;
    double timeout, idle, grace;
} settings;

static const cli_option options[] = {
    {0, "model", "FILE", "offer this ONNX network; again for more (the first is the default)"},
    {0, "listen", "ADDRESS", "HOST:PORT, [IPV6]:PORT or unix:PATH; again for more; port 0: any"},
    {0, "identity", "FILE",
     "the server's key pair, made when missing\n"
     "(default: server.identity in the state folder)"},
    {0, "allow", "FILE", "serve only clients whose keys stand here, one a line"},
    {0, "insecure-plain", NULL, "no encryption of the connection; loopback only"},
    {'t', "threads", "T", "threads that compute (default: one for every processor granted)"},
    {0, "lanes", "L",
     "requests computed side by side (default: as many as threads,\n"
     "or 1 where one request takes more than a second)"},
    {0, "images", "K",
     "images of one client that share a ciphertext, a power of two\n"
     "(default 1)"},
    {0, "connections", "N", "at a time (default 256)"},
    {0, "client-connections", "N", "of one client at a time (default 16)"},
    {0, "queue", "N", "requests that wait, of all clients (default 256)"},
    {0, "client-queue", "N", "requests that wait, of one client (default: a quarter of --queue)"},
    {0, "requests", "N", "of one connection under way (default 4)"},
    {0, "key-memory", "BYTES",
     "for clients' keys, as in 512M or 4G (default 2G); the least\n"
     "recently used go first"},
    {0, "client-bytes", "BYTES", "received on one connection, as in 512M (default: any)"},
    {0, "timeout", "S", "seconds that a message may stand still (default 30)"},
    {0, "idle", "S", "seconds without a message until a client is sent away (default 300)"},
    {0, "rate", "BYTES", "bytes a second that a slow client has to keep up (default 16384)"},
    {0, "grace", "S", "seconds for what is under way after SIGTERM (default 30)"},
    {0, "log", "FORM", "text (default) or json; on standard error"},
    PLANNING_OPTIONS,
    {0, NULL, NULL, NULL},
};

static int add(const char **list, size_t *count, size_t most, const char *name, const char *value)
{
    if (*count == most)
        return cli_usage("--%s can be given %zu times at most", name, most);
    list[(*count)++] = value;
    return CLI_OK;
}

static int take_place(settings *s, const char *name, const char *value)
{
    if (strcmp(name, "model") == 0)
        return add(s->model, &s->models, MODELS, name, value);
    if (strcmp(name, "listen") == 0)
        return add(s->listen, &s->listeners, LOOP_LISTENERS, name, value);
    if (strcmp(name, "identity") == 0)
        s->identity = value;
    else if (strcmp(name, "allow") == 0)
        s->allow = value;
    else if (strcmp(name, "insecure-plain") == 0)
        s->insecure_plain = 1;
    else if (strcmp(name, "log") == 0 && strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
        return cli_usage("--log takes text or json, not '%s'", value);
    else if (strcmp(name, "log") == 0)
        s->log = value;
    else
        return CLI_DONE;
    return CLI_OK;
}

static int take_images(settings *s, const char *value)
{
    uint64_t images = 0;
    int st = cli_number(&images, "images", value, 1, 1024);

    if (st == CLI_OK && (images & (images - 1)) != 0)
        st = cli_usage("--images takes a power of two, not %s", value);
    s->plan.images = (size_t)images;
    return st;
}

static int take_number(settings *s, const char *name, const char *value)
{
    if (strcmp(name, "threads") == 0)
        return cli_number(&s->threads, name, value, 1, PARALLEL_MOST);
    if (strcmp(name, "lanes") == 0)
        return cli_number(&s->lanes, name, value, 1, PARALLEL_MOST);
    if (strcmp(name, "images") == 0)
        return take_images(s, value);
    if (strcmp(name, "connections") == 0)
        return cli_number(&s->connections, name, value, 1, 65536);
    if (strcmp(name, "client-connections") == 0)
        return cli_number(&s->connections_client, name, value, 1, 65536);
    if (strcmp(name, "queue") == 0)
        return cli_number(&s->queue, name, value, 1, 1 << 20);
    if (strcmp(name, "client-queue") == 0)
        return cli_number(&s->queue_client, name, value, 1, 1 << 20);
    if (strcmp(name, "requests") == 0)
        return cli_number(&s->requests, name, value, 1, 1024);
    if (strcmp(name, "rate") == 0)
        return cli_number(&s->rate, name, value, 1, 1 << 30);
    if (strcmp(name, "key-memory") == 0)
        return planning_bytes(&s->key_memory, name, value);
    if (strcmp(name, "client-bytes") == 0)
        return planning_bytes(&s->bytes, name, value);
    if (strcmp(name, "timeout") == 0)
        return cli_real(&s->timeout, name, value, 0.1, 86400.0);
    if (strcmp(name, "idle") == 0)
        return cli_real(&s->idle, name, value, 0.1, 86400.0);
    return cli_real(&s->grace, name, value, 0.0, 86400.0);
}

static int take(void *user, const char *name, const char *value)
{
    settings *s = user;
    int st = planning_take(&s->plan, name, value);

    if (st == CLI_DONE)
        st = take_place(s, name, value);
    return st == CLI_DONE ? take_number(s, name, value) : st;
}

static const cli_command command = {
    "serve",
    "--model MODEL.onnx --listen ADDRESS [OPTION]...",
    "Offer networks to clients over the network",
    "Clients ask with 'unseen ask ADDRESS IMAGE'. The server sees no picture and no secret key, "
    "they\n"
    "see no weight. When it is ready it prints its address and the fingerprint of its key, which\n"
    "clients compare at first contact. SIGTERM lets it finish what is under way.",
    options,
    0,
    0,
    take,
};

/* Everything that a server is made of. */
typedef struct server {
    host host[MODELS];
    size_t hosts;
    loop_options loop;
    identity_list allow;
} server;

static int make_hosts(server *v, const settings *s, int threads)
{
    progress p;
    int st = CLI_OK;

    progress_begin(&p, "preparing", s->models);
    for (size_t i = 0; i < s->models && st == CLI_OK; i++) {
        progress_show(&p, i, s->model[i]);
        st = host_open(&v->host[i], s->model[i], &s->plan, threads);
        v->host[i].number = i;
        v->hosts = i + 1;
        for (size_t k = 0; k < i && st == CLI_OK; k++) {
            if (strcmp(v->host[k].name, v->host[i].name) == 0)
                st = cli_fail(CLI_USAGE, s->model[i], "two networks have the name '%s'",
                              v->host[i].name);
        }
    }
    progress_end(&p);
    return st;
}

/* Keys for which there is never room would be asked for in vain. */
static int check_key_memory(const server *v)
{
    for (size_t i = 0; i < v->hosts; i++) {
        const host *h = &v->host[i];
        size_t needed = host_upload_bytes(h);
        if (v->loop.key_memory < needed)
            return cli_fail(CLI_USAGE, h->net.name,
                            "one client's keys need up to %zu bytes and --key-memory grants %zu; "
                            "give it at least %zuM",
                            needed, v->loop.key_memory, (needed >> 20) + 1);
    }
    return CLI_OK;
}

static int load_identity(server *v, const settings *s)
{
    int st = identity_open(&v->loop.keys, s->identity, "server.identity");

    if (st == CLI_OK && s->allow != NULL) {
        st = identity_list_read(&v->allow, s->allow);
        v->loop.allow = &v->allow;
    }
    return st;
}

static int listen_everywhere(server *v, const settings *s)
{
    int st = CLI_OK;

    for (size_t i = 0; i < s->listeners && st == CLI_OK; i++) {
        loop_listener *at = &v->loop.listener[i];
        int loopback;
        at->fd = -1;
        v->loop.listeners = i + 1;
        st = address_parse(&at->at, s->listen[i]);
        if (st == CLI_OK)
            st = address_listen(&at->fd, &loopback, &at->at);
        if (st == CLI_OK && s->insecure_plain && !loopback)
            st = cli_fail(CLI_REFUSED, at->at.text,
                          "--insecure-plain is for loopback and unix sockets only; without it the "
                          "connection is encrypted");
        at->plain = s->insecure_plain || address_is_local(&at->at);
    }
    return st;
}

/* As many descriptors as the system lets this process have. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int lanes_of(const server *v, const settings *s, int threads)
{
    double slowest = 0.0;

    if (s->lanes != 0)
        return (int)s->lanes < threads ? (int)s->lanes : threads;
    for (size_t i = 0; i < v->hosts; i++) {
        double ms = nn_plan_forecast(v->host[i].net.plan)->infer_ms;
        slowest = ms > slowest ? ms : slowest;
    }
    return slowest > 1000.0 ? 1 : threads;
}

/* On standard output, so that a script can wait for it: it would wait for ever for what cannot be
 * written. */
static int announce(const void *user)
{
    const server *v = user;
    char text[CHANNEL_FINGERPRINT_CHARS];

    channel_fingerprint(text, v->loop.keys.public_key);
    for (size_t i = 0; i < v->hosts; i++)
        printf("offering %s\n", v->host[i].name);
    for (size_t i = 0; i < v->loop.listeners; i++)
        printf("listening on %s%s\n", v->loop.listener[i].at.text,
               v->loop.listener[i].plain ? " (not encrypted)" : "");
    printf("key %s\n", text);
    if (fflush(stdout) == 0)
        return CLI_OK;
    return cli_fail(CLI_IO, "standard output", "writing failed: %s", strerror(errno));
}

static int run(server *v, const settings *s)
{
    int threads = s->threads != 0 ? (int)s->threads : parallel_default_threads();
    pool_options pooled = {
        .most = (size_t)s->queue,
        .most_client = (size_t)(s->queue_client != 0 ? s->queue_client : (s->queue + 3) / 4)};
    pool *p = NULL;
    int st = load_identity(v, s);

    if (st == CLI_OK)
        st = listen_everywhere(v, s);
    if (st == CLI_OK)
        st = make_hosts(v, s, threads);
    if (st == CLI_OK)
        st = check_key_memory(v);
    if (st != CLI_OK)
        return st;
    pooled.lanes = lanes_of(v, s, threads);
    pooled.threads = threads / pooled.lanes;
    st = pool_create(&p, &pooled, v->host, v->hosts);
    if (st != CLI_OK)
        return st;
    v->loop.ready = announce;
    v->loop.user = v;
    return loop_run(&v->loop, v->host, v->hosts, p);
}

static void release(server *v)
{
    for (size_t i = 0; i < v->loop.listeners; i++)
        address_leave(v->loop.listener[i].fd, &v->loop.listener[i].at);
    for (size_t i = 0; i < v->hosts; i++)
        host_close(&v->host[i]);
    identity_list_free(&v->allow);
    ckks_wipe(&v->loop.keys, sizeof v->loop.keys);
}

int cmd_serve(int argc, char **argv)
{
    settings s = {.connections = 256,
                  .connections_client = 16,
                  .queue = 256,
                  .requests = 4,
                  .rate = 16384,
                  .key_memory = (size_t)2 << 30,
                  .timeout = 30.0,
                  .idle = 300.0,
                  .grace = 30.0,
                  .log = "text"};
    static server v; /* too large for a stack */
    char **rest;
    int count, st = cli_parse(&command, argc, argv, &s, &rest, &count);

    if (st != CLI_OK)
        return st;
    if (s.models == 0 || s.listeners == 0)
        return cli_usage("--model says what to offer and --listen where: unseen serve --model "
                         "MODEL.onnx --listen 127.0.0.1:7117");
    v.loop.limits = (service_limits){.pace = {(int64_t)(1e3 * s.timeout), (int64_t)s.rate},
                                     .idle_ms = (int64_t)(1e3 * s.idle),
                                     .requests = (uint32_t)s.requests,
                                     .bytes = s.bytes,
                                     .backlog = 1 << 20};
    v.loop.connections = (size_t)s.connections;
    v.loop.connections_client = (size_t)s.connections_client;
    v.loop.key_memory = s.key_memory;
    v.loop.grace = s.grace;
    log_form(strcmp(s.log, "json") == 0, cli_quiet());
    raise_descriptors();
    st = run(&v, &s);
    release(&v);
    return st;
}
