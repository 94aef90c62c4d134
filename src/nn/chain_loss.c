/*
** chain_loss.c - one switch over the kinds, and the kernels behind it
*/
#include "nn/chain_loss.h"

#include "kernel/dispatch.h"
#include "nn/binary_cross_entropy.h"
#include "nn/pair_loss.h"

static nn_status begin_cross_entropy(nn_chain_loss *loss, const nn_chain_criterion *criterion,
                                     const nn_tensor *scores, const nn_tensor *y, nn_error *err)
{
    nn_cross_entropy_options options = {criterion->weight, criterion->label_smoothing,
                                        criterion->ignore_index, criterion->reduction};
    nn_cross_entropy_problem *p = &loss->cross_entropy;
    NN_TRY(nn_cross_entropy_begin(p, scores, y, &options, err));
    nn_class_target_point(&p->kernel, &p->target, loss->classes);
    loss->scale = p->kernel.scale;
    return NN_OK;
}

static nn_status begin_pair(nn_chain_loss *loss, const nn_chain_criterion *criterion,
                            const nn_tensor *scores, const nn_tensor *y, nn_error *err)
{
    if (loss->kind == NN_CHAIN_BCE_WITH_LOGITS && criterion->weight)
        NN_TRY(nn_pos_weight_take(&loss->weight, criterion->weight, scores, err));
    nn_status status = nn_pair_target_take(&loss->target, y, (nn_operand){scores, 1, "z"}, err);
    if (status != NN_OK) nn_tensor_release(&loss->weight);
    loss->scale = nn_loss_scale(criterion->reduction, (double)nn_tensor_numel(scores));
    return status;
}

nn_status nn_chain_loss_begin(nn_chain_loss *loss, const nn_chain_criterion *criterion,
                              const nn_tensor *scores, const nn_tensor *y, nn_error *err)
{
    static const int argument[] = {0, 1, 4, 2}; /* (scores, y, options) in terms of backprop's */
    *loss = (nn_chain_loss){
        .kind = criterion->kind, .type = (nn_k_type)scores->dtype, .classes = scores->shape[1]};
    nn_status status = loss->kind == NN_CHAIN_CROSS_ENTROPY
                           ? begin_cross_entropy(loss, criterion, scores, y, err)
                           : begin_pair(loss, criterion, scores, y, err);
    if (status != NN_OK) err->arg = argument[err->arg];
    return status;
}

void nn_chain_loss_end(nn_chain_loss *loss)
{
    nn_cross_entropy_end(&loss->cross_entropy);
    nn_tensor_release(&loss->target);
    nn_tensor_release(&loss->weight);
}

bool nn_chain_loss_has_labels(const nn_chain_loss *loss)
{
    return loss->cross_entropy.target.label.storage != NULL;
}

static double pair_rows(const nn_chain_loss *loss, nn_k_pair_op op, char *dscores,
                        const char *scores, int64_t first, int64_t rows)
{
    int64_t size = loss->type == NN_K_F32 ? 4 : 8, at = first * loss->classes * size;
    const char *target = nn_tensor_data(&loss->target);
    const char *weight = loss->weight.storage ? nn_tensor_data(&loss->weight) : NULL;
    return nn_k()->neural->pair_loss[op][loss->type](NULL, dscores + at, scores + at, target + at,
                                                     weight ? weight + at : NULL,
                                                     rows * loss->classes, 0, loss->scale);
}

double nn_chain_loss_rows(const nn_chain_loss *loss, void *dscores, const void *scores,
                          int64_t first, int64_t rows)
{
    if (loss->kind != NN_CHAIN_CROSS_ENTROPY)
        return pair_rows(loss, loss->kind == NN_CHAIN_MSE ? NN_K_MSE : NN_K_BCE_LOGIT, dscores,
                         scores, first, rows);
    nn_k_class_problem problem = loss->cross_entropy.kernel;
    problem.x = scores;
    problem.dx = dscores;
    return nn_k()->neural->cross_entropy[loss->type](&problem, first, rows);
}

int64_t nn_chain_loss_correct(const nn_chain_loss *loss, const void *scores, int64_t first,
                              int64_t rows)
{
    const int64_t *label = nn_tensor_data(&loss->cross_entropy.target.label);
    return nn_k()->neural->correct[loss->type](scores, label, first, rows, loss->classes);
}
