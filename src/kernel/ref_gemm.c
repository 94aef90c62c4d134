/*
** ref_gemm.c - the naive twin of gemm.c
*/
#include "kernel/gemm.h"

#define DEFINE_GEMM(suffix, type, acc)                                                             \
    static void gemm_##suffix(type *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,       \
                              int64_t N, int64_t K)                                                \
    {                                                                                              \
        const type *pa = a.data, *pb = b.data;                                                     \
        for (int64_t i = 0; i < M; i++)                                                            \
            for (int64_t j = 0; j < N; j++) {                                                      \
                acc sum = 0;                                                                       \
                for (int64_t k = 0; k < K; k++)                                                    \
                    sum += (acc)pa[i * a.row + k * a.col] * (acc)pb[k * b.row + j * b.col];        \
                c[i * ldc + j] = (type)sum;                                                        \
            }                                                                                      \
    }

DEFINE_GEMM(u8, uint8_t, uint64_t)
DEFINE_GEMM(i64, int64_t, uint64_t)
DEFINE_GEMM(f32, float, double)
DEFINE_GEMM(f64, double, double)

void nn_k_gemm_ref(nn_k_type type, void *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,
                   int64_t N, int64_t K)
{
    switch (type) {
    case NN_K_F32: gemm_f32(c, ldc, a, b, M, N, K); break;
    case NN_K_F64: gemm_f64(c, ldc, a, b, M, N, K); break;
    case NN_K_I64: gemm_i64(c, ldc, a, b, M, N, K); break;
    default: gemm_u8(c, ldc, a, b, M, N, K); break;
    }
}
