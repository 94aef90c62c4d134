/*
** index.c - index lists and masks as loops of slice copies
**
** A slice copy goes through views and nn_tensor_copy, so every dtype, stride
** and broadcast is handled in one place; selecting from a contiguous tensor,
** as a shuffled batch does, moves blocks of bytes instead. A mask becomes an index list over
** the flattened leading dimensions.
*/
#include "nn/index.h"

#include <inttypes.h>
#include <string.h>

#include "nn/blocks.h"
#include "nn/elementwise.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"
#include "tensor/view.h"

/* The indices of a (n) list as 0-based, checked int64 in a new contiguous tensor. */
static nn_status check_indices(nn_tensor *out, const nn_tensor *index, int64_t size, int arg,
                               nn_error *err)
{
    if (index->dtype != NN_INT64 && index->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, arg, "indices are %s, expected int64",
                       nn_dtype_name(index->dtype));
    NN_TRY(nn_tensor_to(out, index, NN_INT64, err));
    int64_t n = nn_tensor_numel(out), *at = nn_tensor_data(out);
    for (int64_t i = 0; i < n; i++) {
        int64_t given = at[i];
        if (given < 0) at[i] = given + size + 1;
        if (at[i] < 1 || at[i] > size) {
            nn_tensor_release(out);
            return nn_fail(err, NN_EVALUE, arg,
                           "index %" PRId64 " at position %" PRId64 " is outside 1..%" PRId64,
                           given, i + 1, size);
        }
        at[i]--;
    }
    return NN_OK;
}

static nn_status check_list(nn_tensor *out, const nn_tensor *t, int64_t dim, int *d,
                            const nn_tensor *index, int arg, nn_error *err)
{
    NN_TRY(nn_dim_check(dim, t->ndim, d, err));
    if (index->ndim > 1)
        return nn_fail(err, NN_ESHAPE, arg, "indices have shape %s, expected a vector",
                       nn_tensor_shape_name(index).text);
    return check_indices(out, index, t->shape[*d], arg, err);
}

/* Copies slice i of `from` to slice j of `to` along dimension d. */
static nn_status copy_slice(nn_tensor *to, int64_t j, const nn_tensor *from, int64_t i, int d,
                            nn_error *err)
{
    nn_tensor target = NN_TENSOR_EMPTY, source = NN_TENSOR_EMPTY;
    nn_status status = nn_tensor_select(&target, to, d, j, err);
    if (status == NN_OK) status = nn_tensor_select(&source, from, d, i, err);
    if (status == NN_OK) status = nn_tensor_copy(&target, &source, err);
    nn_tensor_release(&source);
    nn_tensor_release(&target);
    return status;
}

/* A contiguous tensor's slices along a dimension: `outer` times, at[i] * block bytes into each
** outer part, there are `block` bytes to take. */
typedef struct blocks {
    char *to;
    const char *from;
    const int64_t *at;
    int64_t n;    /* indices */
    int64_t size; /* of t along the dimension */
    size_t block; /* bytes */
} blocks;

/* Rows of a shuffled batch lie anywhere: so many ahead are asked for, up to a few lines of each. */
#define AHEAD 4
#define AHEAD_LINES 16

static void prefetch(const blocks *b, int64_t i)
{
    const char *from = b->from + (size_t)(i / b->n * b->size + b->at[i % b->n]) * b->block;
    for (size_t line = 0; line < b->block && line < AHEAD_LINES * 64; line += 64)
        __builtin_prefetch(from + line);
}

static void take_blocks(void *context, int64_t first, int64_t count)
{
    const blocks *b = context;
    for (int64_t i = first; i < first + count; i++) {
        int64_t source = i / b->n * b->size + b->at[i % b->n];
        char *to = b->to + (size_t)i * b->block;
        const char *from = b->from + (size_t)source * b->block;
        if (i + AHEAD < first + count) prefetch(b, i + AHEAD);
        if (b->block == 8)
            memcpy(to, from, 8); /* a constant size is one move */
        else
            memcpy(to, from, b->block);
    }
}

static nn_status select_blocks(nn_tensor *out, const nn_tensor *t, int d, const int64_t *at,
                               nn_error *err)
{
    int64_t outer = 1, inner = 1;
    for (int k = 0; k < d; k++) outer *= t->shape[k];
    for (int k = d + 1; k < t->ndim; k++) inner *= t->shape[k];
    blocks b = {.to = nn_tensor_data(out),
                .from = nn_tensor_data(t),
                .at = at,
                .n = out->shape[d],
                .size = t->shape[d],
                .block = (size_t)inner * nn_dtype_size(t->dtype)};
    if (b.block == 0) return NN_OK;
    return nn_blocks_each(outer * b.n, nn_blocks_rows(NN_K_BLOCK, (int64_t)b.block), take_blocks,
                          &b, err);
}

nn_status nn_index_select(nn_tensor *out, const nn_tensor *t, int64_t dim, const nn_tensor *index,
                          nn_error *err)
{
    int d;
    int64_t shape[NN_MAX_RANK];
    nn_tensor list = NN_TENSOR_EMPTY, result = NN_TENSOR_EMPTY;
    NN_TRY(check_list(&list, t, dim, &d, index, 3, err));
    int64_t n = nn_tensor_numel(&list);
    const int64_t *at = nn_tensor_data(&list);
    for (int k = 0; k < t->ndim; k++) shape[k] = k == d ? n : t->shape[k];
    nn_status status = nn_tensor_new(&result, t->dtype, t->ndim, shape, err);
    if (status == NN_OK && nn_tensor_is_contiguous(t))
        status = select_blocks(&result, t, d, at, err);
    else
        for (int64_t i = 0; i < n && status == NN_OK; i++)
            status =
                nn_cancelled() ? nn_interrupted(err) : copy_slice(&result, i, t, at[i], d, err);
    nn_tensor_release(&list);
    if (status == NN_OK)
        *out = result;
    else
        nn_tensor_release(&result);
    return status;
}

/* source in t's dtype, apart from t's memory, and expanded to the shape of the places it goes to:
** t's, with size n along d. After this nothing of a placement can fail or be overwritten. */
static nn_status prepare_source(nn_tensor *out, const nn_tensor *source, int arg,
                                const nn_tensor *t, int d, int64_t n, nn_error *err)
{
    int64_t shape[NN_MAX_RANK];
    nn_tensor own = NN_TENSOR_EMPTY;
    for (int k = 0; k < t->ndim; k++) shape[k] = k == d ? n : t->shape[k];
    if (source->dtype != t->dtype || nn_tensor_may_overlap(t, source))
        NN_TRY(nn_tensor_to(&own, source, t->dtype, err));
    else
        nn_tensor_retain(&own, source);
    nn_status status = nn_tensor_expand(out, &own, t->ndim, shape, err);
    if (status != NN_OK) err->arg = arg;
    nn_tensor_release(&own);
    return status;
}

/* source_arg: the number of the argument `source`. */
static nn_status place(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                       int source_arg, bool add, nn_error *err)
{
    int d;
    nn_tensor list = NN_TENSOR_EMPTY, from = NN_TENSOR_EMPTY;
    NN_TRY(check_list(&list, t, dim, &d, index, 3, err));
    int64_t n = nn_tensor_numel(&list);
    const int64_t *at = nn_tensor_data(&list);
    nn_status status = prepare_source(&from, source, source_arg, t, d, n, err);
    nn_cancel_hold(); /* from here on t changes */
    for (int64_t i = 0; i < n && status == NN_OK; i++) {
        if (!add) {
            status = copy_slice(t, at[i], &from, i, d, err);
            continue;
        }
        nn_tensor target = NN_TENSOR_EMPTY, one = NN_TENSOR_EMPTY;
        status = nn_tensor_select(&target, t, d, at[i], err);
        if (status == NN_OK) status = nn_tensor_select(&one, &from, d, i, err);
        if (status == NN_OK) status = nn_binary(&target, NN_K_ADD, &target, &one, err);
        nn_tensor_release(&one);
        nn_tensor_release(&target);
    }
    nn_cancel_release();
    nn_tensor_release(&from);
    nn_tensor_release(&list);
    return status;
}

nn_status nn_index_copy(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                        nn_error *err)
{
    return place(t, dim, index, source, 4, false, err);
}

nn_status nn_index_add(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                       nn_error *err)
{
    return place(t, dim, index, source, 4, true, err);
}

/* Checks gather's operands and makes `at`: for every element of index, in row-major order, the
** offset of its element of t. */
static nn_status gather_offsets(nn_tensor *at, const nn_tensor *t, int64_t dim,
                                const nn_tensor *index, nn_error *err)
{
    int d;
    NN_TRY(nn_dim_check(dim, t->ndim, &d, err));
    bool fits = index->ndim == t->ndim;
    for (int k = 0; fits && k < t->ndim; k++) fits = k == d || index->shape[k] <= t->shape[k];
    if (!fits)
        return nn_fail(err, NN_ESHAPE, 3, "indices of shape %s do not fit into %s",
                       nn_tensor_shape_name(index).text, nn_tensor_shape_name(t).text);
    NN_TRY(check_indices(at, index, t->shape[d], 3, err));
    int64_t n = nn_tensor_numel(at), *offset = nn_tensor_data(at);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, sum = offset[i] * t->stride[d];
        for (int k = t->ndim - 1; k >= 0; k--) {
            if (k != d) sum += rest % index->shape[k] * t->stride[k];
            rest /= index->shape[k];
        }
        offset[i] = sum;
    }
    return NN_OK;
}

nn_status nn_gather(nn_tensor *out, const nn_tensor *t, int64_t dim, const nn_tensor *index,
                    nn_error *err)
{
    nn_tensor at = NN_TENSOR_EMPTY;
    NN_TRY(gather_offsets(&at, t, dim, index, err));
    nn_status status = nn_tensor_like(out, index, t->dtype, err);
    if (status == NN_OK) {
        int64_t n = nn_tensor_numel(out);
        const int64_t *offset = nn_tensor_data(&at);
        int64_t i = 0;
        for (; i < n && !nn_cancelled_at(i); i++)
            if (nn_dtype_is_float(t->dtype))
                nn_tensor_set(out, i, nn_tensor_get(t, offset[i]));
            else
                nn_tensor_set_int(out, i, nn_tensor_get_int(t, offset[i]));
        if (i < n) {
            nn_tensor_release(out);
            status = nn_interrupted(err);
        }
    }
    nn_tensor_release(&at);
    return status;
}

nn_status nn_scatter_add(nn_tensor *t, int64_t dim, const nn_tensor *index, const nn_tensor *source,
                         nn_error *err)
{
    nn_tensor at = NN_TENSOR_EMPTY, plain = NN_TENSOR_EMPTY;
    if (!nn_tensor_same_shape(index, source))
        return nn_fail(err, NN_ESHAPE, 4, "source has shape %s, indices have %s",
                       nn_tensor_shape_name(source).text, nn_tensor_shape_name(index).text);
    NN_TRY(gather_offsets(&at, t, dim, index, err));
    nn_status status = nn_tensor_to(&plain, source, t->dtype, err);
    if (status == NN_OK) {
        int64_t n = nn_tensor_numel(&plain);
        const int64_t *offset = nn_tensor_data(&at);
        for (int64_t i = 0; i < n; i++)
            if (nn_dtype_is_float(t->dtype))
                nn_tensor_set(t, offset[i], nn_tensor_get(t, offset[i]) + nn_tensor_get(&plain, i));
            else
                nn_tensor_set_int(t, offset[i],
                                  (int64_t)((uint64_t)nn_tensor_get_int(t, offset[i]) +
                                            (uint64_t)nn_tensor_get_int(&plain, i)));
    }
    nn_tensor_release(&plain);
    nn_tensor_release(&at);
    return status;
}

/* t with the dimensions that mask covers joined into one, and the list of those of its entries
** (from 1) where mask is true. `flat` is a view where t's strides allow it (must_view: otherwise
** an error). */
static nn_status mask_to_list(nn_tensor *flat, nn_tensor *list, const nn_tensor *t,
                              const nn_tensor *mask, bool must_view, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    int64_t shape[NN_MAX_RANK + 1]; /* a 0-dim mask adds a dimension */
    int ndim = 1;
    if (mask->dtype != NN_BOOL)
        return nn_fail(err, NN_EDTYPE, 2, "mask is %s, expected bool", nn_dtype_name(mask->dtype));
    if (mask->ndim > t->ndim || !nn_shape_equal(mask->ndim, mask->shape, mask->ndim, t->shape))
        return nn_fail(err, NN_ESHAPE, 2, "a mask of shape %s does not fit shape %s",
                       nn_tensor_shape_name(mask).text, nn_tensor_shape_name(t).text);
    int64_t places = nn_tensor_numel(mask), count = 0;
    shape[0] = places;
    for (int d = mask->ndim; d < t->ndim; d++) shape[ndim++] = t->shape[d];
    if (must_view)
        NN_TRY(nn_tensor_view(flat, t, ndim, shape, err));
    else
        NN_TRY(nn_tensor_reshape(flat, t, ndim, shape, err));

    nn_status status = nn_tensor_contiguous(&plain, mask, NN_BOOL, err);
    if (status == NN_OK) {
        const uint8_t *flag = nn_tensor_data(&plain);
        for (int64_t i = 0; i < places; i++) count += flag[i];
        status = nn_tensor_new(list, NN_INT64, 1, &count, err);
        int64_t *at = status == NN_OK ? nn_tensor_data(list) : NULL;
        for (int64_t i = 0, k = 0; at && i < places; i++)
            if (flag[i]) at[k++] = i + 1;
    }
    nn_tensor_release(&plain);
    if (status != NN_OK) nn_tensor_release(flat);
    return status;
}

nn_status nn_masked_select(nn_tensor *out, const nn_tensor *t, const nn_tensor *mask, nn_error *err)
{
    nn_tensor flat = NN_TENSOR_EMPTY, list = NN_TENSOR_EMPTY;
    NN_TRY(mask_to_list(&flat, &list, t, mask, false, err));
    nn_status status = nn_index_select(out, &flat, 0, &list, err);
    nn_tensor_release(&list);
    nn_tensor_release(&flat);
    return status;
}

nn_status nn_masked_copy(nn_tensor *t, const nn_tensor *mask, const nn_tensor *source,
                         nn_error *err)
{
    nn_tensor flat = NN_TENSOR_EMPTY, list = NN_TENSOR_EMPTY, copy = NN_TENSOR_EMPTY;
    nn_error no_view;
    nn_status status = mask_to_list(&flat, &list, t, mask, true, &no_view);
    if (status == NN_OK) {
        status = place(&flat, 0, &list, source, 3, false, err);
    } else {
        /* No view of t has the joined dimension: work on a copy, then write all of it back. */
        NN_TRY(nn_tensor_clone(&copy, t, err));
        status = mask_to_list(&flat, &list, &copy, mask, true, err);
        if (status == NN_OK) status = place(&flat, 0, &list, source, 3, false, err);
        if (status == NN_OK) status = nn_tensor_copy(t, &copy, err);
    }
    nn_tensor_release(&copy);
    nn_tensor_release(&list);
    nn_tensor_release(&flat);
    return status;
}

nn_status nn_cat(nn_tensor *out, int count, const nn_tensor *const *tensors, int64_t dim,
                 nn_error *err)
{
    int d;
    int64_t shape[NN_MAX_RANK], at = 0;
    nn_tensor result = NN_TENSOR_EMPTY;
    if (count == 0) return nn_fail(err, NN_EVALUE, 1, "no tensors to join");
    const nn_tensor *first = tensors[0];
    nn_dtype dtype = first->dtype;
    NN_TRY(nn_dim_check(dim, first->ndim, &d, err));
    for (int k = 0; k < first->ndim; k++) shape[k] = first->shape[k];
    for (int i = 1; i < count; i++) {
        const nn_tensor *t = tensors[i];
        bool fits = t->ndim == first->ndim;
        for (int k = 0; fits && k < t->ndim; k++) fits = k == d || t->shape[k] == shape[k];
        if (!fits)
            return nn_fail(err, NN_ESHAPE, 1, "tensor %d has shape %s, tensor 1 has %s", i + 1,
                           nn_tensor_shape_name(t).text, nn_tensor_shape_name(first).text);
        if (t->shape[d] > INT64_MAX - shape[d])
            return nn_fail(err, NN_ESHAPE, 1, "the joined size of dimension %d is too large",
                           d + 1);
        shape[d] += t->shape[d];
        dtype = nn_dtype_promote(dtype, t->dtype);
    }
    nn_status status = nn_tensor_new(&result, dtype, first->ndim, shape, err);
    for (int i = 0; i < count && status == NN_OK; i++) {
        nn_tensor part = NN_TENSOR_EMPTY;
        status = nn_tensor_slice(&part, &result, d, at, tensors[i]->shape[d], 1, err);
        if (status == NN_OK) status = nn_tensor_copy_first(&part, tensors[i], err);
        at += tensors[i]->shape[d];
        nn_tensor_release(&part);
    }
    if (status == NN_OK)
        *out = result;
    else
        nn_tensor_release(&result);
    return status;
}

nn_status nn_stack(nn_tensor *out, int count, const nn_tensor *const *tensors, int64_t dim,
                   nn_error *err)
{
    int d;
    int64_t shape[NN_MAX_RANK];
    nn_tensor result = NN_TENSOR_EMPTY;
    if (count == 0) return nn_fail(err, NN_EVALUE, 1, "no tensors to join");
    const nn_tensor *first = tensors[0];
    nn_dtype dtype = first->dtype;
    if (first->ndim == NN_MAX_RANK)
        return nn_fail(err, NN_ESHAPE, 1, "rank is already the maximum of %d", NN_MAX_RANK);
    NN_TRY(nn_dim_check(dim, first->ndim + 1, &d, err));
    for (int i = 1; i < count; i++) {
        if (!nn_tensor_same_shape(tensors[i], first))
            return nn_fail(err, NN_ESHAPE, 1, "tensor %d has shape %s, tensor 1 has %s", i + 1,
                           nn_tensor_shape_name(tensors[i]).text, nn_tensor_shape_name(first).text);
        dtype = nn_dtype_promote(dtype, tensors[i]->dtype);
    }
    for (int k = 0; k <= first->ndim; k++)
        shape[k] = k == d ? count : first->shape[k < d ? k : k - 1];
    nn_status status = nn_tensor_new(&result, dtype, first->ndim + 1, shape, err);
    for (int i = 0; i < count && status == NN_OK; i++) {
        nn_tensor part = NN_TENSOR_EMPTY;
        status = nn_tensor_select(&part, &result, d, i, err);
        if (status == NN_OK) status = nn_tensor_copy_first(&part, tensors[i], err);
        nn_tensor_release(&part);
    }
    if (status == NN_OK)
        *out = result;
    else
        nn_tensor_release(&result);
    return status;
}
