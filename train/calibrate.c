/* Batches without exploded images, nearly all, give their statistics channel by channel as training
 * does; the others are added up value by value. */
#include "train/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/point.h"
#include "train/walk.h"

static const double wild = -1.0; /* the power of an image that has exploded */

/* Pooled sums over batches: of the means, and of the means of squares. */
static void add_batch(double *sums, const train_op *op, double images)
{
    for (size_t c = 0; c < op->out_c; c++) {
        double mean = (double)op->mean[c];
        sums[c] += images * mean;
        sums[op->out_c + c] += images * ((double)op->variance[c] + mean * mean);
    }
}

/* The same of the images that have not exploded. */
static void add_tame(double *sums, const train_op *op, const float *x, const double *power,
                     size_t used)
{
    double places = (double)op->places;
    for (size_t c = 0; c < op->out_c; c++)
        for (size_t b = 0; b < used; b++) {
            const float *image = x + (c * used + b) * op->places;
            for (size_t i = 0; power[b] != wild && i < op->places; i++) {
                sums[c] += (double)image[i] / places;
                sums[op->out_c + c] += (double)image[i] * (double)image[i] / places;
            }
        }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Marks images that have exploded, and tells how many. */
static size_t find_wild(double *power, double *sorted, const train_op *op, const float *x,
                        size_t used)
{
    size_t count = 0;
    memset(power, 0, used * sizeof *power);
    for (size_t c = 0; c < op->out_c; c++)
        for (size_t b = 0; b < used; b++)
            power[b] += train_point_squares(x + (c * used + b) * op->places, op->places);
    memcpy(sorted, power, used * sizeof *sorted);
    qsort(sorted, used, sizeof *sorted, ascending);
    double bound = TRAIN_WILD * sorted[used / 2];
    for (size_t b = 0; b < used && bound > 0.0; b++)
        if (!(power[b] <= bound)) {
            power[b] = wild;
            count++;
        }
    return count;
}

static void calibrate_op(train_session *run, size_t i, size_t count)
{
    train_net *net = &run->net;
    const train_op *op = &net->ops[i];
    const float *x = op->source < 0 ? net->input : net->ops[op->source].value;
    float *stats = net->stats + op->stats;
    double *sums = run->sums, images = 0.0;
    memset(sums, 0, 2 * op->out_c * sizeof *sums);
    for (size_t at = 0; at < count; at += net->batch) {
        size_t used = count - at < net->batch ? count - at : net->batch;
        train_data_fill(net, run->labels, &run->data->train, NULL, at, used, 0, 0, 0);
        train_walk_measure(net, i);
        size_t lost = find_wild(run->powers, run->powers + net->batch, op, x, used);
        if (lost == 0)
            add_batch(sums, op, (double)used);
        else
            add_tame(sums, op, x, run->powers, used);
        images += (double)(used - lost);
    }
    for (size_t c = 0; c < op->out_c; c++) {
        double mean = sums[c] / images;
        stats[c] = (float)mean;
        stats[op->out_c + c] = (float)fmax(sums[op->out_c + c] / images - mean * mean, 0.0);
    }
}

void train_calibrate(train_session *run, size_t count)
{
    for (size_t i = 0; i < run->net.op_count; i++)
        if (run->net.ops[i].norm != NULL)
            calibrate_op(run, i, count);
}
