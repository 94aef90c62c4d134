/*
** cross_entropy.c - softmax cross-entropy over blocks of rows
*/
#include "nn/cross_entropy.h"

#include <inttypes.h>

#include "kernel/dispatch.h"
#include "nn/class_target.h"
#include "nn/operand.h"
#include "tensor/copy.h"

static nn_status take_weight(nn_tensor *out, const nn_tensor *weight, int64_t classes,
                             nn_error *err)
{
    NN_TRY(nn_check_float((nn_operand){weight, 3, "weight"}, err));
    if (weight->ndim != 1 || weight->shape[0] != classes)
        return nn_fail(err, NN_ESHAPE, 3, "weight is %s, expected [%" PRId64 "]",
                       nn_tensor_shape_name(weight).text, classes);
    return nn_tensor_contiguous(out, weight, NN_FLOAT64, err);
}

/* What the mean divides by. weight: empty if there are none. */
static double divisor_of(const nn_class_target *target, const nn_tensor *weight, int64_t rows)
{
    if (!weight->storage || !target->label.storage) return (double)rows;
    const double *w = nn_tensor_data(weight);
    const int64_t *label = nn_tensor_data(&target->label);
    double total = 0;
    for (int64_t r = 0; r < rows; r++) total += w[label[r] - 1];
    return total;
}

nn_status nn_softmax_cross_entropy(nn_tensor *loss, nn_tensor *dz, const nn_tensor *z,
                                   const nn_tensor *y, const nn_cross_entropy_options *options,
                                   nn_error *err)
{
    nn_class_target target = {0};
    nn_tensor plain = NN_TENSOR_EMPTY, weight = NN_TENSOR_EMPTY;
    nn_loss_reduction reduction = options->reduction;
    if (!(options->label_smoothing >= 0 && options->label_smoothing <= 1))
        return nn_fail(err, NN_EVALUE, 3, "label_smoothing is %g, expected 0..1",
                       options->label_smoothing);
    NN_TRY(nn_class_target_take(&target, y, z, "z", err));
    nn_status status = NN_OK;
    if (options->weight) status = take_weight(&weight, options->weight, z->shape[1], err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain, z, z->dtype, err);
    if (status == NN_OK) status = nn_loss_results(loss, dz, z, reduction, 1, z->shape, err);
    if (status == NN_OK) {
        double sum = 0, divisor = divisor_of(&target, &weight, z->shape[0]);
        nn_k_class_problem problem = {
            .weight = weight.storage ? nn_tensor_data(&weight) : NULL,
            .smoothing = options->label_smoothing,
            .scale = nn_loss_scale(reduction, divisor),
        };
        status = nn_class_loss_run(&sum, nn_k()->neural->cross_entropy[z->dtype], &problem, &target,
                                   &plain, dz, nn_loss_each(loss, reduction, 0), err);
        status = nn_loss_finish(loss, dz, reduction, sum, divisor, status);
    }
    nn_tensor_release(&plain);
    nn_tensor_release(&weight);
    nn_class_target_release(&target);
    return status;
}
