/* Merging and folding: the same function in fewer levels and multiplications. */

#include "nn/rewrite.h"

#include "nn/lower.h"
#include "nn/ref.h"

#include "tests/failing.h"
#include "tests/networks.h"

#define TOLERANCE 1e-4 /* merged against the float reference; derived in test_lower.c */

static void lower(nn_stages *s, const nn_graph *g)
{
    char why[NETWORKS_WHY] = "";

    if (nn_lower(s, g, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

static void merge(nn_stages *s, nn_rewrite_report *report)
{
    char why[NETWORKS_WHY] = "";

    if (nn_rewrite_merge(s, report, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/* What holds for every merged sequence. */
static void check_form(const nn_stages *s)
{
    assert_true(s->count > 0);
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];
        int affine = stage->kind == NN_STAGE_AFFINE;

        assert_true(stage->range > 0);
        assert_null(stage->element);
        if (k + 1 < s->count) {
            assert_int_equal(nn_shape_count(stage->out), nn_shape_count(stage[1].in));
            assert_false(affine && stage[1].kind == NN_STAGE_AFFINE);
        }
        if (affine) {
            assert_int_equal(stage->affine.rows, nn_shape_count(stage->out));
            assert_int_equal(stage->affine.cols, nn_shape_count(stage->in));
            assert_int_equal(stage->affine.built, stage->affine.rows);
        } else if (k > 0 && k + 1 < s->count && stage->degree == 2 && stage->coef[1] == 0) {
            assert_true(stage->coef[2] == 1 && stage->coef[0] == 0); /* a pure square */
        }
    }
}

/* Merged stages, unmerged stages and the reference agree on a random image. */
static void compare(const nn_graph *g, const nn_stages *plain, const nn_stages *merged,
                    testing_rng *rng)
{
    char why[NETWORKS_WHY] = "";
    nn_tensor in, want;
    size_t count = nn_stages_output_count(plain);
    double *x, *a = malloc(count * sizeof *a), *b = malloc(count * sizeof *b), most = 1;
    double *peak = calloc(plain->count + merged->count, sizeof *peak);

    networks_image(&in, g, rng);
    assert_int_equal(nn_ref_run(g, &in, &want, why, sizeof why), NN_OK);
    x = malloc(in.count * sizeof *x);
    for (size_t i = 0; i < in.count; i++)
        x[i] = (double)in.value[i];
    assert_int_equal(nn_stages_output_count(merged), count);
    assert_int_equal(nn_stages_apply(plain, a, peak, x), NN_OK);
    assert_int_equal(nn_stages_apply(merged, b, peak + plain->count, x), NN_OK);
    for (size_t k = 0; k < plain->count + merged->count; k++)
        most = fmax(most, peak[k]);
    for (size_t k = 0; k < merged->count; k++)
        assert_true(peak[plain->count + k] <= merged->stage[k].range * (1 + 1e-9));
    for (size_t i = 0; i < count; i++) {
        /* All in double: about 1000 roundings of 2^-53, times the 4^4 of four activations, and the
         * 1e-6 by which coefficients may differ that count as equal. */
        testing_assert_near(b[i], a[i], 1e-8 * most);
        testing_assert_near(b[i], want.value[i], TOLERANCE * most);
    }
    free(x);
    free(a);
    free(b);
    free(peak);
    nn_tensor_clear(&in);
    nn_tensor_clear(&want);
}

static void test_random_networks(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(150); n > 0; n--) {
        nn_stages plain, merged;
        nn_rewrite_report report;
        nn_graph *g = networks_random(&rng);

        lower(&plain, g);
        lower(&merged, g);
        merge(&merged, &report);
        check_form(&merged);
        compare(g, &plain, &merged, &rng);
        /* Coefficients per element at the very end need a diagonal after them, and its level. */
        size_t added = report.after.affine_stages > report.before.affine_stages;
        assert_true(report.after.affine_stages <= report.before.affine_stages + added);
        assert_true(report.after.levels <= report.before.levels + added);
        assert_true(report.after.multiplications <= report.before.multiplications);
        nn_stages_clear(&plain);
        nn_stages_clear(&merged);
        nn_graph_free(g);
    }
}

/* Ranges measured on one image still hold for that image after merging, and are no larger than what
 * intervals prove. */
static void test_measured_ranges(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(100); n > 0; n--) {
        nn_stages s, proven;
        nn_tensor in;
        nn_graph *g = networks_random(&rng);

        lower(&s, g);
        lower(&proven, g);
        networks_image(&in, g, &rng);
        size_t count = nn_stages_output_count(&s);
        double *x = malloc(in.count * sizeof *x), *y = malloc(count * sizeof *y);
        double *peak = calloc(s.count + 4, sizeof *peak); /* merging may add stages */
        for (size_t i = 0; i < in.count; i++)
            x[i] = (double)in.value[i];
        assert_int_equal(nn_stages_apply(&s, y, peak, x), NN_OK);
        for (size_t k = 0; k < s.count; k++) {
            s.stage[k].measured = 1;
            s.stage[k].range = peak[k] > 0 ? peak[k] : 1;
        }
        merge(&s, NULL);
        merge(&proven, NULL);
        assert_int_equal(s.count, proven.count);
        memset(peak, 0, s.count * sizeof *peak);
        assert_int_equal(nn_stages_apply(&s, y, peak, x), NN_OK);
        for (size_t k = 0; k < s.count; k++) {
            assert_true(peak[k] <= s.stage[k].range * (1 + 1e-6));
            assert_true(s.stage[k].range <= proven.stage[k].range * (1 + 1e-6));
        }
        free(x);
        free(y);
        free(peak);
        nn_tensor_clear(&in);
        nn_stages_clear(&s);
        nn_stages_clear(&proven);
        nn_graph_free(g);
    }
}

/* A sequence diagonal - polynomial - diagonal on two values; NULL leaves a diagonal out. */
static void sequence(nn_stages *s, const double *before, int degree, const double *coef,
                     const double *after)
{
    const nn_shape two = {2, 1, 1};

    *s = (nn_stages){.input = two, .input_lo = -1, .input_hi = 1};
    for (int k = 0; k < 3; k++) {
        nn_stage stage = {.in = two, .out = two, .name = "s"};
        const double *scale = k == 0 ? before : after;

        if (k == 1) {
            stage.kind = NN_STAGE_POLY;
            stage.degree = degree;
            memcpy(stage.coef, coef, (size_t)(degree + 1) * sizeof *coef);
        } else if (scale != NULL) {
            stage.kind = NN_STAGE_AFFINE;
            assert_int_equal(nn_affine_diagonal(&stage.affine, 2, scale, NULL), NN_OK);
        } else {
            continue;
        }
        assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    }
    assert_int_equal(nn_stages_bound(s, NULL, 0), NN_OK);
}

/* Give the polynomial coefficients per element: those of element 1 are coef1. */
static void per_element(nn_stage *stage, const double *coef1)
{
    stage->element = malloc((size_t)(stage->degree + 1) * 2 * sizeof(double));
    assert_non_null(stage->element);
    for (int k = 0; k <= stage->degree; k++) {
        stage->element[2 * k] = stage->coef[k];
        stage->element[2 * k + 1] = coef1[k];
    }
}

/* Merging keeps what a sequence computes. */
static void same_after_merge(nn_stages *s)
{
    const double x[2] = {0.75, -0.5};
    double a[2], b[2];

    assert_int_equal(nn_stages_apply(s, a, NULL, x), NN_OK);
    merge(s, NULL);
    assert_int_equal(nn_stages_apply(s, b, NULL, x), NN_OK);
    testing_assert_near(a[0], b[0], 1e-12 * (1 + fabs(a[0])));
    testing_assert_near(a[1], b[1], 1e-12 * (1 + fabs(a[1])));
}

/* -4 x^2 + 8 x + 1 = -(2 x - 2)^2 + 5 */
static void test_quadratic(void **unused)
{
    const double ones[2] = {1, 1}, coef[3] = {1, 8, -4};
    nn_stages s;

    (void)unused;
    sequence(&s, ones, 2, coef, ones);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 2);
    merge(&s, NULL);
    assert_int_equal(s.count, 3);
    testing_assert_near(s.stage[0].affine.value[0], 2, 0);
    testing_assert_near(s.stage[0].affine.bias[0], -2, 0);
    testing_assert_near(s.stage[1].coef[2], 1, 0);
    testing_assert_near(s.stage[1].coef[1], 0, 0);
    testing_assert_near(s.stage[1].coef[0], 0, 0);
    testing_assert_near(s.stage[2].affine.value[1], -1, 0);
    testing_assert_near(s.stage[2].affine.bias[1], 5, 0);
    testing_assert_near(s.stage[0].range, 4, 1e-12);
    testing_assert_near(s.stage[1].range, 16, 1e-12);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 1);
    assert_int_equal(nn_rewrite_cost(&s).square_stages, 1);
    nn_stages_clear(&s);
}

/* Degree 4: t^4 with a coefficient of 1, two levels instead of three, four where nothing is folded.
 */
static void test_swish(void **unused)
{
    const double scale[2] = {2, 3}, coef[5] = {0.1198, 0.5, 0.1473, 0, -0.002012};
    nn_stages s;

    (void)unused;
    sequence(&s, scale, 4, coef, scale);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 3);
    same_after_merge(&s);
    testing_assert_near(s.stage[1].coef[4], 1, 0);
    testing_assert_near(s.stage[1].coef[0], 0, 0);
    testing_assert_near(s.stage[1].coef[3], 0, 0);
    testing_assert_near(s.stage[1].coef[2], -0.1473 / sqrt(0.002012), 1e-12);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 2);
    assert_int_equal(nn_rewrite_cost(&s).multiplications, 2 * 2);
    nn_stages_clear(&s);
}

/* At the borders of a network: no stage before, none after, neither. */
static void test_borders(void **unused)
{
    const double scale[2] = {2, 3}, coef[4] = {0.5, -0.25, 1.5, -8}, other[3] = {1, 2, 3};
    const double square[3] = {0.5, -0.25, 2};
    nn_stages s;

    (void)unused;
    sequence(&s, NULL, 3, coef, scale);
    same_after_merge(&s);
    assert_int_equal(s.count, 2);
    testing_assert_near(s.stage[0].coef[3], 1, 0);
    testing_assert_near(s.stage[0].coef[0], 0, 0);
    nn_stages_clear(&s);

    sequence(&s, scale, 3, coef, NULL);
    same_after_merge(&s);
    assert_int_equal(s.count, 2);
    testing_assert_near(s.stage[1].coef[3], -1, 0);
    testing_assert_near(s.stage[1].coef[2], 0, 0);
    nn_stages_clear(&s);

    sequence(&s, NULL, 3, coef, NULL);
    same_after_merge(&s);
    assert_int_equal(s.count, 1);
    testing_assert_near(s.stage[0].coef[3], -8, 0);
    nn_stages_clear(&s);

    /* Coefficients per element need stages on both sides. */
    sequence(&s, NULL, 2, square, NULL);
    per_element(&s.stage[0], other);
    same_after_merge(&s);
    assert_int_equal(s.count, 3);
    check_form(&s);
    nn_stages_clear(&s);
}

/* A shift far outside of the range would cost precision: the linear term stays. */
static void test_large_shift(void **unused)
{
    const double ones[2] = {1, 1}, coef[3] = {0, 1, 0.001};
    nn_stages s;

    (void)unused;
    sequence(&s, ones, 2, coef, ones);
    same_after_merge(&s);
    testing_assert_near(s.stage[1].coef[2], 1, 0);
    testing_assert_near(s.stage[1].coef[1], 1 / sqrt(0.001), 1e-9);
    nn_stages_clear(&s);
}

/* Coefficients per element of one family a (s x)^3 + b (s x) + c fold away; a constant element as
 * well. */
static void test_per_element(void **unused)
{
    const double ones[2] = {1, 1}, coef[4] = {1, 2, 0, 8}, family[4] = {-3, -1, 0, -1};
    const double constant[4] = {7, 0, 0, 0}, wrong[4] = {0, 1, 0, 8}, linear[3] = {1, 2, 0};
    const double square[3] = {1, 2, 3};
    char why[NETWORKS_WHY] = "";
    nn_stages s;

    (void)unused;
    sequence(&s, ones, 3, coef, ones); /* 8 x^3 + 2 x + 1: t = 2 x, t^3 + t; -x^3 - x: -(t^3 + t) */
    per_element(&s.stage[1], family);
    same_after_merge(&s);
    testing_assert_near(s.stage[1].coef[1], 1, 1e-12);
    nn_stages_clear(&s);

    sequence(&s, ones, 3, coef, ones);
    per_element(&s.stage[1], constant);
    same_after_merge(&s);
    nn_stages_clear(&s);

    sequence(&s, ones, 3, coef, ones);
    per_element(&s.stage[1], wrong);
    assert_int_equal(nn_rewrite_merge(&s, NULL, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "activation 's'"));
    assert_int_equal(s.count, 0);

    sequence(&s, ones, 2, square, ones); /* x^2 here, a line there */
    per_element(&s.stage[1], linear);
    assert_int_equal(nn_rewrite_merge(&s, NULL, NULL, 0), NN_ERR_UNSUPPORTED);
    assert_int_equal(nn_rewrite_merge(&s, NULL, why, sizeof why), NN_ERR_ARG);
    assert_int_equal(nn_rewrite_merge(NULL, NULL, why, sizeof why), NN_ERR_ARG);
}

/* Two diagonals whose product is the identity leave one identity; next to a polynomial, none. */
static void test_identities(void **unused)
{
    const double twice[2] = {2, 2}, half[2] = {0.5, 0.5}, square[3] = {0, 0, 1};
    nn_stages s, t;

    (void)unused;
    sequence(&s, twice, 2, square, half);
    sequence(&t, half, 2, square, half);
    s.stage[1].kind = NN_STAGE_AFFINE; /* 2 x, x / 2 and x / 2 */
    s.stage[1].degree = 0;
    assert_int_equal(nn_affine_copy(&s.stage[1].affine, &t.stage[0].affine), NN_OK);
    nn_stage_clear(&s.stage[2]);
    s.count = 2;
    merge(&s, NULL);
    assert_int_equal(s.count, 1);
    assert_true(nn_affine_is_identity(&s.stage[0].affine));
    assert_string_equal(s.stage[0].name, "s+s");
    assert_int_equal(nn_rewrite_cost(&s).levels, 0);
    nn_stages_clear(&s);
    nn_stages_clear(&t);

    sequence(&s, twice, 2, square, half);
    nn_affine_clear(&s.stage[0].affine);
    assert_int_equal(nn_affine_diagonal(&s.stage[0].affine, 2, NULL, NULL), NN_OK);
    merge(&s, NULL);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.stage[0].kind, NN_STAGE_POLY);
    nn_stages_clear(&s);
}

/* The network of the papers: convolution, batch norm, square, pool, dense: 3 levels instead of 6.
 */
static void test_levels(void **unused)
{
    testing_rng rng;
    nn_rewrite_report report;
    nn_stages s;
    networks_draft d = {.rng = &rng};
    char w[32];

    (void)unused;
    testing_rng_init(&rng, 5);
    assert_int_equal(nn_graph_create(&d.g), NN_OK);
    nn_graph_input(d.g, "image", (nn_shape){1, 8, 8});
    networks_constant(&d, w, 4, (const size_t[]){2, 1, 3, 3}, -1, 1);
    networks_node(&d, "Conv", (const char *const[]){"image", w}, 2);
    networks_done(&d);
    networks_batch_norm(&d);
    networks_binary(&d, "Mul", d.value, d.value);
    networks_done(&d);
    networks_pool(&d);
    networks_flatten(&d);
    networks_dense(&d);
    nn_graph_output(d.g, d.value);
    lower(&s, d.g);
    merge(&s, &report);
    assert_int_equal(s.count, 3);
    assert_int_equal(report.after.levels, 3);
    assert_true(report.before.levels >= 5);
    assert_int_equal(report.after.affine_stages, 2);
    assert_int_equal(report.after.square_stages, 1);
    assert_int_equal(report.after.multiplications, 2 * 6 * 6);
    assert_int_equal(report.after.constants, nn_affine_nonzeros(&s.stage[0].affine) +
                                                 nn_affine_nonzeros(&s.stage[2].affine));
    nn_stages_clear(&s);
    nn_graph_free(d.g);
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_graph *g = networks_random(&rng);
    for (long k = 1;; k++) {
        nn_stages s;
        lower(&s, g);
        failing_from(k);
        nn_status st = nn_rewrite_merge(&s, NULL, NULL, 0);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            nn_stages_clear(&s);
            break;
        }
        assert_int_equal(st, NN_ERR_MEMORY);
        assert_null(s.stage);
    }
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks), cmocka_unit_test(test_measured_ranges),
        cmocka_unit_test(test_quadratic),       cmocka_unit_test(test_swish),
        cmocka_unit_test(test_borders),         cmocka_unit_test(test_large_shift),
        cmocka_unit_test(test_per_element),     cmocka_unit_test(test_identities),
        cmocka_unit_test(test_levels),          cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
