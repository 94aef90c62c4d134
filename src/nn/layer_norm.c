/*
** layer_norm.c - rows in blocks; the gradients of weight and bias summed in block order
*/
#include <inttypes.h>
#include <string.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/normalization.h"
#include "nn/operand.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

/* Blocks of a backward pass at most: each has sums of its own. */
#define MOST_BLOCKS 64

typedef struct job {
    nn_k_type type;
    int64_t n;                     /* elements of a row */
    int64_t block;                 /* rows of a block */
    const nn_tensor *out, *dy, *x; /* contiguous; dy: backward only */
    const void *weight, *bias;     /* (n) or NULL */
    double *mean, *rstd;           /* (rows) */
    double *sums;                  /* (blocks,2,n): dw and db of each block; NULL: not wanted */
    double eps;
} job;

static void forward_rows(void *context, int64_t first, int64_t rows)
{
    const job *j = context;
    nn_k()->normalization->layer_norm[j->type](nn_element(j->out, first * j->n), j->mean + first,
                                               j->rstd + first, nn_element(j->x, first * j->n),
                                               j->weight, j->bias, rows, j->n, j->eps);
}

static void backward_rows(void *context, int64_t first, int64_t rows)
{
    const job *j = context;
    double *dw = j->sums ? j->sums + first / j->block * 2 * j->n : NULL;
    nn_k()->normalization->layer_norm_back[j->type](
        nn_element(j->out, first * j->n), dw, dw ? dw + j->n : NULL,
        nn_element(j->dy, first * j->n), nn_element(j->x, first * j->n), j->weight, j->mean + first,
        j->rstd + first, rows, j->n);
}

/* Checks x and the affine part, and counts rows and the elements of one. */
static nn_status check(int64_t *rows, int64_t *n, nn_operand x, int dims, nn_operand weight,
                       nn_operand bias, nn_error *err)
{
    const nn_tensor *t = x.tensor;
    NN_TRY(nn_check_float(x, err));
    if (dims < 1 || dims > t->ndim)
        return nn_fail(err, NN_ESHAPE, x.arg, "%s is %s, expected at least %d dimensions", x.name,
                       nn_tensor_shape_name(t).text, dims);
    nn_operand affine[] = {weight, bias};
    for (int k = 0; k < 2; k++) {
        const nn_tensor *a = affine[k].tensor;
        if (!a) continue;
        if (!nn_shape_equal(a->ndim, a->shape, dims, t->shape + t->ndim - dims))
            return nn_fail(err, NN_ESHAPE, affine[k].arg, "%s is %s but %s is %s", affine[k].name,
                           nn_tensor_shape_name(a).text, x.name, nn_tensor_shape_name(t).text);
        NN_TRY(nn_check_dtype(affine[k], x, err));
    }
    NN_TRY(nn_shape_numel(t->ndim - dims, t->shape, rows, err));
    return nn_shape_numel(dims, t->shape + t->ndim - dims, n, err);
}

static nn_status take(nn_tensor *plain, const nn_tensor *t, nn_error *err)
{
    return t ? nn_tensor_contiguous(plain, t, t->dtype, err) : NN_OK;
}

static const void *data_of(const nn_tensor *plain)
{
    return plain->storage ? nn_tensor_data(plain) : NULL;
}

nn_status nn_layer_norm(nn_tensor *y, nn_tensor *saved, const nn_tensor *x, int dims,
                        const nn_tensor *weight, const nn_tensor *bias, double eps, nn_error *err)
{
    int64_t rows, n;
    nn_tensor plain[3] = {{0}};
    NN_TRY(check(&rows, &n, (nn_operand){x, 1, "x"}, dims, (nn_operand){weight, 3, "weight"},
                 (nn_operand){bias, 4, "bias"}, err));
    nn_status status = take(&plain[0], x, err);
    if (status == NN_OK) status = take(&plain[1], weight, err);
    if (status == NN_OK) status = take(&plain[2], bias, err);
    if (status == NN_OK) status = nn_tensor_like(y, x, x->dtype, err);
    if (status == NN_OK) status = nn_tensor_new(saved, NN_FLOAT64, 2, (int64_t[]){2, rows}, err);
    if (status == NN_OK) {
        double *mean = nn_tensor_data(saved);
        job j = {.type = (nn_k_type)x->dtype,
                 .n = n,
                 .out = y,
                 .x = &plain[0],
                 .weight = data_of(&plain[1]),
                 .bias = data_of(&plain[2]),
                 .mean = mean,
                 .rstd = mean + rows,
                 .eps = eps};
        if (n == 0)
            nn_tensor_fill(saved, 0);
        else
            status = nn_blocks_each(rows, nn_blocks_rows(NN_K_BLOCK, n), forward_rows, &j, err);
    }
    if (status != NN_OK) {
        nn_tensor_release(saved);
        nn_tensor_release(y);
    }
    for (int k = 0; k < 3; k++) nn_tensor_release(&plain[k]);
    return status;
}

/* Runs the job; dw and db, if wanted, are there. */
static nn_status backward(nn_tensor *dw, nn_tensor *db, job *j, int64_t rows, nn_error *err)
{
    j->block = nn_blocks_rows(NN_K_BLOCK, j->n);
    if (j->block * MOST_BLOCKS < rows) j->block = (rows + MOST_BLOCKS - 1) / MOST_BLOCKS;
    int64_t blocks = (rows + j->block - 1) / j->block, bytes;
    if (dw) {
        NN_TRY(
            nn_shape_numel(3, (int64_t[]){blocks, 2 * (int64_t)sizeof(double), j->n}, &bytes, err));
        j->sums = nn_alloc((size_t)bytes, err);
        if (!j->sums) return err->code;
        memset(j->sums, 0, (size_t)bytes);
    }
    nn_status status = j->n > 0 ? nn_blocks_each(rows, j->block, backward_rows, j, err) : NN_OK;
    for (int64_t i = 0; status == NN_OK && dw && i < j->n; i++) {
        double w = 0, b = 0;
        for (int64_t k = 0; k < blocks; k++) {
            w += j->sums[2 * k * j->n + i];
            b += j->sums[(2 * k + 1) * j->n + i];
        }
        nn_tensor_set(dw, i, w);
        nn_tensor_set(db, i, b);
    }
    nn_free(j->sums);
    return status;
}

nn_status nn_layer_norm_backward(nn_tensor *dx, nn_tensor *dw, nn_tensor *db, const nn_tensor *dy,
                                 const nn_tensor *x, int dims, const nn_tensor *weight,
                                 const nn_tensor *saved, nn_error *err)
{
    int64_t rows, n;
    nn_tensor plain[3] = {{0}};
    nn_operand x_operand = {x, 2, "x"};
    NN_TRY(
        check(&rows, &n, x_operand, dims, (nn_operand){weight, 4, "weight"}, (nn_operand){0}, err));
    NN_TRY(nn_check_like((nn_operand){dy, 1, "dy"}, x_operand, err));
    if (saved->dtype != NN_FLOAT64 || !nn_tensor_is_contiguous(saved) ||
        !nn_shape_equal(saved->ndim, saved->shape, 2, (int64_t[]){2, rows}))
        return nn_fail(err, NN_EVALUE, 5, "saved is not what the forward function returned");
    const int64_t *sizes = x->shape + x->ndim - dims;
    nn_status status = take(&plain[0], x, err);
    if (status == NN_OK) status = take(&plain[1], dy, err);
    if (status == NN_OK) status = take(&plain[2], weight, err);
    if (status == NN_OK) status = nn_tensor_like(dx, x, x->dtype, err);
    if (status == NN_OK && dw) status = nn_tensor_new(dw, x->dtype, dims, sizes, err);
    if (status == NN_OK && db) status = nn_tensor_new(db, x->dtype, dims, sizes, err);
    if (status == NN_OK) {
        double *mean = nn_tensor_data(saved);
        job j = {.type = (nn_k_type)x->dtype,
                 .n = n,
                 .out = dx,
                 .dy = &plain[1],
                 .x = &plain[0],
                 .weight = data_of(&plain[2]),
                 .mean = mean,
                 .rstd = mean + rows};
        status = backward(dw, db, &j, rows, err);
    }
    nn_tensor *results[] = {dx, dw, db};
    for (int k = 0; status != NN_OK && k < 3; k++)
        if (results[k]) nn_tensor_release(results[k]);
    for (int k = 0; k < 3; k++) nn_tensor_release(&plain[k]);
    return status;
}
