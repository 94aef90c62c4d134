/*
** matmul.h - matrix products
**
** Shapes, as in PyTorch: (K)x(K) -> scalar; (M,K)x(K) -> (M); (K)x(K,N) -> (N);
** (M,K)x(K,N) -> (M,N); (...,M,K)x(...,K,N) -> (...,M,N) with the leading
** dimensions broadcast. Both operands have the same dtype, not bool;
** transposed views are used as they are. out: an empty handle.
** Fails: NN_ESHAPE (inner sizes differ), NN_EDTYPE, NN_EMEM. Twin:
** nn_k_gemm_ref.
*/
#ifndef NN_NN_MATMUL_H
#define NN_NN_MATMUL_H

#include "tensor/tensor.h"

nn_status nn_matmul(nn_tensor *out, const nn_tensor *a, const nn_tensor *b, nn_error *err);

#endif
