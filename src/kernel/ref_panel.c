/*
** ref_panel.c - the naive twins of tuned/panel.c: three loops, sums in double
*/
#include <math.h>

#include "kernel/panel.h"

#define NN_ISA ref

#define DEFINE_PANEL(suffix, real, type)                                                           \
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
    static int pack_##suffix(void *panel, const void *w, int64_t w_row, int64_t w_col,             \
                             int64_t rows, int64_t cols)                                           \
    {                                                                                              \
        int finite = 1;                                                                            \
        int64_t padded = nn_k_padded(type, cols);                                                  \
        for (int64_t r = 0; r < rows; r++)                                                         \
            for (int64_t c = 0; c < padded; c++) {                                                 \
                real value = c < cols ? ((const real *)w)[r * w_row + c * w_col] : 0;              \
                if (!isfinite(value)) finite = 0;                                                  \
                ((real *)panel)[r * padded + c] = value;                                           \
            }                                                                                      \
        return finite;                                                                             \
    }

DEFINE_PANEL(f32, float, NN_K_F32)
DEFINE_PANEL(f64, double, NN_K_F64)

const nn_k_panel NN_K_TABLE(nn_k_panel) = {
    .product = {[NN_K_F32] = product_f32, [NN_K_F64] = product_f64},
    .pack = {[NN_K_F32] = pack_f32, [NN_K_F64] = pack_f64},
};
