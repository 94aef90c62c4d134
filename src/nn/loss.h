/*
** loss.h - what the losses have in common: reduction, result tensors
**
** A loss returns its value and the gradient of (the sum of) that value with
** respect to its first input, computed in the same pass. Sums are kept in
** double for both dtypes and rounded once.
*/
#ifndef NN_NN_LOSS_H
#define NN_NN_LOSS_H

#include "tensor/tensor.h"

typedef enum nn_loss_reduction {
    NN_LOSS_MEAN,      /* 0-dim: the sum divided by what the loss says */
    NN_LOSS_SUM,       /* 0-dim */
    NN_LOSS_NONE,      /* one value for each item; the gradient is the sum's */
    NN_LOSS_BATCH_MEAN /* 0-dim: the sum divided by the first size; of pair losses */
} nn_loss_reduction;

/* The factor of the gradient: 1/divisor for a mean, else 1. */
double nn_loss_scale(nn_loss_reduction reduction, double divisor);

/* Makes loss (0-dim, or each_shape for "none") and dx (x's shape), both of x's dtype. On failure
** both stay empty. */
nn_status nn_loss_results(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x,
                          nn_loss_reduction reduction, int each_ndim, const int64_t *each_shape,
                          nn_error *err);

/* Where a kernel writes item i's loss: NULL unless the reduction is "none". */
void *nn_loss_each(const nn_tensor *loss, nn_loss_reduction reduction, int64_t i);

/* Ends a pass that gave `sum` with `status`: writes the reduced value, or on failure empties
** both tensors. Returns status. */
nn_status nn_loss_finish(nn_tensor *loss, nn_tensor *dx, nn_loss_reduction reduction, double sum,
                         double divisor, nn_status status);

#endif
