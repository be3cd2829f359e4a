/* A network of every kind of layer: its gradients against differences of its loss. */
#include "tests/train_sets.h"

#include "train/loss.h"
#include "train/walk.h"

static train_set set;

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 3);
    return 0;
}

/* Between the loss at the two ends of a step along the gradient lies twice the step times the
 * gradient's length. */
static void check_vector(train_session *t, size_t from, size_t count, const float *slope)
{
    train_net *net = &t->net;
    double square = 0.0, loss[2], step = 0.004;
    float kept[4096];
    assert_true(count <= 4096);
    memcpy(kept, net->params + from, count * sizeof *kept);
    for (size_t i = from; i < from + count; i++)
        square += (double)slope[i] * (double)slope[i];
    if (square < 1e-8)
        return;
    double length = sqrt(square);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            net->params[from + i] =
                kept[i] + (float)((side ? step : -step) * (double)slope[from + i] / length);
        train_walk_forward(net, 1);
        loss[side] = train_loss(net, t->labels, NULL);
    }
    memcpy(net->params + from, kept, count * sizeof *kept);
    /* the loss is near 3 and exact to some 1e-6, so the quotient is to some 3e-4 */
    testing_assert_near((loss[1] - loss[0]) / (2.0 * step), length, 0.02 * length + 0.001);
}

static void gradients_are_slopes(void **state)
{
    (void)state;
    train_recipe r;
    train_session t;
    train_set_parse(&r, TRAIN_SET_EVERYTHING);
    train_set_start(&t, &r, &set, 1, 2);
    train_net *net = &t.net;
    float *slope = malloc(net->param_count * sizeof *slope);
    size_t checked = 0;
    train_data_fill(net, t.labels, &set.data.train, NULL, 0, 41, 0, 0, 0);
    train_walk_forward(net, 1);
    train_loss(net, t.labels, NULL);
    train_walk_backward(net);
    memcpy(slope, net->grads, net->param_count * sizeof *slope);
    for (size_t i = 0; i < net->op_count; i++) {
        const train_op *op = &net->ops[i];
        check_vector(&t, op->weight, op->weight_count, slope);
        check_vector(&t, op->bias, op->bias_count, slope);
        check_vector(&t, op->curve, op->curve_count, slope);
        checked += op->weight_count + op->bias_count + op->curve_count;
    }
    assert_int_equal(checked, net->param_count);
    free(slope);
    train_session_free(&t);
}

/* The penalty's slope is that of W mean((|h| - R)+^2), summed over the activations. */
static void penalties_are_slopes(void **state)
{
    (void)state;
    train_recipe r;
    train_session t;
    train_set_parse(&r, "input 3 12 12\nconv 4 3x3\nnorm\nsquare\ndense 10\nbatch 43\n"
                        "range-penalty 2 0.9\n");
    train_set_start(&t, &r, &set, 1, 1);
    train_net *net = &t.net;
    float without, with;
    const train_op *norm = &net->ops[1];
    size_t n = 41 * 100, at = norm->bias + 2;
    train_data_fill(net, t.labels, &set.data.train, NULL, 0, 41, 0, 0, 0);
    train_walk_forward(net, 1);
    train_loss(net, t.labels, NULL);
    train_walk_backward(net);
    with = net->grads[at];
    r.penalty = 0.0f;
    train_walk_backward(net);
    without = net->grads[at];
    /* by the shift of channel 2: the sum over its places of 2 W (|h| - R)+ sign(h) / number */
    const float *y = norm->value + 2 * n;
    double want = 0.0;
    const float *x = net->ops[0].value + 2 * n;
    float scale = 1.0f / sqrtf(norm->variance[2] + TRAIN_NORM_EPSILON);
    for (size_t i = 0; i < n; i++) {
        double h = (double)((x[i] - norm->mean[2]) * scale);
        testing_assert_near(y[i], h * h, 1e-4 * (1.0 + h * h));
        if (fabs(h) > 0.9)
            want += 2.0 * 2.0 * (fabs(h) - 0.9) * (h > 0.0 ? 1.0 : -1.0) / (4.0 * (double)n);
    }
    assert_true(fabs(want) > 1e-4);
    testing_assert_near(with - without, want, 1e-3 * fabs(want) + 1e-6);
    train_session_free(&t);
}

/* A value with two takers gets the sum of their slopes: here 2 x + 3 x by 1x1 convolutions. */
static void two_takers(void **state)
{
    (void)state;
    train_recipe r;
    train_net net;
    char why[256];
    train_set_parse(&r, "input 1 1 2\nconv 1 1x1\nmark a\nconv 1 1x1\nmark b\nfrom a\nconv 1 1x1\n"
                        "add b\ndense 10\n");
    assert_int_equal(train_net_create(&net, &r, 1, 1, 1, why, sizeof why), TRAIN_OK);
    net.used = 1;
    net.params[net.ops[0].weight] = 1.0f;
    net.params[net.ops[1].weight] = 2.0f;
    net.params[net.ops[2].weight] = 3.0f;
    net.input[0] = 0.5f;
    net.input[1] = -1.0f;
    const train_op *last = &net.ops[4];
    net.params[last->weight] = 1.0f;
    net.params[last->weight + 1] = 10.0f;
    train_walk_forward(&net, 1);
    testing_assert_near(net.logits[0], 5.0 * (0.5 - 10.0), 1e-5);
    last->slope[0] = 1.0f;
    train_walk_backward(&net);
    testing_assert_near(net.ops[0].slope[0], 5.0, 1e-6);
    testing_assert_near(net.ops[0].slope[1], 50.0, 1e-5);
    testing_assert_near(net.grads[net.ops[0].weight], 5.0 * 0.5 - 50.0, 1e-5);
    testing_assert_near(net.grads[net.ops[0].bias], 55.0, 1e-5);
    train_net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_slopes),
        cmocka_unit_test(penalties_are_slopes),
        cmocka_unit_test(two_takers),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
