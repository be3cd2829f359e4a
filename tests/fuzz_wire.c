/* Hostile bytes for every reader. fuzz_one is the entry point: it gives the bytes to all readers,
 * once as they are and once with the checksum made right, so that what lies behind the checksum is
 * reached too. Whatever is read is used and written again, and must come back the same.
 *
 * Built with -DUNSEEN_LIBFUZZER -fsanitize=fuzzer it is a fuzzer; in make check it makes valid
 * objects of every kind and replays mutations of them (TEST_ITERS times as many; TEST_SEED repeats
 * them).
 */
#include "tests/scheme.h"

#include "ckks/base/bytes.h"
#include "ckks/scheme/object.h"
#include "ckks/wire/wire.h"

enum { LOG_N = 5, ROOM = 1 << 16 };

static scheme world;
static ckks_ciphertext *target;
static uint8_t again[ROOM];

static void start(void)
{
    static const ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 2, 1, 1},
                                          {CKKS_KEY_ROTATE, 3, 1, 1, 1}};
    ckks_params params = scheme_params(LOG_N, 2, 30, 1);

    scheme_start(&world, &params, 0);
    scheme_keys(&world, specs, 2);
    target = scheme_empty(&world);
}

/* A ciphertext that was read can be worked with. */
static void use_ciphertext(const uint8_t *in, size_t used)
{
    size_t written = 0;
    double x[1 << (LOG_N - 1)];
    ckks_plaintext *p = NULL;

    assert_int_equal(ckks_ciphertext_write(again, ROOM, &written, target), CKKS_OK);
    assert_int_equal(written, used);
    assert_memory_equal(again, in, used);
    scheme_ok(world.w, ckks_plaintext_create(&p, world.ctx));
    scheme_ok(world.w, ckks_decrypt(world.w, p, world.sk, target));
    scheme_ok(world.w, ckks_decode(world.w, x, NULL, world.slots, p));
    ckks_plaintext_free(p);
    /* These may refuse (one limb, a scale that is too large); they must not do anything else. */
    assert_true(ckks_eval_mul(world.w, target, target, target, 1) <= CKKS_OK);
    assert_true(ckks_eval_rotate(world.w, target, target, 3) <= CKKS_OK);
    assert_true(ckks_eval_add_const(world.w, target, target, 1.0) <= CKKS_OK);
}

static int read_all(const uint8_t *in, size_t size)
{
    size_t used = 0;
    size_t written = 0;
    ckks_params params;
    ckks_secret_key *sk = NULL;
    ckks_public_key *pk = NULL;
    ckks_eval_keys *keys = NULL;
    char why[200] = "";
    int read = 0;

    if (ckks_params_read(&params, in, size, &used, why, sizeof why) == CKKS_OK) {
        assert_int_equal(ckks_params_write(again, ROOM, &written, &params), CKKS_OK);
        assert_memory_equal(again, in, used);
        read++;
    }
    if (ckks_secret_key_read(world.w, &sk, in, size, &used) == CKKS_OK) {
        assert_int_equal(ckks_secret_key_write(again, ROOM, &written, sk), CKKS_OK);
        assert_memory_equal(again, in, used);
        read++;
    }
    if (ckks_public_key_read(world.w, &pk, in, size, &used) == CKKS_OK) {
        assert_int_equal(ckks_public_key_write(again, ROOM, &written, pk), CKKS_OK);
        assert_memory_equal(again, in, used);
        read++;
    }
    if (ckks_eval_keys_read(world.w, &keys, in, size, &used) == CKKS_OK) {
        assert_int_equal(ckks_eval_keys_write(again, ROOM, &written, keys), CKKS_OK);
        assert_memory_equal(again, in, used);
        read++;
    }
    if (ckks_ciphertext_read(world.w, target, in, size, &used) == CKKS_OK) {
        use_ciphertext(in, used);
        read++;
    }
    ckks_secret_key_free(sk);
    ckks_public_key_free(pk);
    ckks_eval_keys_free(keys);
    return read;
}

/* How many readers took the bytes, as they are or sealed anew. */
static int fuzz_one(const uint8_t *in, size_t size)
{
    static uint8_t sealed[ROOM];
    int read = read_all(in, size);

    if (size >= CKKS_WIRE_HEADER && size <= ROOM) {
        memcpy(sealed, in, size);
        ckks_wire_seal(sealed, ckks_load_u16le(in + 10), ckks_load_u32le(in + 12),
                       ckks_load_u64le(in + 16), size - CKKS_WIRE_HEADER);
        read += read_all(sealed, size);
    }
    assert_true(read <= 2);
    return read;
}

#ifdef UNSEEN_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    if (target == NULL)
        start();
    (void)fuzz_one(in, size);
    return 0;
}

#else

enum { SEEDS = 7 };

static uint8_t seed_bytes[SEEDS][ROOM];
static size_t seed_size[SEEDS];

/* A valid object of every kind: three ciphertexts, seeded, expanded and of three parts. */
static void make_seeds(void)
{
    ckks_public_key *pk = NULL;
    double x[1 << (LOG_N - 1)] = {1.0, 2.0};
    ckks_ciphertext *c = scheme_encrypt(&world, x, NULL, 2, ckks_scale_from(0x1p20));

    scheme_ok(world.w, ckks_public_key_create(world.w, &pk, world.sk));
    assert_int_equal(ckks_params_write(seed_bytes[0], ROOM, &seed_size[0], &world.params), CKKS_OK);
    assert_int_equal(ckks_secret_key_write(seed_bytes[1], ROOM, &seed_size[1], world.sk), CKKS_OK);
    assert_int_equal(ckks_public_key_write(seed_bytes[2], ROOM, &seed_size[2], pk), CKKS_OK);
    assert_int_equal(ckks_eval_keys_write(seed_bytes[3], ROOM, &seed_size[3], world.keys), CKKS_OK);
    assert_int_equal(ckks_ciphertext_write(seed_bytes[4], ROOM, &seed_size[4], c), CKKS_OK);
    scheme_ok(world.w, ckks_eval_negate(world.w, c, c));
    assert_int_equal(ckks_ciphertext_write(seed_bytes[5], ROOM, &seed_size[5], c), CKKS_OK);
    scheme_ok(world.w, ckks_eval_square_raw(world.w, c, c));
    assert_int_equal(ckks_ciphertext_write(seed_bytes[6], ROOM, &seed_size[6], c), CKKS_OK);
    ckks_ciphertext_free(c);
    ckks_public_key_free(pk);
}

/* One change of some bytes, fields of 4 and 8 bytes, length, or content of another seed. */
static size_t mutate(uint8_t *bytes, size_t size, testing_rng *rng)
{
    size_t at = testing_below(rng, testing_u64(rng) % 4 == 0 ? size : (size < 120 ? size : 120));

    switch (testing_below(rng, 6)) {
    case 0:
        bytes[at] ^= (uint8_t)(1 << testing_below(rng, 8));
        break;
    case 1:
        bytes[at] = (uint8_t)testing_edge_u64(rng);
        break;
    case 2:
        if (at + 4 <= size)
            ckks_store_u32le(bytes + at, (uint32_t)testing_edge_u64(rng));
        break;
    case 3:
        if (at + 8 <= size)
            ckks_store_u64le(bytes + at, testing_edge_u64(rng));
        break;
    case 4:
        return at;
    default: {
        size_t other = testing_below(rng, SEEDS);
        size_t length = testing_below(rng, 64);
        if (at + length <= size && at + length <= seed_size[other])
            memcpy(bytes + at, seed_bytes[other] + at, length);
    }
    }
    return size;
}

static void seeds_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < SEEDS; i++) {
        assert_int_equal(fuzz_one(seed_bytes[i], seed_size[i]), 2);
        for (size_t size = 0; size < seed_size[i] && size < 200; size++)
            assert_int_equal(read_all(seed_bytes[i], size), 0);
    }
    assert_int_equal(fuzz_one(seed_bytes[0], 0), 0);
    assert_int_equal(fuzz_one(NULL, 0), 0);
}

static void mutations(void **state)
{
    static uint8_t bytes[ROOM];
    int survived = 0;
    int iters = testing_iters(4000);
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < iters; i++) {
        size_t which = testing_below(&rng, SEEDS);
        size_t size = seed_size[which];
        memcpy(bytes, seed_bytes[which], size);
        for (uint64_t n = 1 + testing_below(&rng, 3); n > 0 && size > 0; n--)
            size = mutate(bytes, size, &rng);
        survived += fuzz_one(bytes, size) > 0;
    }
    /* Resealing lets some through (a changed residue is a residue), but nothing like all. */
    assert_true(survived > iters / 100);
    assert_true(survived < iters * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_read),
        cmocka_unit_test(mutations),
    };
    int failed = 0;

    start();
    make_seeds();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    ckks_ciphertext_free(target);
    scheme_stop(&world);
    return failed;
}

#endif
