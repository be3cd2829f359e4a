/* Checks: layers and sites are found, a bad fit and what leaves its range are named. */
#include "nn/check.h"

#include "tests/checks.h"

/* Every value of the graph that the plan still makes is a layer, and the steps fall into layers. */
static void test_layers(void **state)
{
    (void)state;
    checks c;
    checks_open(&c, checks_graph(4.0, 7), 1, NULL);
    size_t steps = 0, layers = nn_check_layers(c.check);
    for (size_t k = 0; k < layers; k++) {
        nn_check_layer l;
        nn_check_layer_of(c.check, k, &l);
        assert_int_equal(l.first, steps);
        assert_true(l.count >= 1);
        steps += l.count;
    }
    assert_int_equal(steps, nn_plan_steps(c.plan));
    nn_check_layer last;
    nn_check_layer_of(c.check, layers - 1, &last);
    assert_string_equal(last.value, "y");
    assert_int_equal(last.numbers, FITS_OUTPUTS);
    assert_int_equal(nn_check_sites(c.check), 1);
    nn_check_site site;
    nn_check_site_of(c.check, 0, &site);
    assert_string_equal(site.value, "a");
    assert_string_equal(site.function, "relu");
    testing_assert_near(site.hi, 4.0, 0);
    checks_close(&c);
}

/* A fit that is too short, on a range that most inputs leave: its layer is named, and the inputs
 * out of range are counted as the float network's own values say. */
static void test_bad_fit_is_named(void **state)
{
    (void)state;
    enum { IMAGES = 30 };
    checks c;
    nn_check_summary sum;
    nn_check_site site;
    checks_open(&c, checks_two_relus(4.0, 0.05), IMAGES, NULL);
    for (size_t i = 0; i < IMAGES; i++)
        checks_image(&c, i, NULL);
    nn_check_summarise(c.check, &sum);
    nn_check_site_of(c.check, 1, &site);
    assert_int_equal(sum.images, IMAGES);
    assert_int_equal(sum.encrypted, 0);
    assert_true(sum.fitted_agree < IMAGES);
    assert_int_equal(sum.differ[NN_CHECK_APPROXIMATION], IMAGES - sum.fitted_agree);
    assert_int_equal(sum.cause, NN_CHECK_APPROXIMATION);
    assert_int_equal(sum.layer, site.layer);
    assert_int_equal(sum.inputs, IMAGES * 2 * 4);
    assert_int_equal(sum.out_of_range, site.below + site.above);
    assert_true(site.below + site.above > site.numbers / 2);
    assert_non_null(strstr(sum.sentence, "The approximation in layer '"));
    assert_non_null(strstr(sum.sentence, "fitted from -0.05 to 0.05"));
    checks_close(&c);
}

/* A good fit: all labels agree, the approximation is what the fit promises at most, arithmetic is
 * that of float, ranges hold. */
static void test_good_fit_agrees(void **state)
{
    (void)state;
    enum { IMAGES = 3 };
    checks c;
    nn_check_summary sum;
    nn_check_site site;
    checks_open(&c, checks_graph(4.0, 27), IMAGES, NULL);
    for (size_t i = 0; i < IMAGES; i++)
        checks_image(&c, i, NULL);
    nn_check_summarise(c.check, &sum);
    nn_check_site_of(c.check, 0, &site);
    assert_int_equal(sum.cause, -1);
    assert_int_equal(sum.out_of_range, 0);
    assert_int_equal(sum.clear_agree, IMAGES);
    assert_non_null(strstr(sum.sentence, "All labels agree"));
    assert_non_null(strstr(sum.sentence, ": approximation leaves "));
    for (size_t k = 0; k < nn_check_layers(c.check); k++) {
        nn_check_layer l;
        nn_check_layer_of(c.check, k, &l);
        assert_true(l.arithmetic.max <= 2e-6 * l.reach);
        assert_true(l.approximation.rms <= l.approximation.max);
        assert_true(isnan(l.noise.rms) && isnan(l.ms));
        assert_true(l.used <= 1.0);
        assert_int_equal(l.over, 0);
        if (strcmp(l.value, "a") == 0)
            assert_true(l.approximation.max <= site.error * 1.000001 && l.approximation.max > 0);
        if (strcmp(l.value, "x") == 0)
            assert_true(isinf(l.approximation.rms_bits)); /* nothing was replaced before it */
    }
    checks_close(&c);
}

static void test_refuses(void **state)
{
    (void)state;
    checks c;
    nn_check *other = NULL;
    nn_plan *several = NULL;
    const nn_plan_options o = {.images = 4};
    checks_open(&c, checks_graph(4.0, 7), 1, NULL);
    checks_ok(&c, nn_plan_create(&several, c.model, &o, c.why, CHECKS_WHY));
    assert_int_equal(nn_check_create(&other, several, c.why, CHECKS_WHY), NN_ERR_ARG);
    assert_null(other);
    nn_plan_free(several);
    nn_plan_release_matrix(c.plan, 0, 0);
    assert_int_equal(nn_check_create(&other, c.plan, c.why, CHECKS_WHY), NN_ERR_ARG);
    nn_check_free(NULL);
    checks_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_bad_fit_is_named),
        cmocka_unit_test(test_good_fit_agrees),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
