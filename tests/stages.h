/* Stages for the planner's tests: networks of the shapes that we ship, with weights that are not
 * trained. */
#ifndef UNSEEN_TESTS_STAGES_H
#define UNSEEN_TESTS_STAGES_H

#include "nn/lower.h"

#include "tests/testing.h"

/** A convolution with square kernels; pad at the top and the left, what is needed below and right.
 */
static inline void stages_convolution(nn_stages *s, nn_shape in, nn_shape out, size_t kernel,
                                      size_t stride, size_t pad, testing_rng *rng)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE, .in = in, .out = out, .range = 8.0, .name = "conv"};
    size_t taps = in.c * kernel * kernel;
    double *w = malloc(taps * sizeof *w);
    assert_int_equal(nn_affine_begin(&stage.affine, nn_shape_count(out), nn_shape_count(in)),
                     NN_OK);
    for (size_t c = 0; c < out.c; c++) {
        for (size_t k = 0; k < taps; k++)
            w[k] = testing_uniform(rng, -1.0, 1.0) / sqrt((double)taps);
        for (size_t p = 0; p < out.h * out.w; p++) {
            for (size_t k = 0; k < taps; k++) {
                size_t y = p / out.w * stride + k / kernel % kernel,
                       x = p % out.w * stride + k % kernel;
                if (y >= pad && x >= pad && y - pad < in.h && x - pad < in.w)
                    assert_int_equal(
                        nn_affine_push(&stage.affine,
                                       (k / (kernel * kernel) * in.h + y - pad) * in.w + x - pad,
                                       w[k]),
                        NN_OK);
            }
            assert_int_equal(nn_affine_end_row(&stage.affine, 0.1 * (double)c), NN_OK);
        }
    }
    free(w);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static inline void stages_dense(nn_stages *s, nn_shape in, size_t rows, testing_rng *rng)
{
    nn_stage stage = {
        .kind = NN_STAGE_AFFINE, .in = in, .out = {rows, 1, 1}, .range = 8.0, .name = "dense"};
    size_t cols = nn_shape_count(in);
    assert_int_equal(nn_affine_begin(&stage.affine, rows, cols), NN_OK);
    for (size_t o = 0; o < rows; o++) {
        for (size_t i = 0; i < cols; i++)
            assert_int_equal(nn_affine_push(&stage.affine, i,
                                            testing_uniform(rng, -1.0, 1.0) / sqrt((double)cols)),
                             NN_OK);
        assert_int_equal(nn_affine_end_row(&stage.affine, 0.01 * (double)o), NN_OK);
    }
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static inline void stages_poly(nn_stages *s, nn_shape shape, int degree, double low)
{
    nn_stage stage = {.kind = NN_STAGE_POLY,
                      .in = shape,
                      .out = shape,
                      .degree = degree,
                      .range = 16.0,
                      .name = "act"};
    stage.coef[degree] = 1.0;
    if (degree > 2)
        stage.coef[degree - 2] = low;
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

#endif
