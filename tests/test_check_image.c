/* One image through four networks: values of the plan are those of the graph, out of range is
 * counted exactly, encrypted values are near the clear ones. */
#include "nn/check/check_data.h"

#include "nn/graph/graph_data.h"

#include "tests/checks.h"

/* Passes scale and shift values; traced back they are the graph's, whatever passes ran. */
static void test_values_are_the_graphs(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        checks c;
        const nn_plan_options o = {.passes_off = k == 0 ? 0 : NN_PASS_MONIC, .ring = NN_RING_REAL};
        checks_open(&c, checks_graph(4.0, k == 0 ? 4 : 9), 1, &o);
        checks_image(&c, 0, NULL);
        for (size_t p = 0; p < c.check->part_count; p++) {
            nn_check_layer l;
            nn_check_layer_of(c.check, p, &l);
            /* Sums of at most 48 products in float, and the graph's own rounding. */
            assert_true(l.arithmetic.max <= 4e-6 * l.reach);
        }
        checks_close(&c);
    }
}

/* Inputs of the ReLU beside the range, counted by hand. */
static void test_out_of_range_is_exact(void **state)
{
    (void)state;
    checks c;
    nn_check_site site;
    size_t below = 0, above = 0;
    double lo = INFINITY, hi = -INFINITY;
    checks_open(&c, checks_graph(0.6, 2), 2, NULL);
    for (size_t i = 0; i < 2; i++) {
        const float *image = c.images + i * FITS_PIXELS;
        const nn_tensor *w = &c.check->graph->value[nn_graph_find(c.check->graph, "wc")].constant;
        const nn_tensor *b = &c.check->graph->value[nn_graph_find(c.check->graph, "bc")].constant;
        checks_image(&c, i, NULL);
        for (size_t at = 0; at < 3 * FITS_PIXELS; at++) {
            size_t m = at / FITS_PIXELS, y = at / FITS_SIDE % FITS_SIDE, x = at % FITS_SIDE;
            double sum = (double)b->value[m];
            for (size_t k = 0; k < 9; k++) {
                size_t u = y + k / 3, v = x + k % 3; /* one more than the pixel's */
                if (u >= 1 && v >= 1 && u <= FITS_SIDE && v <= FITS_SIDE)
                    sum += (double)w->value[m * 9 + k] * (double)image[(u - 1) * FITS_SIDE + v - 1];
            }
            below += (float)sum < -0.6f;
            above += (float)sum > 0.6f;
            lo = fmin(lo, sum);
            hi = fmax(hi, sum);
        }
    }
    nn_check_site_of(c.check, 0, &site);
    assert_true(below > 0 && above > 0);
    assert_int_equal(site.below, below);
    assert_int_equal(site.above, above);
    assert_int_equal(site.numbers, 2 * 3 * FITS_PIXELS);
    testing_assert_near(site.seen_lo, lo, 1e-6);
    testing_assert_near(site.seen_hi, hi, 1e-6);
    checks_close(&c);
}

/* A max pool's windows count as inputs, by their largest difference. */
static void test_max_pool(void **state)
{
    (void)state;
    const nn_activation magnitude = {.function = NN_APPROX_ABS};
    checks c;
    nn_check_site site;
    nn_fit fit;
    nn_graph *g = fits_graph("Relu", 1, 5);
    checks_relu(g, "a", 4.0, 2);
    assert_int_equal(nn_fit_make(&fit, &magnitude, -0.3, 0.3, NN_FIT_CHEBYSHEV, 2, NULL, 0), NN_OK);
    assert_int_equal(nn_fit_set(g, "p", &fit), NN_OK);
    checks_open(&c, g, 1, NULL);
    checks_image(&c, 0, NULL);
    assert_int_equal(nn_check_sites(c.check), 2);
    nn_check_site_of(c.check, 1, &site);
    assert_string_equal(site.function, "max");
    assert_int_equal(site.numbers, 48);
    assert_int_equal(site.below, 0);
    assert_true(site.above > 0 && site.above < 48);
    assert_true(site.seen_hi > 0.3);
    checks_close(&c);
}

/* Encrypted values, and times by a clock that ticks once at each look: one a step. */
static void test_encrypted(void **state)
{
    (void)state;
    checks c;
    checks_secret s;
    nn_check_summary sum;
    checks_open(&c, checks_graph(4.0, 4), 1, NULL);
    nn_check_keys keys = checks_keys(&s, &c);
    checks_image(&c, 0, &keys);
    nn_check_summarise(c.check, &sum);
    assert_int_equal(sum.encrypted, 1);
    for (size_t k = 0; k < nn_check_layers(c.check); k++) {
        nn_check_layer l;
        nn_check_layer_of(c.check, k, &l);
        assert_true(l.noise.max > 0);
        assert_true(l.noise.rms_bits > 6 && l.noise.rms_bits < 40);
        assert_true(l.noise.max_bits <= l.noise.rms_bits);
        testing_assert_near(l.ms, 1e3 * (double)l.count, 1e-9);
        assert_true(l.limbs >= 1 && l.limbs <= nn_plan_forecast(c.plan)->limbs);
    }
    for (int n = 0; n < NN_CHECK_NETWORKS; n++)
        assert_true(nn_check_label(c.check, n) < FITS_OUTPUTS);
    checks_forget(&s);
    checks_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_the_graphs),
        cmocka_unit_test(test_out_of_range_is_exact),
        cmocka_unit_test(test_max_pool),
        cmocka_unit_test(test_encrypted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
