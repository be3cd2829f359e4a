/* Choosing degrees: demands are met by the smallest, limits are kept, and what cannot be met is
 * said. */

#include "nn/fit/fitting_data.h"

#include "tests/fits.h"

/* The images are always the same ones: how near two labels are on the nearest of them decides
 * whether a demand can be met at all. */
enum { IMAGES = 40 };

static const nn_fitting_options plain = {.margin = 0.1, .loss = -1};

static nn_fitting *fresh(const char *op, int max_pool, const float *images)
{
    size_t size;
    uint8_t *bytes = fits_bytes(&size, fits_graph(op, max_pool, 3));
    nn_fitting *f = NULL;

    assert_int_equal(nn_fitting_create(&f, bytes, size, NULL, 0), NN_OK);
    assert_int_equal(nn_fitting_calibrate(f, images, IMAGES, NULL, NULL, NULL, 0), NN_OK);
    free(bytes);
    return f;
}

static void choose(nn_fitting *f, const nn_fitting_options *o, const uint8_t *labels)
{
    char why[300] = "";
    if (nn_fitting_choose(f, o, labels, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/* Met, by running the network once more; with a smaller demand on the error, degrees do not grow.
 */
static void test_auto(void **unused)
{
    float *images = fits_images(IMAGES, 7);
    nn_fitting *f = fresh("Swish", 1, images);
    int before = 1000;

    (void)unused;
    for (double error = 0.05; error < 1; error *= 3) {
        nn_fitting_options o = plain;
        nn_fitting_result again = {.images = 0};
        double sum[2] = {0, 0};
        int levels = 0;

        o.logit_error = error;
        choose(f, &o, NULL);
        const nn_fitting_result *r = nn_fitting_outcome(f);
        assert_int_equal(r->reached, 1);
        assert_int_equal(r->images, IMAGES);
        assert_int_equal(r->agree, IMAGES);
        assert_true(r->logit_error <= error);
        assert_int_equal(nn_fitting_compare(f, &again, sum, 0, IMAGES, NULL, NULL, 0), NN_OK);
        testing_assert_near(sqrt(sum[0] / sum[1]), r->logit_error, 1e-12);
        for (size_t k = 0; k < 2; k++) {
            const nn_fitting_site *s = nn_fitting_site_at(f, k);
            assert_true(s->lo <= s->seen_lo && s->hi >= s->seen_hi);
            testing_assert_near(s->outside, 0, 0);
            levels += s->levels;
        }
        assert_true(levels <= before);
        before = levels;
    }
    nn_fitting_free(f);
    free(images);
}

/* Each method by its name, a degree that is given, and a range that is given. */
static void test_methods(void **unused)
{
    static const char *const names[] = {NULL, "ls", "chebyshev", "minimax"};
    float *images = fits_images(IMAGES, 7);
    nn_fitting *f = fresh("Tanh", 0, images);

    (void)unused;
    for (int method = NN_FITTING_LEAST_SQUARES; method <= NN_FITTING_MINIMAX; method++) {
        nn_fitting_options o = plain;

        o.method = method;
        o.degree = 7;
        choose(f, &o, NULL);
        assert_string_equal(nn_fitting_site_at(f, 0)->method, names[method]);
        assert_int_equal(nn_fitting_site_at(f, 0)->degree[0], 7);
        assert_true(nn_fitting_site_at(f, 0)->error < 0.5);
        o.range = 3;
        choose(f, &o, NULL);
        testing_assert_near(nn_fitting_site_at(f, 0)->lo, -3, 0);
        testing_assert_near(nn_fitting_site_at(f, 0)->hi, 3, 0);
    }
    nn_fitting_free(f);
    free(images);
}

static void test_signs(void **unused)
{
    float *images = fits_images(IMAGES, 7);
    nn_fitting *f = fresh("Relu", 1, images);
    nn_fitting_options o = plain;

    (void)unused;
    o.sign = 1;
    choose(f, &o, NULL);
    assert_int_equal(nn_fitting_outcome(f)->reached, 1);
    for (size_t k = 0; k < 2; k++) {
        const nn_fitting_site *s = nn_fitting_site_at(f, k);
        assert_int_equal(s->sign, 1);
        testing_assert_near(s->lo, -s->hi, 0);
        assert_true(s->levels >= 3);
    }
    /* Few levels: the demands are not met, and the levels are kept. */
    o.levels = 3;
    o.logit_error = 1e-4;
    choose(f, &o, NULL);
    assert_int_equal(nn_fitting_outcome(f)->reached, 0);
    for (size_t k = 0; k < 2; k++)
        assert_true(nn_fitting_site_at(f, k)->levels <= 3);
    nn_fitting_free(f);
    free(images);
}

/* With labels: what the float network says is right, so a loss of 0 wants all labels kept. */
static void test_loss(void **unused)
{
    float *images = fits_images(IMAGES, 7);
    uint8_t labels[IMAGES];
    nn_fitting *f = fresh("Relu", 0, images);
    nn_fitting_options o = plain;

    (void)unused;
    for (size_t i = 0; i < IMAGES; i++) {
        const float *l = f->logits + i * FITS_OUTPUTS;
        labels[i] = 0;
        for (uint8_t k = 1; k < FITS_OUTPUTS; k++)
            labels[i] = l[k] > l[labels[i]] ? k : labels[i];
    }
    o.loss = 0;
    choose(f, &o, labels);
    assert_int_equal(nn_fitting_outcome(f)->reached, 1);
    assert_int_equal(nn_fitting_outcome(f)->float_right, IMAGES);
    assert_int_equal(nn_fitting_outcome(f)->fitted_right, IMAGES);
    o.loss = 1; /* anything goes: degree 2 */
    choose(f, &o, labels);
    assert_int_equal(nn_fitting_site_at(f, 0)->degree[0], 2);
    nn_fitting_free(f);
    free(images);
}

/* Without a margin the fitted ReLU is larger than the true one, and the pool behind it sees more
 * than was measured: its range grows until nothing is outside. */
static void test_widened(void **unused)
{
    float *images = fits_images(IMAGES, 7);
    nn_fitting *f = fresh("Relu", 1, images);
    nn_fitting_options o = plain;

    (void)unused;
    o.margin = 0;
    o.degree = 2;
    o.method = NN_FITTING_MINIMAX;
    choose(f, &o, NULL);
    for (size_t k = 0; k < 2; k++)
        testing_assert_near(nn_fitting_site_at(f, k)->outside, 0, 0);
    assert_true(nn_fitting_site_at(f, 1)->hi > nn_fitting_site_at(f, 1)->seen_hi);
    nn_fitting_free(f);
    free(images);
}

static void test_refused(void **unused)
{
    float *images = fits_images(IMAGES, 1);
    nn_fitting *f = fresh("Relu", 0, images);
    nn_fitting_options o = plain;
    char why[300] = "";

    (void)unused;
    o.degree = 1;
    assert_int_equal(nn_fitting_choose(f, &o, NULL, why, sizeof why), NN_ERR_ARG);
    o.degree = 32;
    assert_int_equal(nn_fitting_choose(f, &o, NULL, why, sizeof why), NN_ERR_ARG);
    o = plain;
    o.margin = -1;
    assert_int_equal(nn_fitting_choose(f, &o, NULL, why, sizeof why), NN_ERR_ARG);
    o = plain;
    o.method = 4;
    assert_int_equal(nn_fitting_choose(f, &o, NULL, why, sizeof why), NN_ERR_ARG);
    o = plain;
    o.loss = 0;
    assert_int_equal(nn_fitting_choose(f, &o, NULL, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "labels"));
    o = plain;
    o.degree = 9;
    o.levels = 2;
    assert_int_equal(nn_fitting_choose(f, &o, NULL, why, sizeof why), NN_ERR_RANGE);
    assert_non_null(strstr(why, "2 levels"));
    nn_fitting_free(f);
    free(images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto), cmocka_unit_test(test_methods), cmocka_unit_test(test_signs),
        cmocka_unit_test(test_loss), cmocka_unit_test(test_widened), cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
