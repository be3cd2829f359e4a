/* The optimisers against their published recurrences in double, schedules, bound and average. */
#include "tests/train_sets.h"

enum { STEPS = 12 };

static train_recipe r;
static train_net net;
static train_moments m;

static void begin(const char *statements)
{
    char text[256], why[256];
    snprintf(text, sizeof text, "input 1 2 2\nnorm\ndense 10\nrate 0.1\nschedule constant\n%s",
             statements);
    train_set_parse(&r, text);
    assert_int_equal(train_net_create(&net, &r, 2, 2, 1, why, sizeof why), TRAIN_OK);
    train_net_init(&net, 1);
    m.first = calloc(net.param_count, sizeof(float));
    m.second = calloc(net.param_count, sizeof(float));
    m.average = malloc(net.param_count * sizeof(float));
    m.sums = malloc(train_step_sums(&net) * sizeof(double));
    memcpy(m.average, net.params, net.param_count * sizeof(float));
}

static void end(void)
{
    free(m.first);
    free(m.second);
    free(m.average);
    free(m.sums);
    train_net_free(&net);
}

static double gradient(size_t i, int step)
{
    return sin((double)i + 0.7 * (double)step);
}

static void fill(int step)
{
    for (size_t i = 0; i < net.param_count; i++)
        net.grads[i] = (float)gradient(i, step);
}

/* Weights and scales decay; shifts and biases do not. */
static double decay_of(size_t i)
{
    const train_op *norm = &net.ops[0], *dense = &net.ops[1];
    int bias = (i >= norm->bias && i < norm->bias + norm->bias_count) ||
               (i >= dense->bias && i < dense->bias + dense->bias_count);
    return bias ? 0.0 : (double)r.decay;
}

/* Run all steps and compare each parameter with what a recurrence in double makes of it. */
static void follow(double (*recurrence)(double p, double first[2], double g, int t, double decay))
{
    float *start = malloc(net.param_count * sizeof *start);
    memcpy(start, net.params, net.param_count * sizeof *start);
    for (int t = 0; t < STEPS; t++) {
        fill(t);
        train_step(&net, &m, (uint64_t)t, STEPS);
    }
    for (size_t i = 0; i < net.param_count; i++) {
        double p = (double)start[i], moments[2] = {0.0, 0.0}, average = p;
        for (int t = 0; t < STEPS; t++) {
            p = recurrence(p, moments, gradient(i, t), t, decay_of(i));
            average += (1.0 - fmin((double)r.average, (1.0 + t) / (10.0 + t))) * (p - average);
        }
        /* sqrt of a second moment near 0 makes single steps inexact; the rate is 0.1 */
        testing_assert_near(net.params[i], p, 1e-4);
        testing_assert_near(m.average[i], average, 1e-4);
    }
    free(start);
}

static double adam_step(double p, double moment[2], double g, int t, double decay)
{
    moment[0] = 0.9 * moment[0] + 0.1 * g;
    moment[1] = 0.999 * moment[1] + 0.001 * g * g;
    double first = moment[0] / (1.0 - pow(0.9, t + 1));
    double second = moment[1] / (1.0 - pow(0.999, t + 1));
    return p - 0.1 * (first / (sqrt(second) + 1e-8) + decay * p);
}

static double momentum_step(double p, double moment[2], double g, int t, double decay)
{
    (void)t;
    moment[0] = 0.8 * moment[0] + g;
    return p - 0.1 * (moment[0] + decay * p);
}

static double nesterov_step(double p, double moment[2], double g, int t, double decay)
{
    (void)t;
    moment[0] = 0.8 * moment[0] + g;
    return p - 0.1 * (g + 0.8 * moment[0] + decay * p);
}

static void optimisers(void **state)
{
    (void)state;
    begin("decay 0.05\naverage 0.8\n");
    follow(adam_step);
    end();
    begin("decay 0.05\naverage 0.5\noptimizer sgd 0.8\n");
    follow(momentum_step);
    end();
    begin("decay 0.05\noptimizer sgd 0.8 nesterov\n");
    follow(nesterov_step);
    end();
}

static void bounds(void **state)
{
    (void)state;
    begin("optimizer sgd 0\nclip 0.5\n");
    float before = net.params[3];
    double sum = 0.0;
    fill(0);
    for (size_t i = 0; i < net.param_count; i++)
        sum += gradient(i, 0) * gradient(i, 0);
    testing_assert_near(train_step(&net, &m, 0, 10), sqrt(sum), 1e-4);
    assert_true(sum > 0.25);
    testing_assert_near(net.params[3], (double)before - 0.1 * gradient(3, 0) * 0.5 / sqrt(sum),
                        1e-6);
    before = net.params[3];
    memset(net.grads, 0, net.param_count * sizeof *net.grads);
    net.grads[3] = 0.25f; /* below the bound */
    testing_assert_near(train_step(&net, &m, 0, 10), 0.25, 1e-6);
    testing_assert_near(net.params[3], before - 0.025f, 1e-6);
    end();
}

static void schedules(void **state)
{
    (void)state;
    begin("");
    assert_true(testing_same(train_step_rate(&r, 0, 100), 0.1f) &&
                testing_same(train_step_rate(&r, 99, 100), 0.1f));
    end();
    begin("schedule cosine 0.1\n");
    testing_assert_near(train_step_rate(&r, 0, 100), 0.1 / 11.0, 1e-6);
    testing_assert_near(train_step_rate(&r, 10, 100), 0.1, 1e-6);
    testing_assert_near(train_step_rate(&r, 55, 100), 0.05, 1e-6);
    assert_true(train_step_rate(&r, 99, 100) < 1e-4f);
    end();
    begin("schedule onecycle 0.2\n");
    assert_true(train_step_rate(&r, 0, 100) < 0.006f);
    testing_assert_near(train_step_rate(&r, 20, 100), 0.1, 1e-6);
    testing_assert_near(train_step_rate(&r, 60, 100), 0.05, 1e-4);
    assert_true(train_step_rate(&r, 99, 100) < 1e-4f);
    for (uint64_t t = 0; t < 99; t++)
        assert_true((train_step_rate(&r, t + 1, 100) > train_step_rate(&r, t, 100)) == (t < 20) ||
                    t == 19 || t == 20);
    end();
}

/* Whitened, the step is descent in A of W = A M: with M symmetric, W moves against its gradient
 * times M twice, and shrinks by the decay. */
static void whitened(void **state)
{
    (void)state;
    static float matrix[4] = {2.0f, 0.5f, 0.5f, 1.0f}, kept[6];
    char why[256];
    train_set_parse(&r, "input 1 3 3\nconv 3 1x2\ndense 10\nrate 0.1\nschedule constant\n"
                        "optimizer sgd 0\ndecay 0.5\naverage 0.9\nwhiten\n");
    assert_int_equal(train_net_create(&net, &r, 2, 1, 1, why, sizeof why), TRAIN_OK);
    train_net_init(&net, 1);
    m = (train_moments){.first = calloc(net.param_count, sizeof(float)),
                        .average = calloc(net.param_count, sizeof(float)),
                        .sums = malloc(train_step_sums(&net) * sizeof(double)),
                        .whiten = matrix,
                        .kept = kept};
    float *w = net.params + net.ops[0].weight, *dense = net.params + net.ops[1].weight;
    float before[6], last = dense[0];
    memcpy(before, w, sizeof before);
    fill(0);
    double g[6];
    for (size_t i = 0; i < 6; i++)
        g[i] = gradient(net.ops[0].weight + i, 0);
    train_step(&net, &m, 0, 1);
    for (size_t row = 0; row < 3; row++) {
        double a = 2.0 * g[2 * row] + 0.5 * g[2 * row + 1];
        double b = 0.5 * g[2 * row] + 1.0 * g[2 * row + 1];
        double want[2] = {0.95 * (double)before[2 * row] - 0.1 * (2.0 * a + 0.5 * b),
                          0.95 * (double)before[2 * row + 1] - 0.1 * (0.5 * a + 1.0 * b)};
        for (size_t k = 0; k < 2; k++) {
            testing_assert_near(w[2 * row + k], want[k], 1e-6);
            testing_assert_near(m.average[2 * row + k], 0.9 * want[k], 1e-6);
        }
    }
    testing_assert_near(dense[0], 0.95 * (double)last - 0.1 * gradient(net.ops[1].weight, 0), 1e-6);
    free(m.first);
    free(m.average);
    free(m.sums);
    train_net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimisers),
        cmocka_unit_test(bounds),
        cmocka_unit_test(schedules),
        cmocka_unit_test(whitened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
