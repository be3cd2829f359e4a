/* Whether a response is there, whole, and the answer to a given request: by what the file itself
 * says, so that no list has to be kept of what is done.
 */
#ifndef UNSEEN_TOOLS_REPLY_H
#define UNSEEN_TOOLS_REPLY_H

#include "tools/envelope.h"

typedef enum reply_state {
    REPLY_WHOLE,   /* done: by its checksums, ids and the request's digest */
    REPLY_MISSING, /* no such file */
    REPLY_DAMAGED, /* altered, cut short, or no response */
    REPLY_FOREIGN  /* a whole response to something else */
} reply_state;

typedef struct reply {
    reply_state state;
    uint8_t digest[ENVELOPE_DIGEST]; /* of the response's file, as envelope_digest */
    char why[ENVELOPE_WHY];          /* one sentence unless whole */
} reply;

/** Look at a response.
 *
 *  In:      request  the envelope of what it should answer
 *           digest   of the request's file
 *  Returns: CLI_OK, or an exit code after the message was printed when the file cannot be read
 */
int reply_look(reply *out, const char *path, const envelope *request,
               const uint8_t digest[ENVELOPE_DIGEST]);

/** "whole", "missing", "damaged" or "foreign". */
const char *reply_state_name(reply_state state);

#endif
