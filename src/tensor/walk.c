/*
** walk.c - merging dimensions and finding runs
*/
#include "tensor/walk.h"

#include <string.h>

/* The stride with which t moves along dimension d of a shape of rank ndim. */
static int64_t stride_in(const nn_tensor *t, int ndim, int d)
{
    int own = t->ndim - ndim + d;
    return own < 0 || t->shape[own] == 1 ? 0 : t->stride[own];
}

/* True if every operand steps from the end of the inner dimension right to the next outer one. */
static bool merges(const nn_walk *walk, int outer, const int64_t *inner_stride, int64_t inner_size)
{
    for (int k = 0; k < walk->operands; k++)
        if (walk->stride[k][outer] != inner_stride[k] * inner_size) return false;
    return true;
}

void nn_walk_start(nn_walk *walk, int ndim, const int64_t *shape, int operands,
                   const nn_tensor *const *tensors)
{
    int n = 0;
    memset(walk, 0, sizeof *walk);
    walk->operands = operands;
    for (int d = 0; d < ndim; d++) {
        int64_t stride[NN_WALK_MAX];
        if (shape[d] == 0) {
            walk->runs = 0;
            walk->outer = 0;
            return;
        }
        if (shape[d] == 1) continue;
        for (int k = 0; k < operands; k++) stride[k] = stride_in(tensors[k], ndim, d);
        if (n > 0 && merges(walk, n - 1, stride, shape[d])) {
            walk->shape[n - 1] *= shape[d];
        } else {
            walk->shape[n++] = shape[d];
        }
        for (int k = 0; k < operands; k++) walk->stride[k][n - 1] = stride[k];
    }
    walk->length = 1;
    if (n > 0) {
        n--;
        walk->length = walk->shape[n];
        for (int k = 0; k < operands; k++) walk->step[k] = walk->stride[k][n];
    }
    walk->outer = n;
    walk->runs = 1;
    for (int d = 0; d < n; d++) walk->runs *= walk->shape[d];
}

void nn_walk_at(const nn_walk *walk, int64_t run, int64_t *offset)
{
    for (int k = 0; k < walk->operands; k++) offset[k] = 0;
    for (int d = walk->outer - 1; d >= 0; d--) {
        int64_t i = run % walk->shape[d];
        run /= walk->shape[d];
        for (int k = 0; k < walk->operands; k++) offset[k] += i * walk->stride[k][d];
    }
}
