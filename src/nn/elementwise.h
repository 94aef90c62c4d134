/*
** elementwise.h - arithmetic, comparison and functions, element by element
**
** Operands broadcast (NumPy's rules) and are promoted to one dtype
** (tensor/dtype.h). The target `out` is either an empty handle, which gets a
** new contiguous tensor, or a full one, which is written in place: its shape
** must be the result's, and a float result does not go into an integer
** target. An in-place target may share memory with the operands.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (integer division by zero, negative
** integer power), NN_EMEM. Twins: kernel/ref_arith.c.
*/
#ifndef NN_NN_ELEMENTWISE_H
#define NN_NN_ELEMENTWISE_H

#include "kernel/arith.h"
#include "tensor/tensor.h"

/* div of integers gives float32. */
nn_status nn_binary(nn_tensor *out, nn_k_binary_op op, const nn_tensor *a, const nn_tensor *b,
                    nn_error *err);

/* Gives bool. */
nn_status nn_compare(nn_tensor *out, nn_k_compare_op op, const nn_tensor *a, const nn_tensor *b,
                     nn_error *err);

/* Float functions of integers are computed in float32. */
nn_status nn_unary(nn_tensor *out, nn_k_unary_op op, const nn_tensor *x, nn_error *err);

/* Values below low become low, above high become high. Pass -INFINITY or INFINITY for none.
** Integers get the nearest integers within the bounds. NN_EVALUE: a bound is NaN. */
nn_status nn_clamp(nn_tensor *out, const nn_tensor *x, double low, double high, nn_error *err);

/* condition (bool) ? a : b. */
nn_status nn_where(nn_tensor *out, const nn_tensor *condition, const nn_tensor *a,
                   const nn_tensor *b, nn_error *err);

/* True if all elements agree (NaN equals nothing); false also where shapes differ. */
nn_status nn_equal(bool *equal, const nn_tensor *a, const nn_tensor *b, nn_error *err);

#endif
