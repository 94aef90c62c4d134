/*
** create.h - tensors made from a rule: identity, sequences, random numbers
**
** out is an empty handle. Random functions draw from rng in row-major order
** what numpy.random.RandomState draws, in float64, and cast to dtype.
*/
#ifndef NN_TENSOR_CREATE_H
#define NN_TENSOR_CREATE_H

#include "tensor/rng.h"
#include "tensor/tensor.h"

/* (n,m) with ones on the diagonal. */
nn_status nn_tensor_eye(nn_tensor *out, nn_dtype dtype, int64_t n, int64_t m, nn_error *err);

/* first, first+step, ... while before stop (half-open); element i is first + i*step. */
nn_status nn_tensor_arange(nn_tensor *out, nn_dtype dtype, double first, double stop, double step,
                           nn_error *err);

/* The same, exact for all int64 values. */
nn_status nn_tensor_arange_int(nn_tensor *out, nn_dtype dtype, int64_t first, int64_t stop,
                               int64_t step, nn_error *err);

/* count points from first to last, both included; symmetric about the middle. */
nn_status nn_tensor_linspace(nn_tensor *out, nn_dtype dtype, double first, double last,
                             int64_t count, nn_error *err);

nn_status nn_tensor_rand(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                         nn_rng *rng, nn_error *err);
nn_status nn_tensor_randn(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                          nn_rng *rng, nn_error *err);

/* Integers low <= x < high. */
nn_status nn_tensor_randint(nn_tensor *out, nn_dtype dtype, int64_t low, int64_t high, int ndim,
                            const int64_t *shape, nn_rng *rng, nn_error *err);

/* A permutation of 1..n, int64: NumPy's permutation(n), plus 1. */
nn_status nn_tensor_randperm(nn_tensor *out, int64_t n, nn_rng *rng, nn_error *err);

/* Shuffles the rows (first dimension) of t in place as RandomState.shuffle does. Allocates
** nothing. NN_ESHAPE: t is 0-dim; NN_EVALUE: it is expanded. */
nn_status nn_tensor_shuffle(nn_tensor *t, nn_rng *rng, nn_error *err);

#endif
