/*
** exact_sum.h - sums of doubles without rounding, so that the order of adding leaves no trace
**
** A sum is a row of NN_EXACT_SIZE int64: a fixed-point number wide enough for
** every double, in digits of 32 bits, digit 0 worth 2^-1074, all digits in
** 0..2^32-1 but the last, which has the sign; then how many NaN, +inf and
** -inf were added. Equal sums are equal bit for bit. Up to 2^62 doubles fit.
** (Kulisch's accumulator: "Computer Arithmetic and Validity", 2008.)
*/
#ifndef NN_NN_EXACT_SUM_H
#define NN_NN_EXACT_SUM_H

#include "tensor/tensor.h"

#define NN_EXACT_SIZE 72

/* Element i of x, in row-major order, or its square without rounding (but for what lies below
** 2^-1074), is added to row i % k of sums (k,NN_EXACT_SIZE), int64, contiguous. x: float; its
** number of elements is a multiple of k. Fails: NN_EDTYPE, NN_ESHAPE, NN_EMEM. */
nn_status nn_exact_add(nn_tensor *sums, const nn_tensor *x, bool square, nn_error *err);

/* Row r of sums (from 0) to 106 bits: *high is the nearest double, *low the nearest to the rest.
** Fails: NN_EDTYPE, NN_ESHAPE. */
nn_status nn_exact_value(double *high, double *low, const nn_tensor *sums, int64_t r,
                         nn_error *err);

#endif
