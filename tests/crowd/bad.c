/* The rules broken, one by one. */
#define _XOPEN_SOURCE 700

#include "tests/crowd/bad.h"

#include <poll.h>
#include <sys/socket.h>

#include "tools/cli.h"

enum { AGAIN_MS = 50, SLOW_MS = 1000, STORM_MS = 5, GARBAGE = 700, FLOOD = 512, LARGE = 1 << 20 };

static void connect_again(crowd_bad *b)
{
    line_close(&b->line, b->kind == BAD_STORM || b->kind == BAD_RESET);
    free(b->junk);
    b->junk = NULL;
    b->stage = 0;
    b->deaf = 0;
    b->due = cli_milliseconds() + (b->kind == BAD_STORM ? STORM_MS : AGAIN_MS);
    (void)line_open(&b->line, b->address);
}

void bad_begin(crowd_bad *b, bad_kind kind, world *w, const char *address, uint64_t seed)
{
    *b = (crowd_bad){.kind = kind, .w = w, .address = address, .line = {.fd = -1}};
    testing_rng_init(&b->rng, seed);
    connect_again(b);
}

void bad_end(crowd_bad *b)
{
    line_close(&b->line, 1);
    free(b->junk);
}

static int is_deaf(const crowd_bad *b)
{
    return !b->hears && b->stage == 4 && (b->kind == BAD_DEAF || b->kind == BAD_FLOOD);
}

/* Who sends nothing by itself. */
static int is_mute(const crowd_bad *b)
{
    return b->kind == BAD_SILENT || b->kind == BAD_GARBAGE || b->kind == BAD_STORM;
}

/* Who hears the server hang up has to look for it. */
short bad_events(crowd_bad *b)
{
    int events = line_events(&b->line, is_deaf(b));

    if (is_mute(b) || b->kind == BAD_SLOW || b->kind == BAD_HALF ||
        (b->stage == 4 && (b->kind == BAD_HALF_KEYS || b->kind == BAD_RESET)))
        events &= ~POLLOUT; /* it sends at its own times */
    return (short)events;
}

static void send_random(crowd_bad *b, size_t n)
{
    uint8_t bytes[GARBAGE];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)testing_u64(&b->rng);
    (void)!send(b->line.fd, bytes, n, MSG_NOSIGNAL);
}

/* A failed action shows as the end of the line, which is what a bad client has to expect. */
static void did(crowd_bad *b, service_status st)
{
    b->line.over |= st != SERVICE_OK;
}

static void send_request(crowd_bad *b, uint32_t stream, size_t size)
{
    const file_bytes *file = &b->w->keys[0].request[0].file;
    uint8_t *copy = calloc(1, size);

    assert_non_null(copy);
    memcpy(copy, file->data, size < file->size ? size : file->size);
    did(b, service_client_request(b->line.client, stream, copy, size, cli_milliseconds()));
}

static void name_keys(crowd_bad *b, const uint8_t *digest, uint64_t size)
{
    did(b, service_client_keys(b->line.client, digest, size, cli_milliseconds()));
}

/* After the handshake. */
static void misbehave_at_once(crowd_bad *b)
{
    uint8_t digest[SERVICE_DIGEST] = {0};

    switch (b->kind) {
    case BAD_IDLE:
        break;
    case BAD_SPOILED:
        line_write(&b->line, SIZE_MAX); /* the handshake's last message */
        send_random(b, GARBAGE);
        break;
    case BAD_FLOOD:
        for (int i = 0; i < FLOOD && !b->line.over; i++) {
            did(b,
                service_client_stat(b->line.client, SERVICE_STAT_PROMETHEUS, cli_milliseconds()));
            did(b, service_client_open(b->line.client, "", NULL, cli_milliseconds()));
        }
        break;
    case BAD_SIZES:
        if (testing_below(&b->rng, 3) == 0) {
            send_request(b, 1, LARGE);
            break;
        }
        if (testing_below(&b->rng, 2) == 0) {
            name_keys(b, digest, 12345);
            break;
        }
        did(b, service_client_open(b->line.client, "", NULL, cli_milliseconds()));
        b->stage = 2;
        return;
    default:
        did(b, service_client_open(b->line.client, "", NULL, cli_milliseconds()));
        b->stage = 2;
        return;
    }
    b->stage = 4;
}

/* With a plan. */
static void misbehave_with_plan(crowd_bad *b)
{
    const world_keys *k = &b->w->keys[0];
    uint8_t digest[SERVICE_DIGEST];

    for (size_t i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)testing_u64(&b->rng);
    b->stage = 3;
    if (b->kind == BAD_SIZES)
        name_keys(b, digest, k->eval.size - 1);
    else
        name_keys(b, b->kind == BAD_DEAF || b->kind == BAD_RESET ? k->digest : digest,
                  k->eval.size);
}

/* The server answered about keys. */
static void misbehave_with_keys(crowd_bad *b, int have)
{
    const world_keys *k = &b->w->keys[0];

    if (!have && b->kind == BAD_NO_KEYS)
        return;
    if (!have && b->kind == BAD_JUNK_KEYS) {
        if (b->junk == NULL) /* the last ones were sent: they were found out */
            b->junk = malloc(k->eval.size);
        assert_non_null(b->junk);
        memset(b->junk, (int)testing_below(&b->rng, 256), k->eval.size);
        did(b, service_client_upload(b->line.client, b->junk, k->eval.size, cli_milliseconds()));
        return;
    }
    if (!have) {
        did(b,
            service_client_upload(b->line.client, k->eval.data, k->eval.size, cli_milliseconds()));
        if (b->kind == BAD_HALF_KEYS) {
            b->stage = 4;
            line_write(&b->line, k->eval.size / 2);
        }
        return;
    }
    b->stage = 4;
    for (uint32_t i = 1; i <= 8; i++)
        send_request(b, i, k->request[0].file.size);
    if (b->kind == BAD_RESET) {
        line_write(&b->line, k->request[0].file.size / 2);
        b->line.over = 1;
    }
}

static void on_news(crowd_bad *b, const service_news *n)
{
    switch (n->kind) {
    case SERVICE_NEWS_PEER:
        did(b, service_client_admit(b->line.client, cli_milliseconds()));
        break;
    case SERVICE_NEWS_READY:
        b->stage = 1;
        misbehave_at_once(b);
        break;
    case SERVICE_NEWS_PLAN:
        if (b->stage == 2)
            misbehave_with_plan(b);
        break;
    case SERVICE_NEWS_KEYS:
        if (b->stage == 3)
            misbehave_with_keys(b, n->have);
        break;
    case SERVICE_NEWS_FAULT:
        b->rebuffs++;
        if (b->stage == 3)
            b->stage = 2; /* too busy for our keys, or they were found out */
        break;
    default:
        break;
    }
}

/* What comes of itself with time. */
static void act_in_time(crowd_bad *b)
{
    size_t n;

    if (cli_milliseconds() < b->due)
        return;
    b->due = cli_milliseconds() + SLOW_MS;
    if (b->kind == BAD_STORM) {
        b->line.over = 1;
    } else if (b->kind == BAD_GARBAGE) {
        send_random(b, 1 + testing_below(&b->rng, GARBAGE));
    } else if (b->kind == BAD_SLOW) {
        line_write(&b->line, 1);
    } else if (b->kind == BAD_HALF && b->stage == 0 &&
               service_client_output(b->line.client, &n) != NULL) {
        line_write(&b->line, n / 2);
        b->stage = 4;
    } else if (b->stage == 2 && b->kind != BAD_SIZES) {
        misbehave_with_plan(b);
    } else if (b->kind == BAD_FLOOD && b->stage == 4) {
        misbehave_at_once(b);
    }
}

void bad_pump(crowd_bad *b, short events)
{
    service_news n;

    if (b->line.fd < 0 || b->line.over) {
        if (cli_milliseconds() >= b->due) {
            connect_again(b);
            b->rebuffs++;
        }
        return;
    }
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && (!is_deaf(b) || (events & POLLHUP) != 0))
        line_read(&b->line);
    while (!b->line.over && !is_deaf(b) && line_news(&b->line, &n)) {
        on_news(b, &n);
        free(n.bytes);
    }
    act_in_time(b);
    if ((bad_events(b) & POLLOUT) != 0)
        line_write(&b->line, SIZE_MAX);
    if (is_deaf(b) && b->deaf == 0)
        b->deaf = cli_milliseconds();
    if (b->line.over)
        b->due = cli_milliseconds() + (b->kind == BAD_STORM ? STORM_MS : AGAIN_MS);
}
