/*
** chain.h - a whole step of a feed-forward network in one pass over the batch
**
** The network: perhaps a rescaling of bytes, then Linear layers with an
** activation after each but the last, whose output are the scores z of a loss.
**
**   x (N,in) --W1,b1--> z1 --f1--> a1 --W2,b2--> ... --> z (N,C) --> loss
**
** The batch is cut into chunks that stay in the cache, a chunk into tiles. The
** threads take a chunk's tiles forward through all layers, through the loss
** and back; then they share out its weight gradients by columns, while the
** chunk's activations are still in the cache. So the input is read from memory
** once and no activation ever is. Rows of x that are mostly 0 are taken as
** lists of what is not, with the same bits; rows of bytes, where the machine
** multiplies those fast, in digits (prepared_rows.h).
**
** Every element of a gradient is one sum over the rows, in their order,
** computed by one thread: the bits do not depend on the number of threads.
** (Those of the naive twins do in float32: they sum in double and round where a
** chunk ends.) Where an activation's delta is not finite, an element of x that
** is 0 and left out of a list adds nothing to a gradient, where 0 times the
** delta would have been NaN; the loss says so in any case. Formulas: linear.h,
** activation.h, chain_loss.h, with whose results these agree to rounding.
** x: (N,in), of the weights' dtype, float32 or float64; or uint8 where the
** chain rescales. Outputs are empty handles. Fails: NN_ESHAPE, NN_EDTYPE,
** NN_EVALUE, NN_EMEM, as those do; nothing has changed then. Tests:
** tests/spec/backprop_spec.lua.
*/
#ifndef NN_NN_CHAIN_H
#define NN_NN_CHAIN_H

#include "kernel/neural.h"
#include "nn/chain_loss.h"
#include "nn/rescaling.h"

#define NN_CHAIN_MOST 32 /* layers */
#define NN_CHAIN_LINEAR (-1)

typedef struct nn_chain_layer {
    nn_tensor W, b;   /* (out,in) and (out), contiguous, borrowed; b may be empty */
    int activation;   /* an nn_k_activation, or NN_CHAIN_LINEAR: none, as after the last layer */
    double p, q;      /* its parameters */
    nn_tensor dW, db; /* the gradients, filled by nn_chain_backprop and then the caller's */
} nn_chain_layer;

typedef struct nn_chain {
    int layers;
    nn_chain_layer layer[NN_CHAIN_MOST];
    bool rescales; /* x is uint8 and passes through `rescaling` first */
    nn_rescaling rescaling;
} nn_chain;

typedef struct nn_chain_result {
    double loss;      /* reduced */
    int64_t correct;  /* predictions that match their label; -1 if the target has no labels */
    nn_tensor scores; /* (N,C) */
} nn_chain_result;

/* Forward only. */
nn_status nn_chain_evaluate(nn_chain_result *result, const nn_chain *chain, const nn_tensor *x,
                            const nn_tensor *y, const nn_chain_criterion *criterion, nn_error *err);

/* Forward and back; fills every layer's dW and db. */
nn_status nn_chain_backprop(nn_chain_result *result, nn_chain *chain, const nn_tensor *x,
                            const nn_tensor *y, const nn_chain_criterion *criterion, nn_error *err);

#endif
