/* The matrix that whitens patches: against the covariance computed here, and in cases known by
 * hand. */
#include "tests/train_sets.h"

#include "train/whiten.h"

enum { MOST = 27 };

static train_set set;

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 3);
    return 0;
}

static double pixel(size_t image, const train_layer_spec *s, size_t i, size_t y, size_t x)
{
    size_t area = s->kernel_h * s->kernel_w, c = i / area, at = i % area;
    y += at / s->kernel_w;
    x += at % s->kernel_w;
    return set.pixels[0][(image * s->in_c + c) * SET_AREA + y * SET_SIDE + x] / 255.0;
}

/* Covariance of all patches inside all images. */
static void covariance(double cov[MOST][MOST], const train_layer_spec *s, size_t n)
{
    double mean[MOST] = {0}, count = 0.0;
    memset(cov, 0, MOST * sizeof cov[0]);
    for (size_t pass = 0; pass < 2; pass++) {
        count = 0.0;
        for (size_t image = 0; image < SET_TRAIN; image++)
            for (size_t y = 0; y + s->kernel_h <= SET_SIDE; y++)
                for (size_t x = 0; x + s->kernel_w <= SET_SIDE; x++, count += 1.0)
                    for (size_t i = 0; i < n; i++) {
                        double a = pixel(image, s, i, y, x);
                        if (pass == 0)
                            mean[i] += a;
                        else
                            for (size_t k = 0; k < n; k++)
                                cov[i][k] += (a - mean[i]) * (pixel(image, s, k, y, x) - mean[k]);
                    }
        for (size_t i = 0; i < n && pass == 0; i++)
            mean[i] /= count;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            cov[i][k] /= count;
}

/* M (C + ridge) M = 1, and M is symmetric. M is rounded to floats, by at most 2^-24 |M| in the
 * Frobenius norm, which is at most sqrt(n / ridge); it meets C M, whose norm is at most the root of
 * C's trace; twice. */
static void inverse_root_of_the_covariance(void **state)
{
    (void)state;
    static const size_t kernels[3][2] = {{1, 1}, {3, 2}, {3, 3}};
    for (size_t t = 0; t < 3; t++) {
        const train_layer_spec s = {.kind = TRAIN_CONV,
                                    .in_c = 3,
                                    .in_h = SET_SIDE,
                                    .in_w = SET_SIDE,
                                    .kernel_h = kernels[t][0],
                                    .kernel_w = kernels[t][1]};
        static double cov[MOST][MOST];
        float m[MOST * MOST];
        size_t n = train_whiten_size(&s);
        double trace = 0.0;
        assert_int_equal(n, 3 * kernels[t][0] * kernels[t][1]);
        assert_int_equal(train_whiten_matrix(m, &set.data.train, &s), TRAIN_OK);
        covariance(cov, &s, n);
        for (size_t i = 0; i < n; i++)
            trace += cov[i][i];
        double ridge = 1e-3 * trace / (double)n;
        for (size_t i = 0; i < n; i++)
            cov[i][i] += ridge;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++) {
                double sum = 0.0;
                for (size_t a = 0; a < n; a++)
                    for (size_t b = 0; b < n; b++)
                        sum += (double)m[i * n + a] * cov[a][b] * (double)m[b * n + k];
                testing_assert_near(sum, i == k,
                                    ldexp(2.0, -24) * sqrt((double)n * (trace + ridge) / ridge));
                assert_true(m[i * n + k] == m[k * n + i]);
            }
    }
}

/* Images of one colour have no covariance: the weights stay as they are. */
static void flat_images(void **state)
{
    (void)state;
    const train_layer_spec s = {
        .kind = TRAIN_CONV, .in_c = 1, .in_h = 3, .in_w = 3, .kernel_h = 2, .kernel_w = 2};
    const uint8_t pixels[9] = {0}, labels[1] = {0};
    const train_images images = {1, 1, 3, 3, pixels, labels};
    float m[16];
    assert_int_equal(train_whiten_matrix(m, &images, &s), TRAIN_OK);
    for (size_t i = 0; i < 16; i++)
        assert_true(m[i] == (i % 5 == 0 ? 1.0f : 0.0f));
}

static void rows(void **state)
{
    (void)state;
    const float m[4] = {2.0f, 3.0f, 3.0f, -1.0f};
    float w[6] = {1.0f, 0.0f, 0.0f, 1.0f, 2.0f, -1.0f};
    const float want[6] = {2.0f, 3.0f, 3.0f, -1.0f, 1.0f, 7.0f};
    train_whiten_rows(w, 3, m, 2);
    assert_memory_equal(w, want, sizeof want);
}

/* A whitened training learns, from weights that are random in the coordinates, and what cannot be
 * whitened is refused with its line. */
static void sessions(void **state)
{
    (void)state;
    train_recipe r;
    train_session t;
    train_set_parse(&r, "input 3 12 12\nconv 6 3x3 stride 2\nnorm\nsquare\ndense 10\nbatch 32\n"
                        "rate 0.005\nwhiten\n");
    train_set_start(&t, &r, &set, 3, 1);
    assert_non_null(t.moments.whiten);
    while (t.done < t.epochs)
        assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_OK);
    assert_true(t.accuracy > 0.9);
    train_session_free(&t);
    static const char *const wrong[4] = {"input 3 12 12\ndense 10\nwhiten\n",
                                         "input 3 12 12\nnorm\ndense 10\nwhiten\n",
                                         "input 3 12 12\nconv 6 3x3 groups 3\ndense 10\nwhiten\n",
                                         "input 3 12 12\nconv 6 11x11\ndense 10\nwhiten\n"};
    for (size_t i = 0; i < 4; i++) {
        char why[1024] = "";
        int line;
        assert_int_equal(train_recipe_parse(&r, wrong[i], strlen(wrong[i]), &line, why, sizeof why),
                         TRAIN_ERR_FORMAT);
        assert_int_equal(line, 2);
        assert_non_null(strstr(why, "whiten"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inverse_root_of_the_covariance),
        cmocka_unit_test(flat_images),
        cmocka_unit_test(rows),
        cmocka_unit_test(sessions),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
