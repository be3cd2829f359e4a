/* Sentences and lists, in buffers of every size. */

#include "nn/base/why.h"

#include "tests/testing.h"

static void test_sentence(void **unused)
{
    char text[16];

    (void)unused;
    assert_int_equal(nn_why(text, sizeof text, NN_ERR_SHAPE, "%d and %d", 1, 2), NN_ERR_SHAPE);
    assert_string_equal(text, "1 and 2");
    assert_int_equal(nn_why(text, sizeof text, NN_ERR_ARG, "%s", "a long text that is cut"),
                     NN_ERR_ARG);
    assert_string_equal(text, "a long text tha");
    assert_int_equal(nn_why(text, sizeof text, NN_OK, "a\033[1mb\x7f"), NN_OK);
    assert_string_equal(text, "a?[1mb?");
    assert_int_equal(nn_why(NULL, 0, NN_ERR_MEMORY, "nothing"), NN_ERR_MEMORY);
}

static void test_list(void **unused)
{
    char text[1000];
    nn_why_list list;

    (void)unused;
    nn_why_list_init(&list, text, sizeof text);
    assert_string_equal(text, "");
    nn_why_list_add(&list, "first %d", 1);
    nn_why_list_add(&list, "second\n");
    nn_why_list_finish(&list, "%zu faults:", list.count);
    assert_string_equal(text, "2 faults:\n  first 1\n  second?");
    assert_int_equal(list.hidden, 0);
}

/* Every buffer size: what is there is ended, begins with the heading, and counts what is hidden. */
static void test_list_sizes(void **unused)
{
    (void)unused;
    for (size_t size = 0; size <= 700; size++) {
        char *text = malloc(size + 1), more[40];
        nn_why_list list;

        memset(text, '#', size + 1);
        nn_why_list_init(&list, size > 0 ? text : NULL, size);
        for (int k = 0; k < 20; k++)
            nn_why_list_add(&list, "complaint number %d is here", k);
        nn_why_list_finish(&list, "heading:");
        assert_int_equal(list.count, 20);
        assert_int_equal(text[size], '#');
        if (size > 0) {
            assert_true(strlen(text) < size);
            assert_memory_equal(text, "heading:", size <= 8 ? size - 1 : 8);
        }
        if (size > 100) {
            (void)snprintf(more, sizeof more, " %zu more", list.hidden);
            assert_true(list.hidden == 0 || strstr(text, more) != NULL);
            assert_true(size < 300 || list.hidden < 20);
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentence),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
