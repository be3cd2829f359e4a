/* The passes together: the same function in fewer levels and multiplications. */

#include "nn/stages/rewrite.h"

#include "nn/stages/merge.h"

#include "tests/graphs_failing.h"

/* All passes. */
static void merge(nn_stages *s, nn_rewrite_report *report)
{
    char why[NETWORKS_WHY] = "";

    if (nn_rewrite_merge(s, NULL, report, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/* What holds besides for all passes. */
static void check_form(const nn_stages *s)
{
    graphs_check(s);
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];
        size_t user = nn_merge_only_user(s, k + 1), from = stage->input[0];

        assert_null(stage->element);
        /* No chain of two linear stages. */
        if (stage->kind == NN_STAGE_AFFINE && user < s->count && stage->input_count == 1)
            assert_int_not_equal(s->stage[user].kind, NN_STAGE_AFFINE);
        if (stage->kind == NN_STAGE_POLY && stage->degree == 2 && stage->coef[1] == 0 && from > 0 &&
            s->stage[from - 1].kind == NN_STAGE_AFFINE && nn_merge_only_user(s, from) == k &&
            nn_merge_all_affine(s, k + 1, SIZE_MAX))
            assert_true(stage->coef[2] == 1 && stage->coef[0] == 0); /* a pure square */
    }
}

/* Merged against unmerged: all in double, about 1000 roundings of 2^-53, times the 4^4 of four
 * activations, and 1e-6 by which coefficients may differ that count as equal where they come from
 * floats per element. */
static void test_random_networks(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(150); n > 0; n--) {
        nn_stages plain, merged;
        nn_rewrite_report report;
        nn_graph *g = networks_random(&rng);

        graphs_lower(&plain, g);
        graphs_lower(&merged, g);
        merge(&merged, &report);
        check_form(&merged);
        graphs_equal(&plain, &merged, 1e-8, &rng);
        graphs_compare(g, &merged, GRAPHS_TOLERANCE, &rng);
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

/* Joins, products and concatenations, with any passes and any candidates kept. Polynomials are
 * uniform, so that 1e-9 is asserted of values that are squared nine times at most. */
static void test_random_graphs(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(150); n > 0; n--) {
        nn_stages plain, merged, some;
        nn_rewrite_report report;
        nn_graph *g = graphs_random(&rng);
        nn_rewrite_options options = {.passes = (unsigned)testing_below(&rng, NN_PASS_ALL + 1)};

        graphs_lower(&plain, g);
        graphs_lower(&merged, g);
        graphs_lower(&some, g);
        merge(&merged, &report);
        check_form(&merged);
        graphs_equal(&plain, &merged, 1e-9, &rng);
        options.keep = report.candidates & testing_u64(&rng);
        assert_int_equal(nn_rewrite_merge(&some, &options, NULL, NULL, 0), NN_OK);
        graphs_check(&some);
        graphs_equal(&plain, &some, 1e-9, &rng);
        /* Coefficients per element may need a stage on either side. */
        size_t added = 0;
        for (size_t k = 0; k < plain.count; k++)
            added += 2 * (size_t)(plain.stage[k].element != NULL);
        assert_true(nn_rewrite_cost(&some).levels <= nn_rewrite_cost(&plain).levels + added);
        assert_true(nn_rewrite_cost(&merged).levels <= nn_rewrite_cost(&some).levels + added);
        nn_stages_clear(&plain);
        nn_stages_clear(&merged);
        nn_stages_clear(&some);
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

        graphs_lower(&s, g);
        graphs_lower(&proven, g);
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
    graphs_lower(&s, d.g);
    merge(&s, &report);
    assert_int_equal(s.count, 3);
    assert_int_equal(report.after.levels, 3);
    assert_true(report.before.levels >= 5);
    assert_int_equal(report.after.affine_stages, 2);
    assert_int_equal(report.after.square_stages, 1);
    assert_int_equal(report.after.multiplications, 2 * 6 * 6);
    assert_int_equal(report.after.constants, nn_affine_nonzeros(&s.stage[0].affine[0]) +
                                                 nn_affine_nonzeros(&s.stage[2].affine[0]));
    nn_stages_clear(&s);
    nn_graph_free(d.g);
}

/* S3's networks with batch normalisation and the degree-4 fit of Swish. */
static nn_graph *s3_mnist(testing_rng *rng)
{
    nn_graph *g = graphs_image(1, 28, 28);

    graphs_swish_constants(g);
    graphs_conv(g, "x", "c1", 1, 5, 5, 2, 0, rng);
    graphs_norm(g, "c1", "b1", 5, rng);
    graphs_swish(g, "b1", "s1");
    graphs_conv(g, "s1", "c2", 5, 50, 5, 2, 0, rng);
    graphs_norm(g, "c2", "b2", 50, rng);
    graphs_swish(g, "b2", "s2");
    graphs_node(g, "Flatten", "s2", NULL, "f");
    graphs_dense(g, "f", "y", 800, 10, rng);
    nn_graph_output(g, "y");
    return g;
}

/* width: the channels of the first block, 32 in the paper; the levels do not depend on it. */
static nn_graph *s3_cifar(size_t width, testing_rng *rng)
{
    nn_graph *g = graphs_image(3, 32, 32);
    char in[8] = "x", name[4][8];
    size_t channels = 3;

    graphs_swish_constants(g);
    for (int k = 0; k < 3; k++) {
        for (int n = 0; n < 4; n++)
            (void)snprintf(name[n], sizeof name[n], "%c%d", "cbsp"[n], k);
        graphs_conv(g, in, name[0], channels, width << k, 3, 1, 1, rng);
        channels = width << k;
        graphs_norm(g, name[0], name[1], channels, rng);
        graphs_swish(g, name[1], name[2]);
        graphs_pool(g, name[2], name[3]);
        memcpy(in, name[3], sizeof in);
    }
    graphs_node(g, "Flatten", in, NULL, "f");
    graphs_dense(g, "f", "fc", 16 * channels, 8 * width, rng);
    graphs_dense(g, "fc", "y", 8 * width, 10, rng);
    nn_graph_output(g, "y");
    return g;
}

/* The levels of the two networks with each pass off. A normalisation costs one level a block, and
 * a pool one; the monic form one for each activation; of the other linear stages only the two last
 * dense ones are neighbours. */
static void test_ablation(void **unused)
{
    static const struct {
        unsigned off;
        size_t mnist, cifar;
    } table[] = {
        {0, 7, 10},
        {NN_PASS_NORM, 9, 13},
        {NN_PASS_POOL, 7, 13},
        {NN_PASS_LINEAR, 7, 11},
        {NN_PASS_MONIC, 9, 13},
        {NN_PASS_ALL, 11, 20},
    };
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int net = 0; net < 2; net++) {
        nn_graph *g = net == 0 ? s3_mnist(&rng) : s3_cifar(2, &rng);
        nn_stages plain;

        assert_int_equal(nn_graph_status(g), NN_OK);
        graphs_lower(&plain, g);
        for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
            nn_rewrite_options options = {.passes = NN_PASS_ALL & ~table[k].off};
            nn_rewrite_report report;
            nn_stages s;

            graphs_lower(&s, g);
            assert_int_equal(nn_rewrite_merge(&s, &options, &report, NULL, 0), NN_OK);
            assert_int_equal(report.before.levels, net == 0 ? 11 : 20);
            assert_int_equal(report.after.levels, net == 0 ? table[k].mnist : table[k].cifar);
            graphs_equal(&plain, &s, 1e-9, &rng);
            nn_stages_clear(&s);
        }
        nn_stages_clear(&plain);
        nn_graph_free(g);
    }
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_graph *g = networks_random(&rng);
    graphs_failing_merge(g);
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks), cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_measured_ranges), cmocka_unit_test(test_levels),
        cmocka_unit_test(test_ablation),        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
