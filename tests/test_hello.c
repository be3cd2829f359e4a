/* HELLO and choice: what is written is read, what is damaged is refused, what is common is found.
 */
#include "channel/link/hello.h"

#include "tests/testing.h"

static channel_hello example(void)
{
    return (channel_hello){.name = "unseen-ask",
                           .min_version = 1,
                           .max_version = 0x0203,
                           .suites = {CHANNEL_SUITE_NOISE, 9},
                           .suite_count = 2,
                           .max_payload = 0x04050607};
}

static void same(const channel_hello *a, const channel_hello *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->min_version, b->min_version);
    assert_int_equal(a->max_version, b->max_version);
    assert_int_equal(a->suite_count, b->suite_count);
    assert_memory_equal(a->suites, b->suites, a->suite_count);
    assert_int_equal(a->max_payload, b->max_payload);
}

static void as_the_header_says(void **state)
{
    static const uint8_t want[] = {'u', 'n', 's', 'e', 'e', 'n', 'C', 'H', 33,  0,   1,
                                   2,   1,   0,   3,   2,   7,   6,   5,   4,   1,   9,
                                   10,  'u', 'n', 's', 'e', 'e', 'n', '-', 'a', 's', 'k'};
    const channel_hello hello = example();
    uint8_t bytes[CHANNEL_HELLO_BYTES];
    channel_hello back;

    (void)state;
    assert_int_equal(channel_hello_write(bytes, &hello), sizeof want);
    assert_memory_equal(bytes, want, sizeof want);
    assert_int_equal(channel_hello_read(&back, bytes, sizeof want), CHANNEL_OK);
    same(&back, &hello);
}

static void longest_and_shortest(void **state)
{
    channel_hello hello = example();
    uint8_t bytes[CHANNEL_HELLO_BYTES];
    channel_hello back;
    size_t n;

    (void)state;
    memset(hello.name, 'x', CHANNEL_MAX_NAME);
    hello.suite_count = CHANNEL_MAX_SUITES;
    assert_int_equal(channel_hello_write(bytes, &hello), CHANNEL_HELLO_BYTES);
    assert_int_equal(channel_hello_read(&back, bytes, CHANNEL_HELLO_BYTES), CHANNEL_OK);
    same(&back, &hello);
    hello = (channel_hello){.name = "x", .suite_count = 1};
    n = channel_hello_write(bytes, &hello);
    assert_int_equal(n, CHANNEL_HELLO_START + 3);
    assert_int_equal(channel_hello_read(&back, bytes, n), CHANNEL_OK);
    same(&back, &hello);
}

/* Every other value of every byte: it is refused, or it reads as another HELLO. */
static void damaged(void **state)
{
    const channel_hello hello = example();
    uint8_t bytes[CHANNEL_HELLO_BYTES];
    const size_t n = channel_hello_write(bytes, &hello);
    int refused = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const uint8_t was = bytes[i];

        for (int x = 0; x < 256; x++) {
            channel_hello back;
            channel_status st;

            bytes[i] = (uint8_t)x;
            st = channel_hello_read(&back, bytes, n);
            if (x == was || st != CHANNEL_OK) {
                refused += st != CHANNEL_OK;
                assert_true(st == CHANNEL_OK || st == CHANNEL_ERR_FORMAT ||
                            (st == CHANNEL_ERR_VERSION && i == 10));
            } else {
                uint8_t again[CHANNEL_HELLO_BYTES];

                assert_int_equal(channel_hello_write(again, &back), n);
                assert_memory_equal(again, bytes, n);
            }
        }
        bytes[i] = was;
    }
    assert_true(refused > 256 * 12); /* magic, size, layout and count at least */
    for (size_t cut = 0; cut < n; cut++) {
        channel_hello back;

        assert_int_equal(channel_hello_read(&back, bytes, cut), CHANNEL_ERR_FORMAT);
    }
    bytes[10] ^= 1;
    for (size_t cut = 0; cut < 10; cut++) { /* what lies behind the bytes is not looked at */
        channel_hello back;

        assert_int_equal(channel_hello_read(&back, bytes, cut), CHANNEL_ERR_FORMAT);
    }
    bytes[10] ^= 1;
    bytes[12] = 4;
    bytes[13] = 2; /* lowest above highest */
    {
        channel_hello back;

        assert_int_equal(channel_hello_read(&back, bytes, n), CHANNEL_ERR_FORMAT);
    }
}

static void sizes_as_they_come(void **state)
{
    const channel_hello hello = example();
    uint8_t bytes[CHANNEL_HELLO_BYTES];
    const size_t n = channel_hello_write(bytes, &hello);
    size_t size;

    (void)state;
    for (size_t seen = 0; seen <= n; seen++) {
        assert_int_equal(channel_hello_size(&size, bytes, seen), CHANNEL_OK);
        assert_int_equal(size, seen < 10 ? 0 : n);
    }
    assert_int_equal(channel_hello_size(&size, (const uint8_t *)"unsx", 4), CHANNEL_ERR_FORMAT);
    bytes[8] = CHANNEL_HELLO_BYTES + 1;
    assert_int_equal(channel_hello_size(&size, bytes, n), CHANNEL_ERR_FORMAT);
    bytes[8] = CHANNEL_HELLO_START - 1;
    assert_int_equal(channel_hello_size(&size, bytes, n), CHANNEL_ERR_FORMAT);
}

static void names(void **state)
{
    (void)state;
    assert_true(channel_hello_is_name("a"));
    assert_true(channel_hello_is_name("unseen-ask-09"));
    assert_true(channel_hello_is_name("abcdefghijklmnopqrstuvwxyz012345"));
    assert_false(channel_hello_is_name("abcdefghijklmnopqrstuvwxyz0123456"));
    assert_false(channel_hello_is_name(""));
    assert_false(channel_hello_is_name("Ask"));
    assert_false(channel_hello_is_name("a b"));
    assert_false(channel_hello_is_name("a\x1b"));
}

/* All ranges within 0 to 3 against each other. */
static void highest_common_version(void **state)
{
    (void)state;
    for (uint16_t bits = 0; bits < 256; bits++) {
        channel_hello own = example();
        channel_hello theirs = example();
        channel_choice choice = {99, 99, 99};
        int want = -1;

        own.min_version = bits & 3;
        own.max_version = bits >> 2 & 3;
        theirs.min_version = bits >> 4 & 3;
        theirs.max_version = bits >> 6;
        theirs.max_payload = 1;
        for (int v = 0; v < 4; v++) {
            if (own.min_version <= v && v <= own.max_version && theirs.min_version <= v &&
                v <= theirs.max_version)
                want = v;
        }
        assert_int_equal(channel_hello_choose(&choice, &own, &theirs), want >= 0);
        assert_int_equal(choice.version, want >= 0 ? want : 99);
        assert_int_equal(choice.max_payload, want >= 0 ? own.max_payload : 99);
    }
}

static void own_order_of_suites(void **state)
{
    channel_hello own = example();
    channel_hello theirs = example();
    channel_choice choice;

    (void)state;
    own.suites[0] = 9;
    own.suites[1] = CHANNEL_SUITE_NOISE;
    assert_int_equal(channel_hello_choose(&choice, &own, &theirs), 1);
    assert_int_equal(choice.suite, 9);
    theirs.suite_count = 1;
    assert_int_equal(channel_hello_choose(&choice, &own, &theirs), 1);
    assert_int_equal(choice.suite, CHANNEL_SUITE_NOISE);
    theirs.suites[0] = CHANNEL_SUITE_PLAIN;
    assert_int_equal(channel_hello_choose(&choice, &own, &theirs), 0);
    theirs = example();
    theirs.name[0] = 'x';
    assert_int_equal(channel_hello_choose(&choice, &own, &theirs), 0);
}

static void printed(void **state)
{
    channel_hello hello = example();
    char text[CHANNEL_HELLO_TEXT];

    (void)state;
    channel_hello_print(text, &hello);
    assert_string_equal(text, "unseen-ask versions 1 to 515 over noise, suite 9");
    memset(hello.name, 'x', CHANNEL_MAX_NAME);
    hello.min_version = hello.max_version = 65535;
    hello.suite_count = CHANNEL_MAX_SUITES;
    memset(hello.suites, 255, sizeof hello.suites);
    channel_hello_print(text, &hello);
    assert_non_null(strstr(text, "suite 255, suite 255, suite 255, suite 255"));
}

static void choices(void **state)
{
    static const uint8_t want[CHANNEL_CHOICE_BYTES] = {2, 1, 1, 0, 6, 5, 4, 3};
    const channel_choice choice = {0x0102, 1, 0x03040506};
    uint8_t bytes[CHANNEL_CHOICE_BYTES];
    channel_choice back;

    (void)state;
    channel_choice_write(bytes, &choice);
    assert_memory_equal(bytes, want, sizeof want);
    channel_choice_read(&back, bytes);
    assert_int_equal(back.version, choice.version);
    assert_int_equal(back.suite, choice.suite);
    assert_int_equal(back.max_payload, choice.max_payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_header_says),
        cmocka_unit_test(longest_and_shortest),
        cmocka_unit_test(damaged),
        cmocka_unit_test(sizes_as_they_come),
        cmocka_unit_test(names),
        cmocka_unit_test(highest_common_version),
        cmocka_unit_test(own_order_of_suites),
        cmocka_unit_test(printed),
        cmocka_unit_test(choices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
