/*
** rows.h - products of tall, narrow matrices: many rows, few units
**
** What a Linear layer does with a batch, without packing anything: W is
** (out,in) as it lies in memory. BLAS, which packs both operands into square
** panels, reaches a third of the machine at such shapes.
**
** All arrays are row-major; ldx counts elements from one row of x to the
** next, lddW likewise. An output overlaps no input. Empty sizes: no-op for
** empty outputs, bias alone for in = 0. Sums run over the lanes of a vector
** with fused multiply-adds where the instruction set has them, so instruction
** sets differ by rounding; the order depends on the sizes alone.
** Twins: ref_rows.c.
*/
#ifndef NN_KERNEL_ROWS_H
#define NN_KERNEL_ROWS_H

#include <stdint.h>

#include "kernel/isa.h"

/* z[r,u] = b[u] + sum_k x[r,k] W[u,k];  z: (rows,out), x: (rows,in), W: (out,in), b: (out) or
** NULL. Meant for blocks of rows that fit in L2. */
typedef void nn_k_linear_rows(void *z, const void *x, const void *W, const void *b, int64_t rows,
                              int64_t in, int64_t out);

/* dW[u,k] += sum_r dz[r,u] x[r,k] for the `in` features from x and dW on;  dW: (out,in),
** dz: (rows,out), x: (rows,in). Rows are taken in tiles that stay in L2. */
typedef void nn_k_gradient_rows(void *dW, int64_t lddW, const void *dz, const void *x, int64_t ldx,
                                int64_t rows, int64_t in, int64_t out);

/* Indexed by nn_k_type; NULL for what is not a float. */
typedef struct nn_k_rows {
    nn_k_linear_rows *linear[NN_K_TYPES];
    nn_k_gradient_rows *gradient[NN_K_TYPES];
} nn_k_rows;

#endif
