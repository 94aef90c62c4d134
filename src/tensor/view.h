/*
** view.h - other tensors on the same elements
**
** Each function makes a view that shares and retains t's storage; nothing is
** copied. Dimensions count from 0 here (the Lua face counts from 1); -1 is
** the last. Fails: NN_ESHAPE, NN_EVALUE; out then stays empty.
*/
#ifndef NN_TENSOR_VIEW_H
#define NN_TENSOR_VIEW_H

#include "tensor/tensor.h"

/* Turns a dimension that may be negative into 0..ndim-1. */
nn_status nn_dim_check(int64_t dim, int ndim, int *out, nn_error *err);

/* The same elements in row-major order under another shape; one size may be -1 (inferred).
** view fails where the strides do not allow it; reshape then copies. */
nn_status nn_tensor_view(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *shape,
                         nn_error *err);
nn_status nn_tensor_reshape(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *shape,
                            nn_error *err);

nn_status nn_tensor_transpose(nn_tensor *out, const nn_tensor *t, int64_t a, int64_t b,
                              nn_error *err);
nn_status nn_tensor_permute(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *dims,
                            nn_error *err);

/* Drops dimension dim, which has size 1 (squeeze_all: every dimension of size 1). */
nn_status nn_tensor_squeeze(nn_tensor *out, const nn_tensor *t, int64_t dim, nn_error *err);
nn_status nn_tensor_squeeze_all(nn_tensor *out, const nn_tensor *t, nn_error *err);

/* Adds a dimension of size 1 before dim, 0 <= dim <= ndim. */
nn_status nn_tensor_unsqueeze(nn_tensor *out, const nn_tensor *t, int64_t dim, nn_error *err);

/* Broadcasts to shape with strides of 0; a size of -1 keeps the present one. */
nn_status nn_tensor_expand(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *shape,
                           nn_error *err);

/* Index i (0-based) of dimension dim; the dimension disappears. */
nn_status nn_tensor_select(nn_tensor *out, const nn_tensor *t, int64_t dim, int64_t i,
                           nn_error *err);

/* Elements first, first+step, ... (count of them) of dimension dim; step may be negative. */
nn_status nn_tensor_slice(nn_tensor *out, const nn_tensor *t, int64_t dim, int64_t first,
                          int64_t count, int64_t step, nn_error *err);

#endif
