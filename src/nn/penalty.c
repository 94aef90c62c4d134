/*
** penalty.c - penalties in blocks
*/
#include "nn/penalty.h"

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/loss.h"
#include "nn/operand.h"
#include "tensor/copy.h"

typedef struct job {
    nn_k_penalty *kernel;
    const nn_tensor *dW, *W;
    double scale;
} job;

static double run_block(void *context, int64_t first, int64_t n)
{
    const job *j = context;
    return j->kernel(nn_element(j->dW, first), nn_element(j->W, first), n, j->scale);
}

/* The value is lambda * sum / divisor. */
static nn_status penalty(nn_tensor *value, nn_tensor *dW, nn_k_penalty_op op, const nn_tensor *W,
                         double lambda, double divisor, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){W, 1, "W"}, err));
    NN_TRY(nn_tensor_contiguous(&plain, W, W->dtype, err));
    nn_status status = nn_loss_results(value, dW, W, NN_LOSS_SUM, 0, NULL, err);
    if (status == NN_OK) {
        double sum = 0;
        job j = {nn_k()->neural->penalty[op][W->dtype], dW, &plain, lambda};
        status = nn_blocks_sum(&sum, nn_tensor_numel(W), NN_K_BLOCK, run_block, &j, err);
        status = nn_loss_finish(value, dW, NN_LOSS_SUM, lambda / divisor * sum, 1, status);
    }
    nn_tensor_release(&plain);
    return status;
}

nn_status nn_l2_penalty(nn_tensor *value, nn_tensor *dW, const nn_tensor *W, double lambda,
                        nn_error *err)
{
    return penalty(value, dW, NN_K_PENALTY_L2, W, lambda, 2, err);
}

nn_status nn_l1_penalty(nn_tensor *value, nn_tensor *dW, const nn_tensor *W, double lambda,
                        nn_error *err)
{
    return penalty(value, dW, NN_K_PENALTY_L1, W, lambda, 1, err);
}
