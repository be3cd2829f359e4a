/* What passes do beyond what convolutions of any shape show: they fill their grid and nothing else,
 * skip the first rows of an image, and split channels into places.
 */
#include "tests/testing.h"

#include "train/pass.h"

enum { BATCH = 5, LEFT_ALONE = -77 };

static float x[BATCH * 1000], w[1000], y[BATCH * 1000];

static void fill(testing_rng *rng)
{
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = (float)((int)testing_below(rng, 17) - 8);
        y[i] = LEFT_ALONE;
    }
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = (float)((int)testing_below(rng, 17) - 8);
}

static void run(train_pass *p, const train_tile *tile)
{
    p->tile = tile;
    p->batch = BATCH;
    p->groups = 1;
    float *scratch = malloc(train_pass_scratch(p, 2) * sizeof *scratch);
    assert_non_null(scratch);
    train_pass_run(p, y, w, x, 2, scratch);
    free(scratch);
}

/* Small whole numbers: every order of summation is exact. */
static double value(const train_pass *p, size_t r, size_t b, size_t gy, size_t gx)
{
    double sum = 0.0;
    for (size_t c = 0; c < p->in_c; c++)
        for (size_t ty = 0; ty < p->taps_h; ty++)
            for (size_t tx = 0; tx < p->taps_w; tx++) {
                ptrdiff_t iy = (ptrdiff_t)(gy * p->step + ty) - p->pad_top;
                ptrdiff_t ix = (ptrdiff_t)(gx * p->step + tx) - p->pad_left;
                if (iy < 0 || ix < 0 || iy >= (ptrdiff_t)p->in_h || ix >= (ptrdiff_t)p->in_w)
                    continue;
                size_t at = ((c * BATCH + b) * p->in_h + (size_t)iy) * p->in_w + (size_t)ix;
                ptrdiff_t tap = (ptrdiff_t)r * p->row_step + (ptrdiff_t)c * p->c_step +
                                (ptrdiff_t)ty * p->ty_step + (ptrdiff_t)tx * p->tx_step;
                sum += (double)w[tap] * (double)x[at];
            }
    return sum;
}

/* Every third place of y from (1, 2) on, of an image whose first row and columns are not read. */
static void test_grid(void **state)
{
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; train_tile_list(i) != NULL; i++) {
        train_pass p = {.in_c = 4, .in_h = 5, .in_w = 7, .in_split = 1, .step = 1};
        p.pad_top = -1;
        p.pad_left = -2;
        p.rows = 9;
        p.taps_h = 2;
        p.taps_w = 3;
        p.row_step = 24;
        p.c_step = 6;
        p.ty_step = 3;
        p.tx_step = 1;
        p.grid_h = 3;
        p.grid_w = 4;
        p.out_h = 8;
        p.out_w = 13;
        p.out_split = 1;
        p.out_y = 1;
        p.out_x = 2;
        p.out_step = 3;
        fill(&rng);
        run(&p, train_tile_list(i));
        for (size_t at = 0; at < p.rows * BATCH * p.out_h * p.out_w; at++) {
            size_t place = at % (p.out_h * p.out_w), image = at / (p.out_h * p.out_w);
            size_t oy = place / p.out_w, ox = place % p.out_w;
            int on_grid = oy % 3 == 1 && ox % 3 == 2 && ox <= 11;
            double want = on_grid ? value(&p, image / BATCH, image % BATCH, oy / 3, ox / 3)
                                  : (double)LEFT_ALONE;
            assert_true((double)y[at] == want);
        }
    }
}

/* Features that are places of images, on both sides: x (3, BATCH, 4) and y (2, BATCH, 5). */
static void test_split(void **state)
{
    testing_rng rng;
    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; train_tile_list(i) != NULL; i++) {
        train_pass p = {.in_c = 12, .in_h = 1, .in_w = 1, .in_split = 4, .step = 1, .rows = 10};
        p.taps_h = p.taps_w = p.grid_h = p.grid_w = p.out_h = p.out_w = p.out_step = 1;
        p.row_step = 12;
        p.c_step = 1;
        p.out_split = 5;
        fill(&rng);
        run(&p, train_tile_list(i));
        for (size_t r = 0; r < 10; r++)
            for (size_t b = 0; b < BATCH; b++) {
                double want = 0.0;
                for (size_t c = 0; c < 12; c++)
                    want += (double)w[r * 12 + c] * (double)x[(c / 4 * BATCH + b) * 4 + c % 4];
                assert_true((double)y[(r / 5 * BATCH + b) * 5 + r % 5] == want);
            }
        assert_true(y[10 * BATCH] == LEFT_ALONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
