/*
** dropout.h - elements zeroed at random, the others scaled up
**
** mask[i] = u[i] >= p, u uniform in [0,1);  y = mask ? x/(1-p) : 0;  dx = mask ? dy/(1-p) : 0
** p: 0..1, how likely an element is dropped; at 1 everything is 0. One u is
** drawn for each element, in row-major order, one after the other, so that
** the mask depends on the generator's state alone.
** Shapes: any, all alike. dtypes: float32 or float64; mask: bool. Results are
** contiguous. Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (p), NN_EMEM; the
** generator is then as it was. Twin: kernel/ref_neural.c (mask).
*/
#ifndef NN_NN_DROPOUT_H
#define NN_NN_DROPOUT_H

#include "tensor/rng.h"
#include "tensor/tensor.h"

/* mask NULL: not training; nothing is drawn and y is a second handle on x's elements. */
nn_status nn_dropout(nn_tensor *y, nn_tensor *mask, const nn_tensor *x, double p, nn_rng *rng,
                     nn_error *err);

/* mask: bool or uint8; NULL: not training; dx is a second handle on dy's elements. */
nn_status nn_dropout_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *mask, double p,
                              nn_error *err);

#endif
