/*
** cancel.c - the request, the holds, and a count of polls for tests
*/
#include "tensor/cancel.h"

enum { REQUESTED = 1, COUNTING = 2 }; /* bits of nn_cancel_noticed */

atomic_int nn_cancel_noticed;
static atomic_int holds;
static _Atomic int64_t left; /* polls until one asks */

bool nn_cancel_look(void)
{
    if (atomic_load(&holds) > 0) return false;
    if ((atomic_load(&nn_cancel_noticed) & COUNTING) && atomic_fetch_sub(&left, 1) == 1) {
        atomic_fetch_and(&nn_cancel_noticed, ~COUNTING);
        nn_cancel_request();
    }
    return (atomic_load(&nn_cancel_noticed) & REQUESTED) != 0;
}

void nn_cancel_request(void)
{
    atomic_fetch_or(&nn_cancel_noticed, REQUESTED);
}

bool nn_cancel_take(void)
{
    return (atomic_fetch_and(&nn_cancel_noticed, ~REQUESTED) & REQUESTED) != 0;
}

bool nn_cancel_waits(void)
{
    return (atomic_load(&nn_cancel_noticed) & REQUESTED) != 0;
}

void nn_cancel_hold(void)
{
    atomic_fetch_add(&holds, 1);
}

void nn_cancel_release(void)
{
    atomic_fetch_sub(&holds, 1);
}

void nn_cancel_after(uint64_t polls)
{
    atomic_fetch_and(&nn_cancel_noticed, ~COUNTING);
    atomic_store(&left, (int64_t)polls);
    if (polls > 0) atomic_fetch_or(&nn_cancel_noticed, COUNTING);
}
