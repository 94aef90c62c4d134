/*
** partition.h - how work is split over threads
**
** Work is cut into blocks whose number and size depend on the problem alone,
** never on the thread count; whoever needs partial results keeps one per
** block and adds them in block order. So results have the same bits for any
** number of threads. A block's work neither fails, allocates nor calls Lua.
*/
#ifndef NN_KERNEL_PARTITION_H
#define NN_KERNEL_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

/* Elements of a memory-bound loop that make one block: large enough to outweigh waking a
** thread, small enough to stay in L2. */
#define NN_K_BLOCK 16384

/* Runs work(context, i) for i = 0..count-1, in any order, on up to nn_k_threads() threads.
** Nested calls run on the calling thread. False: the computation is to end (tensor/cancel.h), and
** some blocks have not been run; what was to be computed is not there. That is asked between
** blocks, so a block takes 50 ms at most. */
#if defined(__GNUC__)
__attribute__((warn_unused_result))
#endif
bool nn_k_parallel(int64_t count, void (*work)(void *context, int64_t i), void *context);

/* The most threads to use, at least 1. The start value is NNLUA_NUM_THREADS or the number of
** processors this process may run on. */
void nn_k_set_threads(int threads);
int nn_k_threads(void);

#endif
