/* The objects of ckks/: the bytes go to all readers, once as they are and once with the checksum
 * made right. Whatever is read is used and written again, and must come back the same.
 */
#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/scheme/object.h"
#include "ckks/wire/look.h"
#include "ckks/wire/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire_world.h"

const char fuzz_name[] = "wire";
size_t fuzz_taken;

static wire_world world;
static ckks_ciphertext *target;
static uint8_t again[WIRE_ROOM];

/* A ciphertext that was read can be worked with. */
static void use_ciphertext(void)
{
    double x[1 << (WIRE_LOG_N - 1)];
    ckks_plaintext *p = NULL;

    fuzz_must(ckks_plaintext_create(&p, world.ctx) == CKKS_OK);
    fuzz_must(ckks_decrypt(world.w, p, world.sk, target) == CKKS_OK);
    fuzz_must(ckks_decode(world.w, x, NULL, 1 << (WIRE_LOG_N - 1), p) == CKKS_OK);
    ckks_plaintext_free(p);
    /* These may refuse (one limb, a scale that is too large); they must not do anything else. */
    fuzz_must(ckks_eval_mul(world.w, target, target, target, 1) <= CKKS_OK);
    fuzz_must(ckks_eval_rotate(world.w, target, target, 3) <= CKKS_OK);
    fuzz_must(ckks_eval_add_const(world.w, target, target, 1.0) <= CKKS_OK);
}

/* What was read from the first `used` bytes was written as these. */
static void same(ckks_status st, const size_t *written, const uint8_t *in, size_t used)
{
    fuzz_must(st == CKKS_OK && *written == used && memcmp(again, in, used) == 0);
    fuzz_taken++;
}

static void read_all(const uint8_t *in, size_t size)
{
    size_t used = 0, n = 0, before = fuzz_taken;
    ckks_params params;
    ckks_wire_info info;
    ckks_secret_key *sk = NULL;
    ckks_public_key *pk = NULL;
    ckks_eval_keys *keys = NULL;
    char why[200] = "";

    if (ckks_params_read(&params, in, size, &used, why, sizeof why) == CKKS_OK)
        same(ckks_params_write(again, WIRE_ROOM, &n, &params), &n, in, used);
    if (ckks_secret_key_read(world.w, &sk, in, size, &used) == CKKS_OK)
        same(ckks_secret_key_write(again, WIRE_ROOM, &n, sk), &n, in, used);
    if (ckks_public_key_read(world.w, &pk, in, size, &used) == CKKS_OK)
        same(ckks_public_key_write(again, WIRE_ROOM, &n, pk), &n, in, used);
    if (ckks_eval_keys_read(world.w, &keys, in, size, &used) == CKKS_OK)
        same(ckks_eval_keys_write(again, WIRE_ROOM, &n, keys), &n, in, used);
    if (ckks_ciphertext_read(world.w, target, in, size, &used) == CKKS_OK) {
        same(ckks_ciphertext_write(again, WIRE_ROOM, &n, target), &n, in, used);
        use_ciphertext();
    }
    fuzz_must(fuzz_taken - before <= 1); /* no object is taken for one of another kind */
    /* What can be read has been said to be whole without parameters. */
    fuzz_must(ckks_wire_look(&info, in, size, why, sizeof why) == CKKS_OK
                  ? info.bytes <= size && (fuzz_taken == before || info.bytes == used)
                  : fuzz_taken == before && why[0] != '\0');
    ckks_secret_key_free(sk);
    ckks_public_key_free(pk);
    ckks_eval_keys_free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    static uint8_t sealed[WIRE_ROOM];

    if (target == NULL) {
        wire_world_open(&world);
        fuzz_must(ckks_ciphertext_create(&target, world.ctx) == CKKS_OK);
    }
    read_all(in, size);
    if (size >= CKKS_WIRE_HEADER && size <= WIRE_ROOM) {
        memcpy(sealed, in, size);
        ckks_wire_seal(sealed, ckks_load_u16le(in + 10), ckks_load_u32le(in + 12),
                       ckks_load_u64le(in + 16), size - CKKS_WIRE_HEADER);
        read_all(sealed, size);
    }
    return 0;
}
