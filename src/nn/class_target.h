/*
** class_target.h - what a loss over classes compares with: labels or a row per sample
**
** y is either (N), int64 or uint8: labels 1..C; or (N,C), any dtype: one-hot
** rows or probabilities. Always argument 2 of its function. Labels equal to
** an ignored value, whatever it is, become 0: their rows do not count.
*/
#ifndef NN_NN_CLASS_TARGET_H
#define NN_NN_CLASS_TARGET_H

#include "kernel/neural.h"
#include "tensor/tensor.h"

#define NN_IGNORE_NONE INT64_MIN

typedef struct nn_class_target {
    nn_tensor label; /* (N) int64, contiguous, checked, 0 where ignored; or empty */
    nn_tensor rows;  /* (N,C) of x's dtype, contiguous; or empty */
} nn_class_target;

/* x: (N,C), argument 1, called `x_name` in messages; checked here to be a float matrix. On
** failure target stays empty. Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (a label outside 1..C),
** NN_EMEM. ignore: the ignored label, or NN_IGNORE_NONE. */
nn_status nn_class_target_take(nn_class_target *target, const nn_tensor *y, const nn_tensor *x,
                               const char *x_name, int64_t ignore, nn_error *err);

/* The same where y must be labels. */
nn_status nn_class_labels_take(nn_class_target *target, const nn_tensor *y, const nn_tensor *x,
                               const char *x_name, int64_t ignore, nn_error *err);

/* The weights of the classes, argument 3: (C), as contiguous float64. Fails: NN_ESHAPE, NN_EDTYPE,
** NN_EMEM. */
nn_status nn_class_weight_take(nn_tensor *out, const nn_tensor *weight, int64_t classes,
                               nn_error *err);

/* What the mean over `rows` rows divides by: the weights of the labels that count (1 each if weight
** is empty); all rows if the target has no labels. */
double nn_class_divisor(const nn_class_target *target, const nn_tensor *weight, int64_t rows);

void nn_class_target_release(nn_class_target *target);

/* Points k at the target and sets its number of classes. */
void nn_class_target_point(nn_k_class_problem *k, const nn_class_target *target, int64_t classes);

/* Runs the kernel over all rows of problem k, whose x (contiguous), dx and each are `x`, `dx` and
** `each`; *sum gets the sum of the losses. NN_EMEM. */
nn_status nn_class_loss_run(double *sum, nn_k_class_loss *kernel, nn_k_class_problem *k,
                            const nn_class_target *target, const nn_tensor *x, const nn_tensor *dx,
                            void *each, nn_error *err);

/* How many rows of scores (N,C), a float matrix, have their largest score (the first of equal ones)
** at their label; y: labels (N). Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE, NN_EMEM. */
nn_status nn_count_correct(int64_t *count, const nn_tensor *scores, const nn_tensor *y,
                           nn_error *err);

#endif
