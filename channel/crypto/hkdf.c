/* HMAC with the key in one block, and the two outputs of HKDF that Noise needs. */
#include "channel/crypto/hkdf.h"

#include "ckks/ckks.h"

/* The digest of one block of key bytes, each with `flip` added, and n bytes. */
static void keyed(uint8_t out[CHANNEL_HASH_BYTES], const uint8_t key[CHANNEL_HASH_BYTES],
                  uint8_t flip, const uint8_t *bytes, size_t n)
{
    uint8_t block[CHANNEL_HASH_BLOCK_BYTES];
    channel_hash_state s;

    for (int i = 0; i < CHANNEL_HASH_BLOCK_BYTES; i++)
        block[i] = i < CHANNEL_HASH_BYTES ? key[i] ^ flip : flip;
    channel_hash_init(&s);
    channel_hash_update(&s, block, sizeof block);
    channel_hash_update(&s, bytes, n);
    channel_hash_final(&s, out);
    ckks_wipe(block, sizeof block);
}

void channel_hmac(uint8_t out[CHANNEL_HASH_BYTES], const uint8_t key[CHANNEL_HASH_BYTES],
                  const uint8_t *bytes, size_t n)
{
    uint8_t inner[CHANNEL_HASH_BYTES];

    keyed(inner, key, 0x36, bytes, n);
    keyed(out, key, 0x5c, inner, sizeof inner);
    ckks_wipe(inner, sizeof inner);
}

void channel_hkdf(uint8_t first[CHANNEL_HASH_BYTES], uint8_t second[CHANNEL_HASH_BYTES],
                  const uint8_t chaining[CHANNEL_HASH_BYTES], const uint8_t *bytes, size_t n)
{
    uint8_t key[CHANNEL_HASH_BYTES];
    uint8_t text[CHANNEL_HASH_BYTES + 1];

    channel_hmac(key, chaining, bytes, n);
    text[0] = 1;
    channel_hmac(text, key, text, 1);
    for (int i = 0; i < CHANNEL_HASH_BYTES; i++)
        first[i] = text[i];
    text[CHANNEL_HASH_BYTES] = 2;
    channel_hmac(second, key, text, sizeof text);
    ckks_wipe(key, sizeof key);
    ckks_wipe(text, sizeof text);
}
