/*
** embedding.c - rows copied; their gradients added by columns
**
** A block of the backward pass owns a range of columns and walks all indices
** in their order, so every sum is whole inside one block, in one order.
*/
#include "nn/embedding.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/copy.h"

#define COLUMNS 64 /* of a block of the backward pass: whole cache lines */

typedef struct job {
    nn_dtype dtype;
    const int64_t *index;
    int64_t n, width; /* indices, elements of a row */
    char *out;
    const char *from;
    int64_t padding;
} job;

static void copy_rows(void *context, int64_t first, int64_t count)
{
    const job *j = context;
    size_t bytes = (size_t)j->width * nn_dtype_size(j->dtype);
    for (int64_t i = first; i < first + count; i++)
        memcpy(j->out + (size_t)i * bytes, j->from + (size_t)(j->index[i] - 1) * bytes, bytes);
}

static void add_columns(void *context, int64_t first, int64_t count)
{
    const job *j = context;
    int64_t size = (int64_t)nn_dtype_size(j->dtype);
    nn_k_binary *add = nn_k()->arith->binary[NN_K_ADD][j->dtype];
    for (int64_t i = 0; i < j->n; i++) {
        if (j->index[i] == j->padding) continue;
        char *sum = j->out + ((j->index[i] - 1) * j->width + first) * size;
        add(sum, 1, sum, 1, j->from + (i * j->width + first) * size, 1, count);
    }
}

/* The indices, contiguous, int64 and all in 1..rows. */
static nn_status take_indices(nn_tensor *out, const nn_tensor *index, int arg, int64_t rows,
                              nn_error *err)
{
    if (index->dtype != NN_INT64 && index->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, arg, "indices are %s, expected int64",
                       nn_dtype_name(index->dtype));
    if (index->ndim >= NN_MAX_RANK)
        return nn_fail(err, NN_ESHAPE, arg, "indices have shape %s, which leaves no dimension",
                       nn_tensor_shape_name(index).text);
    NN_TRY(nn_tensor_contiguous(out, index, NN_INT64, err));
    int64_t n = nn_tensor_numel(out), position[NN_MAX_RANK];
    const int64_t *value = nn_tensor_data(out);
    int64_t i = nn_k()->neural->outside[NN_INT64](value, n, 1, (double)rows);
    if (i == n) return NN_OK;
    int64_t rest = i;
    for (int d = index->ndim - 1; d >= 0; d--) {
        position[d] = rest % index->shape[d] + 1;
        rest /= index->shape[d];
    }
    nn_fail(err, NN_EVALUE, arg, "index %" PRId64 " at position %s is outside 1..%" PRId64,
            value[i], nn_shape_name(index->ndim, position).text, rows);
    nn_tensor_release(out);
    return NN_EVALUE;
}

nn_status nn_embedding(nn_tensor *y, const nn_tensor *index, const nn_tensor *weight, nn_error *err)
{
    nn_tensor list = NN_TENSOR_EMPTY, table = NN_TENSOR_EMPTY;
    int64_t shape[NN_MAX_RANK];
    NN_TRY(nn_check_float((nn_operand){weight, 2, "weight"}, err));
    if (weight->ndim != 2)
        return nn_fail(err, NN_ESHAPE, 2, "weight is %s, expected [V,D]",
                       nn_tensor_shape_name(weight).text);
    NN_TRY(take_indices(&list, index, 1, weight->shape[0], err));
    for (int d = 0; d < index->ndim; d++) shape[d] = index->shape[d];
    shape[index->ndim] = weight->shape[1];
    nn_status status = nn_tensor_contiguous(&table, weight, weight->dtype, err);
    if (status == NN_OK) status = nn_tensor_new(y, weight->dtype, index->ndim + 1, shape, err);
    if (status == NN_OK) {
        job j = {.dtype = weight->dtype,
                 .index = nn_tensor_data(&list),
                 .n = nn_tensor_numel(&list),
                 .width = weight->shape[1],
                 .out = nn_tensor_data(y),
                 .from = nn_tensor_data(&table)};
        status = nn_blocks_each(j.n, nn_blocks_rows(NN_K_BLOCK, j.width), copy_rows, &j, err);
    }
    if (status != NN_OK) nn_tensor_release(y);
    nn_tensor_release(&table);
    nn_tensor_release(&list);
    return status;
}

nn_status nn_embedding_backward(nn_tensor *dweight, const nn_tensor *dy, const nn_tensor *index,
                                int64_t rows, int64_t padding, nn_error *err)
{
    nn_tensor list = NN_TENSOR_EMPTY, plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){dy, 1, "dy"}, err));
    if (dy->ndim != index->ndim + 1 ||
        !nn_shape_equal(index->ndim, dy->shape, index->ndim, index->shape))
        return nn_fail(err, NN_ESHAPE, 1, "dy is %s but the indices have shape %s",
                       nn_tensor_shape_name(dy).text, nn_tensor_shape_name(index).text);
    if (rows < 0) return nn_fail(err, NN_EVALUE, 3, "%" PRId64 " rows", rows);
    NN_TRY(take_indices(&list, index, 2, rows, err));
    int64_t width = dy->shape[dy->ndim - 1];
    nn_status status = nn_tensor_contiguous(&plain, dy, dy->dtype, err);
    if (status == NN_OK)
        status = nn_tensor_zeros(dweight, dy->dtype, 2, (int64_t[]){rows, width}, err);
    if (status == NN_OK) {
        job j = {.dtype = dy->dtype,
                 .index = nn_tensor_data(&list),
                 .n = nn_tensor_numel(&list),
                 .width = width,
                 .out = nn_tensor_data(dweight),
                 .from = nn_tensor_data(&plain),
                 .padding = padding};
        status = nn_blocks_each(width, COLUMNS, add_columns, &j, err);
    }
    if (status != NN_OK) nn_tensor_release(dweight);
    nn_tensor_release(&plain);
    nn_tensor_release(&list);
    return status;
}
