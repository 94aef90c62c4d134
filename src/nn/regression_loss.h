/*
** regression_loss.h - differences of numbers and of distributions, with their gradients
**
** Shapes, dtypes, reduction and failures: pair_loss.h. Source: PyTorch 1.13,
** torch.nn.functional.{mse_loss, l1_loss, huber_loss,
** smooth_l1_loss, kl_div}.
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

/* d = |x-y|: d^2/(2 beta) where d < beta, else d - beta/2, which is l1 for beta = 0. NN_EVALUE
** unless beta >= 0 (argument 3). */
nn_status nn_smooth_l1_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                            double beta, nn_loss_reduction reduction, nn_error *err);

/* x: log-probabilities, y: probabilities, or their logarithms if log_target: y*(log y - x), 0 where
** y is 0. The mean divides by the number of elements, the batch mean by that of rows. */
nn_status nn_kl_div(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                    bool log_target, nn_loss_reduction reduction, nn_error *err);

#endif
