/*
** recurrent.h - a recurrent layer over a whole sequence, forward and backward
**
** The input part of the pre-activations, x W_ih^T + b_ih, is one product for
** the whole sequence and comes in ready; each step adds W_hh h + b_hh and
** applies the cell (kernel/recurrent.h). Rows of a batch do not meet: blocks
** of them run through all steps on their own.
**
** Shapes: input (T,N,G*H); W (G*H,H); b (G*H) or NULL; h0, c0 (N,H) or NULL for
** zeros, c0 of an LSTM only. out: (T,N,H), the h of every step; of an LSTM
** (T+1,N,H), the last c behind them. Reversed, the steps go from T to 1, and
** out[t] is still the h of x[t]. dtypes: one, float32 or float64.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EMEM. Twins: kernel/ref_recurrent.c, ref_panel.c.
*/
#ifndef NN_NN_RECURRENT_H
#define NN_NN_RECURRENT_H

#include "kernel/recurrent.h"
#include "tensor/tensor.h"

typedef struct nn_recurrent_options {
    nn_k_cell cell;
    bool reverse;
} nn_recurrent_options;

/* saved: for the backward pass. On failure both stay empty. */
nn_status nn_recurrent(nn_tensor *out, nn_tensor *saved, const nn_tensor *input, const nn_tensor *W,
                       const nn_tensor *b, const nn_tensor *h0, const nn_tensor *c0,
                       nn_recurrent_options options, nn_error *err);

/* The gradients of nn_recurrent's operands; dW and db may be NULL: not wanted. dc0: LSTM only,
** else it stays empty. On failure all stay empty. dout: of out's shape. */
nn_status nn_recurrent_backward(nn_tensor *dinput, nn_tensor *dW, nn_tensor *db, nn_tensor *dh0,
                                nn_tensor *dc0, const nn_tensor *dout, const nn_tensor *saved,
                                const nn_tensor *W, nn_recurrent_options options, nn_error *err);

#endif
