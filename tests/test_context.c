/* The context: what it says of itself, its identity, its failures. */
#include "tests/scheme.h"

#include "ckks/params/context.h"

static void getters(void **state)
{
    ckks_params params = scheme_params(10, 3, 40, 2);
    ckks_context *ctx = NULL;

    (void)state;
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    assert_int_equal(ckks_context_slots(ctx), 512);
    assert_int_equal(ckks_context_params(ctx)->q[2], params.q[2]);
    assert_string_equal(ckks_context_kernel(ctx),
                        ckks_kernel_select(ckks_cpu_detect(), params.q[0], NULL)->name);
    /* five primes with tables of 32 N bytes each, and a little of everything else */
    assert_in_range(ckks_context_bytes(ctx), 5 * 32 * 1024, 7 * 32 * 1024 + 65536);
    testing_assert_near(ckks_context_log2_q(ctx, 2), ckks_params_log2_qp(&params, 2, 0), 0.0);
    ckks_context_free(ctx);
    ckks_context_free(NULL);
}

/* The real ring has all N slots, an embedding of twice the size and an identity of its own. */
static void the_real_ring(void **state)
{
    ckks_params params;
    ckks_params complex_params;
    ckks_context *ctx = NULL;
    uint64_t id = 0;

    (void)state;
    scheme_ring = CKKS_RING_REAL;
    params = scheme_params(10, 3, 40, 2);
    scheme_ring = CKKS_RING_COMPLEX;
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    assert_int_equal(ckks_context_slots(ctx), 1024);
    assert_int_equal(ctx->fft.slots, 1024);
    assert_int_equal(ctx->ring.kind, CKKS_RING_REAL);
    testing_assert_near(ctx->slot_norm2, 2048.0, 0.0);
    testing_assert_near(ctx->secret_norm2, 4096.0 / 3.0, 1e-9);
    id = ckks_context_id(ctx);
    ckks_context_free(ctx);
    /* its primes serve the other ring too */
    complex_params = params;
    complex_params.ring = CKKS_RING_COMPLEX;
    assert_int_equal(ckks_context_create(&ctx, &complex_params, NULL, 0), CKKS_OK);
    assert_int_equal(ckks_context_slots(ctx), 512);
    assert_true(ckks_context_id(ctx) != id);
    ckks_context_free(ctx);
}

static void identity_depends_on_every_field(void **state)
{
    ckks_params params = scheme_params(10, 3, 40, 2);
    uint64_t id = ckks_context_hash(&params);
    ckks_params other = params;

    (void)state;
    assert_int_equal(ckks_context_hash(&other), id);
    other.allocator.user = &other; /* not part of the parameters' meaning */
    assert_int_equal(ckks_context_hash(&other), id);
    other = params;
    other.log_n = 9;
    assert_int_not_equal(ckks_context_hash(&other), id);
    for (int i = 0; i < 5; i++) {
        other = params;
        *(i < 3 ? &other.q[i] : &other.p[i - 3]) += 2;
        assert_int_not_equal(ckks_context_hash(&other), id);
    }
    other = params;
    other.q_count = 2;
    other.p_count = 3;
    other.p[0] = params.q[2];
    other.p[1] = params.p[0];
    other.p[2] = params.p[1]; /* the same primes in the same order, in other roles */
    assert_int_not_equal(ckks_context_hash(&other), id);
    other = params;
    other.security_bits = 192;
    assert_int_not_equal(ckks_context_hash(&other), id);
    other = params;
    other.insecure_test = 0;
    assert_int_not_equal(ckks_context_hash(&other), id);
}

static void failures(void **state)
{
    ckks_params params = scheme_params(10, 3, 40, 2);
    ckks_context *ctx = (ckks_context *)&params;
    char why[200] = "";

    (void)state;
    assert_int_equal(ckks_context_create(NULL, &params, why, sizeof why), CKKS_ERR_ARG);
    params.q_count = 0;
    assert_int_equal(ckks_context_create(&ctx, &params, why, sizeof why), CKKS_ERR_PARAMS);
    assert_null(ctx);
    assert_non_null(strstr(why, "limbs"));
    params = scheme_params(10, 3, 40, 2);
    params.kernel = "no such family";
    assert_int_not_equal(ckks_context_create(&ctx, &params, why, sizeof why), CKKS_OK);
    assert_null(ctx);
    assert_non_null(strstr(why, "kernel"));
    params.kernel = "a name that is much longer than any name of a kernel family could be";
    assert_int_not_equal(ckks_context_create(&ctx, &params, why, sizeof why), CKKS_OK);
    params.kernel = "portable";
    assert_int_equal(ckks_context_create(&ctx, &params, why, sizeof why), CKKS_OK);
    assert_string_equal(ckks_context_kernel(ctx), "portable");
    ckks_context_free(ctx);
}

static void no_memory_is_reported_at_every_place(void **state)
{
    int k = 1;

    (void)state;
    for (;; k++) {
        testing_alloc t = {.fail_at = k};
        ckks_params params = scheme_params(10, 2, 40, 1);
        ckks_context *ctx = NULL;
        char why[200] = "";
        ckks_status st = CKKS_OK;

        params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &t};
        st = ckks_context_create(&ctx, &params, why, sizeof why);
        if (t.calls < k) {
            assert_int_equal(st, CKKS_OK);
            ckks_context_free(ctx);
            assert_int_equal(t.live, 0);
            break;
        }
        assert_int_equal(st, CKKS_ERR_MEMORY);
        assert_null(ctx);
        assert_non_null(strstr(why, "memory"));
        assert_int_equal(t.live, 0);
    }
    assert_true(k > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getters),
        cmocka_unit_test(the_real_ring),
        cmocka_unit_test(identity_depends_on_every_field),
        cmocka_unit_test(failures),
        cmocka_unit_test(no_memory_is_reported_at_every_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
