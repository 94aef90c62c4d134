/*
** tensor.h - a strided view of reference-counted storage
**
** A tensor is dtype + shape + strides + offset + one reference to a storage;
** a view is another tensor on the same storage and keeps it alive. Strides
** and offset count elements; a stride may be 0 (expanded) or negative.
**
** A handle is empty (all zero, NN_TENSOR_EMPTY) or full. Functions that make
** a tensor take an empty handle and fill it; on failure it stays empty.
** nn_tensor_release empties a handle and may be called again.
*/
#ifndef NN_TENSOR_TENSOR_H
#define NN_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/status.h"

/* Something that was worked out from a storage's bytes and is kept with them; the first member of
** what it really is. Who keeps it notes the version and looks at it before use. */
typedef struct nn_kept {
    void (*release)(struct nn_kept *kept);
} nn_kept;

typedef struct nn_storage {
    int64_t references; /* tensors that share these bytes; atomic */
    int64_t version;    /* how often they were written to in place */
    size_t size;        /* bytes */
    void *data;         /* NN_ALIGNMENT-aligned */
    nn_kept *kept;      /* released with the storage; NULL: nothing */
} nn_storage;

/* Keeps `kept` with the storage, in place of what was kept before, which is released. */
void nn_storage_keep(nn_storage *storage, nn_kept *kept);

typedef struct nn_tensor {
    nn_storage *storage; /* NULL: the handle is empty */
    int64_t offset;      /* of the first element */
    nn_dtype dtype;
    int ndim;
    int64_t shape[NN_MAX_RANK];
    int64_t stride[NN_MAX_RANK];
} nn_tensor;

#define NN_TENSOR_EMPTY ((nn_tensor){0})

/* A new contiguous tensor, elements uninitialised / all zero / all value (cast to dtype). */
nn_status nn_tensor_new(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                        nn_error *err);
nn_status nn_tensor_zeros(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                          nn_error *err);
nn_status nn_tensor_full(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                         double value, nn_error *err);

/* A new contiguous uninitialised tensor with t's shape, of the given dtype. */
nn_status nn_tensor_like(nn_tensor *out, const nn_tensor *t, nn_dtype dtype, nn_error *err);

/* out becomes a second handle on t's elements. Cannot fail. */
void nn_tensor_retain(nn_tensor *out, const nn_tensor *t);

/* Gives the reference back and empties the handle; an empty handle is left alone. */
void nn_tensor_release(nn_tensor *t);

int64_t nn_tensor_numel(const nn_tensor *t);
bool nn_tensor_is_contiguous(const nn_tensor *t); /* row-major without gaps */
bool nn_tensor_same_shape(const nn_tensor *a, const nn_tensor *b);
nn_shape_text nn_tensor_shape_name(const nn_tensor *t);

/* The address of the first element. */
void *nn_tensor_data(const nn_tensor *t);
#define NN_DATA(type, t) ((type *)nn_tensor_data(t))

/* True if the bytes that a and b can reach may overlap (judged by their extents). */
bool nn_tensor_may_overlap(const nn_tensor *a, const nn_tensor *b);

/* True if several indices of t name the same element: a view that expand has made. */
bool nn_tensor_is_expanded(const nn_tensor *t);

/* True if a and b name exactly the same elements in the same order. */
bool nn_tensor_same_view(const nn_tensor *a, const nn_tensor *b);

/* One element as a number, at an element offset from nn_tensor_data, and the way back.
** int64 values past 2^53 round in the double forms. */
double nn_tensor_get(const nn_tensor *t, int64_t at);
int64_t nn_tensor_get_int(const nn_tensor *t, int64_t at);
void nn_tensor_set(nn_tensor *t, int64_t at, double value);
void nn_tensor_set_int(nn_tensor *t, int64_t at, int64_t value);

#endif
