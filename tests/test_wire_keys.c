/* Keys as bytes: round trips that still work, sizes that were promised, damage, nonsense, wrong
 * kinds. */
#include "tests/scheme.h"

#include "ckks/base/bytes.h"
#include "ckks/scheme/object.h"
#include "ckks/wire/wire.h"

enum { LOG_N = 10, N = 1 << LOG_N, ROOM = 1 << 20 };

static const ckks_key_spec specs[] = {
    {CKKS_KEY_RELINEARISE, 0, 3, 1, 1},
    {CKKS_KEY_ROTATE, -3, 2, 2, 2},
    {CKKS_KEY_CONJUGATE, 0, 3, 2, 2},
};

typedef struct setup {
    scheme s;
    uint8_t *bytes;
    size_t size;
} setup;

static void start(setup *t)
{
    ckks_params params = scheme_params(LOG_N, 3, 45, 2);

    scheme_start(&t->s, &params, 0);
    scheme_keys(&t->s, specs, 3);
    t->bytes = malloc(ROOM);
    t->size = 0;
    assert_non_null(t->bytes);
}

static void stop(setup *t)
{
    free(t->bytes);
    scheme_stop(&t->s);
}

static void secret_key(void **state)
{
    ckks_secret_key *back = NULL;
    size_t used = 0;
    setup t;

    (void)state;
    start(&t);
    assert_int_equal(ckks_secret_key_wire_bytes(t.s.sk), 40 + N / 4);
    assert_int_equal(ckks_secret_key_write(t.bytes, ROOM, &t.size, t.s.sk), CKKS_OK);
    assert_int_equal(t.size, 40 + N / 4);
    assert_int_equal(ckks_wire_kind(t.bytes, t.size), CKKS_WIRE_SECRET_KEY);
    scheme_ok(t.s.w, ckks_secret_key_read(t.s.w, &back, t.bytes, t.size, &used));
    assert_int_equal(used, t.size);
    assert_memory_equal(back->coefs, t.s.sk->coefs, N);
    assert_memory_equal(back->rows, t.s.sk->rows, 5 * N * 8);
    ckks_secret_key_free(back);
    for (size_t bit = 0; bit < 8 * t.size; bit += 3) {
        t.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(ckks_secret_key_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_OK);
        assert_null(back);
        t.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    t.bytes[100] |= 3; /* a coefficient that is none of three */
    ckks_wire_seal(t.bytes, CKKS_WIRE_SECRET_KEY, CKKS_WIRE_FLAG_INSECURE, ckks_context_id(t.s.ctx),
                   N / 4);
    assert_int_equal(ckks_secret_key_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_ERR_FORMAT);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "none of 0, 1, -1"));
    ckks_wire_seal(t.bytes, CKKS_WIRE_SECRET_KEY, CKKS_WIRE_FLAG_INSECURE, ckks_context_id(t.s.ctx),
                   N / 4 - 1);
    assert_int_equal(ckks_secret_key_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_ERR_FORMAT);
    assert_int_equal(ckks_secret_key_write(t.bytes, 40 + N / 4 - 1, &used, t.s.sk), CKKS_ERR_SPACE);
    assert_int_equal(ckks_secret_key_write(t.bytes, ROOM, &used, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_secret_key_read(t.s.w, NULL, t.bytes, t.size, &used), CKKS_ERR_ARG);
    assert_int_equal(ckks_secret_key_read(t.s.w, &back, t.bytes, t.size, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_secret_key_read(NULL, &back, t.bytes, t.size, &used), CKKS_ERR_ARG);
    stop(&t);
}

static void public_key(void **state)
{
    ckks_public_key *pk = NULL;
    ckks_public_key *back = NULL;
    size_t used = 0;
    setup t;

    (void)state;
    start(&t);
    scheme_ok(t.s.w, ckks_public_key_create(t.s.w, &pk, t.s.sk));
    assert_int_equal(ckks_public_key_write(t.bytes, ROOM, &t.size, pk), CKKS_OK);
    assert_int_equal(t.size, ckks_public_key_wire_bytes(pk));
    assert_int_equal(t.size, 40 + 32 + (46 + 45 + 45) * N / 8);
    scheme_ok(t.s.w, ckks_public_key_read(t.s.w, &back, t.bytes, t.size, &used));
    assert_memory_equal(back->rows, pk->rows, 6 * N * 8);
    ckks_public_key_free(back);
    assert_int_equal(ckks_public_key_write(t.bytes, t.size - 1, &used, pk), CKKS_ERR_SPACE);
    assert_int_equal(ckks_public_key_write(NULL, t.size, &used, pk), CKKS_ERR_ARG);
    for (int i = 0; i < 64; i++) {
        size_t at = i < 40 ? (size_t)i : testing_below(&t.s.rng, t.size);
        t.bytes[at] ^= 0x10;
        assert_int_not_equal(ckks_public_key_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_OK);
        assert_null(back);
        t.bytes[at] ^= 0x10;
    }
    memset(t.bytes + 72, 0xff, 6);
    ckks_wire_seal(t.bytes, CKKS_WIRE_PUBLIC_KEY, CKKS_WIRE_FLAG_INSECURE, ckks_context_id(t.s.ctx),
                   t.size - 40);
    assert_int_equal(ckks_public_key_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_ERR_FORMAT);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "limb 0"));
    ckks_wire_seal(t.bytes, CKKS_WIRE_PUBLIC_KEY, CKKS_WIRE_FLAG_INSECURE, ckks_context_id(t.s.ctx),
                   t.size - 41);
    assert_int_equal(ckks_public_key_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_ERR_FORMAT);
    assert_int_equal(ckks_public_key_read(NULL, &back, t.bytes, t.size, &used), CKKS_ERR_ARG);
    assert_int_equal(ckks_public_key_read(t.s.w, NULL, t.bytes, t.size, &used), CKKS_ERR_ARG);
    ckks_public_key_free(pk);
    stop(&t);
}

static void evaluation_keys(void **state)
{
    ckks_eval_keys *back = NULL;
    size_t used = 0;
    size_t promised = 48;
    setup t;

    (void)state;
    start(&t);
    assert_int_equal(ckks_eval_keys_write(t.bytes, ROOM, &t.size, t.s.keys), CKKS_OK);
    assert_int_equal(t.size, ckks_eval_keys_wire_bytes(t.s.keys));
    for (size_t i = 0; i < 3; i++)
        promised += ckks_key_spec_file_bytes(t.s.ctx, &specs[i]);
    assert_int_equal(t.size, promised);
    scheme_ok(t.s.w, ckks_eval_keys_read(t.s.w, &back, t.bytes, ROOM, &used));
    assert_int_equal(used, t.size);
    assert_int_equal(ckks_eval_keys_count(back), 3);
    assert_int_equal(ckks_eval_keys_bytes(back), ckks_eval_keys_bytes(t.s.keys));
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(&back->key[i].spec, &t.s.keys->key[i].spec, sizeof specs[i]);
        assert_int_equal(back->key[i].element, t.s.keys->key[i].element);
        assert_memory_equal(back->key[i].packed, t.s.keys->key[i].packed,
                            ckks_key_bytes(&specs[i], N));
    }
    ckks_eval_keys_free(back);
    assert_int_equal(ckks_eval_keys_write(t.bytes, t.size - 1, &used, t.s.keys), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_keys_write(t.bytes, t.size, NULL, t.s.keys), CKKS_ERR_ARG);
    for (int i = 0; i < 150; i++) {
        size_t at = i < 110 ? (size_t)i : testing_below(&t.s.rng, t.size);
        t.bytes[at] ^= 1;
        assert_int_not_equal(ckks_eval_keys_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_OK);
        assert_null(back);
        t.bytes[at] ^= 1;
    }
    for (size_t size = 0; size < t.size; size += size < 110 ? 1 : 4099)
        assert_int_equal(ckks_eval_keys_read(t.s.w, &back, t.bytes, size, &used), CKKS_ERR_FORMAT);
    /* a secret key is refused where evaluation keys are wanted */
    assert_int_equal(ckks_secret_key_write(t.bytes, ROOM, &t.size, t.s.sk), CKKS_OK);
    assert_int_equal(ckks_eval_keys_read(t.s.w, &back, t.bytes, t.size, &used), CKKS_ERR_FORMAT);
    assert_non_null(strstr(ckks_worker_error(t.s.w), "a secret key, not evaluation keys"));
    stop(&t);
}

/* One 32-bit field of the payload set to value, sealed again. */
static void refuse_field(setup *t, size_t at, uint32_t value, ckks_status status)
{
    uint32_t kept = ckks_load_u32le(t->bytes + 40 + at);
    ckks_eval_keys *back = NULL;
    size_t used = 0;

    ckks_store_u32le(t->bytes + 40 + at, value);
    ckks_wire_seal(t->bytes, CKKS_WIRE_EVAL_KEYS, CKKS_WIRE_FLAG_INSECURE,
                   ckks_context_id(t->s.ctx), t->size - 40);
    assert_int_equal(ckks_eval_keys_read(t->s.w, &back, t->bytes, t->size, &used), status);
    assert_null(back);
    ckks_store_u32le(t->bytes + 40 + at, kept);
}

static void nonsense(void **state)
{
    setup t;

    (void)state;
    start(&t);
    assert_int_equal(ckks_eval_keys_write(t.bytes, ROOM, &t.size, t.s.keys), CKKS_OK);
    refuse_field(&t, 0, 0, CKKS_ERR_FORMAT); /* count: bytes are left */
    refuse_field(&t, 0, 2, CKKS_ERR_FORMAT);
    refuse_field(&t, 0, 4, CKKS_ERR_FORMAT);
    refuse_field(&t, 0, 0xffffffffu, CKKS_ERR_FORMAT);
    refuse_field(&t, 4, 1, CKKS_ERR_FORMAT);  /* reserved */
    refuse_field(&t, 8, 3, CKKS_ERR_FORMAT);  /* kind */
    refuse_field(&t, 8, 1, CKKS_ERR_FORMAT);  /* a rotation by 0 */
    refuse_field(&t, 12, 1, CKKS_ERR_FORMAT); /* steps where there are none */
    refuse_field(&t, 16, 4, CKKS_ERR_FORMAT); /* limbs */
    refuse_field(&t, 16, 2, CKKS_ERR_FORMAT); /* fewer rows than bytes */
    refuse_field(&t, 16, 0x80000001u, CKKS_ERR_FORMAT);
    refuse_field(&t, 20, 0, CKKS_ERR_FORMAT); /* alpha */
    refuse_field(&t, 20, 4, CKKS_ERR_FORMAT);
    refuse_field(&t, 24, 0, CKKS_ERR_FORMAT); /* special */
    refuse_field(&t, 24, 3, CKKS_ERR_FORMAT);
    refuse_field(&t, 28, 1, CKKS_ERR_FORMAT); /* reserved */
    memset(t.bytes + 40 + 64, 0xff, 2);
    refuse_field(&t, 66, 0xffffffffu, CKKS_ERR_FORMAT); /* the first residue of key 0: all ones */
    stop(&t);
}

/* A key that is too large for the security of the parameters is refused also when it comes as
 * bytes. */
static void insecure_key(void **state)
{
    double q[] = {46.8, 46, 46};
    double p[] = {46.8, 46.8};
    ckks_params params;
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 3, 1, 1};
    ckks_eval_keys *back = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    size_t used = 0;
    char why[200] = "";
    scheme s;

    (void)state;
    assert_int_equal(
        ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, q, 3, p, 2, 128, why, sizeof why),
        CKKS_OK);
    scheme_start(&s, &params, 0);
    scheme_keys(&s, &spec, 1);
    size = ckks_eval_keys_wire_bytes(s.keys);
    bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(ckks_eval_keys_write(bytes, size, &used, s.keys), CKKS_OK);
    ckks_store_u32le(bytes + 40 + 24, 2); /* special */
    ckks_wire_seal(bytes, CKKS_WIRE_EVAL_KEYS, 0, ckks_context_id(s.ctx), size - 40);
    assert_int_equal(ckks_eval_keys_read(s.w, &back, bytes, size, &used), CKKS_ERR_INSECURE);
    assert_non_null(strstr(ckks_worker_error(s.w), "214"));
    free(bytes);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_key),      cmocka_unit_test(public_key),
        cmocka_unit_test(evaluation_keys), cmocka_unit_test(nonsense),
        cmocka_unit_test(insecure_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
