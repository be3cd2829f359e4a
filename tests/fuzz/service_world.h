/* A scripted conversation with one of the service's machines: the input says which frames the other
 * side sends, well-formed whatever they hold, and what the machine's owner does meanwhile.
 *
 * The input is a row of steps, each a byte and what it takes; bytes behind the end are 0.
 */
#ifndef UNSEEN_TESTS_FUZZ_SERVICE_WORLD_H
#define UNSEEN_TESTS_FUZZ_SERVICE_WORLD_H

#include <string.h>

#include "channel/channel.h"
#include "service/message.h"
#include "tests/fuzz/channel_world.h"

enum { SERVICE_WORLD_PAYLOAD = 4096, SERVICE_WORLD_STEPS = 400 };

typedef struct service_world {
    const uint8_t *in;
    size_t size, at;
    channel *peer; /* the other side, of the plain suite */
    uint64_t state;
    size_t piece; /* bytes carried to the machine at a time */
    int64_t now;
} service_world;

static inline unsigned service_world_byte(service_world *w)
{
    return w->at < w->size ? w->in[w->at++] : 0;
}

static inline size_t service_world_number(service_world *w)
{
    size_t low = service_world_byte(w);
    return low | (size_t)service_world_byte(w) << 8;
}

/** What both sides' channels are like. */
static inline channel_options service_world_options(service_world *w)
{
    return (channel_options){.protocol = SERVICE_PROTOCOL,
                             .min_version = SERVICE_VERSION,
                             .max_version = SERVICE_VERSION,
                             .suites = {CHANNEL_SUITE_PLAIN},
                             .suite_count = 1,
                             .max_payload = SERVICE_WORLD_PAYLOAD,
                             .entropy = {channel_world_fill, &w->state}};
}

/** Begin; role is the other side's. The first byte says in how large pieces its bytes arrive. */
static inline void service_world_begin(service_world *w, int role, const uint8_t *in, size_t size)
{
    channel_options o;
    char why[200];

    *w = (service_world){.in = in, .size = size, .now = 1000};
    o = service_world_options(w);
    fuzz_must(channel_create(&w->peer, role, &o, why, sizeof why) == CHANNEL_OK);
    w->piece = service_world_byte(w) == 0 ? SIZE_MAX : (size_t)in[0];
}

/** One frame from the other side: type, flags and stream of a byte each, size, and that many bytes
 * of the input; with bit 7 of the type the payload is all of that byte of the input. */
static inline void service_world_send(service_world *w)
{
    static uint8_t bytes[SERVICE_WORLD_PAYLOAD];
    unsigned type = service_world_byte(w), flags = service_world_byte(w);
    channel_frame f = {.type = (uint16_t)(type & 127),
                       .flags = (uint16_t)flags,
                       .stream = service_world_byte(w),
                       .payload = bytes};

    f.size = service_world_number(w) % (sizeof bytes + 1);
    if ((type & 128) != 0)
        memset(bytes, (int)service_world_byte(w), f.size);
    else
        for (size_t i = 0; i < f.size; i++)
            bytes[i] = (uint8_t)service_world_byte(w);
    /* Nothing goes before the channel is open, after its end, or when too much waits. */
    (void)!channel_send(w->peer, &f);
}

/** What the machine has sent reaches the other side, which takes all of it. */
static inline void service_world_hear(service_world *w, const uint8_t *bytes, size_t n)
{
    channel_frame f;
    size_t at = 0;

    while (at < n && channel_state(w->peer) < CHANNEL_CLOSED) {
        size_t used = 0;
        channel_status st = channel_feed(w->peer, &used, bytes + at, n - at);
        fuzz_must(st == CHANNEL_OK || st == CHANNEL_ERR_REFUSED);
        at += used;
        if (channel_state(w->peer) == CHANNEL_DECIDE)
            fuzz_must(channel_accept(w->peer) == CHANNEL_OK);
        while (channel_receive(w->peer, &f) == 1)
            fuzz_must(f.type < 32);
    }
}

static inline void service_world_end(service_world *w)
{
    channel_free(w->peer);
}

#endif
