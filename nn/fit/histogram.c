/* Counting numbers, see nn/fit/histogram.h. Bin k holds [(k - 1024) w, (k - 1023) w) with w = 2^e /
 * 1024, so that two neighbours 2 j and 2 j + 1 make one of twice the width. */

#include "nn/fit/histogram.h"

#include <math.h>
#include <string.h>

enum { HALF = NN_HISTOGRAM_BINS / 2, EXPONENT_LEAST = -40 };

static void widen(nn_histogram *h, int exponent)
{
    uint64_t wide[NN_HISTOGRAM_BINS] = {0};

    if (exponent <= h->exponent)
        return;
    int shift = exponent - h->exponent;
    for (int k = 0; k < NN_HISTOGRAM_BINS; k++) {
        /* floor((k - HALF) / 2^shift) */
        double place = floor(ldexp(k - HALF, -shift));
        wide[(int)place + HALF] += h->bin[k];
    }
    memcpy(h->bin, wide, sizeof wide);
    h->exponent = exponent;
}

void nn_histogram_add(nn_histogram *h, double x)
{
    int exponent;

    (void)frexp(x, &exponent); /* |x| < 2^exponent, and 0 for 0 */
    if (x == 0.0)
        exponent = EXPONENT_LEAST;
    if (h->count == 0) {
        h->exponent = EXPONENT_LEAST;
        h->lo = h->hi = x;
    }
    h->count++;
    h->lo = fmin(h->lo, x);
    h->hi = fmax(h->hi, x);
    widen(h, exponent);
    h->bin[(int)floor(ldexp(x, 10 - h->exponent)) + HALF]++;
}

void nn_histogram_merge(nn_histogram *h, const nn_histogram *from)
{
    nn_histogram other;

    if (from->count == 0)
        return;
    if (h->count == 0) {
        *h = *from;
        return;
    }
    other = *from;
    widen(&other, h->exponent);
    widen(h, other.exponent);
    h->count += other.count;
    h->lo = fmin(h->lo, other.lo);
    h->hi = fmax(h->hi, other.hi);
    for (int k = 0; k < NN_HISTOGRAM_BINS; k++)
        h->bin[k] += other.bin[k];
}

/* How much of a bin lies in [lo, hi]; of the bins at the ends only the part up to the least and
 * greatest number counts as filled. */
static double overlap(const nn_histogram *h, int k, double lo, double hi)
{
    const double width = ldexp(1, h->exponent - 10);
    double left = fmax((k - HALF) * width, h->lo), right = fmin((k + 1 - HALF) * width, h->hi);

    if (!(left < right)) /* a single number */
        return left >= lo && left <= hi ? (double)h->bin[k] : 0;
    double part = fmin(right, hi) - fmax(left, lo);
    return part > 0 ? (double)h->bin[k] * part / (right - left) : 0;
}

void nn_histogram_spread(double *share, size_t bins, double lo, double hi, const nn_histogram *h)
{
    const double width = ldexp(1, h->exponent - 10), step = (hi - lo) / (double)bins;

    for (size_t b = 0; b < bins; b++)
        share[b] = 0;
    for (int k = 0; k < NN_HISTOGRAM_BINS; k++) {
        double first = ((k - HALF) * width - lo) / step,
               last = ((k + 1 - HALF) * width - lo) / step;

        if (h->bin[k] == 0 || last < 0 || first > (double)bins)
            continue;
        size_t from = first > 0 ? (size_t)first : 0;
        for (size_t b = from; b < bins && (double)b <= last; b++) {
            double left = lo + (double)b * step;
            /* The last part is closed, so that a number at hi is not lost. */
            share[b] += overlap(h, k, left, b + 1 == bins ? hi : nextafter(left + step, lo));
        }
    }
}
