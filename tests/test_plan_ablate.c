/* Ablations: levels as counted, a plan for each set of passes, and no failure where there is none.
 * The levels of S3's networks: 7 and 11 at most, against 11 and 20. */
#include "nn/plan/plan.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_passes(void **state)
{
    (void)state;
    nn_model *m = models_small(4, 1);
    nn_ablation all, none;
    assert_int_equal(nn_plan_ablate(m, NULL, 0, &all, NULL, 0), NN_OK);
    assert_int_equal(nn_plan_ablate(m, NULL, NN_PASS_ALL, &none, NULL, 0), NN_OK);
    assert_int_equal(all.fits, 1);
    assert_int_equal(none.fits, 1);
    assert_int_equal(all.passes_off, 0);
    assert_int_equal(none.passes_off, NN_PASS_ALL);
    assert_true(all.cost.levels <= none.cost.levels);
    assert_int_equal(all.forecast.rotations, all.cost.rotations);
    assert_true(all.forecast.infer_ms > 0.0 && all.why[0] == '\0');
    nn_model_free(m);
}

static void test_unfit(void **state)
{
    (void)state;
    const nn_plan_options o = {.log_n = 11};
    nn_model *m = models_small(4, 1);
    nn_ablation a;
    assert_int_equal(nn_plan_ablate(m, &o, NN_PASS_MONIC, &a, NULL, 0), NN_OK);
    assert_int_equal(a.fits, 0);
    assert_int_equal(a.forecast.limbs, 0);
    assert_true(a.cost.levels > 0);
    assert_non_null(strstr(a.why, "53"));
    nn_model_free(m);
}

/* ---- the shapes of S3's networks, narrow and with weights that are not trained */

typedef struct draft {
    nn_graph *g;
    char value[32];
    size_t channels, side;
    int serial;
    testing_rng rng;
} draft;

static const char *constant(draft *d, size_t rank, const size_t *dims, double size)
{
    static char name[8][32];
    size_t count = 1;
    char *at = name[d->serial % 8];
    for (size_t i = 0; i < rank; i++)
        count *= dims[i];
    float *w = malloc(count * sizeof *w);
    for (size_t i = 0; i < count; i++)
        w[i] = (float)(size > 0.0 ? testing_uniform(&d->rng, -size, size) : 1.0);
    (void)snprintf(at, sizeof name[0], "w%d", d->serial++);
    nn_graph_initializer(d->g, at, rank, dims, w);
    free(w);
    return at;
}

static void node(draft *d, const char *op, const char *a, const char *b, const char *out)
{
    char name[40];
    (void)snprintf(name, sizeof name, "%s%d", op, d->serial++);
    nn_graph_node(d->g, op, name, (const char *const[]){a, b}, b != NULL ? 2 : 1, out);
}

static void convolution(draft *d, size_t channels, size_t kernel, size_t stride, size_t pad)
{
    char name[32], norm[32];
    const size_t shape[] = {channels, d->channels, kernel, kernel};
    int64_t s = (int64_t)stride, p = (int64_t)pad;
    (void)snprintf(name, sizeof name, "conv%d", d->serial);
    (void)snprintf(norm, sizeof norm, "norm%d", d->serial++);
    const char *w = constant(d, 4, shape, 1.0 / (double)kernel);
    nn_graph_node(d->g, "Conv", name, (const char *const[]){d->value, w}, 2, name);
    nn_graph_attr_ints(d->g, "strides", (const int64_t[]){s, s}, 2);
    nn_graph_attr_ints(d->g, "pads", (const int64_t[]){p, p, p, p}, 4);
    const char *scale = constant(d, 1, &channels, 0.0), *bias = constant(d, 1, &channels, 0.2);
    const char *mean = constant(d, 1, &channels, 0.2), *var = constant(d, 1, &channels, 0.0);
    nn_graph_node(d->g, "BatchNormalization", norm,
                  (const char *const[]){name, scale, bias, mean, var}, 5, norm);
    (void)snprintf(d->value, sizeof d->value, "%s", norm);
    d->channels = channels;
    d->side = (d->side + 2 * pad - kernel) / stride + 1;
}

/* a x^4 + b x^2 + c x + d, as the fit of Swish is written. */
static void swish(draft *d)
{
    static const float coef[4] = {-0.0012f, 0.12f, 0.5f, 0.07f};
    char sq[32], q[32], part[3][32], w[4][32], key[64];
    for (int i = 0; i < 4; i++) {
        (void)snprintf(w[i], sizeof w[i], "c%d_%d", d->serial, i);
        nn_graph_initializer(d->g, w[i], 0, NULL, &coef[i]);
    }
    (void)snprintf(sq, sizeof sq, "sq%d", d->serial);
    (void)snprintf(q, sizeof q, "q%d", d->serial);
    for (int i = 0; i < 3; i++)
        (void)snprintf(part[i], sizeof part[i], "p%d_%d", d->serial, i);
    node(d, "Mul", d->value, d->value, sq);
    node(d, "Mul", sq, sq, q);
    node(d, "Mul", q, w[0], part[0]);
    node(d, "Mul", sq, w[1], part[1]);
    node(d, "Mul", d->value, w[2], part[2]);
    (void)snprintf(sq, sizeof sq, "t%d", d->serial);
    (void)snprintf(q, sizeof q, "u%d", d->serial);
    node(d, "Add", part[0], part[1], sq);
    node(d, "Add", sq, part[2], q);
    (void)snprintf(sq, sizeof sq, "act%d", d->serial);
    node(d, "Add", q, w[3], sq);
    (void)snprintf(key, sizeof key, "unseen.range.%s", sq);
    nn_graph_meta(d->g, key, "6.0");
    (void)snprintf(d->value, sizeof d->value, "%s", sq);
}

static void pool(draft *d)
{
    char name[32];
    (void)snprintf(name, sizeof name, "pool%d", d->serial++);
    node(d, "AveragePool", d->value, NULL, name);
    nn_graph_attr_ints(d->g, "kernel_shape", (const int64_t[]){2, 2}, 2);
    nn_graph_attr_ints(d->g, "strides", (const int64_t[]){2, 2}, 2);
    (void)snprintf(d->value, sizeof d->value, "%s", name);
    d->side /= 2;
}

static void dense(draft *d, size_t rows)
{
    char flat[32], name[32];
    size_t width = d->channels * d->side * d->side;
    if (d->side > 0 && d->channels != width) {
        (void)snprintf(flat, sizeof flat, "flat%d", d->serial++);
        node(d, "Flatten", d->value, NULL, flat);
        (void)snprintf(d->value, sizeof d->value, "%s", flat);
    }
    (void)snprintf(name, sizeof name, "dense%d", d->serial++);
    const size_t shape[] = {width, rows};
    node(d, "MatMul", d->value, constant(d, 2, shape, 1.0 / sqrt((double)width)), name);
    (void)snprintf(d->value, sizeof d->value, "%s", name);
    d->channels = rows;
    d->side = 1;
}

static nn_model *model_of(draft *d)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    char why[400] = "";
    nn_model *m = NULL;
    nn_graph_output(d->g, d->value);
    assert_int_equal(nn_graph_status(d->g), NN_OK);
    assert_int_equal(nn_onnx_write(d->g, &bytes, &size, why, sizeof why), NN_OK);
    if (nn_model_read(&m, bytes, size, why, sizeof why) != NN_OK)
        print_error("%s\n", why);
    assert_non_null(m);
    free(bytes);
    nn_graph_free(d->g);
    return m;
}

static void begin(draft *d, size_t channels, size_t side)
{
    *d = (draft){.value = "image", .channels = channels, .side = side};
    testing_rng_init(&d->rng, 5);
    assert_int_equal(nn_graph_create(&d->g), NN_OK);
    nn_graph_input(d->g, "image", (nn_shape){channels, side, side});
}

static void check_levels(const nn_model *m, size_t all, size_t none)
{
    nn_model_cost cost;
    assert_int_equal(nn_model_count(m, 0, &cost, NULL, 0), NN_OK);
    assert_true(cost.levels <= all);
    assert_int_equal(nn_model_count(m, NN_PASS_ALL, &cost, NULL, 0), NN_OK);
    assert_int_equal(cost.levels, none);
}

static void test_s3(void **state)
{
    (void)state;
    draft d;
    begin(&d, 1, 28);
    for (int k = 0; k < 2; k++) {
        convolution(&d, 5, 5, 2, 0);
        swish(&d);
    }
    dense(&d, 10);
    nn_model *m = model_of(&d);
    check_levels(m, 7, 11);
    nn_model_free(m);
    begin(&d, 3, 16);
    for (int k = 0; k < 3; k++) {
        convolution(&d, 4, 3, 1, 1);
        swish(&d);
        pool(&d);
    }
    dense(&d, 12);
    dense(&d, 10);
    m = model_of(&d);
    check_levels(m, 11, 20);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_s3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
