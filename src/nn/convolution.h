/*
** convolution.h - convolutions over one or two axes of an image, and their transposes
**
**   y[n,o,i,j] = b[o] + sum over c,u,v of W[o,c,u,v] x[n,c, i*s-p+u*d, j*s-p+v*d]
**
** with zeros outside x: cross-correlation, as PyTorch has it; s, p, d of each
** axis are stride, padding and dilation. Channels fall into `groups` that do
** not see each other. The transposed convolution is the gradient of this map
** with respect to x, with W's first axis as its input channels.
**
**   x  [N, Cin, H, W], or [Cin, H, W]: one image without N; y, dy alike
**   W  [Cout, Cin/groups, kh, kw]; transposed: [Cin, Cout/groups, kh, kw]
**   b  [Cout] or NULL
**
** With one axis H and kh are missing. The sizes of y are, in each axis,
**
**   (in + 2*padding - dilation*(k-1) - 1)/stride + 1, rounded down
**   transposed: (in-1)*stride - 2*padding + dilation*(k-1) + output_padding + 1
**
** dtypes: one, float32 or float64. Results are contiguous; N may be 0.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (options), NN_EMEM; results then stay
** empty. Twins: kernel/ref_sliding.c and ref_panel.c.
*/
#ifndef NN_NN_CONVOLUTION_H
#define NN_NN_CONVOLUTION_H

#include "tensor/tensor.h"

typedef struct nn_convolution {
    int axes; /* 1 or 2; entries of the arrays below, the rows' axis first */
    bool transposed;
    int64_t stride[2], padding[2], dilation[2];
    int64_t output_padding[2]; /* transposed only: less than stride or dilation */
    int64_t groups;
} nn_convolution;

nn_status nn_convolve(nn_tensor *y, const nn_convolution *o, const nn_tensor *x, const nn_tensor *W,
                      const nn_tensor *b, nn_error *err);

/* db[o] = sum of dy over all but the channels, in double. Each of dx, dW, db may be NULL: not
** wanted. */
nn_status nn_convolve_backward(nn_tensor *dx, nn_tensor *dW, nn_tensor *db, const nn_convolution *o,
                               const nn_tensor *dy, const nn_tensor *x, const nn_tensor *W,
                               nn_error *err);

#endif
