/*
** copy.h - moving elements between tensors: copy, cast, fill
**
** A cast follows C and PyTorch: float to integer truncates toward zero and
** saturates at int64's ends (NaN gives 0), to uint8 it goes through int64 and wraps, and
** anything to bool is 1 where it is not 0 (NaN is not 0).
*/
#ifndef NN_TENSOR_COPY_H
#define NN_TENSOR_COPY_H

#include "tensor/tensor.h"

/* Writes src, broadcast to dst's shape and cast to its dtype, into dst's elements. Overlapping
** tensors are handled as if src had been copied first. NN_ESHAPE, NN_EMEM. */
nn_status nn_tensor_copy(nn_tensor *dst, const nn_tensor *src, nn_error *err);

/* The same for a dst that is new, so that nobody minds if it stays unfinished: NN_EINTERRUPTED.
** (The other runs to its end.) */
nn_status nn_tensor_copy_first(nn_tensor *dst, const nn_tensor *src, nn_error *err);

void nn_tensor_fill(nn_tensor *t, double value);

/* A new contiguous copy; with the given dtype. */
nn_status nn_tensor_clone(nn_tensor *out, const nn_tensor *t, nn_error *err);
nn_status nn_tensor_to(nn_tensor *out, const nn_tensor *t, nn_dtype dtype, nn_error *err);

/* t itself (retained) if it is contiguous and of the dtype, otherwise a new copy. */
nn_status nn_tensor_contiguous(nn_tensor *out, const nn_tensor *t, nn_dtype dtype, nn_error *err);

#endif
