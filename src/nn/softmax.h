/*
** softmax.h - softmax and log-softmax over one dimension, forward and backward
**
** y[i] = exp(x[i] - max x) / sum;          dx = y*(dy - sum(dy*y))
** log: y[i] = x[i] - max x - log(sum);     dx = dy - exp(y)*sum(dy)
** Shapes: x, y, dx, dy alike, any; dim counts from 0, negatives from the end;
** a 0-dim tensor counts as one class. dtypes: one, float32 or float64. Results
** are contiguous. Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (dim), NN_EMEM.
** Twins: kernel/ref_neural.c.
*/
#ifndef NN_NN_SOFTMAX_H
#define NN_NN_SOFTMAX_H

#include "tensor/tensor.h"

nn_status nn_softmax(nn_tensor *y, const nn_tensor *x, int64_t dim, nn_error *err);
nn_status nn_log_softmax(nn_tensor *y, const nn_tensor *x, int64_t dim, nn_error *err);

/* y: what the forward function returned. */
nn_status nn_softmax_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *y, int64_t dim,
                              nn_error *err);
nn_status nn_log_softmax_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *y,
                                  int64_t dim, nn_error *err);

#endif
