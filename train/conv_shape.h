/* The shape of a convolution. */
#ifndef UNSEEN_TRAIN_CONV_SHAPE_H
#define UNSEEN_TRAIN_CONV_SHAPE_H

#include <stddef.h>

#include "train/tile.h"

/* Sizes are positive; in_c and out_c are multiples of groups. Padding at the right and the bottom
 * follows from the output's size, which may also leave places of the input unread. */
typedef struct train_conv {
    size_t in_c, in_h, in_w;
    size_t out_c, out_h, out_w;
    size_t kernel_h, kernel_w;
    size_t stride;
    size_t pad_top, pad_left;
    size_t groups;
    const train_tile *tile; /* the vector unit to use; NULL: the best of this machine */
} train_conv;

#endif
