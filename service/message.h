/* The messages between a client and a server, version 1 of the protocol "unseen-ask".
 *
 * Little-endian. Every digest is BLAKE2s-256 of a whole file of the program `unseen`; plan, keys,
 * request and response are such files, byte for byte.
 *
 *   type  from    name       content
 *     1   client  OPEN       0  32  digest of the plan that the client has, zeros for none
 *                            32  n  name of a network, 0 to 64 bytes; none: the server's first
 *     2   client  KEYS       0  32  digest of the evaluation keys
 *                            32  8  their size
 *     3   client  KEYS_DATA         the evaluation keys, when asked for
 *     4   client  REQUEST           a request; the stream is the client's number for it
 *     5   client  STAT       0   1  1 JSON, 2 Prometheus
 *    16   server  PLAN       0  32  digest of the network's plan
 *                            32  4  requests that the client may have under way
 *                            36  4  0
 *                            40  n  the plan, left out when the client has it
 *    17   server  KEYS_STATE 0  32  digest
 *                            32  1  1 the server has them, 0 they are to be sent
 *    18   server  RESPONSE          a response; the stream is that of its request
 *    19   server  FAULT      0   2  what is wrong, SERVICE_FAULT_...
 *                            2   n  a sentence, at most 1000 bytes; the stream is that of the
 *                                   request, or 0
 *    20   server  WORKING    0   4  steps done of a request, 4 steps in all; every few seconds
 *    21   server  STAT_TEXT         the counters
 *    22   server  CLOSING           the server will end: no more requests, answers still come
 *
 * A conversation: OPEN -> PLAN, KEYS -> KEYS_STATE (KEYS_DATA -> KEYS_STATE), REQUEST -> RESPONSE
 * or FAULT, as many as PLAN says at a time. OPEN and KEYS may come again while no request is under
 * way. STAT may come at any time but during KEYS_DATA.
 */
#ifndef UNSEEN_SERVICE_MESSAGE_H
#define UNSEEN_SERVICE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "service/service.h"

#define SERVICE_PROTOCOL "unseen-ask"

enum {
    SERVICE_VERSION = 1,
    SERVICE_TYPE_OPEN = 1,
    SERVICE_TYPE_KEYS = 2,
    SERVICE_TYPE_KEYS_DATA = 3,
    SERVICE_TYPE_REQUEST = 4,
    SERVICE_TYPE_STAT = 5,
    SERVICE_TYPE_PLAN = 16,
    SERVICE_TYPE_KEYS_STATE = 17,
    SERVICE_TYPE_RESPONSE = 18,
    SERVICE_TYPE_FAULT = 19,
    SERVICE_TYPE_WORKING = 20,
    SERVICE_TYPE_STAT_TEXT = 21,
    SERVICE_TYPE_CLOSING = 22
};

enum {
    SERVICE_PLAN_HEAD = 40,
    SERVICE_KEYS_BYTES = 40,
    SERVICE_STATE_BYTES = 33,
    SERVICE_WORKING_BYTES = 8
};

typedef struct service_open {
    uint8_t plan[SERVICE_DIGEST];
    char name[SERVICE_NAME_MOST + 1]; /* letters, digits, . _ -; "" for the first */
} service_open;

typedef struct service_plan_head {
    uint8_t digest[SERVICE_DIGEST];
    uint32_t requests; /* at a time, at least 1 */
} service_plan_head;

typedef struct service_keys {
    uint8_t digest[SERVICE_DIGEST];
    uint64_t size;
} service_keys;

typedef struct service_keys_state {
    uint8_t digest[SERVICE_DIGEST];
    int have;
} service_keys_state;

typedef struct service_working {
    uint32_t step, steps;
} service_working;

/* Writers: out has room for what the format says; each returns the bytes written. */

size_t service_open_write(uint8_t *out, const service_open *m);
size_t service_plan_head_write(uint8_t *out, const service_plan_head *m);
size_t service_keys_write(uint8_t *out, const service_keys *m);
size_t service_keys_state_write(uint8_t *out, const service_keys_state *m);
size_t service_working_write(uint8_t *out, const service_working *m);
size_t service_fault_write(uint8_t *out, const service_fault *m);

/* Readers: hostile bytes; 1, or 0 when they are not of the format. */

int service_open_read(service_open *m, const uint8_t *in, size_t size);
int service_plan_head_read(service_plan_head *m, const uint8_t *in, size_t size);
int service_keys_read(service_keys *m, const uint8_t *in, size_t size);
int service_keys_state_read(service_keys_state *m, const uint8_t *in, size_t size);
int service_working_read(service_working *m, const uint8_t *in, size_t size);
int service_fault_read(service_fault *m, const uint8_t *in, size_t size);

/** Copy a sentence into a fault, cut and made printable. */
void service_fault_set(service_fault *m, uint16_t code, const char *text);

#endif
