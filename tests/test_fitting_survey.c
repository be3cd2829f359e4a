/* Measuring and comparing networks, against running them by hand; the same on any number of
 * threads. */

#include "nn/fit/fitting_data.h"

#include "nn/ref/ref.h"

#include "tests/fits.h"

enum { IMAGES = 21 };

static nn_fitting *fresh(const char *op, int max_pool, const float *images, nn_fitting_each each)
{
    size_t size;
    uint8_t *bytes = fits_bytes(&size, fits_graph(op, max_pool, 3));
    nn_fitting *f = NULL;
    char why[300] = "";

    assert_int_equal(nn_fitting_create(&f, bytes, size, why, sizeof why), NN_OK);
    free(bytes);
    assert_int_equal(nn_fitting_calibrate(f, images, IMAGES, each, NULL, why, sizeof why), NN_OK);
    return f;
}

/* Backwards: as good an order as any. */
static void backwards(void *user, size_t count, void (*body)(void *arg, size_t task), void *arg)
{
    (void)user;
    while (count-- > 0)
        body(arg, count);
}

static size_t value_of(const nn_fitting *f, const char *name)
{
    return nn_graph_find(f->graph, name);
}

/* Ranges of "x" and logits by the reference, image by image. */
static void test_float(void **unused)
{
    float *images = fits_images(IMAGES, testing_seed());
    nn_fitting *f = fresh("Swish", 1, images, NULL), *g = fresh("Swish", 1, images, backwards);
    double lo = HUGE_VAL, hi = -HUGE_VAL, apart = 0;

    (void)unused;
    for (size_t i = 0; i < IMAGES; i++) {
        nn_tensor in, out;

        assert_int_equal(nn_fitting_image(f, &in, i), NN_OK);
        assert_int_equal(nn_ref_run_to(f->graph, value_of(f, "x"), &in, &out, NULL, 0), NN_OK);
        for (size_t k = 0; k < out.count; k++) {
            lo = fmin(lo, (double)out.value[k]);
            hi = fmax(hi, (double)out.value[k]);
        }
        nn_tensor_clear(&out);
        assert_int_equal(nn_ref_run_to(f->graph, value_of(f, "a"), &in, &out, NULL, 0), NN_OK);
        for (size_t k = 0; k < out.count; k += k % 8 == 6 ? 10 : 2) /* every second row */
            for (int u = 0; u < 4; u++)
                for (int v = 0; v < 4; v++)
                    apart = fmax(apart, (double)out.value[k + (size_t)(u % 2 + u / 2 * 8)] -
                                            (double)out.value[k + (size_t)(v % 2 + v / 2 * 8)]);
        nn_tensor_clear(&out);
        assert_int_equal(nn_ref_run(f->graph, &in, &out, NULL, 0), NN_OK);
        assert_memory_equal(out.value, f->logits + i * FITS_OUTPUTS, FITS_OUTPUTS * sizeof(float));
        nn_tensor_clear(&out);
    }
    testing_assert_near(f->site[0].seen.lo, lo, 0);
    testing_assert_near(f->site[0].seen.hi, hi, 0);
    assert_int_equal(f->site[0].seen.count, IMAGES * 3 * FITS_PIXELS);
    testing_assert_near(f->largest[value_of(f, "x")], fmax(-lo, hi), 0);
    testing_assert_near(f->site[1].seen.hi, apart, 0);
    testing_assert_near(f->site[1].seen.lo, -apart, 0);
    assert_true(f->input_lo >= 0 && f->input_hi <= 1 && f->input_hi - f->input_lo > 0.9);
    for (int k = 0; k < 2; k++)
        assert_memory_equal(&f->site[k].seen, &g->site[k].seen, sizeof f->site[k].seen);
    nn_fitting_free(f);
    nn_fitting_free(g);
    free(images);
}

/* Half of the range is outside: the share is counted, and the comparison sees what differs. */
static void test_fitted(void **unused)
{
    float *images = fits_images(IMAGES, testing_seed());
    uint8_t labels[IMAGES];
    nn_fitting *f = fresh("Swish", 0, images, NULL);
    nn_histogram *seen = calloc(1, sizeof *seen);
    nn_fitting_result r = {.images = 0};
    nn_fit fit;
    double sum[2] = {0, 0}, error = 0, own = 0;
    size_t right = 0, agree = 0;

    (void)unused;
    assert_non_null(seen);
    for (size_t i = 0; i < IMAGES; i++)
        labels[i] = (uint8_t)(i % FITS_OUTPUTS);
    assert_int_equal(nn_fit_make(&fit, &f->sites.site[0].f, -1, 1, NN_FIT_MINIMAX, 2, NULL, 0),
                     NN_OK);
    f->fit[0] = &fit;
    f->site[0].lo = 0;
    f->site[0].hi = 100;
    float *logits = calloc(IMAGES * FITS_OUTPUTS, sizeof *logits);
    assert_non_null(logits);
    assert_int_equal(nn_fitting_survey(f, seen, logits, NULL, 0), NN_OK);
    uint64_t below = 0;
    for (size_t i = 0; i < IMAGES; i++) {
        nn_tensor in, out;
        size_t best = 0, was = 0;
        double mean = 0;

        assert_int_equal(nn_fitting_image(f, &in, i), NN_OK);
        assert_int_equal(nn_ref_run_to(f->graph, value_of(f, "x"), &in, &out, NULL, 0), NN_OK);
        for (size_t k = 0; k < out.count; k++)
            below += (double)out.value[k] < 0;
        nn_tensor_clear(&out);
        const float *now = logits + i * FITS_OUTPUTS, *before = f->logits + i * FITS_OUTPUTS;
        for (size_t k = 0; k < FITS_OUTPUTS; k++) {
            best = now[k] > now[best] ? k : best;
            was = before[k] > before[was] ? k : was;
            mean += (double)before[k] / FITS_OUTPUTS;
            error += pow((double)now[k] - (double)before[k], 2);
        }
        for (size_t k = 0; k < FITS_OUTPUTS; k++)
            own += pow((double)before[k] - mean, 2);
        agree += best == was;
        right += best == labels[i];
    }
    testing_assert_near(f->site[0].outside, (double)below / (IMAGES * 3 * FITS_PIXELS), 1e-12);
    assert_int_equal(nn_fitting_compare(f, &r, sum, 0, IMAGES, labels, NULL, 0), NN_OK);
    assert_int_equal(r.images, IMAGES);
    assert_int_equal(r.agree, agree);
    assert_int_equal(r.fitted_right, right);
    testing_assert_near(sum[0], error, 1e-9 * error);
    testing_assert_near(sum[1], own, 1e-9 * own);
    free(seen);
    free(logits);
    nn_fitting_free(f);
    free(images);
}

static void test_not_finite(void **unused)
{
    float *images = fits_images(IMAGES, 1);
    size_t size;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Relu", 1, 3));
    nn_fitting *f = NULL;
    char why[300] = "";

    (void)unused;
    images[5 * FITS_PIXELS] = (float)INFINITY;
    assert_int_equal(nn_fitting_create(&f, bytes, size, why, sizeof why), NN_OK);
    assert_int_equal(nn_fitting_calibrate(f, images, IMAGES, NULL, NULL, why, sizeof why),
                     NN_ERR_RANGE);
    assert_non_null(strstr(why, "image 5"));
    nn_fitting_free(f);
    free(bytes);
    free(images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float),
        cmocka_unit_test(test_fitted),
        cmocka_unit_test(test_not_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
