/*
** scratch.h - memory that a block of nn_k_parallel works in
**
** A block may not allocate. So there is a piece of memory for each thread,
** and a block takes one that is free for as long as it runs. Which one it
** gets is chance: nothing that is in it before may be read.
*/
#ifndef NN_NN_SCRATCH_H
#define NN_NN_SCRATCH_H

#include <stdint.h>

#include "tensor/status.h"

typedef struct nn_scratch {
    char *memory; /* a line for each piece that says whether it is taken, then the pieces */
    int64_t size; /* bytes of a piece, a multiple of NN_ALIGNMENT */
    int64_t pieces;
} nn_scratch;

/* As many pieces of `size` bytes as so many blocks can need at a time. */
nn_status nn_scratch_new(nn_scratch *s, int64_t size, int64_t blocks, nn_error *err);
void nn_scratch_free(nn_scratch *s);

/* A piece, aligned to NN_ALIGNMENT, and giving it back. */
void *nn_scratch_take(nn_scratch *s);
void nn_scratch_give(nn_scratch *s, void *piece);

#endif
