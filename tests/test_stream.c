/* The key stream that this machine gets is ChaCha20's. */
#include "ckks/kernel/stream.h"

#include "ckks/random/chacha.h"
#include "tests/testing.h"

static void same_bytes_as_the_portable_one(void **state)
{
    enum { BLOCKS = 70 };
    const ckks_stream stream = ckks_stream_select();
    uint8_t key[32];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)testing_u64(&rng);
    for (size_t count = 0; count <= BLOCKS; count++) {
        static uint8_t got[64 * BLOCKS];
        static uint8_t want[64 * BLOCKS];

        stream(got, count, key, 0xfffffff0, UINT64_C(0xfedcba9876543210));
        ckks_chacha_blocks(want, count, key, 0xfffffff0, UINT64_C(0xfedcba9876543210));
        assert_memory_equal(got, want, 64 * count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_as_the_portable_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
