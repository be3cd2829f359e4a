/* Records and their keys. */
#include "channel/link/record.h"

#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/check.h"

void channel_record_init(channel_record *r, const channel_cipher *cipher)
{
    *r = (channel_record){.rekey_every = CHANNEL_REKEY_EVERY};
    if (cipher != NULL) {
        r->cipher = *cipher;
        r->sealed = 1;
    }
}

static void count(channel_record *r)
{
    if (++r->count == r->rekey_every) {
        channel_cipher_rekey(&r->cipher);
        r->count = 0;
    }
}

size_t channel_record_seal(channel_record *r, uint8_t *record, size_t n)
{
    uint8_t *text = record + CHANNEL_RECORD_HEAD;
    const size_t size = n + (r->sealed ? CHANNEL_AEAD_TAG_BYTES : 0);

    CKKS_VERIFY(n <= CHANNEL_RECORD_TEXT);
    ckks_store_u16le(record, (uint16_t)size);
    if (r->sealed) {
        channel_cipher_seal(&r->cipher, text, NULL, 0, text, n);
        count(r);
    }
    return CHANNEL_RECORD_HEAD + size;
}

int channel_record_open(channel_record *r, uint8_t *text, size_t *text_n, const uint8_t *sealed,
                        size_t n)
{
    if (!r->sealed) {
        memcpy(text, sealed, n);
        *text_n = n;
        return 1;
    }
    if (n < CHANNEL_AEAD_TAG_BYTES)
        return 0;
    *text_n = n - CHANNEL_AEAD_TAG_BYTES;
    if (!channel_cipher_open(&r->cipher, text, NULL, 0, sealed, *text_n))
        return 0;
    count(r);
    return 1;
}
