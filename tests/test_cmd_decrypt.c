/* unseen decrypt from the command line: what a network ends in is computed of the logits. */
#define _XOPEN_SOURCE 700

#include "nn/graph/graph_data.h"
#include "nn/ref/ref.h"

#include "tests/program.h"

enum { PIXELS = PROGRAM_SIDE * PROGRAM_SIDE };

/* By how much a logit may be off: the plan keeps 13 bits of numbers that reach about 40. */
static const double logit_error = 1e-2;

/* The small network with something behind its logits, as NAME.onnx, and its graph. */
static nn_graph *write_model(const char *path, const char *const *ops, size_t count)
{
    nn_graph *g = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    testing_rng rng;
    char from[24] = "logits", to[24];

    testing_rng_init(&rng, 5);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    program_nodes(g, &rng, 0);
    for (size_t k = 0; k < count; k++) {
        (void)snprintf(to, sizeof to, "end%zu", k);
        nn_graph_node(g, ops[k], to, (const char *const[]){from}, 1, to);
        nn_graph_attr_int(g, "axis", 1);
        memcpy(from, to, sizeof from);
    }
    g->output_count = 0;
    nn_graph_output(g, from);
    assert_string_equal(nn_graph_error(g), "");
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    program_write(path, bytes, size);
    free(bytes);
    return g;
}

/* The numbers of an array of the last command's JSON. */
static size_t numbers(double *out, size_t room, const char *key)
{
    char text[32];
    size_t count = 0;

    (void)snprintf(text, sizeof text, "\"%s\": [", key);
    const char *at = strstr(program_out, text);
    assert_non_null(at);
    for (at += strlen(text);; at++) {
        char *end;
        double x = strtod(at, &end);
        assert_true(end != at && count < room);
        out[count++] = x;
        at = end + strspn(end, " \n");
        if (*at == ']')
            return count;
    }
}

static void picture(float *image, const char *path)
{
    static char bytes[PROGRAM_TEXT];

    assert_int_equal(program_slurp(bytes, sizeof bytes, path), 13 + PIXELS);
    for (size_t i = 0; i < PIXELS; i++)
        image[i] = (float)(uint8_t)bytes[13 + i] / 255.0f;
}

/* All steps with a network; what it gives must be what its file says, computed in the clear. Errors
 * of at most e of the logits change a probability by at most e, for its derivatives sum up to at
 * most 2 p (1 - p) <= 1/2 in magnitude, and a logarithm by at most 2 e. */
static void check(const char *const *ops, size_t count, const char *tail, size_t outputs)
{
    static float image[PIXELS];
    double logits[PROGRAM_LABELS], output[PROGRAM_LABELS];
    nn_graph *g = write_model("t.onnx", ops, count);
    nn_tensor in, want;
    char text[64];

    program_pgm("t.pgm", 3);
    picture(image, "t.pgm");
    program_expect(0, "plan t.onnx -o t.plan");
    program_expect(0, "keygen t.plan -s t.secret -e t.eval --force");
    program_expect(0, "encrypt t.plan t.secret t.pgm -o t.request");
    program_expect(0, "infer t.onnx t.eval t.request -o t.response");
    program_expect(0, "decrypt t.plan t.secret t.response --json");
    assert_non_null(strstr(program_out, "\"label\": "));
    assert_non_null(strstr(program_out, "\"confidence\": "));
    (void)snprintf(text, sizeof text, "\"tail\": \"%s\"", tail);
    assert_non_null(strstr(program_out, text));
    assert_int_equal(numbers(logits, PROGRAM_LABELS, "logits"), PROGRAM_LABELS);
    assert_int_equal(numbers(output, PROGRAM_LABELS, "output"), outputs);
    nn_dims dims = {4, {1, 1, PROGRAM_SIDE, PROGRAM_SIDE}};
    assert_int_equal(nn_tensor_borrow(&in, &dims, image), NN_OK);
    assert_int_equal(nn_ref_run(g, &in, &want, NULL, 0), NN_OK);
    assert_int_equal(want.count, outputs);
    for (size_t i = 0; i < outputs; i++) {
        double w = want.value != NULL ? (double)want.value[i] : (double)want.number[i];
        testing_assert_near(output[i], w, want.value != NULL ? 2 * logit_error : 0);
    }
    program_expect(0, "decrypt t.plan t.secret t.response");
    (void)snprintf(text, sizeof text, "\n%s ", tail);
    assert_non_null(strstr(program_out, text));
    nn_tensor_clear(&want);
    nn_graph_free(g);
}

static void probabilities(void **state)
{
    (void)state;
    check((const char *const[]){"Softmax"}, 1, "Softmax", PROGRAM_LABELS);
}

static void logarithms(void **state)
{
    (void)state;
    check((const char *const[]){"LogSoftmax"}, 1, "LogSoftmax", PROGRAM_LABELS);
}

static void classes(void **state)
{
    (void)state;
    check((const char *const[]){"Softmax", "ArgMax"}, 2, "ArgMax", 1);
}

/* Two softmaxes cannot both be left to the client; the plan says so before there is a key. */
static void two_tails_are_refused(void **state)
{
    (void)state;
    nn_graph_free(write_model("w.onnx", (const char *const[]){"Softmax", "LogSoftmax"}, 2));
    program_expect(5, "plan w.onnx -o w.plan");
    assert_non_null(strstr(program_err, "remove it or end the network there"));
    assert_false(program_has("w.plan"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities),
        cmocka_unit_test(logarithms),
        cmocka_unit_test(classes),
        cmocka_unit_test(two_tails_are_refused),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}
