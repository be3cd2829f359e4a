/* What is kept, what goes, and what may not go. */
#include "service/keyring.h"

#include "tests/failing.h"
#include "tests/testing.h"

static int values[8], released[8];

static void release(void *value)
{
    released[(int *)value - values]++;
}

static const uint8_t *digest(int k)
{
    static uint8_t d[SERVICE_DIGEST];
    memset(d, k, sizeof d);
    return d;
}

static service_keyring *make(size_t budget)
{
    service_keyring *k = NULL;
    memset(released, 0, sizeof released);
    assert_int_equal(service_keyring_create(&k, budget, release), SERVICE_OK);
    return k;
}

static void put(service_keyring *k, int i, size_t bytes)
{
    assert_int_equal(service_keyring_put(k, digest(i), &values[i], bytes), SERVICE_OK);
    service_keyring_give(k, &values[i]);
}

static void the_least_recently_used_goes(void **state)
{
    service_keyring *k = make(100);
    size_t count, bytes;
    uint64_t evicted;

    (void)state;
    put(k, 0, 40);
    put(k, 1, 30);
    put(k, 2, 30);
    assert_ptr_equal(service_keyring_take(k, digest(0)), &values[0]); /* now 1 is the oldest */
    service_keyring_give(k, &values[0]);
    put(k, 3, 20);
    assert_int_equal(released[1], 1);
    put(k, 4, 45); /* 2 and then 0 have to go */
    assert_int_equal(released[2], 1);
    assert_int_equal(released[0], 1);
    assert_null(service_keyring_take(k, digest(0)));
    service_keyring_figures(k, &count, &bytes, &evicted);
    assert_int_equal(count, 2);
    assert_int_equal(bytes, 65);
    assert_int_equal(evicted, 3);
    service_keyring_free(k);
    for (int i = 0; i < 5; i++)
        assert_int_equal(released[i], 1);
}

static void what_is_in_use_stays(void **state)
{
    service_keyring *k = make(100);

    (void)state;
    assert_int_equal(service_keyring_put(k, digest(0), &values[0], 60), SERVICE_OK);
    assert_int_equal(service_keyring_put(k, digest(0), &values[1], 1), SERVICE_ERR_ARG);
    assert_int_equal(service_keyring_put(k, digest(1), NULL, 1), SERVICE_ERR_ARG);
    assert_int_equal(service_keyring_put(k, digest(1), &values[1], 41), SERVICE_ERR_LIMIT);
    assert_int_equal(service_keyring_put(k, digest(1), &values[1], SIZE_MAX), SERVICE_ERR_LIMIT);
    assert_ptr_equal(service_keyring_take(k, digest(0)), &values[0]); /* twice in use */
    service_keyring_give(k, &values[0]);
    assert_int_equal(service_keyring_put(k, digest(1), &values[1], 41), SERVICE_ERR_LIMIT);
    service_keyring_give(k, &values[0]);
    service_keyring_give(k, &values[0]); /* once too often: nothing happens */
    put(k, 1, 41);
    assert_int_equal(released[0], 1);
    service_keyring_free(k);
    service_keyring_free(NULL);
}

/* What is on its way counts as if it were there already. */
static void room_can_be_set_aside(void **state)
{
    service_keyring *k = make(100);

    (void)state;
    put(k, 0, 40);
    put(k, 1, 40);
    assert_int_equal(service_keyring_reserve(k, 101), 0);
    assert_int_equal(service_keyring_reserve(k, SIZE_MAX), 0);
    assert_int_equal(service_keyring_reserve(k, 20), 1);
    assert_int_equal(released[0], 0);
    assert_int_equal(service_keyring_reserve(k, 30), 1);
    assert_int_equal(released[0], 1);
    assert_ptr_equal(service_keyring_take(k, digest(1)), &values[1]);
    assert_int_equal(service_keyring_reserve(k, 11), 0); /* 40 in use, 50 set aside */
    assert_int_equal(service_keyring_put(k, digest(2), &values[2], 11), SERVICE_ERR_LIMIT);
    service_keyring_unreserve(k, 30);
    put(k, 2, 11);
    assert_int_equal(service_keyring_reserve(k, 41), 0);
    service_keyring_give(k, &values[1]);
    assert_int_equal(service_keyring_reserve(k, 80), 1); /* both have to go */
    assert_int_equal(released[1] + released[2], 2);
    service_keyring_free(k);
}

static void no_memory_changes_nothing(void **state)
{
    service_keyring *k = NULL;

    (void)state;
    failing_from(1);
    assert_int_equal(service_keyring_create(&k, 10, release), SERVICE_ERR_MEMORY);
    assert_true(failing_stop());
    assert_null(k);
    k = make(10);
    put(k, 0, 10);
    failing_from(1);
    assert_int_equal(service_keyring_put(k, digest(1), &values[1], 10), SERVICE_ERR_MEMORY);
    assert_true(failing_stop());
    assert_int_equal(released[0], 0);
    assert_int_equal(released[1], 0);
    service_keyring_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_goes),
        cmocka_unit_test(what_is_in_use_stays),
        cmocka_unit_test(room_can_be_set_aside),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
