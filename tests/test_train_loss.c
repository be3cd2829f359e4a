/* The loss against its definition in double, its slope against differences, and the count. */
#include "tests/train_sets.h"

#include "train/loss.h"

enum { IMAGES = 6 };

static const uint8_t labels[IMAGES] = {0, 3, 9, 1, 1, 7};
static train_recipe r;
static train_net net;
static float teacher[TRAIN_CLASSES * IMAGES];

static int make(void **state)
{
    char why[256];
    testing_rng rng;
    (void)state;
    train_set_parse(&r, "input 1 1 1\ndense 10\nsmoothing 0.1\ndistil 0.7 3\n");
    assert_int_equal(train_net_create(&net, &r, IMAGES, 1, 1, why, sizeof why), TRAIN_OK);
    net.used = IMAGES;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < TRAIN_CLASSES * IMAGES; i++) {
        net.logits[i] = (float)testing_uniform(&rng, -4.0, 4.0);
        teacher[i] = (float)testing_uniform(&rng, -8.0, 8.0);
    }
    return 0;
}

static int drop(void **state)
{
    (void)state;
    train_net_free(&net);
    return 0;
}

static void soft(double p[TRAIN_CLASSES], const float *logits, size_t b, double t)
{
    double sum = 0.0;
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        sum += exp((double)logits[c * IMAGES + b] / t);
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        p[c] = exp((double)logits[c * IMAGES + b] / t) / sum;
}

static double definition(int taught)
{
    double w = taught ? (double)r.distil : 0.0, total = 0.0;
    for (size_t b = 0; b < IMAGES; b++) {
        double p[TRAIN_CLASSES], q[TRAIN_CLASSES], s[TRAIN_CLASSES];
        soft(p, net.logits, b, 1.0);
        soft(s, net.logits, b, 3.0);
        soft(q, teacher, b, 3.0);
        for (size_t c = 0; c < TRAIN_CLASSES; c++) {
            total -= (1.0 - w) * (0.01 + (c == labels[b] ? 0.9 : 0.0)) * log(p[c]);
            total += w * 9.0 * q[c] * log(q[c] / s[c]);
        }
    }
    return total / IMAGES;
}

static void losses(void **state)
{
    (void)state;
    for (int taught = 0; taught < 2; taught++) {
        const float *t = taught ? teacher : NULL;
        testing_assert_near(train_loss(&net, labels, t), definition(taught), 1e-4);
        for (size_t i = 0; i < TRAIN_CLASSES * IMAGES; i++) {
            float kept = net.logits[i];
            net.logits[i] = kept + 0.01f;
            double up = definition(taught);
            net.logits[i] = kept - 0.01f;
            double down = definition(taught);
            net.logits[i] = kept;
            testing_assert_near(net.ops[0].slope[i], (up - down) / 0.02, 1e-4);
        }
    }
}

/* A polynomial teacher that exploded on an image, or gave no number, says nothing of it; what it
 * says of the others counts. */
static void exploded_teacher(void **state)
{
    static const float wild[] = {89.0f, -89.0f, INFINITY, -INFINITY, NAN, 1e30f};
    (void)state;
    double alone = train_loss(&net, labels, NULL);
    float untaught = net.ops[0].slope[3 * IMAGES + 2];
    double taught = train_loss(&net, labels, teacher);
    float other = net.ops[0].slope[3 * IMAGES + 1];
    assert_true(isfinite(alone) && fabs(taught - alone) > 1e-6);
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        float kept = teacher[7 * IMAGES + 2];
        teacher[7 * IMAGES + 2] = wild[i];
        double loss = train_loss(&net, labels, teacher);
        teacher[7 * IMAGES + 2] = kept;
        assert_true(isfinite(loss));
        assert_true(net.ops[0].slope[3 * IMAGES + 2] == untaught);
        assert_true(net.ops[0].slope[3 * IMAGES + 1] == other);
    }
}

static void counts(void **state)
{
    (void)state;
    uint8_t right[IMAGES], best[IMAGES];
    for (size_t b = 0; b < IMAGES; b++) {
        best[b] = 0;
        for (size_t c = 1; c < TRAIN_CLASSES; c++)
            if (net.logits[c * IMAGES + b] > net.logits[best[b] * IMAGES + b])
                best[b] = (uint8_t)c;
    }
    assert_int_equal(train_loss_correct(&net, best, right), IMAGES);
    best[2] = (uint8_t)(9 - best[2]);
    assert_int_equal(train_loss_correct(&net, best, right), IMAGES - 1);
    for (size_t b = 0; b < IMAGES; b++)
        assert_int_equal(right[b], b != 2);
    assert_int_equal(train_loss_correct(&net, best, NULL), IMAGES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses), cmocka_unit_test(exploded_teacher),
                                       cmocka_unit_test(counts)};
    return cmocka_run_group_tests(tests, make, drop);
}
