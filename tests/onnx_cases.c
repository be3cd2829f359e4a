/* Replays cases of model.onnx, input_K.pb and output_K.pb against the reference, before and after
 * folding, and where the batch is one image also against the lowered and the merged stages.
 *
 * onnx_cases FOLDER: every case in FOLDER; without an argument those of tests/corpus/onnx. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>

#include "nn/fold.h"
#include "nn/graph_data.h"
#include "nn/lower.h"
#include "nn/onnx_read.h"
#include "nn/onnx_tensor.h"
#include "nn/ref.h"
#include "nn/rewrite.h"
#include "nn/tail.h"

#include "tests/testing.h"

enum { CASES_MAX = 1000, PATH_SIZE = 1000 };

/* The answers are float32 computed in another order of summation: a hundred roundings of 2^-24,
 * relative to numbers that are at most a few hundred times larger than what they cancel to. */
static double tolerance(double want)
{
    return 2e-5 * fabs(want) + 1e-5;
}

static uint8_t *read_file(size_t *size, const char *folder, const char *name)
{
    char path[PATH_SIZE + 100];
    uint8_t *bytes = NULL;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    *size = 0;
    if (f == NULL)
        return NULL;
    for (size_t room = 4096, n = 1; n > 0; room *= 2) {
        uint8_t *moved = realloc(bytes, room);
        assert_non_null(moved);
        bytes = moved;
        n = fread(bytes + *size, 1, room - *size, f);
        *size += n;
    }
    fclose(f);
    return bytes;
}

/* 1 and the tensor of a file, 0 when there is no such file. */
static int read_tensor(nn_tensor *t, const char *folder, const char *name)
{
    size_t size;
    char why[300] = "";
    uint8_t *bytes = read_file(&size, folder, name);

    if (bytes == NULL)
        return 0;
    if (nn_onnx_tensor_read(t, NULL, (nn_onnx_cursor){bytes, size}, why, sizeof why) != NN_OK)
        fail_msg("%s/%s: %s", folder, name, why);
    free(bytes);
    return 1;
}

static void compare(const double *got, const nn_tensor *want, const char *what)
{
    for (size_t i = 0; i < want->count; i++) {
        double w = want->value != NULL ? (double)want->value[i] : (double)want->number[i];
        if (!(fabs(got[i] - w) <= tolerance(w)))
            fail_msg("%s: number %zu is %.9g, not %.9g", what, i, got[i], w);
    }
}

/* One output of a graph, as numbers. */
static void try_reference(const nn_graph *g, size_t value, const nn_tensor *in,
                          const nn_tensor *want, const char *what)
{
    char why[1000] = "";
    nn_tensor out;

    if (nn_ref_run_to(g, value, g->input_count > 0 ? in : NULL, &out, why, sizeof why) != NN_OK)
        fail_msg("%s: %s", what, why);
    assert_true(nn_dims_equal(&out.dims, &want->dims));
    assert_int_equal(out.type, want->type);
    double *got = malloc((out.count > 0 ? out.count : 1) * sizeof *got);
    assert_non_null(got);
    for (size_t i = 0; i < out.count; i++)
        got[i] = out.value != NULL ? (double)out.value[i] : (double)out.number[i];
    compare(got, want, what);
    free(got);
    nn_tensor_clear(&out);
}

/* Numbers of stages against the case's output; a softmax at the end is the client's. */
static void compare_stages(const nn_stages *s, const nn_graph *g, const double *x,
                           const nn_tensor *want, const char *what)
{
    size_t logits, count = nn_stages_output_count(s);
    nn_tail tail = nn_tail_find(g, &logits);
    double *got = malloc(count * sizeof *got);
    float *logit = malloc(count * sizeof *logit), *out = malloc(count * sizeof *out);
    assert_true(got != NULL && logit != NULL && out != NULL);
    assert_int_equal(nn_stages_apply(s, got, NULL, x), NN_OK);
    for (size_t i = 0; i < count; i++)
        logit[i] = (float)got[i];
    if (tail != NN_TAIL_NONE) {
        nn_tail_apply(out, tail, logit, count);
        for (size_t i = 0; i < want->count; i++)
            got[i] = (double)out[i];
    } else {
        assert_int_equal(count, want->count);
    }
    compare(got, want, what);
    free(out);
    free(logit);
    free(got);
}

/* Lower, compare, merge, compare. Elementwise operators of the node tests with exponents or
 * divisors that depend on data are not for stages; the graph has one input, an image. */
static void try_stages(const nn_graph *g, const nn_tensor *in, const nn_tensor *want, int must)
{
    char why[1000] = "";
    nn_stages s;

    if (nn_lower(&s, g, why, sizeof why) != NN_OK) {
        if (must)
            fail_msg("%s", why);
        print_message("# not lowered: %s\n", why);
        return;
    }
    double *x = malloc(in->count * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < in->count; i++)
        x[i] = (double)in->value[i];
    compare_stages(&s, g, x, want, "stages");
    if (nn_rewrite_merge(&s, NULL, NULL, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    compare_stages(&s, g, x, want, "merged stages");
    free(x);
    nn_stages_clear(&s);
}

/* The inputs of a case: the first one is data when it is float, the others are constants. */
static void bind_inputs(nn_graph *g, nn_tensor *in, const char *folder)
{
    char name[40];

    for (int k = 0; k == 0 || g->input_count > (in->value != NULL ? 1 : 0); k++) {
        nn_tensor t;
        (void)snprintf(name, sizeof name, "input_%d.pb", k);
        if (!read_tensor(&t, folder, name))
            return; /* a Constant has none */
        if (k == 0 && t.value != NULL) {
            *in = t;
            continue;
        }
        size_t next = in->value != NULL ? 1 : 0;
        assert_int_equal(nn_graph_bind(g, g->value[g->input[next]].name, &t), NN_OK);
        nn_tensor_clear(&t);
    }
}

/* All outputs of a case. */
static void try_outputs(const nn_graph *g, const nn_tensor *in, const char *folder,
                        const char *what)
{
    char name[40];

    for (size_t k = 0; k < g->output_count; k++) {
        nn_tensor want;
        (void)snprintf(name, sizeof name, "output_%zu.pb", k);
        assert_true(read_tensor(&want, folder, name));
        try_reference(g, g->output[k], in, &want, what);
        nn_tensor_clear(&want);
    }
}

/* state: the case's folder. */
static void run_case(void **state)
{
    const char *folder = *state;
    char why[1000] = "";
    size_t size;
    nn_graph *g = NULL;
    nn_tensor in = {.type = NN_TYPE_FLOAT}, want;

    uint8_t *bytes = read_file(&size, folder, "model.onnx");
    assert_non_null(bytes);
    if (nn_onnx_read(&g, bytes, size, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    free(bytes);
    int single = g->input_count == 1 && strstr(folder, "/test_") == NULL;
    bind_inputs(g, &in, folder);
    try_outputs(g, &in, folder, "reference");
    if (nn_fold(g, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    try_outputs(g, &in, folder, "folded");
    if (in.dims.rank >= 2 && in.dims.rank <= 4 && in.dims.dim[0] == 1 && in.value != NULL &&
        g->output_count == 1) {
        assert_true(read_tensor(&want, folder, "output_0.pb"));
        try_stages(g, &in, &want, single);
        nn_tensor_clear(&want);
    }
    nn_tensor_clear(&in);
    nn_graph_free(g);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[CASES_MAX];
    const char *top = getenv("top_srcdir");
    char root[PATH_SIZE / 2];
    size_t count = 0;

    if (argc > 1)
        (void)snprintf(root, sizeof root, "%s", argv[1]);
    else
        (void)snprintf(root, sizeof root, "%s/tests/corpus/onnx", top != NULL ? top : ".");
    DIR *folder = opendir(root);
    for (const struct dirent *e;
         folder != NULL && count < CASES_MAX && (e = readdir(folder)) != NULL;) {
        char *path = malloc(PATH_SIZE);
        if (path == NULL || e->d_name[0] == '.') {
            free(path);
            continue;
        }
        (void)snprintf(path, PATH_SIZE, "%s/%s", root, e->d_name);
        tests[count++] = (struct CMUnitTest){strrchr(path, '/') + 1, run_case, NULL, NULL, path};
    }
    if (folder != NULL)
        closedir(folder);
    if (count == 0) {
        fprintf(stderr, "no cases in %s\n", root);
        return 1;
    }
    qsort(tests, count, sizeof tests[0], compare_names);
    int failed = _cmocka_run_group_tests("onnx_cases", tests, count, NULL, NULL);
    for (size_t k = 0; k < count; k++)
        free(tests[k].initial_state);
    return failed;
}
