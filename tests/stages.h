/* Stages for the planner's tests: networks of the shapes that we ship, with weights that are not
 * trained. */
#ifndef UNSEEN_TESTS_STAGES_H
#define UNSEEN_TESTS_STAGES_H

#include "nn/stages/stage.h"

#include "tests/testing.h"

/** A convolution of the last value with square kernels; pad at the top and the left, what is needed
 * below and right.
 */
static inline void stages_convolution(nn_stages *s, nn_shape in, nn_shape out, size_t kernel,
                                      size_t stride, size_t pad, testing_rng *rng)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE,
                      .input_count = 1,
                      .input = {s->count},
                      .out = out,
                      .range = 8.0,
                      .name = "conv"};
    nn_affine *a = &stage.affine[0];
    size_t taps = in.c * kernel * kernel;
    double *w = malloc(taps * sizeof *w);
    assert_int_equal(nn_affine_begin(a, nn_shape_count(out), nn_shape_count(in)), NN_OK);
    for (size_t c = 0; c < out.c; c++) {
        for (size_t k = 0; k < taps; k++)
            w[k] = testing_uniform(rng, -1.0, 1.0) / sqrt((double)taps);
        for (size_t p = 0; p < out.h * out.w; p++) {
            for (size_t k = 0; k < taps; k++) {
                size_t y = p / out.w * stride + k / kernel % kernel,
                       x = p % out.w * stride + k % kernel;
                if (y >= pad && x >= pad && y - pad < in.h && x - pad < in.w)
                    assert_int_equal(
                        nn_affine_push(a, (k / (kernel * kernel) * in.h + y - pad) * in.w + x - pad,
                                       w[k]),
                        NN_OK);
            }
            assert_int_equal(nn_affine_end_row(a, 0.1 * (double)c), NN_OK);
        }
    }
    free(w);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static inline void stages_dense(nn_stages *s, nn_shape in, size_t rows, testing_rng *rng)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE,
                      .input_count = 1,
                      .input = {s->count},
                      .out = {rows, 1, 1},
                      .range = 8.0,
                      .name = "dense"};
    nn_affine *a = &stage.affine[0];
    size_t cols = nn_shape_count(in);
    assert_int_equal(nn_affine_begin(a, rows, cols), NN_OK);
    for (size_t o = 0; o < rows; o++) {
        for (size_t i = 0; i < cols; i++)
            assert_int_equal(
                nn_affine_push(a, i, testing_uniform(rng, -1.0, 1.0) / sqrt((double)cols)), NN_OK);
        assert_int_equal(nn_affine_end_row(a, 0.01 * (double)o), NN_OK);
    }
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

/** Sums over 2x2 of the last value, of even sides. */
static inline void stages_pool(nn_stages *s, nn_shape in)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE,
                      .origin = NN_FROM_POOL,
                      .input_count = 1,
                      .input = {s->count},
                      .out = {in.c, in.h / 2, in.w / 2},
                      .range = 8.0,
                      .name = "pool"};
    nn_affine *a = &stage.affine[0];
    size_t count = nn_shape_count(stage.out);
    assert_int_equal(nn_affine_begin(a, count, nn_shape_count(in)), NN_OK);
    for (size_t o = 0; o < count; o++) {
        size_t row = o / (in.w / 2), corner = row * 2 * in.w + o % (in.w / 2) * 2;
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(nn_affine_push(a, corner + k / 2 * in.w + k % 2, 0.25), NN_OK);
        assert_int_equal(nn_affine_end_row(a, 0.0), NN_OK);
    }
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static inline void stages_poly(nn_stages *s, nn_shape shape, int degree, double low)
{
    nn_stage stage = {.kind = NN_STAGE_POLY,
                      .input_count = 1,
                      .input = {s->count},
                      .out = shape,
                      .basis = CKKS_BASIS_MONOMIAL,
                      .degree = degree,
                      .range = 16.0,
                      .name = "act"};
    stage.coef[degree] = 1.0;
    if (degree > 2)
        stage.coef[degree - 2] = low;
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

/** A sum of two values with a matrix each, NULL for the identity; the matrices are copied, the
 * second without its bias. */
static inline void stages_sum(nn_stages *s, nn_shape out, size_t x, const nn_affine *mx, size_t y,
                              const nn_affine *my)
{
    const nn_affine *m[2] = {mx, my};
    nn_stage stage = {.kind = NN_STAGE_AFFINE,
                      .origin = NN_FROM_JOIN,
                      .input_count = 2,
                      .input = {x, y},
                      .out = out,
                      .range = 16.0,
                      .name = "sum"};
    for (int i = 0; i < 2; i++) {
        if (m[i] != NULL)
            assert_int_equal(nn_affine_copy(&stage.affine[i], m[i]), NN_OK);
        else
            assert_int_equal(nn_affine_diagonal(&stage.affine[i], nn_shape_count(out), NULL, NULL),
                             NN_OK);
    }
    for (size_t o = 0; o < stage.affine[1].rows; o++)
        stage.affine[1].bias[o] = 0.0;
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

/** A product of two values. */
static inline void stages_product(nn_stages *s, nn_shape out, size_t x, size_t y)
{
    nn_stage stage = {.kind = NN_STAGE_PRODUCT,
                      .input_count = 2,
                      .input = {x, y},
                      .out = out,
                      .range = 16.0,
                      .name = "product"};
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static inline void stages_cryptonets(nn_stages *s, testing_rng *rng)
{
    nn_shape maps = {5, 13, 13};
    *s = (nn_stages){.input = {1, 28, 28}, .input_lo = 0.0, .input_hi = 1.0};
    stages_convolution(s, s->input, maps, 5, 2, 1, rng);
    stages_poly(s, maps, 2, 0.0);
    stages_dense(s, maps, 100, rng);
    stages_poly(s, (nn_shape){100, 1, 1}, 2, 0.0);
    stages_dense(s, (nn_shape){100, 1, 1}, 10, rng);
}

static inline void stages_cnn2(nn_stages *s, testing_rng *rng)
{
    nn_shape first = {8, 14, 14}, second = {32, 7, 7};
    *s = (nn_stages){.input = {1, 28, 28}, .input_lo = 0.0, .input_hi = 1.0};
    stages_convolution(s, s->input, first, 5, 2, 2, rng);
    stages_poly(s, first, 2, 0.0);
    stages_convolution(s, first, second, 5, 2, 2, rng);
    stages_poly(s, second, 2, 0.0);
    stages_dense(s, second, 128, rng);
    stages_poly(s, (nn_shape){128, 1, 1}, 2, 0.0);
    stages_dense(s, (nn_shape){128, 1, 1}, 10, rng);
}

/** A given matrix behind the last value. */
static inline void stages_matrix(nn_stages *s, size_t rows, size_t cols, const double *m,
                                 const double *b)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE,
                      .input_count = 1,
                      .input = {s->count},
                      .out = {rows, 1, 1},
                      .name = "a"};

    assert_int_equal(nn_affine_dense(&stage.affine[0], rows, cols, m, b), NN_OK);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    assert_null(stage.affine[0].row_start); /* moved */
}

/** A polynomial in powers of the last value. */
static inline void stages_powers(nn_stages *s, size_t count, int degree, const double *coef)
{
    nn_stage stage = {.kind = NN_STAGE_POLY,
                      .input_count = 1,
                      .input = {s->count},
                      .out = {count, 1, 1},
                      .degree = degree,
                      .name = "p"};

    memcpy(stage.coef, coef, (size_t)(degree + 1) * sizeof *coef);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

#endif
