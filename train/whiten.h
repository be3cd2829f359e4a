/* Coordinates for the first convolution's weights. Neighbouring pixels are nearly alike, so patches
 * of an image have nearly all of their variance in a few directions, and descent hardly moves along
 * the others. With M the inverse root of the patches' covariance, weights W = A M see patches M x
 * whose coordinates all count the same; training changes A, the network keeps W.
 *
 * Source: Page 2019 ("How to train your ResNet 8", input patch whitening), there with M frozen as a
 * layer of its own; Desjardins et al. 2015 for the coordinates.
 */
#ifndef UNSEEN_TRAIN_WHITEN_H
#define UNSEEN_TRAIN_WHITEN_H

#include "train/data.h"

/** Pixels of a patch that the convolution sees: channels * kernel_h * kernel_w. */
size_t train_whiten_size(const train_layer_spec *conv);

/** The matrix M, symmetric: M^-2 is the covariance of all patches inside some of the images, as
 *  fractions of 255, and a thousandth of its mean eigenvalue on the diagonal.
 *
 *  Out:     m       [size][size]
 *  In:      images  of the shape that conv takes; the first 2000 count
 *           conv    of at most TRAIN_WHITEN_MOST pixels, no larger than an image
 *  Fails:   TRAIN_ERR_MEMORY
 */
int train_whiten_matrix(float *m, const train_images *images, const train_layer_spec *conv);

/** Multiply every row by M: weights' gradients into those of A, and a change of A into one of W.
 *
 *  In/out:  rows   [count][size]
 */
void train_whiten_rows(float *rows, size_t count, const float *m, size_t size);

#endif
