/* Batches: what they hold, that they depend on nothing but their names, and the order. */
#include "tests/train_sets.h"

static train_set set;

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 3);
    return 0;
}

static void digest_tells_sets_apart(void **state)
{
    (void)state;
    uint64_t digest = set.data.digest;
    set.labels[0][SET_TRAIN - 1] ^= 1;
    train_data_digest(&set.data);
    assert_true(set.data.digest != digest);
    set.labels[0][SET_TRAIN - 1] ^= 1;
    train_data_digest(&set.data);
    assert_true(set.data.digest == digest);
}

static void batches(void **state)
{
    (void)state;
    train_recipe r;
    train_net net, other;
    char why[256];
    uint8_t labels[8];
    static const uint32_t order[6] = {5, 4, 3, 2, 1, 299};
    train_set_parse(&r, "input 3 12 12\ndense 10\nrotation 10\nflip\ncutout 4\n");
    assert_int_equal(train_net_create(&net, &r, 8, 2, 0, why, sizeof why), TRAIN_OK);
    assert_int_equal(train_net_create(&other, &r, 8, 1, 0, why, sizeof why), TRAIN_OK);
    train_data_fill(&net, labels, &set.data.train, order, 2, 4, 0, 0, 0);
    assert_int_equal(net.used, 4);
    for (size_t i = 0; i < 3 * 4 * SET_AREA; i++) {
        size_t c = i / (4 * SET_AREA), image = order[2 + i / SET_AREA % 4], p = i % SET_AREA;
        double v = set.pixels[0][(image * 3 + c) * SET_AREA + p] / 255.0;
        testing_assert_near(net.input[i], v, 1e-7);
    }
    for (size_t b = 0; b < 4; b++)
        assert_int_equal(labels[b], set.labels[0][order[2 + b]]);
    /* distorted: the same for other threads and another place in the batch, not for another epoch
     */
    train_data_fill(&net, labels, &set.data.train, order, 0, 6, 7, 3, 1);
    train_data_fill(&other, labels, &set.data.train, NULL, 2, 1, 7, 3, 1);
    for (size_t c = 0; c < 3; c++)
        assert_memory_equal(other.input + c * SET_AREA, net.input + (c * 6 + 3) * SET_AREA,
                            SET_AREA * sizeof(float));
    train_data_fill(&other, labels, &set.data.train, NULL, 2, 1, 7, 4, 1);
    assert_memory_not_equal(other.input, net.input + 3 * SET_AREA, SET_AREA * sizeof(float));
    train_net_free(&net);
    train_net_free(&other);
}

static void shuffles(void **state)
{
    (void)state;
    uint32_t a[100], b[100];
    unsigned char seen[100] = {0};
    train_data_shuffle(a, 100, 1, 0);
    train_data_shuffle(b, 100, 1, 0);
    assert_memory_equal(a, b, sizeof a);
    train_data_shuffle(b, 100, 1, 1);
    assert_memory_not_equal(a, b, sizeof a);
    for (size_t i = 0; i < 100; i++) {
        assert_true(a[i] < 100);
        seen[a[i]]++;
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_tells_sets_apart),
        cmocka_unit_test(batches),
        cmocka_unit_test(shuffles),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
