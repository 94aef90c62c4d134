/*
** pair_loss.h - the driver of losses between single elements
**
** Formulas: kernel/neural.h (nn_k_pair_op). mean divides by the number of
** elements, the batch mean by the first size (elements, of a 0-dim x); the
** mean of nothing is NaN. y: x's shape; its dtype is x's, or
** int64, uint8 or bool, which are converted.
*/
#ifndef NN_NN_PAIR_LOSS_H
#define NN_NN_PAIR_LOSS_H

#include "kernel/neural.h"
#include "nn/loss.h"
#include "nn/operand.h"

/* x is checked to be float; y is argument 2; weight: NULL, or contiguous with x's shape and dtype.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EMEM. */
nn_status nn_pair_loss(nn_tensor *loss, nn_tensor *dx, nn_k_pair_op op, nn_operand x,
                       const nn_tensor *y, const nn_tensor *weight, double parameter,
                       nn_loss_reduction reduction, nn_error *err);

/* The target of such a loss alone: y checked against x, then contiguous and of x's dtype. */
nn_status nn_pair_target_take(nn_tensor *target, const nn_tensor *y, nn_operand x, nn_error *err);

#endif
