/* Pictures as the numbers that a network takes: (C,H,W), row-major, 0 = black, 1 = white. */
#ifndef UNSEEN_TOOLS_IMAGE_H
#define UNSEEN_TOOLS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "nn/nn.h"

/** Turn count pixels into fractions of 255. */
void image_of_pixels(float *out, const uint8_t *pixels, size_t count);

/** Read one picture for an input of this shape from a PGM file, or from IDX images or a CIFAR-10
 *  batch (plain or .gz).
 *
 *  Out:     out      nn_shape_count(shape) numbers in [0, 1]
 *  In:      path     "-" for standard input
 *           index    which picture of a set; a PGM file has number 0 only
 *           invert   nonzero: 0 = white, 1 = black
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int image_read(float *out, nn_shape shape, const char *path, uint64_t index, int invert);

#endif
