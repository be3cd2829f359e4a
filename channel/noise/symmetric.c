/* Chaining key, digest and cipher. */
#include "channel/noise/symmetric.h"

#include <string.h>

#include "channel/crypto/hkdf.h"
#include "ckks/ckks.h"

void channel_symmetric_init(channel_symmetric *s, ckks_stream stream, const char *name)
{
    memset(s, 0, sizeof *s);
    s->cipher.stream = stream;
    channel_hash(s->digest, name, strlen(name));
    memcpy(s->chaining, s->digest, sizeof s->chaining);
}

void channel_symmetric_mix_hash(channel_symmetric *s, const uint8_t *bytes, size_t n)
{
    channel_hash_state hash;

    channel_hash_init(&hash);
    channel_hash_update(&hash, s->digest, sizeof s->digest);
    channel_hash_update(&hash, bytes, n);
    channel_hash_final(&hash, s->digest);
}

void channel_symmetric_mix_key(channel_symmetric *s, const uint8_t secret[32])
{
    uint8_t key[CHANNEL_HASH_BYTES];

    channel_hkdf(s->chaining, key, s->chaining, secret, 32);
    channel_cipher_init(&s->cipher, s->cipher.stream, key);
    s->keyed = 1;
    ckks_wipe(key, sizeof key);
}

size_t channel_symmetric_overhead(const channel_symmetric *s)
{
    return s->keyed ? CHANNEL_AEAD_TAG_BYTES : 0;
}

size_t channel_symmetric_seal(channel_symmetric *s, uint8_t *out, const uint8_t *in, size_t n)
{
    const size_t all = n + channel_symmetric_overhead(s);

    if (s->keyed)
        channel_cipher_seal(&s->cipher, out, s->digest, sizeof s->digest, in, n);
    else if (n > 0)
        memmove(out, in, n);
    channel_symmetric_mix_hash(s, out, all);
    return all;
}

int channel_symmetric_open(channel_symmetric *s, uint8_t *out, const uint8_t *in, size_t n)
{
    uint8_t before[CHANNEL_HASH_BYTES];

    if (n < channel_symmetric_overhead(s))
        return 0;
    /* in may be out: mix it before it is decrypted, which needs the digest of before. */
    memcpy(before, s->digest, sizeof before);
    channel_symmetric_mix_hash(s, in, n);
    if (s->keyed)
        return channel_cipher_open(&s->cipher, out, before, sizeof before, in,
                                   n - CHANNEL_AEAD_TAG_BYTES);
    if (n > 0)
        memmove(out, in, n);
    return 1;
}

void channel_symmetric_split(channel_symmetric *s, channel_cipher *first, channel_cipher *second)
{
    uint8_t key[2][CHANNEL_HASH_BYTES];

    channel_hkdf(key[0], key[1], s->chaining, NULL, 0);
    channel_cipher_init(first, s->cipher.stream, key[0]);
    channel_cipher_init(second, s->cipher.stream, key[1]);
    ckks_wipe(key, sizeof key);
    ckks_wipe(s->chaining, sizeof s->chaining);
    ckks_wipe(&s->cipher, sizeof s->cipher);
    s->keyed = 0;
}
