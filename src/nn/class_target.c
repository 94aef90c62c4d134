/*
** class_target.c - checking and converting the targets of losses over classes
*/
#include "nn/class_target.h"

#include <inttypes.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/copy.h"

static nn_status take_labels(nn_tensor *label, const nn_tensor *y, int64_t classes, nn_error *err)
{
    int64_t n = y->shape[0];
    if (y->dtype != NN_INT64 && y->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, 2, "labels are %s, expected int64", nn_dtype_name(y->dtype));
    NN_TRY(nn_tensor_contiguous(label, y, NN_INT64, err));
    const int64_t *value = nn_tensor_data(label);
    int64_t row = nn_k()->neural->outside[NN_INT64](value, n, 1, (double)classes);
    if (row == n) return NN_OK;
    nn_fail(err, NN_EVALUE, 2, "label %" PRId64 " in row %" PRId64 " is outside 1..%" PRId64,
            value[row], row + 1, classes);
    nn_tensor_release(label);
    return NN_EVALUE;
}

nn_status nn_class_target_take(nn_class_target *target, const nn_tensor *y, const nn_tensor *x,
                               const char *x_name, nn_error *err)
{
    NN_TRY(nn_check_float((nn_operand){x, 1, x_name}, err));
    if (x->ndim != 2)
        return nn_fail(err, NN_ESHAPE, 1, "%s is %s, expected [N,C]", x_name,
                       nn_tensor_shape_name(x).text);
    if (y->ndim == 1 && y->shape[0] == x->shape[0])
        return take_labels(&target->label, y, x->shape[1], err);
    if (nn_tensor_same_shape(x, y)) return nn_tensor_contiguous(&target->rows, y, x->dtype, err);
    return nn_fail(err, NN_ESHAPE, 2,
                   "y is %s but %s is %s: expected labels [%" PRId64 "] or rows of its shape",
                   nn_tensor_shape_name(y).text, x_name, nn_tensor_shape_name(x).text, x->shape[0]);
}

void nn_class_target_release(nn_class_target *target)
{
    nn_tensor_release(&target->label);
    nn_tensor_release(&target->rows);
}

void nn_class_target_point(nn_k_class_problem *k, const nn_class_target *target, int64_t classes)
{
    k->label = target->label.storage ? nn_tensor_data(&target->label) : NULL;
    k->target = target->rows.storage ? nn_tensor_data(&target->rows) : NULL;
    k->classes = classes;
}

typedef struct job {
    nn_k_class_loss *kernel;
    nn_k_class_problem *problem;
} job;

static double run_rows(void *context, int64_t first, int64_t rows)
{
    const job *j = context;
    return j->kernel(j->problem, first, rows);
}

nn_status nn_class_loss_run(double *sum, nn_k_class_loss *kernel, nn_k_class_problem *k,
                            const nn_class_target *target, const nn_tensor *x, const nn_tensor *dx,
                            void *each, nn_error *err)
{
    job j = {kernel, k};
    k->x = nn_tensor_data(x);
    nn_class_target_point(k, target, x->shape[1]);
    k->dx = nn_tensor_data(dx);
    k->each = each;
    return nn_blocks_sum(sum, x->shape[0], nn_blocks_rows(NN_BLOCK_MATH, k->classes), run_rows, &j,
                         err);
}

nn_status nn_count_correct(int64_t *count, const nn_tensor *scores, const nn_tensor *y,
                           nn_error *err)
{
    nn_class_target target = {0};
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_class_target_take(&target, y, scores, "scores", err));
    nn_status status = NN_OK;
    if (!target.label.storage)
        status = nn_fail(err, NN_ESHAPE, 2, "y is %s, expected labels [%" PRId64 "]",
                         nn_tensor_shape_name(y).text, scores->shape[0]);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain, scores, scores->dtype, err);
    if (status == NN_OK)
        *count = nn_k()->neural->correct[scores->dtype](nn_tensor_data(&plain),
                                                        nn_tensor_data(&target.label), 0,
                                                        scores->shape[0], scores->shape[1]);
    nn_tensor_release(&plain);
    nn_class_target_release(&target);
    return status;
}
