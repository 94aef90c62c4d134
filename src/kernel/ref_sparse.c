/*
** ref_sparse.c - the naive twins of tuned/sparse.c
**
** The lists are the same by definition; the products add in double.
*/
#include <string.h>

#include "kernel/sparse.h"

#define NN_ISA ref

#define DEFINE_COUNT(suffix, type)                                                                 \
    static int64_t count_##suffix(const void *x, int64_t n)                                        \
    {                                                                                              \
        int64_t count = 0;                                                                         \
        for (int64_t i = 0; i < n; i++) count += ((const type *)x)[i] != 0;                        \
        return count;                                                                              \
    }

/* The value of an entry, and moving one. */
#define VALUE(lists, e, real)                                                                      \
    ((lists)->table ? ((const real *)(lists)->table)[((const uint8_t *)(lists)->value)[e]]         \
                    : ((const real *)(lists)->value)[e])

#define DEFINE_SPARSE(suffix, real)                                                                \
    static void by_row_##suffix(nn_k_lists *lists, const void *x, int64_t rows, int64_t in)        \
    {                                                                                              \
        uint32_t end = 0, *start = lists->start;                                                   \
        for (int64_t range = 0; range < nn_k_ranges(in); range++)                                  \
            for (int64_t r = 0; r < rows; r++) {                                                   \
                int64_t first = nn_k_range_start(in, range);                                       \
                *start++ = end;                                                                    \
                for (int64_t k = first; k < nn_k_range_start(in, range + 1); k++) {                \
                    int64_t at = r * in + k;                                                       \
                    if (lists->table ? ((const uint8_t *)x)[at] == 0 : ((const real *)x)[at] == 0) \
                        continue;                                                                  \
                    lists->index[end] = (uint8_t)(k - first);                                      \
                    if (lists->table)                                                              \
                        ((uint8_t *)lists->value)[end++] = ((const uint8_t *)x)[at];               \
                    else                                                                           \
                        ((real *)lists->value)[end++] = ((const real *)x)[at];                     \
                }                                                                                  \
            }                                                                                      \
        *start = end;                                                                              \
    }                                                                                              \
    static void by_feature_##suffix(nn_k_lists *lists, const nn_k_lists *by_row, int64_t rows,     \
                                    int64_t in)                                                    \
    {                                                                                              \
        uint32_t end = 0, *start = lists->start;                                                   \
        for (int64_t range = 0; range < nn_k_ranges(in); range++) {                                \
            int64_t first = nn_k_range_start(in, range);                                           \
            for (int64_t k = first; k < nn_k_range_start(in, range + 1); k++) {                    \
                *start++ = end;                                                                    \
                for (int64_t r = 0; r < rows; r++) {                                               \
                    const uint32_t *list = by_row->start + range * rows + r;                       \
                    for (uint32_t e = list[0]; e < list[1]; e++) {                                 \
                        if (by_row->index[e] != k - first) continue;                               \
                        lists->index[end] = (uint8_t)r;                                            \
                        if (lists->table)                                                          \
                            ((uint8_t *)lists->value)[end++] =                                     \
                                ((const uint8_t *)by_row->value)[e];                               \
                        else                                                                       \
                            ((real *)lists->value)[end++] = ((const real *)by_row->value)[e];      \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        *start = end;                                                                              \
    }                                                                                              \
    static void linear_##suffix(void *z, const nn_k_lists *by_row, const void *Wt, const void *b,  \
                                int64_t rows, int64_t in, int64_t width)                           \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++)                                                         \
            for (int64_t u = 0; u < width; u++) {                                                  \
                double sum = b ? (double)((const real *)b)[u] : 0;                                 \
                for (int64_t range = 0; range < nn_k_ranges(in); range++) {                        \
                    const uint32_t *list = by_row->start + range * rows + r;                       \
                    for (uint32_t e = list[0]; e < list[1]; e++) {                                 \
                        int64_t k = nn_k_range_start(in, range) + by_row->index[e];                \
                        sum += (double)VALUE(by_row, e, real) *                                    \
                               (double)((const real *)Wt)[k * width + u];                          \
                    }                                                                              \
                }                                                                                  \
                ((real *)z)[r * width + u] = (real)sum;                                            \
            }                                                                                      \
    }                                                                                              \
    static void gradient_##suffix(void *dWt, const nn_k_lists *by_feature, const void *dz,         \
                                  int64_t first, int64_t n, int64_t width)                         \
    {                                                                                              \
        for (int64_t k = first; k < first + n; k++)                                                \
            for (int64_t u = 0; u < width; u++) {                                                  \
                real *sum_of = (real *)dWt + (k - first) * width + u;                              \
                double sum = (double)*sum_of;                                                      \
                for (uint32_t e = by_feature->start[k]; e < by_feature->start[k + 1]; e++)         \
                    sum += (double)VALUE(by_feature, e, real) *                                    \
                           (double)((const real *)dz)[by_feature->index[e] * width + u];           \
                *sum_of = (real)sum;                                                               \
            }                                                                                      \
    }

DEFINE_COUNT(u8, uint8_t)
DEFINE_COUNT(f32, float)
DEFINE_COUNT(f64, double)
DEFINE_SPARSE(f32, float)
DEFINE_SPARSE(f64, double)

const nn_k_sparse NN_K_TABLE(nn_k_sparse) = {
    .count = {[NN_K_U8] = count_u8, [NN_K_F32] = count_f32, [NN_K_F64] = count_f64},
    .by_row = {[NN_K_F32] = by_row_f32, [NN_K_F64] = by_row_f64},
    .by_feature = {[NN_K_F32] = by_feature_f32, [NN_K_F64] = by_feature_f64},
    .linear = {[NN_K_F32] = linear_f32, [NN_K_F64] = linear_f64},
    .gradient = {[NN_K_F32] = gradient_f32, [NN_K_F64] = gradient_f64},
};
