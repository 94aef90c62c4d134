/*
** softmax.c - the classes as the last axis, then rows in blocks
**
** The kernels know contiguous rows only; another dimension changes places
** with the last one before and after.
*/
#include "nn/softmax.h"

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/copy.h"
#include "tensor/view.h"

/* The operand with `dim` last and contiguous. */
static nn_status classes_last(nn_tensor *out, const nn_tensor *t, int dim, nn_error *err)
{
    nn_tensor turned = NN_TENSOR_EMPTY;
    if (t->ndim < 2) return nn_tensor_contiguous(out, t, t->dtype, err);
    NN_TRY(nn_tensor_transpose(&turned, t, dim, -1, err));
    nn_status status = nn_tensor_contiguous(out, &turned, t->dtype, err);
    nn_tensor_release(&turned);
    return status;
}

static int64_t class_count(const nn_tensor *t)
{
    return t->ndim > 0 ? t->shape[t->ndim - 1] : 1;
}

typedef struct job {
    nn_k_softmax *forward;
    nn_k_softmax_back *backward;
    const nn_tensor *out, *dy, *s; /* all with the classes last; s: x forward, y backward */
} job;

static void run_rows(void *context, int64_t first, int64_t rows)
{
    const job *j = context;
    int64_t n = class_count(j->s);
    void *out = nn_element(j->out, first * n), *s = nn_element(j->s, first * n);
    if (j->forward)
        j->forward(out, s, rows, n);
    else
        j->backward(out, nn_element(j->dy, first * n), s, rows, n);
}

/* j holds the kernel; operands are checked. dy: NULL forward. */
static nn_status run(nn_tensor *out, job *j, const nn_tensor *dy, const nn_tensor *s, int dim,
                     nn_error *err)
{
    nn_tensor own_dy = NN_TENSOR_EMPTY, own_s = NN_TENSOR_EMPTY, result = NN_TENSOR_EMPTY;
    nn_status status = classes_last(&own_s, s, dim, err);
    if (status == NN_OK && dy) status = classes_last(&own_dy, dy, dim, err);
    if (status == NN_OK) status = nn_tensor_like(&result, &own_s, s->dtype, err);
    if (status == NN_OK) {
        int64_t n = class_count(&own_s), total = nn_tensor_numel(&own_s);
        j->out = &result;
        j->dy = &own_dy;
        j->s = &own_s;
        status = nn_blocks_each(total > 0 ? total / n : 0, nn_blocks_rows(NN_BLOCK_MATH, n),
                                run_rows, j, err);
        if (status == NN_OK) status = classes_last(out, &result, dim, err);
    }
    nn_tensor_release(&result);
    nn_tensor_release(&own_dy);
    nn_tensor_release(&own_s);
    return status;
}

/* options: the argument number of the options table. */
static nn_status check_dim(int *out, int64_t dim, const nn_tensor *t, int options, nn_error *err)
{
    nn_status status = nn_dim_check(dim, t->ndim > 0 ? t->ndim : 1, out, err);
    if (status != NN_OK) err->arg = options;
    return status;
}

static nn_status forward(nn_tensor *y, nn_k_softmax *const *kernels, const nn_tensor *x,
                         int64_t dim, nn_error *err)
{
    int d;
    NN_TRY(nn_check_float((nn_operand){x, 1, "x"}, err));
    NN_TRY(check_dim(&d, dim, x, 2, err));
    job j = {.forward = kernels[x->dtype]};
    return run(y, &j, NULL, x, d, err);
}

static nn_status backward(nn_tensor *dx, nn_k_softmax_back *const *kernels, const nn_tensor *dy,
                          const nn_tensor *y, int64_t dim, nn_error *err)
{
    int d;
    nn_operand operand = {y, 2, "y"};
    NN_TRY(nn_check_float(operand, err));
    NN_TRY(nn_check_like((nn_operand){dy, 1, "dy"}, operand, err));
    NN_TRY(check_dim(&d, dim, y, 3, err));
    job j = {.backward = kernels[y->dtype]};
    return run(dx, &j, dy, y, d, err);
}

nn_status nn_softmax(nn_tensor *y, const nn_tensor *x, int64_t dim, nn_error *err)
{
    return forward(y, nn_k()->neural->softmax, x, dim, err);
}

nn_status nn_log_softmax(nn_tensor *y, const nn_tensor *x, int64_t dim, nn_error *err)
{
    return forward(y, nn_k()->neural->log_softmax, x, dim, err);
}

nn_status nn_softmax_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *y, int64_t dim,
                              nn_error *err)
{
    return backward(dx, nn_k()->neural->softmax_back, dy, y, dim, err);
}

nn_status nn_log_softmax_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *y,
                                  int64_t dim, nn_error *err)
{
    return backward(dx, nn_k()->neural->log_softmax_back, dy, y, dim, err);
}
