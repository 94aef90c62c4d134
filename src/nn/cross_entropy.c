/*
** cross_entropy.c - softmax cross-entropy over blocks of rows
*/
#include "nn/cross_entropy.h"

#include "kernel/dispatch.h"
#include "nn/class_target.h"
#include "tensor/copy.h"

nn_status nn_cross_entropy_begin(nn_cross_entropy_problem *p, const nn_tensor *z,
                                 const nn_tensor *y, const nn_cross_entropy_options *options,
                                 nn_error *err)
{
    *p = (nn_cross_entropy_problem){0};
    if (!(options->label_smoothing >= 0 && options->label_smoothing <= 1))
        return nn_fail(err, NN_EVALUE, 3, "label_smoothing is %g, expected 0..1",
                       options->label_smoothing);
    NN_TRY(nn_class_target_take(&p->target, y, z, "z", options->ignore_index, err));
    if (options->weight &&
        nn_class_weight_take(&p->weight, options->weight, z->shape[1], err) != NN_OK) {
        nn_class_target_release(&p->target);
        return err->code;
    }
    p->divisor = nn_class_divisor(&p->target, &p->weight, z->shape[0]);
    p->kernel.weight = p->weight.storage ? nn_tensor_data(&p->weight) : NULL;
    p->kernel.smoothing = options->label_smoothing;
    p->kernel.scale = nn_loss_scale(options->reduction, p->divisor);
    return NN_OK;
}

void nn_cross_entropy_end(nn_cross_entropy_problem *p)
{
    nn_tensor_release(&p->weight);
    nn_class_target_release(&p->target);
}

nn_status nn_softmax_cross_entropy(nn_tensor *loss, nn_tensor *dz, const nn_tensor *z,
                                   const nn_tensor *y, const nn_cross_entropy_options *options,
                                   nn_error *err)
{
    nn_cross_entropy_problem p;
    nn_tensor plain = NN_TENSOR_EMPTY;
    nn_loss_reduction reduction = options->reduction;
    NN_TRY(nn_cross_entropy_begin(&p, z, y, options, err));
    nn_status status = nn_tensor_contiguous(&plain, z, z->dtype, err);
    if (status == NN_OK) status = nn_loss_results(loss, dz, z, reduction, 1, z->shape, err);
    if (status == NN_OK) {
        double sum = 0;
        status = nn_class_loss_run(&sum, nn_k()->neural->cross_entropy[z->dtype], &p.kernel,
                                   &p.target, &plain, dz, nn_loss_each(loss, reduction, 0), err);
        status = nn_loss_finish(loss, dz, reduction, sum, p.divisor, status);
    }
    nn_tensor_release(&plain);
    nn_cross_entropy_end(&p);
    return status;
}
