/* Reading models: what is taken, what is refused with which sentence, hostile bytes. */

#include "nn/onnx_read.h"

#include "nn/graph/graph_data.h"
#include "nn/onnx_write.h"
#include "nn/ref/ref.h"
#include "nn/stages/lower.h"
#include "nn/stages/rewrite.h"

#include "tests/failing.h"
#include "tests/onnx_bytes.h"

static const uint64_t image[4] = {0, 1, 2, 2};

/* x -> Identity -> y, and what the caller adds to the graph before. */
static nn_onnx_buffer simple(void)
{
    nn_onnx_buffer g = {.bytes = NULL}, n = onnx_bytes_node("Identity", "i", "x", NULL, NULL, "y");

    nn_onnx_put_message(&g, 1, &n);
    onnx_bytes_value(&g, 11, "x", 4, image);
    onnx_bytes_value(&g, 12, "y", 4, image);
    return g;
}

static nn_status read(nn_graph **g, const nn_onnx_buffer *m, char *why, size_t why_size)
{
    return nn_onnx_read(g, m->bytes, m->size, why, why_size);
}

/* The model is refused with a status and a text; clears it. */
static void refuse(nn_onnx_buffer m, nn_status status, const char *text)
{
    nn_graph *g = (nn_graph *)&m;
    char why[1500] = "";

    assert_int_equal(read(&g, &m, why, sizeof why), status);
    assert_null(g);
    if (strstr(why, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, why);
    assert_int_equal(read(&g, &m, NULL, 0), status);
    nn_onnx_buffer_clear(&m);
}

static void refuse_graph(nn_onnx_buffer graph, nn_status status, const char *text)
{
    refuse(onnx_bytes_model(&graph, 13), status, text);
}

static void test_simple(void **unused)
{
    nn_onnx_buffer g = simple(), m, meta = {.bytes = NULL}, bad = {.bytes = NULL};
    nn_graph *graph;
    char why[300] = "";

    (void)unused;
    onnx_bytes_constant(&g, "w", (const float[]){1, 2}, 2);
    nn_onnx_put_text(&g, 2, "a name");
    nn_onnx_put_text(&g, 10, "a comment");
    m = onnx_bytes_model(&g, 21);
    nn_onnx_put_text(&meta, 1, "unseen.range.y");
    nn_onnx_put_text(&meta, 2, "4.5");
    nn_onnx_put_message(&m, 14, &meta);
    nn_onnx_put_text(&bad, 1, "value left out"); /* not ours: ignored */
    nn_onnx_put_message(&m, 14, &bad);
    if (read(&graph, &m, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    assert_string_equal(nn_graph_meta_get(graph, "unseen.range.y"), "4.5");
    assert_null(nn_graph_meta_get(graph, "value left out"));
    assert_int_equal(graph->input_count, 1);
    assert_int_equal(graph->output_count, 1);
    assert_int_equal(graph->value[graph->input[0]].dims.dim[0], 0);
    nn_graph_free(graph);
    nn_onnx_buffer_clear(&m);
}

/* An open batch may also be written as -1. */
static void test_negative_batch(void **unused)
{
    nn_onnx_buffer g = {.bytes = NULL}, m;
    nn_graph *graph;

    (void)unused;
    onnx_bytes_value(&g, 11, "x", 2, (const uint64_t[]){UINT64_MAX, 3});
    onnx_bytes_value(&g, 12, "x", 2, (const uint64_t[]){UINT64_MAX, 3});
    m = onnx_bytes_model(&g, 13);
    assert_int_equal(read(&graph, &m, NULL, 0), NN_OK);
    assert_int_equal(graph->value[graph->input[0]].dims.dim[0], 0);
    nn_graph_free(graph);
    nn_onnx_buffer_clear(&m);
}

/* A constant that is listed among the inputs as well, as IR version 3 wants it. */
static void test_listed_constant(void **unused)
{
    nn_onnx_buffer g = simple(), m;
    nn_graph *graph;

    (void)unused;
    onnx_bytes_constant(&g, "w", (const float[]){1, 2}, 2);
    onnx_bytes_value(&g, 11, "w", 1, (const uint64_t[]){2});
    m = onnx_bytes_model(&g, 7);
    assert_int_equal(read(&graph, &m, NULL, 0), NN_OK);
    assert_int_equal(graph->input_count, 1);
    nn_graph_free(graph);
    nn_onnx_buffer_clear(&m);
}

static void add_node(nn_onnx_buffer *g, const char *op, const char *name, const char *out)
{
    nn_onnx_buffer n = onnx_bytes_node(op, name, "x", NULL, NULL, out);

    nn_onnx_put_message(g, 1, &n);
}

static void test_everything_at_once(void **unused)
{
    nn_onnx_buffer g = simple();
    char why[4000], text[40], small[500];
    nn_graph *graph;

    (void)unused;
    add_node(&g, "Elu", "elu1", "a");
    add_node(&g, "Resize", "size\n1", "b");
    add_node(&g, "Softplus", NULL, "c");
    nn_onnx_buffer m = onnx_bytes_model(&g, 13);
    assert_int_equal(read(&graph, &m, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_string_equal(why,
                        "3 nodes cannot be taken:\n"
                        "  Elu 'elu1': replace it by Relu or Swish and train again\n"
                        "  Resize 'size?1': use a convolution with stride, or train at the smaller "
                        "size\n"
                        "  Softplus 'c': replace it by Swish and train again");
    nn_onnx_buffer_clear(&m);
    g = simple();
    for (int k = 0; k < 90; k++) {
        (void)snprintf(text, sizeof text, "r%d", k);
        add_node(&g, "Elu", text, text);
    }
    m = onnx_bytes_model(&g, 13);
    assert_int_equal(read(&graph, &m, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "90 nodes cannot be taken:\n  Elu 'r0'"));
    assert_non_null(strstr(why, "more"));
    assert_int_equal(read(&graph, &m, small, sizeof small), NN_ERR_UNSUPPORTED);
    /* The heading and 4 lines of 56 characters fit, with room for the last one. */
    assert_non_null(strstr(small, "and 86 more"));
    nn_onnx_buffer_clear(&m);
}

static void test_refused_models(void **unused)
{
    static const uint8_t picture[8] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
    nn_onnx_buffer g, m = {.bytes = NULL};
    nn_graph *graph;
    char why[300];

    (void)unused;
    refuse(m, NN_ERR_ARG, "");
    assert_int_equal(nn_onnx_read(NULL, picture, 8, why, sizeof why), NN_ERR_ARG);
    assert_int_equal(nn_onnx_read(&graph, picture, 0, why, sizeof why), NN_ERR_FORMAT);
    assert_int_equal(nn_onnx_read(&graph, picture, 8, why, sizeof why), NN_ERR_FORMAT);
    assert_non_null(strstr(why, "no ONNX file or a damaged one"));
    g = simple();
    refuse(onnx_bytes_model(&g, 6), NN_ERR_UNSUPPORTED, "operator set 6");
    g = simple();
    refuse(onnx_bytes_model(&g, 0), NN_ERR_UNSUPPORTED, "operator set 0");
    g = simple();
    refuse(onnx_bytes_model(&g, 1000), NN_ERR_UNSUPPORTED, "operator set 1000");
    nn_onnx_put_varint(&m, 7, 1); /* the graph is a number */
    refuse(m, NN_ERR_FORMAT, "cut short");
    m = (nn_onnx_buffer){.bytes = NULL};
    nn_onnx_put_varint(&m, 1, 8);
    refuse(m, NN_ERR_FORMAT, "no graph");
    g = simple();
    m = onnx_bytes_model(&g, 13);
    nn_onnx_put_varint(&m, 8, 13);
    refuse(m, NN_ERR_FORMAT, "a message is missing");
    g = simple();
    m = onnx_bytes_model(&g, 13);
    nn_onnx_put_bytes(&m, 14, "\xff", 1);
    refuse(m, NN_ERR_FORMAT, "its metadata");
    g = simple();
    m = onnx_bytes_model(&g, 13);
    nn_onnx_put_bytes(&m, 8, "\xff", 1);
    refuse(m, NN_ERR_FORMAT, "its operator sets");
}

static void test_refused_graphs(void **unused)
{
    nn_onnx_buffer g = {.bytes = NULL}, t = {.bytes = NULL}, n;

    (void)unused;
    onnx_bytes_value(&g, 11, "x", 4, image);
    refuse_graph(g, NN_ERR_FORMAT, "no output");
    g = simple();
    nn_onnx_put_bytes(&g, 15, "", 0);
    refuse_graph(g, NN_ERR_UNSUPPORTED, "sparse constant");
    g = simple();
    onnx_bytes_value(&g, 12, "nothing", 4, image);
    refuse_graph(g, NN_ERR_FORMAT, "no value 'nothing'");
    g = simple();
    onnx_bytes_value(&g, 11, "x", 4, image);
    refuse_graph(g, NN_ERR_FORMAT, "two values have the name 'x'");
    g = simple();
    onnx_bytes_value(&g, 11, "z", 4, (const uint64_t[]){1, 3, 0, 224});
    refuse_graph(g, NN_ERR_UNSUPPORTED, "input 'z' has no fixed size in dimension 2");
    g = simple();
    onnx_bytes_value(&g, 11, "z", 2, (const uint64_t[]){1, UINT32_MAX});
    refuse_graph(g, NN_ERR_SHAPE, "too large");
    g = simple();
    onnx_bytes_value(&g, 11, "z", 9, (const uint64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1});
    refuse_graph(g, NN_ERR_SHAPE, "too large");
    g = simple();
    nn_onnx_put_text(&t, 1, "z");
    nn_onnx_put_message(&g, 11, &t);
    refuse_graph(g, NN_ERR_UNSUPPORTED, "input 'z' has no shape");
    g = simple();
    nn_onnx_put_varint(&t, 2, 1);
    nn_onnx_put_message(&g, 11, &t);
    refuse_graph(g, NN_ERR_FORMAT, "the name of an input or output");
    g = simple();
    nn_onnx_put_text(&t, 1, "z");
    nn_onnx_put_varint(&t, 2, 1);
    nn_onnx_put_message(&g, 11, &t);
    refuse_graph(g, NN_ERR_FORMAT, "an input's type");
    g = simple();
    nn_onnx_put_varint(&t, 2, 1);
    nn_onnx_put_fixed32(&t, 4, 0);
    nn_onnx_put_message(&g, 5, &t);
    refuse_graph(g, NN_ERR_FORMAT, "a constant without a name");
    g = simple();
    nn_onnx_put_varint(&g, 1, 3);
    refuse_graph(g, NN_ERR_FORMAT, "a message is missing");
    g = simple();
    nn_onnx_put_bytes(&g, 1, "\xff", 1);
    refuse_graph(g, NN_ERR_FORMAT, "a node");
    g = simple();
    onnx_bytes_constant(&g, "w", (const float[]){NAN}, 1);
    refuse_graph(g, NN_ERR_RANGE, "constant 'w': number 0 is not finite");
    g = simple();
    n = onnx_bytes_node("Add", "a", "x", NULL, NULL, "z");
    nn_onnx_put_message(&g, 1, &n);
    refuse_graph(g, NN_ERR_FORMAT, "Add 'a': 1 inputs");
}

/* A small network of our own writer, for damage: convolution, batch norm, square, dense. */
static void network(uint8_t **bytes, size_t *size)
{
    const float w[8] = {1, -1, 0.5f, 2, -2, 1, 1, 0.25f}, p[2] = {1, 2},
                d[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 3, 3});
    nn_graph_initializer(g, "w", 4, (const size_t[]){2, 1, 2, 2}, w);
    nn_graph_initializer(g, "p", 1, (const size_t[]){2}, p);
    nn_graph_initializer(g, "d", 2, (const size_t[]){1, 8}, d);
    nn_graph_initializer_ints(g, "s", (const int64_t[]){0, -1}, 2);
    nn_graph_node(g, "Conv", "c", (const char *const[]){"x", "w", "p"}, 3, "a");
    nn_graph_attr_ints(g, "strides", (const int64_t[]){1, 1}, 2);
    nn_graph_attr_ints(g, "pads", (const int64_t[]){0, 0, 0, 0}, 4);
    nn_graph_node(g, "BatchNormalization", "", (const char *const[]){"a", "p", "p", "p", "p"}, 5,
                  "b");
    nn_graph_attr_float(g, "epsilon", 0.01f);
    nn_graph_node(g, "Mul", "m", (const char *const[]){"b", "b"}, 2, "q");
    nn_graph_node(g, "Reshape", "r", (const char *const[]){"q", "s"}, 2, "f");
    nn_graph_node(g, "Gemm", "g", (const char *const[]){"f", "d"}, 2, "y");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_attr_text(g, "note", "text");
    nn_graph_output(g, "y");
    nn_graph_meta(g, "unseen.range.b", "3");
    assert_int_equal(nn_onnx_write(g, bytes, size, NULL, 0), NN_OK);
    nn_graph_free(g);
}

/* Read bytes, and when they are taken, all that comes after. The block has their exact length, so
 * that reading beyond is noticed. Returns the status of reading. */
static nn_status digest(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    char why[600] = "";
    nn_graph *g = NULL;
    nn_stages s;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    nn_status st = nn_onnx_read(&g, copy, size, why, sizeof why);
    free(copy);
    if (st != NN_OK) {
        assert_null(g);
        assert_true(strlen(why) > 0);
        return st;
    }
    nn_status later = nn_lower(&s, g, why, sizeof why);
    if (later == NN_OK)
        later = nn_rewrite_merge(&s, NULL, NULL, why, sizeof why);
    assert_true(later == NN_OK || strlen(why) > 0);
    nn_stages_clear(&s);
    nn_graph_free(g);
    return NN_OK;
}

static void test_truncation(void **unused)
{
    uint8_t *bytes;
    size_t size, taken = 0;

    (void)unused;
    network(&bytes, &size);
    assert_int_equal(digest(bytes, size), NN_OK);
    for (size_t n = 0; n < size; n++)
        taken += digest(bytes, n) == NN_OK;
    assert_true(taken <= 1); /* only the metadata, which come last, can be missed without harm */
    free(bytes);
}

static void test_alteration(void **unused)
{
    testing_rng rng;
    uint8_t *bytes;
    size_t size;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    network(&bytes, &size);
    for (size_t n = 0; n < size; n++) {
        uint8_t kept = bytes[n];
        for (int v = 0; v < 12; v++) {
            uint64_t change = v < 8    ? kept ^ UINT64_C(1) << v
                              : v == 8 ? 0
                              : v == 9 ? 0xff
                                       : testing_u64(&rng);
            bytes[n] = (uint8_t)change;
            (void)digest(bytes, size);
        }
        bytes[n] = kept;
    }
    for (int n = testing_iters(2000); n > 0; n--) { /* several at a time, and pieces moved */
        uint8_t *copy = malloc(size);
        memcpy(copy, bytes, size);
        for (uint64_t k = 1 + testing_below(&rng, 4); k > 0; k--)
            copy[testing_below(&rng, size)] = (uint8_t)testing_edge_u64(&rng);
        if (n % 4 == 0) {
            size_t from = (size_t)testing_below(&rng, size), to = (size_t)testing_below(&rng, size);
            memmove(copy + to, bytes + from, (size - (from > to ? from : to)) / 2);
        }
        (void)digest(copy, size);
        free(copy);
    }
    free(bytes);
}

static void test_failing_allocations(void **unused)
{
    nn_onnx_buffer g = simple(), m, n;
    nn_onnx_buffer a = onnx_bytes_attr("value_floats", 6), meta = {.bytes = NULL};
    uint8_t *bytes;
    size_t size;

    (void)unused;
    n = onnx_bytes_node("Constant", "c", NULL, NULL, NULL, "z");
    nn_onnx_put_fixed32(&a, 7, 0x3f000000);
    nn_onnx_put_message(&n, 5, &a);
    nn_onnx_put_message(&g, 1, &n);
    onnx_bytes_constant(&g, "w", (const float[]){1, 2}, 2);
    m = onnx_bytes_model(&g, 13);
    nn_onnx_put_text(&meta, 1, "key");
    nn_onnx_put_text(&meta, 2, "value");
    nn_onnx_put_message(&m, 14, &meta);
    network(&bytes, &size);
    for (int which = 0; which < 2; which++) {
        for (long k = 1;; k++) {
            nn_graph *graph;
            char why[300] = "";
            failing_from(k);
            nn_status st = nn_onnx_read(&graph, which == 0 ? m.bytes : bytes,
                                        which == 0 ? m.size : size, why, sizeof why);
            int hit = failing_stop();
            assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
            if (hit && strstr(why, "memory") == NULL)
                fail_msg("allocation %ld: '%s'", k, why);
            nn_graph_free(graph);
            if (!hit)
                break;
        }
    }
    nn_onnx_buffer_clear(&m);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple),
        cmocka_unit_test(test_listed_constant),
        cmocka_unit_test(test_negative_batch),
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_refused_models),
        cmocka_unit_test(test_refused_graphs),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_alteration),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
