/* What a server does about the events of its connections: who may come in, which network and which
 * keys, jobs for the pool and their results, the counters. One thread.
 */
#ifndef UNSEEN_TOOLS_SERVE_SERVING_H
#define UNSEEN_TOOLS_SERVE_SERVING_H

#include "service/counters.h"
#include "service/keyring.h"
#include "tools/net/identity.h"
#include "tools/serve/connection.h"
#include "tools/serve/pool.h"

typedef struct serving {
    const host *hosts;
    size_t host_count;
    pool *pool;
    service_keyring *keyring;
    service_counters counters;
    const identity_list *allow; /* NULL: everybody */
    size_t connections_client;  /* at a time of one client */
    connection **connection;    /* count of them are open */
    size_t count;
    int draining; /* no new work is taken */
    double begun; /* cli_seconds() */
} serving;

#define COUNT(s, name) ((s)->counters.value[SERVICE_COUNT_##name])

/** Do everything that can be done with what has come on a connection, and send. */
void serving_converse(serving *s, connection *c);

/** Hand on what the pool has finished. */
void serving_finished(serving *s);

/** Tell clients that wait how far their requests are, or at least that the server lives. */
void serving_beat(serving *s);

/** A connection goes: its jobs that wait are dropped, what it was granted is free again. */
void serving_leave(serving *s, connection *c);

#endif
