/*
** loop.h - an elementwise kernel over strided tensors, split over threads
**
** The operands' elements are walked in step (tensor/walk.h) and handed to
** `run` in pieces of at most NN_K_BLOCK elements.
*/
#ifndef NN_NN_LOOP_H
#define NN_NN_LOOP_H

#include "tensor/walk.h"

/* data[k] is the address of operand k's first element of the piece, step[k] its stride. */
typedef void nn_loop_run(const void *context, char *const *data, const int64_t *step, int64_t n);

/* Operands broadcast to shape; tensors[0] is the one written to. Fails: NN_EINTERRUPTED, with only
** some of it written. */
nn_status nn_loop(int ndim, const int64_t *shape, int operands, const nn_tensor *const *tensors,
                  nn_loop_run *run, const void *context, nn_error *err);

#endif
