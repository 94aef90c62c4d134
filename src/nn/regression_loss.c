/*
** regression_loss.c - each a pair loss
*/
#include "nn/regression_loss.h"

#include "nn/pair_loss.h"

nn_status nn_mse_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                      nn_loss_reduction reduction, nn_error *err)
{
    return nn_pair_loss(loss, dx, NN_K_MSE, (nn_operand){x, 1, "x"}, y, NULL, 0, reduction, err);
}

nn_status nn_l1_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                     nn_loss_reduction reduction, nn_error *err)
{
    return nn_pair_loss(loss, dx, NN_K_L1, (nn_operand){x, 1, "x"}, y, NULL, 0, reduction, err);
}

nn_status nn_huber_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                        double delta, nn_loss_reduction reduction, nn_error *err)
{
    if (!(delta > 0))
        return nn_fail(err, NN_EVALUE, 3, "delta is %g, expected a positive number", delta);
    return nn_pair_loss(loss, dx, NN_K_HUBER, (nn_operand){x, 1, "x"}, y, NULL, delta, reduction,
                        err);
}

nn_status nn_smooth_l1_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                            double beta, nn_loss_reduction reduction, nn_error *err)
{
    if (!(beta >= 0)) return nn_fail(err, NN_EVALUE, 3, "beta is %g, expected a number >= 0", beta);
    return nn_pair_loss(loss, dx, beta > 0 ? NN_K_SMOOTH_L1 : NN_K_L1, (nn_operand){x, 1, "x"}, y,
                        NULL, beta, reduction, err);
}

nn_status nn_kl_div(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                    bool log_target, nn_loss_reduction reduction, nn_error *err)
{
    return nn_pair_loss(loss, dx, log_target ? NN_K_KL_LOG : NN_K_KL, (nn_operand){x, 1, "x"}, y,
                        NULL, 0, reduction, err);
}
