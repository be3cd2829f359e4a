/* The servers that a user has accepted: their public keys by address. */
#ifndef UNSEEN_TOOLS_NET_KNOWN_H
#define UNSEEN_TOOLS_NET_KNOWN_H

#include "channel/channel.h"
#include "tools/file.h"

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

/** What a list, lines "ADDRESS KEY", holds of an address: its first line counts.
 *
 *  Out:     key   when the result is 1
 *  Returns: 1; 0 when it holds nothing; -1 when there is no key in its line
 */
int known_find(uint8_t key[CHANNEL_KEY_BYTES], const file_bytes *list, const char *address);

/** The list with one more line.
 *
 *  Out:     out   to be released with file_free
 *  Returns: 1, or 0 when there is no memory
 */
int known_add(file_bytes *out, const file_bytes *list, const char *address,
              const uint8_t key[CHANNEL_KEY_BYTES]);

#endif
