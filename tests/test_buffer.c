/* The queue of bytes against a plain array, at random; memory that fails; what it costs to copy. */
#include "channel/link/buffer.h"

#include <stdlib.h>

#include "tests/testing.h"

enum { MOST = 1 << 16 };

typedef struct counting {
    int left;      /* allocations that succeed */
    size_t copied; /* bytes asked for in all */
} counting;

static void *count_alloc(void *user, size_t bytes)
{
    counting *n = user;

    n->copied += bytes;
    return n->left-- > 0 ? malloc(bytes) : NULL;
}

static void count_free(void *user, void *p)
{
    (void)user;
    free(p);
}

static void like_an_array(void **state)
{
    static uint8_t model[MOST];
    size_t n = 0;
    uint8_t next = 0;
    channel_buffer b = {0};
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    assert_null(channel_buffer_head(&b));
    assert_non_null(channel_buffer_reserve(&b, NULL, 0)); /* no room is wanted, memory is there */
    for (int i = 0; i < testing_iters(20000); i++) {
        const size_t k = (size_t)testing_below(&rng, 2000);

        if (testing_below(&rng, 2) == 0 && n + k <= MOST) {
            uint8_t *end = channel_buffer_reserve(&b, NULL, k);

            assert_non_null(end);
            for (size_t j = 0; j < k; j++)
                end[j] = model[n++] = next++;
            channel_buffer_add(&b, k);
        } else {
            const size_t gone = k < n ? k : n;

            channel_buffer_drop(&b, gone);
            memmove(model, model + gone, n - gone);
            n -= gone;
        }
        assert_int_equal(channel_buffer_size(&b), n);
        if (n > 0)
            assert_memory_equal(channel_buffer_head(&b), model, n);
    }
    channel_buffer_clear(&b, NULL);
    assert_int_equal(channel_buffer_size(&b), 0);
    assert_null(channel_buffer_head(&b));
}

static void memory_that_fails(void **state)
{
    counting n = {.left = 1};
    const ckks_allocator a = {count_alloc, count_free, &n};
    channel_buffer b = {0};

    (void)state;
    memset(channel_buffer_reserve(&b, &a, 100), 7, 100);
    channel_buffer_add(&b, 100);
    assert_null(channel_buffer_reserve(&b, &a, MOST));
    assert_null(channel_buffer_reserve(&b, &a, SIZE_MAX - 50));
    assert_int_equal(channel_buffer_size(&b), 100);
    assert_int_equal(channel_buffer_head(&b)[99], 7);
    channel_buffer_clear(&b, &a);
}

/* A queue of steady length asks for no more memory, however much goes through; one that grows byte
 * by byte asks for less than four times its length in all. */
static void no_quadratic_copying(void **state)
{
    counting n = {.left = 100};
    const ckks_allocator a = {count_alloc, count_free, &n};
    channel_buffer b = {0};
    size_t after_growth;

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        assert_non_null(channel_buffer_reserve(&b, &a, 1));
        channel_buffer_add(&b, 1);
    }
    assert_true(n.copied < (size_t)4 * MOST);
    channel_buffer_drop(&b, MOST / 2 + 1);
    after_growth = n.copied;
    for (int i = 0; i < 100; i++) {
        assert_non_null(channel_buffer_reserve(&b, &a, MOST / 2));
        channel_buffer_add(&b, MOST / 2);
        channel_buffer_drop(&b, MOST / 2);
    }
    assert_int_equal(n.copied, after_growth);
    channel_buffer_clear(&b, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_an_array),
        cmocka_unit_test(memory_that_fails),
        cmocka_unit_test(no_quadratic_copying),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
