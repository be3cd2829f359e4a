/* Baby and giant steps: against brute force over all cuts, bounds, and keys that routes share. */
#include "nn/slots/turns.h"

#include "tests/testing.h"

static const nn_turn_price price = {
    .baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5};

/* A route with given steps; the matrix behind it does not matter here. */
static nn_route route_of(const int *step, int count, size_t slots, size_t group)
{
    nn_route r = {.kind = NN_ROUTE_PERIODIC,
                  .slots = slots,
                  .images = 1,
                  .group = group,
                  .in_parts = 1,
                  .out_parts = 1,
                  .count = count,
                  .entries = count};
    size_t places = 9 * (size_t)count; /* room for three by three parts */
    r.step = calloc(3 * places, sizeof *r.step);
    r.entry_step = calloc(3 * places, sizeof *r.entry_step);
    r.entry_in = r.entry_step + places;
    r.entry_out = r.entry_in + places;
    r.baby = r.step + count;
    r.giant = r.baby + count;
    for (int k = 0; k < count; k++)
        r.step[k] = r.baby[k] = (int)((size_t)step[k] & (slots - 1));
    for (int k = 0; k < count; k++)
        r.entry_step[k] = (uint16_t)k;
    return r;
}

static nn_route range_of(int low, int count, size_t slots, size_t group)
{
    int step[64];
    assert_true(count <= 64);
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

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* What a split route costs by itself: every rotation in every part, every key once. */
static double cost_of(const nn_route *r, const nn_turn_price *p)
{
    unsigned char *key = calloc(r->slots, 1);
    int *giant = malloc((size_t)r->count * sizeof *giant), hops = r->giants, keys = 0;
    for (int k = 0; k < r->count; k++) {
        giant[k] = r->giant[k] >= (int)r->slots / 2 ? r->giant[k] - (int)r->slots : r->giant[k];
        key[r->baby[k]] = 1;
        if (!r->chain)
            key[r->giant[k]] = 1;
    }
    qsort(giant, (size_t)r->count, sizeof *giant, ascending);
    if (r->chain) {
        hops = 0;
        for (int k = 0; k < r->count; k++) {
            int hop = k == 0 ? giant[0] : giant[k] - giant[k - 1];
            key[hop < 0 ? hop + (int)r->slots : hop] = 1;
            hops += hop != 0;
        }
    }
    for (size_t j = 1; j < r->slots; j++)
        keys += key[j];
    free(key);
    free(giant);
    return p->baby * r->babies * (double)r->in_parts + p->key * keys +
           (r->chain ? p->hop : p->giant) * hops * (double)r->out_parts + p->diagonal * r->entries +
           p->hoist * (double)r->in_parts + p->divide * (double)r->out_parts;
}

static void test_random(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(100); k++) {
        int step[40], count = 0;
        size_t slots = 64;
        for (int t = -32; t < 32 && count < 40; t++)
            if (testing_below(&rng, 3) == 0)
                step[count++] = t;
        if (count == 0)
            continue;
        nn_route r = route_of(step, count, slots, slots);
        nn_turn_price p = price;
        r.in_parts = 1 + testing_below(&rng, 3);
        r.out_parts = 1 + testing_below(&rng, 3);
        r.entries = count * (int)(r.in_parts * r.out_parts);
        p.hop = testing_below(&rng, 2) == 0 ? 0.0 : 3.5;
        p.hoist = 2.5;
        p.divide = 1.25;
        double cost = nn_turns_split(&r, &p);
        check_split(&r);
        assert_true(fabs(cost - cost_of(&r, &p)) < 1e-9);
        assert_true(cost >= nn_turns_least(&r, &p) - 1e-9);
        /* No worse than babies alone. */
        assert_true(cost <= (p.baby * (double)r.in_parts + p.key) * count + p.diagonal * r.entries +
                                2.5 * (double)r.in_parts + 1.25 * (double)r.out_parts + 1e-9);
        /* By itself, tuning finds nothing dearer. */
        double tuned = 0.0;
        assert_int_equal(nn_turns_tune(&r, &p, 1, 1, slots, &tuned), NN_OK);
        check_split(&r);
        assert_true(fabs(tuned - cost_of(&r, &p)) < 1e-9);
        assert_true(tuned <= cost + 1e-9);
        nn_route_clear(&r);
    }
}

/* Giants at equal distances go in a chain with one key where keys are dear. */
static void test_chain(void **state)
{
    (void)state;
    nn_turn_price p = price;
    nn_route r = range_of(0, 64, 256, 256);
    p.hop = 3.5;
    p.key = 40.0;
    double cost = nn_turns_split(&r, &p);
    check_split(&r);
    assert_int_equal(r.chain, 1);
    /* One baby with its key, and 31 hops by 2 with theirs; a chain of single steps with one key has
     * 63 hops, more by 31 * 3.5 than a key and a baby. */
    assert_true(fabs(cost - (41.0 + 31 * 3.5 + 40.0 + 64 * 0.5)) < 1e-9);
    nn_route_clear(&r);
    p.key = 0.25; /* each rotation has its own */
    p.hop = 4.0;
    r = range_of(0, 64, 256, 256);
    cost = nn_turns_split(&r, &p);
    assert_true(fabs(cost - cost_of(&r, &p)) < 1e-9);
    nn_route_clear(&r);
}

/* Steps of columns, rows and blocks: with dear giants, the rows alone are giants, which no single
 * cut gives. */
static void test_rows_against_blocks(void **state)
{
    (void)state;
    const int block[7] = {0, 1, 3, 7, 12, 20, 30};
    int step[105], count = 0;
    nn_turn_price p = price;
    double cost = 0.0;
    p.giant = 20.0;
    for (int c = 0; c < 7; c++)
        for (int b = -1; b <= 1; b++)
            for (int a = -2; a <= 2; a++)
                step[count++] = 1024 * block[c] + 32 * b + a;
    nn_route r = route_of(step, count, 65536, 65536);
    double single = nn_turns_split(&r, &p);
    assert_int_equal(nn_turns_tune(&r, &p, 1, 1, 65536, &cost), NN_OK);
    check_split(&r);
    /* 5 * 7 - 1 babies and 2 giants; the blocks as giants are 6 beside 14 babies, the columns 4
     * beside 20. */
    assert_true(cost <= 34 * 3.0 + 2 * 22.0 + 52.5 + 1e-9);
    assert_true(cost < single);
    assert_true(fabs(cost - cost_of(&r, &p)) < 1e-9);
    nn_route_clear(&r);
}

/* 16 -> 16 channels of 32x32, 3x3 taps, where keys are dear: the natural split has the taps as
 * babies, and the differences of channels as giants in a chain with one key. From one end of the
 * differences to the other takes 15 hops, and the first goes there. */
static void test_natural(void **state)
{
    (void)state;
    int step[144], count = 0;
    for (int c = -8; c < 8; c++)
        for (int b = -1; b <= 1; b++)
            for (int a = -1; a <= 1; a++)
                step[count++] = 1024 * c + 32 * b + a;
    nn_route r = route_of(step, count, 16384, 16384);
    nn_turn_price p = price;
    p.giant = p.hop = 8.0;
    p.key = 20.0;
    double cost = nn_turns_split(&r, &p);
    check_split(&r);
    assert_int_equal(r.babies, 8);
    assert_int_equal(r.giants, 15);
    assert_int_equal(r.chain, 1);
    assert_true(fabs(cost - (8 * 21.0 + 16 * 8.0 + 40.0 + 72.0)) < 1e-9);
    nn_route_clear(&r);
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
    assert_int_equal(nn_turns_tune(route, prices, 1, 3, 256, &cost), NN_OK);
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

/* Prices of a stage are those of nn/slots/cost.h. */
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
    assert_true(fabs(p.hop - nn_cost_giant(&at, 1)) < 1e-12);
    assert_true(fabs(p.hoist + p.divide - nn_cost_base(&at, 1, 1)) < 1e-12);
    assert_true(p.scalar > 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),  cmocka_unit_test(test_random),
        cmocka_unit_test(test_chain),   cmocka_unit_test(test_rows_against_blocks),
        cmocka_unit_test(test_natural), cmocka_unit_test(test_shared),
        cmocka_unit_test(test_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
