/* Lasting key pairs and how they are shown. */
#include <string.h>

#include "channel/channel.h"
#include "channel/crypto/x25519.h"
#include "ckks/base/ct.h"
#include "ckks/random/entropy.h"

channel_status channel_keys_create(channel_keys *keys, const ckks_entropy_source *entropy)
{
    if (keys == NULL)
        return CHANNEL_ERR_ARG;
    memset(keys, 0, sizeof *keys);
    if (ckks_entropy_from(entropy, keys->secret) != CKKS_OK)
        return CHANNEL_ERR_ENTROPY;
    channel_x25519_public(keys->public_key, keys->secret);
    return CHANNEL_OK;
}

void channel_keys_from_secret(channel_keys *keys, const uint8_t secret[CHANNEL_KEY_BYTES])
{
    memmove(keys->secret, secret, sizeof keys->secret);
    CKKS_SECRET(keys->secret, sizeof keys->secret);
    channel_x25519_public(keys->public_key, keys->secret);
}

void channel_fingerprint(char text[CHANNEL_FINGERPRINT_CHARS],
                         const uint8_t public_key[CHANNEL_KEY_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    static const char purpose[] = "unseen key";
    uint8_t digest[CHANNEL_HASH_BYTES];
    channel_hash_state s;
    char *p = text;

    channel_hash_init(&s);
    channel_hash_update(&s, purpose, sizeof purpose - 1);
    channel_hash_update(&s, public_key, CHANNEL_KEY_BYTES);
    channel_hash_final(&s, digest);
    for (int i = 0; i < 16; i++) {
        if (i > 0 && i % 2 == 0)
            *p++ = '-';
        *p++ = hex[digest[i] >> 4];
        *p++ = hex[digest[i] & 15];
    }
    *p = '\0';
}
