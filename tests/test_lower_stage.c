/* Making stages: joins of any size, ranges of lines, names. */

#include "nn/stages/lowering.h"

#include "tests/failing.h"
#include "tests/graphs.h"

enum { WIDTH = 3 };

/* A lowering by hand: a graph of one input, and that many values of the stages. */
typedef struct world {
    nn_graph *g;
    nn_stages stages;
    nn_known known[1];
    nn_lowering l;
} world;

static void begin(world *w, size_t values)
{
    *w = (world){.g = graphs_vector(WIDTH)};
    w->stages = (nn_stages){.input = {WIDTH, 1, 1}, .input_lo = -1, .input_hi = 1};
    w->l = (nn_lowering){.g = w->g, .stages = &w->stages, .known = w->known};
    nn_symbol_identity(&w->known[0].symbol, WIDTH);
    w->known[0].kind = NN_KNOWN_SYMBOL;
    w->known[0].dims = (nn_dims){2, {1, WIDTH}};
    for (size_t k = 0; k < values; k++) { /* (k + 2) x^2 */
        nn_stage stage = nn_lowering_stage(&w->l, NN_STAGE_POLY, 0, &w->known[0].dims);
        size_t value;
        stage.degree = 2;
        stage.coef[2] = (double)k + 2;
        assert_int_equal(nn_lowering_append(&w->l, &stage, &value), NN_OK);
        assert_int_equal(value, k + 1);
    }
}

static void end(world *w)
{
    nn_symbol_clear(&w->known[0].symbol);
    nn_stages_clear(&w->stages);
    nn_graph_free(w->g);
}

/* Sums of many values, some of them twice, in stages of 8 inputs at most. */
static void test_join(void **unused)
{
    (void)unused;
    for (size_t count = 1; count <= 20; count++) {
        size_t input[24], value;
        nn_affine map[24];
        double x[WIDTH] = {0.5, -1, 0.25}, out[WIDTH], want = 0;
        world w;

        begin(&w, count);
        for (size_t i = 0; i < count; i++) {
            double bias[WIDTH] = {1, 1, 1};
            input[i] = i % 5 == 4 ? input[i - 1] : i + 1;
            assert_int_equal(nn_affine_diagonal(&map[i], WIDTH, NULL, i == 0 ? bias : NULL), NN_OK);
            want += (double)input[i] + 1;
        }
        nn_stage stage = nn_lowering_stage(&w.l, NN_STAGE_AFFINE, 0, &w.known[0].dims);
        stage.range = 1000;
        assert_int_equal(nn_lowering_join(&w.l, &value, &stage, count, input, map), NN_OK);
        for (size_t i = 0; i < count; i++)
            assert_null(map[i].row_start);
        assert_int_equal(value, w.stages.count);
        size_t n = count - count / 5;
        assert_int_equal(w.stages.count - count, n <= 8 ? 1 : 1 + (n - 8 + 6) / 7);
        assert_int_equal(nn_stages_apply(&w.stages, out, NULL, x), NN_OK);
        for (int i = 0; i < WIDTH; i++)
            testing_assert_near(out[i], 1 + want * x[i] * x[i], 1e-12);
        end(&w);
    }
}

/* The same polynomial of the same value is one stage; another coefficient is another. */
static void test_same_polynomial(void **unused)
{
    size_t value;
    world w;

    (void)unused;
    begin(&w, 3);
    nn_stage stage = nn_lowering_stage(&w.l, NN_STAGE_POLY, 0, &w.known[0].dims);
    stage.degree = 2;
    stage.coef[2] = 3;
    assert_string_equal(stage.name, "x");
    assert_int_equal(nn_lowering_append(&w.l, &stage, &value), NN_OK);
    assert_int_equal(value, 2);
    stage.coef[0] = 1;
    assert_int_equal(nn_lowering_append(&w.l, &stage, &value), NN_OK);
    assert_int_equal(value, 4);
    end(&w);
}

/* |2 x - 1| <= 5 says |x| <= 3, and no more than is known already. */
static void test_bound(void **unused)
{
    world w;

    (void)unused;
    begin(&w, 1);
    nn_lowering_define(&w.l, 0, 1, &w.known[0].dims);
    assert_false(w.stages.stage[0].measured);
    w.known[0].symbol.uniform[0] = -1;
    w.known[0].symbol.uniform[1] = 2;
    nn_lowering_bound(&w.l, 0, 5, 0);
    assert_true(w.stages.stage[0].measured);
    testing_assert_near(w.stages.stage[0].range, 3, 0);
    nn_lowering_bound(&w.l, 0, 7, 0);
    nn_lowering_bound(&w.l, 0, 0, 0); /* not known */
    testing_assert_near(w.stages.stage[0].range, 3, 0);
    assert_int_equal(nn_lowering_settle_curved(&w.l, 0), NN_OK);
    assert_int_equal(w.stages.count, 1);
    assert_int_equal(nn_lowering_settle(&w.l, 0), NN_OK);
    assert_int_equal(w.stages.count, 2);
    assert_int_equal(w.known[0].base, 2);
    assert_true(nn_symbol_is_identity(&w.known[0].symbol));
    end(&w);
}

static void test_failing_allocations(void **unused)
{
    (void)unused;
    for (long k = 1;; k++) {
        size_t input[9], value;
        nn_affine map[9];
        world w;

        begin(&w, 9);
        for (size_t i = 0; i < 9; i++) {
            input[i] = i < 8 ? i + 1 : 1;
            assert_int_equal(nn_affine_diagonal(&map[i], WIDTH, NULL, NULL), NN_OK);
        }
        nn_stage stage = nn_lowering_stage(&w.l, NN_STAGE_AFFINE, 0, &w.known[0].dims);
        failing_from(k);
        nn_status st = nn_lowering_join(&w.l, &value, &stage, 9, input, map);
        int hit = failing_stop();
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        for (size_t i = 0; i < 9; i++)
            assert_null(map[i].row_start);
        end(&w);
        if (!hit)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_same_polynomial),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
