/*
** linear.c - the affine map as matrix products
*/
#include "nn/linear.h"

#include <inttypes.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/matmul.h"
#include "nn/operand.h"
#include "nn/reduce.h"
#include "tensor/copy.h"
#include "tensor/view.h"

/* x, W: their argument numbers. */
static nn_status check_operands(const nn_tensor *x, int x_arg, const nn_tensor *W, int W_arg,
                                nn_error *err)
{
    nn_operand x_operand = {x, x_arg, "x"}, W_operand = {W, W_arg, "W"};
    NN_TRY(nn_check_float(x_operand, err));
    if (x->ndim == 0)
        return nn_fail(err, NN_ESHAPE, x_arg, "x is a 0-dim tensor, expected [...,features]");
    if (W->ndim != 2)
        return nn_fail(err, NN_ESHAPE, W_arg, "W is %s, expected [out,in]",
                       nn_tensor_shape_name(W).text);
    if (x->shape[x->ndim - 1] != W->shape[1])
        return nn_fail(err, NN_ESHAPE, W_arg,
                       "W is %s but x is %s: %" PRId64 " features, expected %" PRId64,
                       nn_tensor_shape_name(W).text, nn_tensor_shape_name(x).text,
                       x->shape[x->ndim - 1], W->shape[1]);
    return nn_check_dtype(W_operand, x_operand, err);
}

/* t, of rank >= 1, as the matrix (N,last size). */
static nn_status as_rows(nn_tensor *out, const nn_tensor *t, nn_error *err)
{
    int64_t rows;
    NN_TRY(nn_shape_numel(t->ndim - 1, t->shape, &rows, err));
    return nn_tensor_reshape(out, t, 2, (int64_t[]){rows, t->shape[t->ndim - 1]}, err);
}

/* Shows `rows`, (N,M) and contiguous, as `like`'s leading dimensions by M. Takes rows over. */
static nn_status with_leading(nn_tensor *out, nn_tensor *rows, const nn_tensor *like, nn_error *err)
{
    int64_t shape[NN_MAX_RANK];
    for (int d = 0; d < like->ndim; d++) shape[d] = like->shape[d];
    shape[like->ndim - 1] = rows->shape[1];
    nn_status status = nn_tensor_view(out, rows, like->ndim, shape, err);
    nn_tensor_release(rows);
    return status;
}

typedef struct bias_job {
    const nn_tensor *z, *b;
} bias_job;

static void add_bias(void *context, int64_t first, int64_t rows)
{
    const bias_job *j = context;
    int64_t n = j->z->shape[1];
    nn_k()->neural->add_row[j->z->dtype](nn_element(j->z, first * n), nn_tensor_data(j->b), rows,
                                         n);
}

static nn_status affine(nn_tensor *z, const nn_tensor *x, const nn_tensor *W, const nn_tensor *b,
                        nn_error *err)
{
    nn_tensor Wt = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_transpose(&Wt, W, 0, 1, err));
    nn_status status = nn_matmul(z, x, &Wt, err);
    if (status == NN_OK && b) {
        bias_job j = {z, b};
        status =
            nn_blocks_each(z->shape[0], nn_blocks_rows(NN_K_BLOCK, z->shape[1]), add_bias, &j, err);
        if (status != NN_OK) nn_tensor_release(z);
    }
    nn_tensor_release(&Wt);
    return status;
}

nn_status nn_linear(nn_tensor *z, const nn_tensor *x, const nn_tensor *W, const nn_tensor *b,
                    nn_error *err)
{
    nn_tensor rows = NN_TENSOR_EMPTY, bias = NN_TENSOR_EMPTY, product = NN_TENSOR_EMPTY;
    NN_TRY(check_operands(x, 1, W, 2, err));
    if (b) {
        if (b->ndim != 1 || b->shape[0] != W->shape[0])
            return nn_fail(err, NN_ESHAPE, 3, "b is %s but W is %s: expected [%" PRId64 "]",
                           nn_tensor_shape_name(b).text, nn_tensor_shape_name(W).text, W->shape[0]);
        NN_TRY(nn_check_dtype((nn_operand){b, 3, "b"}, (nn_operand){x, 1, "x"}, err));
    }
    nn_status status = as_rows(&rows, x, err);
    if (status == NN_OK && b) status = nn_tensor_contiguous(&bias, b, b->dtype, err);
    if (status == NN_OK) status = affine(&product, &rows, W, b ? &bias : NULL, err);
    if (status == NN_OK) status = with_leading(z, &product, x, err);
    nn_tensor_release(&bias);
    nn_tensor_release(&rows);
    return status;
}

static nn_status check_dz(const nn_tensor *dz, const nn_tensor *x, const nn_tensor *W,
                          nn_error *err)
{
    int64_t expected[NN_MAX_RANK];
    for (int d = 0; d < x->ndim; d++) expected[d] = x->shape[d];
    expected[x->ndim - 1] = W->shape[0];
    if (!nn_shape_equal(dz->ndim, dz->shape, x->ndim, expected))
        return nn_fail(err, NN_ESHAPE, 1, "dz is %s but x is %s and W is %s: expected %s",
                       nn_tensor_shape_name(dz).text, nn_tensor_shape_name(x).text,
                       nn_tensor_shape_name(W).text, nn_shape_name(x->ndim, expected).text);
    return nn_check_dtype((nn_operand){dz, 1, "dz"}, (nn_operand){x, 2, "x"}, err);
}

static nn_status gradient(nn_tensor *dW, const nn_tensor *dz, const nn_tensor *x, nn_error *err)
{
    nn_tensor dz_t = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_transpose(&dz_t, dz, 0, 1, err));
    nn_status status = nn_matmul(dW, &dz_t, x, err);
    nn_tensor_release(&dz_t);
    return status;
}

nn_status nn_linear_backward(nn_tensor *dx, nn_tensor *dW, nn_tensor *db, const nn_tensor *dz,
                             const nn_tensor *x, const nn_tensor *W, nn_error *err)
{
    nn_tensor dz_rows = NN_TENSOR_EMPTY, x_rows = NN_TENSOR_EMPTY, product = NN_TENSOR_EMPTY;
    nn_tensor *all[] = {dx, dW, db};
    NN_TRY(check_operands(x, 2, W, 3, err));
    NN_TRY(check_dz(dz, x, W, err));
    nn_status status = as_rows(&dz_rows, dz, err);
    if (status == NN_OK && dx) status = nn_matmul(&product, &dz_rows, W, err);
    if (status == NN_OK && dx) status = with_leading(dx, &product, x, err);
    if (status == NN_OK && dW) {
        status = as_rows(&x_rows, x, err);
        if (status == NN_OK) status = gradient(dW, &dz_rows, &x_rows, err);
    }
    if (status == NN_OK && db) status = nn_sum(db, &dz_rows, (nn_reduction){0, false}, err);
    for (int i = 0; status != NN_OK && i < 3; i++)
        if (all[i]) nn_tensor_release(all[i]);
    nn_tensor_release(&x_rows);
    nn_tensor_release(&dz_rows);
    return status;
}
