/* The operating system's bytes differ from call to call; a source that fails is reported. */
#include "ckks/base/ct.h"
#include "ckks/random/entropy.h"
#include "tests/testing.h"

typedef struct fake {
    int calls, result;
    size_t bytes;
} fake;

static int fake_fill(void *user, uint8_t *out, size_t bytes)
{
    fake *f = user;

    f->calls++;
    f->bytes = bytes;
    memset(out, 0x42, bytes);
    return f->result;
}

static void system_differs(void **state)
{
    static const ckks_entropy_source none = {NULL, NULL};
    uint8_t a[32];
    uint8_t b[32];
    uint8_t c[32];

    (void)state;
    assert_int_equal(ckks_entropy(a), CKKS_OK);
    assert_int_equal(ckks_entropy_from(&none, b), CKKS_OK);
    assert_int_equal(ckks_entropy_from(NULL, c), CKKS_OK);
    CKKS_PUBLIC(a, sizeof a);
    CKKS_PUBLIC(b, sizeof b);
    CKKS_PUBLIC(c, sizeof c);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, c, 32);
    assert_memory_not_equal(b, c, 32);
}

static void source_is_asked(void **state)
{
    fake f = {0, 0, 0};
    const ckks_entropy_source source = {fake_fill, &f};
    uint8_t out[32] = {0};

    (void)state;
    assert_int_equal(ckks_entropy_from(&source, out), CKKS_OK);
    CKKS_PUBLIC(out, sizeof out);
    assert_int_equal(f.calls, 1);
    assert_int_equal(f.bytes, 32);
    for (int i = 0; i < 32; i++)
        assert_int_equal(out[i], 0x42);
}

static void failure_leaves_zeros(void **state)
{
    fake f = {0, -1, 0};
    const ckks_entropy_source source = {fake_fill, &f};
    uint8_t out[32];

    (void)state;
    memset(out, 9, sizeof out);
    assert_int_equal(ckks_entropy_from(&source, out), CKKS_ERR_ENTROPY);
    for (int i = 0; i < 32; i++)
        assert_int_equal(out[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_differs),
        cmocka_unit_test(source_is_asked),
        cmocka_unit_test(failure_leaves_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
