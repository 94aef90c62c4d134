/*
** activation.h - y = f(x) element by element, and dx = dy * f'
**
** Formulas: kernel/neural.h (nn_k_activation); p and q are their parameters
** (leaky_relu: p = negative_slope; softplus: p = beta > 0, q = threshold;
** elu: p = alpha; otherwise 0). sigmoid and tanh forward are nn_unary.
** Shapes: all alike, any. dtypes: one, float32 or float64. Results are
** contiguous. Source: PyTorch 1.13, aten/src/ATen/native/cpu/Activation.cpp.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (beta), NN_EMEM. Twins:
** kernel/ref_neural.c.
*/
#ifndef NN_NN_ACTIVATION_H
#define NN_NN_ACTIVATION_H

#include "kernel/neural.h"
#include "tensor/tensor.h"

/* op is before NN_K_FROM_OUTPUT. */
nn_status nn_activate(nn_tensor *y, nn_k_activation op, const nn_tensor *x, double p, double q,
                      nn_error *err);

/* s: x, or y for NN_K_SIGMOID_Y and NN_K_TANH_Y. */
nn_status nn_activate_back(nn_tensor *dx, nn_k_activation op, const nn_tensor *dy,
                           const nn_tensor *s, double p, double q, nn_error *err);

#endif
