/*
** penalty.h - penalties on weights, with their gradients
**
** l2: lambda/2 * sum W^2, dW = lambda*W;  l1: lambda * sum |W|, dW = lambda*sign(W)
** Shapes: W, dW: any; value: 0-dim. dtypes: W's, float32 or float64; the sum
** is kept in double. Fails: NN_EDTYPE, NN_EMEM. Twins: kernel/ref_neural.c.
*/
#ifndef NN_NN_PENALTY_H
#define NN_NN_PENALTY_H

#include "tensor/tensor.h"

nn_status nn_l2_penalty(nn_tensor *value, nn_tensor *dW, const nn_tensor *W, double lambda,
                        nn_error *err);
nn_status nn_l1_penalty(nn_tensor *value, nn_tensor *dW, const nn_tensor *W, double lambda,
                        nn_error *err);

#endif
