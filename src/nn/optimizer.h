/*
** optimizer.h - an optimizer's step of a list of parameters, in place, in one pass over memory
**
** Formulas: kernel/neural.h (nn_k_sgd, nn_k_adam). Shapes: a parameter, its
** gradient and its buffers alike, any; dtypes: one, float32 or float64.
** Parameters and buffers may be strided views; they share no elements with one
** another. A gradient may be any tensor. Source: PyTorch 1.13,
** torch/optim/{sgd,adam,adamw}.py (the order of operations, too).
** All elements of all parameters are shared out to the threads together, so
** that a network of many small tensors costs what one large tensor does.
** (Parameters that are views of one storage are stepped one after the other.)
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (shared elements, step), NN_EMEM; all
** tensors are then as they were. Twins: kernel/ref_neural.c.
*/
#ifndef NN_NN_OPTIMIZER_H
#define NN_NN_OPTIMIZER_H

#include "kernel/neural.h"
#include "tensor/tensor.h"

/* What a step changes of one parameter, and from what. p and g count as arguments 1 and 2, the
** buffers from 3 on. */
typedef struct nn_optimizer_item {
    nn_tensor *p;
    const nn_tensor *g;
    nn_tensor *buffer; /* SGD: needed if momentum is not 0, else left alone */
    nn_tensor *m, *v;  /* Adam */
    int64_t step;      /* Adam: which step of this parameter it is, from 1 */
    bool first;        /* SGD: the buffer holds nothing yet */
} nn_optimizer_item;

nn_status nn_sgd_step(const nn_optimizer_item *items, int64_t count, const nn_k_sgd *options,
                      nn_error *err);

typedef struct nn_adam_options {
    double lr, beta1, beta2, eps;
    double weight_decay;
    bool decoupled; /* AdamW: the decay shrinks p itself, not through the gradient */
} nn_adam_options;

nn_status nn_adam_step(const nn_optimizer_item *items, int64_t count,
                       const nn_adam_options *options, nn_error *err);

#endif
