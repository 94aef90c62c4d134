/*
** embedding.h - rows of a table by index, forward and backward
**
** y[i] = weight[index[i]];   dweight[index[i]] += dy[i], in the order of i
** Shapes: weight (V,D); index: any, int64 or uint8, 1..V; y, dy: index's shape,
** then D. dtypes: weight and dy one, float32 or float64. padding: an index
** (from 1) whose row gets no gradient, 0: none.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (names position, index and range), NN_EMEM.
*/
#ifndef NN_NN_EMBEDDING_H
#define NN_NN_EMBEDDING_H

#include "tensor/tensor.h"

nn_status nn_embedding(nn_tensor *y, const nn_tensor *index, const nn_tensor *weight,
                       nn_error *err);

nn_status nn_embedding_backward(nn_tensor *dweight, const nn_tensor *dy, const nn_tensor *index,
                                int64_t rows, int64_t padding, nn_error *err);

#endif
