/* Storage: creation, emptiness, copies, getters, failures. */
#include "tests/scheme.h"

#include "ckks/scheme/object.h"

static void empty_objects(void **state)
{
    ckks_params params = scheme_params(10, 3, 40, 1);
    ckks_plaintext *p = NULL;
    ckks_ciphertext *c = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    assert_int_equal(ckks_plaintext_create(&p, s.ctx), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create(&c, s.ctx), CKKS_OK);
    assert_int_equal(ckks_ciphertext_limbs(c), 0);
    assert_int_equal(ckks_ciphertext_parts(c), 0);
    assert_true(ckks_ciphertext_precision_bits(c) == 0.0);
    assert_int_equal(ckks_decrypt(s.w, p, s.sk, c), CKKS_ERR_ARG);
    assert_int_equal(ckks_plaintext_create(NULL, s.ctx), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_create(NULL, s.ctx), CKKS_ERR_ARG);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(c);
    assert_int_equal(ckks_plaintext_create(&p, NULL), CKKS_ERR_ARG);
    assert_null(p);
    assert_int_equal(ckks_ciphertext_create(&c, NULL), CKKS_ERR_ARG);
    assert_null(c);
    ckks_plaintext_free(NULL);
    ckks_ciphertext_free(NULL);
    ckks_secret_key_free(NULL);
    ckks_public_key_free(NULL);
    ckks_eval_keys_free(NULL);
    scheme_stop(&s);
}

static void copies(void **state)
{
    ckks_params params = scheme_params(10, 3, 40, 1);
    ckks_params others = scheme_params(10, 2, 40, 1);
    scheme s;
    scheme t;
    double *x = NULL;
    ckks_ciphertext *a = NULL;
    ckks_ciphertext *b = NULL;
    ckks_ciphertext *foreign = NULL;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_start(&t, &others, 0);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, 2, ckks_scale_from(0x1p30));
    b = scheme_empty(&s);
    foreign = scheme_empty(&t);
    assert_int_equal(ckks_ciphertext_copy(b, a), CKKS_OK);
    assert_int_equal(b->limbs, 2);
    assert_int_equal(b->parts, 2);
    assert_int_equal(b->seeded, 1);
    assert_memory_equal(b->seed, a->seed, sizeof a->seed);
    for (int part = 0; part < 2; part++)
        assert_memory_equal(ckks_ciphertext_row(b, part, 0), ckks_ciphertext_row(a, part, 0),
                            2 * 1024 * 8);
    assert_true(ckks_ciphertext_scale(b).hi == 0x1p30);
    assert_true(ckks_ciphertext_magnitude(b) == ckks_ciphertext_magnitude(a));
    assert_true(ckks_ciphertext_error(b) == ckks_ciphertext_error(a));
    assert_int_equal(ckks_ciphertext_copy(b, b), CKKS_OK);
    assert_int_equal(ckks_ciphertext_copy(foreign, a), CKKS_ERR_MISMATCH);
    assert_int_equal(foreign->limbs, 0);
    assert_int_equal(ckks_ciphertext_copy(NULL, a), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_copy(a, NULL), CKKS_ERR_ARG);
    free(x);
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(b);
    ckks_ciphertext_free(foreign);
    scheme_stop(&t);
    scheme_stop(&s);
}

/* An allocator that looks at what it gets back: its blocks carry their size in front. */
typedef struct watch {
    int blocks;   /* of 1 KiB or more, given back */
    size_t dirty; /* most bytes other than 0 in one of them */
} watch;

enum { FRONT = 64, LARGE = 1024 };

static void *watched_alloc(void *user, size_t bytes)
{
    unsigned char *block = calloc(1, FRONT + bytes);

    (void)user;
    if (block == NULL)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + FRONT;
}

static void watched_free(void *user, void *p)
{
    watch *seen = user;
    unsigned char *block = (unsigned char *)p - FRONT;
    size_t bytes = 0;
    size_t dirty = 0;

    memcpy(&bytes, block, sizeof bytes);
    for (size_t i = 0; i < bytes; i++)
        dirty += block[FRONT + i] != 0;
    seen->blocks += bytes >= LARGE;
    if (bytes >= LARGE && dirty > seen->dirty)
        seen->dirty = dirty;
    free(block);
}

/* Of a secret key's rows and coefficients and of a plaintext's rows nothing is left when they are
 * given back but the word by which the block is found. */
static void secrets_are_wiped(void **state)
{
    watch seen = {0, 0};
    ckks_params params = scheme_params(10, 2, 40, 1);
    ckks_secret_key *sk = NULL;
    ckks_plaintext *p = NULL;
    double x[3] = {0.5, -1.0, 0.25};
    scheme s;

    (void)state;
    params.allocator = (ckks_allocator){watched_alloc, watched_free, &seen};
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_secret_key_create(s.w, &sk));
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, x, NULL, 3, 2, ckks_scale_from(0x1p30)));
    seen = (watch){0, 0};
    ckks_secret_key_free(sk);
    assert_int_equal(seen.blocks, 2);
    assert_true(seen.dirty <= sizeof(void *));
    ckks_plaintext_free(p);
    assert_int_equal(seen.blocks, 3);
    assert_true(seen.dirty <= sizeof(void *));
    scheme_stop(&s);
}

static void declared_magnitude(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    scheme s;
    double *x = NULL;
    ckks_ciphertext *a = NULL;

    (void)state;
    scheme_start(&s, &params, 0);
    x = scheme_vector(&s, 0.5, 1);
    a = scheme_encrypt(&s, x, NULL, 1, ckks_scale_from(0x1p30));
    assert_in_range((int)(ckks_ciphertext_magnitude(a) * 1000), 500, 1000);
    ckks_ciphertext_set_magnitude(a, 0.25);
    assert_true(ckks_ciphertext_magnitude(a) == 0.25);
    ckks_ciphertext_set_magnitude(a, -1.0);
    ckks_ciphertext_set_magnitude(a, NAN);
    ckks_ciphertext_set_magnitude(a, INFINITY);
    assert_true(ckks_ciphertext_magnitude(a) == 0.25);
    testing_assert_near(ckks_ciphertext_precision_bits(a), log2(0.25 / ckks_ciphertext_error(a)),
                        1e-9);
    free(x);
    ckks_ciphertext_free(a);
    scheme_stop(&s);
}

static void no_memory(void **state)
{
    testing_alloc t = {0};
    ckks_params params = scheme_params(10, 2, 40, 1);
    ckks_context *ctx = NULL;

    (void)state;
    params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &t};
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    for (int k = 1; k <= 2; k++) {
        ckks_plaintext *p = NULL;
        ckks_ciphertext *c = NULL;
        int live = t.live;
        t.fail_at = k;
        t.calls = 0;
        assert_int_equal(ckks_plaintext_create(&p, ctx), CKKS_ERR_MEMORY);
        assert_null(p);
        t.calls = 0;
        assert_int_equal(ckks_ciphertext_create(&c, ctx), CKKS_ERR_MEMORY);
        assert_null(c);
        assert_int_equal(t.live, live);
    }
    ckks_context_free(ctx);
    assert_int_equal(t.live, 0);
}

static void key_sizes(void **state)
{
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 5, 2, 2};

    (void)state;
    assert_int_equal(ckks_key_spec_digits(&spec), 3);
    /* (5 + 2) rows, 2 parts, 3 digits, 6 bytes */
    assert_int_equal(ckks_key_bytes(&spec, 1024), 7 * 2 * 3 * 1024 * 6 + CKKS_PACKED_SLACK);
    spec.alpha = 5;
    assert_int_equal(ckks_key_spec_digits(&spec), 1);
}

/* Every row of every digit has a place of its own, in the order that dot_key of kernel.h reads. */
static void key_rows_have_their_places(void **state)
{
    enum { PLACES = 64 };
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 3, 2, 1};
    ckks_key key = {.spec = spec, .digits = ckks_key_spec_digits(&spec)};
    uint64_t in[PLACES];
    uint64_t out[PLACES];

    (void)state;
    key.packed = malloc(ckks_key_bytes(&spec, PLACES));
    assert_non_null(key.packed);
    for (int turn = 0; turn < 2; turn++) {
        for (int row = 0; row < 4; row++) {
            for (int digit = 0; digit < 2; digit++) {
                for (int part = 0; part < 2; part++) {
                    uint64_t id = (uint64_t)(100 * row + 10 * digit + part + 1) << 38;
                    for (size_t i = 0; i < PLACES; i++)
                        in[i] = id + i;
                    if (turn == 0) {
                        ckks_key_put(&key, PLACES, row, part, digit, in);
                        continue;
                    }
                    ckks_key_get(&key, PLACES, row, part, digit, out);
                    assert_memory_equal(in, out, sizeof in);
                    /* the second tile, behind the first of all streams */
                    assert_int_equal(
                        ckks_packed_get(ckks_key_packed(&key, PLACES, row),
                                        (size_t)(4 + 2 * digit + part) * CKKS_TILE + 5),
                        id + CKKS_TILE + 5);
                }
            }
        }
    }
    free(key.packed);
}

/* An object of a size takes what fits, and refuses the rest unchanged. */
static void sizes(void **state)
{
    ckks_params params = scheme_params(10, 4, 40, 1);
    ckks_key_spec spec = {.kind = CKKS_KEY_RELINEARISE, .limbs = 4, .alpha = 1, .special = 1};
    ckks_ciphertext *full = NULL, *small = NULL, *three = NULL, *out = NULL;
    ckks_eval_keys *keys = NULL;
    double *x = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    x = scheme_vector(&s, -1, 1);
    full = scheme_encrypt(&s, x, NULL, 4, ckks_scale_from(0x1p30));
    assert_int_equal(ckks_eval_keys_create(s.w, &keys, s.sk, &spec, 1), CKKS_OK);
    assert_int_equal(ckks_worker_use_keys(s.w, keys), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create_for(&small, s.ctx, 0, 2), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_create_for(&small, s.ctx, 5, 2), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_create_for(&small, s.ctx, 3, 1), CKKS_ERR_ARG);
    assert_int_equal(ckks_ciphertext_create_for(&small, s.ctx, 3, 4), CKKS_ERR_ARG);
    assert_null(small);
    assert_int_equal(ckks_ciphertext_create_for(&small, s.ctx, 3, 2), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create_for(&three, s.ctx, 4, 3), CKKS_OK);
    assert_int_equal(ckks_ciphertext_create_for(&out, s.ctx, 3, 3), CKKS_OK);
    assert_true(ckks_ciphertext_memory(s.ctx, 4, 3) > 12u * 8u * 1024u);
    /* Four limbs do not fit into three, three parts not into two. */
    assert_int_equal(ckks_ciphertext_copy(small, full), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_negate(s.w, small, full), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_add(s.w, small, full, full), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_add_const(s.w, small, full, 1.0), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_square(s.w, small, full, 0), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_square_raw(s.w, small, full), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_rotate(s.w, small, full, 1), CKKS_ERR_SPACE);
    assert_int_equal(ckks_ciphertext_limbs(small), 0);
    assert_non_null(strstr(ckks_worker_error(s.w), "room for 3 limbs of 2 parts"));
    /* Dropping, rescaling and relinearising make them fit. */
    assert_int_equal(ckks_eval_drop(s.w, small, full, 3), CKKS_OK);
    scheme_assert_error(&s, small, x, NULL, 0.0, 2.0);
    assert_int_equal(ckks_eval_square_raw(s.w, three, full), CKKS_OK);
    assert_int_equal(ckks_eval_relinearise(s.w, small, three, 0), CKKS_ERR_SPACE);
    assert_int_equal(ckks_eval_relinearise(s.w, small, three, 1), CKKS_OK);
    for (size_t i = 0; i < s.slots; i++)
        x[i] *= x[i];
    scheme_assert_error(&s, small, x, NULL, 0.0, 2.0);
    assert_int_equal(ckks_eval_rescale(s.w, out, three), CKKS_OK);
    assert_int_equal(out->limbs, 3);
    assert_int_equal(out->parts, 3);
    assert_int_equal(ckks_ciphertext_copy(small, out), CKKS_ERR_SPACE);
    ckks_ciphertext_free(full);
    ckks_ciphertext_free(small);
    ckks_ciphertext_free(three);
    ckks_ciphertext_free(out);
    ckks_eval_keys_free(keys);
    free(x);
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_objects),
        cmocka_unit_test(copies),
        cmocka_unit_test(sizes),
        cmocka_unit_test(secrets_are_wiped),
        cmocka_unit_test(declared_magnitude),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(key_sizes),
        cmocka_unit_test(key_rows_have_their_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
