/* Patterns: rows of equal columns together, and steps as counting every entry gives them. */
#include "nn/slots/pattern.h"

#include "tests/stages.h"
#include "tests/testing.h"

/* Every row once, with the columns of its pattern; no two patterns alike. */
static void check_pattern(const nn_pattern *p)
{
    const nn_affine *a = p->affine;
    unsigned char *seen = calloc(a->rows, 1);
    assert_int_equal(p->first[0], 0);
    assert_int_equal(p->first[p->count], a->rows);
    for (size_t n = 0; n < p->count; n++) {
        size_t first = p->row[p->first[n]], length = a->row_start[first + 1] - a->row_start[first];
        for (size_t k = p->first[n]; k < p->first[n + 1]; k++) {
            size_t o = p->row[k];
            assert_false(seen[o]);
            seen[o] = 1;
            assert_true(k == p->first[n] || p->row[k - 1] < o);
            assert_int_equal(a->row_start[o + 1] - a->row_start[o], length);
            for (size_t e = 0; e < length; e++)
                assert_int_equal(a->col[a->row_start[o] + e], a->col[a->row_start[first] + e]);
        }
    }
    free(seen);
}

static void check_steps(const nn_pattern *p, const nn_layout *in, const nn_layout *out, size_t g)
{
    const nn_affine *a = p->affine;
    size_t size = in->parts * out->parts * g;
    unsigned char *got = calloc(2 * size, 1), *want = got + size;
    assert_int_equal(nn_pattern_steps(got, p, in, out, g), NN_OK);
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++) {
            size_t from = nn_layout_place(in, a->col[k]), to = nn_layout_place(out, o);
            size_t block = from / in->slots * out->parts + to / out->slots;
            want[block * g + ((from - (size_t)in->base - to) & (g - 1))] = 1;
        }
    assert_memory_equal(got, want, size);
    free(got);
}

static void test_random(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(60); k++) {
        size_t rows = 1 + testing_below(&rng, 300), cols = 1 + testing_below(&rng, 300);
        size_t kinds = 1 + testing_below(&rng, 4), slots = 128;
        nn_affine a;
        nn_pattern p;
        nn_layout in, out;
        assert_int_equal(nn_affine_begin(&a, rows, cols), NN_OK);
        for (size_t o = 0; o < rows; o++) {
            /* A few kinds of rows, one of them empty now and then, and some that are unique. */
            testing_rng row = {testing_below(&rng, kinds)};
            size_t step = 1 + testing_below(&row, 7), begin = testing_below(&row, cols);
            for (size_t i = begin; i < cols; i += step)
                assert_int_equal(nn_affine_push(&a, i, 1.0 + (double)o), NN_OK);
            assert_int_equal(nn_affine_end_row(&a, 0.0), NN_OK);
        }
        assert_int_equal(nn_pattern_find(&p, &a), NN_OK);
        assert_true(p.count <= kinds);
        check_pattern(&p);
        assert_int_equal(nn_layout_dense(&in, slots, 0, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, slots, 0, rows), NN_OK);
        for (size_t g = 1; g <= slots; g *= 2)
            check_steps(&p, &in, &out, g);
        nn_pattern_clear(&p);
        nn_affine_clear(&a);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
    }
}

/* A convolution has a pattern for each place of an output map. */
static void test_convolution(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (size_t stride = 1; stride <= 2; stride++) {
        nn_stages s = {.input = {5, 8, 8}};
        nn_shape maps = {6, 8 / stride, 8 / stride};
        nn_pattern p;
        stages_convolution(&s, s.input, maps, 3, stride, 1, &rng);
        assert_int_equal(nn_pattern_find(&p, &s.stage[0].affine[0]), NN_OK);
        assert_int_equal(p.count, maps.h * maps.w);
        check_pattern(&p);
        for (size_t slots = 256; slots <= 1024; slots *= 2)
            for (size_t gap = 1; gap <= 2; gap++) {
                nn_layout in, out, dense;
                nn_grid grid = {.row = 16, .gap = 1, .block = 256};
                assert_int_equal(nn_layout_grid(&in, slots, s.input, grid), NN_OK);
                grid.gap = gap;
                assert_int_equal(nn_layout_grid(&out, slots, maps, grid), NN_OK);
                assert_int_equal(nn_layout_dense(&dense, slots, 0, nn_shape_count(maps)), NN_OK);
                for (size_t g = 16; g <= slots; g *= 4) {
                    check_steps(&p, &in, &out, g);
                    check_steps(&p, &in, &dense, g);
                }
                nn_layout_clear(&in);
                nn_layout_clear(&out);
                nn_layout_clear(&dense);
            }
        nn_pattern_clear(&p);
        nn_stages_clear(&s);
    }
}

/* The input's offsets do not count, rows without entries neither. */
static void test_edges(void **state)
{
    (void)state;
    nn_affine a;
    nn_pattern p;
    nn_layout in, out;
    assert_int_equal(nn_affine_begin(&a, 3, 10), NN_OK);
    assert_int_equal(nn_affine_end_row(&a, 1.0), NN_OK);
    assert_int_equal(nn_affine_push(&a, 9, 2.0), NN_OK);
    assert_int_equal(nn_affine_end_row(&a, 0.0), NN_OK);
    assert_int_equal(nn_affine_end_row(&a, 1.0), NN_OK);
    assert_int_equal(nn_pattern_find(&p, &a), NN_OK);
    assert_int_equal(p.count, 2);
    check_pattern(&p);
    assert_int_equal(nn_layout_dense(&in, 256, 0, 10), NN_OK);
    assert_int_equal(nn_layout_move(&in, (const int[]){1, 2, 1, 2}, 4), NN_OK);
    assert_true(in.base > 0);
    assert_int_equal(nn_layout_dense(&out, 256, 0, 3), NN_OK);
    check_steps(&p, &in, &out, 256);
    nn_pattern_clear(&p);
    nn_pattern_clear(NULL);
    nn_affine_clear(&a);
    nn_layout_clear(&in);
    nn_layout_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_convolution),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
