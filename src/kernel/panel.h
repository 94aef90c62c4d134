/*
** panel.h - products of a matrix with a panel, whose rows fill vector registers
**
** The one dense product behind Linear layers, in three uses:
**
**   forward   z  (rows,out) = b + x   (rows,in)   . W^T (in,out)     panel: W^T, packed
**   backward  dx (rows,in)  =     dz  (rows,out)  . W   (out,in)     panel: W, packed
**   gradient  dW (out,in)  +=     dz^T (out,rows) . x   (rows,in)    panel: x as it lies
**
** A panel is row-major; its rows lie ld elements apart and each can be read up
** to a multiple of NN_K_LINE bytes, whatever stands there:
**
**      0       N    padded
**    +--------+---+          padded = nn_k_padded(type, N), or more;
**    | row 0  |   |          nn_k_panel_row(type, N) where we lay it out
**    | row 1  |   |  ...     K rows
**    +--------+---+
**
** BLAS packs both operands at every call, which at 784x25 takes as long as the
** product; here the small operand is packed once per step, the tall one never.
** Each element of c is one sum over k = 0..K-1, in that order, with fused
** multiply-adds where the instruction set has them: so AVX2 and AVX-512 give
** the same bits, and so do the kernels of sparse.h, which leave zeros out.
** Twin: ref_panel.c.
*/
#ifndef NN_KERNEL_PANEL_H
#define NN_KERNEL_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/isa.h"

#define NN_K_LINE 64 /* bytes of a cache line, and of the widest vector register */

/* n elements of a float type, rounded up to whole lines. */
static inline int64_t nn_k_padded(nn_k_type type, int64_t n)
{
    int64_t lanes = type == NN_K_F32 ? NN_K_LINE / 4 : NN_K_LINE / 8;
    return (n + lanes - 1) / lanes * lanes;
}

/* Elements from one row of a panel that we lay out to the next: a line at least, even of nothing.
** Long rows take an odd number of lines, so that the rows of a register block's columns lie in
** different sets of a cache. */
static inline int64_t nn_k_panel_row(nn_k_type type, int64_t n)
{
    enum { LONG_ROW = 16 }; /* lines */
    int64_t line = nn_k_padded(type, 1), padded = n > 0 ? nn_k_padded(type, n) : line;
    return padded >= LONG_ROW * line && padded / line % 2 == 0 ? padded + line : padded;
}

/* The operands of c[m,n] = start[m,n] + sum_k a[m,k] b[k,n], m < M, n < N, k < K. c overlaps
** neither a nor b. Empty M or N: no-op; K = 0: c = start. */
typedef struct nn_k_product {
    void *c;           /* (M,N) */
    int64_t c_row;     /* elements from one row of c to the next */
    const void *start; /* (M,N): c itself, to add to it; a panel of one row (bias); NULL: zeros */
    int64_t start_row; /* elements from one row to the next; 0 repeats the first */
    const void *a;     /* (M,K), any strides */
    int64_t a_row, a_col;
    const void *b; /* (K,N), a panel */
    int64_t b_row;
    int64_t M, N, K;
} nn_k_product;

typedef void nn_k_panel_product(const nn_k_product *product);

/* The same product for so few rows of a that packing b would cost more: wt (N,K) holds b's columns
** as rows, wt_row elements apart, a's columns lie side by side (a_col is 1), b is not read. Sums
** run over the lanes of a vector and differ from the product's by rounding. */
typedef void nn_k_panel_dots(const nn_k_product *product, const void *wt, int64_t wt_row);

/* Whether none of the n elements of x is infinite or NaN. */
typedef bool nn_k_panel_finite(const void *x, int64_t n);

/* Indexed by nn_k_type; NULL for what is not a float. */
typedef struct nn_k_panel {
    nn_k_panel_product *product[NN_K_TYPES];
    nn_k_panel_dots *dots[NN_K_TYPES];
    nn_k_panel_finite *finite[NN_K_TYPES];
} nn_k_panel;

#endif
