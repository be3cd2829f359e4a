/* Pictures as the numbers that a network takes: (C,H,W), row-major, 0 = black, 1 = white. */
#ifndef UNSEEN_TOOLS_IMAGE_H
#define UNSEEN_TOOLS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "nn/nn.h"

/** Turn count pixels into fractions of 255. */
void image_of_pixels(float *out, const uint8_t *pixels, size_t count);

/* The pictures of one file: a PGM picture, IDX images or a CIFAR-10 batch (plain or .gz). */
typedef struct image_set {
    size_t count;
    nn_shape shape;
    uint8_t *pixels; /* [count][c][h][w], 0 = black, 255 = white */
    size_t bytes;    /* of all of them */
    const char *name;
} image_set;

/** Read the pictures of a file for an input of this shape.
 *
 *  Out:     out   to be released with image_set_free, also after a failure
 *  In:      path  "-" for standard input
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int image_set_read(image_set *out, nn_shape shape, const char *path);

/** One picture of a set.
 *
 *  Out:     out      nn_shape_count(shape) numbers in [0, 1]
 *  In:      index    from 0
 *           invert   nonzero: 0 = white, 1 = black
 *  Returns: CLI_OK, or CLI_USAGE after the message was printed when there is no such picture
 */
int image_set_take(float *out, const image_set *s, uint64_t index, int invert);

/** Release; an empty one is fine. */
void image_set_free(image_set *s);

/** The only picture of a file, or the first: image_set_read, image_set_take of number 0. */
int image_read(float *out, nn_shape shape, const char *path);

#endif
