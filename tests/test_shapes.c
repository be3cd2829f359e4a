/* Key shapes: secure, precise, and what is saved where: special primes at few limbs, bytes when
 * bytes are dear. */
#include "nn/levels/shapes.h"

#include "tests/testing.h"

enum { STAGES = 3 };

static const double bound = 214.0;

/* A matrix at 4 limbs, a square at 3, a matrix with folds at 2; sizes and scales far from any
 * floor. */
static void make(nn_schedule *s, nn_work *w)
{
    *s = (nn_schedule){.log_n = 13, .limbs = 4, .count = STAGES};
    const double bits[] = {29.0, 42.0, 41.0, 24.0};
    memcpy(s->q_bits, bits, sizeof bits);
    s->step = calloc(STAGES, sizeof *s->step);
    for (int k = 0; k < STAGES; k++)
        s->step[k] = (nn_step){.limbs = 4 - k,
                               .rescale = 1,
                               .limbs_out = 3 - k,
                               .scale_in = {40.0},
                               .scale_bits = 40.0,
                               .drop_bits = 24.0,
                               .floor_bits = 24.0,
                               .key_floor_bits = {24.0}};
    w[0] = (nn_work){.affine = 1,
                     .parts = 1,
                     .transforms = 1,
                     .hoists = 1,
                     .divides = 1,
                     .diagonals = 20,
                     .babies = 9,
                     .baby_keys = 9,
                     .input_babies = {9},
                     .giants = 1,
                     .giant_keys = 1,
                     .hops = 1,
                     .hop_keys = 1};
    w[1] = (nn_work){.parts = 1, .square = 1, .products = 1};
    w[2] = (nn_work){.affine = 1,
                     .parts = 1,
                     .transforms = 1,
                     .hoists = 1,
                     .divides = 1,
                     .diagonals = 16,
                     .folds = 3,
                     .fold_depth = 3,
                     .babies = 3,
                     .baby_keys = 3,
                     .input_babies = {3},
                     .giants = 3,
                     .giant_keys = 3,
                     .hops = 3,
                     .hop_keys = 1};
}

/* Replay: modulus within the bound, P above every digit by what the error asks for. */
static void check(const nn_schedule *s, const nn_work *w, int strict)
{
    for (int k = 0; k < STAGES; k++) {
        const nn_step *t = &s->step[k];
        assert_true(t->special >= 1 && t->special <= s->special);
        assert_true(nn_schedule_bits(s, t->limbs, t->special) <= bound + 1e-9);
        for (int first = 0; first < t->limbs; first += t->alpha) {
            double digit = 0.0;
            for (int l = first; l < first + t->alpha && l < t->limbs; l++)
                digit += s->q_bits[l];
            assert_true(digit < nn_schedule_bits(s, 0, t->special));
        }
        if (strict && w[k].babies > 0)
            assert_true(nn_shapes_error_bits(s, t->limbs, t->alpha, t->special) <=
                        t->scale_in[0] - t->key_floor_bits[0] + 0.5 + 1e-9);
        if (w[k].folds > 0)
            assert_true(nn_schedule_bits(s, t->limbs_out, t->fold_special) <= bound + 1e-9);
        assert_true(t->ms > 0.0);
    }
}

static void test_choose(void **state)
{
    (void)state;
    nn_schedule s;
    nn_work w[STAGES];
    const nn_costs *c = nn_costs_builtin("avx512ifma");
    make(&s, w);
    assert_int_equal(nn_shapes_choose(&s, w, c, bound, 1, HUGE_VAL), 1);
    check(&s, w, 1);
    double least = 0.0;
    for (int k = 0; k < STAGES; k++)
        least += nn_shapes_least(&w[k], c, 13, s.step[k].limbs);
    assert_true(least <= s.cost && s.ms < s.cost);
    /* 136 bits of 214 leave room for two special primes at 4 limbs when one is smaller: two digits
     * in the place of four. At 2 limbs one digit does. */
    assert_int_equal(s.step[0].alpha, 2);
    assert_int_equal(s.step[2].alpha, 2);
    assert_true(s.p_bits[1] < NN_SPECIAL_BITS_MAX);
    /* Three giants that one key serves. */
    assert_int_equal(s.step[2].chain, 1);
    double cost = s.cost;
    assert_int_equal(nn_shapes_choose(&s, w, c, bound, 1, 0.99 * cost), 0);
    assert_int_equal(nn_shapes_choose(&s, w, c, bound, 1, 1.01 * cost), 1);
    assert_true(fabs(s.cost - cost) < 1e-9);
    free(s.step);
}

/* Near the floor the error of hoisted rotations must be small, so P must exceed the digits. */
static void test_precision(void **state)
{
    (void)state;
    nn_schedule s;
    nn_work w[STAGES];
    const nn_costs *c = nn_costs_builtin("avx512ifma");
    make(&s, w);
    for (int k = 0; k < STAGES; k++)
        s.step[k].key_floor_bits[0] = 38.0;
    assert_int_equal(nn_shapes_choose(&s, w, c, bound, 1, HUGE_VAL), 1);
    check(&s, w, 1);
    for (int k = 0; k < STAGES; k++)
        s.step[k].key_floor_bits[0] = 80.0; /* more than can be had */
    assert_int_equal(nn_shapes_choose(&s, w, c, bound, 1, HUGE_VAL), 0);
    assert_int_equal(nn_shapes_choose(&s, w, c, bound, 0, HUGE_VAL), 1);
    check(&s, w, 0);
    free(s.step);
}

static double key_bytes(const nn_schedule *s, const nn_work *w)
{
    double bytes = 0.0;
    for (int k = 0; k < STAGES; k++) {
        const nn_step *t = &s->step[k];
        nn_cost_at at = {NULL, 13, t->limbs, t->special, t->alpha, 0.0};
        int keys = w[k].affine ? w[k].babies + (t->chain ? w[k].hop_keys : w[k].giant_keys) : 1;
        bytes += keys * nn_cost_key_bytes(&at);
    }
    return bytes;
}

static void test_price(void **state)
{
    (void)state;
    nn_schedule cheap, dear;
    nn_work w[STAGES];
    nn_costs c = *nn_costs_builtin("avx512ifma");
    make(&cheap, w);
    make(&dear, w);
    c.key_ms_per_mib = 0.0;
    assert_int_equal(nn_shapes_choose(&cheap, w, &c, bound, 1, HUGE_VAL), 1);
    c.key_ms_per_mib = 100.0;
    assert_int_equal(nn_shapes_choose(&dear, w, &c, bound, 1, HUGE_VAL), 1);
    assert_true(key_bytes(&dear, w) <= key_bytes(&cheap, w));
    assert_true(dear.ms >= cheap.ms);
    free(cheap.step);
    free(dear.step);
}

static void test_insecure(void **state)
{
    (void)state;
    nn_schedule s;
    nn_work w[STAGES];
    make(&s, w);
    /* 136 bits and a special prime above 42: nothing below 178 will do. */
    assert_int_equal(nn_shapes_choose(&s, w, nn_costs_builtin("portable"), 177.0, 0, HUGE_VAL), 0);
    assert_int_equal(nn_shapes_choose(&s, w, nn_costs_builtin("portable"), 179.0, 0, HUGE_VAL), 1);
    free(s.step);
}

/* Giants at -8, 0, 8, 16 with babies 0 .. 7: three switches by keys of their own, or four hops of
 * which one is by -8 and three by 8. In two to three ciphertexts babies are done twice and giants
 * three times, with the same keys. A second input as it is costs a scalar each. */
static void test_work(void **state)
{
    (void)state;
    int baby[32], giant[32];
    for (int i = 0; i < 32; i++) {
        baby[i] = i % 8;
        giant[i] = (i / 8 * 8 - 8) & 63;
    }
    for (int parts = 1; parts <= 2; parts++) {
        int out = 2 * parts - 1;
        nn_route route[NN_INPUTS_MAX] = {{.slots = 64,
                                          .in_parts = (size_t)parts,
                                          .out_parts = (size_t)out,
                                          .count = 32,
                                          .entries = 32 * parts * out,
                                          .baby = baby,
                                          .giant = giant,
                                          .babies = 7,
                                          .giants = 3,
                                          .fold_count = 2},
                                         {.kind = NN_ROUTE_SAME,
                                          .slots = 64,
                                          .in_parts = (size_t)out,
                                          .out_parts = (size_t)out}};
        nn_layout layout[2] = {{.parts = (size_t)parts}, {.parts = (size_t)out}};
        nn_arrangement a = {.slots = 64, .count = 1, .route = route, .layout = layout};
        nn_stage stage = {.kind = NN_STAGE_AFFINE, .input_count = (size_t)parts};
        nn_stages stages = {.count = 1, .stage = &stage};
        nn_work w = nn_shapes_work(&stages, &a, 0);
        assert_int_equal(w.affine, 1);
        assert_int_equal(w.transforms, 1);
        assert_int_equal(w.hoists, parts);
        assert_int_equal(w.divides, out);
        assert_int_equal(w.diagonals, 32 * parts * out);
        assert_int_equal(w.terms, 32 * parts);
        assert_int_equal(w.folds, 2 * out);
        assert_int_equal(w.fold_depth, 2);
        assert_int_equal(w.babies, 7 * parts);
        assert_int_equal(w.baby_keys, 7);
        assert_int_equal(w.giants, 3 * out);
        assert_int_equal(w.giant_keys, 3);
        assert_int_equal(w.hops, 4 * out);
        assert_int_equal(w.hop_keys, 2);
        assert_int_equal(w.scalars, parts == 1 ? 0 : out);
        assert_int_equal(w.same[1], parts - 1);
    }
}

/* A polynomial's products cost less and less as the limbs fall; several ciphertexts as much as each
 * of them. */
static void test_polynomial(void **state)
{
    (void)state;
    const nn_costs *c = nn_costs_builtin("avx512ifma");
    nn_work w = {.parts = 1, .products = 4};
    nn_step step = {.limbs = 9, .rescale = 4, .limbs_out = 5, .alpha = 3, .special = 3};
    double ms = nn_shapes_ms(&w, &step, c, 14);
    nn_cost_at top = {c, 14, 9, 3, 3, 0.0}, low = {c, 14, 6, 3, 3, 0.0};
    assert_true(ms < 4.0 * nn_cost_square(&top, 1) && ms > 4.0 * nn_cost_square(&low, 1));
    w.parts = 3;
    assert_true(fabs(nn_shapes_ms(&w, &step, c, 14) - 3.0 * ms) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose), cmocka_unit_test(test_precision),
        cmocka_unit_test(test_price),  cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_work),   cmocka_unit_test(test_polynomial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
