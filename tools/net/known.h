/* The servers that a user has accepted: their public keys by address. */
#ifndef UNSEEN_TOOLS_NET_KNOWN_H
#define UNSEEN_TOOLS_NET_KNOWN_H

#include "channel/channel.h"

/* How a server may prove that it is the right one. */
typedef struct known_policy {
    int accept_new;          /* take a server that was never seen, without asking */
    const char *fingerprint; /* take only this one; NULL: as remembered */
} known_policy;

/** Decide whether a key is that of the server at an address, and remember a new one.
 *
 *  One that is remembered has to be the same. Of one that is not, the user is asked, where there is
 *  a terminal.
 *
 *  Returns: CLI_OK or an exit code after the message was printed: CLI_REFUSED
 */
int known_decide(const known_policy *policy, const char *address,
                 const uint8_t key[CHANNEL_KEY_BYTES]);

#endif
