/* How far numbers reach: against sorting all of them. */
#include "tests/testing.h"

#include "train/reach.h"

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* Nothing is left out below 10,000 images, then one of as many, at most seven. */
static void extremes_are_left_out(void **state)
{
    static const size_t images[] = {1, 5, 9999, 10000, 29999, 30000, 79999, 200000};
    static const size_t out[] = {0, 0, 0, 1, 2, 3, 7, 7};
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t k = 0; k < sizeof images / sizeof *images; k++) {
        float *all = malloc(images[k] * sizeof *all);
        train_reach r = {0};
        double sum = 0.0;

        assert_non_null(all);
        for (size_t i = 0; i < images[k]; i++) {
            all[i] = (float)testing_uniform(&rng, 0.0, 1.0) * (i % 1000 == 3 ? 1e3f : 1.0f);
            train_reach_add(&r, all[i], (double)all[i] * (double)all[i] / 3.0);
        }
        qsort(all, images[k], sizeof *all, descending);
        for (size_t i = out[k]; i < images[k]; i++)
            sum += (double)all[i] * (double)all[i] / 3.0;
        assert_true(train_reach_largest(&r) == all[out[k]]);
        testing_assert_near(train_reach_size(&r), sqrt(sum / (double)(images[k] - out[k])), 1e-6);
        free(all);
    }
}

/* An image of 10^30 leaves nothing behind. */
static void exploded_images_leave_nothing(void **state)
{
    train_reach r = {0};

    (void)state;
    for (int i = 0; i < 20000; i++)
        train_reach_add(&r, i == 77 || i == 9000 ? 1e15f : 1.0f,
                        i == 77 || i == 9000 ? 1e30 : 0.25);
    assert_true(train_reach_largest(&r) == 1.0f);
    testing_assert_near(train_reach_size(&r), 0.5, 1e-12);
    for (int i = 0; i < 10000; i++)
        train_reach_add(&r, i == 5 ? 0.0f : 1.0f, i == 5 ? (double)NAN : 0.25);
    assert_true(train_reach_largest(&r) == 1.0f);
    testing_assert_near(train_reach_size(&r), 0.5, 1e-12);
}

static void nothing_seen(void **state)
{
    const train_reach r = {0};

    (void)state;
    assert_true(train_reach_largest(&r) == 0.0f);
    assert_true(train_reach_size(&r) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extremes_are_left_out),
        cmocka_unit_test(exploded_images_leave_nothing),
        cmocka_unit_test(nothing_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
