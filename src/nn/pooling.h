/*
** pooling.h - the largest or the mean pixel of every window of an image
**
**   x  [N, C, H, W] or [C, H, W]; y, dy alike, with the sizes of the positions
**
**   (in + 2*padding - dilation*(kernel-1) - 1)/stride + 1, rounded down; with
**   ceil_mode up, but no window begins behind the image and its padding
**
** dtypes: one, float32 or float64. Results are contiguous; N may be 0. The
** padding is at most half of the kernel. Fails: NN_ESHAPE, NN_EDTYPE,
** NN_EVALUE (kernel and options), NN_EMEM. Twins: kernel/ref_sliding.c.
*/
#ifndef NN_NN_POOLING_H
#define NN_NN_POOLING_H

#include "tensor/tensor.h"

typedef struct nn_pooling {
    int64_t kernel[2], stride[2], padding[2];
    int64_t dilation[2]; /* 1 for means */
    bool ceil_mode;
    bool count_include_pad; /* means: padding counts as zeros; else as nothing */
} nn_pooling;

/* The largest pixel, a NaN if there is one; padding is -infinity. */
nn_status nn_max_pool2d(nn_tensor *y, const nn_tensor *x, const nn_pooling *o, nn_error *err);
/* dy goes to the largest pixel, of equal ones to the first. */
nn_status nn_max_pool2d_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *x,
                                 const nn_pooling *o, nn_error *err);

nn_status nn_avg_pool2d(nn_tensor *y, const nn_tensor *x, const nn_pooling *o, nn_error *err);
/* shape: of x. */
nn_status nn_avg_pool2d_backward(nn_tensor *dx, const nn_tensor *dy, int ndim, const int64_t *shape,
                                 const nn_pooling *o, nn_error *err);

/* out[0] by out[1] means; number i of an axis is that of the pixels from floor(i*in/out) to
** ceil((i+1)*in/out) - 1. */
nn_status nn_adaptive_avg_pool2d(nn_tensor *y, const nn_tensor *x, const int64_t *out,
                                 nn_error *err);
nn_status nn_adaptive_avg_pool2d_backward(nn_tensor *dx, const nn_tensor *dy, int ndim,
                                          const int64_t *shape, nn_error *err);

#endif
