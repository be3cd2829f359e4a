/* Work of many clients, handed out fairly: every client that has work gets its turn before any gets
 * a second one. Within a client first come, first served.
 *
 * It holds pointers that belong to its owner. Not locked: one thread at a time.
 */
#ifndef UNSEEN_SERVICE_QUEUE_H
#define UNSEEN_SERVICE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "service/service.h"

typedef struct service_queue service_queue;

/** An empty queue.
 *
 *  In:      most         jobs in all, at least 1
 *           most_client  jobs of one client, at least 1
 *  Fails:   SERVICE_ERR_MEMORY, SERVICE_ERR_ARG
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_queue_create(service_queue **out, size_t most,
                                                                   size_t most_client);

/** Release; the jobs in it are the owner's. NULL is fine. */
SERVICE_API void service_queue_free(service_queue *q);

/** Add a job behind the client's others.
 *
 *  In:      client  whom it belongs to, any number
 *           job     not NULL
 *  Fails:   SERVICE_ERR_LIMIT (the queue, or the client's part of it, is full), SERVICE_ERR_MEMORY
 *  Cost:    linear in the number of clients that have jobs
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_queue_push(service_queue *q, uint64_t client,
                                                                 void *job);

/** The next job, NULL when there is none. The client moves behind all others. */
SERVICE_API void *service_queue_pop(service_queue *q);

/** Take out the jobs that a test picks, in any order.
 *
 *  In:      pick   non-zero for a job that has to go; it may release it
 *  Returns  how many went
 */
SERVICE_API size_t service_queue_drop(service_queue *q, int (*pick)(void *user, void *job),
                                      void *user);

/** Jobs that wait. */
SERVICE_API size_t service_queue_length(const service_queue *q);

#endif
