/* A client's side of the conversation: a machine without input, output, clock or threads.
 *
 *     service_client_create
 *     bytes came       service_client_feed, then service_client_news until it returns 0
 *     news             PEER: compare the key, service_client_admit or _reject
 *                      READY: service_client_open or _stat
 *                      PLAN: service_client_keys; KEYS without have: service_client_upload
 *                      KEYS with have: service_client_request, at most as many as PLAN said
 *     may be sent      service_client_output, service_client_sent
 *     it is late       service_client_deadline has passed: give up
 *
 * Nothing but the HELLO is sent before service_client_admit: a server that is not the one expected
 * learns nothing, not even who asks.
 */
#ifndef UNSEEN_SERVICE_CLIENT_H
#define UNSEEN_SERVICE_CLIENT_H

#include "channel/channel.h"
#include "service/service.h"

typedef enum service_news_kind {
    SERVICE_NEWS_PEER = 1, /* who answers */
    SERVICE_NEWS_READY,    /* the channel is open */
    SERVICE_NEWS_PLAN,
    SERVICE_NEWS_KEYS,
    SERVICE_NEWS_RESPONSE,
    SERVICE_NEWS_FAULT,
    SERVICE_NEWS_WORKING,
    SERVICE_NEWS_STAT,
    SERVICE_NEWS_CLOSING
} service_news_kind;

typedef struct service_news {
    service_news_kind kind;
    int has_key;                    /* PEER: 0 with the plain suite */
    uint8_t key[CHANNEL_KEY_BYTES]; /* PEER */
    uint8_t digest[SERVICE_DIGEST]; /* PLAN, KEYS */
    uint32_t requests;              /* PLAN: at a time */
    int have;                       /* KEYS */
    uint32_t stream;                /* RESPONSE, FAULT, WORKING */
    uint32_t step, steps;           /* WORKING */
    uint8_t
        *bytes; /* PLAN (NULL: as the client has it), RESPONSE, STAT: from malloc, the caller's */
    size_t bytes_size;
    service_fault fault; /* FAULT */
} service_news;

typedef struct service_client service_client;

/** A conversation at its beginning.
 *
 *  In:      options  of the channel: suites and keys; protocol and versions are filled in
 *           pace     of what the server sends and takes
 *           most     bytes of the largest plan, response or text to take
 *  Fails:   as channel_create; SERVICE_ERR_MEMORY; why gets the sentence
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_create(service_client **out,
                                                                    const channel_options *options,
                                                                    const service_pace *pace,
                                                                    size_t most, char *why,
                                                                    size_t why_size);

/** Release; NULL is fine. */
SERVICE_API void service_client_free(service_client *c);

/** Bytes from the network; used as of service_server_feed. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_feed(service_client *c, size_t *used,
                                                                  const uint8_t *bytes, size_t n,
                                                                  int64_t now);

/** What came.
 *
 *  Returns: 1 with news, 0 when there is none, or a status: the conversation is over
 *           (SERVICE_ERR_CLOSED when the server closed in good order)
 */
SERVICE_API SERVICE_MUST_CHECK int service_client_news(service_client *c, service_news *n);

/** Bytes for the network, until the next call; NULL with *n = 0 when there are none now. */
SERVICE_API const uint8_t *service_client_output(service_client *c, size_t *n);

/** The first n of them went. */
SERVICE_API void service_client_sent(service_client *c, size_t n, int64_t now);

/** When the server will have been too slow or silent; SERVICE_NEVER while nothing is expected of
 *  it. */
SERVICE_API int64_t service_client_deadline(const service_client *c);

/** Why it failed: one sentence. */
SERVICE_API const char *service_client_why(const service_client *c);

/** What went through. */
SERVICE_API channel_counts service_client_counts(const service_client *c);

/* Actions. They fail with SERVICE_ERR_MEMORY, channel codes, or SERVICE_ERR_ARG when it is not the
 * time for them. */

/** Go on with this server. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_admit(service_client *c, int64_t now);

/** End it: this is not the server that is wanted. It is told nothing. */
SERVICE_API void service_client_reject(service_client *c, const char *why);

/** Ask for a network: name "" for the server's first network; plan NULL or the digest of the plan
 * that is here. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_open(service_client *c,
                                                                  const char *name,
                                                                  const uint8_t *plan, int64_t now);

/** Name the evaluation keys that requests will use; size is that of their file. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_keys(
    service_client *c, const uint8_t digest[SERVICE_DIGEST], uint64_t size, int64_t now);

/** Send the keys; the bytes stay the caller's and outlive the client. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_upload(service_client *c,
                                                                    const uint8_t *bytes,
                                                                    size_t size, int64_t now);

/** Send a request: stream from 1 on, of the caller's choice; bytes from malloc, taken over. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_request(service_client *c,
                                                                     uint32_t stream,
                                                                     uint8_t *bytes, size_t size,
                                                                     int64_t now);

/** Ask for the counters; format: SERVICE_STAT_... */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_stat(service_client *c, int format,
                                                                  int64_t now);

/** The end in good order, behind everything sent. */
SERVICE_API SERVICE_MUST_CHECK service_status service_client_close(service_client *c);

#endif
