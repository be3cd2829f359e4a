/* Descriptions: what is read, what is refused with which line, and the fit of Swish. */
#include "tests/testing.h"

#include "train/parser.h"
#include "train/status.h"

static train_recipe r;
static char why[1024];
static int line;

static int parse(const char *text)
{
    why[0] = '\0';
    return train_recipe_parse(&r, text, strlen(text), &line, why, sizeof why);
}

static void the_training(void **state)
{
    (void)state;
    assert_int_equal(parse("input 1 8 8\ndense 10\n"
                           "epochs 7\nbatch 32\noptimizer sgd 0.8 nesterov\nrate 0.1\n"
                           "schedule onecycle 0.25\ndecay 0.0005\nsmoothing 0.1\nclip 2\n"
                           "average 0.99\nrange-penalty 3 5\ndistil 0.7 2\nshift 4\nscale 0.2\n"
                           "rotation 90\nshear 0.1\nflip\ncutout 8\nborder edge"),
                     TRAIN_OK);
    assert_int_equal(line, 0);
    assert_int_equal(r.epochs, 7);
    assert_int_equal(r.batch, 32);
    assert_int_equal(r.optimizer, TRAIN_SGD);
    assert_true(testing_same(r.momentum, 0.8f) && r.nesterov && testing_same(r.rate, 0.1f) &&
                testing_same(r.decay, 0.0005f));
    assert_int_equal(r.schedule, TRAIN_ONECYCLE);
    assert_true(r.warm == 0.25f && testing_same(r.smoothing, 0.1f) && r.clip == 2.0f &&
                testing_same(r.average, 0.99f));
    assert_true(r.penalty == 3.0f && r.penalty_range == 5.0f);
    assert_true(testing_same(r.distil, 0.7f) && r.temperature == 2.0f);
    assert_true(r.shift == 4.0f && testing_same(r.scale, 0.2f) && testing_same(r.shear, 0.1f));
    testing_assert_near(r.rotation, 1.5707963, 1e-6);
    assert_true(r.flip && r.edge && r.cutout == 8);
}

static void the_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse("input 3 8 8\ndense 10\n"), TRAIN_OK);
    assert_int_equal(r.optimizer, TRAIN_ADAM);
    assert_int_equal(r.schedule, TRAIN_COSINE);
    assert_true(testing_same(r.momentum, 0.9f) && testing_same(r.beta2, 0.999f));
    assert_true(r.penalty == 0.0f && r.distil == 0.0f && r.average == 0.0f && r.clip == 0.0f);
    assert_int_equal(parse("input 3 8 8\ndense 10\noptimizer adam 0.8 0.95\nschedule constant"),
                     TRAIN_OK);
    assert_true(testing_same(r.momentum, 0.8f) && testing_same(r.beta2, 0.95f));
    assert_int_equal(r.schedule, TRAIN_CONSTANT);
}

/* Each with the line that is named and a word of the sentence. */
static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *says;
    } bad[] = {
        {"", 0, "input C H W"},
        {"# nothing\n", 0, "input C H W"},
        {"dense 10\n", 1, "first statement"},
        {"input 1 8 8\ninput 1 8 8\ndense 10\n", 2, "already"},
        {"input 1 8\n", 1, "allowed is: input"},
        {"input 1 8 8\n", 0, "dense 10"},
        {"input 1 8 8\ndense 9\n", 0, "dense 10"},
        {"input 1 8 8\ndense 10\nnorm\n", 0, "dense 10"},
        {"input 1 8 8\n\nconv2 5 3x3\n", 3, "avgpool"},
        {"input 1 8 8\ndense 10\nrate fast\n", 3, "allowed is: rate"},
        {"input 1 8 8\ndense 10\nrate 0.1 0.2\n", 3, "allowed is: rate"},
        {"input 1 8 8\ndense 10\noptimizer lion\n", 3, "allowed is: optimizer"},
        {"input 1 8 8\ndense 10\noptimizer adam 0.9\n", 3, "allowed is: optimizer"},
        {"input 1 8 8\ndense 10\noptimizer sgd 0.9 fast\n", 3, "allowed is: optimizer"},
        {"input 1 8 8\ndense 10\nschedule step\n", 3, "allowed is: schedule"},
        {"input 1 8 8\ndense 10\nschedule cosine 1.5\n", 3, "allowed is: schedule"},
        {"input 1 8 8\ndense 10\nflip yes\n", 3, "allowed is: flip"},
        {"input 1 8 8\ndense 10\nborder wrap\n", 3, "allowed is: border"},
        {"input 1 8 8\ndense 10\ndistil 2\n", 3, "allowed is: distil"},
        {"input 1 8 8\ndense 10\nbatch 1\n", 3, "allowed is: batch"},
        {"input 1 8 8\ndense 10\nrange-penalty 1 0\n", 3, "allowed is: range-penalty"},
        {"input 1 8 8\nmark a\nconv 4 3x3\nfrom a\ndense 10\n", 3, "nothing takes"},
        {"input 1 8 8\nx x x x x x x x x x x x x x x x x\n", 2, "16 words"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i].text), TRAIN_ERR_FORMAT);
        if (line != bad[i].line || strstr(why, bad[i].says) == NULL)
            fail_msg("case %zu: line %d, \"%s\"", i, line, why);
    }
}

/* Bytes of any kind do no harm. */
static void noise(void **state)
{
    (void)state;
    static const char *const words[] = {"input", "1",    "8",  "conv",    "5",    "3x3", "dense",
                                        "10",    "add",  "a",  "mark",    "from", "pad", "same",
                                        "#",     "norm", "\n", "avgpool", "\n",   "\n"};
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(3000); i++) {
        char text[600] = "";
        for (uint64_t k = testing_below(&rng, 40); k > 0; k--) {
            strcat(text, words[testing_below(&rng, sizeof words / sizeof words[0])]);
            strcat(text, " ");
        }
        size_t size = strlen(text);
        if (size > 0 && i % 4 == 0)
            text[testing_below(&rng, size)] = (char)testing_below(&rng, 256);
        int st = train_recipe_parse(&r, text, size, &line, why, sizeof why);
        assert_true(st == TRAIN_OK || (st == TRAIN_ERR_FORMAT && why[0] != '\0'));
    }
}

/* Coefficients of x^0, x^2 and x^4 as Ishiyama, Suzuki and Yamana have them. */
static void swish_fits(void **state)
{
    (void)state;
    static const double known[][4] = {{4.0, 0.03347, 0.19566, -0.005075},
                                      {5.0, 0.07066, 0.17003, -0.00315},
                                      {6.0, 0.1198, 0.1473, -0.002012},
                                      {8.0, 0.2401, 0.11257, -0.000908}};
    /* the paper fits on a grid, which moves the coefficients in the fourth digit */
    static const double unit[3] = {5e-4, 2e-4, 1e-5};
    for (size_t i = 0; i < 4; i++) {
        float c[5];
        train_recipe_swish4(c, (float)known[i][0]);
        assert_true(c[1] == 0.5f && c[3] == 0.0f);
        for (size_t k = 0; k < 3; k++)
            testing_assert_near(c[2 * k], known[i][k + 1], unit[k]);
        /* the residual of a least-squares fit is orthogonal to 1, x^2 and x^4 */
        double sums[3] = {0.0, 0.0, 0.0};
        for (int s = 0; s < 20000; s++) {
            double x = known[i][0] * (s + 0.5) / 20000.0;
            double y = (double)c[0] + x * x * ((double)c[2] + x * x * (double)c[4]);
            double d = y - 0.5 * x * tanh(0.5 * x), t = x / known[i][0];
            sums[0] += d / 20000.0;
            sums[1] += d * t * t / 20000.0;
            sums[2] += d * t * t * t * t / 20000.0;
        }
        for (size_t k = 0; k < 3; k++)
            testing_assert_near(sums[k], 0.0, 1e-6);
    }
}

static void one_text_for_many(void **state)
{
    (void)state;
    const char *text = "input 1 8 8 # small\n\n  dense   10\n";
    char out[64];
    train_recipe_canonical(out, text, strlen(text));
    assert_string_equal(out, "input 1 8 8\ndense 10\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_training), cmocka_unit_test(the_defaults),
        cmocka_unit_test(refused),      cmocka_unit_test(noise),
        cmocka_unit_test(swish_fits),   cmocka_unit_test(one_text_for_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
