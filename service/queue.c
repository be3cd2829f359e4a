/* A ring of clients, each with a list of jobs. */
#include "service/queue.h"

#include <stdlib.h>

typedef struct job_node {
    struct job_node *next;
    void *job;
} job_node;

typedef struct client_node {
    struct client_node *next;
    uint64_t client;
    job_node *first, **end; /* end: where the next one is hung */
    size_t count;           /* at least 1 */
} client_node;

struct service_queue {
    client_node *first, **end;
    size_t count, most, most_client;
};

service_status service_queue_create(service_queue **out, size_t most, size_t most_client)
{
    *out = NULL;
    if (most == 0 || most_client == 0)
        return SERVICE_ERR_ARG;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return SERVICE_ERR_MEMORY;
    **out = (service_queue){NULL, NULL, 0, most, most_client};
    (*out)->end = &(*out)->first;
    return SERVICE_OK;
}

void service_queue_free(service_queue *q)
{
    if (q == NULL)
        return;
    while (service_queue_pop(q) != NULL)
        continue;
    free(q);
}

size_t service_queue_length(const service_queue *q)
{
    return q->count;
}

static client_node *find(const service_queue *q, uint64_t client)
{
    client_node *c = q->first;
    while (c != NULL && c->client != client)
        c = c->next;
    return c;
}

static void append(service_queue *q, client_node *c)
{
    c->next = NULL;
    *q->end = c;
    q->end = &c->next;
}

static client_node *add_client(service_queue *q, uint64_t client)
{
    client_node *c = malloc(sizeof *c);
    if (c != NULL) {
        *c = (client_node){NULL, client, NULL, NULL, 0};
        c->end = &c->first;
        append(q, c);
    }
    return c;
}

service_status service_queue_push(service_queue *q, uint64_t client, void *job)
{
    client_node *c = find(q, client);
    job_node *node;

    if (q->count >= q->most || (c != NULL && c->count >= q->most_client))
        return SERVICE_ERR_LIMIT;
    node = malloc(sizeof *node);
    if (node != NULL && c == NULL)
        c = add_client(q, client);
    if (node == NULL || c == NULL) {
        free(node);
        return SERVICE_ERR_MEMORY;
    }
    *node = (job_node){NULL, job};
    *c->end = node;
    c->end = &node->next;
    c->count++;
    q->count++;
    return SERVICE_OK;
}

/* Takes the first client out of the ring. */
static client_node *unlink_first(service_queue *q)
{
    client_node *c = q->first;
    q->first = c->next;
    if (q->first == NULL)
        q->end = &q->first;
    return c;
}

void *service_queue_pop(service_queue *q)
{
    client_node *c;
    job_node *node;
    void *job;

    if (q->first == NULL)
        return NULL;
    c = unlink_first(q);
    node = c->first;
    job = node->job;
    c->first = node->next;
    free(node);
    c->count--;
    q->count--;
    if (c->count > 0)
        append(q, c);
    else
        free(c);
    return job;
}

/* Drops jobs of one client; those that stay keep their order. */
static size_t drop_of(client_node *c, int (*pick)(void *, void *), void *user)
{
    size_t gone = 0;
    job_node **at = &c->first;

    while (*at != NULL) {
        job_node *node = *at;
        if (pick(user, node->job)) {
            *at = node->next;
            free(node);
            gone++;
        } else {
            at = &node->next;
        }
    }
    c->end = at;
    c->count -= gone;
    return gone;
}

size_t service_queue_drop(service_queue *q, int (*pick)(void *user, void *job), void *user)
{
    size_t gone = 0;
    client_node **at = &q->first;

    while (*at != NULL) {
        client_node *c = *at;
        gone += drop_of(c, pick, user);
        if (c->count == 0) {
            *at = c->next;
            free(c);
        } else {
            at = &c->next;
        }
    }
    q->end = at;
    q->count -= gone;
    return gone;
}
