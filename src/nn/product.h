/*
** product.h - one matrix product by the fastest way for its sizes
**
** c (M,N) = a (M,K) . b (K,N). Strides as in kernel/gemm.h: one of the two of
** a and of b is 1. Three ways, chosen by the sizes alone:
**
**   rows     b fits in L2 and c is tall: b is packed as a panel, unless it is
**            one as it lies, and the threads share out the rows of c;
**   columns  c is short, its sums are long and b is a panel as it lies: the
**            threads share out the columns of c (a weight gradient);
**   BLAS     everything else, integers included (kernel/gemm.h).
**
** c overlaps neither operand. Fails: NN_EMEM. Twin: nn_k_gemm_ref.
*/
#ifndef NN_NN_PRODUCT_H
#define NN_NN_PRODUCT_H

#include "kernel/gemm.h"
#include "tensor/status.h"

/* Rows of c lie ldc elements apart. */
nn_status nn_product(nn_k_type type, void *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,
                     int64_t N, int64_t K, nn_error *err);

#endif
