/* A key and a counter over the AEAD. */
#include "channel/noise/cipher.h"

#include <string.h>

#include "ckks/ckks.h"

void channel_cipher_init(channel_cipher *c, ckks_stream stream,
                         const uint8_t key[CHANNEL_AEAD_KEY_BYTES])
{
    memcpy(c->key, key, sizeof c->key);
    c->nonce = 0;
    c->stream = stream;
}

void channel_cipher_seal(channel_cipher *c, uint8_t *out, const uint8_t *extra, size_t extra_n,
                         const uint8_t *in, size_t n)
{
    channel_aead_seal(out, c->stream, c->key, c->nonce, extra, extra_n, in, n);
    c->nonce++;
}

int channel_cipher_open(channel_cipher *c, uint8_t *out, const uint8_t *extra, size_t extra_n,
                        const uint8_t *in, size_t n)
{
    const int right = channel_aead_open(out, c->stream, c->key, c->nonce, extra, extra_n, in, n);

    c->nonce += (uint64_t)right;
    return right;
}

/* What the key stream of the last nonce adds to 32 zeros: its blocks from 1 on, as in the AEAD. */
void channel_cipher_rekey(channel_cipher *c)
{
    uint8_t block[64];

    c->stream(block, 1, c->key, 1, UINT64_MAX);
    memcpy(c->key, block, sizeof c->key);
    ckks_wipe(block, sizeof block);
}
