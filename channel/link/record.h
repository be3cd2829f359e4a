/* Records: what goes over the network once there are keys. u16 size, little-endian, then so many
 * bytes: sealed text and tag, or plain text with the plain suite. Their texts, one behind another,
 * are the stream in which the frames stand.
 *
 * Both sides change the key of a direction after every CHANNEL_REKEY_EVERY records of it: fewer
 * than 2^32 records and 2^36 bytes are sealed with one key.
 */
#ifndef UNSEEN_CHANNEL_LINK_RECORD_H
#define UNSEEN_CHANNEL_LINK_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "channel/noise/cipher.h"

enum {
    CHANNEL_RECORD_HEAD = 2,
    CHANNEL_RECORD_MAX = 65535, /* bytes behind the head */
    CHANNEL_RECORD_TEXT = CHANNEL_RECORD_MAX - CHANNEL_AEAD_TAG_BYTES,
    CHANNEL_RECORD_ADDED = CHANNEL_RECORD_HEAD + CHANNEL_AEAD_TAG_BYTES,
    CHANNEL_REKEY_EVERY = 1 << 20
};

/* One direction. All zero is the plain suite's. */
typedef struct channel_record {
    channel_cipher cipher;
    int sealed;           /* whether cipher has a key */
    uint32_t count;       /* records under this key */
    uint32_t rekey_every; /* CHANNEL_REKEY_EVERY, but for tests */
} channel_record;

/** The plain suite, or with a cipher the noise suite. */
void channel_record_init(channel_record *r, const channel_cipher *cipher);

/** Make a record of n bytes of text that stand CHANNEL_RECORD_HEAD bytes behind its start.
 *
 *  In/out:  record  n + CHANNEL_RECORD_ADDED bytes
 *  In:      n       at most CHANNEL_RECORD_TEXT
 *  Returns: the size of the record, head and all
 */
size_t channel_record_seal(channel_record *r, uint8_t *record, size_t n);

/** The text of a record.
 *
 *  Out:     text    n bytes are enough
 *           text_n  how many there are
 *  In:      sealed  n <= CHANNEL_RECORD_MAX bytes, behind the head; does not overlap text
 *  Returns: 1, or 0 when it was not made by the other side at this place
 */
int channel_record_open(channel_record *r, uint8_t *text, size_t *text_n, const uint8_t *sealed,
                        size_t n);

#endif
