/*
** binary_cross_entropy.h - three binary cross-entropies, with their gradients
**
** Targets y may be int64, uint8 or bool; they are then converted.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (a probability outside 0..1, a
** label), NN_EMEM. NaN gives NaN. Twins: kernel/ref_neural.c.
*/
#ifndef NN_NN_BINARY_CROSS_ENTROPY_H
#define NN_NN_BINARY_CROSS_ENTROPY_H

#include "nn/loss.h"

/* -[y log p + (1-y) log(1-p)], each log at least -100; dp = (p-y)/max(p(1-p), 1e-12f).
** p, y: alike, any shape. mean: over all elements; none: p's shape. Source: PyTorch 1.13,
** torch.nn.functional.binary_cross_entropy. */
nn_status nn_binary_cross_entropy(nn_tensor *loss, nn_tensor *dp, const nn_tensor *p,
                                  const nn_tensor *y, nn_loss_reduction reduction, nn_error *err);

/* (1-y) z + (1 + (w-1) y) log(1 + exp(-z)); dz = (1 + (w-1) y) sigmoid(z) - w y. z, y: alike, any
** shape; w = pos_weight: NULL (1) or broadcasts to z, argument 3. Source: PyTorch 1.13,
** torch.nn.functional.binary_cross_entropy_with_logits. */
nn_status nn_binary_cross_entropy_with_logits(nn_tensor *loss, nn_tensor *dz, const nn_tensor *z,
                                              const nn_tensor *y, const nn_tensor *pos_weight,
                                              nn_loss_reduction reduction, nn_error *err);

/* Fills an empty handle with pos_weight broadcast to z, contiguous and of its dtype. Blames
** argument 3. */
nn_status nn_pos_weight_take(nn_tensor *weight, const nn_tensor *pos_weight, const nn_tensor *z,
                             nn_error *err);

/* loss[n] = -sum_c [y log p + (1-y) log(1-p)] without a bound, 0*log 0 = 0: a certain and wrong p
** costs infinity. dp = (1-y)/(1-p) - y/p, where a term with factor 0 is 0: the one-sided
** derivative (-1 or 1) at a certain and right p, infinite at a wrong one. p: (N,C); y:
** class_target.h. mean: divided by N; none: (N). Source: the reference program's cost. */
nn_status nn_summed_binary_cross_entropy(nn_tensor *loss, nn_tensor *dp, const nn_tensor *p,
                                         const nn_tensor *y, nn_loss_reduction reduction,
                                         nn_error *err);

#endif
