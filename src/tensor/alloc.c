/*
** alloc.c - aligned blocks with their size in front
**
**   |<------ NN_ALIGNMENT ------>|<---- size ---->|
**   | size | (unused)            | the block      |
**   ^ from aligned_alloc         ^ what the caller sees
**
** The counters are C11 atomics: threads may allocate side by side.
*/
#include "tensor/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t in_use;
static atomic_size_t total;
static atomic_size_t cap;
static atomic_uint_fast64_t fail_after;

/* True when the armed failure falls on this very allocation. */
static bool fails_now(void)
{
    uint_fast64_t left = atomic_load(&fail_after);
    while (left > 0)
        if (atomic_compare_exchange_weak(&fail_after, &left, left - 1)) return left == 1;
    return false;
}

static size_t *header_of(void *block)
{
    return (size_t *)(void *)((char *)block - NN_ALIGNMENT);
}

void *nn_alloc(size_t size, nn_error *err)
{
    size_t limit = atomic_load(&cap);
    size_t before = atomic_fetch_add(&in_use, size);
    char *base = NULL;
    bool capped = limit > 0 && (size > limit || before > limit - size);
    if (!capped && size <= SIZE_MAX / 2 && !fails_now()) {
        size_t rounded = (size + 2 * (size_t)NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT;
        base = aligned_alloc(NN_ALIGNMENT, rounded);
    }
    if (!base) {
        atomic_fetch_sub(&in_use, size);
        if (capped)
            nn_fail(err, NN_EMEM, 0, "not enough memory: %zu bytes more than the cap of %zu allows",
                    size, limit);
        else
            nn_fail(err, NN_EMEM, 0, "not enough memory for %zu bytes", size);
        return NULL;
    }
    atomic_fetch_add(&total, size);
    memcpy(base, &size, sizeof size);
    return base + NN_ALIGNMENT;
}

void nn_free(void *block)
{
    if (!block) return;
    size_t *header = header_of(block);
    atomic_fetch_sub(&in_use, *header);
    free(header);
}

void *nn_realloc(void *block, size_t size, nn_error *err)
{
    void *grown = nn_alloc(size, err);
    if (!grown || !block) return grown;
    size_t old = *header_of(block);
    memcpy(grown, block, old < size ? old : size);
    nn_free(block);
    return grown;
}

size_t nn_alloc_in_use(void)
{
    return atomic_load(&in_use);
}

size_t nn_alloc_total(void)
{
    return atomic_load(&total);
}

void nn_alloc_set_cap(size_t bytes)
{
    atomic_store(&cap, bytes);
}

size_t nn_alloc_cap(void)
{
    return atomic_load(&cap);
}

void nn_alloc_fail_after(uint64_t n)
{
    atomic_store(&fail_after, n);
}
