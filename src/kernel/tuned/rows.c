/*
** rows.c - tall, narrow products with the vector registers of each instruction set
**
** GCC's vector extension: the same source for all sets, with the width and
** the block sizes that fill their registers: sums, plus a vector for each row
** (or of features) and one for the other operand. This file is compiled with
** contraction on: fused multiply-adds are the point here.
*/
#include "kernel/rows.h"

#include <stddef.h>
#include <string.h>

#define INLINE __attribute__((always_inline))

/* Features of one row that the forward product works on at a time, in bytes: ten such ranges, rows
** and units, fit in L1. */
#define RANGE_BYTES 3200

/* Rows of x that the gradient works on at a time, in bytes: they stay in L2. */
#define TILE_BYTES (256 * 1024)

#ifdef __AVX512F__ /* 32 registers of 64 bytes */
#define VECTOR_BYTES 64
#define LINEAR_ROWS 5
#define LINEAR_UNITS 5
#define GRADIENT_UNITS 12
#elif defined __AVX__ /* 16 registers of 32 bytes */
#define VECTOR_BYTES 32
#define LINEAR_ROWS 3
#define LINEAR_UNITS 4
#define GRADIENT_UNITS 6
#else /* at least 16 registers of 16 bytes: SSE2, NEON */
#define VECTOR_BYTES 16
#define LINEAR_ROWS 3
#define LINEAR_UNITS 4
#define GRADIENT_UNITS 6
#endif

/* Calls CALL(n) with n, 1..LIMIT, as a constant. */
#define CASE(n, CALL)                                                                              \
    case n:                                                                                        \
        CALL(n);                                                                                   \
        break;
#define CASES_4(CALL) CASE(1, CALL) CASE(2, CALL) CASE(3, CALL) CASE(4, CALL)
#define CASES_5(CALL) CASES_4(CALL) CASE(5, CALL)
#define CASES_6(CALL) CASES_5(CALL) CASE(6, CALL)
#define CASES_12(CALL)                                                                             \
    CASES_6(CALL)                                                                                  \
    CASE(7, CALL) CASE(8, CALL) CASE(9, CALL) CASE(10, CALL) CASE(11, CALL) CASE(12, CALL)
#define CASES(limit, CALL) CASES_EXPANDED(limit, CALL)
#define CASES_EXPANDED(limit, CALL) CASES_##limit(CALL)
#define LINEAR_DISPATCH(n, CALL)                                                                   \
    switch (n) {                                                                                   \
        CASES(LINEAR_UNITS, CALL)                                                                  \
    }
#define GRADIENT_DISPATCH(n, CALL)                                                                 \
    switch (n) {                                                                                   \
        CASES(GRADIENT_UNITS, CALL)                                                                \
    }

#define REAL float
#define NAME(f) f##_f32
#include "kernel/tuned/rows.inc"
#undef REAL
#undef NAME
#define REAL double
#define NAME(f) f##_f64
#include "kernel/tuned/rows.inc"

const nn_k_rows NN_K_TABLE(nn_k_rows) = {
    .linear = {[NN_K_F32] = linear_f32, [NN_K_F64] = linear_f64},
    .gradient = {[NN_K_F32] = gradient_f32, [NN_K_F64] = gradient_f64},
};
