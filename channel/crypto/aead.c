/* ChaCha20-Poly1305. The key stream is made CHUNK blocks at a time: block 0 is the key of the
 * authenticator, blocks 1, 2, ... are added to the text. Sealing reads each chunk again for the tag
 * while it is in the first cache.
 *
 * Time: depends on the numbers of bytes alone, and on whether a tag is right.  Source:
 * [RFC8439] 2.8
 */
#include "channel/crypto/aead.h"

#include <string.h>

#include "channel/crypto/poly1305.h"
#include "ckks/base/bytes.h"
#include "ckks/base/ct.h"
#include "ckks/ckks.h"

enum { BLOCK = 64, CHUNK = 64, CHUNK_BYTES = BLOCK * CHUNK };

/* The key stream and how much of it is used. */
typedef struct pad {
    uint8_t bytes[CHUNK_BYTES];
    size_t used, made;
    uint64_t counter;
    uint64_t nonce;
    const uint8_t *key;
    ckks_stream stream;
} pad;

/* At least one more block, for the n bytes that follow. */
static void refill(pad *p, size_t n)
{
    const size_t blocks = n >= CHUNK_BYTES ? (size_t)CHUNK : (n + BLOCK - 1) / BLOCK;

    p->stream(p->bytes, blocks, p->key, p->counter, p->nonce);
    p->counter += blocks;
    p->made = blocks * BLOCK;
    p->used = 0;
}

static inline void add_bytes(uint8_t *out, const uint8_t *in, const uint8_t *bytes, size_t n)
{
    for (; n >= BLOCK; out += BLOCK, in += BLOCK, bytes += BLOCK, n -= BLOCK) {
        uint64_t a[BLOCK / 8];
        uint64_t b[BLOCK / 8];

        memcpy(a, in, sizeof a);
        memcpy(b, bytes, sizeof b);
        for (int i = 0; i < BLOCK / 8; i++)
            a[i] ^= b[i];
        memcpy(out, a, sizeof a);
    }
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] ^ bytes[i];
}

/* As many of the n bytes as the pad holds now, a new chunk if it is empty. Returns how many. */
static size_t crypt_some(pad *p, uint8_t *out, const uint8_t *in, size_t n)
{
    size_t here;

    if (p->used == p->made)
        refill(p, n);
    here = p->made - p->used < n ? p->made - p->used : n;
    add_bytes(out, in, p->bytes + p->used, here);
    p->used += here;
    return here;
}

static void begin(pad *p, channel_poly1305 *mac, ckks_stream stream, const uint8_t *key,
                  uint64_t nonce, const uint8_t *extra, size_t extra_n, size_t n)
{
    p->stream = stream;
    p->key = key;
    p->nonce = nonce;
    p->counter = 0;
    refill(p, BLOCK + n);
    channel_poly1305_init(mac, p->bytes);
    p->used = BLOCK;
    channel_poly1305_update(mac, extra, extra_n);
}

static void finish(channel_poly1305 *mac, uint8_t tag[CHANNEL_AEAD_TAG_BYTES], size_t extra_n,
                   size_t n)
{
    uint8_t lengths[16];

    ckks_store_u64le(lengths, extra_n);
    ckks_store_u64le(lengths + 8, n);
    channel_poly1305_update(mac, lengths, sizeof lengths);
    channel_poly1305_final(mac, tag);
}

void channel_aead_seal(uint8_t *out, ckks_stream stream, const uint8_t key[CHANNEL_AEAD_KEY_BYTES],
                       uint64_t nonce, const uint8_t *extra, size_t extra_n, const uint8_t *in,
                       size_t n)
{
    channel_poly1305 mac;
    size_t done = 0;
    pad p;

    begin(&p, &mac, stream, key, nonce, extra, extra_n, n);
    while (done < n) {
        /* All pieces but the last are whole blocks, so no zeros come between them. */
        const size_t here = crypt_some(&p, out + done, in + done, n - done);

        channel_poly1305_update(&mac, out + done, here);
        done += here;
    }
    finish(&mac, out + n, extra_n, n);
    CKKS_PUBLIC(out, n + CHANNEL_AEAD_TAG_BYTES); /* what goes over the network */
    ckks_wipe(&p, sizeof p);
}

int channel_aead_open(uint8_t *out, ckks_stream stream, const uint8_t key[CHANNEL_AEAD_KEY_BYTES],
                      uint64_t nonce, const uint8_t *extra, size_t extra_n, const uint8_t *in,
                      size_t n)
{
    uint8_t tag[CHANNEL_AEAD_TAG_BYTES];
    channel_poly1305 mac;
    int right;
    pad p;

    begin(&p, &mac, stream, key, nonce, extra, extra_n, n);
    channel_poly1305_update(&mac, in, n);
    finish(&mac, tag, extra_n, n);
    right = ckks_ct_equal(tag, in + n, sizeof tag);
    /* The channel ends at a wrong tag, for all to see; the right tag stays unknown. */
    CKKS_PUBLIC(&right, sizeof right);
    if (right) {
        for (size_t done = 0; done < n;)
            done += crypt_some(&p, out + done, in + done, n - done);
    }
    ckks_wipe(tag, sizeof tag);
    ckks_wipe(&p, sizeof p);
    return right;
}
