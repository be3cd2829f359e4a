/* A server's thread for the network: connections, time limits, jobs handed to the pool and answers
 * handed back.
 */
#ifndef UNSEEN_TOOLS_SERVE_LOOP_H
#define UNSEEN_TOOLS_SERVE_LOOP_H

#include "tools/net/address.h"
#include "tools/net/identity.h"
#include "tools/serve/host.h"
#include "tools/serve/pool.h"

enum { LOOP_LISTENERS = 8 };

typedef struct loop_listener {
    address at;
    int fd;
    int plain; /* no encryption: AF_UNIX, or loopback where the user asked for it */
} loop_listener;

typedef struct loop_options {
    loop_listener listener[LOOP_LISTENERS];
    size_t listeners;
    channel_keys keys;          /* the server's */
    const identity_list *allow; /* clients, where not all are welcome; else NULL */
    service_limits limits;
    size_t connections;        /* at a time */
    size_t connections_client; /* of one client, likewise */
    size_t key_memory;         /* bytes of clients' keys that are kept */
    double grace;              /* seconds for what is under way after SIGTERM */
    /* Called once signals are heeded; what is not CLI_OK ends it there. */
    int (*ready)(const void *user);
    const void *user;
} loop_options;

/** Serve until SIGTERM or SIGINT; what is under way is then finished. A second signal ends at once.
 *
 *  In/out:  p       released in any case
 *  In:      hosts   count > 0 of them; the first is what clients get that name none
 *  Returns: CLI_OK, or an exit code after the message was printed
 */
int loop_run(const loop_options *o, const host *hosts, size_t count, pool *p);

#endif
