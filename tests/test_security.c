/* The security table: values of the guideline, its edges, its shape. */
#include "tests/testing.h"

#include "ckks/ckks.h"

static void known_rows(void **state)
{
    (void)state;
    assert_true(ckks_security_max_log2_qp(11, 128) == 53.0);
    assert_true(ckks_security_max_log2_qp(12, 128) == 106.0);
    assert_true(ckks_security_max_log2_qp(13, 128) == 214.0);
    assert_true(ckks_security_max_log2_qp(14, 192) == 297.0);
    assert_true(ckks_security_max_log2_qp(15, 256) == 462.0);
    assert_true(ckks_security_max_log2_qp(16, 128) == 1747.0);
}

static void no_row_means_zero(void **state)
{
    (void)state;
    assert_true(ckks_security_max_log2_qp(10, 128) == 0.0);
    assert_true(ckks_security_max_log2_qp(17, 128) == 0.0);
    assert_true(ckks_security_max_log2_qp(-1, 128) == 0.0);
    assert_true(ckks_security_max_log2_qp(13, 127) == 0.0);
    assert_int_equal(ckks_security_bits(10, 1.0), 0);
    assert_int_equal(ckks_security_bits(13, NAN), 0);
}

static void bits_follow_the_limits(void **state)
{
    static const int level[] = {128, 192, 256};

    (void)state;
    for (int log_n = 11; log_n <= 16; log_n++) {
        for (int i = 0; i < 3; i++) {
            double max = ckks_security_max_log2_qp(log_n, level[i]);
            assert_int_equal(ckks_security_bits(log_n, max), level[i]);
            assert_int_equal(ckks_security_bits(log_n, max + 1e-9), i == 0 ? 0 : level[i - 1]);
            /* doubling the degree a little more than doubles the room; more security, less room */
            if (log_n > 11)
                testing_assert_near(max / ckks_security_max_log2_qp(log_n - 1, level[i]), 2.02,
                                    0.06);
            if (i > 0)
                assert_true(max < ckks_security_max_log2_qp(log_n, level[i - 1]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_rows),
        cmocka_unit_test(no_row_means_zero),
        cmocka_unit_test(bits_follow_the_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
