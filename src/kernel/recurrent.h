/*
** recurrent.h - kernels of one step of a recurrent cell, without its product
**
** A cell of U units has G gates; gate k of a row lies at k*U. Before a step
** `saved` holds in its first G parts the hidden part of the pre-activations,
** W_hh h + b_hh, and in its last part h; the step replaces the former by what
** its backward pass reads:
**
**   parts of U    0      1      2      3    4       5   6
**   RNN (G=1)     h'     h
**   GRU (G=3)     r      z      W h    n    h              W h: the hidden part of n
**   LSTM (G=4)    i      f      g      o    tanh c' c   h
**
** with a: the input part + the hidden part of a gate, s: sigmoid,
**
**   RNN    h' = tanh a, or max(a,0)
**   GRU    r = s(a), z = s(a), n = tanh(input part + r*(W h)), h' = (1-z)*n + z*h
**   LSTM   i = s(a), f = s(a), g = tanh a, o = s(a), c' = f*c + i*g, h' = o*tanh c'
**
** Arrays overlap nothing; rows and units may be 0. Tables are indexed by
** nn_k_type, NULL for what is not a float. Twins: ref_recurrent.c.
*/
#ifndef NN_KERNEL_RECURRENT_H
#define NN_KERNEL_RECURRENT_H

#include <stdint.h>

#include "kernel/isa.h"

typedef enum nn_k_cell { NN_K_RNN_TANH, NN_K_RNN_RELU, NN_K_GRU, NN_K_LSTM, NN_K_CELLS } nn_k_cell;

static inline int64_t nn_k_cell_gates(nn_k_cell cell)
{
    return cell == NN_K_LSTM ? 4 : cell == NN_K_GRU ? 3 : 1;
}

/* Parts of a row of `saved`; the last is h. An LSTM's c is the one before. */
static inline int64_t nn_k_cell_parts(nn_k_cell cell)
{
    return cell == NN_K_LSTM ? 7 : cell == NN_K_GRU ? 5 : 2;
}

typedef struct nn_k_cell_step {
    int64_t rows, units;
    const void *input; /* (rows, G*units): the input part of the pre-activations */
    void *saved;       /* (rows, parts*units) */
    void *next;        /* the same, of the step that follows: its h (and c) are written */
    void *h;           /* (rows, units): h' once more */
} nn_k_cell_step;
typedef void nn_k_cell_forward(const nn_k_cell_step *step);

typedef struct nn_k_cell_back {
    int64_t rows, units;
    const void *saved; /* (rows, parts*units) */
    const void *dy;    /* (rows, units): the gradient of the output h' */
    void *dh;          /* (rows, units) in: the gradient of h' from the step that follows; out: of
                       ** h, but for what comes through the product */
    void *dc;          /* LSTM: the same of c' and c */
    void *dinput;      /* (rows, G*units) out: the gradient of the input part */
    void *dhidden;     /* GRU: (rows, G*units) out: of the hidden part; elsewhere it is dinput */
} nn_k_cell_back;
typedef void nn_k_cell_backward(const nn_k_cell_back *back);

typedef struct nn_k_recurrent {
    nn_k_cell_forward *forward[NN_K_CELLS][NN_K_TYPES];
    nn_k_cell_backward *backward[NN_K_CELLS][NN_K_TYPES];
} nn_k_recurrent;

#endif
