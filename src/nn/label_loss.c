/*
** label_loss.c - both over blocks of rows
*/
#include "nn/label_loss.h"

#include "kernel/dispatch.h"
#include "nn/class_target.h"
#include "tensor/copy.h"

/* k holds what only the kernel knows. by_weight: the mean is one of weights, not of rows. */
static nn_status label_loss(nn_tensor *loss, nn_tensor *dx, nn_k_class_loss *const *kernels,
                            nn_k_class_problem *k, const nn_tensor *x, const nn_tensor *y,
                            const nn_tensor *weight, int64_t ignore, bool by_weight,
                            nn_loss_reduction reduction, nn_error *err)
{
    nn_class_target target = {0};
    nn_tensor plain = NN_TENSOR_EMPTY, plain_weight = NN_TENSOR_EMPTY;
    nn_status status = nn_class_labels_take(&target, y, x, "x", ignore, err);
    if (status == NN_OK && weight)
        status = nn_class_weight_take(&plain_weight, weight, x->shape[1], err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain, x, x->dtype, err);
    if (status == NN_OK) status = nn_loss_results(loss, dx, x, reduction, 1, x->shape, err);
    if (status == NN_OK) {
        int64_t rows = x->shape[0];
        double sum = 0,
               divisor = by_weight ? nn_class_divisor(&target, &plain_weight, rows) : (double)rows;
        k->weight = weight ? nn_tensor_data(&plain_weight) : NULL;
        k->scale = nn_loss_scale(reduction, divisor);
        status = nn_class_loss_run(&sum, kernels[x->dtype], k, &target, &plain, dx,
                                   nn_loss_each(loss, reduction, 0), err);
        status = nn_loss_finish(loss, dx, reduction, sum, divisor, status);
    }
    nn_tensor_release(&plain);
    nn_tensor_release(&plain_weight);
    nn_class_target_release(&target);
    return status;
}

nn_status nn_nll_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                      const nn_tensor *weight, int64_t ignore, nn_loss_reduction reduction,
                      nn_error *err)
{
    nn_k_class_problem k = {0};
    return label_loss(loss, dx, nn_k()->neural->nll, &k, x, y, weight, ignore, true, reduction,
                      err);
}

nn_status nn_multi_margin_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x,
                               const nn_tensor *y, const nn_tensor *weight, double p, double margin,
                               nn_loss_reduction reduction, nn_error *err)
{
    if (p != 1 && p != 2) return nn_fail(err, NN_EVALUE, 3, "p is %g, expected 1 or 2", p);
    nn_k_class_problem k = {.margin = margin, .squared = p == 2};
    return label_loss(loss, dx, nn_k()->neural->multi_margin, &k, x, y, weight, NN_IGNORE_NONE,
                      false, reduction, err);
}
