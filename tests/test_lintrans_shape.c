/* Shapes of linear transforms: key lists that suffice, order and hops of giants, compact terms. */
#include <limits.h>

#include "tests/lintrans_world.h"

#include "ckks/circuits/lintrans.h"
#include "ckks/scheme/keygen.h"

enum { LOG_N = 10, SLOTS = 512 };

static void keys_are_listed_once(void **state)
{
    ckks_params params = scheme_params(LOG_N, 3, 45, 2);
    int folds[] = {1, 64, 64, -128, 0};
    int baby[] = {0, 1, 1, 2};
    int giant[] = {0, 0, 64, 128};
    ckks_lintrans_shape shape = {.limbs = 3,
                                 .rescale = 1,
                                 .special = 2,
                                 .alpha = 2,
                                 .step_count = 4,
                                 .baby = baby,
                                 .giant = giant,
                                 .fold_count = 5,
                                 .fold_step = folds};
    ckks_key_spec spec[8];
    ckks_context *ctx = NULL;

    (void)state;
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    assert_int_equal(ckks_lintrans_keys(ctx, NULL, 0, &shape), 5);
    memset(spec, 0, sizeof spec);
    assert_int_equal(ckks_lintrans_keys(ctx, spec, 3, &shape),
                     5); /* says how many, writes what fits */
    assert_int_equal(spec[3].limbs, 0);
    assert_int_equal(ckks_lintrans_keys(ctx, spec, 8, &shape), 5);
    for (int i = 0; i < 4; i++) {
        static const int steps[] = {1, 2, 64, 128};
        assert_int_equal(spec[i].kind, CKKS_KEY_ROTATE);
        assert_int_equal(spec[i].steps, steps[i]);
        assert_int_equal(spec[i].limbs, 3);
        assert_int_equal(spec[i].alpha, 2);
        assert_int_equal(spec[i].special, 2);
    }
    /* the fold that is no baby and no giant, at the output's limbs */
    assert_int_equal(spec[4].steps, -128);
    assert_int_equal(spec[4].limbs, 2);
    assert_int_equal(ckks_key_spec_check(ctx, &spec[4], (char[100]){0}, 100), CKKS_OK);
    ckks_context_free(ctx);
}

/* A chain walks the giants by value around 0; its keys are the distinct differences. */
static void chains_need_the_differences(void **state)
{
    static const struct {
        int giant[4];
        int count, keys;
        int steps[4];
    } cases[] = {
        {{0, 32, 64, 96}, 4, 1, {32}},       {{96, 0, 64, 32}, 4, 1, {32}}, /* in any order */
        {{32, 64, 96, 128}, 4, 1, {32}},     /* not from 0: the first hop is a giant's own step */
        {{480, 0, 32, 64}, 4, 2, {480, 32}}, /* -32 first */
        {{0, 32, 96, 96}, 4, 2, {32, 64}},   {{0, 0, 0, 0}, 4, 0, {0}},
    };
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_context *ctx = NULL;

    (void)state;
    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        static const int baby[4] = {0};
        ckks_key_spec spec[4];
        ckks_lintrans_shape shape = {.limbs = 2,
                                     .special = 1,
                                     .alpha = 1,
                                     .step_count = 4,
                                     .baby = baby,
                                     .giant = cases[c].giant,
                                     .chain = 1};
        assert_int_equal(ckks_lintrans_keys(ctx, spec, 4, &shape), cases[c].keys);
        for (int k = 0; k < cases[c].keys; k++)
            assert_int_equal(spec[k].steps, cases[c].steps[k]);
    }
    ckks_context_free(ctx);
}

static void giants_are_walked_in_order(void **state)
{
    static const int giant[] = {300, 5, 511, 0, 5, 256};
    static const int order[] = {-256, -212, -1, 0, 5, INT_MAX};
    int g = INT_MIN;

    (void)state;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        g = ckks_lintrans_next(giant, 6, SLOTS, g);
        assert_int_equal(g, order[i]);
    }
    assert_int_equal(ckks_lintrans_hop(-212, -256, 1, SLOTS), 44);
    assert_int_equal(ckks_lintrans_hop(-212, -256, 0, SLOTS), 300);
    assert_int_equal(ckks_lintrans_hop(-256, INT_MIN, 1, SLOTS), 256);
}

/* Whole giants from the largest down, at least as many terms as asked for. */
static void compact_terms_are_whole_giants(void **state)
{
    static const int giant[] = {0, 0, 0, 8, 8, 500};
    static const int baby[] = {0, 1, 2, 0, 1, 0};
    static const int compact[] = {0, 2, 2, 5, 5, 5, 6};

    (void)state;
    for (int want = 0; want <= 6; want++) {
        ckks_lintrans_shape shape = {
            .step_count = 6, .baby = baby, .giant = giant, .compact = want};
        ckks_lintrans_counts c = ckks_lintrans_count(&shape, SLOTS);
        assert_int_equal(c.terms, 6);
        assert_int_equal(c.babies, 3);
        assert_int_equal(c.giants, 3);
        assert_int_equal(c.compact, compact[want]);
    }
}

/* With blocks: units output by output, giants within. */
static void compact_terms_of_blocks(void **state)
{
    static const int giant[] = {0, 0, 8, 500};
    static const int baby[] = {0, 1, 0, 0};
    static const uint16_t step[] = {3, 1, 0, 2, 0, 1, 1};
    static const uint16_t in[] = {0, 0, 1, 0, 0, 0, 1};
    static const uint16_t out[] = {0, 0, 0, 1, 1, 1, 1};
    /* units have 1 2 0 | 0 3 1 terms */
    static const int compact[] = {0, 1, 4, 4, 4, 6, 6, 7, 7};

    (void)state;
    for (int want = 0; want <= 8; want++) {
        ckks_lintrans_shape shape = {.step_count = 4,
                                     .baby = baby,
                                     .giant = giant,
                                     .compact = want,
                                     .in_count = 2,
                                     .out_count = 2,
                                     .diagonal_count = 7,
                                     .diagonal_step = step,
                                     .diagonal_in = in,
                                     .diagonal_out = out};
        ckks_lintrans_counts c = ckks_lintrans_count(&shape, SLOTS);
        assert_int_equal(c.terms, 7);
        assert_int_equal(c.ins, 2);
        assert_int_equal(c.outs, 2);
        assert_int_equal(c.babies, 2);
        assert_int_equal(c.giants, 3);
        assert_int_equal(c.compact, compact[want]);
    }
}

/* What applying takes stays near the bound, whatever the size; small transforms go in one pass. */
static void work_is_divided(void **state)
{
    static const ckks_lintrans_counts small = {1, 1, 200, 14, 15, 0};
    static const ckks_lintrans_counts large = {1, 1, 576, 9, 64, 576};
    static const ckks_lintrans_counts wide = {4, 4, 4000, 40, 25, 4000};
    const size_t mib = (size_t)1 << 20, bytes = CKKS_LINTRANS_SUMS_BYTES;
    ckks_lintrans_passes p = ckks_lintrans_divide(1 << 13, 10, &small, bytes);

    (void)state;
    assert_int_equal(p.group, 15);
    assert_int_equal(p.keep, CKKS_LINTRANS_TILE);
    /* 576 diagonals at N = 2^16 and 25 rows: a unit is 25 MiB; the babies are 225 MiB, more than
     * half of the room, which ten units have then for themselves: seven passes of at most ten */
    p = ckks_lintrans_divide(1 << 16, 25, &large, bytes);
    assert_int_equal(p.group, 10);
    assert_int_equal(p.keep, CKKS_LINTRANS_ROW);
    assert_int_equal(p.expanded, 21); /* 8 MiB of rows of 384 KiB */
    assert_true(ckks_lintrans_scratch_rows(1 << 16, 20, 5, 5, &large, &p, 2) * (mib / 2) <
                bytes + 140 * mib);
    /* at N = 2^15 and 15 rows both find room: 67.5 MiB of babies beside units of 7.5 MiB, 25 of
     * them; three passes of 22 then */
    p = ckks_lintrans_divide(1 << 15, 15, &large, bytes);
    assert_int_equal(p.keep, CKKS_LINTRANS_ALL);
    assert_int_equal(p.group, 22);
    /* at least one unit, and as many expanded terms as a unit may have */
    p = ckks_lintrans_divide(1 << 16, 25, &wide, 1);
    assert_int_equal(p.group, 1);
    assert_int_equal(p.expanded, 160);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_listed_once),
        cmocka_unit_test(chains_need_the_differences),
        cmocka_unit_test(giants_are_walked_in_order),
        cmocka_unit_test(compact_terms_are_whole_giants),
        cmocka_unit_test(compact_terms_of_blocks),
        cmocka_unit_test(work_is_divided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
