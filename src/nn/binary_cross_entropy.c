/*
** binary_cross_entropy.c - the elementwise ones as pair losses, the summed one by rows
*/
#include "nn/binary_cross_entropy.h"

#include "kernel/dispatch.h"
#include "nn/class_target.h"
#include "nn/operand.h"
#include "nn/pair_loss.h"
#include "tensor/copy.h"
#include "tensor/view.h"

nn_status nn_binary_cross_entropy(nn_tensor *loss, nn_tensor *dp, const nn_tensor *p,
                                  const nn_tensor *y, nn_loss_reduction reduction, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){p, 1, "p"}, err));
    NN_TRY(nn_tensor_contiguous(&plain, p, p->dtype, err));
    nn_status status = nn_check_range((nn_operand){&plain, 1, "p"}, 0, 1, err);
    if (status == NN_OK)
        status = nn_pair_loss(loss, dp, NN_K_BCE, (nn_operand){&plain, 1, "p"}, y, NULL, 0,
                              reduction, err);
    nn_tensor_release(&plain);
    return status;
}

nn_status nn_pos_weight_take(nn_tensor *weight, const nn_tensor *pos_weight, const nn_tensor *z,
                             nn_error *err)
{
    nn_tensor expanded = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){pos_weight, 3, "pos_weight"}, err));
    if (nn_tensor_expand(&expanded, pos_weight, z->ndim, z->shape, err) != NN_OK)
        return nn_fail(err, NN_ESHAPE, 3, "pos_weight is %s, which does not broadcast to %s",
                       nn_tensor_shape_name(pos_weight).text, nn_tensor_shape_name(z).text);
    nn_status status = nn_tensor_contiguous(weight, &expanded, z->dtype, err);
    nn_tensor_release(&expanded);
    return status;
}

nn_status nn_binary_cross_entropy_with_logits(nn_tensor *loss, nn_tensor *dz, const nn_tensor *z,
                                              const nn_tensor *y, const nn_tensor *pos_weight,
                                              nn_loss_reduction reduction, nn_error *err)
{
    nn_operand operand = {z, 1, "z"};
    nn_tensor weight = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float(operand, err));
    if (pos_weight) NN_TRY(nn_pos_weight_take(&weight, pos_weight, z, err));
    nn_status status = nn_pair_loss(loss, dz, NN_K_BCE_LOGIT, operand, y,
                                    pos_weight ? &weight : NULL, 0, reduction, err);
    nn_tensor_release(&weight);
    return status;
}

nn_status nn_summed_binary_cross_entropy(nn_tensor *loss, nn_tensor *dp, const nn_tensor *p,
                                         const nn_tensor *y, nn_loss_reduction reduction,
                                         nn_error *err)
{
    nn_class_target target = {0};
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_class_target_take(&target, y, p, "p", NN_IGNORE_NONE, err));
    nn_status status = nn_tensor_contiguous(&plain, p, p->dtype, err);
    if (status == NN_OK) status = nn_check_range((nn_operand){&plain, 1, "p"}, 0, 1, err);
    if (status == NN_OK) status = nn_loss_results(loss, dp, p, reduction, 1, p->shape, err);
    if (status == NN_OK) {
        double sum = 0, rows = (double)p->shape[0];
        nn_k_class_problem problem = {.scale = nn_loss_scale(reduction, rows)};
        status = nn_class_loss_run(&sum, nn_k()->neural->summed_bce[p->dtype], &problem, &target,
                                   &plain, dp, nn_loss_each(loss, reduction, 0), err);
        status = nn_loss_finish(loss, dp, reduction, sum, rows, status);
    }
    nn_tensor_release(&plain);
    nn_class_target_release(&target);
    return status;
}
