/* Diagonals one at a time: the same as all at once, every entry of the matrix in one of them. */
#include "tests/routes.h"
#include "tests/stages.h"

/* Every entry stands in the lists, ascending, and the values that the diagonals hold are those of
 * the matrix and nothing else. */
static void check_index(const nn_route *r, const nn_affine *a, const nn_layout *in,
                        const nn_layout *out)
{
    nn_route_index x;
    size_t entries = (size_t)r->entries, slots = r->slots;
    double *all = malloc((entries * slots + slots) * sizeof *all), *one = all + entries * slots;
    unsigned char *seen = calloc(nn_affine_nonzeros(a) + 1, 1);
    assert_int_equal(nn_route_diagonals(r, all, a, in, out), NN_OK);
    assert_int_equal(nn_route_index_find(&x, r, a, in, out), NN_OK);
    for (size_t e = 0; e < entries; e++) {
        nn_route_diagonal(&x, (int)e, one);
        assert_memory_equal(one, all + e * slots, slots * sizeof *one);
        for (size_t n = x.first[e]; n < x.first[e + 1]; n++) {
            assert_true(n == x.first[e] || x.at[n - 1] <= x.at[n]);
            seen[x.at[n]] = 1;
        }
        for (size_t j = 0; j < slots; j++) {
            int known = one[j] == 0.0;
            for (size_t n = x.first[e]; n < x.first[e + 1] && !known; n++)
                known = one[j] == a->value[x.at[n]];
            assert_true(known);
        }
    }
    for (size_t k = 0; k < nn_affine_nonzeros(a); k++)
        assert_true(seen[k]);
    nn_route_index_clear(&x);
    free(all);
    free(seen);
}

static void test_convolution(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (size_t slots = 64; slots <= 256; slots *= 2) {
        nn_stages s = {.input = {5, 4, 4}};
        nn_layout in, out;
        nn_route r;
        stages_convolution(&s, s.input, (nn_shape){6, 4, 4}, 3, 1, 1, &rng);
        nn_grid grid = {.row = 4, .gap = 1, .block = 16};
        assert_int_equal(nn_layout_grid(&in, slots, s.input, grid), NN_OK);
        assert_int_equal(nn_layout_grid(&out, slots, s.stage[0].out, grid), NN_OK);
        assert_int_equal(
            nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &s.stage[0].affine[0], &in, &out), NN_OK);
        check_index(&r, &s.stage[0].affine[0], &in, &out);
        nn_route_widen(&r, 4);
        routes_check(&r, &s.stage[0].affine[0], &in, &out, &rng);
        nn_route_clear(&r);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
        nn_stages_clear(&s);
    }
}

/* A matrix that the route was not made for, or other layouts. */
static void test_failures(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {8, 1, 1}};
    nn_layout in, out, wide;
    nn_affine narrow;
    nn_route r;
    nn_route_index x;
    const double scale[8] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
    testing_rng_init(&rng, testing_seed());
    stages_dense(&s, s.input, 8, &rng);
    assert_int_equal(nn_affine_diagonal(&narrow, 8, scale, NULL), NN_OK);
    assert_int_equal(nn_layout_dense(&in, 32, 0, 8), NN_OK);
    assert_int_equal(nn_layout_dense(&out, 32, 0, 8), NN_OK);
    assert_int_equal(nn_layout_dense(&wide, 64, 0, 8), NN_OK);
    assert_int_equal(nn_route_find_affine(&r, NN_ROUTE_PERIODIC, &narrow, &in, &out), NN_OK);
    assert_int_equal(r.entries, 1);
    assert_int_equal(nn_route_index_find(&x, &r, &narrow, &wide, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_index_find(&x, &r, &s.stage[0].affine[0], &in, &out), NN_ERR_SHAPE);
    assert_null(x.first);
    assert_null(x.at);
    nn_route_index_clear(NULL);
    nn_route_clear(&r);
    nn_layout_clear(&in);
    nn_layout_clear(&out);
    nn_layout_clear(&wide);
    nn_affine_clear(&narrow);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolution),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
