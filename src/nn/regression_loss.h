/*
** regression_loss.h - squared, absolute and Huber error, with their gradients
**
** Shapes, dtypes, reduction and failures: pair_loss.h. Source: PyTorch 1.13,
** torch.nn.functional.{mse_loss, l1_loss, huber_loss}.
*/
#ifndef NN_NN_REGRESSION_LOSS_H
#define NN_NN_REGRESSION_LOSS_H

#include "nn/loss.h"

/* (x-y)^2; dx = 2(x-y). */
nn_status nn_mse_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                      nn_loss_reduction reduction, nn_error *err);

/* |x-y|; dx = sign(x-y), 0 at 0. */
nn_status nn_l1_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                     nn_loss_reduction reduction, nn_error *err);

/* d = |x-y|: d^2/2 where d < delta, else delta*(d - delta/2); dx = x-y clamped to +-delta.
** NN_EVALUE unless delta > 0 (argument 3). */
nn_status nn_huber_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                        double delta, nn_loss_reduction reduction, nn_error *err);

#endif
