/* A client's conversation with a server over a socket: the machine of service/client.h, driven
 * until something happens. Everything here prints its own message and returns an exit code.
 */
#ifndef UNSEEN_TOOLS_ASK_CONVERSATION_H
#define UNSEEN_TOOLS_ASK_CONVERSATION_H

#include "service/client.h"
#include "tools/net/address.h"
#include "tools/net/known.h"

typedef struct conversation {
    const address *at;
    int fd; /* -1: none */
    service_client *client;
    uint8_t *rest; /* bytes that came and were not taken yet */
    size_t rest_size;
} conversation;

typedef struct conversation_options {
    known_policy policy;
    const char *identity; /* file of this client's key pair; NULL: in the state folder */
    int insecure_plain;   /* no encryption; the server has to be on this machine */
    double timeout;       /* seconds that the server may be silent */
} conversation_options;

#define CONVERSATION_TIMEOUT 30.0

/* Rows for a command's option table. */
/* clang-format off */
#define CONVERSATION_OPTIONS \
    {0, "accept-new", NULL, "trust a server that was never seen before without asking"}, \
    {0, "server-key", "FINGERPRINT", "talk to the server with this key only"}, \
    {0, "identity", "FILE", "this client's key pair, made when missing\n" \
     "(default: identity in the state folder)"}, \
    {0, "insecure-plain", NULL, "no encryption of the connection; a server on this machine only"}, \
    {0, "timeout", "S", "seconds that the server may be silent or busy (default 30)"}
/* clang-format on */

/** Take one of these options.
 *
 *  Returns: CLI_OK, an exit code, or CLI_DONE when name is none of them
 */
int conversation_take(conversation_options *o, const char *name, const char *value);

/** Connect, and make sure that it is the right server.
 *
 *  Out:     c   to be released with conversation_close, also after a failure
 *  In:      at  outlives c
 *  Returns: CLI_OK; CLI_REFUSED: another key than the one remembered; CLI_NETWORK; CLI_PROTOCOL
 */
int conversation_open(conversation *c, const address *at, const conversation_options *o);

/** Send what there is to send and wait for the next news.
 *
 *  Out:     n   its bytes are the caller's
 *  Returns: CLI_OK, or CLI_NETWORK or CLI_PROTOCOL
 */
int conversation_wait(conversation *c, service_news *n);

/** Say what an action of service_client_ came to.  Returns: CLI_OK or an exit code */
int conversation_did(const conversation *c, service_status st);

/** Print what a server reported.
 *
 *  Returns: the exit code that belongs to it
 */
int conversation_fault(const conversation *c, const service_fault *f);

/** Say goodbye where that is possible, and release; all zero but fd -1 is fine. */
void conversation_close(conversation *c);

#endif
