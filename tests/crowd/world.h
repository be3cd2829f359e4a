/* What clients of a server under load send and expect: key sets, requests made once with each, and
 * the logits of the plain network.
 */
#ifndef UNSEEN_TESTS_CROWD_WORLD_H
#define UNSEEN_TESTS_CROWD_WORLD_H

#include "nn/nn.h"
#include "service/service.h"
#include "tools/load.h"

enum { WORLD_PICTURES = 4, WORLD_KEYS = 8 };

typedef struct world_request {
    file_bytes file;
    uint8_t digest[ENVELOPE_DIGEST];
} world_request;

/* One client's keys, and its requests. */
typedef struct world_keys {
    ckks_secret_key *secret;
    envelope_ids ids;
    file_bytes eval;
    uint8_t digest[SERVICE_DIGEST]; /* of eval */
    world_request request[WORLD_PICTURES];
} world_keys;

typedef struct world {
    nn_model *model;
    nn_plan *plan;
    nn_client *client;
    ckks_context *ctx;
    ckks_worker *worker;
    message response;
    uint8_t plan_digest[SERVICE_DIGEST];
    size_t outputs, key_count;
    float *logits[WORLD_PICTURES]; /* of the plain network */
    double error;                  /* of a logit that is right, at most */
    world_keys keys[WORLD_KEYS];
} world;

/** Plan a network, make keys and requests; files go to the current folder. Fails the test when
 * something fails.
 *
 *  Out:     w       to be released with world_free
 *  In:      digits  folder of pictures N.pgm
 *           keys    sets of them, at most WORLD_KEYS
 */
void world_make(world *w, const char *model, const char *digits, size_t keys);

/** Release everything. */
void world_free(world *w);

/** Whether a response is the right one to a request, to the digest of its bytes and its logits. */
int world_right(world *w, const world_keys *k, size_t picture, const file_bytes *response);

#endif
