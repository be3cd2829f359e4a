/* The first bytes of both parties, before there are keys.
 *
 * The initiator's HELLO, little-endian:
 *
 *      0   8 bytes  "unseenCH"
 *      8   u16      size of the HELLO in bytes
 *     10   u8       1, this layout
 *     11   u8       number of suites, 1 to CHANNEL_MAX_SUITES
 *     12   u16      lowest version
 *     14   u16      highest version
 *     16   u32      largest payload that this side takes
 *     20            suites, a byte each; the name's length, a byte; the name
 *
 * Message 1 of the handshake stands right behind it where a suite needs one. The responder's answer
 * is a record: u16 size of what follows, then a byte that says what it is (CHANNEL_ANSWER_...). A
 * refusal holds the responder's own HELLO, so that the initiator can say what both speak. A choice
 * is 8 bytes: u16 version, u8 suite, u8 zero, u32 largest payload that the responder takes.
 */
#ifndef UNSEEN_CHANNEL_LINK_HELLO_H
#define UNSEEN_CHANNEL_LINK_HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"

enum {
    CHANNEL_HELLO_START = 20, /* bytes up to the suites */
    CHANNEL_HELLO_BYTES = CHANNEL_HELLO_START + CHANNEL_MAX_SUITES + 1 + CHANNEL_MAX_NAME,
    CHANNEL_HELLO_TEXT = 120, /* characters that channel_hello_print may need, with the NUL */
    CHANNEL_CHOICE_BYTES = 8
};

enum {
    CHANNEL_ANSWER_REFUSAL = 0, /* the responder's HELLO */
    CHANNEL_ANSWER_PLAIN = 1,   /* a choice */
    CHANNEL_ANSWER_NOISE = 2    /* message 2, whose payload is a choice */
};

typedef struct channel_hello {
    char name[CHANNEL_MAX_NAME + 1];
    uint16_t min_version, max_version;
    uint8_t suites[CHANNEL_MAX_SUITES];
    uint8_t suite_count;
    uint32_t max_payload;
} channel_hello;

typedef struct channel_choice {
    uint16_t version;
    uint8_t suite;
    uint32_t max_payload;
} channel_choice;

/** Whether a name has 1 to CHANNEL_MAX_NAME characters of a-z, 0-9 and -. */
int channel_hello_is_name(const char *name);

/** Whether suite is one of the count suites. */
int channel_hello_has(const channel_hello *hello, int suite);

/** Write a HELLO. Returns its size, CHANNEL_HELLO_BYTES at most. */
size_t channel_hello_write(uint8_t out[CHANNEL_HELLO_BYTES], const channel_hello *hello);

/** How many bytes a HELLO has that begins with these.
 *
 *  Out:     size    what the first 10 bytes say, at least CHANNEL_HELLO_START; 0 while n < 10
 *  Fails:   CHANNEL_ERR_FORMAT: it can be none, as its first bytes say already; so does a size
 * above CHANNEL_HELLO_BYTES
 */
CHANNEL_MUST_CHECK channel_status channel_hello_size(size_t *size, const uint8_t *bytes, size_t n);

/** Read a HELLO of exactly n bytes.
 *
 *  Fails:   CHANNEL_ERR_FORMAT, CHANNEL_ERR_VERSION for another layout; hello is then undefined
 */
CHANNEL_MUST_CHECK channel_status channel_hello_read(channel_hello *hello, const uint8_t *bytes,
                                                     size_t n);

/** What a HELLO offers, for people: "unseen-ask versions 1 to 2 over noise". */
void channel_hello_print(char text[CHANNEL_HELLO_TEXT], const channel_hello *hello);

/** The highest common version and, of the common suites, the one that stands first in own.
 *
 *  Out:     choice   max_payload is own's; unchanged when the result is 0
 *  Returns: 1, or 0 when names, versions or suites have nothing in common
 */
int channel_hello_choose(channel_choice *choice, const channel_hello *own,
                         const channel_hello *theirs);

/** Write a choice, read one. */
void channel_choice_write(uint8_t out[CHANNEL_CHOICE_BYTES], const channel_choice *choice);
void channel_choice_read(channel_choice *choice, const uint8_t bytes[CHANNEL_CHOICE_BYTES]);

#endif
