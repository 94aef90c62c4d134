/*
** reduce.h - reductions along the middle axis of x: (outer, n, inner)
**
** The n rows of inner elements lie `stride` elements apart: inner, or more when
** they are a part of the columns of wider rows; outer is n*stride apart. Each
** writes outer*inner results without gaps. Sums and products of floats are
** kept in double whatever the input, those of integers (and bools) in int64:
** float32 sums are accurate at any length. Sums run over 16 lanes or, for
** stride > 1, row by row; float64 sums are pairwise over blocks of 1024 when
** stride is 1. Extremes: a NaN wins and the first of equal values counts;
** n >= 1. The order of additions depends on the sizes alone, and for
** stride > 1 not on inner.
*/
#ifndef NN_KERNEL_REDUCE_H
#define NN_KERNEL_REDUCE_H

#include <stdint.h>

#include "kernel/isa.h"

typedef enum nn_k_sum_op {
    NN_K_SUM,        /* sum x */
    NN_K_SUM_SQUARE, /* sum x*x */
    NN_K_SUM_ABS,    /* sum |x| */
    NN_K_PRODUCT,    /* product of x */
    NN_K_SUM_OPS
} nn_k_sum_op;

/* y: double for floats, int64_t for the other types. */
typedef void nn_k_sum(void *y, const void *x, int64_t outer, int64_t n, int64_t inner,
                      int64_t stride);

/* value: of x's type; index: where along n, from 0. */
typedef void nn_k_extreme(void *value, int64_t *index, const void *x, int64_t outer, int64_t n,
                          int64_t inner, int64_t stride);

typedef struct nn_k_reduce {
    nn_k_sum *sum[NN_K_SUM_OPS][NN_K_TYPES];
    nn_k_extreme *max[NN_K_TYPES];
    nn_k_extreme *min[NN_K_TYPES];
} nn_k_reduce;

#endif
