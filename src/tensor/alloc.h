/*
** alloc.h - the one allocator: every byte the engine owns passes through it
**
** Blocks are 64-byte aligned, so that a cache line and a vector register
** never straddle two of them. The allocator counts the bytes in use, refuses
** to pass a cap, and can be told to fail, so that tests reach every
** out-of-memory path. All functions are thread-safe.
*/
#ifndef NN_TENSOR_ALLOC_H
#define NN_TENSOR_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/status.h"

#define NN_ALIGNMENT 64

/* size bytes, uninitialised. NULL (and err filled) if size passes the cap or memory is out.
** A size of 0 gives a valid pointer. */
void *nn_alloc(size_t size, nn_error *err);

/* Gives back a block of nn_alloc; its size is remembered by the block. NULL is a no-op. */
void nn_free(void *block);

/* Grows or shrinks a block (NULL: allocates). On failure the old block is intact and NULL comes
** back. */
void *nn_realloc(void *block, size_t size, nn_error *err);

size_t nn_alloc_in_use(void); /* bytes in living blocks */
size_t nn_alloc_total(void);  /* bytes ever allocated; never falls */

/* The most bytes that may be in use at once; 0: no cap. */
void nn_alloc_set_cap(size_t bytes);
size_t nn_alloc_cap(void);

/* The n-th allocation from now fails (1 is the next), once; 0 disarms. */
void nn_alloc_fail_after(uint64_t n);

#endif
