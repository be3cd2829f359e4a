/* What `unseen ask` asks: pictures, to one network of one server, and the answers.
 * Everything here prints its own message and returns an exit code.
 */
#ifndef UNSEEN_TOOLS_ASK_QUERY_H
#define UNSEEN_TOOLS_ASK_QUERY_H

#include "tools/ask/conversation.h"
#include "tools/ask/keystore.h"

/* One picture, and what came of it. */
typedef struct query_image {
    const char *path;
    uint64_t index; /* in its file */
    float *pixels;
    size_t label;
    double confidence, ms; /* from the first byte of its request to the last of the response */
} query_image;

typedef struct query {
    const char *model; /* "" for the server's first */
    int renew, invert;
    double timeout;
    query_image *image; /* count of them */
    size_t count;
    /* What the way there took. */
    double connect_ms, plan_ms, keys_ms, upload_ms;
    uint64_t upload_bytes, request_bytes, response_bytes; /* of one request and response */
    size_t together;                                      /* pictures that share a request */
    double total_ms;                                      /* of all requests */
} query;

/** Ask the server about all pictures. With keys that it does not have, they are sent first.
 *
 *  In/out:  c   open; it is closed in any case
 */
int query_run(query *q, conversation *c);

#endif
