/*
** reduce.h - sums, means, extremes over one dimension or over all
**
** dim counts from 0, negatives from the end; NN_ALL_DIMS reduces everything
** to a 0-dim tensor. With keepdim the reduced dimension stays with size 1.
** Sums and products of integers and bools are int64; mean, var, std and norm
** of integers are float32. Float sums are accumulated in double. out (and
** index) are empty handles. Indices count from 1.
** Fails: NN_EVALUE (no such dimension, extreme of nothing), NN_EMEM.
*/
#ifndef NN_NN_REDUCE_H
#define NN_NN_REDUCE_H

#include <limits.h>

#include "tensor/tensor.h"

#define NN_ALL_DIMS INT_MIN

typedef struct nn_reduction {
    int64_t dim; /* or NN_ALL_DIMS */
    bool keepdim;
} nn_reduction;

nn_status nn_sum(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err);
nn_status nn_prod(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err);
nn_status nn_mean(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err);

/* sum (x - mean)^2 / (n - correction), two passes; NaN where n <= correction. */
nn_status nn_var(nn_tensor *out, const nn_tensor *x, nn_reduction r, int correction, nn_error *err);
nn_status nn_std(nn_tensor *out, const nn_tensor *x, nn_reduction r, int correction, nn_error *err);

/* (sum |x|^p)^(1/p); p = INFINITY: max |x|. p > 0. */
nn_status nn_norm(nn_tensor *out, const nn_tensor *x, nn_reduction r, double p, nn_error *err);

/* value and index (either may be NULL) of the first largest / smallest; NaN wins. */
nn_status nn_max(nn_tensor *value, nn_tensor *index, const nn_tensor *x, nn_reduction r,
                 nn_error *err);
nn_status nn_min(nn_tensor *value, nn_tensor *index, const nn_tensor *x, nn_reduction r,
                 nn_error *err);

/* bool: are all / is any of the elements not 0? */
nn_status nn_all(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err);
nn_status nn_any(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err);

/* Sums dy over the dimensions along which x was broadcast to dy's shape; the result has x's
** shape and dy's dtype. The backward pass of broadcasting. */
nn_status nn_sum_to(nn_tensor *out, const nn_tensor *dy, const nn_tensor *x, nn_error *err);

#endif
