/* Seeds and generators against an independent implementation, and that all ways of reading agree.
 */
#include "ckks/base/bytes.h"
#include "ckks/base/ct.h"
#include "ckks/ring/rng.h"
#include "tests/client_families.h"
#include "tests/vectors/rng.inc"

static void known_answers(void **state)
{
    uint8_t child[32];
    uint8_t got[sizeof generator_bytes];
    ckks_rng rng;

    (void)state;
    ckks_seed_derive(child, seed_bytes, CKKS_LABEL_PUBLIC, UINT64_C(0x100000005));
    assert_memory_equal(child, child_bytes, 32);
    memcpy(child, seed_bytes, 32);
    ckks_seed_derive(child, child, CKKS_LABEL_PUBLIC, UINT64_C(0x100000005));
    assert_memory_equal(child, child_bytes, 32);
    ckks_rng_init(&rng, ckks_kernel_portable(), seed_bytes, CKKS_LABEL_ERROR,
                  (UINT64_C(1) << 63) + 9);
    ckks_rng_bytes(&rng, got, sizeof got);
    assert_memory_equal(got, generator_bytes, sizeof got);
}

/* Any mixture of pieces and words is the same stream, by any family. */
static void pieces(const ckks_kernel *kernel, testing_rng *draw)
{
    ckks_rng rng;
    uint8_t whole[5000];
    uint8_t part[5000];
    size_t at = 0;

    ckks_rng_init(&rng, ckks_kernel_portable(), seed_bytes, CKKS_LABEL_ERROR, 77);
    ckks_rng_bytes(&rng, whole, sizeof whole);
    ckks_rng_init(&rng, kernel, seed_bytes, CKKS_LABEL_ERROR, 77);
    while (at + 8 <= sizeof whole) {
        size_t piece = (size_t)testing_below(draw, at % 5 == 0 ? 900 : 20);

        if (piece == 7) {
            ckks_store_u64le(part + at, ckks_rng_u64(&rng));
            piece = 8;
        } else if (piece == 9 && at + 24 <= sizeof whole) {
            uint64_t words[3];

            ckks_rng_words(&rng, words, 3);
            for (size_t i = 0; i < 3; i++)
                ckks_store_u64le(part + at + 8 * i, words[i]);
            piece = 24;
        } else {
            piece = piece > sizeof whole - at ? sizeof whole - at : piece;
            ckks_rng_bytes(&rng, part + at, piece);
        }
        at += piece;
    }
    assert_memory_equal(part, whole, at);
}

static void pieces_make_the_stream(void **state)
{
    testing_rng draw;

    (void)state;
    testing_rng_init(&draw, testing_seed());
    for (int f = 0; client_family_here(f) != NULL; f++)
        pieces(client_family_here(f), &draw);
}

/* Labels, streams, indices and kinds lead to different bytes. */
static void uses_are_kept_apart(void **state)
{
    uint8_t out[7][32];
    ckks_rng rng;

    (void)state;
    ckks_seed_derive(out[0], seed_bytes, 1, 0);
    ckks_seed_derive(out[1], seed_bytes, 2, 0);
    ckks_seed_derive(out[2], seed_bytes, 1, 1);
    ckks_rng_init(&rng, ckks_kernel_portable(), seed_bytes, 1, 0);
    memcpy(out[3], rng.key, 32);
    ckks_rng_bytes(&rng, out[4], 32);
    ckks_rng_init(&rng, ckks_kernel_portable(), seed_bytes, 1, 1);
    ckks_rng_bytes(&rng, out[5], 32);
    ckks_rng_init(&rng, ckks_kernel_portable(), seed_bytes, 2, 0);
    ckks_rng_bytes(&rng, out[6], 32);
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], 32);
    }
}

static void clear_wipes(void **state)
{
    static const ckks_rng zero;
    ckks_rng rng;

    (void)state;
    ckks_rng_init(&rng, ckks_kernel_portable(), seed_bytes, 1, 1);
    (void)ckks_rng_u64(&rng);
    ckks_rng_clear(&rng);
    CKKS_PUBLIC(&rng, sizeof rng);
    assert_memory_equal(&rng, &zero, sizeof rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(pieces_make_the_stream),
        cmocka_unit_test(uses_are_kept_apart),
        cmocka_unit_test(clear_wipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
