/* Networks that cannot be run, each for a reason of its own: refused when they are planned, with
 * the layer and a way out in one sentence, by every command that plans, before a key is made. */
#define _XOPEN_SOURCE 700

#include "nn/graph.h"
#include "tests/onnx_bytes.h"
#include "tests/program.h"

enum { UNSUPPORTED = 5, NO_PARAMS = 6, NO_FILE = 8 };

/* ---- networks: each builds on a convolution, 'convolution', of the image, which gives "conv" */

static void head(nn_graph *g, float weight)
{
    float kernel[25];

    for (size_t i = 0; i < 25; i++)
        kernel[i] = i % 2 == 0 ? weight : -weight / 2;
    nn_graph_input(g, "image", (nn_shape){1, PROGRAM_SIDE, PROGRAM_SIDE});
    nn_graph_initializer(g, "kernel", 4, (const size_t[]){1, 1, 5, 5}, kernel);
    nn_graph_node(g, "Conv", "convolution", (const char *const[]){"image", "kernel"}, 2, "conv");
    nn_graph_attr_ints(g, "strides", (const int64_t[]){4, 4}, 2);
}

/* A dense layer of 10 numbers behind a value of 36. */
static void tail(nn_graph *g, const char *from)
{
    float dense[PROGRAM_LABELS * 36];

    for (size_t i = 0; i < PROGRAM_LABELS * 36; i++)
        dense[i] = 0.05f * (float)(i % 7) - 0.15f;
    nn_graph_initializer(g, "dense", 2, (const size_t[]){36, PROGRAM_LABELS}, dense);
    nn_graph_node(g, "Flatten", "flatten", (const char *const[]){from}, 1, "flat");
    nn_graph_node(g, "MatMul", "dense layer", (const char *const[]){"flat", "dense"}, 2, "logits");
    nn_graph_output(g, "logits");
}

static void square(nn_graph *g, const char *name, const char *from, const char *to)
{
    nn_graph_node(g, "Mul", name, (const char *const[]){from, from}, 2, to);
}

static void runs(nn_graph *g)
{
    head(g, 0.1f);
    square(g, "first square", "conv", "s");
    tail(g, "s");
}

/* So many times a matrix and the square, of numbers that stay below 1, as measured. */
static void layers(nn_graph *g, int count)
{
    float w[36 * 36];
    char from[24] = "f", to[24], text[40];

    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = i % 37 == 0 ? 0.9f : 0.01f;
    head(g, 0.08f);
    nn_graph_node(g, "Flatten", "flatten", (const char *const[]){"conv"}, 1, "f");
    nn_graph_initializer(g, "w", 2, (const size_t[]){36, 36}, w);
    for (int i = 0; i < count; i++) {
        snprintf(to, sizeof to, "m%d", i);
        snprintf(text, sizeof text, "matrix%d", i);
        nn_graph_node(g, "MatMul", text, (const char *const[]){from, "w"}, 2, to);
        snprintf(from, sizeof from, "s%d", i);
        snprintf(text, sizeof text, "square%d", i);
        square(g, text, to, from);
        snprintf(text, sizeof text, "unseen.range.s%d", i);
        nn_graph_meta(g, text, "1");
    }
    nn_graph_output(g, from);
}

static void deep(nn_graph *g)
{
    layers(g, 40);
}

static void steep(nn_graph *g)
{
    layers(g, 5);
}

static void not_fitted(nn_graph *g)
{
    head(g, 0.1f);
    nn_graph_node(g, "Relu", "first relu", (const char *const[]){"conv"}, 1, "r");
    tail(g, "r");
}

/* Squares of numbers of which nobody has said how large they are. */
static void not_measured(nn_graph *g)
{
    head(g, 3.0f);
    square(g, "first square", "conv", "a");
    square(g, "second square", "a", "b");
    square(g, "third square", "b", "c");
    square(g, "fourth square", "c", "d");
    tail(g, "d");
}

/* Measured, and grown; logits as in a network that was trained so. */
static void enlarged(nn_graph *g, float factor, const char *range, const char *logits)
{
    head(g, 0.5f);
    nn_graph_meta(g, "unseen.range.conv", "8");
    square(g, "first square", "conv", "a");
    nn_graph_initializer(g, "factor", 1, (const size_t[]){1}, &factor);
    nn_graph_node(g, "Mul", "enlarge", (const char *const[]){"a", "factor"}, 2, "b");
    nn_graph_meta(g, "unseen.range.b", range);
    square(g, "second square", "b", "c");
    tail(g, "c");
    nn_graph_meta(g, "unseen.range.logits", logits);
}

/* Beyond all use. */
static void exploding(nn_graph *g)
{
    enlarged(g, 25000.0f, "1100000", "1.75e9");
}

/* So far that it takes more bits than the default. */
static void growing(nn_graph *g)
{
    enlarged(g, 150.0f, "6500", "63000");
}

/* The same, and logits are known to be small but for some: the more bits. */
static void growing_logits(nn_graph *g)
{
    enlarged(g, 150.0f, "6500", "63000 60");
}

static void softmax_inside(nn_graph *g)
{
    head(g, 0.1f);
    nn_graph_node(g, "Softmax", "early softmax", (const char *const[]){"conv"}, 1, "p");
    square(g, "first square", "p", "s");
    tail(g, "s");
}

static void two_inputs(nn_graph *g)
{
    head(g, 0.1f);
    nn_graph_input(g, "extra", (nn_shape){1, 6, 6});
    nn_graph_node(g, "Add", "both", (const char *const[]){"conv", "extra"}, 2, "s");
    tail(g, "s");
}

static void sees_nothing(nn_graph *g)
{
    head(g, 0.0f);
    square(g, "first square", "conv", "s");
    tail(g, "s");
}

/* ---- networks that only bytes can hold */

static void write_bytes(const char *path, nn_onnx_buffer *model)
{
    assert_int_equal(model->failed, 0);
    program_write(path, model->bytes, model->size);
    free(model->bytes);
}

static void add_node(nn_onnx_buffer *graph, const char *op, const char *name, const char *in0,
                     const char *in1, const char *out)
{
    nn_onnx_buffer node = onnx_bytes_node(op, name, in0, in1, NULL, out);
    nn_onnx_put_message(graph, 1, &node);
}

/* Three operators, two of which nobody takes. */
static void write_unknown(const char *path)
{
    nn_onnx_buffer graph = {.bytes = NULL};

    add_node(&graph, "GridSample", "warp", "image", NULL, "w");
    add_node(&graph, "Flatten", "flatten", "w", NULL, "f");
    add_node(&graph, "NonZero", "find", "f", NULL, "y");
    onnx_bytes_value(&graph, 11, "image", 4, (const uint64_t[]){1, 1, 28, 28});
    onnx_bytes_value(&graph, 12, "y", 2, (const uint64_t[]){1, 784});
    nn_onnx_buffer model = onnx_bytes_model(&graph, 13);
    write_bytes(path, &model);
}

/* An image of any size. */
static void write_open(const char *path)
{
    nn_onnx_buffer graph = {.bytes = NULL};

    add_node(&graph, "Mul", "square", "image", "image", "y");
    onnx_bytes_value(&graph, 11, "image", 4, (const uint64_t[]){1, 1, 0, 0});
    onnx_bytes_value(&graph, 12, "y", 4, (const uint64_t[]){1, 1, 0, 0});
    nn_onnx_buffer model = onnx_bytes_model(&graph, 13);
    write_bytes(path, &model);
}

/* A shape that is made of the image's numbers. */
static void write_shapeless(const char *path)
{
    nn_onnx_buffer graph = {.bytes = NULL};

    add_node(&graph, "Reshape", "by its numbers", "image", "image", "y");
    onnx_bytes_value(&graph, 11, "image", 4, (const uint64_t[]){1, 1, 28, 28});
    onnx_bytes_value(&graph, 12, "y", 2, (const uint64_t[]){1, 784});
    nn_onnx_buffer model = onnx_bytes_model(&graph, 13);
    write_bytes(path, &model);
}

/* ---- the table */

typedef struct refusal {
    const char *what;           /* the file's name too */
    void (*build)(nn_graph *g); /* or: */
    void (*write)(const char *path);
    const char *options; /* of the plan */
    int status;
    int lines;           /* 1, or a list */
    const char *said[4]; /* what is wrong, where, and a way out */
} refusal;

static const refusal refusals[] = {
    {"deep", deep, NULL, "--log-n 16", NO_PARAMS, 1, {"N = 65536", "'", "fewer layers"}},
    {"precise",
     steep,
     NULL,
     "--precision 40 --log-n 13",
     NO_PARAMS,
     1,
     {"precision", "'", "(--precision)"}},
    {"small",
     runs,
     NULL,
     "--log-n 11",
     NO_PARAMS,
     1,
     {"N = 2048", "'convolution", "a larger N (--log-n)"}},
    {"memory", runs, NULL, "--memory 1M --log-n 13", NO_PARAMS, 1, {"1.0 MiB", "'", "(--memory)"}},
    {"relu", not_fitted, NULL, "", UNSUPPORTED, 2, {"'first relu'", "fitted", "unseen fit"}},
    {"range", not_measured, NULL, "", UNSUPPORTED, 1, {"range of '", "square", "unseen fit"}},
    {"explodes",
     exploding,
     NULL,
     "--log-n 14",
     UNSUPPORTED,
     1,
     {"labels cannot be told apart", "'second square'", "unseen fit", "--precision"}},
    {"middle", softmax_inside, NULL, "", UNSUPPORTED, 2, {"'early softmax'", "Softmax"}},
    {"inputs", two_inputs, NULL, "", UNSUPPORTED, 1, {"2 inputs", "one of each", "constant"}},
    {"zeros", sees_nothing, NULL, "", UNSUPPORTED, 1, {"'convolution", "zero", "train"}},
    {"unknown", NULL, write_unknown, "", UNSUPPORTED, 3, {"GridSample 'warp'", "NonZero 'find'"}},
    {"open", NULL, write_open, "", UNSUPPORTED, 1, {"'image'", "fixed", "export"}},
    {"shapeless", NULL, write_shapeless, "", UNSUPPORTED, 1, {"'by its numbers'", "depends"}},
};

enum { REFUSALS = sizeof refusals / sizeof *refusals };

static void write_model(const refusal *r, const char *path)
{
    nn_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (r->write != NULL) {
        r->write(path);
        return;
    }
    assert_int_equal(nn_graph_create(&g), NN_OK);
    r->build(g);
    assert_string_equal(nn_graph_error(g), "");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    program_write(path, bytes, size);
    free(bytes);
    nn_graph_free(g);
}

static int lines_of(const char *text)
{
    int lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* What was said behind "unseen COMMAND: ", the file's name cut off as well. */
static const char *sentence(void)
{
    const char *at = strstr(program_err, "onnx: ");
    assert_non_null(at);
    return at + 6;
}

static int begin(void **state)
{
    int st = program_begin(state);
    program_idx("images", "labels", 2, 1);
    program_write("keys", "", 0);
    program_write("request", "", 0);
    return st;
}

/* `unseen plan` says all of it and writes nothing. */
static void refused_by_plan(const refusal *r, const char *path)
{
    int status = program_run("plan %s %s -o x.plan", path, r->options);

    if (status != r->status)
        fail_msg("%s: status %d, not %d; %s", r->what, status, r->status, program_err);
    if (lines_of(program_err) != r->lines)
        fail_msg("%s: %s", r->what, program_err);
    for (size_t k = 0; k < 4 && r->said[k] != NULL; k++)
        if (strstr(program_err, r->said[k]) == NULL)
            fail_msg("%s: '%s' is not in: %s", r->what, r->said[k], program_err);
    assert_string_equal(program_out, "");
}

/* The others that plan say the same; none of them gets as far as a key. */
static void each_reason(void **state)
{
    static const char *const lines[] = {
        "infer %s keys request -o x %s",
        "eval %s --images images --labels labels %s",
        "check %s --images images --count 1 %s",
    };
    static char said[PROGRAM_TEXT];

    (void)state;
    for (size_t i = 0; i < REFUSALS; i++) {
        const refusal *r = &refusals[i];
        char path[40];

        snprintf(path, sizeof path, "%s.onnx", r->what);
        write_model(r, path);
        int entries = program_entries();
        refused_by_plan(r, path);
        snprintf(said, sizeof said, "%s", sentence());
        for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
            program_expect(r->status, lines[k], path, r->options);
            assert_string_equal(sentence(), said);
            assert_string_equal(program_out, "");
        }
        assert_int_equal(program_entries(), entries);
        remove(path);
    }
    /* Without a plan file there are no keys. */
    program_expect(NO_FILE, "keygen x.plan -s secret -e eval");
    program_one_sentence("keygen", "x.plan: ");
    assert_false(program_has("secret") || program_has("eval"));
}

/* More precision than the default is taken where labels need it, and nobody asked for less. */
static void precision_follows_labels(void **state)
{
    static const refusal grows = {"grows", growing, NULL, "", 0, 0, {NULL}};
    static const refusal small = {"grows", growing_logits, NULL, "", 0, 0, {NULL}};

    (void)state;
    write_model(&grows, "grows.onnx");
    program_expect(UNSUPPORTED, "plan grows.onnx --precision 13");
    program_one_sentence("plan", "labels cannot be told apart");
    program_expect(0, "plan grows.onnx --explain");
    assert_non_null(strstr(program_out, "15.0 bits are kept"));
    write_model(&small, "grows.onnx");
    program_expect(0, "plan grows.onnx --explain");
    assert_non_null(strstr(program_out, "19.0 bits are kept"));
    remove("grows.onnx");
}

/* In batches thousands of images want memory together. */
static void batches_are_bounded(void **state)
{
    static const refusal fine = {"fine", runs, NULL, "", 0, 0, {NULL}};

    (void)state;
    write_model(&fine, "fine.onnx");
    int entries = program_entries();
    program_expect(
        NO_PARAMS,
        "eval fine.onnx --images images --labels labels --batch 4096 --memory 2M --log-n 13");
    program_one_sentence("eval", "(--batch, --images)");
    program_one_sentence("eval", "widest layer, '");
    program_expect(NO_PARAMS, "plan fine.onnx --images 4096 --memory 2M --log-n 13");
    program_one_sentence("plan", "(--batch, --images)");
    assert_int_equal(program_entries(), entries);
}

/* The plan asks for more than the machine has; sanitizers want an address space of their own. */
static void machines_are_small(void **state)
{
    (void)state;
    if (program_run("--version >/dev/null 2>&1; (ulimit -v 40000; $U --version)") != 0)
        skip();
    program_expect(NO_PARAMS, "--version >/dev/null; (ulimit -v 17000; $U plan fine.onnx)");
    program_one_sentence("plan", "this machine has 16.6 MiB");
    /* Another one will run it. */
    program_expect(0, "--version >/dev/null; (ulimit -v 400000; $U plan fine.onnx --memory 1G)");
}

/* More precision is the way out of an exploding range, and the sentence says how much. */
static void the_way_out_leads_out(void **state)
{
    static const refusal boom = {"boom", exploding, NULL, "", 0, 0, {NULL}};
    const char *at;
    int bits = 0;

    (void)state;
    write_model(&boom, "boom.onnx");
    program_expect(UNSUPPORTED, "plan boom.onnx --log-n 14");
    at = strstr(program_err, "ask for ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "ask for %d bits", &bits), 1);
    program_expect(0, "plan boom.onnx --log-n 14 --precision %d", bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason),           cmocka_unit_test(precision_follows_labels),
        cmocka_unit_test(batches_are_bounded),   cmocka_unit_test(machines_are_small),
        cmocka_unit_test(the_way_out_leads_out),
    };
    return cmocka_run_group_tests(tests, begin, program_end);
}
