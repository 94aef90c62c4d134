/*
** matmul.c - every product as a loop of (M,K)x(K,N) products
*/
#include "nn/matmul.h"

#include <inttypes.h>

#include "nn/product.h"
#include "tensor/copy.h"
#include "tensor/view.h"
#include "tensor/walk.h"

/* True if the last two dimensions can be handed to the kernel: one of the strides is 1 and the
** other spans a row (or column) without overlap. */
static bool is_matrix(const nn_tensor *t)
{
    int64_t rows = t->shape[t->ndim - 2], cols = t->shape[t->ndim - 1];
    int64_t row = t->stride[t->ndim - 2], col = t->stride[t->ndim - 1];
    return ((col == 1 || cols == 1) && (row >= cols || rows == 1)) ||
           ((row == 1 || rows == 1) && (col >= rows || cols == 1));
}

static nn_k_matrix matrix_at(const nn_tensor *t, int64_t offset)
{
    int64_t rows = t->shape[t->ndim - 2], cols = t->shape[t->ndim - 1];
    int64_t row = t->stride[t->ndim - 2], col = t->stride[t->ndim - 1];
    /* The stride of a dimension of size 1 means nothing; give it the value the kernel expects. */
    if (cols == 1) col = row == 1 && rows > 1 ? rows : 1;
    if (rows == 1) row = col == 1 ? cols : 1;
    return (nn_k_matrix){(char *)nn_tensor_data(t) + offset * (int64_t)nn_dtype_size(t->dtype), row,
                         col};
}

/* The operand as at least a matrix whose last two dimensions the kernel can read. A vector gets
** a dimension of size 1 at `at`: 0 makes it a row, 1 a column. */
static nn_status as_matrices(nn_tensor *out, const nn_tensor *t, int at, nn_error *err)
{
    nn_tensor v = NN_TENSOR_EMPTY;
    if (t->ndim > 1)
        nn_tensor_retain(&v, t);
    else
        NN_TRY(nn_tensor_unsqueeze(&v, t, at, err));
    if (is_matrix(&v)) {
        *out = v;
        return NN_OK;
    }
    nn_status status = nn_tensor_clone(out, &v, err);
    nn_tensor_release(&v);
    return status;
}

/* The leading dimensions of a and b, broadcast. */
static nn_status batch_shape(const nn_tensor *a, const nn_tensor *b, int *ndim, int64_t *shape,
                             nn_error *err)
{
    if (nn_shape_broadcast(a->ndim - 2, a->shape, b->ndim - 2, b->shape, ndim, shape, err) == NN_OK)
        return NN_OK;
    return nn_fail(err, NN_ESHAPE, 2, "batch sizes do not broadcast: %s x %s",
                   nn_tensor_shape_name(a).text, nn_tensor_shape_name(b).text);
}

static nn_status multiply_all(nn_tensor *out, const nn_tensor *a, const nn_tensor *b,
                              int batch_ndim, const int64_t *batch, nn_error *err)
{
    /* Tensors of the leading dimensions only: walked to find where each matrix starts. */
    nn_tensor heads[3] = {*out, *a, *b};
    const nn_tensor *operands[3] = {&heads[0], &heads[1], &heads[2]};
    int64_t M = out->shape[out->ndim - 2], N = out->shape[out->ndim - 1];
    int64_t K = a->shape[a->ndim - 1], ldc = N > 0 ? N : 1;
    nn_walk walk;
    for (int k = 0; k < 3; k++) heads[k].ndim -= 2;
    nn_walk_start(&walk, batch_ndim, batch, 3, operands);
    for (int64_t r = 0; r < walk.runs; r++) {
        int64_t at[NN_WALK_MAX];
        nn_walk_at(&walk, r, at);
        for (int64_t i = 0; i < walk.length; i++)
            NN_TRY(nn_product((nn_k_type)out->dtype,
                              (char *)nn_tensor_data(out) +
                                  (at[0] + i * walk.step[0]) * (int64_t)nn_dtype_size(out->dtype),
                              ldc, matrix_at(a, at[1] + i * walk.step[1]),
                              matrix_at(b, at[2] + i * walk.step[2]), M, N, K, err));
    }
    return NN_OK;
}

static nn_status multiply(nn_tensor *out, const nn_tensor *a, const nn_tensor *b, nn_error *err)
{
    int ndim;
    int64_t shape[NN_MAX_RANK];
    NN_TRY(batch_shape(a, b, &ndim, shape, err));
    shape[ndim] = a->shape[a->ndim - 2];
    shape[ndim + 1] = b->shape[b->ndim - 1];
    NN_TRY(nn_tensor_new(out, a->dtype, ndim + 2, shape, err));
    nn_status status = multiply_all(out, a, b, ndim, shape, err);
    if (status != NN_OK) nn_tensor_release(out);
    return status;
}

/* Drops the dimension that a vector operand was given. */
static void drop_last(nn_tensor *t, int from_end)
{
    nn_tensor v = NN_TENSOR_EMPTY;
    nn_error err;
    nn_tensor_squeeze(&v, t, -from_end, &err);
    nn_tensor_release(t);
    *t = v;
}

nn_status nn_matmul(nn_tensor *out, const nn_tensor *a, const nn_tensor *b, nn_error *err)
{
    nn_tensor left = NN_TENSOR_EMPTY, right = NN_TENSOR_EMPTY;
    if (a->ndim == 0 || b->ndim == 0)
        return nn_fail(err, NN_ESHAPE, a->ndim == 0 ? 1 : 2,
                       "a 0-dim tensor has no matrix product: %s x %s",
                       nn_tensor_shape_name(a).text, nn_tensor_shape_name(b).text);
    if (a->dtype != b->dtype)
        return nn_fail(err, NN_EDTYPE, 2, "dtypes differ: %s x %s", nn_dtype_name(a->dtype),
                       nn_dtype_name(b->dtype));
    if (a->dtype == NN_BOOL) return nn_fail(err, NN_EDTYPE, 1, "not defined for bool");
    int64_t a_inner = a->shape[a->ndim - 1], b_inner = b->shape[b->ndim > 1 ? b->ndim - 2 : 0];
    if (a_inner != b_inner)
        return nn_fail(err, NN_ESHAPE, 2, "inner sizes %" PRId64 " and %" PRId64 " differ: %s x %s",
                       a_inner, b_inner, nn_tensor_shape_name(a).text,
                       nn_tensor_shape_name(b).text);

    nn_status status = as_matrices(&left, a, 0, err);
    if (status == NN_OK) status = as_matrices(&right, b, 1, err);
    if (status == NN_OK) status = multiply(out, &left, &right, err);
    if (status == NN_OK && b->ndim == 1) drop_last(out, 1);
    if (status == NN_OK && a->ndim == 1) drop_last(out, b->ndim == 1 ? 1 : 2);
    nn_tensor_release(&left);
    nn_tensor_release(&right);
    return status;
}
