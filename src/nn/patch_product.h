/*
** patch_product.h - the three matrix products of a convolution, over patches of images
**
** With P = unfold(X) the patches of the images, (N, groups, C*taps, positions):
**
**   positions   Y[n,g,o,p] = b[g,o] + sum over k of W[g,o,k] P[n,g,k,p]
**   images      X[n,g]     = b[g,c] + fold(sum over o of W[g,o,k] Y[n,g,o,p])
**   weights     dW[g,o,k]  = sum over n and p of Y[n,g,o,p] P[n,g,k,p]
**
** A convolution's forward pass, gradient of its input and of its weights; a
** transposed convolution's are images, positions and weights.
**
**   X  (N, groups*C, image)     W, dW  (groups*O, C, kernel)     b  a group's
**   Y  (N, groups*O, out)                                           channels
**
** P is never whole in memory: a tile of positions of some channels is unfolded
** at a time, so few that they stay in the cache until they are multiplied. Each
** element of X and Y is made by one thread; dW is summed by blocks of images,
** which are added in order. All arrays are contiguous and of one float type;
** N may be 0, all other sizes are at least 1. Fails: NN_EMEM, NN_ESHAPE (more
** memory than can be counted).
*/
#ifndef NN_NN_PATCH_PRODUCT_H
#define NN_NN_PATCH_PRODUCT_H

#include "kernel/sliding.h"
#include "tensor/status.h"

typedef struct nn_patch_problem {
    nn_k_type type;
    int64_t N, groups, C, O; /* C, O: channels of a group */
    nn_k_window window;
} nn_patch_problem;

/* bias: NULL for zeros. */
nn_status nn_patch_positions(void *Y, const nn_patch_problem *p, const void *X, const void *W,
                             const void *bias, nn_error *err);
nn_status nn_patch_images(void *X, const nn_patch_problem *p, const void *Y, const void *W,
                          const void *bias, nn_error *err);
nn_status nn_patch_weights(void *dW, const nn_patch_problem *p, const void *Y, const void *X,
                           nn_error *err);

#endif
