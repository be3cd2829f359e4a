/* ChaCha20-Poly1305 against RFC 8439 and an independent computation, with every loop of the key
 * stream that this machine has; what was changed is refused. */
#include "channel/crypto/aead.h"

#include "channel/hash.h"
#include "ckks/base/cpu.h"
#include "ckks/kernel/kernel.h"
#include "tests/testing.h"
#include "tests/vectors/aead.inc"

enum { LONGEST = 65519, TAG = CHANNEL_AEAD_TAG_BYTES };

/* The i-th stream that runs here, NULL behind the last. */
static ckks_stream stream_at(int i)
{
    for (int k = 0; ckks_kernel_list(k) != NULL; k++) {
        const ckks_kernel *kernel = ckks_kernel_list(k);

        if (ckks_kernel_select(ckks_cpu_detect(), 0, kernel->name) == kernel && i-- == 0)
            return kernel->client->chacha_blocks;
    }
    return NULL;
}

static void rfc_a5(void **state)
{
    const uint64_t nonce = UINT64_C(0x0807060504030201); /* bytes 1, 2, ... 8 */
    const size_t n = sizeof aead_text;

    (void)state;
    for (int i = 0; stream_at(i) != NULL; i++) {
        uint8_t out[sizeof aead_sealed];

        channel_aead_seal(out, stream_at(i), aead_key, nonce, aead_extra, sizeof aead_extra,
                          aead_text, n);
        assert_memory_equal(out, aead_sealed, sizeof out);
        assert_int_equal(channel_aead_open(out, stream_at(i), aead_key, nonce, aead_extra,
                                           sizeof aead_extra, aead_sealed, n),
                         1);
        assert_memory_equal(out, aead_text, n);
    }
}

static void seal_and_open(channel_hash_state *all, ckks_stream stream, uint8_t *text, size_t n)
{
    static uint8_t apart[LONGEST + TAG];
    static uint8_t within[LONGEST + TAG];
    uint8_t digest[CHANNEL_HASH_BYTES];

    channel_aead_seal(apart, stream, aead_seed, n, text, n % 40, text, n);
    memcpy(within, text, n);
    channel_aead_seal(within, stream, aead_seed, n, text, n % 40, within, n);
    assert_memory_equal(within, apart, n + TAG);
    channel_hash(digest, apart, n + TAG);
    channel_hash_update(all, digest, sizeof digest);
    assert_int_equal(channel_aead_open(within, stream, aead_seed, n, text, n % 40, within, n), 1);
    assert_memory_equal(within, text, n);
}

static void lengths_in_place_and_apart(void **state)
{
    static const size_t borders[] = {1023, 1024, 4031, 4032, 4033, 4096, 8128, 8129, LONGEST};
    static uint8_t text[LONGEST];

    (void)state;
    for (size_t i = 0; i < LONGEST; i++)
        text[i] = (uint8_t)(7 * i + 3);
    for (int i = 0; stream_at(i) != NULL; i++) {
        channel_hash_state all;
        uint8_t digest[CHANNEL_HASH_BYTES];

        channel_hash_init(&all);
        for (size_t n = 0; n <= 150; n++)
            seal_and_open(&all, stream_at(i), text, n);
        for (size_t k = 0; k < sizeof borders / sizeof borders[0]; k++)
            seal_and_open(&all, stream_at(i), text, borders[k]);
        channel_hash_final(&all, digest);
        assert_memory_equal(digest, aead_digest, sizeof digest);
    }
}

static void every_bit_counts(void **state)
{
    enum { N = 33, EXTRA = 5 };
    const ckks_stream stream = ckks_stream_select();
    const uint8_t extra[EXTRA] = {1, 2, 3, 4, 5};
    uint8_t sealed[N + TAG];
    uint8_t out[N];
    uint8_t untouched[N];

    (void)state;
    memset(untouched, 0xee, sizeof untouched);
    channel_aead_seal(sealed, stream, aead_key, 7, extra, EXTRA, aead_text, N);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        uint8_t bad[N + TAG];

        memcpy(bad, sealed, sizeof bad);
        memcpy(out, untouched, sizeof out);
        bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(channel_aead_open(out, stream, aead_key, 7, extra, EXTRA, bad, N), 0);
        assert_memory_equal(out, untouched, sizeof out);
    }
    for (size_t bit = 0; bit < 8 * sizeof extra; bit++) {
        uint8_t bad[EXTRA];

        memcpy(bad, extra, sizeof bad);
        bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(channel_aead_open(out, stream, aead_key, 7, bad, EXTRA, sealed, N), 0);
    }
    assert_int_equal(channel_aead_open(out, stream, aead_key, 6, extra, EXTRA, sealed, N), 0);
    assert_int_equal(channel_aead_open(out, stream, aead_seed, 7, extra, EXTRA, sealed, N), 0);
    assert_int_equal(channel_aead_open(out, stream, aead_key, 7, extra, EXTRA - 1, sealed, N), 0);
    assert_int_equal(channel_aead_open(out, stream, aead_key, 7, extra, EXTRA, sealed, N - 1), 0);
    assert_int_equal(channel_aead_open(out, stream, aead_key, 7, extra, EXTRA, sealed, N), 1);
    assert_memory_equal(out, aead_text, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_a5),
        cmocka_unit_test(lengths_in_place_and_apart),
        cmocka_unit_test(every_bit_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
