/*
** linear.h - the affine map z = x W^T + b, forward and backward
**
** dx = dz W;   dW = dz^T x;   db[j] = sum over rows of dz[.,j], in double
** Shapes: x: (...,K), any rank >= 1; W: (M,K); b: (M) or NULL; z, dz: (...,M).
** The leading dimensions count as rows; a vector is one row. dtypes: one,
** float32 or float64. Results are contiguous.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EMEM. Twin: nn_k_gemm_ref.
*/
#ifndef NN_NN_LINEAR_H
#define NN_NN_LINEAR_H

#include "tensor/tensor.h"

nn_status nn_linear(nn_tensor *z, const nn_tensor *x, const nn_tensor *W, const nn_tensor *b,
                    nn_error *err);

/* dx, dW and db are filled; each may be NULL: not wanted, not computed. On failure all stay
** empty. */
nn_status nn_linear_backward(nn_tensor *dx, nn_tensor *dW, nn_tensor *db, const nn_tensor *dz,
                             const nn_tensor *x, const nn_tensor *W, nn_error *err);

#endif
