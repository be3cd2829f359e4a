/* One client's conversation, on the server's side: a machine without input, output, clock or
 * threads. Whoever owns it passes bytes in and out, and answers its events.
 *
 *     service_server_create
 *     bytes came       service_server_feed, then service_server_event until it returns 0
 *     an event came    answer it, as service_event says
 *     may be sent      service_server_output, service_server_sent
 *     it is late       service_server_deadline has passed: service_server_late
 *     the end          service_server_over: send what output there is, hang up, service_server_free
 *
 * What a client sends is held against what was agreed before anything is allocated for it: a
 * request to the size of requests of the plan, keys to the exact size of the plan's keys,
 * everything to the bytes of one connection.
 */
#ifndef UNSEEN_SERVICE_SERVER_H
#define UNSEEN_SERVICE_SERVER_H

#include "channel/channel.h"
#include "service/service.h"

/* What one client is granted. */
typedef struct service_limits {
    service_pace pace; /* of what it sends and takes; stall_ms also bounds the handshake */
    int64_t idle_ms;   /* between messages, while nothing of its is under way */
    uint32_t requests; /* under way at a time, at least 1 */
    uint64_t bytes;    /* received on one connection; 0: any number */
    size_t backlog;    /* bytes of answers that wait, above which nothing more is taken */
} service_limits;

/* A network as a client sees it; all of it outlives the conversations. */
typedef struct service_offer {
    const uint8_t *plan; /* the plan file */
    size_t plan_size;
    uint8_t digest[SERVICE_DIGEST];
    uint64_t keys_bytes;  /* exact size of a file of evaluation keys */
    size_t request_bytes; /* largest size of a request */
} service_offer;

typedef enum service_event_kind {
    SERVICE_EVENT_PEER = 1, /* who it is; answer: service_server_admit or _reject */
    SERVICE_EVENT_OPEN,     /* answer: service_server_offer, or _fault with stream 0 */
    SERVICE_EVENT_KEYS,     /* answer: service_server_keys, or _fault with stream 0 */
    SERVICE_EVENT_UPLOAD,   /* keys came; answer, whenever: service_server_keys, or _fault */
    SERVICE_EVENT_REQUEST,  /* answer, whenever: service_server_respond, or _fault */
    SERVICE_EVENT_STAT      /* answer: service_server_tell */
} service_event_kind;

typedef struct service_event {
    service_event_kind kind;
    int has_key;                    /* PEER: 0 with the plain suite */
    uint8_t key[CHANNEL_KEY_BYTES]; /* PEER */
    const char *name;               /* OPEN: "" for the first; until the next call */
    uint8_t digest[SERVICE_DIGEST]; /* KEYS, UPLOAD: as the client says */
    uint64_t size;                  /* KEYS */
    uint32_t stream;                /* REQUEST */
    uint8_t *bytes;                 /* UPLOAD, REQUEST: from malloc, the owner's */
    size_t bytes_size;
    int format; /* STAT: SERVICE_STAT_... */
} service_event;

typedef struct service_server service_server;

/** A conversation at its beginning.
 *
 *  In:      options  of the channel: suites and keys; protocol and versions are filled in
 *  Fails:   as channel_create; SERVICE_ERR_MEMORY, SERVICE_ERR_ARG; why gets the sentence
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_create(service_server **out,
                                                                    const channel_options *options,
                                                                    const service_limits *limits,
                                                                    int64_t now, char *why,
                                                                    size_t why_size);

/** Release; NULL is fine. */
SERVICE_API void service_server_free(service_server *s);

/** Bytes from the network.
 *
 *  Out:     used   bytes taken; the rest is to be brought again after events
 *  Fails:   the conversation is over then: service_server_over
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_feed(service_server *s, size_t *used,
                                                                  const uint8_t *bytes, size_t n,
                                                                  int64_t now);

/** What is to be done next.
 *
 *  Returns: 1 with an event, 0 when there is none, a status when the conversation is over
 */
SERVICE_API SERVICE_MUST_CHECK int service_server_event(service_server *s, service_event *e,
                                                        int64_t now);

/** Bytes for the network, until the next call; NULL with *n = 0 when there are none now. */
SERVICE_API const uint8_t *service_server_output(service_server *s, size_t *n);

/** The first n of them went. */
SERVICE_API void service_server_sent(service_server *s, size_t n, int64_t now);

/** Whether more input would be taken now; 0 while requests or answers pile up. */
SERVICE_API int service_server_hungry(const service_server *s);

/** When service_server_late is due; SERVICE_NEVER. */
SERVICE_API int64_t service_server_deadline(const service_server *s);

/** The deadline has passed: the conversation is over, and the client is told so. */
SERVICE_API void service_server_late(service_server *s);

/** Whether it is over: failed, closed by the client, or done after service_server_finish. What
 *  output is left may still be sent. */
SERVICE_API int service_server_over(const service_server *s);

/** Why it is over, or what went wrong last: one sentence, "" for a good end. */
SERVICE_API const char *service_server_why(const service_server *s);

/** The status that ended it, SERVICE_OK for a good end or none. */
SERVICE_API service_status service_server_status(const service_server *s);

/** Requests given out and not answered. */
SERVICE_API uint32_t service_server_pending(const service_server *s);

/** What went through. */
SERVICE_API channel_counts service_server_counts(const service_server *s);

/* Answers. Each fails with SERVICE_ERR_MEMORY, which ends the conversation, or SERVICE_ERR_ARG
 * where nobody asked. After the end they do nothing. */

/** The client may go on. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_admit(service_server *s, int64_t now);

/** The client may not go on, and is told why. */
SERVICE_API void service_server_reject(service_server *s, const char *why);

/** The network that was asked for. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_offer(service_server *s,
                                                                   const service_offer *offer,
                                                                   int64_t now);

/** have: the keys of the last KEYS or UPLOAD are there; 0 after KEYS asks for them. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_keys(service_server *s, int have,
                                                                  int64_t now);

/** The answer to a request; bytes from malloc, taken over. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_respond(service_server *s,
                                                                     uint32_t stream,
                                                                     uint8_t *bytes, size_t size,
                                                                     int64_t now);

/** In place of any answer but that to PEER; stream is that of a request, or 0. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_fault(service_server *s,
                                                                   uint32_t stream, uint16_t code,
                                                                   const char *text, int64_t now);

/** The counters, as text. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_tell(service_server *s,
                                                                  const char *text, size_t size,
                                                                  int64_t now);

/** Say how far a request is; left out while other output waits. */
SERVICE_API SERVICE_MUST_CHECK service_status service_server_working(service_server *s,
                                                                     uint32_t stream, uint32_t step,
                                                                     uint32_t steps, int64_t now);

/** End in good order: the client is told, requests under way are still answered, no more are taken;
 *  over when all is answered. */
SERVICE_API void service_server_finish(service_server *s, int64_t now);

#endif
