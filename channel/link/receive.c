/* What comes in: units of the handshake and records as they are complete, frames one by one.
 *
 * A unit whose bytes lie together in what the caller feeds is taken from there; only a part of one
 * is kept, in c->in. Records are opened into c->text, where a frame's payload stays until it is
 * used.
 */
#include <string.h>

#include "channel/link/state.h"
#include "ckks/base/bytes.h"
#include "ckks/base/ct.h"

static channel_frame head_of(const channel *c)
{
    const uint8_t *head = channel_buffer_head(&c->text);

    return (channel_frame){.size = ckks_load_u32le(head),
                           .type = ckks_load_u16le(head + 4),
                           .flags = ckks_load_u16le(head + 6),
                           .stream = ckks_load_u32le(head + 8),
                           .clock = ckks_load_u32le(head + 12),
                           .payload = head + CHANNEL_FRAME_HEAD};
}

static channel_status take_close(channel *c, const channel_frame *frame)
{
    c->counts.frames_in++;
    if (frame->size == 0) {
        c->phase = CHANNEL_CLOSED;
        return CHANNEL_OK;
    }
    CKKS_PUBLIC(frame->payload, frame->size); /* a sentence for people */
    return channel_fail(c, CHANNEL_ERR_REFUSED, "the peer closed the channel: %.*s",
                        (int)frame->size, (const char *)frame->payload);
}

/* Look at the head of the stream of frames: whether it is one, and all of one. */
static channel_status settle(channel *c)
{
    const size_t there = channel_buffer_size(&c->text);
    channel_frame frame;
    size_t limit;

    c->frame_waits = 0;
    if (there < CHANNEL_FRAME_HEAD)
        return CHANNEL_OK;
    /* Its size shows in the number of bytes sent, its type in what is done with it. */
    CKKS_PUBLIC(channel_buffer_head(&c->text), CHANNEL_FRAME_HEAD);
    frame = head_of(c);
    limit = frame.type == CHANNEL_TYPE_CLOSE ? (size_t)CHANNEL_MAX_TEXT : c->hello.max_payload;
    if (frame.size > limit)
        return channel_fail(c, CHANNEL_ERR_LIMIT,
                            "the peer sends a frame of %zu bytes, type %d; the limit is %zu",
                            frame.size, frame.type, limit);
    if (there - CHANNEL_FRAME_HEAD < frame.size)
        return CHANNEL_OK;
    if (frame.clock == UINT32_MAX || c->counts.clock == UINT32_MAX)
        return channel_fail(c, CHANNEL_ERR_LIMIT,
                            "the channel's clock is at its end; connect anew");
    if (frame.type == CHANNEL_TYPE_CLOSE)
        return take_close(c, &frame);
    c->frame_waits = 1;
    return CHANNEL_OK;
}

channel_status channel_receive_record(channel *c, const uint8_t *bytes, size_t n)
{
    uint8_t *end = channel_buffer_reserve(&c->text, &c->allocator, n);
    size_t text_n = 0;

    if (end == NULL)
        return channel_fail(c, CHANNEL_ERR_MEMORY, "no memory for a record of %zu bytes", n);
    if (!channel_record_open(&c->receiving, end, &text_n, bytes, n))
        return channel_fail(c, CHANNEL_ERR_FORGED,
                            "a record was changed, lost, repeated or moved on the way");
    channel_buffer_add(&c->text, text_n);
    return settle(c);
}

/* The bytes of the frame that the caller had are free now. */
static channel_status release(channel *c)
{
    if (c->delivered == 0)
        return CHANNEL_OK;
    channel_buffer_drop(&c->text, c->delivered);
    c->delivered = 0;
    return settle(c);
}

/* Add to the unit that has begun as many of the n bytes as are known to belong to it. */
static channel_status keep(channel *c, size_t *taken, const uint8_t *bytes, size_t n, size_t wanted)
{
    const size_t have = channel_buffer_size(&c->in);
    uint8_t *end;

    *taken = wanted - have < n ? wanted - have : n;
    end = channel_buffer_reserve(&c->in, &c->allocator, *taken);
    if (end == NULL)
        return channel_fail(c, CHANNEL_ERR_MEMORY, "no memory for %zu bytes that came", *taken);
    memcpy(end, bytes, *taken);
    channel_buffer_add(&c->in, *taken);
    return CHANNEL_OK;
}

/* Take one unit, or what there is of it. */
static channel_status feed_unit(channel *c, size_t *taken, const uint8_t *bytes, size_t n)
{
    const size_t have = channel_buffer_size(&c->in);
    size_t size;
    size_t least;
    channel_status st;

    *taken = 0;
    if (have == 0) {
        st = channel_shake_size(c, &size, &least, bytes, n);
        if (st == CHANNEL_OK && size > 0 && n >= size) {
            *taken = size;
            return channel_shake_take(c, bytes, size);
        }
    } else {
        st = channel_shake_size(c, &size, &least, channel_buffer_head(&c->in), have);
    }
    if (st == CHANNEL_OK)
        st = keep(c, taken, bytes, n, size > 0 ? size : least);
    if (st == CHANNEL_OK && size > 0 && channel_buffer_size(&c->in) == size) {
        st = channel_shake_take(c, channel_buffer_head(&c->in), size);
        channel_buffer_drop(&c->in, size);
    }
    return st;
}

channel_status channel_feed(channel *c, size_t *used, const uint8_t *bytes, size_t n)
{
    channel_status st;

    *used = 0;
    if (c->phase == CHANNEL_FAILED)
        return c->failed;
    st = release(c);
    while (st == CHANNEL_OK && *used < n && !c->frame_waits &&
           (c->phase == CHANNEL_HANDSHAKE || c->phase == CHANNEL_OPEN)) {
        size_t taken;

        st = feed_unit(c, &taken, bytes + *used, n - *used);
        *used += taken;
    }
    if (st == CHANNEL_OK && c->phase == CHANNEL_CLOSED)
        *used = n;
    c->counts.bytes_in += *used;
    return st;
}

channel_status channel_feed_end(channel *c)
{
    if (c->phase == CHANNEL_FAILED)
        return c->failed;
    if (c->phase == CHANNEL_CLOSED)
        return CHANNEL_OK;
    return channel_fail(c, CHANNEL_ERR_CUT, "the connection ended %s",
                        c->phase == CHANNEL_OPEN ? "without a close" : "during the handshake");
}

int channel_receive(channel *c, channel_frame *frame)
{
    if (c->phase == CHANNEL_FAILED)
        return c->failed;
    if (c->phase != CHANNEL_OPEN)
        return 0;
    if (release(c) != CHANNEL_OK)
        return c->failed;
    if (!c->frame_waits)
        return 0;
    *frame = head_of(c);
    c->delivered = CHANNEL_FRAME_HEAD + frame->size;
    c->frame_waits = 0;
    c->counts.frames_in++;
    if (frame->clock > c->counts.clock)
        c->counts.clock = frame->clock;
    c->counts.clock++;
    return 1;
}
