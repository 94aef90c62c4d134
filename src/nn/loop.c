/*
** loop.c - cutting a walk into blocks
**
** Long runs are cut into pieces of NN_K_BLOCK; short runs are gathered into
** blocks of about that many elements.
*/
#include "nn/loop.h"

#include "kernel/partition.h"
#include "nn/blocks.h"

typedef struct loop {
    nn_walk walk;
    char *data[NN_WALK_MAX];
    int64_t size[NN_WALK_MAX]; /* bytes of an element */
    int64_t pieces;            /* of one run */
    int64_t gathered;          /* runs in a block, where pieces is 1 */
    nn_loop_run *run;
    const void *context;
} loop;

static void piece(const loop *l, int64_t run, int64_t first, int64_t n)
{
    int64_t at[NN_WALK_MAX];
    char *data[NN_WALK_MAX];
    nn_walk_at(&l->walk, run, at);
    for (int k = 0; k < l->walk.operands; k++)
        data[k] = l->data[k] + (at[k] + first * l->walk.step[k]) * l->size[k];
    l->run(l->context, data, l->walk.step, n);
}

static void block(void *context, int64_t i)
{
    const loop *l = context;
    if (l->pieces > 1) {
        int64_t first = i % l->pieces * NN_K_BLOCK, left = l->walk.length - first;
        piece(l, i / l->pieces, first, left < NN_K_BLOCK ? left : NN_K_BLOCK);
        return;
    }
    int64_t end = (i + 1) * l->gathered;
    for (int64_t run = i * l->gathered; run < end && run < l->walk.runs; run++)
        piece(l, run, 0, l->walk.length);
}

nn_status nn_loop(int ndim, const int64_t *shape, int operands, const nn_tensor *const *tensors,
                  nn_loop_run *run, const void *context, nn_error *err)
{
    loop l = {.run = run, .context = context};
    nn_walk_start(&l.walk, ndim, shape, operands, tensors);
    if (l.walk.runs == 0) return NN_OK;
    for (int k = 0; k < operands; k++) {
        l.data[k] = nn_tensor_data(tensors[k]);
        l.size[k] = (int64_t)nn_dtype_size(tensors[k]->dtype);
    }
    l.pieces = (l.walk.length + NN_K_BLOCK - 1) / NN_K_BLOCK;
    l.gathered = NN_K_BLOCK / l.walk.length + 1;
    int64_t blocks =
        l.pieces > 1 ? l.walk.runs * l.pieces : (l.walk.runs + l.gathered - 1) / l.gathered;
    return nn_blocks_run(blocks, block, &l, err);
}
