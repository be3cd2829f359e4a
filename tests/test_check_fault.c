/* Bisection finds the layer that changes a label. */
#include "nn/check/check_data.h"

#include "nn/graph/graph_data.h"

#include "tests/checks.h"

static void test_argmax(void **state)
{
    (void)state;
    const double tie[] = {1, 3, 2, 3};
    assert_int_equal(nn_check_argmax(tie, 4), 1);
    assert_int_equal(nn_check_argmax(tie, 1), 0);
}

/* One ReLU fitted well and one badly: the bad one is blamed. */
static size_t blamed_layer(double first, double second, const char **value)
{
    enum { IMAGES = 30 };
    checks c;
    nn_check_summary sum;
    nn_check_layer l;
    static char name[32];
    checks_open(&c, checks_two_relus(first, second), IMAGES, NULL);
    for (size_t i = 0; i < IMAGES; i++)
        checks_image(&c, i, NULL);
    nn_check_summarise(c.check, &sum);
    assert_int_equal(sum.cause, NN_CHECK_APPROXIMATION);
    nn_check_layer_of(c.check, sum.layer, &l);
    snprintf(name, sizeof name, "%s", l.value);
    *value = name;
    checks_close(&c);
    return sum.layer;
}

static void test_bad_fit_is_found(void **state)
{
    (void)state;
    const char *value;
    size_t first = blamed_layer(0.1, 4.0, &value);
    assert_string_equal(value, "a1");
    size_t second = blamed_layer(4.0, 0.1, &value);
    assert_string_equal(value, "a2");
    assert_true(first < second);
}

/* Noise put into one layer by hand, carried on by the stages: that layer is blamed, and one that
 * moves nothing is not. */
static void test_noise_is_found(void **state)
{
    (void)state;
    checks c;
    checks_open(&c, checks_two_relus(4.0, 4.0), 1, NULL);
    checks_image(&c, 0, NULL);
    const nn_stages *s = c.plan->stages;
    for (size_t bad = 0; bad < c.check->part_count; bad++) {
        size_t step = c.check->part[bad].step, layer = SIZE_MAX, found = 0;
        for (double size = 1e-3; size < 1e3 && !found; size *= 2) {
            for (size_t k = 0; k < s->count; k++) {
                const double *in[NN_INPUTS_MAX];
                double *out = c.check->cipher[k + 1];
                for (size_t i = 0; i < s->stage[k].input_count; i++)
                    in[i] = s->stage[k].input[i] == 0 ? c.check->clear[0]
                                                      : c.check->cipher[s->stage[k].input[i]];
                nn_stage_apply(&s->stage[k], out, in);
                for (size_t i = 0; k == step && i < nn_stages_width(s, k + 1); i++)
                    out[i] += i % 2 == 0 ? size : -size;
            }
            found = nn_check_argmax(c.check->cipher[s->count], 4) !=
                    nn_check_argmax(c.check->clear[s->count], 4);
        }
        if (!found)
            continue; /* this layer's noise of that form moves no label */
        nn_check_blame_noise(c.check, &layer);
        assert_int_equal(layer, bad);
    }
    checks_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_argmax),
        cmocka_unit_test(test_bad_fit_is_found),
        cmocka_unit_test(test_noise_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
