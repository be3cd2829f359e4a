/* Normalisation, activations and pools against their definitions. */
#include "tests/train_sets.h"

#include "train/point.h"

enum { IMAGES = 5 };

static char why[256];

/* A network of the statements between an input of 3 x 5 x 6 and a dense layer, its input drawn. */
static void make(train_net *net, train_recipe *r, const char *statements)
{
    char text[256];
    testing_rng rng;
    snprintf(text, sizeof text, "input 3 5 6\n%s\ndense 10\n", statements);
    train_set_parse(r, text);
    assert_int_equal(train_net_create(net, r, IMAGES, 2, 1, why, sizeof why), TRAIN_OK);
    train_net_init(net, 1);
    net->used = IMAGES;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < 3 * IMAGES * 30; i++)
        net->input[i] = (float)testing_uniform(&rng, -3.0, 3.0);
}

static void activations(void **state)
{
    (void)state;
    static const char *const text[] = {"square", "quadratic 0.2 -0.5", "poly 1 -0.5 0.25 0.1 -0.02",
                                       "relu", "swish"};
    for (int k = 0; k < 5; k++) {
        train_recipe r;
        train_net net;
        make(&net, &r, text[k]);
        net.measure = 1;
        train_point_forward(&net, &net.ops[0], net.input, 1);
        for (size_t c = 0; c < 3; c++) {
            double square[IMAGES] = {0};
            float top[IMAGES] = {0};
            for (size_t i = c * IMAGES * 30; i < (c + 1) * IMAGES * 30; i++) {
                double x = (double)net.input[i];
                double want[5] = {x * x, 0.2 * x * x - 0.5 * x,
                                  1.0 + x * (-0.5 + x * (0.25 + x * (0.1 - 0.02 * x))),
                                  x > 0.0 ? x : 0.0, x / (1.0 + exp(-x))};
                testing_assert_near(net.ops[0].value[i], want[k], 1e-5);
                size_t image = i / 30 % IMAGES;
                top[image] = fmaxf(top[image], fabsf(net.input[i]));
                square[image] += x * x / 30.0;
            }
            for (size_t b = 0; b < IMAGES; b++) {
                assert_true(net.ops[0].reach[c * IMAGES + b] == top[b]);
                testing_assert_near(net.ops[0].power[c * IMAGES + b], square[b], 1e-6 * square[b]);
            }
        }
        train_net_free(&net);
    }
}

/* By the batch: mean = shift and deviation = scale; by the statistics: the line they say. */
static void normalisation(void **state)
{
    (void)state;
    train_recipe r;
    train_net net;
    make(&net, &r, "norm");
    train_op *op = &net.ops[0];
    for (size_t c = 0; c < 3; c++) {
        net.params[op->weight + c] = 0.5f + (float)c;
        net.params[op->bias + c] = (float)c;
        net.stats[op->stats + c] = 0.25f;
        net.stats[op->stats + 3 + c] = 4.0f;
    }
    train_point_forward(&net, op, net.input, 1);
    for (size_t c = 0; c < 3; c++) {
        double sum = 0.0, squares = 0.0, n = IMAGES * 30;
        for (size_t i = 0; i < IMAGES * 30; i++) {
            double y = (double)op->value[c * IMAGES * 30 + i];
            sum += y / n;
            squares += y * y / n;
        }
        double scale = 0.5 + (double)c;
        testing_assert_near(sum, (double)c, 1e-5);
        testing_assert_near(squares - sum * sum, scale * scale, 1e-4 * scale * scale);
    }
    train_point_forward(&net, op, net.input, 0);
    for (size_t i = 0; i < 3 * IMAGES * 30; i++) {
        double c = (double)(i / (IMAGES * 30));
        testing_assert_near(op->value[i], ((double)net.input[i] - 0.25) / 2.0 * (0.5 + c) + c,
                            1e-5);
    }
    train_net_free(&net);
}

static double mean_of(const float *x, size_t y0, size_t x0, size_t k)
{
    double sum = 0.0;
    for (size_t y = 0; y < k; y++)
        for (size_t i = 0; i < k; i++)
            sum += (double)x[(y0 + y) * 6 + x0 + i];
    return sum / (double)(k * k);
}

/* Forward against the definition; backward is the transpose: <mean(x), s> = <x, back(s)>. */
static void pools(void **state)
{
    (void)state;
    static const char *const text[] = {"avgpool 2", "avgpool 3 stride 1", "avgpool 2 stride 3"};
    static const size_t k[] = {2, 3, 2}, stride[] = {2, 1, 3};
    for (size_t t = 0; t < 3; t++) {
        train_recipe r;
        train_net net;
        make(&net, &r, text[t]);
        train_op *op = &net.ops[0];
        size_t h = op->spec->out_h, w = op->spec->out_w;
        double left = 0.0, right = 0.0;
        train_mean_forward(&net, op, net.input);
        for (size_t i = 0; i < 3 * IMAGES * h * w; i++) {
            size_t plane = i / (h * w), y = i / w % h, x = i % w;
            testing_assert_near(op->value[i],
                                mean_of(net.input + plane * 30, y * stride[t], x * stride[t], k[t]),
                                1e-6);
            op->slope[i] = (float)(i % 7) - 3.0f;
            left += (double)op->value[i] * (double)op->slope[i];
        }
        float dx[3 * IMAGES * 30];
        train_mean_backward(&net, op, dx);
        for (size_t i = 0; i < 3 * IMAGES * 30; i++)
            right += (double)dx[i] * (double)net.input[i];
        testing_assert_near(left, right, 1e-3);
        train_net_free(&net);
    }
}

static void sums(void **state)
{
    (void)state;
    enum { N = 150001 };
    float *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b);
    train_net net = {.threads = 3};
    for (size_t i = 0; i < N; i++) {
        a[i] = (float)(i % 1000);
        b[i] = 1.0f;
    }
    train_sum(&net, a, a, b, N);
    for (size_t i = 0; i < N; i++)
        assert_true(a[i] == (float)(i % 1000) + 1.0f);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations),
        cmocka_unit_test(normalisation),
        cmocka_unit_test(pools),
        cmocka_unit_test(sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
