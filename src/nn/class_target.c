/*
** class_target.c - checking and converting the targets of losses over classes
*/
#include "nn/class_target.h"

#include <inttypes.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/copy.h"

static nn_status fail_label(int64_t value, int64_t row, int64_t classes, nn_error *err)
{
    return nn_fail(err, NN_EVALUE, 2, "label %" PRId64 " in row %" PRId64 " is outside 1..%" PRId64,
                   value, row + 1, classes);
}

static bool holds(const int64_t *value, int64_t n, int64_t wanted)
{
    for (int64_t i = 0; i < n; i++)
        if (value[i] == wanted) return true;
    return false;
}

/* Replaces label by a copy that is 0 where a label is ignored. */
static nn_status drop_ignored(nn_tensor *label, int64_t classes, int64_t ignore, nn_error *err)
{
    nn_tensor copy = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_clone(&copy, label, err));
    nn_tensor_release(label);
    *label = copy;
    int64_t *value = nn_tensor_data(label);
    for (int64_t i = 0; i < label->shape[0]; i++)
        if (value[i] == ignore)
            value[i] = 0;
        else if (value[i] < 1 || value[i] > classes)
            return fail_label(value[i], i, classes, err);
    return NN_OK;
}

static nn_status check_labels(const nn_tensor *label, int64_t classes, nn_error *err)
{
    const int64_t *value = nn_tensor_data(label);
    int64_t n = label->shape[0];
    int64_t row = nn_k()->neural->outside[NN_INT64](value, n, 1, (double)classes);
    return row == n ? NN_OK : fail_label(value[row], row, classes, err);
}

static nn_status take_labels(nn_tensor *label, const nn_tensor *y, int64_t classes, int64_t ignore,
                             nn_error *err)
{
    if (y->dtype != NN_INT64 && y->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, 2, "labels are %s, expected int64", nn_dtype_name(y->dtype));
    NN_TRY(nn_tensor_contiguous(label, y, NN_INT64, err));
    nn_status status = holds(nn_tensor_data(label), y->shape[0], ignore)
                           ? drop_ignored(label, classes, ignore, err)
                           : check_labels(label, classes, err);
    if (status != NN_OK) nn_tensor_release(label);
    return status;
}

nn_status nn_class_target_take(nn_class_target *target, const nn_tensor *y, const nn_tensor *x,
                               const char *x_name, int64_t ignore, nn_error *err)
{
    NN_TRY(nn_check_float((nn_operand){x, 1, x_name}, err));
    if (x->ndim != 2)
        return nn_fail(err, NN_ESHAPE, 1, "%s is %s, expected [N,C]", x_name,
                       nn_tensor_shape_name(x).text);
    if (y->ndim == 1 && y->shape[0] == x->shape[0])
        return take_labels(&target->label, y, x->shape[1], ignore, err);
    if (nn_tensor_same_shape(x, y)) return nn_tensor_contiguous(&target->rows, y, x->dtype, err);
    return nn_fail(err, NN_ESHAPE, 2,
                   "y is %s but %s is %s: expected labels [%" PRId64 "] or rows of its shape",
                   nn_tensor_shape_name(y).text, x_name, nn_tensor_shape_name(x).text, x->shape[0]);
}

nn_status nn_class_labels_take(nn_class_target *target, const nn_tensor *y, const nn_tensor *x,
                               const char *x_name, int64_t ignore, nn_error *err)
{
    NN_TRY(nn_class_target_take(target, y, x, x_name, ignore, err));
    if (target->label.storage) return NN_OK;
    nn_class_target_release(target);
    return nn_fail(err, NN_ESHAPE, 2, "y is %s, expected labels [%" PRId64 "]",
                   nn_tensor_shape_name(y).text, x->shape[0]);
}

nn_status nn_class_weight_take(nn_tensor *out, const nn_tensor *weight, int64_t classes,
                               nn_error *err)
{
    NN_TRY(nn_check_float((nn_operand){weight, 3, "weight"}, err));
    if (weight->ndim != 1 || weight->shape[0] != classes)
        return nn_fail(err, NN_ESHAPE, 3, "weight is %s, expected [%" PRId64 "]",
                       nn_tensor_shape_name(weight).text, classes);
    return nn_tensor_contiguous(out, weight, NN_FLOAT64, err);
}

double nn_class_divisor(const nn_class_target *target, const nn_tensor *weight, int64_t rows)
{
    if (!target->label.storage) return (double)rows;
    const double *w = weight->storage ? nn_tensor_data(weight) : NULL;
    const int64_t *label = nn_tensor_data(&target->label);
    double total = 0;
    for (int64_t r = 0; r < rows; r++)
        if (label[r] > 0) total += w ? w[label[r] - 1] : 1;
    return total;
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
    NN_TRY(nn_class_labels_take(&target, y, scores, "scores", NN_IGNORE_NONE, err));
    nn_status status = nn_tensor_contiguous(&plain, scores, scores->dtype, err);
    if (status == NN_OK)
        *count = nn_k()->neural->correct[scores->dtype](nn_tensor_data(&plain),
                                                        nn_tensor_data(&target.label), 0,
                                                        scores->shape[0], scores->shape[1]);
    nn_tensor_release(&plain);
    nn_class_target_release(&target);
    return status;
}
