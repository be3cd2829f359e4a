/* Choosing primes and every rule of a literal, one broken at a time. */
#include "tests/testing.h"

#include "ckks/ckks.h"
#include "ckks/word/modarith.h"
#include "ckks/word/prime.h"

static const double q_bits[] = {46.8, 46.0, 46.0};
static const double p_bits[] = {46.8};

static ckks_params good(void)
{
    ckks_params params;
    char why[200] = "";

    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, q_bits, 3, p_bits, 1, 128,
                                          why, sizeof why),
                     CKKS_OK);
    return params;
}

static void generated_primes_are_what_was_asked(void **state)
{
    ckks_params params = good();

    (void)state;
    assert_int_equal(params.q_count, 3);
    assert_int_equal(params.p_count, 1);
    assert_int_equal(params.insecure_test, 0);
    for (int i = 0; i < 4; i++) {
        uint64_t prime = i < 3 ? params.q[i] : params.p[0];
        double bits = i < 3 ? q_bits[i] : p_bits[0];
        assert_true(ckks_prime_is(prime));
        assert_int_equal(prime % 16384, 1);
        assert_true(log2((double)prime) <= bits && log2((double)prime) > bits - 0.001);
    }
    /* of two equal sizes the special prime is the larger, so that it exceeds the digit */
    assert_true(params.p[0] > params.q[0]);
    assert_true(params.q[1] > params.q[2]);
    testing_assert_near(ckks_params_log2_qp(&params, 3, 1), 46.8 + 46 + 46 + 46.8, 0.001);
    testing_assert_near(ckks_params_log2_qp(&params, 1, 0), log2((double)params.q[0]), 0x1p-40);
    assert_int_equal(ckks_params_check(&params, NULL, 0), CKKS_OK);
}

/* The real ring: primes = 1 mod 4N, the same table; one that is only 1 mod 2N is refused. */
static void the_real_ring(void **state)
{
    double bits[] = {60.0};
    ckks_params params;
    char why[200] = "";
    uint64_t prime = CKKS_MAX_PRIME + 1;

    (void)state;
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_REAL, 13, q_bits, 3, p_bits, 1, 128,
                                          why, sizeof why),
                     CKKS_OK);
    assert_int_equal(params.ring, CKKS_RING_REAL);
    for (int i = 0; i < 4; i++)
        assert_int_equal((i < 3 ? params.q[i] : params.p[0]) % 32768, 1);
    do {
        assert_int_equal(ckks_prime_below(&prime, prime, 16384), CKKS_OK);
    } while (prime % 32768 == 1);
    params.q[1] = prime;
    assert_int_equal(ckks_params_check(&params, why, sizeof why), CKKS_ERR_PARAMS);
    assert_non_null(strstr(why, "1 mod 2^15"));
    params.ring = CKKS_RING_COMPLEX;
    assert_int_equal(ckks_params_check(&params, why, sizeof why), CKKS_OK);
    assert_int_equal(
        ckks_params_generate(&params, 2, 13, q_bits, 3, p_bits, 1, 128, why, sizeof why),
        CKKS_ERR_ARG);
    assert_non_null(strstr(why, "ring 2"));
    assert_int_equal(
        ckks_params_generate(&params, CKKS_RING_REAL, 13, bits, 1, NULL, 0, 128, why, sizeof why),
        CKKS_ERR_ARG);
}

static void expect_refused(const ckks_params *params, ckks_status status, const char *word)
{
    char why[200] = "";

    assert_int_equal(ckks_params_check(params, why, sizeof why), status);
    assert_non_null(strstr(why, word));
    assert_int_equal(ckks_params_check(params, NULL, 0), status);
}

static void every_rule(void **state)
{
    ckks_params params = good();

    (void)state;
    params.ring = 2;
    expect_refused(&params, CKKS_ERR_PARAMS, "ring 2");
    params.ring = -1;
    expect_refused(&params, CKKS_ERR_PARAMS, "ring -1");
    params = good();
    params.log_n = 2;
    expect_refused(&params, CKKS_ERR_PARAMS, "2^2");
    params.log_n = 17;
    expect_refused(&params, CKKS_ERR_PARAMS, "2^17");
    params = good();
    params.q_count = 0;
    expect_refused(&params, CKKS_ERR_PARAMS, "0 limbs");
    params.q_count = CKKS_MAX_Q + 1;
    expect_refused(&params, CKKS_ERR_PARAMS, "41 limbs");
    params = good();
    params.p_count = -1;
    expect_refused(&params, CKKS_ERR_PARAMS, "-1 special");
    params = good();
    params.insecure_test = 2;
    expect_refused(&params, CKKS_ERR_PARAMS, "insecure_test");
    params = good();
    params.security_bits = 100;
    expect_refused(&params, CKKS_ERR_PARAMS, "100 bits");
    params = good();
    params.p[0] = params.q[2];
    expect_refused(&params, CKKS_ERR_PARAMS, "twice");
    params = good();
    params.q[1] += 16384 * 2 - 2;
    expect_refused(&params, CKKS_ERR_PARAMS, "q[1]");
    params = good();
    do
        params.q[1] -= 16384;
    while (ckks_prime_is(params.q[1]));
    expect_refused(&params, CKKS_ERR_PARAMS, "not a prime");
    params = good();
    params.q[0] = (UINT64_C(1) << 50) + 1;
    expect_refused(&params, CKKS_ERR_PARAMS, "q[0]");
    params = good();
    params.allocator.alloc = testing_alloc_get;
    expect_refused(&params, CKKS_ERR_PARAMS, "allocator");
    assert_int_equal(ckks_params_check(NULL, NULL, 0), CKKS_ERR_PARAMS);
}

static void security_is_enforced_with_numbers(void **state)
{
    double five[] = {46.8, 46, 46, 46, 46};
    ckks_params params = good();
    ckks_params before = params;
    char why[200] = "";

    (void)state;
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, five, 5, p_bits, 1, 128,
                                          why, sizeof why),
                     CKKS_ERR_INSECURE);
    assert_non_null(strstr(why, "230.8"));
    assert_non_null(strstr(why, "214"));
    assert_memory_equal(&params, &before, sizeof params);
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, five, 4, p_bits, 1, 192,
                                          why, sizeof why),
                     CKKS_ERR_INSECURE);
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 10, five, 1, p_bits, 1, 128,
                                          why, sizeof why),
                     CKKS_ERR_INSECURE);
    assert_non_null(strstr(why, "no row"));
    /* 0 asks for test parameters and stamps them */
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, five, 5, p_bits, 1, 0,
                                          why, sizeof why),
                     CKKS_OK);
    assert_int_equal(params.insecure_test, 1);
}

/* Half a bit below each limit of the table is taken, half a bit above is refused. */
static void security_limits_are_exact(void **state)
{
    static const int level[] = {128, 192, 256};
    double bits[CKKS_MAX_Q];
    ckks_params params;
    char why[200] = "";

    (void)state;
    for (int log_n = 12; log_n <= 15; log_n++) {
        for (int i = 0; i < 3; i++) {
            double max = ckks_security_max_log2_qp(log_n, level[i]);
            int count = (int)ceil((max + 0.5) / 46.8);
            for (int over = 0; over < 2; over++) {
                /* the largest primes below 2^bits are not 0.001 bits smaller */
                for (int k = 0; k < count; k++)
                    bits[k] = (max + (over ? 0.5 : -0.5)) / count;
                assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, log_n, bits,
                                                      count, NULL, 0, level[i], why, sizeof why),
                                 over ? CKKS_ERR_INSECURE : CKKS_OK);
            }
        }
    }
}

static void generate_refuses_nonsense(void **state)
{
    double small[] = {15.0};
    double large[] = {46.9};
    double nan[] = {NAN};
    ckks_params params;
    char why[200] = "";

    (void)state;
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, small, 1, NULL, 0, 128,
                                          why, sizeof why),
                     CKKS_ERR_ARG);
    assert_non_null(strstr(why, "15"));
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, large, 1, NULL, 0, 128,
                                          why, sizeof why),
                     CKKS_ERR_ARG);
    assert_int_equal(
        ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, nan, 1, NULL, 0, 128, why, sizeof why),
        CKKS_ERR_ARG);
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, q_bits, 0, NULL, 0, 128,
                                          why, sizeof why),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 17, q_bits, 1, NULL, 0, 128,
                                          why, sizeof why),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_params_generate(&params, CKKS_RING_COMPLEX, 13, NULL, 1, NULL, 0, 128,
                                          why, sizeof why),
                     CKKS_ERR_ARG);
    assert_int_equal(
        ckks_params_generate(NULL, CKKS_RING_COMPLEX, 13, q_bits, 1, NULL, 0, 128, NULL, 0),
        CKKS_ERR_ARG);
}

static void primes_run_out(void **state)
{
    double bits[CKKS_MAX_Q];
    ckks_params params;
    char why[200] = "";

    (void)state;
    /* Between 2^18 and 2^19 there are 4 numbers = 1 mod 2^17. */
    for (int i = 0; i < CKKS_MAX_Q; i++)
        bits[i] = 19.0;
    assert_int_equal(
        ckks_params_generate(&params, CKKS_RING_COMPLEX, 16, bits, 8, NULL, 0, 0, why, sizeof why),
        CKKS_ERR_PARAMS);
    assert_non_null(strstr(why, "no unused prime"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated_primes_are_what_was_asked),
        cmocka_unit_test(the_real_ring),
        cmocka_unit_test(every_rule),
        cmocka_unit_test(security_is_enforced_with_numbers),
        cmocka_unit_test(security_limits_are_exact),
        cmocka_unit_test(generate_refuses_nonsense),
        cmocka_unit_test(primes_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
