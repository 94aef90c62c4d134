/*
** index.h - picking and placing elements by index lists and masks
**
** Indices are int64 and count from 1; negatives count from the end. All are
** checked before anything is written. out: an empty handle, a new tensor.
** Fails: NN_EVALUE (an index outside its range, named with its position),
** NN_ESHAPE, NN_EDTYPE, NN_EMEM.
*/
#ifndef NN_NN_INDEX_H
#define NN_NN_INDEX_H

#include "tensor/tensor.h"

/* The slices index[0], index[1], ... of dimension dim; index: (n), out: dim has size n. */
nn_status nn_index_select(nn_tensor *out, const nn_tensor *t, int64_t dim, const nn_tensor *index,
                          nn_error *err);

/* t's slices index[i] of dim get (copy) or are increased by (add) slice i of source, which
** broadcasts. Repeated indices: the last one stays, or all are added. */
nn_status nn_index_copy(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                        nn_error *err);
nn_status nn_index_add(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                       nn_error *err);

/* out[i][j] = t[i][index[i][j]] for dim 2 of a matrix, and so on; out has index's shape. */
nn_status nn_gather(nn_tensor *out, const nn_tensor *t, int64_t dim, const nn_tensor *index,
                    nn_error *err);

/* t[i][index[i][j]] += source[i][j] in place: the backward pass of gather. */
nn_status nn_scatter_add(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                         nn_error *err);

/* The elements of t where mask (bool, t's shape or its leading dimensions) is true. A mask over
** the leading k dimensions gives (count, remaining dimensions...). */
nn_status nn_masked_select(nn_tensor *out, const nn_tensor *t, const nn_tensor *mask,
                           nn_error *err);

/* The places that nn_masked_select would read get source, which broadcasts to their shape. */
nn_status nn_masked_copy(nn_tensor *t, const nn_tensor *mask, const nn_tensor *source,
                         nn_error *err);

/* Joins tensors along dim (cat) or along a new dimension (stack). Dtypes are promoted. */
nn_status nn_cat(nn_tensor *out, int count, const nn_tensor *const *tensors, int64_t dim,
                 nn_error *err);
nn_status nn_stack(nn_tensor *out, int count, const nn_tensor *const *tensors, int64_t dim,
                   nn_error *err);

#endif
