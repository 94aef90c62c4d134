/*
** optimizer.h - one optimizer step of one parameter, in place, in one pass
**
** Formulas: kernel/neural.h (nn_k_sgd, nn_k_adam). Shapes: p, g and the
** buffers alike, any; dtypes: one, float32 or float64. p and the buffers may
** be strided views; they share no elements with one another. g may be any
** tensor. Source: PyTorch 1.13, torch/optim/{sgd,adam,adamw}.py (the order of
** operations, too).
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (shared elements, step), NN_EMEM; all
** tensors are then as they were. Twins: kernel/ref_neural.c.
*/
#ifndef NN_NN_OPTIMIZER_H
#define NN_NN_OPTIMIZER_H

#include "kernel/neural.h"
#include "tensor/tensor.h"

/* Arguments p, g, buffer count 1, 2, 3. buffer: needed if momentum is not 0, else left alone. */
nn_status nn_sgd_step(nn_tensor *p, const nn_tensor *g, nn_tensor *buffer, const nn_k_sgd *options,
                      nn_error *err);

typedef struct nn_adam_options {
    double lr, beta1, beta2, eps;
    double weight_decay;
    int64_t step;   /* which step this is, from 1 */
    bool decoupled; /* AdamW: the decay shrinks p itself, not through the gradient */
} nn_adam_options;

/* Arguments p, g, m, v, options count 1 to 5. */
nn_status nn_adam_step(nn_tensor *p, const nn_tensor *g, nn_tensor *m, nn_tensor *v,
                       const nn_adam_options *options, nn_error *err);

#endif
