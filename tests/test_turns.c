/* Baby and giant steps: against brute force over all cuts, bounds, and keys that routes share. */
#include "nn/turns.h"

#include "tests/testing.h"

static const nn_turn_price price = {
    .baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5};

/* A route with given steps; the matrix behind it does not matter here. */
static nn_route route_of(const int *step, int count, size_t slots, size_t group)
{
    nn_route r = {.kind = NN_ROUTE_PERIODIC, .slots = slots, .images = 1, .group = group};
    r.step = calloc(3 * (size_t)count, sizeof *r.step);
    r.count = count;
    r.baby = r.step + count;
    r.giant = r.baby + count;
    for (int k = 0; k < count; k++)
        r.step[k] = r.baby[k] = (int)((size_t)step[k] & (slots - 1));
    return r;
}

static nn_route range_of(int low, int count, size_t slots, size_t group)
{
    int step[64];
    for (int k = 0; k < count; k++)
        step[k] = low + k;
    return route_of(step, count, slots, group);
}

static int distinct(const int *list, int count)
{
    int n = 0;
    for (int k = 0; k < count; k++) {
        int fresh = list[k] != 0;
        for (int i = 0; i < k; i++)
            fresh &= list[i] != list[k];
        n += fresh;
    }
    return n;
}

static void check_split(const nn_route *r)
{
    for (int k = 0; k < r->count; k++)
        assert_int_equal((size_t)(r->baby[k] + r->giant[k]) & (r->slots - 1), r->step[k]);
    assert_int_equal(r->babies, distinct(r->baby, r->count));
    assert_int_equal(r->giants, distinct(r->giant, r->count));
}

/* A window of 16: 3 + 3 rotations cost 9 + 18 = 27, 7 + 1 cost 21 + 6 = 27, 5 + 2 (cut by six)
 * 15 + 12 = 27, 15 + 0 cost 45; one above is what nothing can beat. */
static void test_window(void **state)
{
    (void)state;
    nn_route r = range_of(0, 16, 256, 256);
    double cost = nn_turns_split(&r, &price);
    check_split(&r);
    assert_true(fabs(cost - (27.0 + 8.0)) < 1e-12);
    assert_true(nn_turns_least(&r, &price) <= cost + 1e-12);
    nn_route_clear(&r);
    /* Steps with a stride, and images side by side, split alike. */
    int step[16];
    for (int k = 0; k < 16; k++)
        step[k] = 5 * k - 40;
    r = route_of(step, 16, 256, 256);
    assert_true(fabs(nn_turns_split(&r, &price) - 35.0) < 1e-12);
    check_split(&r);
    nn_route_clear(&r);
    r = range_of(-8, 16, 256, 256);
    nn_route_widen(&r, 8);
    assert_true(fabs(nn_turns_split(&r, &price) - 35.0) < 1e-12);
    check_split(&r);
    for (int k = 0; k < r.count; k++)
        assert_int_equal(r.baby[k] % 8, 0);
    nn_route_clear(&r);
}

static void test_random(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(50); k++) {
        int step[40], count = 0;
        size_t slots = 64;
        for (int t = -32; t < 32 && count < 40; t++)
            if (testing_below(&rng, 3) == 0)
                step[count++] = t;
        if (count == 0)
            continue;
        nn_route r = route_of(step, count, slots, slots);
        double cost = nn_turns_split(&r, &price);
        check_split(&r);
        double rotations =
            (price.baby + price.key) * r.babies + (price.giant + price.key) * r.giants;
        assert_true(fabs(cost - rotations - 0.5 * count) < 1e-12);
        assert_true(cost <= (price.baby + price.key) * count + 0.5 * count + 1e-12);
        assert_true(cost >= nn_turns_least(&r, &price) - 1e-12);
        nn_route_clear(&r);
    }
}

static size_t keys_of(const nn_route *route, size_t count, size_t slots)
{
    unsigned char *seen = calloc(slots, 1);
    size_t n = 0;
    for (size_t k = 0; k < count; k++) {
        for (int i = 0; i < route[k].count; i++)
            seen[route[k].baby[i]] = seen[route[k].giant[i]] = 1;
        for (int f = 0; f < route[k].fold_count; f++)
            seen[route[k].fold[f]] = 1;
    }
    for (size_t j = 1; j < slots; j++)
        n += seen[j];
    free(seen);
    return n;
}

/* Windows of which only the residues matter move to where others have keys already. */
static void test_shared(void **state)
{
    (void)state;
    nn_route route[3] = {range_of(0, 16, 256, 256), {0}, range_of(-8, 16, 256, 16)};
    nn_turn_price prices[3] = {price, price, price};
    double cost = 0.0, alone = 0.0;
    route[0].fold_count = 2;
    route[0].fold[0] = 4;
    route[0].fold[1] = 64;
    for (int k = 0; k < 3; k += 2)
        alone += nn_turns_split(&route[k], &prices[k]);
    assert_int_equal(nn_turns_tune(route, prices, 3, 256, &cost), NN_OK);
    check_split(&route[0]);
    check_split(&route[2]);
    /* The third has the keys of the first, and the fold by 4 is among them. */
    size_t first = keys_of(route, 1, 256);
    assert_int_equal(keys_of(route, 3, 256), first);
    assert_int_equal(first, route[0].babies + route[0].giants + 1);
    double times = 0.0, keys = 0.0;
    for (int k = 0; k < 3; k += 2)
        times += route[k].babies * price.baby + route[k].giants * price.giant + 16 * 0.5;
    times += 2 * price.fold;
    keys = 2.0 * (double)keys_of(route, 3, 256) - 0.5; /* the fold by 64 is at its own price */
    assert_true(fabs(cost - times - keys) < 1e-12);
    assert_true(cost < alone);
    for (int k = 0; k < 3; k++)
        nn_route_clear(&route[k]);
}

/* Prices of a stage are those of nn/cost.h. */
static void test_price(void **state)
{
    (void)state;
    nn_cost_at at = {nn_costs_builtin("avx2"), 13, 4, 2, 2, 0.0}, fold = at;
    fold.limbs = 3;
    nn_turn_price p = nn_turns_price(&at, &fold);
    assert_true(fabs(p.baby + p.key - nn_cost_baby(&at)) < 1e-12);
    assert_true(fabs(p.giant + p.key - nn_cost_giant(&at, 0)) < 1e-12);
    assert_true(fabs(p.fold + p.fold_key - nn_cost_fold(&fold)) < 1e-12);
    assert_true(p.fold_key < p.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
