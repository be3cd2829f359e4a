/* One image, randomly distorted: each place of the result is mapped back to a place in the source,
 * which is interpolated between its four neighbours.
 */
#ifndef UNSEEN_TRAIN_DISTORT_H
#define UNSEEN_TRAIN_DISTORT_H

#include "train/random.h"
#include "train/recipe.h"

/** Distort as the recipe says, all channels alike.
 *
 *  Out:     out     channel k begins at out + k * step; pixels 0 .. 255
 *           hole    the square that cutout takes away: top, left, bottom, right (ends excluded)
 *  In:      image   [c][h][w] of the recipe
 *           random  a stream for this image alone
 */
void train_distort(float *out, size_t step, size_t hole[4], const uint8_t *image,
                   const train_recipe *recipe, train_random random);

#endif
