/*
** chain_loss.h - the losses that a chain can end in, over any rows of a batch
**
** The operands are checked and converted once; then every tile of rows gets
** its losses and their gradient. Formulas: cross_entropy.h, pair_loss.h.
** Errors about the target are about argument 4, those about options about
** argument 2: backprop(model, criterion, x, y).
*/
#ifndef NN_NN_CHAIN_LOSS_H
#define NN_NN_CHAIN_LOSS_H

#include "nn/cross_entropy.h"

typedef enum nn_chain_loss_kind {
    NN_CHAIN_CROSS_ENTROPY,   /* softmax cross-entropy of the scores */
    NN_CHAIN_BCE_WITH_LOGITS, /* binary cross-entropy of sigmoid(scores) */
    NN_CHAIN_MSE              /* mean squared error */
} nn_chain_loss_kind;

/* What the user asked for. The reduction is mean or sum. */
typedef struct nn_chain_criterion {
    nn_chain_loss_kind kind;
    nn_loss_reduction reduction;
    const nn_tensor *weight; /* cross-entropy: (C); with logits: pos_weight, broadcast; or NULL */
    double label_smoothing;  /* cross-entropy */
    int64_t ignore_index;    /* the same */
} nn_chain_criterion;

typedef struct nn_chain_loss {
    nn_chain_loss_kind kind;
    nn_k_type type;
    int64_t classes;
    double scale;                           /* of the gradient and of the summed loss */
    nn_cross_entropy_problem cross_entropy; /* of that kind */
    nn_tensor target, weight;               /* of the other kinds, like the scores */
} nn_chain_loss;

/* scores: their shape and dtype count. Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE, NN_EMEM. */
nn_status nn_chain_loss_begin(nn_chain_loss *loss, const nn_chain_criterion *criterion,
                              const nn_tensor *scores, const nn_tensor *y, nn_error *err);
void nn_chain_loss_end(nn_chain_loss *loss);

/* Whether the target are labels, so that predictions can be counted. */
bool nn_chain_loss_has_labels(const nn_chain_loss *loss);

/* The sum of the losses of rows first..first+rows-1 of the scores (N,C); their gradient, times
** scale, goes to the same rows of dscores. */
double nn_chain_loss_rows(const nn_chain_loss *loss, void *dscores, const void *scores,
                          int64_t first, int64_t rows);

/* How many of these rows have their largest score (the first of equal ones) at the label. */
int64_t nn_chain_loss_correct(const nn_chain_loss *loss, const void *scores, int64_t first,
                              int64_t rows);

#endif
