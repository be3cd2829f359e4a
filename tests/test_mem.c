/* Alignment, the hook, overflow, wiping, and the arena's bookkeeping. */
#include "ckks/base/ct.h"
#include "ckks/base/mem.h"
#include "tests/testing.h"

/* A hook that returns blocks at odd addresses, as malloc of another system might. */
static void *odd_get(void *user, size_t bytes)
{
    unsigned char *p = malloc(bytes + 1);

    (void)user;
    return p == NULL ? NULL : p + 1;
}

static void odd_put(void *user, void *p)
{
    (void)user;
    free((unsigned char *)p - 1);
}

static void blocks_are_aligned(void **state)
{
    static const ckks_allocator none = {NULL, NULL, NULL};
    static const ckks_allocator odd = {odd_get, odd_put, NULL};
    const ckks_allocator *hooks[] = {NULL, &none, &odd};

    (void)state;
    for (size_t h = 0; h < 3; h++) {
        for (size_t bytes = 0; bytes < 200; bytes += 13) {
            unsigned char *p = ckks_mem_alloc(hooks[h], bytes);
            unsigned char *z = ckks_mem_alloc_zero(hooks[h], bytes);

            assert_non_null(p);
            assert_non_null(z);
            assert_int_equal((uintptr_t)p % CKKS_ALIGN, 0);
            assert_int_equal((uintptr_t)z % CKKS_ALIGN, 0);
            for (size_t i = 0; i < bytes; i++) {
                p[i] = 1;
                assert_int_equal(z[i], 0);
            }
            ckks_mem_free(hooks[h], p, bytes);
            ckks_mem_free_wipe(hooks[h], z, bytes);
        }
        ckks_mem_free(hooks[h], NULL, 7);
        ckks_mem_free_wipe(hooks[h], NULL, 7);
    }
}

/* Large blocks of malloc begin at a huge page on Linux; those of a hook are left alone. */
static void large_blocks(void **state)
{
    static const ckks_allocator odd = {odd_get, odd_put, NULL};
    const size_t sizes[] = {CKKS_HUGE_PAGE - 1, CKKS_HUGE_PAGE, CKKS_HUGE_PAGE + 1,
                            5 * (size_t)CKKS_HUGE_PAGE / 2};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *p = ckks_mem_alloc_zero(NULL, sizes[i]);
        unsigned char *h = ckks_mem_alloc(&odd, sizes[i]);

        assert_non_null(p);
        assert_non_null(h);
#if defined(__linux__)
        if (sizes[i] >= CKKS_HUGE_PAGE)
            assert_int_equal((uintptr_t)p % CKKS_HUGE_PAGE, 0);
#endif
        assert_int_equal((uintptr_t)p % CKKS_ALIGN, 0);
        assert_int_equal((uintptr_t)h % CKKS_ALIGN, 0);
        for (size_t k = 0; k < sizes[i]; k += 4093)
            assert_int_equal(p[k], 0);
        memset(p, 1, sizes[i]);
        memset(h, 1, sizes[i]);
        ckks_mem_free_wipe(NULL, p, sizes[i]);
        ckks_mem_free(&odd, h, sizes[i]);
    }
}

static void refusal_is_null(void **state)
{
    testing_alloc t = {.fail_at = 2};
    const ckks_allocator hook = {testing_alloc_get, testing_alloc_put, &t};
    void *p = ckks_mem_alloc(&hook, 100);

    (void)state;
    assert_non_null(p);
    assert_null(ckks_mem_alloc_zero(&hook, 100));
    assert_null(ckks_mem_alloc(&hook, SIZE_MAX));
    assert_null(ckks_mem_alloc(&hook, SIZE_MAX - 64));
    assert_int_equal(t.live, 1);
    ckks_mem_free(&hook, p, 100);
    assert_int_equal(t.live, 0);
}

static void sizes(void **state)
{
    size_t out = 5;

    (void)state;
    assert_int_equal(ckks_size_mul(&out, 6, 7), 1);
    assert_int_equal(out, 42);
    assert_int_equal(ckks_size_mul(&out, 0, SIZE_MAX), 1);
    assert_int_equal(out, 0);
    assert_int_equal(ckks_size_mul(&out, 1, SIZE_MAX), 1);
    assert_true(out == SIZE_MAX);
    assert_int_equal(ckks_size_mul(&out, SIZE_MAX / 2 + 1, 2), 0);
    assert_true(out == SIZE_MAX);
    assert_int_equal(ckks_size_add(&out, SIZE_MAX, 0), 1);
    assert_int_equal(ckks_size_add(&out, SIZE_MAX, 1), 0);
    assert_true(out == SIZE_MAX);
    assert_int_equal(ckks_arena_round(0), 0);
    assert_int_equal(ckks_arena_round(1), 64);
    assert_int_equal(ckks_arena_round(64), 64);
    assert_true(ckks_arena_round(SIZE_MAX) < SIZE_MAX);
}

static void wiping(void **state)
{
    unsigned char block[100];

    (void)state;
    memset(block, 7, sizeof block);
    ckks_wipe(block + 1, 98);
    CKKS_PUBLIC(block, sizeof block);
    assert_int_equal(block[0], 7);
    assert_int_equal(block[99], 7);
    for (int i = 1; i < 99; i++)
        assert_int_equal(block[i], 0);
    ckks_wipe(NULL, 0);
}

static void arena(void **state)
{
    _Alignas(64) static unsigned char room[640];
    ckks_arena a;
    size_t mark;
    unsigned char *first;
    unsigned char *second;

    (void)state;
    ckks_arena_init(&a, room, sizeof room);
    first = ckks_arena_take(&a, 1);
    mark = ckks_arena_mark(&a);
    second = ckks_arena_take(&a, 65);
    assert_ptr_equal(first, room);
    assert_ptr_equal(second, room + 64);
    assert_int_equal(a.used, 192);
    assert_null(ckks_arena_take(&a, 449));
    assert_null(ckks_arena_take(&a, SIZE_MAX));
    assert_int_equal(a.used, 192);
    assert_non_null(ckks_arena_take(&a, 448));
    assert_null(ckks_arena_take(&a, 1));
    assert_non_null(ckks_arena_take(&a, 0));
    memset(room, 9, sizeof room);
    ckks_arena_release_wipe(&a, mark);
    CKKS_PUBLIC(room, sizeof room);
    assert_int_equal(a.used, 64);
    assert_int_equal(a.peak, 640);
    assert_int_equal(room[63], 9);
    for (size_t i = 64; i < sizeof room; i++)
        assert_int_equal(room[i], 0);
    ckks_arena_release(&a, 0);
    assert_int_equal(a.used, 0);
    assert_int_equal(room[0], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned),
        cmocka_unit_test(large_blocks),
        cmocka_unit_test(refusal_is_null),
        cmocka_unit_test(sizes),
        cmocka_unit_test(wiping),
        cmocka_unit_test(arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
