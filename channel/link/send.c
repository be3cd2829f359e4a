/* What goes out: frames into records, records to the caller.
 *
 * The last record in c->out may be open: its head is reserved and c->unsealed bytes of text stand
 * behind it. It is sealed when it is full, or when the caller asks for output.
 */
#include <string.h>

#include "channel/link/state.h"
#include "ckks/base/bytes.h"

/* At most so many bytes are added to out by n bytes of text. */
static size_t with_records(size_t n)
{
    return n + CHANNEL_RECORD_ADDED * (2 + n / CHANNEL_RECORD_TEXT);
}

static void seal_last(channel *c)
{
    if (c->unsealed > 0) {
        const size_t before = CHANNEL_RECORD_HEAD + c->unsealed;
        uint8_t *record = c->out.bytes + c->out.end - before;

        channel_buffer_add(&c->out, channel_record_seal(&c->sending, record, c->unsealed) - before);
        c->unsealed = 0;
    }
}

/* Add text; there is room for with_records(n). */
static void add_text(channel *c, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        size_t here = CHANNEL_RECORD_TEXT - c->unsealed;

        if (here > n)
            here = n;
        if (c->unsealed == 0)
            channel_buffer_add(&c->out, CHANNEL_RECORD_HEAD);
        memcpy(c->out.bytes + c->out.end, bytes, here);
        channel_buffer_add(&c->out, here);
        c->unsealed += here;
        bytes += here;
        n -= here;
        if (c->unsealed == CHANNEL_RECORD_TEXT)
            seal_last(c);
    }
}

static channel_status no_memory(channel *c, size_t n)
{
    return channel_fail(c, CHANNEL_ERR_MEMORY, "no memory for %zu bytes to send", n);
}

channel_status channel_send_raw(channel *c, const uint8_t *bytes, size_t n)
{
    uint8_t *end = channel_buffer_reserve(&c->out, &c->allocator, n);

    if (end == NULL)
        return no_memory(c, n);
    memcpy(end, bytes, n);
    channel_buffer_add(&c->out, n);
    return CHANNEL_OK;
}

channel_status channel_send_frame(channel *c, const channel_frame *frame)
{
    const size_t all = with_records(CHANNEL_FRAME_HEAD + frame->size);
    uint8_t head[CHANNEL_FRAME_HEAD];

    if (c->counts.clock == UINT32_MAX)
        return channel_fail(c, CHANNEL_ERR_LIMIT,
                            "the channel's clock is at its end; connect anew");
    if (channel_buffer_reserve(&c->out, &c->allocator, all) == NULL)
        return no_memory(c, all);
    c->counts.clock++;
    ckks_store_u32le(head, (uint32_t)frame->size);
    ckks_store_u16le(head + 4, frame->type);
    ckks_store_u16le(head + 6, frame->flags);
    ckks_store_u32le(head + 8, frame->stream);
    ckks_store_u32le(head + 12, c->counts.clock);
    add_text(c, head, sizeof head);
    add_text(c, frame->payload, frame->size);
    c->counts.frames_out++;
    return CHANNEL_OK;
}

channel_status channel_send_close(channel *c, const char *why)
{
    const size_t n = why != NULL ? strlen(why) : 0;
    const channel_frame frame = {.type = CHANNEL_TYPE_CLOSE,
                                 .payload = (const uint8_t *)why,
                                 .size = n < CHANNEL_MAX_TEXT ? n : (size_t)CHANNEL_MAX_TEXT};

    return channel_send_frame(c, &frame);
}

static size_t largest_payload(const channel *c)
{
    return c->choice.max_payload < CHANNEL_MAX_PAYLOAD ? c->choice.max_payload
                                                       : (size_t)CHANNEL_MAX_PAYLOAD;
}

size_t channel_backlog(const channel *c)
{
    return channel_buffer_size(&c->out) + (c->unsealed > 0 ? CHANNEL_AEAD_TAG_BYTES : 0);
}

/* A frame of s bytes fits where with_records(16 + s) does. What is left of `spare` after the
 * records that `spare` bytes could need does, as it needs no more of them. */
size_t channel_room(const channel *c)
{
    const size_t largest = largest_payload(c);
    const size_t backlog = channel_backlog(c);
    size_t spare;

    if (c->phase != CHANNEL_OPEN)
        return 0;
    if (backlog == 0)
        return largest;
    spare = backlog < c->max_backlog ? c->max_backlog - backlog : 0;
    if (spare < with_records(spare) - spare + CHANNEL_FRAME_HEAD)
        return 0;
    spare -= with_records(spare) - spare + CHANNEL_FRAME_HEAD;
    return spare < largest ? spare : largest;
}

channel_status channel_send(channel *c, const channel_frame *frame)
{
    const size_t backlog = channel_backlog(c);

    if (c->phase == CHANNEL_FAILED)
        return c->failed;
    if (c->phase != CHANNEL_OPEN)
        return channel_note(c, CHANNEL_ERR_STATE, "a frame was to be sent while not open");
    if (frame->type == CHANNEL_TYPE_CLOSE)
        return channel_note(c, CHANNEL_ERR_ARG, "type %d is the channel's own", frame->type);
    if (frame->size > largest_payload(c))
        return channel_note(c, CHANNEL_ERR_ARG,
                            "a frame of %zu bytes is above the peer's limit of %zu", frame->size,
                            largest_payload(c));
    if (backlog > 0 && backlog + with_records(CHANNEL_FRAME_HEAD + frame->size) > c->max_backlog)
        return channel_note(c, CHANNEL_ERR_FULL,
                            "%zu bytes wait to be sent, of %zu: no room for %zu more", backlog,
                            c->max_backlog, frame->size);
    return channel_send_frame(c, frame);
}

channel_status channel_close(channel *c, const char *why)
{
    channel_status st = CHANNEL_OK;

    if (c->phase == CHANNEL_FAILED)
        return c->failed;
    if (c->phase == CHANNEL_OPEN)
        st = channel_send_close(c, why);
    if (st == CHANNEL_OK)
        c->phase = CHANNEL_CLOSED;
    return st;
}

const uint8_t *channel_output(channel *c, size_t *n)
{
    seal_last(c);
    *n = channel_buffer_size(&c->out);
    return *n > 0 ? channel_buffer_head(&c->out) : NULL;
}

void channel_consume(channel *c, size_t n)
{
    channel_buffer_drop(&c->out, n);
    c->counts.bytes_out += n;
}
