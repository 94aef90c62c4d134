/*
** walk.h - visiting the elements of several strided tensors in step
**
** A walk joins up to NN_WALK_MAX operands that have one shape (operands may
** be broadcast into it with strides of 0). Dimensions of size 1 are dropped
** and neighbours that every operand crosses without a gap are merged, so that
** the innermost run, which the caller handles with a tight loop, is as long
** as it can be. Order is row-major.
**
**   nn_walk walk;
**   nn_walk_start(&walk, ndim, shape, 2, (const nn_tensor *[]){out, a});
**   for (int64_t i = 0; i < walk.runs; i++) {
**       nn_walk_at(&walk, i, offset);
**       kernel(out_data + offset[0], walk.step[0], a_data + offset[1], walk.step[1], walk.length);
**   }
**
** nn_walk_at takes any run in any order: threads may share a walk.
*/
#ifndef NN_TENSOR_WALK_H
#define NN_TENSOR_WALK_H

#include "tensor/tensor.h"

#define NN_WALK_MAX 4

typedef struct nn_walk {
    int operands;
    int64_t length;            /* elements in one run */
    int64_t runs;              /* how many runs; 0 if there are no elements */
    int64_t step[NN_WALK_MAX]; /* each operand's stride inside a run, in elements */
    int outer;                 /* dimensions that number the runs */
    int64_t shape[NN_MAX_RANK];
    int64_t stride[NN_WALK_MAX][NN_MAX_RANK];
} nn_walk;

/* Operands must broadcast to shape. */
void nn_walk_start(nn_walk *walk, int ndim, const int64_t *shape, int operands,
                   const nn_tensor *const *tensors);

/* The element offset of run i from each operand's nn_tensor_data. */
void nn_walk_at(const nn_walk *walk, int64_t run, int64_t *offset);

#endif
