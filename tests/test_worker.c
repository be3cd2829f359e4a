/* Workers: scratch, error text, loans, randomness; and that operations neither allocate nor need
 * more scratch than was declared. */
#include "tests/scheme.h"

#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

static void scratch_runs_out_with_a_sentence(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    uint64_t *rows = NULL;
    size_t count = 0;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    count = ckks_worker_base_rows(s.ctx, 1);
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
    assert_int_equal(s.w->arena.size, ckks_worker_base_rows(s.ctx, 1) * 1024 * 8 + 12345 * 64);
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
    assert_int_equal(ckks_worker_create_team(&w, ctx, 0, 0), CKKS_ERR_ARG);
    assert_int_equal(ckks_worker_create_team(&w, ctx, 0, CKKS_PARALLEL_MAX + 1), CKKS_ERR_ARG);
    assert_null(w);
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

/* ------------------------------------------------------------------ teams */

enum { TEAM_LOG_N = 10, TEAM_LIMBS = 5, TEAM_OUTPUTS = 22, TEAM_MANY = 4 };

/* One digit a limb and all special primes: what takes the most scratch. */
static const ckks_key_spec team_specs[] = {
    {CKKS_KEY_RELINEARISE, 0, 5, 2, 2}, {CKKS_KEY_ROTATE, 1, 5, 1, 2},
    {CKKS_KEY_ROTATE, 2, 5, 1, 2},      {CKKS_KEY_ROTATE, 3, 5, 1, 2},
    {CKKS_KEY_ROTATE, -4, 5, 1, 2},     {CKKS_KEY_CONJUGATE, 0, 5, 3, 3},
    {CKKS_KEY_ROTATE, 7, 3, 2, 2},
};

enum { TEAM_KEYS = sizeof team_specs / sizeof team_specs[0] };

/* Every number of calls gives the same bytes again. */
static int counting_fill(void *user, uint8_t *out, size_t bytes)
{
    uint8_t *calls = user;

    *calls += 1;
    memset(out, *calls, bytes);
    return 0;
}

/* Every operation of the arithmetic, in an order that uses each result once. */
static void team_operations(ckks_worker *w, ckks_ciphertext *const *out, const ckks_ciphertext *a,
                            const ckks_ciphertext *b, const ckks_plaintext *p)
{
    static const int steps[TEAM_MANY] = {1, 2, 3, -4};

    scheme_ok(w, ckks_eval_add(w, out[0], a, b));
    scheme_ok(w, ckks_eval_sub(w, out[1], a, b));
    scheme_ok(w, ckks_eval_negate(w, out[2], a));
    scheme_ok(w, ckks_eval_add_plain(w, out[3], a, p));
    scheme_ok(w, ckks_eval_sub_plain(w, out[4], a, p));
    scheme_ok(w, ckks_eval_mul_plain(w, out[5], a, p));
    scheme_ok(w, ckks_eval_add_const(w, out[6], a, 0.75));
    scheme_ok(w, ckks_eval_mul_const(w, out[7], a, 0.75, ckks_scale_from(0x1p20)));
    scheme_ok(w, ckks_eval_mul_raw(w, out[8], a, b));
    scheme_ok(w, ckks_eval_square_raw(w, out[9], a));
    scheme_ok(w, ckks_eval_rescale(w, out[10], out[8])); /* three parts */
    scheme_ok(w, ckks_eval_relinearise(w, out[11], out[9], 0));
    scheme_ok(w, ckks_eval_relinearise(w, out[12], out[9], 1));
    scheme_ok(w, ckks_eval_mul(w, out[13], a, b, 1));
    scheme_ok(w, ckks_eval_square(w, out[14], a, 0));
    scheme_ok(w, ckks_eval_rotate(w, out[15], a, 1));
    scheme_ok(w, ckks_eval_drop(w, out[16], a, 3));
    scheme_ok(w, ckks_eval_rotate(w, out[16], out[16], 7)); /* two digits, of two limbs and one */
    scheme_ok(w, ckks_eval_conjugate(w, out[17], a));
    scheme_ok(w, ckks_eval_rotate_many(w, out + 18, a, steps, TEAM_MANY));
}

static void assert_same_ciphertext(const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    assert_int_equal(a->limbs, b->limbs);
    assert_int_equal(a->parts, b->parts);
    for (int part = 0; part < a->parts; part++)
        assert_memory_equal(ckks_ciphertext_row(a, part, 0), ckks_ciphertext_row(b, part, 0),
                            (size_t)a->limbs * a->n * 8);
    assert_true(a->error == b->error && a->magnitude == b->magnitude);
}

/* Keys made and read by a team are the same bytes as those of one thread. */
static void team_keys(scheme *s, ckks_worker *team, uint8_t *calls)
{
    size_t size = ckks_eval_keys_wire_bytes(s->keys);
    uint8_t *bytes = malloc(size);
    uint8_t *want = malloc(size);
    ckks_eval_keys *made = NULL;
    ckks_eval_keys *back = NULL;
    size_t used = 0;

    assert_non_null(bytes);
    assert_non_null(want);
    *calls = 100;
    scheme_ok(s->w, ckks_eval_keys_create(s->w, &made, s->sk, team_specs, TEAM_KEYS));
    assert_int_equal(ckks_eval_keys_write(want, size, &used, made), CKKS_OK);
    ckks_eval_keys_free(made);
    *calls = 100;
    scheme_ok(team, ckks_eval_keys_create(team, &made, s->sk, team_specs, TEAM_KEYS));
    assert_int_equal(ckks_eval_keys_write(bytes, size, &used, made), CKKS_OK);
    assert_memory_equal(bytes, want, size);
    scheme_ok(team, ckks_eval_keys_read(team, &back, bytes, size, &used));
    for (size_t i = 0; i < TEAM_KEYS; i++)
        assert_memory_equal(back->key[i].packed, made->key[i].packed,
                            ckks_key_bytes(&team_specs[i], (size_t)1 << TEAM_LOG_N));
    ckks_eval_keys_free(made);
    ckks_eval_keys_free(back);
    free(bytes);
    free(want);
}

/* Bit for bit, and in exactly the scratch that was declared. */
static void results_do_not_depend_on_threads(void **state)
{
    static const int team[] = {1, 2, 3, 5};
    uint8_t calls = 0;
    ckks_params params = scheme_params(TEAM_LOG_N, TEAM_LIMBS, 40, 3);
    ckks_ciphertext *want[TEAM_OUTPUTS];
    ckks_ciphertext *out[TEAM_OUTPUTS];
    ckks_ciphertext *a = NULL;
    ckks_ciphertext *b = NULL;
    ckks_plaintext *p = NULL;
    double *x = NULL;
    scheme s;

    (void)state;
    params.entropy = (ckks_entropy_source){counting_fill, &calls};
    scheme_start(&s, &params, 0);
    scheme_keys(&s, team_specs, TEAM_KEYS);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, TEAM_LIMBS, ckks_scale_from(0x1p35));
    b = scheme_encrypt(&s, x, x, TEAM_LIMBS, ckks_scale_from(0x1p35));
    scheme_ok(s.w, ckks_plaintext_create(&p, s.ctx));
    scheme_ok(s.w, ckks_encode(s.w, p, x, NULL, s.slots, TEAM_LIMBS, ckks_scale_from(0x1p35)));
    for (int i = 0; i < TEAM_OUTPUTS; i++) {
        want[i] = scheme_empty(&s);
        out[i] = scheme_empty(&s);
    }
    team_operations(s.w, want, a, b, p);
    for (size_t k = 0; k < sizeof team / sizeof team[0]; k++) {
        ckks_worker *w = NULL;
        scheme_ok(NULL, ckks_worker_create_team(&w, s.ctx, 0, team[k]));
        assert_int_equal(ckks_worker_threads(w), ckks_parallel_threads(team[k]));
        assert_int_equal(w->arena.size, ckks_worker_base_rows(s.ctx, w->threads) * s.ctx->n * 8);
        scheme_ok(w, ckks_worker_use_keys(w, s.keys));
        team_operations(w, out, a, b, p);
        for (int i = 0; i < TEAM_OUTPUTS; i++)
            assert_same_ciphertext(out[i], want[i]);
        team_keys(&s, w, &calls);
        assert_int_equal(w->arena.used, 0);
        ckks_worker_free(w);
    }
    for (int i = 0; i < TEAM_OUTPUTS; i++) {
        ckks_ciphertext_free(want[i]);
        ckks_ciphertext_free(out[i]);
    }
    free(x);
    ckks_plaintext_free(p);
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(b);
    scheme_stop(&s);
}

/* The declared scratch is that of the hungriest operation, for any number of threads; more threads
 * than rows change nothing. */
static void declared_scratch_is_used(void **state)
{
    static const int team[] = {1, 2, 3, 5, 17};
    static const int steps[TEAM_MANY] = {1, 2, 3, -4};
    ckks_params params = scheme_params(TEAM_LOG_N, TEAM_LIMBS, 40, 2);
    ckks_ciphertext *out[TEAM_MANY];
    ckks_ciphertext *a = NULL;
    double *x = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_keys(&s, team_specs + 1, 4);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, TEAM_LIMBS, ckks_scale_from(0x1p35));
    for (int i = 0; i < TEAM_MANY; i++)
        out[i] = scheme_empty(&s);
    for (size_t k = 0; k < sizeof team / sizeof team[0]; k++) {
        ckks_worker *w = NULL;
        scheme_ok(NULL, ckks_worker_create_team(&w, s.ctx, 0, team[k]));
        scheme_ok(w, ckks_worker_use_keys(w, s.keys));
        scheme_ok(w, ckks_eval_rotate_many(w, out, a, steps, TEAM_MANY));
        assert_int_equal(w->arena.peak, w->arena.size);
        ckks_worker_free(w);
    }
    for (int i = 0; i < TEAM_MANY; i++)
        ckks_ciphertext_free(out[i]);
    free(x);
    ckks_ciphertext_free(a);
    scheme_stop(&s);
}

/* Two workers of one thread each inside a loop of two threads: each uses its own only lane. */
static void workers_inside_a_team(void **state)
{
    ckks_params params = scheme_params(TEAM_LOG_N, TEAM_LIMBS, 40, 2);
    ckks_ciphertext *out[2];
    ckks_ciphertext *a = NULL;
    ckks_worker *w[2] = {NULL, NULL};
    ckks_worker outer = {.threads = ckks_parallel_threads(2)};
    ckks_status st[2];
    double *x = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_keys(&s, team_specs, 2);
    x = scheme_vector(&s, -1, 1);
    a = scheme_encrypt(&s, x, NULL, TEAM_LIMBS, ckks_scale_from(0x1p35));
    for (int i = 0; i < 2; i++) {
        out[i] = scheme_empty(&s);
        scheme_ok(NULL, ckks_worker_create(&w[i], s.ctx, 0));
        scheme_ok(w[i], ckks_worker_use_keys(w[i], s.keys));
    }
    assert_in_range(outer.threads, 1, 2);
    CKKS_PARALLEL_ROWS(&outer)
    for (int i = 0; i < 2; i++)
        st[i] = ckks_eval_rotate(w[i], out[i], a, 1);
    for (int i = 0; i < 2; i++)
        scheme_ok(w[i], st[i]);
    assert_same_ciphertext(out[0], out[1]);
    for (int i = 0; i < 2; i++) {
        ckks_ciphertext_free(out[i]);
        ckks_worker_free(w[i]);
    }
    free(x);
    ckks_ciphertext_free(a);
    scheme_stop(&s);
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
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(declared_scratch_is_used),
        cmocka_unit_test(workers_inside_a_team),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
