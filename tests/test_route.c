/* Routes: diagonals and folds between two layouts compute the matrix, for every kind of route. */
#include "tests/routes.h"
#include "tests/stages.h"

static void random_matrix(nn_affine *a, size_t rows, size_t cols, testing_rng *rng)
{
    assert_int_equal(nn_affine_begin(a, rows, cols), NN_OK);
    for (size_t o = 0; o < rows; o++) {
        for (size_t i = 0; i < cols; i++)
            if (testing_below(rng, 3) != 0)
                assert_int_equal(nn_affine_push(a, i, testing_uniform(rng, -1.0, 1.0)), NN_OK);
        assert_int_equal(nn_affine_end_row(a, 0.0), NN_OK);
    }
}

/* A convolution of one channel, 3x3, stride 2, on side x side, with c output channels. */
static void convolution(nn_affine *a, size_t side, size_t channels, testing_rng *rng)
{
    size_t half = side / 2;
    double w[9];
    assert_int_equal(nn_affine_begin(a, channels * half * half, side * side), NN_OK);
    for (size_t c = 0; c < channels; c++) {
        for (int k = 0; k < 9; k++)
            w[k] = testing_uniform(rng, -1.0, 1.0);
        for (size_t y = 0; y < half; y++) {
            for (size_t x = 0; x < half; x++) {
                for (size_t k = 0; k < 9; k++) {
                    size_t iy = 2 * y + k / 3, ix = 2 * x + k % 3; /* padded by 1 at the left */
                    if (iy >= 1 && iy <= side && ix >= 1 && ix <= side)
                        assert_int_equal(nn_affine_push(a, (iy - 1) * side + ix - 1, w[k]), NN_OK);
                }
                assert_int_equal(nn_affine_end_row(a, 0.0), NN_OK);
            }
        }
    }
}

static nn_status generators(int *generator, const nn_affine *a, const nn_layout *in,
                            const nn_layout *out)
{
    nn_pattern p;
    assert_int_equal(nn_pattern_find(&p, a), NN_OK);
    nn_status st = nn_route_generators(generator, &p, in, out);
    nn_pattern_clear(&p);
    return st;
}

static void test_periodic(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(60); k++) {
        size_t slots = (size_t)64 << testing_below(&rng, 3);
        size_t rows = 1 + testing_below(&rng, 60), cols = 1 + testing_below(&rng, 60);
        nn_affine a;
        nn_layout in, out;
        nn_route r, copy;
        random_matrix(&a, rows, cols, &rng);
        assert_int_equal(nn_layout_dense(&in, slots, 0, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, slots, 0, rows), NN_OK);
        assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &a, &in, &out), NN_OK);
        assert_int_equal(nn_route_copy(&copy, &r), NN_OK);
        size_t group = in.period < out.period ? in.period : out.period;
        assert_true((size_t)r.count <= group);
        routes_check(&copy, &a, &in, &out, &rng);
        nn_route_clear(&r);
        nn_route_clear(&copy);
        nn_affine_clear(&a);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
    }
}

static int generators_of(const nn_layout *l)
{
    int n = 0;
    for (size_t m = l->period; m < l->slots; m *= 2)
        n++;
    return n;
}

static void test_split(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(40); k++) {
        size_t cols = 9 + testing_below(&rng, 50), rows = 1 + testing_below(&rng, 16);
        int generator[NN_GENERATORS_MAX];
        nn_affine a;
        nn_layout in, out;
        nn_route r, periodic;
        random_matrix(&a, rows, cols, &rng);
        assert_int_equal(nn_layout_dense(&in, 256, 0, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, 256, 0, rows), NN_OK);
        assert_int_equal(nn_route_find_affine(&periodic, NN_ROUTE_PERIODIC, &a, &in, &out), NN_OK);
        assert_int_equal(generators(generator, &a, &in, &out), NN_OK);
        assert_int_equal(nn_layout_move(&in, generator, generators_of(&in)), NN_OK);
        if (in.generators > 0) {
            assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SPLIT, &a, &in, &out), NN_OK);
            assert_true(r.count <= periodic.count);
            routes_check(&r, &a, &in, &out, &rng);
            nn_route_clear(&r);
            assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &a, &in, &out),
                             NN_ERR_SHAPE);
        }
        nn_route_clear(&periodic);
        nn_affine_clear(&a);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
    }
}

/* The case that the search is made for: an image at the client, a strided convolution passed
 * through aligned, a dense matrix split over the replicas. */
static void test_aligned_then_split(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    nn_affine conv, dense;
    nn_layout image, maps, out;
    nn_route first, second, whole;
    int generator[NN_GENERATORS_MAX];
    convolution(&conv, 8, 6, &rng);
    random_matrix(&dense, 12, conv.rows, &rng);
    nn_grid unit = {.row = 8, .gap = 1, .block = 64};
    nn_grid half = {.row = 8, .gap = 2, .block = 64};
    assert_int_equal(nn_layout_grid(&image, 1024, (nn_shape){1, 8, 8}, unit), NN_OK);
    assert_int_equal(nn_layout_grid(&maps, 1024, (nn_shape){6, 4, 4}, half), NN_OK);
    assert_int_equal(nn_layout_dense(&out, 1024, 0, 12), NN_OK);
    assert_int_equal(nn_route_find_affine(&whole, NN_ROUTE_PERIODIC, &dense, &maps, &out), NN_OK);
    assert_int_equal(generators(generator, &dense, &maps, &out), NN_OK);
    /* The image fills its period of 64: it has no slack, so it cannot follow. */
    assert_int_equal(nn_layout_move(&maps, generator, 3), NN_OK);
    if (nn_layout_place(&maps, 0) != 0)
        assert_int_equal(nn_layout_align(&image, &maps), NN_ERR_SHAPE);
    nn_layout_clear(&image);
    unit.block = 128;
    half.block = 128;
    nn_layout_clear(&maps);
    assert_int_equal(nn_layout_grid(&image, 1024, (nn_shape){1, 8, 8}, unit), NN_OK);
    assert_int_equal(nn_layout_grid(&maps, 1024, (nn_shape){6, 4, 4}, half), NN_OK);
    assert_int_equal(generators(generator, &dense, &maps, &out), NN_OK);
    assert_int_equal(nn_layout_move(&maps, generator, 2), NN_OK);
    assert_int_equal(nn_layout_align(&image, &maps), NN_OK);
    assert_int_equal(nn_route_find_affine(&first, NN_ROUTE_ALIGNED, &conv, &image, &maps), NN_OK);
    assert_int_equal(first.fold_count, 0);
    assert_true(first.count <= 16); /* 3x3 taps, 2x2 channels interleaved: offsets -2..1 each way */
    routes_check(&first, &conv, &image, &maps, &rng);
    assert_int_equal(nn_route_find_affine(&second, NN_ROUTE_SPLIT, &dense, &maps, &out), NN_OK);
    assert_true(second.count <= whole.count / 4 + 1);
    routes_check(&second, &dense, &maps, &out, &rng);
    nn_route_clear(&first);
    nn_route_clear(&second);
    nn_route_clear(&whole);
    nn_affine_clear(&conv);
    nn_affine_clear(&dense);
    nn_layout_clear(&image);
    nn_layout_clear(&maps);
    nn_layout_clear(&out);
}

/* Every kind between every two of the layouts that elements and slots of small numbers have: what
 * fits computes the matrix, also with other numbers for the steps and with images side by side. */
static int all_layouts(nn_layout *l, size_t slots, size_t count)
{
    int n = 0;
    nn_shape shape = {count, 1, 1}, maps = {(count + 3) / 4, 2, 2};
    for (size_t p = nn_layout_pow2(count); p <= slots; p *= 2) {
        nn_layout run;
        assert_int_equal(nn_layout_dense(&l[n++], slots, p, count), NN_OK);
        assert_int_equal(nn_layout_dense(&run, slots, p, (count + 1) / 2), NN_OK);
        n += nn_layout_runs(&l[n], slots, count, p, &run) == NN_OK;
        nn_layout_clear(&run);
    }
    n += nn_layout_grid(&l[n], slots, shape, (nn_grid){2, 2, 4}) == NN_OK;
    if (nn_shape_count(maps) == count) {
        n += nn_layout_grid(&l[n], slots, maps, (nn_grid){3, 1, 8}) == NN_OK;
        n += nn_layout_weave(&l[n], slots, maps,
                             (nn_weave){.row = 4, .gap = 2, .step = 16, .copies = 1}) == NN_OK;
    }
    n += nn_layout_weave(&l[n], slots, shape,
                         (nn_weave){.row = 2, .gap = 2, .step = 4, .copies = 1}) == NN_OK;
    n += nn_layout_weave(&l[n], slots, shape,
                         (nn_weave){.row = 1, .gap = 1, .step = 4, .copies = 2, .shift = 1}) ==
         NN_OK;
    assert_int_equal(nn_layout_dense(&l[n], slots, 0, count), NN_OK);
    n += 1;
    const int generator[NN_GENERATORS_MAX] = {1, 1, 1, 1, 1, 1};
    if (nn_layout_move(&l[n - 1], generator, generators_of(&l[n - 1])) != NN_OK)
        nn_layout_clear(&l[--n]);
    return n;
}

static void check_all_kinds(const nn_affine *a, const nn_layout *in, const nn_layout *out,
                            int *checked, testing_rng *rng)
{
    for (nn_route_kind kind = NN_ROUTE_PERIODIC; kind <= NN_ROUTE_SPREAD; kind++) {
        nn_route r;
        nn_status st = nn_route_find_affine(&r, kind, a, in, out);
        assert_true(st == NN_OK || (st == NN_ERR_SHAPE && r.step == NULL));
        if (st != NN_OK)
            continue;
        routes_check(&r, a, in, out, rng);
        if (r.group < r.slots) {
            nn_route_represent(&r, (long)testing_below(rng, r.group));
            routes_check(&r, a, in, out, rng);
        }
        nn_route_widen(&r, 4);
        routes_check(&r, a, in, out, rng);
        checked[kind]++;
        nn_route_clear(&r);
    }
}

static void test_all_layouts(void **state)
{
    (void)state;
    testing_rng rng;
    int checked[4] = {0};
    testing_rng_init(&rng, testing_seed());
    for (size_t rows = 1; rows <= 8; rows++)
        for (size_t cols = 1; cols <= 8; cols++) {
            nn_affine a;
            nn_layout in[24], out[24];
            random_matrix(&a, rows, cols, &rng);
            int ins = all_layouts(in, 32, cols), outs = all_layouts(out, 32, rows);
            for (int i = 0; i < ins; i++)
                for (int o = 0; o < outs; o++)
                    check_all_kinds(&a, &in[i], &out[o], checked, &rng);
            for (int i = 0; i < ins; i++)
                nn_layout_clear(&in[i]);
            for (int o = 0; o < outs; o++)
                nn_layout_clear(&out[o]);
            nn_affine_clear(&a);
        }
    for (int kind = 0; kind < 4; kind++)
        assert_true(checked[kind] > 200);
}

/* Each replica of a periodic input computes another part of the rows. */
static void test_spread(void **state)
{
    (void)state;
    testing_rng rng;
    nn_affine a;
    nn_layout in, out, run;
    nn_route r;
    testing_rng_init(&rng, testing_seed());
    random_matrix(&a, 100, 60, &rng);
    assert_int_equal(nn_layout_dense(&in, 512, 0, 60), NN_OK); /* 8 replicas */
    assert_int_equal(nn_layout_dense(&run, 64, 0, 13), NN_OK); /* ceil(100 / 8) */
    assert_int_equal(nn_layout_runs(&out, 512, 100, 64, &run), NN_OK);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SPREAD, &a, &in, &out), NN_OK);
    assert_int_equal(r.count, 16);     /* 13 rows in a group of 16 */
    assert_int_equal(r.fold_count, 2); /* 64 slots are 4 groups */
    routes_check(&r, &a, &in, &out, &rng);
    nn_route_clear(&r);
    nn_layout_clear(&run);
    nn_layout_clear(&out);
    nn_layout_clear(&in);
    nn_affine_clear(&a);
}

/* Blocks of random matrices between layouts of one to three parts. */
static void test_parts(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    int blocks[4][4] = {{0}};
    for (int k = 0; k < testing_iters(60); k++) {
        const size_t slots = 32;
        size_t rows = (size_t)(k % 3) * slots + 1 + testing_below(&rng, slots);
        size_t cols = (size_t)(k / 3 % 3) * slots + 1 + testing_below(&rng, slots);
        nn_affine a;
        nn_layout in, out;
        nn_route r, copy;
        random_matrix(&a, rows, cols, &rng);
        assert_int_equal(nn_layout_dense(&in, slots, 0, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, slots, 0, rows), NN_OK);
        assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &a, &in, &out), NN_OK);
        assert_int_equal(r.in_parts, (cols + slots - 1) / slots);
        assert_int_equal(r.out_parts, (rows + slots - 1) / slots);
        assert_true((size_t)r.entries <= (size_t)r.count * r.in_parts * r.out_parts);
        routes_check(&r, &a, &in, &out, &rng);
        assert_int_equal(nn_route_copy(&copy, &r), NN_OK);
        if (r.group < r.slots)
            nn_route_represent(&copy, (long)testing_below(&rng, r.group));
        routes_check(&copy, &a, &in, &out, &rng);
        blocks[r.in_parts][r.out_parts]++;
        nn_route_clear(&copy);
        nn_route_clear(&r);
        /* Other kinds are for one part. */
        if (in.parts > 1 || out.parts > 1)
            for (nn_route_kind kind = NN_ROUTE_SPLIT; kind <= NN_ROUTE_SPREAD; kind++) {
                assert_int_equal(nn_route_find_affine(&r, kind, &a, &in, &out), NN_ERR_SHAPE);
                assert_null(r.step);
            }
        nn_affine_clear(&a);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
    }
    for (int i = 1; i <= 3; i++)
        for (int o = 1; o <= 3; o++)
            assert_true(blocks[i][o] > 0);
}

/* A convolution whose channels are cut into parts: each block has the taps and the differences of
 * the channels within a part, and only those. */
static void test_convolution_parts(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {6, 4, 4}};
    nn_layout in, out;
    nn_route r;
    testing_rng_init(&rng, testing_seed());
    stages_convolution(&s, s.input, (nn_shape){4, 4, 4}, 3, 1, 1, &rng);
    /* 2 channels a part, then 4: 3 input parts, 1 output part of 64 slots without a wrap. */
    nn_grid grid = {.row = 4, .gap = 1, .block = 32};
    assert_int_equal(nn_layout_grid(&in, 64, s.input, grid), NN_OK);
    grid.block = 16;
    assert_int_equal(nn_layout_grid(&out, 64, s.stage[0].out, grid), NN_OK);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &s.stage[0].affine[0], &in, &out),
                     NN_OK);
    assert_int_equal(r.in_parts, 3);
    assert_int_equal(r.out_parts, 1);
    /* Differences 0 or 32 of the input less 0, 16, 32 or 48 of the output: 4 modulo 64. */
    assert_int_equal(r.count, 9 * 4);
    assert_int_equal(r.entries, 3 * 9 * 4);
    routes_check(&r, &s.stage[0].affine[0], &in, &out, &rng);
    nn_route_clear(&r);
    nn_layout_clear(&in);
    nn_layout_clear(&out);
    nn_stages_clear(&s);
}

/* The identity between equal layouts takes no diagonal, and nothing else is it. */
static void test_same(void **state)
{
    (void)state;
    testing_rng rng;
    nn_affine one, two;
    nn_layout l, other;
    nn_route r;
    const double scale[40] = {2.0};
    testing_rng_init(&rng, testing_seed());
    assert_int_equal(nn_affine_diagonal(&one, 40, NULL, NULL), NN_OK);
    assert_int_equal(nn_affine_diagonal(&two, 40, scale, NULL), NN_OK);
    assert_int_equal(nn_layout_dense(&l, 32, 0, 40), NN_OK);
    assert_int_equal(nn_layout_dense(&other, 64, 0, 40), NN_OK);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SAME, &one, &l, &l), NN_OK);
    assert_int_equal(r.entries, 0);
    assert_int_equal(r.in_parts, 2);
    routes_check(&r, &one, &l, &l, &rng);
    nn_route_clear(&r);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SAME, &two, &l, &l), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SAME, &one, &l, &other), NN_ERR_SHAPE);
    nn_layout_clear(&l);
    nn_layout_clear(&other);
    nn_affine_clear(&one);
    nn_affine_clear(&two);
}

/* Known counts of diagonals. */
static void test_counts(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    /* Stride, channels before and behind, and diagonals, on images of 8x8 in 1024 slots: 9 taps
     * and 16 differences of channels; behind a stride of 2 the maps lie on 4 places of the grid,
     * the taps at distances -2..1 and so on. */
    const struct {
        size_t stride, in, out, gap;
        int diagonals, folds;
    } known[] = {{1, 16, 16, 1, 9 * 16, 0}, {1, 16, 4, 1, 9 * 4, 2}, {2, 16, 16, 2, 16 * 4, 2}};
    for (size_t n = 0; n < sizeof known / sizeof known[0]; n++) {
        nn_stages s = {.input = {known[n].in, 8, 8}};
        nn_shape out = {known[n].out, 8 / known[n].stride, 8 / known[n].stride};
        nn_layout from, to;
        nn_route r;
        stages_convolution(&s, s.input, out, 3, known[n].stride, 1, &rng);
        assert_int_equal(nn_layout_grid(&from, 1024, s.input, (nn_grid){8, 1, 64}), NN_OK);
        assert_int_equal(nn_layout_grid(&to, 1024, out, (nn_grid){8, known[n].gap, 64}), NN_OK);
        assert_int_equal(
            nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &s.stage[0].affine[0], &from, &to), NN_OK);
        assert_int_equal(r.count, known[n].diagonals);
        assert_int_equal(r.fold_count, known[n].folds);
        routes_check(&r, &s.stage[0].affine[0], &from, &to, &rng);
        nn_route_clear(&r);
        nn_layout_clear(&from);
        nn_layout_clear(&to);
        nn_stages_clear(&s);
    }
}

static void test_failures(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    int generator[NN_GENERATORS_MAX];
    nn_affine a;
    nn_layout in, out;
    nn_route r;
    random_matrix(&a, 5, 9, &rng);
    assert_int_equal(nn_layout_dense(&in, 16, 0, 9), NN_OK); /* one replica */
    assert_int_equal(nn_layout_dense(&out, 16, 0, 5), NN_OK);
    assert_int_equal(generators(generator, &a, &in, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SPLIT, &a, &in, &out), NN_ERR_SHAPE);
    assert_null(r.step);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_SPREAD, &a, &in, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &a, &out, &in), NN_ERR_SHAPE);
    /* Given steps that do not lead to every entry: found out when the entries are placed. */
    const int step[2] = {0, 1};
    double value[2 * 16];
    assert_int_equal(nn_route_given(&r, step, 2, &a, &in, &out), NN_OK);
    assert_int_equal(nn_route_diagonals(&r, value, &a, &in, &out), NN_ERR_SHAPE);
    nn_route_clear(&r);
    /* An element without a slot. */
    uint32_t element[16] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int j = 8; j < 16; j++)
        element[j] = NN_LAYOUT_EMPTY;
    nn_layout_clear(&in);
    assert_int_equal(nn_layout_from_slots(&in, 16, 9, element), NN_OK);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &a, &in, &out), NN_ERR_SHAPE);
    nn_affine_clear(&a);
    nn_layout_clear(&in);
    nn_layout_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_periodic),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_aligned_then_split),
        cmocka_unit_test(test_all_layouts),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_convolution_parts),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
