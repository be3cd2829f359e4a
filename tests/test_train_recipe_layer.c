/* Layers of a description: their shapes, sources and coefficients, and what is refused. */
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

static void shape(size_t i, train_kind kind, size_t c, size_t h, size_t w)
{
    assert_int_equal(r.layers[i].kind, kind);
    assert_int_equal(r.layers[i].out_c, c);
    assert_int_equal(r.layers[i].out_h, h);
    assert_int_equal(r.layers[i].out_w, w);
}

static void convolutions(void **state)
{
    (void)state;
    assert_int_equal(parse("input 2 12 10\n"
                           "conv 4 5x3\n"                      /* 8 x 8 */
                           "conv 4 3x3 pad same stride 2\n"    /* 4 x 4 */
                           "conv 8 3x3 groups 4 pad 1\n"       /* 4 x 4 */
                           "conv 8 2x2 pad 1 0 0 1 stride 2\n" /* 2 x 2 */
                           "conv 6 4x4 pad same\n"             /* 2 x 2 */
                           "dense 10\n"),
                     TRAIN_OK);
    shape(0, TRAIN_CONV, 4, 8, 8);
    shape(1, TRAIN_CONV, 4, 4, 4);
    /* 8 places in steps of 2 with 3 taps need (4 - 1) 2 + 3 - 8 = 1 more, at the end */
    assert_int_equal(r.layers[1].pad[0], 0);
    assert_int_equal(r.layers[1].pad[2], 1);
    shape(2, TRAIN_CONV, 8, 4, 4);
    assert_int_equal(r.layers[2].groups, 4);
    assert_int_equal(r.layers[2].pad[3], 1);
    shape(3, TRAIN_CONV, 8, 2, 2);
    assert_int_equal(r.layers[3].pad[0], 1);
    assert_int_equal(r.layers[3].pad[1], 0);
    assert_int_equal(r.layers[3].pad[3], 1);
    shape(4, TRAIN_CONV, 6, 2, 2);
    assert_int_equal(r.layers[4].pad[0], 1);
    assert_int_equal(r.layers[4].pad[2], 2);
    shape(5, TRAIN_DENSE, 10, 1, 1);
    assert_int_equal(r.layers[5].in_c * r.layers[5].in_h * r.layers[5].in_w, 24);
}

static void pools_and_activations(void **state)
{
    (void)state;
    assert_int_equal(parse("input 1 9 8\navgpool 2\nsquare\navgpool 3 stride 1\nnorm\n"
                           "quadratic -0.25 0.5 learn\npoly 1 2 3 4 5\nswish4 6\nswish\nrelu\n"
                           "globalpool\ndense 10\n"),
                     TRAIN_OK);
    shape(0, TRAIN_POOL, 1, 4, 4);
    shape(1, TRAIN_ACT, 1, 4, 4);
    assert_true(r.layers[1].coefficient[2] == 1.0f && r.layers[1].coefficient[1] == 0.0f);
    shape(2, TRAIN_POOL, 1, 2, 2);
    shape(3, TRAIN_NORM, 1, 2, 2);
    assert_true(r.layers[4].coefficient[2] == -0.25f && r.layers[4].coefficient[1] == 0.5f);
    assert_true(r.layers[4].learn);
    for (int k = 0; k < 5; k++)
        assert_true(r.layers[5].coefficient[k] == (float)(k + 1));
    assert_true(r.layers[6].range == 6.0f && r.layers[6].coefficient[4] < 0.0f);
    assert_int_equal(r.layers[7].curve, TRAIN_SWISH);
    assert_int_equal(r.layers[8].curve, TRAIN_RELU);
    shape(9, TRAIN_POOL, 1, 1, 1);
}

static void marks(void **state)
{
    (void)state;
    assert_int_equal(parse("input 2 8 8\nmark image\nconv 2 3x3 pad same\nadd image\nmark a\n"
                           "conv 4 1x1 stride 2\nmark b\nfrom a\nconv 4 1x1 stride 2\nadd b\n"
                           "dense 10\n"),
                     TRAIN_OK);
    assert_int_equal(r.layers[1].kind, TRAIN_ADD);
    assert_int_equal(r.layers[1].other, -1);
    assert_int_equal(r.layers[1].source, 0);
    assert_int_equal(r.layers[3].source, 1);
    assert_int_equal(r.layers[3].line, 9);
    assert_int_equal(r.layers[4].other, 2);
    assert_int_equal(r.layers[4].source, 3);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *statement;
        const char *says;
    } bad[] = {
        {"conv 4", "allowed is: conv"},
        {"conv 4 3", "allowed is: conv"},
        {"conv 0 3x3", "allowed is: conv"},
        {"conv 4 3x3 stride 0", "allowed is: conv"},
        {"conv 4 3x3 pad full", "allowed is: conv"},
        {"conv 4 3x3 pad 1 1", "allowed is: conv"},
        {"conv 4 3x3 groups 3", "3 groups"},
        {"conv 4 9x3", "does not fit"},
        {"conv 4 3x9", "does not fit"},
        {"avgpool", "allowed is: avgpool"},
        {"avgpool 9", "does not fit"},
        {"avgpool 2 step 2", "allowed is: avgpool"},
        {"globalpool 2", "allowed is: globalpool"},
        {"dense", "allowed is: dense"},
        {"norm 1", "allowed is: norm"},
        {"square 2", "allowed is: square"},
        {"quadratic 1", "allowed is: quadratic"},
        {"quadratic 1 2 train", "allowed is: quadratic"},
        {"poly 1 2", "allowed is: poly"},
        {"poly 1 2 3 4 5 6", "allowed is: poly"},
        {"swish4", "allowed is: swish4"},
        {"swish4 100", "allowed is: swish4"},
        {"relu 6", "allowed is: relu"},
        {"mark", "allowed is: mark"},
        {"mark m", "already"},
        {"from x", "mark x"},
        {"add x", "mark x"},
        {"add", "allowed is: add"},
        {"add m", "2 x 8 x 8"},
        {"add here", "itself"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "input 2 8 8\nmark m\nconv 4 1x1\nmark here\n%s\ndense 10\n",
                 bad[i].statement);
        assert_int_equal(parse(text), TRAIN_ERR_FORMAT);
        if (line != 5 || strstr(why, bad[i].says) == NULL)
            fail_msg("%s: line %d, \"%s\"", bad[i].statement, line, why);
    }
    assert_int_equal(parse("input 1 8 8\ndense 5\nconv 4 1x1\ndense 10\n"), TRAIN_ERR_FORMAT);
    assert_non_null(strstr(why, "after a dense layer"));
    assert_int_equal(parse("input 1 8 8\ndense 5\nsquare\navgpool 1\ndense 10\n"),
                     TRAIN_ERR_FORMAT);
    assert_non_null(strstr(why, "after a dense layer"));
}

static void too_much(void **state)
{
    (void)state;
    static char text[8000];
    strcpy(text, "input 1 8 8\n");
    for (int i = 0; i < TRAIN_MAX_LAYERS; i++)
        strcat(text, "square\n");
    strcat(text, "dense 10\n");
    assert_int_equal(parse(text), TRAIN_ERR_FORMAT);
    assert_int_equal(line, TRAIN_MAX_LAYERS + 2);
    assert_non_null(strstr(why, "128 layers"));
    strcpy(text, "input 1 8 8\n");
    for (int i = 0; i <= TRAIN_MAX_MARKS; i++)
        snprintf(text + strlen(text), 20, "mark m%d\n", i);
    assert_int_equal(parse(text), TRAIN_ERR_FORMAT);
    assert_int_equal(line, TRAIN_MAX_MARKS + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions), cmocka_unit_test(pools_and_activations),
        cmocka_unit_test(marks),        cmocka_unit_test(refused),
        cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
