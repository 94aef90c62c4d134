/*
** normalization.h - kernels of batch norm and layer norm
**
** Statistics and coefficients are double for both element types. A channel
** tensor is (outer,channels,inner), contiguous: batch norm's (N,C) has inner 1,
** its (N,C,H,W) inner H*W. Channel kernels handle channels first..first+count-1
** and read and write the coefficients of those only; row kernels handle `rows`
** rows of n elements. Sums run in an order that depends on the sizes alone. An
** output may be an input of the same size; sizes may be 0.
**
** Tables are indexed by nn_k_type, NULL for what is not a float. Twins:
** ref_normalization.c.
*/
#ifndef NN_KERNEL_NORMALIZATION_H
#define NN_KERNEL_NORMALIZATION_H

#include <stdint.h>

#include "kernel/isa.h"

typedef struct nn_k_channels {
    int64_t outer, channels, inner;
    int64_t first, count; /* the channels to handle */
} nn_k_channels;

/* sum[c] = sum of x over channel c. */
typedef void nn_k_channel_sum(double *sum, const void *x, const nn_k_channels *k);

/* sum[c] = sum of (u - u_mean[c]) * (x - x_mean[c]); u_mean NULL: zeros. */
typedef void nn_k_channel_product(double *sum, const void *u, const double *u_mean, const void *x,
                                  const double *x_mean, const nn_k_channels *k);

/* y = u_factor[c]*u + x_factor[c]*(x - mean[c]) + constant[c]; u NULL: without the first term. */
typedef struct nn_k_channel_line {
    const double *u_factor, *x_factor, *mean, *constant;
} nn_k_channel_line;
typedef void nn_k_channel_apply(void *y, const void *u, const void *x,
                                const nn_k_channel_line *line, const nn_k_channels *k);

/* Of each row: mean, rstd = 1/sqrt(variance + eps), the variance divided by n, and
** y = (x - mean)*rstd*w + b. w, b: T (n), or NULL for ones and zeros. */
typedef void nn_k_layer_norm(void *y, double *mean, double *rstd, const void *x, const void *w,
                             const void *b, int64_t rows, int64_t n, double eps);

/* With v = (x - mean)*rstd and g = dy*w, dx = rstd*(g - mean of g - v * mean of (g*v)) in each row;
** dw[j] += sum over rows of dy*v, db[j] += sum of dy; dw and db are double (n), or both NULL. */
typedef void nn_k_layer_norm_back(void *dx, double *dw, double *db, const void *dy, const void *x,
                                  const void *w, const double *mean, const double *rstd,
                                  int64_t rows, int64_t n);

typedef struct nn_k_normalization {
    nn_k_channel_sum *channel_sum[NN_K_TYPES];
    nn_k_channel_product *channel_product[NN_K_TYPES];
    nn_k_channel_apply *channel_apply[NN_K_TYPES];
    nn_k_layer_norm *layer_norm[NN_K_TYPES];
    nn_k_layer_norm_back *layer_norm_back[NN_K_TYPES];
} nn_k_normalization;

#endif
