/* The largest magnitudes are kept in a short list, and the sum is of the others: what an exploded
 * image adds could not be taken off it again. */
#include "train/reach.h"

#include <math.h>

void train_reach_add(train_reach *r, float largest, double mean_square)
{
    int at = TRAIN_REACH_KEPT;
    r->images++;
    if (!isfinite(mean_square)) /* of numbers that are none, the largest says nothing */
        largest = INFINITY;
    while (at > 0 && !(largest <= r->top[at - 1]))
        at--;
    r->squares += at == TRAIN_REACH_KEPT ? mean_square : r->top_squares[TRAIN_REACH_KEPT - 1];
    if (at == TRAIN_REACH_KEPT)
        return;
    for (int i = TRAIN_REACH_KEPT - 1; i > at; i--) {
        r->top[i] = r->top[i - 1];
        r->top_squares[i] = r->top_squares[i - 1];
    }
    r->top[at] = largest;
    r->top_squares[at] = mean_square;
}

static size_t left_out(const train_reach *r)
{
    size_t share = r->images / TRAIN_REACH_SHARE;
    return share < TRAIN_REACH_KEPT ? share : TRAIN_REACH_KEPT - 1;
}

float train_reach_largest(const train_reach *r)
{
    return r->top[left_out(r)];
}

double train_reach_size(const train_reach *r)
{
    double sum = r->squares;
    size_t out = left_out(r);
    for (size_t i = out; i < TRAIN_REACH_KEPT; i++)
        sum += r->top_squares[i];
    return r->images > 0 ? sqrt(sum / (double)(r->images - out)) : 0.0;
}
