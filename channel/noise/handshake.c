/* The messages as lists of tokens; e and s send a key, two letters mix what two keys share, the
 * initiator's first.
 */
#include "channel/noise/handshake.h"

#include <string.h>

#include "channel/crypto/x25519.h"
#include "ckks/base/check.h"
#include "ckks/base/ct.h"

typedef enum token { END, E, S, EE, ES, SE } token;

static const token pattern[CHANNEL_HANDSHAKE_MESSAGES][5] = {
    {E, END}, {E, EE, S, ES, END}, {S, SE, END}};

void channel_handshake_init(channel_handshake *h, int role, ckks_stream stream,
                            const channel_keys *own, const uint8_t ephemeral[CHANNEL_KEY_BYTES],
                            const uint8_t *prologue, size_t n)
{
    memset(h, 0, sizeof *h);
    h->initiator = role == CHANNEL_INITIATOR;
    h->own = *own;
    channel_keys_from_secret(&h->ephemeral, ephemeral);
    channel_symmetric_init(&h->symmetric, stream, "Noise_XX_25519_ChaChaPoly_BLAKE2s");
    channel_symmetric_mix_hash(&h->symmetric, prologue, n);
}

/* Mix what the initiator's and the responder's key of the token share. */
static channel_status mix_shared(channel_handshake *h, token t)
{
    const int ephemeral = t == EE || (h->initiator ? t == ES : t == SE);
    const int peer_ephemeral = t == EE || (h->initiator ? t == SE : t == ES);
    uint8_t shared[CHANNEL_X25519_BYTES];
    int some;

    some = channel_x25519(shared, ephemeral ? h->ephemeral.secret : h->own.secret,
                          peer_ephemeral ? h->peer_ephemeral : h->peer);
    channel_symmetric_mix_key(&h->symmetric, shared);
    ckks_wipe(shared, sizeof shared);
    return some ? CHANNEL_OK : CHANNEL_ERR_FORGED;
}

channel_status channel_handshake_write(channel_handshake *h, uint8_t *out, size_t *written,
                                       const uint8_t *payload, size_t n)
{
    uint8_t *p = out;

    CKKS_VERIFY(h->message % 2 != h->initiator);
    for (const token *t = pattern[h->message]; *t != END; t++) {
        if (*t == E) {
            memcpy(p, h->ephemeral.public_key, CHANNEL_KEY_BYTES);
            channel_symmetric_mix_hash(&h->symmetric, p, CHANNEL_KEY_BYTES);
            p += CHANNEL_KEY_BYTES;
        } else if (*t == S) {
            p += channel_symmetric_seal(&h->symmetric, p, h->own.public_key, CHANNEL_KEY_BYTES);
        } else {
            const channel_status st = mix_shared(h, *t);

            if (st != CHANNEL_OK)
                return st;
        }
    }
    p += channel_symmetric_seal(&h->symmetric, p, payload, n);
    h->message++;
    *written = (size_t)(p - out);
    return CHANNEL_OK;
}

/* A key at *in, clear or sealed; *in and *n go on behind it. */
static channel_status read_key(channel_handshake *h, token t, const uint8_t **in, size_t *n)
{
    const size_t size =
        CHANNEL_KEY_BYTES + (t == S ? channel_symmetric_overhead(&h->symmetric) : 0);

    if (*n < size)
        return CHANNEL_ERR_FORMAT;
    if (t == E) {
        memcpy(h->peer_ephemeral, *in, CHANNEL_KEY_BYTES);
        channel_symmetric_mix_hash(&h->symmetric, *in, size);
    } else {
        if (!channel_symmetric_open(&h->symmetric, h->peer, *in, size))
            return CHANNEL_ERR_FORGED;
        /* It was hidden from others; here the user is to look at it. */
        CKKS_PUBLIC(h->peer, sizeof h->peer);
    }
    *in += size;
    *n -= size;
    return CHANNEL_OK;
}

channel_status channel_handshake_read(channel_handshake *h, uint8_t *payload, size_t *payload_n,
                                      const uint8_t *in, size_t n)
{
    CKKS_VERIFY(h->message % 2 == h->initiator);
    for (const token *t = pattern[h->message]; *t != END; t++) {
        const channel_status st = *t == E || *t == S ? read_key(h, *t, &in, &n) : mix_shared(h, *t);

        if (st != CHANNEL_OK)
            return st;
    }
    if (n < channel_symmetric_overhead(&h->symmetric))
        return CHANNEL_ERR_FORMAT;
    *payload_n = n - channel_symmetric_overhead(&h->symmetric);
    if (!channel_symmetric_open(&h->symmetric, payload, in, n))
        return CHANNEL_ERR_FORGED;
    h->message++;
    return CHANNEL_OK;
}

void channel_handshake_split(channel_handshake *h, channel_cipher *send, channel_cipher *receive)
{
    channel_symmetric_split(&h->symmetric, h->initiator ? send : receive,
                            h->initiator ? receive : send);
    ckks_wipe(&h->own, sizeof h->own);
    ckks_wipe(&h->ephemeral, sizeof h->ephemeral);
}
