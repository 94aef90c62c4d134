/*
** gemm.h - C = A·B for strided matrices
**
** Shapes: c: (M,N), rows of ldc elements; a: (M,K); b: (K,N). a[i,k] lies at
** a[i*a_row + k*a_col], b likewise; one of the two strides of each is 1 (a
** transposed operand is just one with its strides exchanged). c does not
** overlap a or b. K = 0 gives zeros. Empty M or N: no-op.
**
** Floats go to BLAS, one single-threaded call per block; the grid of blocks
** depends on M, N, K alone and each element of c is computed whole inside one
** block, so the bits do not depend on the number of threads. Integers (which
** wrap) and sizes beyond BLAS's 32-bit integers take the naive twin.
*/
#ifndef NN_KERNEL_GEMM_H
#define NN_KERNEL_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/isa.h"

typedef struct nn_k_matrix {
    const void *data;
    int64_t row; /* elements from one row to the next */
    int64_t col; /* elements from one column to the next */
} nn_k_matrix;

/* False: it was given up (partition.h); c holds anything. */
#if defined(__GNUC__)
__attribute__((warn_unused_result))
#endif
bool nn_k_gemm(nn_k_type type, void *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,
               int64_t N, int64_t K);

/* The naive twin: three loops, any strides; sums of floats in double. */
void nn_k_gemm_ref(nn_k_type type, void *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,
                   int64_t N, int64_t K);

/* The BLAS library in words, for --version. */
const char *nn_k_blas_name(void);

#endif
