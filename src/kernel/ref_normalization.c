/*
** ref_normalization.c - the naive twins of tuned/normalization.c: one element after the other
**
** Everything is computed from the definitions in normalization.h; sums are long
** double.
*/
#include "kernel/normalization.h"

#include <math.h>
#include <stddef.h>

#define NN_ISA ref

/* Every element of a channel, `at` its place. */
#define EACH_ELEMENT(k, c)                                                                         \
    for (int64_t o = 0, at; o < (k)->outer; o++)                                                   \
        for (int64_t i = 0; at = (o * (k)->channels + (c)) * (k)->inner + i, i < (k)->inner; i++)

#define EACH_CHANNEL(k) for (int64_t c = (k)->first; c < (k)->first + (k)->count; c++)

#define DEFINE_CHANNELS(suffix, type)                                                              \
    static void channel_sum_##suffix(double *sum, const void *x, const nn_k_channels *k)           \
    {                                                                                              \
        EACH_CHANNEL(k)                                                                            \
        {                                                                                          \
            long double total = 0;                                                                 \
            EACH_ELEMENT(k, c) total += (long double)((const type *)x)[at];                        \
            sum[c] = (double)total;                                                                \
        }                                                                                          \
    }                                                                                              \
    static void channel_product_##suffix(double *sum, const void *u, const double *u_mean,         \
                                         const void *x, const double *x_mean,                      \
                                         const nn_k_channels *k)                                   \
    {                                                                                              \
        EACH_CHANNEL(k)                                                                            \
        {                                                                                          \
            long double total = 0;                                                                 \
            EACH_ELEMENT(k, c)                                                                     \
            {                                                                                      \
                long double d = (long double)((const type *)u)[at];                                \
                if (u_mean) d -= (long double)u_mean[c];                                           \
                total += d * ((long double)((const type *)x)[at] - (long double)x_mean[c]);        \
            }                                                                                      \
            sum[c] = (double)total;                                                                \
        }                                                                                          \
    }                                                                                              \
    static void channel_apply_##suffix(void *y, const void *u, const void *x,                      \
                                       const nn_k_channel_line *l, const nn_k_channels *k)         \
    {                                                                                              \
        EACH_CHANNEL(k)                                                                            \
        EACH_ELEMENT(k, c)                                                                         \
        {                                                                                          \
            double from_mean = (double)((const type *)x)[at] - l->mean[c];                         \
            double value = l->x_factor[c] * from_mean + l->constant[c];                            \
            if (u) value += l->u_factor[c] * (double)((const type *)u)[at];                        \
            ((type *)y)[at] = (type)value;                                                         \
        }                                                                                          \
    }

#define DEFINE_LAYER_NORM(suffix, type)                                                            \
    static void layer_norm_##suffix(void *y, double *mean, double *rstd, const void *vx,           \
                                    const void *w, const void *b, int64_t rows, int64_t n,         \
                                    double eps)                                                    \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++) {                                                       \
            const type *x = (const type *)vx + r * n;                                              \
            long double sum = 0, squares = 0;                                                      \
            for (int64_t j = 0; j < n; j++) sum += (long double)x[j];                              \
            sum /= n;                                                                              \
            for (int64_t j = 0; j < n; j++)                                                        \
                squares += ((long double)x[j] - sum) * ((long double)x[j] - sum);                  \
            mean[r] = (double)sum;                                                                 \
            rstd[r] = (double)(1 / sqrtl(squares / n + (long double)eps));                         \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double v = ((double)x[j] - mean[r]) * rstd[r];                                     \
                if (w) v *= (double)((const type *)w)[j];                                          \
                if (b) v += (double)((const type *)b)[j];                                          \
                ((type *)y)[r * n + j] = (type)v;                                                  \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void layer_norm_back_##suffix(void *dx, double *dw, double *db, const void *vdy,        \
                                         const void *vx, const void *w, const double *mean,        \
                                         const double *rstd, int64_t rows, int64_t n)              \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++) {                                                       \
            const type *dy = (const type *)vdy + r * n, *x = (const type *)vx + r * n;             \
            long double mean_of_g = 0, mean_of_gv = 0;                                             \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double v = ((double)x[j] - mean[r]) * rstd[r];                                     \
                double g = (double)dy[j] * (w ? (double)((const type *)w)[j] : 1);                 \
                mean_of_g += (long double)g / n;                                                   \
                mean_of_gv += (long double)g * (long double)v / n;                                 \
                if (dw) dw[j] += (double)dy[j] * v, db[j] += (double)dy[j];                        \
            }                                                                                      \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double v = ((double)x[j] - mean[r]) * rstd[r];                                     \
                double g = (double)dy[j] * (w ? (double)((const type *)w)[j] : 1);                 \
                ((type *)dx)[r * n + j] =                                                          \
                    (type)(rstd[r] * (g - (double)mean_of_g - v * (double)mean_of_gv));            \
            }                                                                                      \
        }                                                                                          \
    }

DEFINE_CHANNELS(f32, float)
DEFINE_CHANNELS(f64, double)
DEFINE_LAYER_NORM(f32, float)
DEFINE_LAYER_NORM(f64, double)

#include "kernel/normalization_table.inc"
