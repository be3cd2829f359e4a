/* Records: their sizes, their order, and keys that change on both sides at once. */
#include "channel/link/record.h"

#include "ckks/base/bytes.h"
#include "tests/testing.h"

enum { MOST = CHANNEL_RECORD_TEXT + CHANNEL_RECORD_ADDED };

static void start(channel_record *from, channel_record *to, uint32_t rekey_every)
{
    static const uint8_t key[32] = {5};
    channel_cipher c;

    channel_cipher_init(&c, ckks_stream_select(), key);
    channel_record_init(from, &c);
    channel_record_init(to, &c);
    from->rekey_every = to->rekey_every = rekey_every;
}

static void every_kind_of_size(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 4096, CHANNEL_RECORD_TEXT};
    static uint8_t record[MOST];
    static uint8_t text[MOST];

    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        const size_t tag = sealed ? CHANNEL_AEAD_TAG_BYTES : 0;
        channel_record from;
        channel_record to;

        if (sealed) {
            start(&from, &to, CHANNEL_REKEY_EVERY);
        } else {
            channel_record_init(&from, NULL);
            channel_record_init(&to, NULL);
        }
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            const size_t n = sizes[k];
            size_t text_n = 0;

            memset(record + CHANNEL_RECORD_HEAD, 0x5a, n);
            assert_int_equal(channel_record_seal(&from, record, n), CHANNEL_RECORD_HEAD + n + tag);
            assert_int_equal(ckks_load_u16le(record), n + tag);
            assert_int_equal(
                channel_record_open(&to, text, &text_n, record + CHANNEL_RECORD_HEAD, n + tag), 1);
            assert_int_equal(text_n, n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(text[i], 0x5a);
        }
    }
}

/* 25 records with a new key after every 4; a side that changes at another time is refused there. */
static void keys_change_together(void **state)
{
    channel_record from;
    channel_record to;
    channel_record late;
    channel_record other;

    (void)state;
    start(&from, &to, 4);
    start(&other, &late, 5);
    for (uint64_t i = 0; i < 25; i++) {
        uint8_t record[8 + CHANNEL_RECORD_ADDED] = {0};
        uint8_t text[8];
        size_t n = 0;
        size_t size;

        ckks_store_u64le(record + CHANNEL_RECORD_HEAD, i);
        size = channel_record_seal(&from, record, 8) - CHANNEL_RECORD_HEAD;
        assert_int_equal(channel_record_open(&to, text, &n, record + 2, size), 1);
        assert_int_equal(ckks_load_u64le(text), i);
        if (i < 5)
            assert_int_equal(channel_record_open(&late, text, &n, record + 2, size), i < 4);
    }
    assert_int_equal(from.cipher.nonce, 25);
    assert_memory_not_equal(from.cipher.key, late.cipher.key, 32);
}

static void order_matters(void **state)
{
    uint8_t record[3][4 + CHANNEL_RECORD_ADDED];
    uint8_t text[4];
    channel_record from;
    channel_record to;
    size_t n = 0;

    (void)state;
    start(&from, &to, CHANNEL_REKEY_EVERY);
    for (int i = 0; i < 3; i++) {
        memset(record[i], i, sizeof record[i]);
        (void)channel_record_seal(&from, record[i], 4);
    }
    assert_int_equal(channel_record_open(&to, text, &n, record[1] + 2, 20), 0); /* too early */
    assert_int_equal(channel_record_open(&to, text, &n, record[0] + 2, 20), 1);
    assert_int_equal(channel_record_open(&to, text, &n, record[0] + 2, 20), 0); /* again */
    assert_int_equal(channel_record_open(&to, text, &n, record[2] + 2, 20), 0); /* one lost */
    assert_int_equal(channel_record_open(&to, text, &n, record[1] + 2, 19), 0); /* cut */
    assert_int_equal(channel_record_open(&to, text, &n, record[1] + 2, 15), 0); /* no tag */
    assert_int_equal(channel_record_open(&to, text, &n, record[1] + 2, 20), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_size),
        cmocka_unit_test(keys_change_together),
        cmocka_unit_test(order_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
