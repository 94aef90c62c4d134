/*
** normalization.h - batch norm and layer norm, forward and backward
**
** y = (x - mean)/sqrt(var + eps)*weight + bias. Batch norm takes mean and
** variance over everything but the channels (dimension 2), or, not training,
** from the running ones; layer norm over the trailing dimensions, each row on
** its own. The variance is divided by the number of elements; batch norm's
** running one by that number less 1. Statistics are computed in double.
**
** dtypes: one for x, weight, bias and their gradients, float32 or float64; the
** running statistics are of that dtype as well. Results are contiguous.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE, NN_EMEM. Twins: kernel/ref_normalization.c.
*/
#ifndef NN_NN_NORMALIZATION_H
#define NN_NN_NORMALIZATION_H

#include "tensor/tensor.h"

typedef struct nn_batch_norm_options {
    nn_tensor *running_mean, *running_var; /* (C), both or neither; needed if not training */
    bool training;   /* statistics are those of x, and the running ones follow */
    double momentum; /* running = (1 - momentum)*running + momentum*that of x */
    double eps;
} nn_batch_norm_options;

/* x: (N,C,...); weight, bias: (C), each may be NULL. saved: float64 (2,C), mean and 1/sqrt(var +
** eps), for the backward pass. The running statistics change last, when nothing can fail. */
nn_status nn_batch_norm(nn_tensor *y, nn_tensor *saved, const nn_tensor *x, const nn_tensor *weight,
                        const nn_tensor *bias, const nn_batch_norm_options *options, nn_error *err);

/* dw and db may be NULL: not wanted. training: as in the forward call; without it the statistics
** count as constants. */
nn_status nn_batch_norm_backward(nn_tensor *dx, nn_tensor *dw, nn_tensor *db, const nn_tensor *dy,
                                 const nn_tensor *x, const nn_tensor *weight,
                                 const nn_tensor *saved, bool training, nn_error *err);

/* The last `dims` >= 1 dimensions of x make a row; weight, bias: of their sizes, each may be NULL.
** saved: float64 (2,rows), as above. */
nn_status nn_layer_norm(nn_tensor *y, nn_tensor *saved, const nn_tensor *x, int dims,
                        const nn_tensor *weight, const nn_tensor *bias, double eps, nn_error *err);

/* dw and db: both or neither NULL; of the sizes of the last dims dimensions. */
nn_status nn_layer_norm_backward(nn_tensor *dx, nn_tensor *dw, nn_tensor *db, const nn_tensor *dy,
                                 const nn_tensor *x, int dims, const nn_tensor *weight,
                                 const nn_tensor *saved, nn_error *err);

#endif
