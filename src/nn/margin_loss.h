/*
** margin_loss.h - hinges between a score and a sign, with their gradients
**
** margin: max(0, margin - y*x); hinge embedding: x where y is 1, else max(0, margin - x)
** At the corner of a hinge the slope is the one inside, as PyTorch's. y: 1 or
** -1 each. Shapes, dtypes, reduction and failures: pair_loss.h; NN_EVALUE for
** another y. Source: PyTorch 1.13, torch.nn.functional.{margin_ranking_loss
** (of x1 - x2), hinge_embedding_loss}.
*/
#ifndef NN_NN_MARGIN_LOSS_H
#define NN_NN_MARGIN_LOSS_H

#include "nn/loss.h"

nn_status nn_margin_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                         double margin, nn_loss_reduction reduction, nn_error *err);
nn_status nn_hinge_embedding_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x,
                                  const nn_tensor *y, double margin, nn_loss_reduction reduction,
                                  nn_error *err);

#endif
