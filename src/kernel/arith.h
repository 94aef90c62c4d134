/*
** arith.h - elementwise kernels over one run of elements
**
** y[i*ys] = op(a[i*as], b[i*bs]) for i = 0..n-1. Steps count elements and may
** be 0 or negative. y may be exactly a or b (same address and step);
** otherwise they do not overlap. A table entry is NULL where the op is not
** defined for the type: float functions of integers, arithmetic of bools.
** Integers wrap. Twins: ref_arith.c.
*/
#ifndef NN_KERNEL_ARITH_H
#define NN_KERNEL_ARITH_H

#include <stdint.h>

#include "kernel/isa.h"

typedef enum nn_k_binary_op {
    NN_K_ADD,
    NN_K_SUB,
    NN_K_MUL,
    NN_K_DIV,      /* floats only */
    NN_K_FLOORDIV, /* floor(a/b); integers: b is not 0 */
    NN_K_MOD,      /* a - floor(a/b)*b, the sign of b; integers: b is not 0 */
    NN_K_POW,      /* integers: b >= 0 */
    NN_K_MAXIMUM,  /* NaN if either is NaN */
    NN_K_MINIMUM,
    NN_K_BINARY_OPS
} nn_k_binary_op;

/* Results are uint8 0 or 1; comparisons with NaN follow IEEE. */
typedef enum nn_k_compare_op {
    NN_K_EQ,
    NN_K_NE,
    NN_K_LT,
    NN_K_LE,
    NN_K_GT,
    NN_K_GE,
    NN_K_COMPARE_OPS
} nn_k_compare_op;

typedef enum nn_k_unary_op {
    NN_K_NEG,
    NN_K_ABS,
    NN_K_SIGN, /* -1, 0, 1; NaN gives NaN */
    NN_K_SQUARE,
    NN_K_FLOOR,
    NN_K_CEIL,
    NN_K_ROUND, /* half to even */
    /* floats only from here on */
    NN_K_EXP,
    NN_K_EXPM1,
    NN_K_LOG,
    NN_K_LOG1P,
    NN_K_SQRT,
    NN_K_RECIPROCAL,
    NN_K_SIN,
    NN_K_COS,
    NN_K_TANH,
    NN_K_SIGMOID, /* 1/(1+exp(-x)) without overflow */
    NN_K_ERF,     /* 2/sqrt pi times the integral of exp(-t^2) from 0 to x */
    NN_K_UNARY_OPS
} nn_k_unary_op;

typedef void nn_k_binary(void *y, int64_t ys, const void *a, int64_t as, const void *b, int64_t bs,
                         int64_t n);
typedef void nn_k_unary(void *y, int64_t ys, const void *x, int64_t xs, int64_t n);
/* y = low if x < low, high if that is > high, else x; NaN stays NaN. low, high: one element. */
typedef void nn_k_clamp(void *y, int64_t ys, const void *x, int64_t xs, const void *low,
                        const void *high, int64_t n);
/* y = c ? a : b, c uint8. */
typedef void nn_k_where(void *y, int64_t ys, const uint8_t *c, int64_t cs, const void *a,
                        int64_t as, const void *b, int64_t bs, int64_t n);

typedef struct nn_k_arith {
    nn_k_binary *binary[NN_K_BINARY_OPS][NN_K_TYPES];
    nn_k_binary *compare[NN_K_COMPARE_OPS][NN_K_TYPES];
    nn_k_unary *unary[NN_K_UNARY_OPS][NN_K_TYPES];
    nn_k_clamp *clamp[NN_K_TYPES];
    nn_k_where *where[NN_K_TYPES];
} nn_k_arith;

#endif
