/*
** alloc.c - aligned blocks with their size in front
**
**   |<------ NN_ALIGNMENT ------>|<---- size ---->|
**   | size | (unused)            | the block      |
**   ^ from aligned_alloc         ^ what the caller sees
**
** The counters are C11 atomics: threads may allocate side by side.
**
** A training step frees what the next one asks for again. Large blocks are
** therefore kept for a while and handed to the next request of their size:
** fresh pages from the system cost a fault each, which at a step of a small
** network was a fifth of the time. Kept blocks count as free.
*/
#define _GNU_SOURCE /* madvise */

#include "tensor/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_size_t in_use;
static atomic_size_t total;
static atomic_size_t cap;
static atomic_uint_fast64_t fail_after;

/* Blocks from KEEP_FROM bytes on are kept, at most KEPT of them and KEEP_BYTES in all; the oldest
** gives way. Under the address sanitizer none are, so that it sees every use after free. */
#define KEEP_FROM ((size_t)64 << 10)
#define KEEP_BYTES ((size_t)32 << 20)
#ifdef __SANITIZE_ADDRESS__
#define KEPT 0
#else
#define KEPT 32
#endif

static struct keeper {
    atomic_flag busy;
    int count;
    size_t bytes;
    struct {
        size_t size;
        void *base;
    } block[KEPT + 1]; /* oldest first */
} keeper = {.busy = ATOMIC_FLAG_INIT};

static void lock_keeper(void)
{
    while (atomic_flag_test_and_set_explicit(&keeper.busy, memory_order_acquire)) {
    }
}

static void unlock_keeper(void)
{
    atomic_flag_clear_explicit(&keeper.busy, memory_order_release);
}

/* Takes block i out of the keeper, which is locked. */
static void *remove_kept(int i)
{
    void *base = keeper.block[i].base;
    keeper.bytes -= keeper.block[i].size;
    keeper.count--;
    memmove(&keeper.block[i], &keeper.block[i + 1],
            (size_t)(keeper.count - i) * sizeof keeper.block[0]);
    return base;
}

/* A kept block of exactly this size, the latest; NULL: there is none. */
static void *take_kept(size_t size)
{
    void *base = NULL;
    lock_keeper();
    for (int i = keeper.count - 1; i >= 0 && !base; i--)
        if (keeper.block[i].size == size) base = remove_kept(i);
    unlock_keeper();
    return base;
}

/* Gives the oldest kept block back to the system; false if none is left. */
static bool drop_oldest(void)
{
    lock_keeper();
    void *base = keeper.count > 0 ? remove_kept(0) : NULL;
    unlock_keeper();
    free(base);
    return base != NULL;
}

/* False: the block is too large to be kept. */
static bool keep(void *base, size_t size)
{
    if (KEPT == 0 || size > KEEP_BYTES) return false;
    lock_keeper();
    while (keeper.count >= KEPT || keeper.bytes + size > KEEP_BYTES) {
        unlock_keeper();
        drop_oldest();
        lock_keeper();
    }
    keeper.block[keeper.count].size = size;
    keeper.block[keeper.count++].base = base;
    keeper.bytes += size;
    unlock_keeper();
    return true;
}

/* Pages of 2 MiB, where a block holds some: rows of a shuffled batch then cost no page look-up. */
static void ask_for_huge_pages(void *base, size_t size)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t huge = (uintptr_t)2 << 20;
    uintptr_t from = ((uintptr_t)base + huge - 1) / huge * huge;
    uintptr_t to = ((uintptr_t)base + size) / huge * huge;
    if (to > from) madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)base, (void)size;
#endif
}

/* size: what is asked of aligned_alloc, header included. */
static void *take_block(size_t size)
{
    void *base = size >= KEEP_FROM ? take_kept(size) : NULL;
    while (!base) {
        base = aligned_alloc(NN_ALIGNMENT, size);
        if (!base && !drop_oldest()) break;
        if (base) ask_for_huge_pages(base, size);
    }
    return base;
}

static void give_block(void *base, size_t size)
{
    if (size < KEEP_FROM || !keep(base, size)) free(base);
}

static size_t whole_block(size_t size)
{
    return (size + 2 * (size_t)NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT;
}

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
    if (!capped && size <= SIZE_MAX / 2 && !fails_now()) base = take_block(whole_block(size));
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
    give_block(header, whole_block(*header));
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
