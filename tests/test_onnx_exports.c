/* Models as PyTorch's exporters write them (tests/onnx_exports.py says how they were made): every
 * one imports, what is left of it is arithmetic on data, and it gives PyTorch's own answer. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>

#include "nn/graph/graph_data.h"
#include "nn/graph/move.h"
#include "nn/graph/scalar.h"
#include "nn/onnx/fold.h"
#include "nn/onnx/onnx_tensor.h"
#include "nn/onnx/tail_find.h"
#include "nn/onnx_embed.h"
#include "nn/onnx_read.h"
#include "nn/onnx_write.h"
#include "nn/ref/ref.h"

#include "tests/testing.h"

enum { MODELS_MAX = 200, PATH_SIZE = 500 };

static char root[PATH_SIZE];

static uint8_t *read_file(size_t *size, const char *name)
{
    char path[2 * PATH_SIZE];
    uint8_t *bytes = NULL;

    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "rb");
    *size = 0;
    if (f == NULL)
        fail_msg("%s cannot be read", path);
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

static void read_tensor(nn_tensor *t, const char *stem, const char *kind)
{
    char name[PATH_SIZE], why[300] = "";
    size_t size;

    (void)snprintf(name, sizeof name, "%s.%s.pb", stem, kind);
    uint8_t *bytes = read_file(&size, name);
    if (nn_onnx_tensor_read(t, NULL, (nn_onnx_cursor){bytes, size}, why, sizeof why) != NN_OK)
        fail_msg("%s: %s", name, why);
    free(bytes);
}

/* nn_onnx_open; user is where the bytes are kept. */
static nn_status open_data(void *user, const char *name, const uint8_t **bytes, size_t *size,
                           char *why, size_t why_size)
{
    uint8_t **kept = user;

    (void)why;
    (void)why_size;
    free(*kept);
    *kept = read_file(size, name);
    *bytes = *kept;
    return NN_OK;
}

static nn_graph *read_graph(const char *stem)
{
    char name[PATH_SIZE], why[1000] = "";
    nn_graph *g;
    size_t size;
    uint8_t *kept = NULL, *joined;

    (void)snprintf(name, sizeof name, "%s.onnx", stem);
    uint8_t *bytes = read_file(&size, name);
    assert_int_equal(nn_onnx_is_external(bytes, size), stem[0] == 'e');
    if (nn_onnx_is_external(bytes, size)) {
        if (nn_onnx_embed(&joined, &size, bytes, size, open_data, &kept, why, sizeof why) != NN_OK)
            fail_msg("%s: %s", stem, why);
        free(bytes);
        free(kept);
        bytes = joined;
    }
    if (nn_onnx_read(&g, bytes, size, why, sizeof why) != NN_OK)
        fail_msg("%s: %s", stem, why);
    free(bytes);
    return g;
}

/* Only arithmetic on data: what computes shapes, integers and constants is gone. */
static void check_folded(const nn_graph *g)
{
    static const nn_op layers[] = {NN_OP_ADD,
                                   NN_OP_SUB,
                                   NN_OP_MUL,
                                   NN_OP_DIV,
                                   NN_OP_POW,
                                   NN_OP_CONV,
                                   NN_OP_GEMM,
                                   NN_OP_MATMUL,
                                   NN_OP_BATCH_NORMALIZATION,
                                   NN_OP_AVERAGE_POOL,
                                   NN_OP_GLOBAL_AVERAGE_POOL,
                                   NN_OP_REDUCE_MEAN,
                                   NN_OP_MAX_POOL,
                                   NN_OP_SOFTMAX,
                                   NN_OP_LOG_SOFTMAX,
                                   NN_OP_ARG_MAX};

    for (size_t n = 0; n < g->node_count; n++) {
        const nn_node *node = &g->node[n];
        char label[NN_LABEL_SIZE];
        int taken = (nn_move_is(node->op) && node->op != NN_OP_SPLIT) ||
                    (nn_scalar_is(node->op) && node->op != NN_OP_ERF && node->op != NN_OP_EXP);
        for (size_t k = 0; k < sizeof layers / sizeof layers[0]; k++)
            taken |= node->op == layers[k];
        if (!taken)
            fail_msg("%s is left", nn_node_label(label, node));
        size_t data = 0;
        for (size_t k = 0; k < node->input_count; k++)
            data += node->input[k] != NN_VALUE_NONE &&
                    g->value[node->input[k]].kind != NN_VALUE_CONSTANT;
        assert_true(data >= 1);
    }
}

/* To 1e-4, of whatever size the numbers are: they are logits and probabilities. */
static void compare(const nn_tensor *got, const nn_tensor *want, const char *what)
{
    char a[NN_DIMS_TEXT], b[NN_DIMS_TEXT];

    if (!nn_dims_equal(&got->dims, &want->dims))
        fail_msg("%s: %s, not %s", what, nn_dims_print(a, sizeof a, &got->dims),
                 nn_dims_print(b, sizeof b, &want->dims));
    assert_int_equal(got->type, want->type);
    for (size_t i = 0; i < want->count; i++) {
        double v = got->value != NULL ? (double)got->value[i] : (double)got->number[i];
        double w = want->value != NULL ? (double)want->value[i] : (double)want->number[i];
        if (!(fabs(v - w) <= 1e-4))
            fail_msg("%s: number %zu is %.9g, not %.9g", what, i, v, w);
    }
}

static void run(const nn_graph *g, const nn_tensor *in, const nn_tensor *want, const char *what)
{
    char why[1000] = "";
    nn_tensor out;

    if (nn_ref_run(g, in, &out, why, sizeof why) != NN_OK)
        fail_msg("%s: %s", what, why);
    compare(&out, want, what);
    nn_tensor_clear(&out);
}

/* The first image alone: how the network will be run. */
static void run_first(const nn_graph *g, const nn_tensor *in, const nn_tensor *want)
{
    nn_tensor one = *in, first = *want;

    one.count /= one.dims.dim[0];
    one.dims.dim[0] = 1;
    first.count /= first.dims.dim[0];
    first.dims.dim[0] = 1;
    run(g, &one, &first, "first image");
}

/* The logits and the tail that the client computes of them make the answer. */
static void run_tail(const nn_graph *g, const nn_tensor *in, const nn_tensor *want)
{
    nn_tensor one = *in, out;
    size_t logits;
    char why[1000] = "";
    nn_tail tail = nn_tail_find(g, &logits);

    one.count /= one.dims.dim[0];
    one.dims.dim[0] = 1;
    if (nn_ref_run_to(g, logits, &one, &out, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    size_t count = nn_tail_apply(out.value, tail, out.value, out.count);
    assert_int_equal(count, want->count / want->dims.dim[0]);
    for (size_t i = 0; i < count; i++)
        testing_assert_near(out.value[i],
                            want->value != NULL ? (double)want->value[i] : (double)want->number[i],
                            1e-4);
    nn_tensor_clear(&out);
}

/* Written by ourselves, it is the same network. */
static void run_written(const nn_graph *g, const nn_tensor *in, const nn_tensor *want)
{
    nn_graph *back = NULL;
    uint8_t *bytes;
    size_t size;
    char why[1000] = "";

    if (nn_onnx_write(g, &bytes, &size, why, sizeof why) != NN_OK ||
        nn_onnx_read(&back, bytes, size, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    free(bytes);
    check_folded(back);
    run(back, in, want, "written");
    nn_graph_free(back);
}

/* state: the model's name. */
static void run_model(void **state)
{
    const char *stem = *state;
    nn_graph *g = read_graph(stem);
    nn_tensor in, want;

    read_tensor(&in, stem, "input");
    read_tensor(&want, stem, "output");
    check_folded(g);
    run(g, &in, &want, "all images");
    run_first(g, &in, &want);
    run_tail(g, &in, &want);
    run_written(g, &in, &want);
    size_t nodes = g->node_count, values = g->value_count;
    assert_int_equal(nn_fold(g, NULL, 0), NN_OK);
    assert_true(g->node_count == nodes && g->value_count == values); /* nothing was left to do */
    nn_tensor_clear(&in);
    nn_tensor_clear(&want);
    nn_graph_free(g);
}

/* ---- damage ---- */

/* Bytes of the files beside a model do not matter here: zeros of any length. */
static nn_status open_zeros(void *user, const char *name, const uint8_t **bytes, size_t *size,
                            char *why, size_t why_size)
{
    static const uint8_t zeros[1 << 14];

    (void)user;
    (void)name;
    (void)why;
    (void)why_size;
    *bytes = zeros;
    *size = sizeof zeros;
    return NN_OK;
}

static void read_damaged(const uint8_t *bytes, size_t size)
{
    nn_graph *g = NULL;
    uint8_t *joined = NULL;
    size_t joined_size = 0, logits;

    if (nn_onnx_embed(&joined, &joined_size, bytes, size, open_zeros, NULL, NULL, 0) != NN_OK)
        return;
    if (nn_onnx_read(&g, joined, joined_size, NULL, 0) == NN_OK) {
        assert_int_equal(nn_fold(g, NULL, 0), NN_OK);
        (void)nn_tail_find(g, &logits);
        nn_graph_free(g);
    }
    free(joined);
}

/* state: the model's name. No change of a few bytes makes the import crash or hang. */
static void damage_model(void **state)
{
    const char *stem = *state;
    char name[PATH_SIZE];
    testing_rng rng;
    size_t size;

    (void)snprintf(name, sizeof name, "%s.onnx", stem);
    uint8_t *bytes = read_file(&size, name), *copy = malloc(size);
    assert_non_null(copy);
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(25); n > 0; n--) {
        memcpy(copy, bytes, size);
        for (int k = 1 + n % 3; k > 0; k--)
            copy[testing_below(&rng, size)] = (uint8_t)testing_u64(&rng);
        read_damaged(copy, n % 5 == 0 ? (size_t)testing_below(&rng, size) : size);
    }
    free(copy);
    free(bytes);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[MODELS_MAX];
    const char *top = getenv("top_srcdir");
    size_t count = 0;

    if (argc > 1)
        (void)snprintf(root, sizeof root, "%s", argv[1]);
    else
        (void)snprintf(root, sizeof root, "%s/tests/exports", top != NULL ? top : ".");
    DIR *folder = opendir(root);
    for (const struct dirent *e;
         folder != NULL && count + 2 <= MODELS_MAX && (e = readdir(folder)) != NULL;) {
        size_t length = strlen(e->d_name);
        if (length < 6 || strcmp(e->d_name + length - 5, ".onnx") != 0)
            continue;
        char *stem = malloc(length + 1);
        assert_non_null(stem);
        memcpy(stem, e->d_name, length - 5);
        stem[length - 5] = '\0';
        tests[count++] = (struct CMUnitTest){stem, run_model, NULL, NULL, stem};
        tests[count++] = (struct CMUnitTest){stem, damage_model, NULL, NULL, stem};
    }
    if (folder != NULL)
        closedir(folder);
    if (count == 0) {
        fprintf(stderr, "no models in %s\n", root);
        return 1;
    }
    qsort(tests, count, sizeof tests[0], compare_names);
    int failed = _cmocka_run_group_tests("onnx_exports", tests, count, NULL, NULL);
    for (size_t k = 0; k < count; k += 2) /* two tests have one name */
        free(tests[k].initial_state);
    return failed;
}
