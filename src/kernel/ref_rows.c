/*
** ref_rows.c - the naive twins of tuned/rows.c: three loops, sums in double
*/
#include "kernel/rows.h"

#define NN_ISA ref

#define DEFINE_ROWS(suffix, type)                                                                  \
    static void linear_##suffix(void *z, const void *vx, const void *vW, const void *b,            \
                                int64_t rows, int64_t in, int64_t out)                             \
    {                                                                                              \
        const type *x = vx, *W = vW;                                                               \
        for (int64_t r = 0; r < rows; r++)                                                         \
            for (int64_t u = 0; u < out; u++) {                                                    \
                double sum = b ? (double)((const type *)b)[u] : 0;                                 \
                for (int64_t k = 0; k < in; k++)                                                   \
                    sum += (double)x[r * in + k] * (double)W[u * in + k];                          \
                ((type *)z)[r * out + u] = (type)sum;                                              \
            }                                                                                      \
    }                                                                                              \
    static void gradient_##suffix(void *dW, int64_t lddW, const void *vdz, const void *vx,         \
                                  int64_t ldx, int64_t rows, int64_t in, int64_t out)              \
    {                                                                                              \
        const type *dz = vdz, *x = vx;                                                             \
        for (int64_t u = 0; u < out; u++)                                                          \
            for (int64_t k = 0; k < in; k++) {                                                     \
                double sum = (double)((type *)dW)[u * lddW + k];                                   \
                for (int64_t r = 0; r < rows; r++)                                                 \
                    sum += (double)dz[r * out + u] * (double)x[r * ldx + k];                       \
                ((type *)dW)[u * lddW + k] = (type)sum;                                            \
            }                                                                                      \
    }

DEFINE_ROWS(f32, float)
DEFINE_ROWS(f64, double)

const nn_k_rows NN_K_TABLE(nn_k_rows) = {
    .linear = {[NN_K_F32] = linear_f32, [NN_K_F64] = linear_f64},
    .gradient = {[NN_K_F32] = gradient_f32, [NN_K_F64] = gradient_f64},
};
