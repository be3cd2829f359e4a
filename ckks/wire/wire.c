/* The envelope, its checksum, and packed rows. The format is at the top of wire.h. */
#include "ckks/wire/wire.h"

#include <stdio.h>
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/word/u128.h"

static const uint8_t magic[8] = {0x89, 'C', 'K', 'K', 'S', '\r', '\n', 0x1a};

uint64_t ckks_wire_checksum(uint64_t state, const uint8_t *in, size_t bytes)
{
    const uint64_t p = (UINT64_C(1) << 61) - 1;
    const uint64_t k = UINT64_C(0x0e3779b97f4a7c15); /* any number in (2^32, p) does */

    for (size_t at = 0; at < bytes; at += 4) {
        uint8_t last[4] = {0};
        const uint8_t *word = in + at;
        ckks_u128 product;
        uint64_t folded = 0;
        if (bytes - at < 4) {
            memcpy(last, word, bytes - at);
            word = last;
        }
        /* state < p + 2^33 < 2^62 and k < 2^60: the product is below 2^122, its two 61-bit parts
         * sum to less than 2^62. */
        product = ckks_u128_mul(state + ckks_load_u32le(word) + 1, k);
        folded = (ckks_u128_lo(product) & p) + ckks_u128_shr(product, 61);
        state = folded >= p ? folded - p : folded;
    }
    return state;
}

static uint64_t envelope_checksum(const uint8_t *in, size_t payload_bytes)
{
    return ckks_wire_checksum(ckks_wire_checksum(0, in, 32), in + CKKS_WIRE_HEADER, payload_bytes);
}

void ckks_wire_seal(uint8_t *out, int kind, uint32_t flags, uint64_t context_id,
                    size_t payload_bytes)
{
    memcpy(out, magic, sizeof magic);
    ckks_store_u16le(out + 8, CKKS_WIRE_VERSION);
    ckks_store_u16le(out + 10, (uint16_t)kind);
    ckks_store_u32le(out + 12, flags);
    ckks_store_u64le(out + 16, context_id);
    ckks_store_u64le(out + 24, payload_bytes);
    ckks_store_u64le(out + 32, envelope_checksum(out, payload_bytes));
}

int ckks_wire_kind(const uint8_t *in, size_t in_size)
{
    int kind = 0;

    if (in == NULL || in_size < CKKS_WIRE_HEADER || memcmp(in, magic, sizeof magic) != 0)
        return CKKS_WIRE_NONE;
    kind = ckks_load_u16le(in + 10);
    return kind > CKKS_WIRE_CIPHERTEXT ? CKKS_WIRE_NONE : kind;
}

static const char *kind_name(int kind)
{
    static const char *const name[] = {"nothing",      "parameters",      "a secret key",
                                       "a public key", "evaluation keys", "a ciphertext"};

    return name[kind >= 0 && kind <= CKKS_WIRE_CIPHERTEXT ? kind : 0];
}

ckks_status ckks_wire_open(ckks_wire_envelope *e, int kind, const uint8_t *in, size_t in_size,
                           char *why, size_t why_size)
{
    uint64_t length = 0;

    if (in == NULL || in_size < CKKS_WIRE_HEADER) {
        (void)snprintf(why, why_size, "%zu bytes are too few for %s: the header alone has %d",
                       in == NULL ? (size_t)0 : in_size, kind_name(kind), CKKS_WIRE_HEADER);
        return CKKS_ERR_FORMAT;
    }
    if (memcmp(in, magic, sizeof magic) != 0) {
        (void)snprintf(why, why_size, "the bytes do not begin as %s does", kind_name(kind));
        return CKKS_ERR_FORMAT;
    }
    if (ckks_load_u16le(in + 8) != CKKS_WIRE_VERSION) {
        (void)snprintf(why, why_size, "format version %d, this build reads %d",
                       ckks_load_u16le(in + 8), CKKS_WIRE_VERSION);
        return CKKS_ERR_VERSION;
    }
    if (ckks_wire_kind(in, in_size) != kind) {
        (void)snprintf(why, why_size, "these bytes are %s, not %s",
                       kind_name(ckks_wire_kind(in, in_size)), kind_name(kind));
        return CKKS_ERR_FORMAT;
    }
    length = ckks_load_u64le(in + 24);
    if (length > in_size - CKKS_WIRE_HEADER) {
        (void)snprintf(why, why_size,
                       "%s: cut short, %llu bytes of payload are announced and %zu are there",
                       kind_name(kind), (unsigned long long)length, in_size - CKKS_WIRE_HEADER);
        return CKKS_ERR_FORMAT;
    }
    if (ckks_load_u64le(in + 32) != envelope_checksum(in, (size_t)length)) {
        (void)snprintf(why, why_size, "%s: damaged, the checksum does not fit", kind_name(kind));
        return CKKS_ERR_FORMAT;
    }
    e->kind = kind;
    e->flags = ckks_load_u32le(in + 12);
    e->context_id = ckks_load_u64le(in + 16);
    e->payload = in + CKKS_WIRE_HEADER;
    e->payload_bytes = (size_t)length;
    if ((e->flags & ~(uint32_t)(CKKS_WIRE_FLAG_INSECURE | CKKS_WIRE_FLAG_SEEDED)) != 0 ||
        ((e->flags & CKKS_WIRE_FLAG_SEEDED) != 0 && kind != CKKS_WIRE_CIPHERTEXT)) {
        (void)snprintf(why, why_size, "%s: flags 0x%x are not all known", kind_name(kind),
                       (unsigned int)e->flags);
        return CKKS_ERR_FORMAT;
    }
    return CKKS_OK;
}

ckks_status ckks_wire_open_for(ckks_worker *w, ckks_wire_envelope *e, int kind, const uint8_t *in,
                               size_t in_size)
{
    ckks_status st = ckks_wire_open(e, kind, in, in_size, w->error, sizeof w->error);

    if (st != CKKS_OK)
        return st;
    if (e->context_id != w->ctx->id)
        return ckks_worker_fail(
            w, CKKS_ERR_MISMATCH, "%s of parameters %016llx, the worker's are %016llx",
            kind_name(kind), (unsigned long long)e->context_id, (unsigned long long)w->ctx->id);
    if ((e->flags & CKKS_WIRE_FLAG_INSECURE) !=
        (w->ctx->params.insecure_test ? CKKS_WIRE_FLAG_INSECURE : 0))
        return ckks_worker_fail(w, CKKS_ERR_FORMAT,
                                "%s: the stamp of insecure test parameters is wrong",
                                kind_name(kind));
    return CKKS_OK;
}

void ckks_wire_pack(uint8_t *out, const uint64_t *row, size_t n, int bits)
{
    uint64_t word = 0;
    int fill = 0; /* bits of word in use, < 64 */

    for (size_t i = 0; i < n; i++) {
        word |= row[i] << fill;
        fill += bits;
        if (fill >= 64) {
            ckks_store_u64le(out, word);
            out += 8;
            fill -= 64;
            /* bits - fill bits of row[i] are out; fill < bits <= 56, so the shift is 1..56 */
            word = row[i] >> (bits - fill);
        }
    }
    /* n bits is a multiple of 8: whole bytes are left */
    for (; fill > 0; fill -= 8, word >>= 8)
        *out++ = (uint8_t)word;
}

int ckks_wire_unpack(uint64_t *row, const uint8_t *in, size_t n, int bits, uint64_t q)
{
    size_t bytes = ckks_wire_row_bytes(n, bits);
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t bad = 0;

    for (size_t i = 0; i < n; i++) {
        size_t bit = i * (size_t)bits;
        uint8_t last[8] = {0};
        const uint8_t *at = in + bit / 8;
        if (bytes - bit / 8 < 8) {
            memcpy(last, at, bytes - bit / 8);
            at = last;
        }
        /* at most 7 + 56 bits of the word are used */
        row[i] = (ckks_load_u64le(at) >> (bit % 8)) & mask;
        bad |= row[i] >= q;
    }
    return bad == 0;
}
