/*
** tensor.c - making, sharing and releasing tensors
*/
#include "tensor/tensor.h"

#include <string.h>

#include "tensor/alloc.h"
#include "tensor/copy.h"

static nn_storage *storage_new(size_t size, nn_error *err)
{
    nn_storage *storage = nn_alloc(sizeof *storage, err);
    if (!storage) return NULL;
    void *data = nn_alloc(size, err);
    if (!data) {
        nn_free(storage);
        return NULL;
    }
    *storage = (nn_storage){.references = 1, .version = 0, .size = size, .data = data};
    return storage;
}

nn_status nn_tensor_new(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                        nn_error *err)
{
    int64_t numel;
    if (ndim > NN_MAX_RANK)
        return nn_fail(err, NN_ESHAPE, 0, "rank %d is above the maximum of %d", ndim, NN_MAX_RANK);
    NN_TRY(nn_shape_numel(ndim, shape, &numel, err));
    if ((uint64_t)numel > SIZE_MAX / 2 / nn_dtype_size(dtype))
        return nn_fail(err, NN_EMEM, 0, "a %s tensor of shape %s does not fit in memory",
                       nn_dtype_name(dtype), nn_shape_name(ndim, shape).text);

    nn_storage *storage = storage_new((size_t)numel * nn_dtype_size(dtype), err);
    if (!storage) return err->code;
    *out = (nn_tensor){.storage = storage, .dtype = dtype, .ndim = ndim};
    for (int d = 0; d < ndim; d++) out->shape[d] = shape[d];
    nn_shape_strides(ndim, shape, out->stride);
    return NN_OK;
}

nn_status nn_tensor_zeros(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                          nn_error *err)
{
    NN_TRY(nn_tensor_new(out, dtype, ndim, shape, err));
    memset(out->storage->data, 0, out->storage->size);
    return NN_OK;
}

nn_status nn_tensor_full(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                         double value, nn_error *err)
{
    nn_storage storage = {.references = 1, .size = sizeof value, .data = &value};
    nn_tensor scalar = {.storage = &storage, .dtype = NN_FLOAT64};
    NN_TRY(nn_tensor_new(out, dtype, ndim, shape, err));
    nn_status status = nn_tensor_copy_first(out, &scalar, err);
    if (status != NN_OK) nn_tensor_release(out);
    return status;
}

nn_status nn_tensor_like(nn_tensor *out, const nn_tensor *t, nn_dtype dtype, nn_error *err)
{
    return nn_tensor_new(out, dtype, t->ndim, t->shape, err);
}

void nn_storage_keep(nn_storage *storage, nn_kept *kept)
{
    if (storage->kept) storage->kept->release(storage->kept);
    storage->kept = kept;
}

void nn_tensor_retain(nn_tensor *out, const nn_tensor *t)
{
    *out = *t;
    __atomic_add_fetch(&t->storage->references, 1, __ATOMIC_RELAXED);
}

void nn_tensor_release(nn_tensor *t)
{
    nn_storage *storage = t->storage;
    t->storage = NULL;
    if (storage && __atomic_sub_fetch(&storage->references, 1, __ATOMIC_ACQ_REL) == 0) {
        nn_storage_keep(storage, NULL);
        nn_free(storage->data);
        nn_free(storage);
    }
}

int64_t nn_tensor_numel(const nn_tensor *t)
{
    int64_t numel = 1;
    for (int d = 0; d < t->ndim; d++) numel *= t->shape[d];
    return numel;
}

bool nn_tensor_is_contiguous(const nn_tensor *t)
{
    int64_t expected = 1;
    if (nn_tensor_numel(t) == 0) return true;
    for (int d = t->ndim - 1; d >= 0; d--) {
        if (t->shape[d] != 1 && t->stride[d] != expected) return false;
        expected *= t->shape[d];
    }
    return true;
}

bool nn_tensor_same_shape(const nn_tensor *a, const nn_tensor *b)
{
    return nn_shape_equal(a->ndim, a->shape, b->ndim, b->shape);
}

nn_shape_text nn_tensor_shape_name(const nn_tensor *t)
{
    return nn_shape_name(t->ndim, t->shape);
}

void *nn_tensor_data(const nn_tensor *t)
{
    return (char *)t->storage->data + t->offset * (int64_t)nn_dtype_size(t->dtype);
}

/* The lowest and highest element offset that t reaches; false if it has no elements. */
static bool extent(const nn_tensor *t, int64_t *low, int64_t *high)
{
    *low = *high = t->offset;
    if (nn_tensor_numel(t) == 0) return false;
    for (int d = 0; d < t->ndim; d++) {
        int64_t reach = (t->shape[d] - 1) * t->stride[d];
        if (reach < 0)
            *low += reach;
        else
            *high += reach;
    }
    return true;
}

bool nn_tensor_may_overlap(const nn_tensor *a, const nn_tensor *b)
{
    int64_t a_low, a_high, b_low, b_high;
    if (a->storage != b->storage) return false;
    if (!extent(a, &a_low, &a_high) || !extent(b, &b_low, &b_high)) return false;
    return a_low <= b_high && b_low <= a_high;
}

bool nn_tensor_is_expanded(const nn_tensor *t)
{
    for (int d = 0; d < t->ndim; d++)
        if (t->stride[d] == 0 && t->shape[d] > 1) return true;
    return false;
}

bool nn_tensor_same_view(const nn_tensor *a, const nn_tensor *b)
{
    if (a->storage != b->storage || a->offset != b->offset || !nn_tensor_same_shape(a, b))
        return false;
    for (int d = 0; d < a->ndim; d++)
        if (a->shape[d] != 1 && a->stride[d] != b->stride[d]) return false;
    return true;
}

double nn_tensor_get(const nn_tensor *t, int64_t at)
{
    switch (t->dtype) {
    case NN_FLOAT32: return NN_DATA(float, t)[at];
    case NN_FLOAT64: return NN_DATA(double, t)[at];
    case NN_INT64: return (double)NN_DATA(int64_t, t)[at];
    default: return NN_DATA(uint8_t, t)[at];
    }
}

int64_t nn_tensor_get_int(const nn_tensor *t, int64_t at)
{
    switch (t->dtype) {
    case NN_FLOAT32:
    case NN_FLOAT64: return nn_int_of_double(nn_tensor_get(t, at));
    case NN_INT64: return NN_DATA(int64_t, t)[at];
    default: return NN_DATA(uint8_t, t)[at];
    }
}

void nn_tensor_set(nn_tensor *t, int64_t at, double value)
{
    switch (t->dtype) {
    case NN_FLOAT32: NN_DATA(float, t)[at] = (float)value; break;
    case NN_FLOAT64: NN_DATA(double, t)[at] = value; break;
    case NN_INT64: NN_DATA(int64_t, t)[at] = nn_int_of_double(value); break;
    case NN_UINT8: NN_DATA(uint8_t, t)[at] = (uint8_t)nn_int_of_double(value); break;
    default: NN_DATA(uint8_t, t)[at] = value != 0; break;
    }
}

void nn_tensor_set_int(nn_tensor *t, int64_t at, int64_t value)
{
    switch (t->dtype) {
    case NN_FLOAT32: NN_DATA(float, t)[at] = (float)value; break;
    case NN_FLOAT64: NN_DATA(double, t)[at] = (double)value; break;
    case NN_INT64: NN_DATA(int64_t, t)[at] = value; break;
    case NN_UINT8: NN_DATA(uint8_t, t)[at] = (uint8_t)value; break;
    default: NN_DATA(uint8_t, t)[at] = value != 0; break;
    }
}
