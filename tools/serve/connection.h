/* One connection of a server: a socket and the conversation on it. */
#ifndef UNSEEN_TOOLS_SERVE_CONNECTION_H
#define UNSEEN_TOOLS_SERVE_CONNECTION_H

#include "service/server.h"
#include "tools/net/address.h"
#include "tools/serve/host.h"

typedef struct connection {
    int fd;
    uint64_t serial; /* never used again */
    uint64_t client; /* whose turn its jobs are; its own serial until it is known */
    char peer[ADDRESS_TEXT];
    service_server *server;
    const host *host;               /* that it opened; NULL before */
    uint8_t digest[SERVICE_DIGEST]; /* of the keys that its requests use */
    uint8_t *rest;                  /* bytes that came and were not taken yet */
    size_t rest_size;
    size_t upload; /* bytes of memory that its keys on their way have been granted */
    int hung_up;   /* the other side is gone, or to be left */
    double begun;  /* cli_seconds() */
} connection;

/** Take over an accepted socket.
 *
 *  Out:     c   NULL on failure; the socket is closed then
 *  Fails:   as service_server_create
 */
service_status connection_create(connection **c, int fd, uint64_t serial,
                                 const channel_options *options, const service_limits *limits);

/** Close and release; NULL is fine. */
void connection_free(connection *c);

/** Read what has come, as far as the conversation takes it. */
void connection_read(connection *c);

/** Bring what was left to the conversation. */
void connection_feed_rest(connection *c);

/** Write what is to be sent, as far as the other side takes it. */
void connection_write(connection *c);

/** What to wait for: poll's events. */
short connection_events(connection *c);

/** Whether there is work without anything new: bytes that came earlier and can be taken now. */
int connection_ready(const connection *c);

#endif
