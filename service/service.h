/* What both sides of the service share: statuses, what a server can report, how slow a peer may be.
 *
 * The service is one conversation in two machines, service/client.h and service/server.h, over a
 * channel (channel/channel.h): plan, evaluation keys, requests, responses. Neither does input or
 * output, reads a clock or starts a thread. A server made of many conversations finds a fair queue
 * in service/queue.h, a store of keys in service/keyring.h, and its counters in service/counters.h.
 *
 * 0 is success and every failure is negative. The range -300..-399 belongs to service/; statuses of
 * the layers below travel through it untouched.
 */
#ifndef UNSEEN_SERVICE_SERVICE_H
#define UNSEEN_SERVICE_SERVICE_H

#include <stdint.h>

#if defined(__GNUC__)
#define SERVICE_API __attribute__((visibility("default")))
#define SERVICE_MUST_CHECK __attribute__((warn_unused_result))
#define SERVICE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define SERVICE_API
#define SERVICE_MUST_CHECK
#define SERVICE_PRINTF(text, first)
#endif

typedef int service_status;

enum {
    SERVICE_OK = 0,
    SERVICE_ERR_ARG = -300,      /* the caller broke the contract */
    SERVICE_ERR_MEMORY = -301,   /* an allocation failed */
    SERVICE_ERR_PROTOCOL = -302, /* the other side sent what may not come now */
    SERVICE_ERR_LIMIT = -303,    /* more, or more at a time, than is granted */
    SERVICE_ERR_TIME = -304,     /* the other side took too long */
    SERVICE_ERR_REFUSED = -305,  /* the other side, or its owner, said no */
    SERVICE_ERR_CLOSED = -306    /* the conversation is over */
};

enum {
    SERVICE_DIGEST = 32,    /* bytes of a digest, BLAKE2s-256 */
    SERVICE_NAME_MOST = 64, /* bytes of a network's name */
    SERVICE_TEXT_MOST = 1000,
    SERVICE_NEVER = -1 /* no deadline */
};

/* How slow the other side may be. */
typedef struct service_pace {
    int64_t stall_ms;         /* time for a message of no size, and for what is to be sent */
    int64_t bytes_per_second; /* what more it takes for its bytes; at least 1 */
} service_pace;

/* What a server reports. From SERVICE_FAULT_LATER on, the same may succeed another time. */
enum {
    SERVICE_FAULT_NO_MODEL = 1, /* no network of that name */
    SERVICE_FAULT_DAMAGED = 2,  /* what was sent is no such file, or is damaged */
    SERVICE_FAULT_MISMATCH = 3, /* keys or request are of another plan or key pair */
    SERVICE_FAULT_TOO_LARGE = 4,
    SERVICE_FAULT_INTERNAL = 5,
    SERVICE_FAULT_LATER = 64,
    SERVICE_FAULT_NO_KEYS = 64, /* the keys are no longer there: send them again */
    SERVICE_FAULT_BUSY = 65,
    SERVICE_FAULT_MEMORY = 66,
    SERVICE_FAULT_CLOSING = 67
};

enum { SERVICE_STAT_JSON = 1, SERVICE_STAT_PROMETHEUS = 2 };

typedef struct service_fault {
    uint16_t code;
    char text[SERVICE_TEXT_MOST + 1]; /* printable; others became '?' */
} service_fault;

/** Whether a name is one that OPEN can carry: 1 to 64 letters, digits, dots, dashes, underlines,
 * the first a letter or digit. */
SERVICE_API int service_name_good(const char *name);

#endif
