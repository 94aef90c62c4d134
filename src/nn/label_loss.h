/*
** label_loss.h - losses of a label and a row of scores, with their gradients
**
** nll: loss[n] = -w[y]*x[n,y]; mean: divided by the sum of w[y[n]]
** multi-class margin: loss[n] = w[y]/C * sum over j != y of
** max(0, margin - x[n,y] + x[n,j])^p; mean: divided by N
** Shapes: x: (N,C); y: labels (N), class_target.h; w: (C) or NULL (all 1).
** An ignored row (nll) has loss and gradient 0 and is not in the divisor.
** Source: PyTorch 1.13, torch.nn.functional.{nll_loss, multi_margin_loss}.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (label, p), NN_EMEM. Twins:
** kernel/ref_neural.c.
*/
#ifndef NN_NN_LABEL_LOSS_H
#define NN_NN_LABEL_LOSS_H

#include "nn/loss.h"

/* loss: 0-dim, or (N) for "none"; dx: (N,C). ignore: a label, or NN_IGNORE_NONE. Errors about
** options blame argument 3. */
nn_status nn_nll_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                      const nn_tensor *weight, int64_t ignore, nn_loss_reduction reduction,
                      nn_error *err);

/* p: 1 or 2. */
nn_status nn_multi_margin_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x,
                               const nn_tensor *y, const nn_tensor *weight, double p, double margin,
                               nn_loss_reduction reduction, nn_error *err);

#endif
