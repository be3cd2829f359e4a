/* Ciphertexts as bytes: round trips, half size while seeded, damage, nonsense under a valid
 * checksum. */
#include "tests/scheme.h"

#include "ckks/base/bytes.h"
#include "ckks/scheme/object.h"
#include "ckks/wire/wire.h"

enum { LOG_N = 10, N = 1 << LOG_N };

typedef struct setup {
    scheme s;
    double *x;
    ckks_ciphertext *a, *b;
    uint8_t *bytes;
    size_t size;
} setup;

static void start(setup *t, int limbs)
{
    ckks_params params = scheme_params(LOG_N, 3, 40, 1);

    scheme_start(&t->s, &params, 0);
    t->x = scheme_vector(&t->s, -1, 1);
    t->a = scheme_encrypt(&t->s, t->x, NULL, limbs, ckks_scale_from(0x1p35));
    t->b = scheme_empty(&t->s);
    t->bytes = malloc(200000);
    assert_non_null(t->bytes);
}

static void stop(setup *t)
{
    free(t->x);
    free(t->bytes);
    ckks_ciphertext_free(t->a);
    ckks_ciphertext_free(t->b);
    scheme_stop(&t->s);
}

static void write_bytes(setup *t)
{
    assert_int_equal(ckks_ciphertext_write(t->bytes, 200000, &t->size, t->a), CKKS_OK);
    assert_int_equal(t->size, ckks_ciphertext_wire_bytes(t->a));
}

static void assert_round_trip(setup *t)
{
    size_t used = 0;

    write_bytes(t);
    scheme_ok(t->s.w, ckks_ciphertext_read(t->s.w, t->b, t->bytes, 200000, &used));
    assert_int_equal(used, t->size);
    assert_int_equal(t->a->limbs, t->b->limbs);
    assert_int_equal(t->a->parts, t->b->parts);
    assert_int_equal(t->a->seeded, t->b->seeded);
    assert_memory_equal(&t->a->scale, &t->b->scale, sizeof t->a->scale);
    assert_true(t->a->magnitude == t->b->magnitude && t->a->error == t->b->error);
    for (int part = 0; part < t->a->parts; part++)
        assert_memory_equal(ckks_ciphertext_row(t->a, part, 0), ckks_ciphertext_row(t->b, part, 0),
                            (size_t)t->a->limbs * N * 8);
}

static void round_trips(void **state)
{
    setup t;

    (void)state;
    for (int limbs = 1; limbs <= 3; limbs++) {
        size_t half = 0;
        start(&t, limbs);
        assert_round_trip(&t);
        /* header, fields, seed, and 46 + 40 + 40 bits a coefficient */
        assert_int_equal(t.size, 40 + 40 + 32 + (size_t)(46 + 40 * (limbs - 1)) * N / 8);
        half = t.size - 112;
        scheme_ok(t.s.w, ckks_eval_negate(t.s.w, t.a, t.a)); /* no longer the expansion of a seed */
        assert_round_trip(&t);
        assert_int_equal(t.size, 40 + 40 + 2 * half);
        if (limbs > 1) {
            scheme_ok(t.s.w, ckks_eval_square_raw(t.s.w, t.a, t.a));
            assert_round_trip(&t);
            assert_int_equal(t.size, 40 + 40 + 3 * half);
        }
        stop(&t);
    }
}

static void dropped_limbs_stay_seeded(void **state)
{
    setup t;

    (void)state;
    start(&t, 3);
    scheme_ok(t.s.w, ckks_eval_drop(t.s.w, t.a, t.a, 1));
    assert_round_trip(&t);
    assert_int_equal(t.size, 40 + 40 + 32 + 46 * N / 8);
    scheme_assert_error(&t.s, t.b, t.x, NULL, 0.9, 1.1);
    stop(&t);
}

static void damage(void **state)
{
    size_t used = 7;
    ckks_ciphertext before;
    setup t;

    (void)state;
    start(&t, 1);
    write_bytes(&t);
    before = *t.b;
    for (size_t i = 0; i < 300; i++) {
        size_t at = i < 112 ? i : testing_below(&t.s.rng, t.size);
        t.bytes[at] ^= (uint8_t)(1 << (i % 8));
        assert_int_not_equal(ckks_ciphertext_read(t.s.w, t.b, t.bytes, t.size, &used), CKKS_OK);
        t.bytes[at] ^= (uint8_t)(1 << (i % 8));
    }
    for (size_t size = 0; size < t.size; size += size < 120 ? 1 : 97)
        assert_int_equal(ckks_ciphertext_read(t.s.w, t.b, t.bytes, size, &used), CKKS_ERR_FORMAT);
    assert_int_equal(used, 7);
    assert_memory_equal(t.b, &before, sizeof before);
    assert_int_equal(ckks_ciphertext_read(t.s.w, t.b, t.bytes, t.size, &used), CKKS_OK);
    stop(&t);
}

/* Seal what stands there and expect a refusal. */
static void refuse(setup *t, uint32_t flags, ckks_status status, const char *word)
{
    size_t used = 0;

    ckks_wire_seal(t->bytes, CKKS_WIRE_CIPHERTEXT, flags, ckks_context_id(t->s.ctx),
                   t->size - CKKS_WIRE_HEADER);
    assert_int_equal(ckks_ciphertext_read(t->s.w, t->b, t->bytes, t->size, &used), status);
    if (strstr(ckks_worker_error(t->s.w), word) == NULL)
        print_error("%s\n", ckks_worker_error(t->s.w));
    assert_non_null(strstr(ckks_worker_error(t->s.w), word));
    assert_int_equal(used, 0);
}

static void nonsense(void **state)
{
    const uint32_t seeded = CKKS_WIRE_FLAG_INSECURE | CKKS_WIRE_FLAG_SEEDED;
    const double bad_scales[] = {0.0, -1.0, NAN, INFINITY, 0x1p1000};
    uint8_t *payload = NULL;
    setup t;

    (void)state;
    start(&t, 2);
    write_bytes(&t);
    payload = t.bytes + CKKS_WIRE_HEADER;
    ckks_store_u32le(payload, 0);
    refuse(&t, seeded, CKKS_ERR_FORMAT, "0 limbs");
    ckks_store_u32le(payload, 4);
    refuse(&t, seeded, CKKS_ERR_FORMAT, "4 limbs of 3");
    ckks_store_u32le(payload, 0xffffffffu);
    refuse(&t, seeded, CKKS_ERR_FORMAT, "limbs");
    ckks_store_u32le(payload, 1);
    refuse(&t, seeded, CKKS_ERR_FORMAT, "imply");
    ckks_store_u32le(payload, 2);
    for (uint32_t parts = 0; parts < 5; parts++) {
        ckks_store_u32le(payload + 4, parts);
        if (parts != 2)
            refuse(&t, seeded, CKKS_ERR_FORMAT, "parts");
    }
    ckks_store_u32le(payload + 4, 2);
    refuse(&t, CKKS_WIRE_FLAG_INSECURE, CKKS_ERR_FORMAT, "imply"); /* not seeded: twice as long */
    refuse(&t, CKKS_WIRE_FLAG_SEEDED, CKKS_ERR_FORMAT, "stamp");
    for (size_t i = 0; i < 5; i++) {
        ckks_store_f64le(payload + 8, bad_scales[i]);
        refuse(&t, seeded, CKKS_ERR_FORMAT, "scale");
    }
    ckks_store_f64le(payload + 8, 0x1p35);
    ckks_store_f64le(payload + 16, 1.0); /* a low part that is none */
    refuse(&t, seeded, CKKS_ERR_FORMAT, "scale");
    ckks_store_f64le(payload + 16, 0.0);
    for (size_t at = 24; at <= 32; at += 8) {
        double kept = ckks_load_f64le(payload + at);
        ckks_store_f64le(payload + at, NAN);
        refuse(&t, seeded, CKKS_ERR_FORMAT, "magnitude");
        ckks_store_f64le(payload + at, -1.0);
        refuse(&t, seeded, CKKS_ERR_FORMAT, "magnitude");
        ckks_store_f64le(payload + at, INFINITY);
        refuse(&t, seeded, CKKS_ERR_FORMAT, "magnitude");
        ckks_store_f64le(payload + at, kept);
    }
    /* the first residue becomes 2^46 - 1, above the prime; what was read so far is dropped */
    memset(payload + CKKS_WIRE_CIPHERTEXT_HEAD + 32, 0xff, 6);
    refuse(&t, seeded, CKKS_ERR_FORMAT, "part 0, limb 0");
    assert_int_equal(ckks_ciphertext_limbs(t.b), 0);
    stop(&t);
}

static void others(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 40, 1);
    ckks_ciphertext *foreign = NULL;
    size_t used = 0;
    scheme u;
    setup t;

    (void)state;
    start(&t, 1);
    scheme_start(&u, &params, 0);
    foreign = scheme_empty(&u);
    write_bytes(&t);
    assert_int_equal(ckks_ciphertext_read(u.w, foreign, t.bytes, t.size, &used), CKKS_ERR_MISMATCH);
    assert_non_null(strstr(ckks_worker_error(u.w), "parameters"));
    assert_int_equal(ckks_ciphertext_read(t.s.w, foreign, t.bytes, t.size, &used),
                     CKKS_ERR_MISMATCH);
    assert_int_equal(ckks_ciphertext_read(t.s.w, NULL, t.bytes, t.size, &used), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_read(t.s.w, t.b, t.bytes, t.size, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_read(NULL, t.b, t.bytes, t.size, &used), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_write(t.bytes, t.size - 1, &used, t.a), CKKS_ERR_SPACE);
    assert_int_equal(ckks_ciphertext_write(t.bytes, t.size, &used, t.b), CKKS_ERR_ARG); /* empty */
    assert_int_equal(ckks_ciphertext_write(NULL, t.size, &used, t.a), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_write(t.bytes, t.size, NULL, t.a), CKKS_ERR_ARG);
    assert_int_equal(used, 0);
    ckks_ciphertext_free(foreign);
    scheme_stop(&u);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips), cmocka_unit_test(dropped_limbs_stay_seeded),
        cmocka_unit_test(damage),      cmocka_unit_test(nonsense),
        cmocka_unit_test(others),
    };

    return scheme_run(tests);
}
