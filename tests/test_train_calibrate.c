/* Statistics for use: the population's, but for images that have exploded. */
#include "tests/train_sets.h"

#include "train/calibrate.h"
#include "train/walk.h"

static train_set set;
static train_recipe r;

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 1);
    return 0;
}

/* With the statistics of one batch as large as the population, both ways to normalise agree. */
static void calibration(void **state)
{
    (void)state;
    train_session t;
    train_set_parse(&r, "input 1 12 12\nconv 4 3x3\nnorm\nswish4 4\nconv 4 3x3\nnorm\nsquare\n"
                        "dense 10\nbatch 200\n");
    train_set_start(&t, &r, &set, 1, 2);
    train_calibrate(&t, 200);
    train_data_fill(&t.net, t.labels, &set.data.train, NULL, 0, 200, 0, 0, 0);
    train_walk_forward(&t.net, 1);
    float logits[TRAIN_CLASSES * 200];
    memcpy(logits, t.net.logits, sizeof logits);
    train_walk_forward(&t.net, 0);
    for (size_t i = 0; i < TRAIN_CLASSES * 200; i++)
        testing_assert_near(t.net.logits[i], logits[i], 1e-4);
    /* pooled over two batches: the means of both convolutions' values over all 280 images, the
     * second's when the first normalisation uses its statistics */
    train_calibrate(&t, 280);
    double sum = 0.0, second = 0.0;
    for (size_t at = 0; at < 280; at += 140) {
        train_data_fill(&t.net, t.labels, &set.data.train, NULL, at, 140, 0, 0, 0);
        train_walk_forward(&t.net, 0);
        for (size_t i = 0; i < 140 * 100; i++)
            sum += (double)t.net.ops[0].value[i];
        for (size_t i = 0; i < 140 * 64; i++)
            second += (double)t.net.ops[2].value[i];
    }
    testing_assert_near(t.net.stats[t.net.ops[3].stats], second / (280.0 * 64.0), 1e-4);
    testing_assert_near(t.net.stats[t.net.ops[1].stats], sum / (280.0 * 100.0), 1e-4);
    train_session_free(&t);
}

/* One image of full pixels among dim ones: its mean square is over a hundred times theirs. */
static void wild_images_do_not_count(void **state)
{
    (void)state;
    enum { USED = 140, WILD = 7 };
    static train_set dim;
    train_session t;
    train_set_make(&dim, 1);
    for (size_t i = 0; i < SET_TRAIN * SET_AREA; i++)
        dim.pixels[0][i] = i / SET_AREA == WILD ? 255 : (uint8_t)(dim.pixels[0][i] / 40);
    train_set_parse(&r, "input 1 12 12\nconv 4 3x3\nnorm\nsquare\ndense 10\nbatch 140\n");
    train_set_start(&t, &r, &dim, 1, 1);
    train_calibrate(&t, (size_t)2 * USED);
    size_t places = t.net.ops[0].places;
    for (size_t c = 0; c < 4; c++) {
        double sum = 0.0, squares = 0.0, count = 0.0;
        for (size_t at = 0; at < 2 * USED; at += USED) {
            train_data_fill(&t.net, t.labels, &dim.data.train, NULL, at, USED, 0, 0, 0);
            train_walk_forward(&t.net, 0);
            for (size_t b = 0; b < USED; b++)
                for (size_t i = 0; at + b != WILD && i < places; i++) {
                    double x = (double)t.net.ops[0].value[(c * USED + b) * places + i];
                    sum += x;
                    squares += x * x;
                    count += 1.0;
                }
        }
        const float *stats = t.net.stats + t.net.ops[1].stats;
        double mean = sum / count, variance = squares / count - mean * mean;
        testing_assert_near(stats[c], mean, 1e-5);
        testing_assert_near(stats[4 + c], variance, 1e-4 * variance);
    }
    train_session_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibration),
        cmocka_unit_test(wild_images_do_not_count),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
