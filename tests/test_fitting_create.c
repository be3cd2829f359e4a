/* A fitting from the model's bytes to the fitted model's: what is written is what was chosen. */

#include "nn/fit/fitting_data.h"

#include "nn/onnx_read.h"

#include "tests/failing.h"
#include "tests/fits.h"

enum { IMAGES = 24 };

static const nn_fitting_options two = {.degree = 2, .margin = 0.1, .loss = -1};

/* What the convolution makes of an image, which activation "a" takes. */
static void square_x(void *user, size_t value, const nn_tensor *t)
{
    const nn_fitting *f = ((void **)user)[0];
    double *mean = ((void **)user)[1];

    for (size_t i = 0; value == f->sites.site[0].input && i < t->count; i++)
        *mean += (double)t->value[i] * (double)t->value[i] / (double)t->count;
}

static double mean_square(nn_fitting *f, size_t image)
{
    nn_tensor in = {0}, out = {0};
    char why[300] = "";
    double mean = 0;

    assert_int_equal(nn_fitting_image(f, &in, image), NN_OK);
    assert_int_equal(nn_fit_run(f->graph, &f->sites, f->fit, &in, &out, square_x,
                                (void *[]){f, &mean}, why, sizeof why),
                     NN_OK);
    nn_tensor_clear(&out);
    return mean;
}

static void test_write(void **unused)
{
    float *images = fits_images(IMAGES, testing_seed());
    size_t size, out_size;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Swish", 1, 3)), *out;
    nn_fitting *f = NULL;
    nn_graph *g = NULL;
    nn_fit fit;
    char why[300] = "";
    int found;

    (void)unused;
    assert_int_equal(nn_fitting_create(&f, bytes, size, why, sizeof why), NN_OK);
    assert_int_equal(nn_fitting_input(f).h, FITS_SIDE);
    assert_int_equal(nn_fitting_sites(f), 2);
    assert_null(nn_fitting_site_at(f, 2));
    assert_int_equal(nn_fitting_write(f, bytes, size, &out, &out_size), NN_ERR_ARG);
    assert_int_equal(nn_fitting_calibrate(f, images, IMAGES, NULL, NULL, why, sizeof why), NN_OK);
    if (nn_fitting_choose(f, &two, NULL, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    assert_int_equal(nn_fitting_write(f, bytes, size, &out, &out_size), NN_OK);
    assert_int_equal(nn_onnx_read(&g, out, out_size, why, sizeof why), NN_OK);
    for (size_t k = 0; k < 2; k++) {
        const nn_fitting_site *s = nn_fitting_site_at(f, k);

        assert_string_equal(s->value, k == 0 ? "a" : "p");
        assert_string_equal(s->function, k == 0 ? "swish" : "max");
        assert_int_equal(s->count, 1);
        assert_int_equal(s->degree[0], 2);
        assert_int_equal(s->levels, 1);
        assert_int_equal(nn_fit_get(&fit, &found, g, s->value, why, sizeof why), NN_OK);
        assert_int_equal(found, 1);
        testing_assert_near(fit.lo, s->lo, 0);
        testing_assert_near(fit.hi, s->hi, 0);
        testing_assert_near(fit.error, s->error, 0);
        assert_memory_equal(fit.poly, f->site[k].fit.poly, sizeof fit.poly);
    }
    /* A range is 1.1 times what was seen, to six digits, rounded up. */
    const char *range = nn_graph_meta_get(g, "unseen.range.x");
    assert_non_null(range);
    double most = fmax(-f->site[0].seen.lo, f->site[0].seen.hi);
    testing_assert_near(strtod(range, NULL), 1.1 * most, 2e-5 * most);
    char *behind;
    assert_true(strtod(range, &behind) >= 1.1 * most * (1 - 1e-12));
    /* Behind it the root mean square. */
    double mean = 0;
    for (size_t k = 0; k < f->count; k++)
        mean += mean_square(f, k) / (double)f->count;
    assert_true(*behind == ' ');
    testing_assert_near(strtod(behind, NULL), sqrt(mean), 2e-5 * most);
    assert_non_null(nn_graph_meta_get(g, "unseen.range.y"));
    assert_null(nn_graph_meta_get(g, "unseen.range.f")); /* the same numbers as p */
    assert_string_equal(nn_graph_meta_get(g, "unseen.input_range"), "0 1");
    assert_string_equal(nn_graph_meta_get(g, "test.name"), "kept");
    nn_graph_free(g);
    nn_fitting_free(f);
    free(out);
    free(bytes);
    free(images);
}

/* Inputs that are no picture get the range that was seen and the margin. */
static void test_input_range(void **unused)
{
    float *images = fits_images(IMAGES, testing_seed());
    size_t size, out_size;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Relu", 0, 3)), *out;
    nn_fitting *f = NULL;
    nn_graph *g = NULL;
    char *end;

    (void)unused;
    images[3] = -2;
    images[4] = 3;
    assert_int_equal(nn_fitting_create(&f, bytes, size, NULL, 0), NN_OK);
    assert_int_equal(nn_fitting_calibrate(f, images, IMAGES, NULL, NULL, NULL, 0), NN_OK);
    assert_int_equal(nn_fitting_choose(f, &two, NULL, NULL, 0), NN_OK);
    assert_int_equal(nn_fitting_write(f, bytes, size, &out, &out_size), NN_OK);
    assert_int_equal(nn_onnx_read(&g, out, out_size, NULL, 0), NN_OK);
    const char *text = nn_graph_meta_get(g, "unseen.input_range");
    assert_non_null(text);
    testing_assert_near(strtod(text, &end), -2.5, 1e-9);
    testing_assert_near(strtod(end, NULL), 3.5, 1e-9);
    nn_graph_free(g);
    nn_fitting_free(f);
    free(out);
    free(bytes);
    free(images);
}

static void test_refused(void **unused)
{
    size_t size;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Exp", 1, 3));
    float *images = fits_images(1, 1);
    nn_fitting *f = NULL;
    char why[300] = "";

    (void)unused;
    assert_int_equal(nn_fitting_create(&f, bytes, size, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "activation"));
    assert_null(f);
    assert_int_equal(nn_fitting_create(&f, bytes, size / 2, why, sizeof why), NN_ERR_FORMAT);
    free(bytes);
    bytes = fits_bytes(&size, fits_graph("Relu", 1, 3));
    assert_int_equal(nn_fitting_create(&f, bytes, size, why, sizeof why), NN_OK);
    assert_int_equal(nn_fitting_calibrate(f, images, 0, NULL, NULL, why, sizeof why), NN_ERR_ARG);
    assert_int_equal(nn_fitting_choose(f, &two, NULL, why, sizeof why), NN_ERR_ARG);
    nn_fitting_free(f);
    nn_fitting_free(NULL);
    free(bytes);
    free(images);
}

/* Each allocation in turn fails, but those of the reader, which have a test of their own. */
static void test_no_memory(void **unused)
{
    float *images = fits_images(2, 1);
    size_t size, out_size;
    uint8_t *bytes = fits_bytes(&size, fits_graph("Relu", 0, 3)), *out = NULL;
    nn_fitting *f = NULL;

    (void)unused;
    assert_int_equal(nn_fitting_create(&f, bytes, size, NULL, 0), NN_OK);
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_fitting_calibrate(f, images, 2, NULL, NULL, NULL, 0);
        if (st == NN_OK)
            st = nn_fitting_choose(f, &two, NULL, NULL, 0);
        if (st == NN_OK)
            st = nn_fitting_write(f, bytes, size, &out, &out_size);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            break;
        }
        assert_int_equal(st, NN_ERR_MEMORY);
        assert_null(out);
    }
    free(out);
    nn_fitting_free(f);
    free(bytes);
    free(images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_input_range),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
