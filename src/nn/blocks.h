/*
** blocks.h - n items cut into blocks for the threads, and sums over them
**
** A block's size depends on the problem alone and partial sums are added in
** block order: the bits do not depend on the number of threads.
*/
#ifndef NN_NN_BLOCKS_H
#define NN_NN_BLOCKS_H

#include "kernel/partition.h"
#include "tensor/tensor.h"

/* Elements in a block of a loop that calls exp or log for each; NN_K_BLOCK is for the others. */
#define NN_BLOCK_MATH 2048

/* How many rows of n elements make a block of about `elements`; at least 1. */
int64_t nn_blocks_rows(int64_t elements, int64_t n);

/* nn_k_parallel. NN_EINTERRUPTED: not all blocks were run. */
nn_status nn_blocks_run(int64_t blocks, void (*work)(void *context, int64_t i), void *context,
                        nn_error *err);

/* work(context, first, count) for each block of at most `size` of the items 0..n-1. */
nn_status nn_blocks_each(int64_t n, int64_t size,
                         void (*work)(void *context, int64_t first, int64_t count), void *context,
                         nn_error *err);

/* The same, where work returns its block's sum; *sum gets the total. NN_EMEM: nothing was run. */
nn_status nn_blocks_sum(double *sum, int64_t n, int64_t size,
                        double (*work)(void *context, int64_t first, int64_t count), void *context,
                        nn_error *err);

/* The address of element i of a contiguous tensor. */
void *nn_element(const nn_tensor *t, int64_t i);

#endif
