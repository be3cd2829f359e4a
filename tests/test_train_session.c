/* Trainings: they learn, threads do not matter, statistics are the population's, averages swap. */
#include "tests/train_sets.h"

#include "train/calibrate.h"

static const char plain[] = "input 1 12 12\nconv 6 3x3 stride 2\nnorm\nsquare\ndense 20\nnorm\n"
                            "quadratic 0.2 0.5\ndense 10\n"
                            "batch 32\nrate 0.005\nsmoothing 0.05\nshift 1\nrotation 5\n";
static train_set set, coloured;
static train_recipe r;

static int make(void **state)
{
    (void)state;
    train_set_make(&set, 1);
    train_set_make(&coloured, 3);
    return 0;
}

static void it_learns(void **state)
{
    (void)state;
    train_session t;
    train_reach reach[TRAIN_MAX_LAYERS] = {{0}};
    uint8_t right[SET_TEST];
    size_t sum = 0;
    train_set_parse(&r, plain);
    train_set_start(&t, &r, &set, 12, 2);
    while (t.done < t.epochs)
        assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_OK);
    train_calibrate(&t, t.train_count);
    size_t count = train_session_correct(&t, &set.data.test, 0, SET_TEST, reach, right);
    for (size_t i = 0; i < SET_TEST; i++)
        sum += right[i];
    assert_int_equal(sum, count);
    assert_true(count >= 36); /* a bar that lies from one that stands: 9 of 10 at the least */
    assert_true(t.loss < 1.0 && t.accuracy > 0.8);
    const train_reach *logits = &reach[t.net.op_count - 1];
    assert_true(train_reach_largest(&reach[1]) > 1.0f && train_reach_largest(&reach[1]) < 100.0f);
    assert_true(train_reach_largest(logits) > 1.0f);
    assert_int_equal(reach[1].images, SET_TEST);
    /* Behind normalisation numbers are about 1, and no mean is above the largest. */
    assert_true(train_reach_size(&reach[1]) > 0.5 && train_reach_size(&reach[1]) < 2.0);
    assert_true(train_reach_size(logits) > 0.1 * (double)train_reach_largest(logits) &&
                train_reach_size(logits) < (double)train_reach_largest(logits));
    train_session_free(&t);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    train_session one, three;
    train_set_parse(&r, TRAIN_SET_EVERYTHING "clip 1\naverage 0.9\nrange-penalty 1 2\ncutout 3\n");
    train_set_start(&one, &r, &coloured, 2, 1);
    train_set_start(&three, &r, &coloured, 2, 3);
    for (int e = 0; e < 2; e++) {
        assert_int_equal(train_session_epoch(&one, NULL, NULL), TRAIN_OK);
        assert_int_equal(train_session_epoch(&three, NULL, NULL), TRAIN_OK);
    }
    train_calibrate(&one, 100);
    train_calibrate(&three, 100);
    assert_true(one.loss == three.loss);
    size_t n = one.net.param_count;
    assert_memory_equal(one.net.params, three.net.params, n * sizeof(float));
    assert_memory_equal(one.moments.average, three.moments.average, n * sizeof(float));
    assert_memory_equal(one.net.stats, three.net.stats, one.net.stat_count * sizeof(float));
    train_session_free(&one);
    train_session_free(&three);
}

static void averages(void **state)
{
    (void)state;
    train_session t;
    train_set_parse(&r, "input 1 12 12\ndense 10\naverage 0.99\n");
    train_set_start(&t, &r, &set, 2, 1);
    assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_OK);
    float *weights = t.net.params;
    train_session_model(&t, 1);
    assert_ptr_equal(t.net.params, t.moments.average);
    train_session_model(&t, 1);
    assert_ptr_equal(t.net.params, t.moments.average);
    assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_OK);
    assert_ptr_equal(t.net.params, weights); /* training goes on with the weights themselves */
    train_session_free(&t);
    train_set_parse(&r, "input 1 12 12\ndense 10\n");
    train_set_start(&t, &r, &set, 1, 1);
    weights = t.net.params;
    train_session_model(&t, 1);
    assert_ptr_equal(t.net.params, weights);
    train_session_free(&t);
}

static void count_tick(void *arg, const train_session *t, size_t done, size_t total)
{
    size_t *ticks = arg;
    ++*ticks;
    assert_int_equal(done, *ticks);
    assert_int_equal(total, 2 * train_session_steps(t));
}

static void refused(void **state)
{
    (void)state;
    train_session t;
    char why[256] = "";
    size_t ticks = 0;
    train_set_parse(&r, "input 3 12 12\ndense 10\n");
    assert_int_equal(train_session_create(&t, &r, &set.data, 1, 1, 0, 1, why, sizeof why),
                     TRAIN_ERR_MISMATCH);
    assert_non_null(strstr(why, "1 x 12 x 12"));
    train_set_parse(&r, "input 1 12 12\ndense 10\n");
    assert_int_equal(
        train_session_create(&t, &r, &set.data, 1, 1, SET_TRAIN - 1, 1, why, sizeof why),
        TRAIN_ERR_MISMATCH);
    train_session_free(&t);
    train_data wrong = set.data;
    uint8_t labels[SET_TRAIN];
    memcpy(labels, set.data.train.labels, sizeof labels);
    labels[7] = 10;
    wrong.train.labels = labels;
    assert_int_equal(train_session_create(&t, &r, &wrong, 1, 1, 0, 1, why, sizeof why),
                     TRAIN_ERR_MISMATCH);
    assert_string_equal(why, "image 7 has label 10; labels go from 0 to 9");
    train_set_start(&t, &r, &set, 2, 1);
    assert_int_equal(train_session_epoch(&t, count_tick, &ticks), TRAIN_OK);
    assert_int_equal(ticks, 280 / 128);
    t.net.params[0] = NAN;
    assert_int_equal(train_session_epoch(&t, NULL, NULL), TRAIN_ERR_DIVERGED);
    train_session_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(averages),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
