/* See nn/stages/refuse.h. */
#include "nn/stages/refuse.h"

#include <math.h>

#include "nn/base/why.h"

/* A range that is no measurement bounds all images together, and grows layer by layer; beyond this
 * it says nothing. */
static const double range_max = 1e15;
/* What a fitted polynomial may take at most, by such a bound. */
static const double fitted_max = 2.0;
/* Values that are not this many times their error drown in it. */
static const double clear_least = 4.0;
/* Logits go through a softmax or the like, in units of 1: an error of so many units leaves no label
 * to tell. Forecasts are made with values near the ends of their ranges, and are above what comes
 * by ten times and more. */
static const double logit_error_max = 16.0;
/* Where the size of logits is known, an error of this share of it changes less than one label in a
 * thousand: the two largest are closer than that in about one image in a hundred, and forecasts are
 * some times too large. */
static const double logit_error_share = 1.0 / 128.0;
/* An activation that takes larger numbers has left what networks are trained to: behind batch
 * normalisation there are tens. */
static const double taken_max = 50.0;

static nn_status refuse_zeros(const nn_stage *stage, char *why, size_t why_size)
{
    if (stage->kind != NN_STAGE_AFFINE || nn_stage_nonzeros(stage) > 0)
        return NN_OK;
    return nn_why(
        why, why_size, NN_ERR_UNSUPPORTED,
        "all weights of '%s' are zero: the output does not depend on the image; train the "
        "network again, or take the layers behind it alone",
        stage->name);
}

static nn_status refuse_range(const nn_stages *s, const nn_stage *stage, char *why, size_t why_size)
{
    double range = nn_stages_range(s, stage->input[0]);
    if (stage->kind == NN_STAGE_POLY && stage->basis == CKKS_BASIS_CHEBYSHEV && range > fitted_max)
        return nn_why(why, why_size, NN_ERR_RANGE,
                      "the activation '%s' is a polynomial on [-1, 1], but what it takes may reach "
                      "%.3g; measure ranges on images and fit it again ('unseen fit')",
                      stage->name, range);
    if (!(stage->range <= range_max) && !stage->measured)
        return nn_why(
            why, why_size, NN_ERR_RANGE,
            "the range of '%s' is not known: all that is certain is that its numbers stay "
            "below %.1e; measure ranges on images ('unseen fit')",
            stage->name, stage->range);
    return NN_OK;
}

nn_status nn_refuse_stages(const nn_stages *s, char *why, size_t why_size)
{
    nn_status st = NN_OK;
    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        st = refuse_zeros(&s->stage[k], why, why_size);
        if (st == NN_OK)
            st = refuse_range(s, &s->stage[k], why, why_size);
    }
    return st;
}

nn_status nn_refuse_noise(const nn_stages *s, size_t k, double size, double error, char *why,
                          size_t why_size)
{
    if (error * clear_least <= size)
        return NN_OK;
    return nn_why(why, why_size, NN_ERR_PLAN,
                  "the numbers behind stage %zu of %zu, '%s', are about %.2g and would be off by "
                  "%.2g; ask for more precision (--precision), or scale the layer's weights up",
                  k + 1, s->count, s->stage[k].name, size, error);
}

/* The largest number that an activation takes; 0 for other stages. */
static double taken(const nn_stages *s, size_t k)
{
    const nn_stage *stage = &s->stage[k];
    double most = 0.0;
    for (size_t i = 0; stage->kind != NN_STAGE_AFFINE && i < stage->input_count; i++)
        most = fmax(most, nn_stages_range(s, stage->input[i]));
    return most;
}

/* The first activation that what comes to it has exploded before, else the one that takes the
 * largest numbers; the last stage when there is no activation. */
static size_t first_explosion(const nn_stages *s)
{
    size_t worst = s->count - 1;
    for (size_t k = 0; k < s->count; k++) {
        if (taken(s, k) > taken_max)
            return k;
        if (taken(s, k) > taken(s, worst))
            worst = k;
    }
    return worst;
}

static double bits_for(double error, double most, double precision)
{
    return error <= most ? precision : ceil(precision + log2(error / most));
}

double nn_refuse_precision(const nn_stages *s, double error, double precision)
{
    const nn_stage *last = &s->stage[s->count - 1];
    double most = logit_error_max;
    if (last->spread > 0)
        most = fmin(most, last->range / last->spread * logit_error_share);
    return bits_for(error, most, precision);
}

nn_status nn_refuse_logits(const nn_stages *s, double error, double precision, char *why,
                           size_t why_size)
{
    if (error <= logit_error_max)
        return NN_OK;
    size_t k = first_explosion(s);
    const nn_stage *stage = &s->stage[k];
    return nn_why(
        why, why_size, NN_ERR_RANGE,
        "a logit would be off by about %.1e, so that labels cannot be told apart: '%s' "
        "takes numbers up to %.3g and may make %.3g of them (%s); measure ranges on images "
        "('unseen fit'), train with a penalty on the range or with batch normalisation "
        "before it, or ask for %.0f bits (--precision)",
        error, stage->name, fmax(taken(s, k), nn_stages_range(s, stage->input[0])), stage->range,
        stage->measured ? "measured" : "proved", bits_for(error, logit_error_max, precision) + 2.0);
}
