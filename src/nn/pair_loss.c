/*
** pair_loss.c - losses between single elements, in blocks
*/
#include "nn/pair_loss.h"

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "tensor/copy.h"

typedef struct job {
    nn_k_pair_loss *kernel;
    const nn_tensor *loss, *dx, *x, *y, *weight;
    nn_loss_reduction reduction;
    double parameter, scale;
} job;

static double run_block(void *context, int64_t first, int64_t n)
{
    const job *j = context;
    return j->kernel(nn_loss_each(j->loss, j->reduction, first), nn_element(j->dx, first),
                     nn_element(j->x, first), nn_element(j->y, first),
                     j->weight ? nn_element(j->weight, first) : NULL, n, j->parameter, j->scale);
}

/* What a mean divides by. */
static double divisor_of(const nn_tensor *x, nn_loss_reduction reduction)
{
    bool by_rows = reduction == NN_LOSS_BATCH_MEAN && x->ndim > 0;
    return (double)(by_rows ? x->shape[0] : nn_tensor_numel(x));
}

/* Whether an op calls exp or log for each element. */
static bool is_slow(nn_k_pair_op op)
{
    return op == NN_K_BCE || op == NN_K_BCE_LOGIT || op == NN_K_KL || op == NN_K_KL_LOG;
}

static nn_status check_target(const nn_tensor *y, nn_operand x, nn_error *err)
{
    nn_operand operand = {y, 2, "y"};
    if (nn_dtype_is_float(y->dtype)) return nn_check_like(operand, x, err);
    if (nn_tensor_same_shape(y, x.tensor)) return NN_OK;
    return nn_fail(err, NN_ESHAPE, 2, "y is %s but %s is %s", nn_tensor_shape_name(y).text, x.name,
                   nn_tensor_shape_name(x.tensor).text);
}

nn_status nn_pair_target_take(nn_tensor *target, const nn_tensor *y, nn_operand x, nn_error *err)
{
    NN_TRY(check_target(y, x, err));
    return nn_tensor_contiguous(target, y, x.tensor->dtype, err);
}

nn_status nn_pair_loss(nn_tensor *loss, nn_tensor *dx, nn_k_pair_op op, nn_operand x_operand,
                       const nn_tensor *y, const nn_tensor *weight, double parameter,
                       nn_loss_reduction reduction, nn_error *err)
{
    const nn_tensor *x = x_operand.tensor;
    nn_tensor plain_x = NN_TENSOR_EMPTY, plain_y = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float(x_operand, err));
    NN_TRY(nn_pair_target_take(&plain_y, y, x_operand, err));
    nn_status status = nn_tensor_contiguous(&plain_x, x, x->dtype, err);
    if (status == NN_OK) status = nn_loss_results(loss, dx, x, reduction, x->ndim, x->shape, err);
    if (status == NN_OK) {
        int64_t n = nn_tensor_numel(x);
        double sum = 0, divisor = divisor_of(x, reduction);
        job j = {nn_k()->neural->pair_loss[op][x->dtype],
                 loss,
                 dx,
                 &plain_x,
                 &plain_y,
                 weight,
                 reduction,
                 parameter,
                 nn_loss_scale(reduction, divisor)};
        int64_t size = is_slow(op) ? NN_BLOCK_MATH : NN_K_BLOCK;
        status = nn_blocks_sum(&sum, n, size, run_block, &j, err);
        status = nn_loss_finish(loss, dx, reduction, sum, divisor, status);
    }
    nn_tensor_release(&plain_y);
    nn_tensor_release(&plain_x);
    return status;
}
