/* Splits into baby and giant steps: always right, and good on the index sets that networks have. */
#include "tests/testing.h"

#include "ckks/circuits.h"

enum { SLOTS = 4096, MAX = 1024 };

typedef struct counts {
    int babies, giants; /* without 0 */
} counts;

static int distinct_nonzero(const int *list, int count)
{
    static unsigned char seen[SLOTS];
    int n = 0;

    memset(seen, 0, sizeof seen);
    for (int i = 0; i < count; i++) {
        assert_in_range(list[i], 0, SLOTS - 1);
        n += list[i] != 0 && !seen[list[i]];
        seen[list[i]] = 1;
    }
    return n;
}

static counts split(const int *index, int count, double baby_cost, double giant_cost)
{
    static int baby[MAX];
    static int giant[MAX];
    counts c;

    ckks_lintrans_split(baby, giant, index, count, SLOTS, baby_cost, giant_cost);
    for (int i = 0; i < count; i++)
        assert_int_equal((baby[i] + giant[i]) % SLOTS, index[i]);
    c.babies = distinct_nonzero(baby, count);
    c.giants = distinct_nonzero(giant, count);
    return c;
}

static void window_around_zero(void **state)
{
    int index[141];
    counts c;

    (void)state;
    for (int i = 0; i < 141; i++)
        index[i] = (i - 70 + SLOTS) % SLOTS;
    c = split(index, 141, 1.0, 1.0);
    /* 141 <= 12 * 12: 11 + 11 and no better than the square root allows */
    assert_true(c.babies + c.giants <= 23);
    assert_true((c.babies + 1) * (c.giants + 1) >= 141);
    c = split(index, 141, 1.0, 4.0);
    assert_true(c.babies + 4 * c.giants <= 23 + 4 * 5);
}

static void plain_ranges(void **state)
{
    int index[MAX];

    (void)state;
    for (int i = 0; i < MAX; i++)
        index[i] = i;
    for (int count = 1; count <= MAX; count = count * 5 / 3 + 1) {
        counts c = split(index, count, 1.0, 1.0);
        assert_true(c.babies + c.giants <= 2 * (int)ceil(sqrt(count)) - 1);
    }
}

static void two_dimensional_windows(void **state)
{
    int index[MAX];
    int count = 0;
    counts c;

    (void)state;
    for (int dy = -2; dy <= 2; dy++) {
        for (int dx = -2; dx <= 2; dx++)
            index[count++] = (32 * dy + dx + SLOTS) % SLOTS;
    }
    c = split(index, count, 1.0, 1.0);
    assert_int_equal(c.babies, 4);
    assert_int_equal(c.giants, 4);
    c = split(index, count, 1.0, 100.0); /* giants are dear: all babies */
    assert_int_equal(c.babies, 24);
    assert_int_equal(c.giants, 0);
    /* eight channels of it, 512 slots apart: 25 x 8 */
    count = 0;
    for (int channel = 0; channel < 8; channel++) {
        for (int dy = -2; dy <= 2; dy++) {
            for (int dx = -2; dx <= 2; dx++)
                index[count++] = (512 * channel + 32 * dy + dx + SLOTS) % SLOTS;
        }
    }
    c = split(index, count, 1.0, 1.0);
    assert_true(c.babies + c.giants <= 24 + 7);
    c = split(index, count, 1.0, 5.0);
    assert_true(c.babies + 5 * c.giants <= 24 + 5 * 7);
    /* 40 babies (channels and dx) and 4 giants (dy) beat that */
    assert_true(c.babies + 5 * c.giants <= 39 + 5 * 4);
}

static void strided_sets(void **state)
{
    int index[MAX];
    counts c;

    (void)state;
    for (int i = 0; i < 100; i++)
        index[i] = 37 * i % SLOTS;
    c = split(index, 100, 1.0, 1.0);
    assert_true(c.babies + c.giants <= 99);
    for (int i = 0; i < 64; i++)
        index[i] = 64 * i;
    c = split(index, 64, 1.0, 1.0);
    assert_int_equal(c.babies + c.giants, 14);
}

static void any_set_is_split_right(void **state)
{
    int index[MAX];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < testing_iters(10); round++) {
        int count = 1 + (int)testing_below(&rng, 200);
        counts c;
        for (int i = 0; i < count; i++)
            index[i] = (int)testing_below(&rng, SLOTS);
        c = split(index, count, 1.0, 3.0);
        /* never worse than one rotation a diagonal */
        assert_true(c.babies + 3 * c.giants <= count);
    }
    index[0] = 0;
    {
        counts c = split(index, 1, 1.0, 1.0);
        assert_int_equal(c.babies + c.giants, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_around_zero),      cmocka_unit_test(plain_ranges),
        cmocka_unit_test(two_dimensional_windows), cmocka_unit_test(strided_sets),
        cmocka_unit_test(any_set_is_split_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
