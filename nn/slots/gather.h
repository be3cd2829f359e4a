/* The client's packing of the image for a convolution as the first matrix.
 *
 * The client may put any element into any slot, and into several, at no cost. So the steps of the
 * first matrix are chosen first, few of them, and the slots are then filled for them: every block
 * of the output's period computes another part of the sums, and the folds of a split route add the
 * parts up. In block h the place of output (y,x) holds the pixel (stride y + u_h, stride x + v_h),
 * a shifted copy of every stride-th pixel; with steps to (y + b, x + a) it serves the taps
 * (u_h + stride b, v_h + stride a). Source: [BGE19] (LoLa) for packing the windows of a convolution
 */
#ifndef UNSEEN_NN_SLOTS_GATHER_H
#define UNSEEN_NN_SLOTS_GATHER_H

#include "nn/slots/route.h"

/** Find few steps and a packing for them.
 *
 *  Steps are the first n of {a + row b}, a < width, read row by row, for the smallest n and any
 *  width.
 *
 *  Out:    in, r      the packing and the split route for it; empty on failure
 *  In:     a          matrix from a tensor of shape `image` to one of shape `maps`
 *          out, grid  layout of the maps, of nn_layout_grid with gap 1
 *  Cost:   a few times slots * steps * (entries of a row)
 *  Fails:  NN_ERR_SHAPE when no such set serves, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_gather_find(nn_layout *in, nn_route *r, const nn_affine *a,
                                       nn_shape image, nn_shape maps, const nn_layout *out,
                                       nn_grid grid);

#endif
