/* Constants of other files: what is put in, what is refused, damaged bytes. */

#include "nn/onnx_embed.h"

#include "nn/graph/graph_data.h"
#include "nn/onnx_read.h"

#include "tests/failing.h"
#include "tests/onnx_bytes.h"

/* The file beside the model: four bytes, then 1.5 and -2. */
static const uint8_t weights[12] = {9, 9, 9, 9, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0};

typedef struct place {
    const char *location, *offset, *length; /* NULL leaves one out */
} place;

static void put_entry(nn_onnx_buffer *tensor, const char *key, const char *value)
{
    nn_onnx_buffer e = {.bytes = NULL};

    if (value == NULL)
        return;
    nn_onnx_put_text(&e, 1, key);
    nn_onnx_put_text(&e, 2, value);
    nn_onnx_put_message(tensor, 13, &e);
}

/* y = x + w, where the two numbers of w are elsewhere. */
static nn_onnx_buffer model(const place *p)
{
    nn_onnx_buffer g = {.bytes = NULL}, t = {.bytes = NULL},
                   n = onnx_bytes_node("Add", "a", "x", "w", NULL, "y");

    nn_onnx_put_message(&g, 1, &n);
    nn_onnx_put_varint(&t, 1, 2);
    nn_onnx_put_varint(&t, 2, 1);
    nn_onnx_put_text(&t, 8, "w");
    put_entry(&t, "location", p->location);
    put_entry(&t, "offset", p->offset);
    put_entry(&t, "length", p->length);
    put_entry(&t, "checksum", "not looked at");
    nn_onnx_put_varint(&t, 14, 1);
    nn_onnx_put_message(&g, 5, &t);
    onnx_bytes_constant(&g, "inside", (const float[]){7}, 1);
    onnx_bytes_value(&g, 11, "x", 2, (const uint64_t[]){0, 2});
    onnx_bytes_value(&g, 12, "y", 2, (const uint64_t[]){0, 2});
    nn_onnx_buffer m = onnx_bytes_model(&g, 18);
    nn_onnx_put_fixed32(&m, 100, 1); /* fields that nobody knows */
    nn_onnx_put_fixed64(&m, 101, 2);
    return m;
}

static nn_status open_weights(void *user, const char *name, const uint8_t **bytes, size_t *size,
                              char *why, size_t why_size)
{
    ++*(int *)user;
    if (strcmp(name, "model.onnx.data") != 0) {
        (void)snprintf(why, why_size, "no file '%s'", name);
        return NN_ERR_ARG;
    }
    *bytes = weights;
    *size = sizeof weights;
    return NN_OK;
}

static void test_embed(void **unused)
{
    nn_onnx_buffer m = model(&(place){"model.onnx.data", "4", "8"});
    uint8_t *out;
    size_t size;
    int opened = 0;
    char why[300] = "";
    nn_graph *g;

    (void)unused;
    assert_true(nn_onnx_is_external(m.bytes, m.size));
    assert_int_equal(nn_onnx_read(&g, m.bytes, m.size, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "constant 'w' is stored in another file"));
    assert_int_equal(
        nn_onnx_embed(&out, &size, m.bytes, m.size, open_weights, &opened, why, sizeof why), NN_OK);
    assert_int_equal(opened, 1);
    assert_false(nn_onnx_is_external(out, size));
    if (nn_onnx_read(&g, out, size, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    const nn_tensor *w = &g->value[nn_graph_find(g, "w")].constant;
    testing_assert_near(w->value[0], 1.5, 0);
    testing_assert_near(w->value[1], -2, 0);
    nn_graph_free(g);
    /* Nothing left to do: the same bytes. */
    uint8_t *again;
    size_t again_size;
    assert_int_equal(
        nn_onnx_embed(&again, &again_size, out, size, open_weights, &opened, why, sizeof why),
        NN_OK);
    assert_int_equal(opened, 1);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, out, size);
    free(again);
    free(out);
    nn_onnx_buffer_clear(&m);
}

/* Without offset and length it is the whole file, which here is not two numbers. */
static void test_whole_file(void **unused)
{
    nn_onnx_buffer m = model(&(place){"model.onnx.data", NULL, NULL});
    uint8_t *out;
    size_t size;
    int opened = 0;
    char why[300] = "";
    nn_graph *g;

    (void)unused;
    assert_int_equal(
        nn_onnx_embed(&out, &size, m.bytes, m.size, open_weights, &opened, why, sizeof why), NN_OK);
    assert_int_equal(nn_onnx_read(&g, out, size, why, sizeof why), NN_ERR_FORMAT);
    assert_non_null(strstr(why, "does not hold the 2 numbers"));
    free(out);
    nn_onnx_buffer_clear(&m);
}

static void test_refused(void **unused)
{
    static const char long_name[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        place p;
        nn_status status;
        const char *words;
    } cases[] = {
        {{"../model.onnx.data", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{"/etc/passwd", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{"a\\b", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{"c:b", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{"a\nb", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{".", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{"..", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{"", "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{long_name, "4", "8"}, NN_ERR_UNSUPPORTED, "no plain file name"},
        {{NULL, "4", "8"}, NN_ERR_FORMAT, "a constant without a place"},
        {{"other", "4", "8"}, NN_ERR_ARG, "no file 'other'"},
        {{"model.onnx.data", "5", "8"}, NN_ERR_FORMAT, "at byte 5, and the file has 12 bytes"},
        {{"model.onnx.data", "13", NULL}, NN_ERR_FORMAT, "at byte 13"},
        {{"model.onnx.data", "999999999999999999", "999999999999999999"}, NN_ERR_FORMAT, "at byte"},
        {{"model.onnx.data", "4", "9999999999999999999"}, NN_ERR_FORMAT, "where a constant"},
        {{"model.onnx.data", "-4", "8"}, NN_ERR_FORMAT, "where a constant"},
        {{"model.onnx.data", "", "8"}, NN_ERR_FORMAT, "where a constant"},
        {{"model.onnx.data", "4", "0x8"}, NN_ERR_FORMAT, "where a constant"},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        nn_onnx_buffer m = model(&cases[k].p);
        uint8_t *out = (uint8_t *)&m;
        size_t size = 9;
        int opened = 0;
        char why[300] = "";
        nn_status st =
            nn_onnx_embed(&out, &size, m.bytes, m.size, open_weights, &opened, why, sizeof why);
        if (st != cases[k].status || strstr(why, cases[k].words) == NULL)
            fail_msg("%zu: %d '%s'", k, st, why);
        assert_null(out);
        assert_int_equal(size, 0);
        nn_onnx_buffer_clear(&m);
    }
    assert_int_equal(nn_onnx_embed(NULL, NULL, weights, 1, open_weights, NULL, NULL, 0),
                     NN_ERR_ARG);
    assert_false(nn_onnx_is_external(NULL, 0));
}

/* Every cut, and random changes: no crash, and what comes out can be handed to the reader. */
static void test_damaged(void **unused)
{
    nn_onnx_buffer m = model(&(place){"model.onnx.data", "4", "8"});
    testing_rng rng;
    uint8_t *copy = malloc(m.size);

    (void)unused;
    assert_non_null(copy);
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(3000); n > 0; n--) {
        size_t size = m.size, got;
        uint8_t *out;
        int opened = 0;
        memcpy(copy, m.bytes, m.size);
        if ((size_t)n < m.size)
            size = (size_t)n;
        for (int k = n % 4; k > 0; k--)
            copy[testing_u64(&rng) % m.size] = (uint8_t)testing_u64(&rng);
        (void)nn_onnx_is_external(copy, size);
        if (nn_onnx_embed(&out, &got, copy, size, open_weights, &opened, NULL, 0) == NN_OK) {
            nn_graph *g;
            if (nn_onnx_read(&g, out, got, NULL, 0) == NN_OK)
                nn_graph_free(g);
        }
        free(out);
    }
    free(copy);
    nn_onnx_buffer_clear(&m);
}

static void test_failing_allocations(void **unused)
{
    nn_onnx_buffer m = model(&(place){"model.onnx.data", "4", "8"});

    (void)unused;
    for (long k = 1;; k++) {
        uint8_t *out;
        size_t size;
        int opened = 0;
        failing_from(k);
        nn_status st = nn_onnx_embed(&out, &size, m.bytes, m.size, open_weights, &opened, NULL, 0);
        int hit = failing_stop();
        free(out);
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (!hit)
            break;
    }
    nn_onnx_buffer_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embed),
        cmocka_unit_test(test_whole_file),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
