/* Metadata set in the bytes of a model: the rest stays byte for byte, keys are replaced. */

#include "nn/fit/onnx_meta.h"

#include "nn/graph.h"
#include "nn/onnx_read.h"

#include "tests/failing.h"
#include "tests/fits.h"

static nn_graph *read(const uint8_t *bytes, size_t size)
{
    nn_graph *g = NULL;
    char why[300] = "";

    if (nn_onnx_read(&g, bytes, size, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    return g;
}

static void test_set(void **unused)
{
    static const nn_onnx_pair first[2] = {{"a", "1"}, {"unseen.fit.x", "two"}};
    static const nn_onnx_pair second[2] = {{"a", "three"}, {"", ""}};
    size_t size, one_size = 0, two_size = 0;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Relu", 1, 4)), *one = NULL, *two = NULL;

    (void)unused;
    assert_int_equal(nn_onnx_set_meta(&one, &one_size, bytes, size, first, 2), NN_OK);
    assert_true(one_size > size);
    assert_memory_equal(one, bytes, size); /* new keys go to the end */
    nn_graph *g = read(one, one_size);
    assert_string_equal(nn_graph_meta_get(g, "a"), "1");
    assert_string_equal(nn_graph_meta_get(g, "unseen.fit.x"), "two");
    assert_string_equal(nn_graph_meta_get(g, "test.name"), "kept");
    nn_graph_free(g);
    assert_int_equal(nn_onnx_set_meta(&two, &two_size, one, one_size, second, 1), NN_OK);
    assert_int_equal(two_size, one_size + strlen("three") - strlen("1")); /* replaced, not added */
    g = read(two, two_size);
    assert_string_equal(nn_graph_meta_get(g, "a"), "three");
    assert_string_equal(nn_graph_meta_get(g, "unseen.fit.x"), "two");
    nn_graph_free(g);
    free(two);
    assert_int_equal(nn_onnx_set_meta(&two, &two_size, one, one_size, NULL, 0), NN_OK);
    assert_int_equal(two_size, one_size);
    assert_memory_equal(two, one, one_size);
    free(bytes);
    free(one);
    free(two);
}

/* Every prefix of a model: a copy, or a refusal; nothing in between. */
static void test_damaged(void **unused)
{
    static const nn_onnx_pair pair = {"test.name", "new"};
    size_t size, out_size = 7;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Relu", 1, 4)), *out = bytes;
    int refused = 0;

    (void)unused;
    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t *copy = malloc(cut + 1); /* so that a sanitizer sees reading beyond */
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        nn_status st = nn_onnx_set_meta(&out, &out_size, copy, cut, &pair, 1);
        assert_true(st == NN_OK || st == NN_ERR_FORMAT);
        assert_true((out == NULL) == (st != NN_OK) && (out_size == 0) == (st != NN_OK));
        refused += st != NN_OK;
        free(out);
        free(copy);
    }
    assert_true(refused > (int)size / 2);
    free(bytes);
}

static void test_no_memory(void **unused)
{
    static const nn_onnx_pair pair = {"key", "value"};
    size_t size, out_size;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Relu", 1, 4)), *out;

    (void)unused;
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_onnx_set_meta(&out, &out_size, bytes, size, &pair, 1);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            break;
        }
        assert_int_equal(st, NN_ERR_MEMORY);
        assert_null(out);
    }
    free(out);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
