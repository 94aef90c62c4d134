/*
** optimizer.h - an optimizer's step of a list of parameters, in place, in one pass over memory
**
** Formulas: kernel/step.h. Shapes: a parameter, its gradient and its buffers
** alike, any; dtypes: one, float32 or float64. Parameters and buffers may be
** strided views; they share no elements with one another. A gradient may be
** any tensor. All elements of all parameters are shared out to the threads
** together, so that a network of many small tensors costs what one large tensor
** does. (Parameters that are views of one storage are stepped one after the
** other.)
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (a missing buffer, shared elements),
** NN_EMEM; all tensors are then as they were. Twins: kernel/ref_step.c.
*/
#ifndef NN_NN_OPTIMIZER_H
#define NN_NN_OPTIMIZER_H

#include "kernel/step.h"
#include "tensor/tensor.h"

#define NN_OPTIMIZER_COEFFICIENTS 9 /* at most */

/* A kind of step: a kernel and what its arguments are called. */
typedef struct nn_optimizer_kind {
    const char *name;
    const char *buffer[NN_K_STEP_BUFFERS];              /* in the kernel's order; NULL: no more */
    int needed;                                         /* how many of them a step cannot miss */
    const char *coefficient[NN_OPTIMIZER_COEFFICIENTS]; /* of its struct, in order; NULL the same */
} nn_optimizer_kind;

/* By NN_K_SGD, ... */
extern const nn_optimizer_kind nn_optimizer_kinds[NN_K_STEP_OPS];

/* What a step changes of one parameter, and from what. */
typedef struct nn_optimizer_item {
    int64_t number; /* the parameter's, for messages */
    nn_tensor *p;
    const nn_tensor *g;
    nn_tensor *buffer[NN_K_STEP_BUFFERS];          /* NULL where the kernel allows it */
    double coefficient[NN_OPTIMIZER_COEFFICIENTS]; /* the fields of the kernel's struct */
} nn_optimizer_item;

nn_status nn_optimizer_step(nn_k_step_op op, const nn_optimizer_item *items, int64_t count,
                            nn_error *err);

#endif
