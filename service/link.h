/* Whole messages over a channel (channel/channel.h): what is larger than a frame travels in
 * several, and what may come now, and how large, is said before it comes.
 *
 * A message is the payloads of neighbouring frames of one type and stream; all but the last carry
 * SERVICE_FLAG_MORE. A frame whose type may not come now, or that makes its message larger than
 * was granted, ends the conversation before a byte of it is kept.
 *
 * Times are milliseconds of any clock that does not go back; the link reads none itself.
 */
#ifndef UNSEEN_SERVICE_LINK_H
#define UNSEEN_SERVICE_LINK_H

#include "channel/channel.h"
#include "service/service.h"

enum {
    SERVICE_FLAG_MORE = 1,
    SERVICE_TYPES = 32,        /* types are below this */
    SERVICE_PIECE = 256 * 1024 /* bytes of a frame of a large message */
};

/* One message that came. */
typedef struct service_message {
    uint16_t type;
    uint32_t stream;
    uint8_t *bytes; /* from malloc, the receiver's; NULL when size is 0 */
    size_t size;
} service_message;

typedef struct service_out service_out;

/* Public only so that it can lie inside its owner. */
typedef struct service_link {
    channel *channel;
    size_t limit[SERVICE_TYPES]; /* bytes of a message of each type; the owner's to set */
    uint32_t allowed;            /* bit k: a message of type k may come now; likewise */
    service_message in;          /* what came of the message so far */
    size_t in_room;
    int in_open;              /* a message has begun */
    service_out *out, **last; /* messages that wait, or are on their way */
    size_t out_bytes;         /* of them */
    service_pace pace;
    int64_t in_since, out_since; /* when the wait for this began; SERVICE_NEVER: no wait */
    int64_t in_last, out_last;   /* when bytes last went, or the wait began */
    uint64_t in_got, out_sent;   /* bytes since it began */
    char why[240];
} service_link;

/** A link over a new channel.
 *
 *  Out:     l     to be released with service_link_clear, also after a failure
 *  In:      role  CHANNEL_INITIATOR or CHANNEL_RESPONDER
 *  Fails:   as channel_create; why gets the sentence
 */
SERVICE_MUST_CHECK service_status service_link_init(service_link *l, int role,
                                                    const channel_options *options,
                                                    const service_pace *pace, char *why,
                                                    size_t why_size);

/** Release, wiping; all zero is fine. */
void service_link_clear(service_link *l);

/** Bytes from the network, as channel_feed.
 *
 *  Fails:   as channel_feed; service_link_why has the sentence
 */
SERVICE_MUST_CHECK service_status service_link_feed(service_link *l, size_t *used,
                                                    const uint8_t *bytes, size_t n, int64_t now);

/** The next whole message.
 *
 *  Out:     m     untouched unless the result is 1; bytes are then the caller's
 *  Returns: 1, 0 when there is none yet, or a status: SERVICE_ERR_PROTOCOL, SERVICE_ERR_LIMIT,
 *           SERVICE_ERR_MEMORY, channel codes
 */
SERVICE_MUST_CHECK int service_link_receive(service_link *l, service_message *m);

/** Queue a message.
 *
 *  In:      bytes   from malloc, taken over, released also on failure; NULL when size is 0
 *  Fails:   SERVICE_ERR_MEMORY
 */
SERVICE_MUST_CHECK service_status service_link_send(service_link *l, uint16_t type, uint32_t stream,
                                                    uint8_t *bytes, size_t size, int64_t now);

/** The same for bytes that are copied. */
SERVICE_MUST_CHECK service_status service_link_copy(service_link *l, uint16_t type, uint32_t stream,
                                                    const void *bytes, size_t size, int64_t now);

/** The same for bytes that stay the caller's and outlive the link. */
SERVICE_MUST_CHECK service_status service_link_lend(service_link *l, uint16_t type, uint32_t stream,
                                                    const uint8_t *bytes, size_t size, int64_t now);

/** Bytes for the network; NULL with *n = 0 when there are none now. As channel_output. */
const uint8_t *service_link_output(service_link *l, size_t *n);

/** n of them are sent. */
void service_link_sent(service_link *l, size_t n, int64_t now);

/** Bytes that wait to be sent. */
size_t service_link_backlog(const service_link *l);

/** When the other side will have taken too long over taking what is sent or, while it is read from,
 *  over what it sends: it stood still for stall_ms, or its bytes came more slowly than they may.
 *  SERVICE_NEVER when neither is going on. */
int64_t service_link_deadline(const service_link *l, int reading);

/** From now on something is to come. */
void service_link_expect(service_link *l, int64_t now);

/** Forgive the other side the time up to now: it had to wait for us. */
void service_link_forgive(service_link *l, int64_t now);

/** Why the last call failed: one sentence. */
const char *service_link_why(const service_link *l);

/** Note a failure with its sentence.  Returns: status */
service_status service_link_fail(service_link *l, service_status status, const char *format, ...)
    SERVICE_PRINTF(3, 4);

#endif
