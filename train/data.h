/* The images that training sees: arrays lent by the caller, batches made from them, and the random
 * distortions that keep a small network from learning by heart.
 */
#ifndef UNSEEN_TRAIN_DATA_H
#define UNSEEN_TRAIN_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "train/net.h"

typedef struct train_images {
    size_t count, c, h, w;
    const uint8_t *pixels; /* [count][c][h][w] */
    const uint8_t *labels; /* [count], below TRAIN_CLASSES, or train_session_create refuses */
} train_images;

typedef struct train_data {
    train_images train; /* for training, and at the end for validation */
    train_images test;  /* only to report the accuracy */
    uint64_t digest;    /* of the training images and labels */
} train_data;

/** Fill the digest, which tells one set of training images from another and is no seal. */
void train_data_digest(train_data *data);

/** Put images into the network's input, as fractions of 255: what the encrypted network is given.
 *
 *  Out:     net->input, net->used
 *           labels   their labels
 *  In:      images   where they come from; of the shape that the network takes
 *           order    indices of count images, or NULL for first, first + 1, ...
 *           seed, epoch  which distortions to draw; the draw depends on the image's index as well
 *           distort  zero for the images as they are
 */
void train_data_fill(train_net *net, uint8_t *labels, const train_images *images,
                     const uint32_t *order, size_t first, size_t count, uint64_t seed,
                     uint64_t epoch, int distort);

/** Shuffle 0 .. count - 1 as epoch `epoch` of this seed wants it. */
void train_data_shuffle(uint32_t *order, size_t count, uint64_t seed, uint64_t epoch);

#endif
