/* Replays cases of model.onnx, input_K.pb and output_K.pb against the reference, before and after
 * folding; where the batch is one image also against the lowered and the merged stages; and on the
 * clear slots of a plan (tests/onnx_clear.h), where every case is run or refused for a reason.
 *
 * onnx_cases FOLDER [all]: every case in FOLDER; without an argument those of tests/corpus/onnx.
 * all: there must be cases of every kind, run, fitted, and so on. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>

#include "nn/graph/graph_data.h"
#include "nn/onnx/fold.h"
#include "nn/onnx/onnx_tensor.h"
#include "nn/onnx/tail_find.h"
#include "nn/onnx_read.h"
#include "nn/ref/ref.h"
#include "nn/stages/lower.h"
#include "nn/stages/rewrite.h"

#include "tests/onnx_clear.h"
#include "tests/testing.h"

enum { CASES_MAX = 1000, PATH_SIZE = 1000 };

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
        if (!(fabs(got[i] - w) <= clear_rounding(w)))
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

/* ---- clear slots */

/* Cases by what became of them; joint: of those with several inputs of real numbers, all of them
 * parts of the image. */
static size_t single_count[CLEAR_WAYS], joint_count[CLEAR_WAYS];

/* Words of a way out; every refusal must have some. */
static const char *const ways_out[] = {
    "unseen fit",
    "remove it or end the network there",
    "have to be constant",
    "make it one",
    "make them constant",
    "taken only in the computation of shapes",
    "use Clip",
    "use Relu or MaxPool",
    "express it with convolutions",
    "only division by constants is taken",
    "only constant whole exponents 0 to 8 are taken",
};

/* A refusal names what cannot be made, and what to do. */
static void check_refusal(const nn_graph *g, const char *why)
{
    int names = 0, helps = 0;

    for (size_t n = 0; n < g->node_count; n++) {
        char name[NN_GRAPH_NAME_MAX + 3];
        (void)snprintf(name, sizeof name, "'%s'",
                       g->node[n].name[0] != '\0' ? g->node[n].name : g->node[n].makes);
        names |= strstr(why, name) != NULL;
    }
    for (size_t k = 0; k < sizeof ways_out / sizeof *ways_out; k++)
        helps |= strstr(why, ways_out[k]) != NULL;
    if (!names || !helps)
        fail_msg("the refusal does not help: %s", why);
}

/* The graph of a case with one of its outputs. Its first input of real numbers, all of them when
 * joint, stay inputs; the others become constants. Returns how many inputs stay. */
static size_t read_graph(nn_graph **g, nn_tensor in[CLEAR_INPUTS], const char *folder, int joint,
                         size_t output)
{
    char name[40], why[CLEAR_WHY] = "";
    size_t size, kept = 0;
    uint8_t *bytes = read_file(&size, folder, "model.onnx");

    assert_non_null(bytes);
    if (nn_onnx_read(g, bytes, size, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    free(bytes);
    for (int k = 0; kept < (*g)->input_count; k++) {
        nn_tensor t;
        (void)snprintf(name, sizeof name, "input_%d.pb", k);
        assert_true(read_tensor(&t, folder, name));
        if (t.value != NULL && (joint || k == 0)) {
            assert_true(kept < CLEAR_INPUTS);
            in[kept++] = t;
            continue;
        }
        assert_int_equal(nn_graph_bind(*g, (*g)->value[(*g)->input[kept]].name, &t), NN_OK);
        nn_tensor_clear(&t);
    }
    assert_true(output < (*g)->output_count);
    (*g)->output[0] = (*g)->output[output];
    (*g)->output_count = 1;
    return kept;
}

/* One output of a case, where there are numbers to encrypt and to compare: all inputs as one image;
 * where that is refused, as a batch of images. */
static clear_way clear_output(const char *folder, int joint, size_t output, char why[CLEAR_WHY])
{
    char name[40];
    nn_graph *g;
    nn_tensor in[CLEAR_INPUTS], want;
    size_t count, inputs = read_graph(&g, in, folder, joint, output);
    int empty = 0;

    for (size_t k = 0; k < inputs; k++)
        empty |= in[k].count == 0;
    (void)snprintf(name, sizeof name, "output_%zu.pb", output);
    assert_true(read_tensor(&want, folder, name));
    if (inputs == 0 || empty || want.count == 0 || (joint && inputs == 1)) {
        nn_graph_free(g);
        nn_tensor_clear(&want);
        for (size_t k = 0; k < inputs; k++)
            nn_tensor_clear(&in[k]);
        return joint && inputs < 2 ? CLEAR_WAYS : CLEAR_COMPUTED;
    }
    float *image = clear_image(&count, in, inputs), *wanted = malloc(want.count * sizeof *wanted);
    assert_non_null(wanted);
    for (size_t i = 0; i < want.count; i++)
        wanted[i] = want.value != NULL ? want.value[i] : (float)want.number[i];
    clear_join(g, in, inputs, count);
    clear_way way = clear_try(g, image, 1, count, wanted, want.count, why);
    size_t batch = in[0].dims.rank > 1 ? in[0].dims.dim[0] : 0;
    if (way == CLEAR_REFUSED && inputs == 1 && want.dims.rank > 0 && want.dims.dim[0] == batch) {
        char again[CLEAR_WHY] = "";
        nn_tensor unused[CLEAR_INPUTS];
        assert_int_equal(read_graph(&g, unused, folder, joint, output), 1);
        nn_tensor_clear(&unused[0]);
        way = clear_try(g, image, batch, count, wanted, want.count, again);
    }
    if (way == CLEAR_REFUSED) {
        nn_tensor unused[CLEAR_INPUTS];
        print_message("# refused: %s\n", why);
        size_t again = read_graph(&g, unused, folder, joint, output);
        check_refusal(g, why);
        for (size_t k = 0; k < again; k++)
            nn_tensor_clear(&unused[k]);
        nn_graph_free(g);
    }
    for (size_t k = 0; k < inputs; k++)
        nn_tensor_clear(&in[k]);
    nn_tensor_clear(&want);
    free(image);
    free(wanted);
    return way;
}

/* A case is what the last of its outputs is; all of them are tried. */
static void try_clear(const char *folder, size_t outputs)
{
    for (int joint = 0; joint < 2; joint++) {
        clear_way way = CLEAR_WAYS;
        char why[CLEAR_WHY] = "";
        for (size_t k = 0; k < outputs; k++) {
            clear_way here = clear_output(folder, joint, k, why);
            way = k == 0 || here > way ? here : way;
        }
        if (way < CLEAR_WAYS)
            (joint ? joint_count : single_count)[way]++;
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
    size_t outputs = g->output_count;
    nn_graph_free(g);
    try_clear(folder, outputs);
}

/* Nothing is skipped in silence. state: how many cases there are; negative: of every kind some. */
static void account(void **state)
{
    const long *cases = *state;
    size_t sum = 0;

    for (int w = 0; w < CLEAR_WAYS; w++) {
        print_message("# clear slots: %zu cases %s; with all inputs encrypted, %zu\n",
                      single_count[w], clear_name[w], joint_count[w]);
        sum += single_count[w];
        assert_true(*cases > 0 || single_count[w] > 0);
    }
    assert_int_equal(sum, labs(*cases));
    assert_true(*cases > 0 || (joint_count[CLEAR_RUN] > 0 && joint_count[CLEAR_REFUSED] > 0));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[CASES_MAX + 1];
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
    long cases = argc > 2 ? -(long)count : (long)count;
    tests[count] = (struct CMUnitTest){"every case is accounted for", account, NULL, NULL, &cases};
    int failed = _cmocka_run_group_tests("onnx_cases", tests, count + 1, NULL, NULL);
    for (size_t k = 0; k < count; k++)
        free(tests[k].initial_state);
    return failed;
}
