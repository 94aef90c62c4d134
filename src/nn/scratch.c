/*
** scratch.c - pieces of one allocation, with a flag each
*/
#include "nn/scratch.h"

#include <stdatomic.h>

#include "kernel/partition.h"
#include "tensor/alloc.h"
#include "tensor/shape.h"

static atomic_flag *flag_of(const nn_scratch *s, int64_t piece)
{
    return (atomic_flag *)(void *)(s->memory + piece * NN_ALIGNMENT);
}

nn_status nn_scratch_new(nn_scratch *s, int64_t size, int64_t blocks, nn_error *err)
{
    int64_t bytes;
    s->pieces = nn_k_threads();
    if (blocks < s->pieces) s->pieces = blocks > 0 ? blocks : 1;
    s->size = (size + NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT;
    NN_TRY(nn_shape_numel(2, (int64_t[]){s->pieces, s->size + NN_ALIGNMENT}, &bytes, err));
    s->memory = nn_alloc((size_t)bytes, err);
    if (!s->memory) return err->code;
    for (int64_t i = 0; i < s->pieces; i++) atomic_flag_clear(flag_of(s, i));
    return NN_OK;
}

void nn_scratch_free(nn_scratch *s)
{
    nn_free(s->memory);
    s->memory = NULL;
}

/* There are as many pieces as threads, but somebody may raise their number meanwhile: then a block
** waits for another to end. */
void *nn_scratch_take(nn_scratch *s)
{
    for (int64_t i = 0;; i = (i + 1) % s->pieces)
        if (!atomic_flag_test_and_set_explicit(flag_of(s, i), memory_order_acquire))
            return s->memory + s->pieces * NN_ALIGNMENT + i * s->size;
}

void nn_scratch_give(nn_scratch *s, void *piece)
{
    int64_t i = ((char *)piece - s->memory - s->pieces * NN_ALIGNMENT) / s->size;
    atomic_flag_clear_explicit(flag_of(s, i), memory_order_release);
}
