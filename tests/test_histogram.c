/* Histograms against plain counting, in any order and in parts. */

#include "nn/fit/histogram.h"

#include "tests/testing.h"

enum { NUMBERS = 3000 };

static double draw(testing_rng *rng)
{
    double x = testing_uniform(rng, -1, 1);
    return testing_below(rng, 10) == 0 ? 40 * x : x * x * x;
}

/* The same counts whatever the order, and from parts. */
static void test_order(void **unused)
{
    static nn_histogram forward, backward, parts[3], sum;
    double number[NUMBERS];
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < NUMBERS; i++) {
        number[i] = draw(&rng);
        nn_histogram_add(&forward, number[i]);
        nn_histogram_add(&parts[i % 3], number[i]);
    }
    for (int i = NUMBERS; i-- > 0;)
        nn_histogram_add(&backward, number[i]);
    for (int k = 0; k < 3; k++)
        nn_histogram_merge(&sum, &parts[k]);
    nn_histogram_merge(&sum, &(nn_histogram){.count = 0});
    assert_memory_equal(&forward, &backward, sizeof forward);
    assert_memory_equal(&forward, &sum, sizeof forward);
    assert_int_equal(forward.count, NUMBERS);
}

/* Shares of parts: right within the numbers of two bins, and nothing is lost. */
static void test_spread(void **unused)
{
    static nn_histogram h;
    double number[NUMBERS], share[37], sum = 0;
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < NUMBERS; i++)
        nn_histogram_add(&h, number[i] = testing_uniform(&rng, -3, 5));
    assert_true(h.lo >= -3 && h.hi <= 5 && h.hi - h.lo > 7);
    nn_histogram_spread(share, 37, h.lo, h.hi, &h);
    for (int b = 0; b < 37; b++) {
        double lo = h.lo + (h.hi - h.lo) * b / 37, hi = h.lo + (h.hi - h.lo) * (b + 1) / 37;
        int count = 0;
        for (int i = 0; i < NUMBERS; i++)
            count += number[i] >= lo && number[i] < hi;
        /* A bin is 1/64 wide and holds some 6 numbers. */
        testing_assert_near(share[b], count, 16);
        sum += share[b];
    }
    testing_assert_near(sum, NUMBERS, 1e-6 * NUMBERS);
}

/* Numbers that are all the same fall into one part; what lies outside into none. */
static void test_constant(void **unused)
{
    static nn_histogram one;
    double share[4];

    (void)unused;
    for (int i = 0; i < 5; i++)
        nn_histogram_add(&one, 0.3);
    nn_histogram_spread(share, 4, 0, 1, &one);
    testing_assert_near(share[1], 5, 0);
    testing_assert_near(share[0] + share[2] + share[3], 0, 0);
    nn_histogram_spread(share, 4, 0, 0.3, &one);
    testing_assert_near(share[3], 5, 0);
    nn_histogram_spread(share, 4, 2, 3, &one);
    testing_assert_near(share[0] + share[1] + share[2] + share[3], 0, 0);
}

/* Powers of two lie on borders; 0 and the least numbers do no harm. */
static void test_edges(void **unused)
{
    static const double edge[] = {0, 1, -1, 2, -2, 0x1p-50, -0x1p-50, 0x1p40, -0x1p40, 0x1p-1074};
    static nn_histogram h;
    uint64_t sum = 0;

    (void)unused;
    for (size_t k = 0; k < sizeof edge / sizeof edge[0]; k++)
        nn_histogram_add(&h, edge[k]);
    for (int k = 0; k < NN_HISTOGRAM_BINS; k++)
        sum += h.bin[k];
    assert_int_equal(sum, sizeof edge / sizeof edge[0]);
    testing_assert_near(h.lo, -0x1p40, 0);
    testing_assert_near(h.hi, 0x1p40, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
