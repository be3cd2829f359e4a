/* The images that training sees: a data folder in memory, batches made from it, and the random
 * distortions (shift, scale, rotation, shear) that keep a small network from learning by heart.
 */
#ifndef UNSEEN_TOOLS_TRAIN_DATA_H
#define UNSEEN_TOOLS_TRAIN_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "tools/idx.h"
#include "tools/train_net.h"

typedef struct train_data {
    idx_array images, labels;           /* for training, and at the end for validation */
    idx_array test_images, test_labels; /* only to report the final accuracy */
    float mean, deviation;              /* of the training pixels as fractions of 255 */
    uint32_t crc;                       /* of the training images and labels */
} train_data;

/** Read train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
 *  t10k-labels-idx1-ubyte from a folder, each plain or with .gz.
 *
 *  Out:     data   to be released with train_data_free
 *           why    on failure, one sentence
 *  Fails:   TOOL_ERR_IO, TOOL_ERR_FORMAT, TOOL_ERR_MEMORY
 */
int train_data_read(train_data *data, const char *folder, char *why, size_t why_size);

/** Release the data; all zero is fine. */
void train_data_free(train_data *data);

/** Put images into the network's input, normalised.
 *
 *  Out:     net->input, net->used
 *           labels   their labels
 *  In:      images, image_labels  where they come from
 *           order    indices of count images, or NULL for first, first + 1, ...
 *           seed, epoch  which distortions to draw; the draw depends on the image's index as well
 *           distort  zero for the images as they are
 */
void train_data_fill(train_net *net, uint8_t *labels, const train_data *data,
                     const idx_array *images, const idx_array *image_labels, const uint32_t *order,
                     size_t first, size_t count, uint64_t seed, uint64_t epoch, int distort);

/** Shuffle 0 .. count - 1 as epoch `epoch` of this seed wants it. */
void train_data_shuffle(uint32_t *order, size_t count, uint64_t seed, uint64_t epoch);

#endif
