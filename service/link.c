/* Messages in pieces. */
#include "service/link.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct service_out {
    service_out *next;
    uint16_t type;
    uint32_t stream;
    const uint8_t *bytes;
    uint8_t *owned; /* bytes, when they are to be released */
    size_t size, at;
};

service_status service_link_fail(service_link *l, service_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(l->why, sizeof l->why, format, arguments);
    va_end(arguments);
    return status;
}

static service_status no_memory(service_link *l, size_t bytes)
{
    return service_link_fail(l, SERVICE_ERR_MEMORY, "no memory for a message of %zu bytes", bytes);
}

/* The channel's own sentence. */
static service_status channel_failed(service_link *l, channel_status st)
{
    return service_link_fail(l, st, "%s", channel_error(l->channel));
}

service_status service_link_init(service_link *l, int role, const channel_options *options,
                                 const service_pace *pace, char *why, size_t why_size)
{
    memset(l, 0, sizeof *l);
    l->last = &l->out;
    l->pace = *pace;
    l->in_since = l->out_since = SERVICE_NEVER;
    return channel_create(&l->channel, role, options, why, why_size);
}

static void release_out(service_out *o)
{
    free(o->owned);
    free(o);
}

/* Messages are ciphertexts and public data: they are released, not wiped. */
void service_link_clear(service_link *l)
{
    while (l->out != NULL) {
        service_out *next = l->out->next;
        release_out(l->out);
        l->out = next;
    }
    free(l->in.bytes);
    channel_free(l->channel);
    memset(l, 0, sizeof *l);
    l->last = &l->out;
}

service_status service_link_feed(service_link *l, size_t *used, const uint8_t *bytes, size_t n,
                                 int64_t now)
{
    channel_status st = channel_feed(l->channel, used, bytes, n);

    if (*used > 0 && l->in_since == SERVICE_NEVER)
        l->in_since = now;
    if (*used > 0)
        l->in_last = now;
    l->in_got += *used;
    return st == CHANNEL_OK ? SERVICE_OK : channel_failed(l, st);
}

/* Whether a frame may follow what has come. */
static service_status check_frame(service_link *l, const channel_frame *f)
{
    if (f->type >= SERVICE_TYPES || (l->allowed >> f->type & 1) == 0)
        return service_link_fail(l, SERVICE_ERR_PROTOCOL,
                                 "the other side sent a message of type %u, which may not come now",
                                 f->type);
    if ((f->flags & ~SERVICE_FLAG_MORE) != 0)
        return service_link_fail(l, SERVICE_ERR_PROTOCOL,
                                 "the other side sent a frame with unknown flags 0x%x", f->flags);
    if (l->in_open && (f->type != l->in.type || f->stream != l->in.stream))
        return service_link_fail(l, SERVICE_ERR_PROTOCOL,
                                 "the other side began a message of type %u within one of type %u",
                                 f->type, l->in.type);
    if ((f->flags & SERVICE_FLAG_MORE) != 0 && f->size == 0)
        return service_link_fail(l, SERVICE_ERR_PROTOCOL, "the other side sent an empty piece");
    if (f->size > l->limit[f->type] - l->in.size)
        return service_link_fail(l, SERVICE_ERR_LIMIT,
                                 "the other side sent a message of type %u with more than the %zu "
                                 "bytes that it may have",
                                 f->type, l->limit[f->type]);
    return SERVICE_OK;
}

/* Room grows with what has come, to at most twice that and never above the limit. */
static service_status make_room(service_link *l, size_t wanted, size_t limit)
{
    size_t room = wanted > limit / 2 ? limit : 2 * wanted;
    uint8_t *larger;

    if (wanted <= l->in_room)
        return SERVICE_OK;
    larger = realloc(l->in.bytes, room);
    if (larger == NULL)
        return no_memory(l, room);
    l->in.bytes = larger;
    l->in_room = room;
    return SERVICE_OK;
}

static service_status take_frame(service_link *l, const channel_frame *f)
{
    int more = (f->flags & SERVICE_FLAG_MORE) != 0;
    service_status st = check_frame(l, f);

    if (st == SERVICE_OK)
        /* A message of one frame takes its own size and no more. */
        st = make_room(l, l->in.size + f->size,
                       more || l->in_open ? l->limit[f->type] : l->in.size + f->size);
    if (st != SERVICE_OK)
        return st;
    if (f->size > 0)
        memcpy(l->in.bytes + l->in.size, f->payload, f->size);
    l->in.type = f->type;
    l->in.stream = f->stream;
    l->in.size += f->size;
    l->in_open = more;
    return SERVICE_OK;
}

int service_link_receive(service_link *l, service_message *m)
{
    channel_frame f;
    int got;

    do {
        service_status st;
        got = channel_receive(l->channel, &f);
        if (got < 0)
            return channel_failed(l, got);
        if (got == 0)
            return 0;
        st = take_frame(l, &f);
        if (st != SERVICE_OK)
            return st;
    } while (l->in_open);
    *m = l->in;
    l->in = (service_message){0, 0, NULL, 0};
    l->in_room = 0;
    /* What has come of the next message counts from now on. */
    l->in_since = SERVICE_NEVER;
    l->in_got = 0;
    return 1;
}

static void begin_sending(service_link *l, int64_t now)
{
    l->out_since = l->out_last = now;
    l->out_sent = 0;
}

static service_status queue(service_link *l, uint16_t type, uint32_t stream, const uint8_t *bytes,
                            uint8_t *owned, size_t size, int64_t now)
{
    service_out *o = malloc(sizeof *o);

    if (o == NULL) {
        free(owned);
        return no_memory(l, size);
    }
    *o = (service_out){NULL, type, stream, bytes, owned, size, 0};
    *l->last = o;
    l->last = &o->next;
    l->out_bytes += size;
    if (l->out_since == SERVICE_NEVER)
        begin_sending(l, now);
    return SERVICE_OK;
}

service_status service_link_send(service_link *l, uint16_t type, uint32_t stream, uint8_t *bytes,
                                 size_t size, int64_t now)
{
    return queue(l, type, stream, bytes, bytes, size, now);
}

service_status service_link_copy(service_link *l, uint16_t type, uint32_t stream, const void *bytes,
                                 size_t size, int64_t now)
{
    uint8_t *copy = size > 0 ? malloc(size) : NULL;

    if (size > 0) {
        if (copy == NULL)
            return no_memory(l, size);
        memcpy(copy, bytes, size);
    }
    return queue(l, type, stream, copy, copy, size, now);
}

service_status service_link_lend(service_link *l, uint16_t type, uint32_t stream,
                                 const uint8_t *bytes, size_t size, int64_t now)
{
    return queue(l, type, stream, bytes, NULL, size, now);
}

/* One frame of the first message into the channel, as far as there is room. Returns 1 when one
 * went. */
static int send_piece(service_link *l)
{
    service_out *o = l->out;
    size_t room = channel_room(l->channel), most = room < SERVICE_PIECE ? room : SERVICE_PIECE;
    channel_frame f = {.type = o->type, .stream = o->stream};

    /* A small remainder of the channel's room is not worth a frame of its own. */
    if (room == 0 || (most < o->size - o->at && most < SERVICE_PIECE / 4))
        return 0;
    f.size = o->size - o->at < most ? o->size - o->at : most;
    f.payload = f.size > 0 ? o->bytes + o->at : NULL;
    f.flags = o->at + f.size < o->size ? SERVICE_FLAG_MORE : 0;
    if (channel_send(l->channel, &f) != CHANNEL_OK)
        return 0;
    o->at += f.size;
    l->out_bytes -= f.size;
    if (f.flags == 0) {
        l->out = o->next;
        if (l->out == NULL)
            l->last = &l->out;
        release_out(o);
    }
    return 1;
}

const uint8_t *service_link_output(service_link *l, size_t *n)
{
    /* Enough for one large write; more would only lie here instead of in the queue. */
    while (l->out != NULL && channel_backlog(l->channel) < SERVICE_PIECE && send_piece(l))
        continue;
    return channel_output(l->channel, n);
}

void service_link_sent(service_link *l, size_t n, int64_t now)
{
    channel_consume(l->channel, n);
    l->out_sent += n;
    if (n > 0)
        l->out_last = now;
    if (service_link_backlog(l) == 0)
        l->out_since = SERVICE_NEVER;
    else if (l->out_since == SERVICE_NEVER)
        begin_sending(l, now);
}

size_t service_link_backlog(const service_link *l)
{
    return l->out_bytes + (l->out != NULL) + channel_backlog(l->channel);
}

/* A peer has its time for nothing, and for every byte that it did send or take a little more; but
 * bytes that went fast are no reason to stand still for long. */
static int64_t due(const service_link *l, int64_t since, int64_t last, uint64_t bytes)
{
    int64_t seconds, allowed;

    if (since == SERVICE_NEVER)
        return SERVICE_NEVER;
    seconds = (int64_t)(bytes / (uint64_t)l->pace.bytes_per_second);
    allowed = since + 1000 * seconds;
    return (allowed < last ? allowed : last) + l->pace.stall_ms;
}

int64_t service_link_deadline(const service_link *l, int reading)
{
    int64_t in = reading ? due(l, l->in_since, l->in_last, l->in_got) : SERVICE_NEVER;
    int64_t out = due(l, l->out_since, l->out_last, l->out_sent);

    if (in == SERVICE_NEVER || (out != SERVICE_NEVER && out < in))
        return out;
    return in;
}

void service_link_expect(service_link *l, int64_t now)
{
    l->in_since = l->in_last = now;
    l->in_got = 0;
}

void service_link_forgive(service_link *l, int64_t now)
{
    if (l->in_since != SERVICE_NEVER)
        service_link_expect(l, now);
}

const char *service_link_why(const service_link *l)
{
    return l->why;
}
