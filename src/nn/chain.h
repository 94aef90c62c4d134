/*
** chain.h - a whole step of a feed-forward network in one pass over the batch
**
** The network: Linear layers with an activation after each but the last, whose
** output are the scores z of softmax cross-entropy. The batch is cut into
** blocks of rows, a block into tiles. While a tile is in the cache it goes
** forward through all layers, through the loss, and back, adding to its
** block's gradients; so the input is read from memory once, and no activation
** ever is.
**
**   x (N,in) --W1,b1--> z1 --f1--> a1 --W2,b2--> ... --> z (N,C) --> loss
**
** Blocks and tiles depend on the sizes alone and gradients are summed in block
** order: the bits do not depend on the number of threads. Formulas: linear.h,
** activation.h, cross_entropy.h, with whose results these agree to rounding.
** x: (N,in); all tensors of one dtype, float32 or float64. Outputs are empty
** handles. Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE, NN_EMEM, as those do.
** Tests: tests/spec/backprop_spec.lua.
*/
#ifndef NN_NN_CHAIN_H
#define NN_NN_CHAIN_H

#include "kernel/neural.h"
#include "nn/cross_entropy.h"

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
} nn_chain;

/* scores: (N,C). */
nn_status nn_chain_forward(nn_tensor *scores, const nn_chain *chain, const nn_tensor *x,
                           nn_error *err);

/* loss: 0-dim; scores: (N,C); every layer's dW and db. The reduction is mean or sum. */
nn_status nn_chain_backprop(nn_tensor *loss, nn_tensor *scores, nn_chain *chain, const nn_tensor *x,
                            const nn_tensor *y, const nn_cross_entropy_options *options,
                            nn_error *err);

#endif
