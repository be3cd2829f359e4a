/* What a channel consists of, for the files that carry it through its life: shake.c up to the
 * decision and beyond, receive.c what comes in, send.c what goes out.
 */
#ifndef UNSEEN_CHANNEL_LINK_STATE_H
#define UNSEEN_CHANNEL_LINK_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"
#include "channel/link/buffer.h"
#include "channel/link/hello.h"
#include "channel/link/record.h"
#include "channel/noise/handshake.h"

#if defined(__GNUC__)
#define CHANNEL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CHANNEL_PRINTF(text, first)
#endif

enum {
    CHANNEL_ERROR_CHARS = 480,
    CHANNEL_FRAME_HEAD = 16 /* bytes before a frame's payload */
};

/* What the next bytes from the network are. */
typedef enum channel_step {
    CHANNEL_STEP_HELLO,  /* responder: the initiator's HELLO */
    CHANNEL_STEP_FIRST,  /* responder: message 1 */
    CHANNEL_STEP_ANSWER, /* initiator: the responder's answer */
    CHANNEL_STEP_LAST,   /* responder: a record with message 3 */
    CHANNEL_STEP_RECORD  /* a record of frames */
} channel_step;

struct channel {
    ckks_allocator allocator;
    int initiator;
    channel_phase phase;
    channel_step step;
    channel_status failed; /* why, once phase is CHANNEL_FAILED */
    char error[CHANNEL_ERROR_CHARS];

    /* The handshake. */
    channel_hello hello; /* what this side offers; hello.max_payload is what it takes */
    channel_keys keys;   /* wiped when the channel opens, as is the next */
    uint8_t ephemeral[CHANNEL_KEY_BYTES];
    channel_handshake handshake;
    uint8_t prologue[CHANNEL_HELLO_BYTES]; /* the initiator's HELLO */
    size_t prologue_bytes;
    int agreed;            /* whether there is a choice */
    channel_choice choice; /* max_payload is what the peer takes */

    /* Coming in: a piece of a unit whose rest has not come; the opened stream of frames. */
    channel_buffer in, text;
    channel_record receiving;
    int frame_waits;  /* whether a whole frame stands at the head of text */
    size_t delivered; /* bytes of the frame there that the caller has in use */

    /* Going out: records, the last one perhaps not sealed yet. */
    channel_buffer out;
    channel_record sending;
    size_t unsealed; /* bytes of text in that one, 0 when there is none */
    size_t max_backlog;

    channel_counts counts;
};

/** Note a sentence. Returns status, so that a refusal is one statement. */
channel_status channel_note(channel *c, channel_status status, const char *format, ...)
    CHANNEL_PRINTF(3, 4);

/** Note a sentence and end in CHANNEL_FAILED, or keep the first failure. Returns the channel's
 * status. */
channel_status channel_fail(channel *c, channel_status status, const char *format, ...)
    CHANNEL_PRINTF(3, 4);

/** The initiator's first bytes into out. */
CHANNEL_MUST_CHECK channel_status channel_shake_begin(channel *c);

/** How long the unit is that c->step expects.
 *
 *  Out:     size   in bytes, 0 when more than these n must be seen to know
 *           least  bytes that must be seen to know
 *  Fails:   the channel, when these can be no beginning of it
 */
CHANNEL_MUST_CHECK channel_status channel_shake_size(channel *c, size_t *size, size_t *least,
                                                     const uint8_t *bytes, size_t n);

/** Take a whole unit of the handshake. Fails: the channel */
CHANNEL_MUST_CHECK channel_status channel_shake_take(channel *c, const uint8_t *bytes, size_t n);

/** Take the n bytes behind the head of a record of frames. Fails: the channel */
CHANNEL_MUST_CHECK channel_status channel_receive_record(channel *c, const uint8_t *bytes,
                                                         size_t n);

/** Queue a frame without asking whether there is room. Fails: the channel */
CHANNEL_MUST_CHECK channel_status channel_send_frame(channel *c, const channel_frame *frame);

/** Queue n bytes as they are. Fails: the channel */
CHANNEL_MUST_CHECK channel_status channel_send_raw(channel *c, const uint8_t *bytes, size_t n);

/** Queue the frame that ends the channel; why may be NULL. Fails: the channel */
CHANNEL_MUST_CHECK channel_status channel_send_close(channel *c, const char *why);

#endif
