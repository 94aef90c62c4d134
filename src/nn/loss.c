/*
** loss.c - results of losses
*/
#include "nn/loss.h"

#include "nn/blocks.h"

static bool is_mean(nn_loss_reduction reduction)
{
    return reduction == NN_LOSS_MEAN || reduction == NN_LOSS_BATCH_MEAN;
}

double nn_loss_scale(nn_loss_reduction reduction, double divisor)
{
    return is_mean(reduction) ? 1 / divisor : 1;
}

nn_status nn_loss_results(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x,
                          nn_loss_reduction reduction, int each_ndim, const int64_t *each_shape,
                          nn_error *err)
{
    NN_TRY(
        nn_tensor_new(loss, x->dtype, reduction == NN_LOSS_NONE ? each_ndim : 0, each_shape, err));
    nn_status status = nn_tensor_like(dx, x, x->dtype, err);
    if (status != NN_OK) nn_tensor_release(loss);
    return status;
}

void *nn_loss_each(const nn_tensor *loss, nn_loss_reduction reduction, int64_t i)
{
    return reduction == NN_LOSS_NONE ? nn_element(loss, i) : NULL;
}

nn_status nn_loss_finish(nn_tensor *loss, nn_tensor *dx, nn_loss_reduction reduction, double sum,
                         double divisor, nn_status status)
{
    if (status != NN_OK) {
        nn_tensor_release(loss);
        nn_tensor_release(dx);
    } else if (reduction != NN_LOSS_NONE) {
        nn_tensor_set(loss, 0, is_mean(reduction) ? sum / divisor : sum);
    }
    return status;
}
