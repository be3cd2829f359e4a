/* The handshake Noise_XX_25519_ChaChaPoly_BLAKE2s:
 *
 *     -> e                  1: 32 bytes and the payload
 *     <- e, ee, s, es       2: 96 bytes and the payload
 *     -> s, se              3: 64 bytes and the payload
 *
 * Payloads 1 is clear, 2 and 3 are sealed. After message 2 the initiator knows the responder, after
 * message 3 the responder the initiator.
 *
 * Source: [Noise18] 5.3, 7.5
 */
#ifndef UNSEEN_CHANNEL_NOISE_HANDSHAKE_H
#define UNSEEN_CHANNEL_NOISE_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"
#include "channel/noise/symmetric.h"

enum {
    CHANNEL_HANDSHAKE_MESSAGES = 3,
    CHANNEL_HANDSHAKE_FIRST = 32,  /* bytes of message 1 without payload */
    CHANNEL_HANDSHAKE_SECOND = 96, /* of message 2, which is the longest */
    CHANNEL_HANDSHAKE_LAST = 64    /* of message 3 */
};

typedef struct channel_handshake {
    channel_symmetric symmetric;
    int initiator;
    int message;                     /* how many are written and read */
    channel_keys own;                /* lasting */
    channel_keys ephemeral;          /* of this handshake */
    uint8_t peer[CHANNEL_KEY_BYTES]; /* the other's lasting key, once it has come */
    uint8_t peer_ephemeral[CHANNEL_KEY_BYTES];
} channel_handshake;

/** A handshake before message 1.
 *
 *  In:      role       CHANNEL_INITIATOR or CHANNEL_RESPONDER
 *           ephemeral  the secret of this handshake's own pair, never used again
 *           prologue   n bytes that both sides must have seen alike
 */
void channel_handshake_init(channel_handshake *h, int role, ckks_stream stream,
                            const channel_keys *own, const uint8_t ephemeral[CHANNEL_KEY_BYTES],
                            const uint8_t *prologue, size_t n);

/** Write the next message, which must be this side's turn.
 *
 *  Out:     out      the sizes above and the payload
 *           written  bytes
 *  Fails:   CHANNEL_ERR_FORGED: the peer's point shares no secret
 */
CHANNEL_MUST_CHECK channel_status channel_handshake_write(channel_handshake *h, uint8_t *out,
                                                          size_t *written, const uint8_t *payload,
                                                          size_t n);

/** Read the next message, which must be the peer's turn.
 *
 *  Out:     payload   as many bytes as the peer sent, in place of in or elsewhere
 *           payload_n their number
 *  Fails:   CHANNEL_ERR_FORMAT: too short; CHANNEL_ERR_FORGED: a tag is wrong, or the peer's point
 * shares no secret. The handshake is useless then.
 */
CHANNEL_MUST_CHECK channel_status channel_handshake_read(channel_handshake *h, uint8_t *payload,
                                                         size_t *payload_n, const uint8_t *in,
                                                         size_t n);

/** After message 3: the ciphers. h keeps the peer's key and the digest of all messages, the rest is
 *  wiped. */
void channel_handshake_split(channel_handshake *h, channel_cipher *send, channel_cipher *receive);

#endif
