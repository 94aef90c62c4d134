/*
** ref_panel.c - the naive twins of tuned/panel.c: three loops, sums in double
*/
#include <math.h>
#include <stddef.h>

#include "kernel/panel.h"

#define NN_ISA ref

#define DEFINE_PANEL(suffix, real)                                                                 \
    static void product_##suffix(const nn_k_product *p)                                            \
    {                                                                                              \
        const real *start = p->start, *a = p->a, *b = p->b;                                        \
        for (int64_t m = 0; m < p->M; m++)                                                         \
            for (int64_t n = 0; n < p->N; n++) {                                                   \
                double sum = start ? (double)start[m * p->start_row + n] : 0;                      \
                for (int64_t k = 0; k < p->K; k++)                                                 \
                    sum += (double)a[m * p->a_row + k * p->a_col] * (double)b[k * p->b_row + n];   \
                ((real *)p->c)[m * p->c_row + n] = (real)sum;                                      \
            }                                                                                      \
    }                                                                                              \
    static void dots_##suffix(const nn_k_product *p, const void *wt, int64_t wt_row)               \
    {                                                                                              \
        nn_k_product q = *p;                                                                       \
        q.b_row = 1; /* column n of b is row n of wt */                                            \
        q.N = 1;                                                                                   \
        for (int64_t n = 0; n < p->N; n++) {                                                       \
            q.b = (const real *)wt + n * wt_row;                                                   \
            q.c = (real *)p->c + n;                                                                \
            q.start = p->start ? (const real *)p->start + n : NULL;                                \
            product_##suffix(&q);                                                                  \
        }                                                                                          \
    }                                                                                              \
    static bool finite_##suffix(const void *x, int64_t n)                                          \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            if (!isfinite(((const real *)x)[i])) return false;                                     \
        return true;                                                                               \
    }

DEFINE_PANEL(f32, float)
DEFINE_PANEL(f64, double)

const nn_k_panel NN_K_TABLE(nn_k_panel) = {
    .product = {[NN_K_F32] = product_f32, [NN_K_F64] = product_f64},
    .dots = {[NN_K_F32] = dots_f32, [NN_K_F64] = dots_f64},
    .finite = {[NN_K_F32] = finite_f32, [NN_K_F64] = finite_f64},
};
