/*
** ranking.c - scores sorted, groups of equal ones counted
*/
#include "nn/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"

typedef struct scored {
    double score;
    bool positive;
} scored;

static int by_score(const void *a, const void *b)
{
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* What is sorted at once; blocks of it are then merged two by two, between two arrays. */
#define BLOCK ((int64_t)1 << 15)

typedef struct merging {
    scored *from, *to;
    int64_t n, size; /* in all, and of a sorted run of `from` */
} merging;

static void sort_block(void *context, int64_t first, int64_t count)
{
    qsort((scored *)context + first, (size_t)count, sizeof(scored), by_score);
}

/* The order of equal scores does not matter. */
static void merge_two(void *context, int64_t pair)
{
    const merging *m = context;
    int64_t i = 2 * pair * m->size, half = i + m->size, end = half + m->size;
    if (half > m->n) half = m->n;
    if (end > m->n) end = m->n;
    for (int64_t a = i, b = half; i < end && !nn_cancelled_at(i); i++)
        m->to[i] = b == end || (a < half && m->from[a].score <= m->from[b].score) ? m->from[a++]
                                                                                  : m->from[b++];
}

/* Sorts list, with room for as many beside it; *sorted: which of the two it is then. */
static nn_status sort(scored **sorted, scored *list, scored *room, int64_t n, nn_error *err)
{
    merging m = {list, room, n, BLOCK};
    NN_TRY(nn_blocks_each(n, BLOCK, sort_block, list, err));
    for (; m.size < n; m.size *= 2) {
        NN_TRY(nn_blocks_run((n + 2 * m.size - 1) / (2 * m.size), merge_two, &m, err));
        scored *swap = m.from;
        m.from = m.to;
        m.to = swap;
    }
    *sorted = m.from;
    return NN_OK;
}

static void count(nn_ranking *out, const scored *list, int64_t n)
{
    *out = (nn_ranking){0};
    for (int64_t first = 0, last; first < n; first = last) {
        int64_t positives = 0;
        for (last = first; last < n && list[last].score == list[first].score; last++)
            positives += list[last].positive;
        int64_t negatives = last - first - positives;
        out->twice_ordered += positives * (2 * out->negatives + negatives);
        out->positives += positives;
        out->negatives += negatives;
    }
}

static nn_status collect(scored *list, const nn_tensor *scores, const nn_tensor *y, int64_t n,
                         nn_error *err)
{
    const double *score = nn_tensor_data(scores);
    const uint8_t *positive = nn_tensor_data(y);
    for (int64_t i = 0; i < n; i++) {
        if (isnan(score[i]))
            return nn_fail(err, NN_EVALUE, 1, "score %lld is not a number", (long long)i + 1);
        list[i] = (scored){score[i], positive[i] != 0};
    }
    return NN_OK;
}

nn_status nn_rank(nn_ranking *out, const nn_tensor *scores, const nn_tensor *y, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY, mask = NN_TENSOR_EMPTY;
    scored *list = NULL, *sorted = NULL;
    NN_TRY(nn_check_float((nn_operand){scores, 1, "scores"}, err));
    if (y->dtype != NN_BOOL)
        return nn_fail(err, NN_EDTYPE, 2, "y is %s, expected bool", nn_dtype_name(y->dtype));
    if (scores->ndim != 1 || !nn_tensor_same_shape(scores, y))
        return nn_fail(err, NN_ESHAPE, 2, "y is %s but scores are %s, expected vectors alike",
                       nn_tensor_shape_name(y).text, nn_tensor_shape_name(scores).text);
    int64_t n = scores->shape[0];
    if (n > INT32_MAX)
        return nn_fail(err, NN_EVALUE, 1, "%lld scores are too many to count", (long long)n);
    nn_status status = nn_tensor_contiguous(&plain, scores, NN_FLOAT64, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&mask, y, NN_BOOL, err);
    if (status == NN_OK && !(list = nn_alloc((size_t)(2 * n + 1) * sizeof *list, err)))
        status = err->code;
    if (status == NN_OK) status = collect(list, &plain, &mask, n, err);
    if (status == NN_OK) status = sort(&sorted, list, list + n, n, err);
    if (status == NN_OK) count(out, sorted, n);
    nn_free(list);
    nn_tensor_release(&mask);
    nn_tensor_release(&plain);
    return status;
}
