/* Graphs with fits: without any they are the reference, with them every value is as by hand. */

#include "nn/fit/fit_run.h"

#include "nn/ref/ref.h"

#include "tests/failing.h"
#include "tests/fits.h"

static nn_tensor image(const float *pixels)
{
    const nn_dims dims = {4, {1, 1, FITS_SIDE, FITS_SIDE}};
    nn_tensor t = {0};
    float *copy = malloc(FITS_PIXELS * sizeof *copy);

    assert_non_null(copy);
    memcpy(copy, pixels, FITS_PIXELS * sizeof *copy);
    assert_int_equal(nn_tensor_borrow(&t, &dims, copy), NN_OK);
    return t;
}

static void test_plain(void **unused)
{
    static const char *const ops[] = {"Relu", "Swish", "Clip", "Gelu"};
    float *pixels = fits_images(1, testing_seed());
    nn_tensor in = image(pixels);

    (void)unused;
    for (int k = 0; k < 4; k++) {
        nn_graph *g = fits_graph(ops[k], k % 2, 9);
        nn_tensor want = {0}, got = {0};
        nn_fit_sites s;

        assert_int_equal(nn_fit_sites_find(&s, g, NULL, 0), NN_OK);
        assert_int_equal(nn_ref_run(g, &in, &want, NULL, 0), NN_OK);
        assert_int_equal(nn_fit_run(g, &s, NULL, &in, &got, NULL, NULL, NULL, 0), NN_OK);
        assert_int_equal(got.count, FITS_OUTPUTS);
        assert_memory_equal(got.value, want.value, FITS_OUTPUTS * sizeof(float));
        nn_tensor_clear(&got);
        assert_int_equal(nn_fit_run_graph(g, &in, &got, NULL, 0), NN_OK); /* no fit in it */
        assert_memory_equal(got.value, want.value, FITS_OUTPUTS * sizeof(float));
        nn_tensor_clear(&got);
        nn_tensor_clear(&want);
        nn_fit_sites_clear(&s);
        nn_graph_free(g);
    }
    free(in.value);
    free(pixels);
}

/* Values that a run saw, by name. */
typedef struct seen {
    const nn_graph *g;
    float x[3 * FITS_PIXELS], a[3 * FITS_PIXELS], p[3 * FITS_PIXELS / 4];
    int count;
} seen;

static void see(void *user, size_t value, const nn_tensor *t)
{
    seen *s = user;
    const char *name = s->g->value[value].name;

    s->count++;
    if (strcmp(name, "x") == 0)
        memcpy(s->x, t->value, sizeof s->x);
    if (strcmp(name, "a") == 0)
        memcpy(s->a, t->value, sizeof s->a);
    if (strcmp(name, "p") == 0)
        memcpy(s->p, t->value, sizeof s->p);
}

/* ReLU by (x + 1)^2 / 4, a max pool by |d| ~ d^2: each value from the one before, by hand. */
static void test_fitted(void **unused)
{
    nn_fit relu = {.kind = NN_FIT_POLY, .lo = -1, .hi = 1, .count = 1}, pool = relu;
    nn_graph *g = fits_graph("Relu", 1, 9);
    float *pixels = fits_images(1, testing_seed());
    nn_tensor in = image(pixels), out = {0}, again = {0};
    nn_fit_sites s;
    seen values = {.g = g};

    (void)unused;
    relu.poly[0] = (nn_fit_poly){2, {0.375, 0.5, 0.125}};
    pool.f.function = NN_APPROX_ABS;
    pool.poly[0] = (nn_fit_poly){2, {0.5, 0, 0.5}};
    assert_int_equal(nn_fit_sites_find(&s, g, NULL, 0), NN_OK);
    const nn_fit *fits[2] = {&relu, &pool};
    assert_int_equal(nn_fit_run(g, &s, fits, &in, &out, see, &values, NULL, 0), NN_OK);
    assert_int_equal(values.count, 6); /* image x a p f y */
    for (int i = 0; i < 3 * FITS_PIXELS; i++) {
        double x = (double)values.x[i];
        testing_assert_near(values.a[i], (x + 1) * (x + 1) / 4, 1e-6);
    }
    for (int i = 0; i < 3 * FITS_PIXELS / 4; i++) {
        int c = i / 16, y = i / 4 % 4, x = i % 4;
        const float *at = values.a + c * FITS_PIXELS + 2 * y * FITS_SIDE + 2 * x;
        double u = (double)at[0], v = (double)at[1], top = (u + v + (u - v) * (u - v)) / 2;
        u = (double)at[FITS_SIDE];
        v = (double)at[FITS_SIDE + 1];
        double low = (u + v + (u - v) * (u - v)) / 2;
        testing_assert_near(values.p[i], (top + low + (top - low) * (top - low)) / 2, 1e-6);
    }
    /* The same out of the metadata. */
    nn_fit_set(g, "a", &relu);
    assert_int_equal(nn_fit_set(g, "p", &pool), NN_OK);
    assert_int_equal(nn_fit_run_graph(g, &in, &again, NULL, 0), NN_OK);
    assert_memory_equal(again.value, out.value, FITS_OUTPUTS * sizeof(float));
    nn_tensor_clear(&out);
    nn_tensor_clear(&again);
    nn_fit_sites_clear(&s);
    nn_graph_free(g);
    free(in.value);
    free(pixels);
}

/* A window list is checked against plain maxima: with padding, overlap, and all of an image. */
typedef struct maxima {
    float value[200];
    size_t count, largest;
} maxima;

static void take_max(void *user, size_t out, const float *number, size_t count)
{
    maxima *m = user;

    assert_int_equal(out, m->count);
    m->value[m->count] = number[0];
    for (size_t k = 1; k < count; k++)
        m->value[m->count] = fmaxf(m->value[m->count], number[k]);
    m->count++;
    m->largest = count > m->largest ? count : m->largest;
}

static void test_windows(void **unused)
{
    float *pixels = fits_images(1, testing_seed());
    nn_tensor in = image(pixels);

    (void)unused;
    for (int global = 0; global < 2; global++) {
        nn_graph *g = NULL;
        nn_tensor want = {0};
        static maxima m;

        m = (maxima){.count = 0};
        assert_int_equal(nn_graph_create(&g), NN_OK);
        nn_graph_input(g, "x", (nn_shape){1, FITS_SIDE, FITS_SIDE});
        nn_graph_node(g, global ? "GlobalMaxPool" : "MaxPool", "", (const char *const[]){"x"}, 1,
                      "y");
        if (!global) {
            nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){3, 2}, 2);
            nn_graph_attr_ints(g, "pads", (const int64_t[]){1, 1, 1, 0}, 4);
            nn_graph_attr_ints(g, "strides", (const int64_t[]){2, 1}, 2);
        }
        nn_graph_output(g, "y");
        assert_int_equal(nn_graph_status(g), NN_OK);
        assert_int_equal(nn_ref_run(g, &in, &want, NULL, 0), NN_OK);
        assert_int_equal(nn_fit_windows(&g->node[0], &in, take_max, &m), NN_OK);
        assert_int_equal(m.count, want.count);
        assert_int_equal(m.largest, global ? FITS_PIXELS : 6);
        assert_memory_equal(m.value, want.value, want.count * sizeof(float));
        nn_tensor_clear(&want);
        nn_graph_free(g);
    }
    free(in.value);
    free(pixels);
}

/* An odd number of values: the one that is left over goes on. With |d| itself it is the maximum. */
static void test_tournament(void **unused)
{
    static const float numbers[7] = {1, 5, -2, 9, 3, 4, 8};
    const nn_dims dims = {4, {1, 1, 1, 7}};
    nn_fit fit = {.kind = NN_FIT_POLY, .lo = -20, .hi = 20, .count = 1};
    nn_graph *g = NULL;
    nn_tensor in = {0}, out = {0};
    nn_fit_sites s;
    float copy[7];

    (void)unused;
    memcpy(copy, numbers, sizeof copy);
    assert_int_equal(nn_tensor_borrow(&in, &dims, copy), NN_OK);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 1, 7});
    nn_graph_node(g, "GlobalMaxPool", "", (const char *const[]){"x"}, 1, "y");
    nn_graph_output(g, "y");
    assert_int_equal(nn_fit_sites_find(&s, g, NULL, 0), NN_OK);
    /* |d| ~ 0 gives means: ((1 + 5)/2 + (-2 + 9)/2)/2 and ((3 + 4)/2 + 8)/2, and the mean of both.
     */
    fit.f.function = NN_APPROX_ABS;
    fit.poly[0] = (nn_fit_poly){1, {0, 0}};
    const nn_fit *fits[1] = {&fit};
    assert_int_equal(nn_fit_run(g, &s, fits, &in, &out, NULL, NULL, NULL, 0), NN_OK);
    testing_assert_near(out.value[0], ((3 + 3.5) / 2 + (3.5 + 8) / 2) / 2, 1e-6);
    nn_tensor_clear(&out);
    nn_fit_sites_clear(&s);
    nn_graph_free(g);
}

static void test_refused(void **unused)
{
    nn_graph *g = fits_graph("Relu", 1, 9);
    float *pixels = fits_images(1, 1);
    nn_tensor in = image(pixels), out = {0};
    char why[300] = "";

    (void)unused;
    nn_graph_meta(g, "unseen.fit.a", "1 poly");
    assert_int_equal(nn_fit_run_graph(g, &in, &out, why, sizeof why), NN_ERR_FORMAT);
    assert_non_null(strstr(why, "unseen.fit.a"));
    assert_null(out.value);
    nn_graph_meta(g, "unseen.fit.a", "1 poly relu -1 1 0 1 1 0 1");
    assert_int_equal(nn_fit_run_graph(g, NULL, &out, why, sizeof why), NN_ERR_ARG);
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_fit_run_graph(g, &in, &out, why, sizeof why);
        int hit = failing_stop();
        /* Without memory the tail of a graph is taken to be none (nn/onnx/tail.c). */
        assert_true(st == NN_ERR_MEMORY || st == NN_OK);
        assert_true((out.value == NULL) == (st != NN_OK));
        nn_tensor_clear(&out);
        if (!hit) {
            assert_int_equal(st, NN_OK);
            break;
        }
    }
    nn_graph_free(g);
    free(in.value);
    free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_fitted),
        cmocka_unit_test(test_windows), cmocka_unit_test(test_tournament),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
