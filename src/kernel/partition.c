/*
** partition.c - blocks over OpenMP threads
*/
#include "kernel/partition.h"

#include <omp.h>
#include <stdlib.h>

#define MAX_THREADS 1024

static int threads; /* 0: not asked for yet */

static int initial_threads(void)
{
    const char *text = getenv("NNLUA_NUM_THREADS");
    long asked = text ? strtol(text, NULL, 10) : 0;
    if (asked < 1) asked = omp_get_num_procs();
    return (int)(asked > MAX_THREADS ? MAX_THREADS : asked);
}

void nn_k_set_threads(int n)
{
    threads = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

int nn_k_threads(void)
{
    if (threads == 0) threads = initial_threads();
    return threads;
}

void nn_k_parallel(int64_t count, void (*work)(void *context, int64_t i), void *context)
{
    int team = nn_k_threads();
    if (count < team) team = (int)count;
    if (team <= 1 || omp_in_parallel()) {
        for (int64_t i = 0; i < count; i++) work(context, i);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(team)
    for (int64_t i = 0; i < count; i++) work(context, i);
}
