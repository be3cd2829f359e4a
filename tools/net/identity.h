/* Key pairs by which programs know each other over a network, and who is trusted. */
#ifndef UNSEEN_TOOLS_NET_IDENTITY_H
#define UNSEEN_TOOLS_NET_IDENTITY_H

#include "channel/channel.h"
#include "tools/file.h"

/** Read the key pair in a file; when there is no such file, make one, readable by its owner alone.
 *
 *  Out:     keys   wiped on failure
 *  In:      path   an envelope of kind I (tools/envelope.h): 32 secret bytes, 32 public ones
 *  Returns: CLI_OK or an exit code after the message was printed; CLI_REFUSED when others may read
 *           the file
 */
int identity_load(channel_keys *keys, const char *path);

/** The same, of the file that an option named; NULL: the one of this name in the state folder. */
int identity_open(channel_keys *keys, const char *path, const char *name);

/** The key pair in the bytes of such a file.
 *
 *  Returns: as identity_load
 */
int identity_take(channel_keys *keys, const file_bytes *file, const char *name);

/** Digits of a public key, as lists of keys hold it. */
enum { IDENTITY_HEX = 2 * CHANNEL_KEY_BYTES + 1 };
void identity_hex(char text[IDENTITY_HEX], const uint8_t key[CHANNEL_KEY_BYTES]);

/* Public keys, one a line in digits, '#' and what follows is a remark. */
typedef struct identity_list {
    uint8_t (*key)[CHANNEL_KEY_BYTES];
    size_t count;
} identity_list;

/** Read a list of keys.
 *
 *  Out:     list   to be released with identity_list_free, also after a failure
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int identity_list_read(identity_list *list, const char *path);

/** Whether a key is in the list. */
int identity_listed(const identity_list *list, const uint8_t key[CHANNEL_KEY_BYTES]);

/** Release; all zero is fine. */
void identity_list_free(identity_list *list);

#endif
