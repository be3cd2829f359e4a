/* Sums over a batch that is cut into several slices of several bundles and blocks, with a last one
 * of each that is not full: every term counts once, and no thread changes a bit.
 */
#include "tests/testing.h"

#include "train/weights.h"

/* More rows than a task takes, and images that need many blocks (20x20), are one block or a part of
 * a bundle. */
static const struct {
    train_conv c;
    size_t batch;
} cases[] = {
    {{2, 20, 20, 3, 20, 20, 3, 3, 1, 1, 1, 1, NULL}, 23},
    {{1, 12, 12, 70, 10, 10, 3, 3, 1, 0, 0, 1, NULL}, 37},
    {{3, 5, 5, 6, 3, 3, 3, 3, 1, 0, 0, 3, NULL}, 301},
    {{4, 1, 1, 5, 1, 1, 1, 1, 1, 0, 0, 1, NULL}, 2500},
};

static void run(const train_conv *c, const train_tile *tile, float *dw, const float *x,
                const float *dy, size_t batch, int threads)
{
    size_t room = train_weights_scratch(c, tile, batch, threads);
    float *scratch = malloc(room * sizeof *scratch);
    assert_non_null(scratch);
    memset(scratch, 0xff, room * sizeof *scratch);
    train_weights_run(c, tile, dw, x, dy, batch, threads, scratch);
    free(scratch);
}

/* Where tap (ky, kx) meets the image, of all places of y. */
static size_t met(const train_conv *c, size_t ky, size_t kx)
{
    size_t count = 0;
    for (size_t oy = 0; oy < c->out_h; oy++)
        for (size_t ox = 0; ox < c->out_w; ox++)
            count += oy * c->stride + ky - c->pad_top < c->in_h &&
                     ox * c->stride + kx - c->pad_left < c->in_w;
    return count;
}

/* x = 1, dy = 1 + o: whole numbers, and sums below 2^24, so every order is exact. */
static void test_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int f = 0; train_tile_list(f) != NULL; f++) {
            const train_conv *c = &cases[i].c;
            size_t taps = c->kernel_h * c->kernel_w, ins = c->in_c / c->groups;
            size_t nx = c->in_c * cases[i].batch * c->in_h * c->in_w;
            size_t ny = c->out_c * cases[i].batch * c->out_h * c->out_w;
            float *x = malloc(nx * sizeof *x), *dy = malloc(ny * sizeof *dy);
            float *dw = malloc(c->out_c * ins * taps * sizeof *dw);
            assert_true(x != NULL && dy != NULL && dw != NULL);
            for (size_t k = 0; k < nx; k++)
                x[k] = 1.0f;
            for (size_t k = 0; k < ny; k++)
                dy[k] = (float)(1 + k / (c->out_h * c->out_w) / cases[i].batch); /* 1 + o */
            run(c, train_tile_list(f), dw, x, dy, cases[i].batch, 1 + f % 3);
            for (size_t k = 0; k < c->out_c * ins * taps; k++) {
                size_t tap = k % taps, o = k / (ins * taps);
                size_t want =
                    (1 + o) * cases[i].batch * met(c, tap / c->kernel_w, tap % c->kernel_w);
                assert_true(dw[k] == (float)want);
            }
            free(x);
            free(dy);
            free(dw);
        }
}

/* Any numbers: threads do not matter, and fused families agree. */
static void test_same_bits(void **state)
{
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const train_conv *c = &cases[i].c;
        size_t nx = c->in_c * cases[i].batch * c->in_h * c->in_w;
        size_t ny = c->out_c * cases[i].batch * c->out_h * c->out_w;
        size_t nw = c->out_c * c->in_c / c->groups * c->kernel_h * c->kernel_w;
        float *x = malloc(nx * sizeof *x), *dy = malloc(ny * sizeof *dy);
        float *want = malloc(nw * sizeof *want), *got = malloc(nw * sizeof *got);
        assert_true(x != NULL && dy != NULL && want != NULL && got != NULL);
        for (size_t k = 0; k < nx; k++)
            x[k] = (float)testing_uniform(&rng, -1.0, 1.0);
        for (size_t k = 0; k < ny; k++)
            dy[k] = (float)testing_uniform(&rng, -1.0, 1.0);
        for (int f = 0; train_tile_list(f) != NULL; f++) {
            if (f == 0 || !train_tile_list(f)->fused)
                run(c, train_tile_list(f), want, x, dy, cases[i].batch, 1);
            for (int threads = 1; threads <= 3; threads++) {
                run(c, train_tile_list(f), got, x, dy, cases[i].batch, threads);
                assert_memory_equal(got, want, nw * sizeof *got);
            }
        }
        free(x);
        free(dy);
        free(want);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
