/* Workers: scratch, error text, loans, randomness; and that operations neither allocate nor need
 * more scratch than was declared. */
#include "tests/scheme.h"

#include "ckks/worker.h"

static void scratch_runs_out_with_a_sentence(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    uint64_t *rows = NULL;
    size_t count = 0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    count = ckks_worker_base_rows(s.ctx);
    assert_int_equal(s.w->arena.size, count * 1024 * 8);
    assert_int_equal(ckks_worker_bytes(s.w), s.w->arena.size + sizeof *s.w);
    assert_int_equal(ckks_worker_need_rows(s.w, count), CKKS_OK);
    assert_int_equal(s.w->arena.used, 0);
    assert_int_equal(ckks_worker_need_rows(s.w, count + 1), CKKS_ERR_MEMORY);
    assert_non_null(strstr(ckks_worker_error(s.w), "circuit_bytes"));
    assert_int_equal(ckks_worker_rows(s.w, &rows, SIZE_MAX / 8), CKKS_ERR_MEMORY);
    assert_null(rows);
    assert_int_equal(s.w->arena.used, 0);
    scheme_stop(&s);
}

static void extra_scratch_is_added(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    scheme s;

    (void)state;
    scheme_start(&s, &params, 12345 * 64);
    assert_int_equal(s.w->arena.size, ckks_worker_base_rows(s.ctx) * 1024 * 8 + 12345 * 64);
    assert_ptr_equal(ckks_worker_context(s.w), s.ctx);
    scheme_stop(&s);
}

static void keys_of_others_are_refused(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    ckks_params others = scheme_params(10, 3, 40, 1);
    ckks_key_spec spec = {CKKS_KEY_ROTATE, 1, 2, 1, 1};
    scheme s;
    scheme t;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_start(&t, &others, 0);
    scheme_keys(&t, &spec, 1);
    assert_string_equal(ckks_worker_error(s.w), "");
    assert_int_equal(ckks_worker_use_keys(s.w, t.keys), CKKS_ERR_MISMATCH);
    assert_non_null(strstr(ckks_worker_error(s.w), "other parameters"));
    assert_null(s.w->keys);
    assert_int_equal(ckks_worker_use_keys(NULL, t.keys), CKKS_ERR_ARG);
    assert_int_equal(ckks_worker_use_keys(t.w, NULL), CKKS_OK);
    scheme_stop(&t);
    scheme_stop(&s);
}

static void creation_fails_cleanly(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    testing_alloc t = {0};
    ckks_context *ctx = NULL;
    ckks_worker *w = NULL;

    (void)state;
    params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &t};
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    for (int k = 1; k <= 2; k++) {
        int live = t.live;
        t.calls = 0;
        t.fail_at = k;
        assert_int_equal(ckks_worker_create(&w, ctx, 0), CKKS_ERR_MEMORY);
        assert_null(w);
        assert_int_equal(t.live, live);
    }
    t.fail_at = 0;
    assert_int_equal(ckks_worker_create(&w, ctx, SIZE_MAX - 100), CKKS_ERR_MEMORY);
    assert_int_equal(ckks_worker_create(&w, NULL, 0), CKKS_ERR_ARG);
    assert_int_equal(ckks_worker_create(NULL, ctx, 0), CKKS_ERR_ARG);
    ckks_worker_free(NULL);
    ckks_context_free(ctx);
    assert_int_equal(t.live, 0);
}

static int fixed_fill(void *user, uint8_t *out, size_t bytes)
{
    int *calls = user;

    (*calls)++;
    memset(out, 0x5a, bytes);
    return *calls > 2 ? -1 : 0;
}

static void seeds_come_from_the_source(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    int calls = 0;
    uint8_t seed[CKKS_SEED_BYTES];
    ckks_context *ctx = NULL;
    ckks_worker *w = NULL;

    (void)state;
    params.entropy = (ckks_entropy_source){fixed_fill, &calls};
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    assert_int_equal(ckks_worker_create(&w, ctx, 0), CKKS_OK);
    assert_int_equal(ckks_worker_seed(w, seed), CKKS_OK);
    assert_int_equal(seed[31], 0x5a);
    assert_int_equal(ckks_worker_seed(w, seed), CKKS_OK);
    assert_int_equal(ckks_worker_seed(w, seed), CKKS_ERR_ENTROPY);
    for (int i = 0; i < CKKS_SEED_BYTES; i++)
        assert_int_equal(seed[i], 0);
    assert_non_null(strstr(ckks_worker_error(w), "randomness"));
    ckks_worker_free(w);
    ckks_context_free(ctx);
}

/* Every operation of ckks.h with an allocator that has begun to refuse; then the highest use of
 * scratch. */
static void operations_allocate_nothing(void **state)
{
    ckks_params params = scheme_params(10, 3, 40, 2);
    /* one limb a digit and all special primes: what takes the most scratch */
    ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 3, 1, 2}, {CKKS_KEY_ROTATE, 1, 3, 1, 2},
                             {CKKS_KEY_ROTATE, 2, 3, 2, 2},      {CKKS_KEY_CONJUGATE, 0, 3, 2, 2},
                             {CKKS_KEY_ROTATE, 3, 3, 1, 2},      {CKKS_KEY_ROTATE, 4, 3, 1, 2},
                             {CKKS_KEY_ROTATE, 5, 3, 1, 2}};
    int steps[] = {1, 3, 4, 5};
    testing_alloc t = {0};
    double *x = NULL;
    ckks_plaintext *p = NULL;
    ckks_ciphertext *a = NULL;
    ckks_ciphertext *b = NULL;
    ckks_ciphertext *many[4];
    uint8_t *bytes = NULL;
    size_t size = 0;
    size_t used = 0;
    scheme s;

    (void)state;
    params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &t};
    scheme_start(&s, &params, 0);
    scheme_keys(&s, specs, 7);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, 3, ckks_scale_from(0x1p35));
    b = scheme_empty(&s);
    for (int i = 0; i < 4; i++)
        many[i] = scheme_empty(&s);
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    size = ckks_ciphertext_wire_bytes(a);
    bytes = malloc(size);
    assert_non_null(bytes);
    t.calls = 0;
    t.fail_at = 1;
    t.fail_forever = 1;
    scheme_ok(s.w, ckks_encode(s.w, p, x, x, s.slots, 3, ckks_scale_from(0x1p35)));
    scheme_ok(s.w, ckks_encrypt(s.w, b, s.sk, p));
    scheme_ok(s.w, ckks_eval_add(s.w, b, a, b));
    scheme_ok(s.w, ckks_eval_add_plain(s.w, b, a, p));
    scheme_ok(s.w, ckks_eval_mul_plain(s.w, b, a, p));
    scheme_ok(s.w, ckks_eval_rescale(s.w, b, b));
    scheme_ok(s.w, ckks_eval_mul(s.w, b, a, a, 1));
    scheme_ok(s.w, ckks_eval_rotate(s.w, b, a, 1));
    scheme_ok(s.w, ckks_eval_rotate(s.w, b, a, 2));
    scheme_ok(s.w, ckks_eval_conjugate(s.w, b, a));
    scheme_ok(s.w, ckks_eval_rotate_many(s.w, many, a, steps, 4));
    scheme_ok(s.w, ckks_decrypt(s.w, p, s.sk, b));
    scheme_ok(s.w, ckks_decode(s.w, x, NULL, s.slots, p));
    assert_int_equal(ckks_ciphertext_write(bytes, size, &used, a), CKKS_OK);
    scheme_ok(s.w, ckks_ciphertext_read(s.w, b, bytes, size, &used));
    assert_int_equal(t.calls, 0);
    assert_int_equal(s.w->arena.used, 0);
    /* what was declared is what is used: four hoisted rotations take all of it */
    assert_int_equal(s.w->arena.peak, s.w->arena.size);
    t.fail_at = 0;
    free(bytes);
    free(x);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(b);
    for (int i = 0; i < 4; i++)
        ckks_ciphertext_free(many[i]);
    scheme_stop(&s);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scratch_runs_out_with_a_sentence),
        cmocka_unit_test(extra_scratch_is_added),
        cmocka_unit_test(keys_of_others_are_refused),
        cmocka_unit_test(creation_fails_cleanly),
        cmocka_unit_test(seeds_come_from_the_source),
        cmocka_unit_test(operations_allocate_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
