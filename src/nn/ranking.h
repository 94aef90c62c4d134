/*
** ranking.h - how well scores order the positives before the negatives
*/
#ifndef NN_NN_RANKING_H
#define NN_NN_RANKING_H

#include "tensor/tensor.h"

typedef struct nn_ranking {
    int64_t positives, negatives;
    int64_t twice_ordered; /* pairs whose positive scores more count 2, equal scores 1 */
} nn_ranking;

/* scores: (N), float, no NaN; y: (N), bool: which are positive. twice_ordered divided by
** 2*positives*negatives is the area under the ROC curve (Mann and Whitney, 1947).
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (a NaN, more than 2^31 scores), NN_EMEM. */
nn_status nn_rank(nn_ranking *out, const nn_tensor *scores, const nn_tensor *y, nn_error *err);

#endif
