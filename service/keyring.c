/* A list in the order of last use, the latest first. A server keeps tens of keys, each of
 * megabytes: a search through them costs nothing beside their use. */
#include "service/keyring.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    struct entry *next;
    uint8_t digest[SERVICE_DIGEST];
    void *value;
    size_t bytes, users;
} entry;

struct service_keyring {
    entry *first;
    size_t budget, bytes, count;
    size_t reserved; /* held and reserved ones together stay within the budget */
    uint64_t evicted;
    void (*release)(void *value);
};

service_status service_keyring_create(service_keyring **out, size_t budget,
                                      void (*release)(void *value))
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return SERVICE_ERR_MEMORY;
    (*out)->budget = budget;
    (*out)->release = release;
    return SERVICE_OK;
}

static void drop(service_keyring *k, entry **at)
{
    entry *e = *at;

    *at = e->next;
    k->bytes -= e->bytes;
    k->count--;
    k->release(e->value);
    free(e);
}

void service_keyring_free(service_keyring *k)
{
    if (k == NULL)
        return;
    while (k->first != NULL)
        drop(k, &k->first);
    free(k);
}

static void to_front(service_keyring *k, entry **at)
{
    entry *e = *at;
    *at = e->next;
    e->next = k->first;
    k->first = e;
}

void *service_keyring_take(service_keyring *k, const uint8_t digest[SERVICE_DIGEST])
{
    for (entry **at = &k->first; *at != NULL; at = &(*at)->next) {
        if (memcmp((*at)->digest, digest, SERVICE_DIGEST) == 0) {
            to_front(k, at);
            k->first->users++;
            return k->first->value;
        }
    }
    return NULL;
}

void service_keyring_give(service_keyring *k, const void *value)
{
    for (entry *e = k->first; e != NULL; e = e->next) {
        if (e->value == value && e->users > 0) {
            e->users--;
            return;
        }
    }
}

/* Bytes that are in use or set aside. */
static size_t held(const service_keyring *k)
{
    size_t bytes = k->reserved;
    for (const entry *e = k->first; e != NULL; e = e->next)
        bytes += e->users > 0 ? e->bytes : 0;
    return bytes;
}

static int fits(const service_keyring *k, size_t bytes)
{
    return bytes <= k->budget && held(k) <= k->budget - bytes;
}

/* The last one in the list that is not in use. */
static entry **oldest(service_keyring *k)
{
    entry **found = NULL;
    for (entry **at = &k->first; *at != NULL; at = &(*at)->next) {
        if ((*at)->users == 0)
            found = at;
    }
    return found;
}

/* Puts out what is not in use until so many bytes that fit are free: once all of it has gone, they
 * are, so oldest finds one each time. */
static void make_room(service_keyring *k, size_t bytes)
{
    while (k->bytes + k->reserved > k->budget - bytes) {
        drop(k, oldest(k));
        k->evicted++;
    }
}

int service_keyring_reserve(service_keyring *k, size_t bytes)
{
    if (!fits(k, bytes))
        return 0;
    make_room(k, bytes);
    k->reserved += bytes;
    return 1;
}

void service_keyring_unreserve(service_keyring *k, size_t bytes)
{
    k->reserved -= bytes;
}

static int there(const service_keyring *k, const uint8_t *digest)
{
    const entry *e = k->first;
    while (e != NULL && memcmp(e->digest, digest, SERVICE_DIGEST) != 0)
        e = e->next;
    return e != NULL;
}

service_status service_keyring_put(service_keyring *k, const uint8_t digest[SERVICE_DIGEST],
                                   void *value, size_t bytes)
{
    entry *e;

    if (value == NULL || there(k, digest))
        return SERVICE_ERR_ARG;
    if (!fits(k, bytes))
        return SERVICE_ERR_LIMIT;
    e = malloc(sizeof *e);
    if (e == NULL)
        return SERVICE_ERR_MEMORY;
    make_room(k, bytes);
    *e = (entry){.next = k->first, .value = value, .bytes = bytes, .users = 1};
    memcpy(e->digest, digest, SERVICE_DIGEST);
    k->first = e;
    k->bytes += bytes;
    k->count++;
    return SERVICE_OK;
}

void service_keyring_figures(const service_keyring *k, size_t *count, size_t *bytes,
                             uint64_t *evicted)
{
    *count = k->count;
    *bytes = k->bytes;
    *evicted = k->evicted;
}
