/*
** cancel.h - a request to stop the running computation, and where it is honoured
**
** A signal handler asks; loops that may run long poll, give up, and their
** functions return NN_EINTERRUPTED as they would return any other failure:
** results are released, inputs are as they were. The request stays until it
** is taken, by whoever reports it, so that whatever polls after the loop that
** gave up gives up as well.
**
** What writes into a tensor that exists must never be left half done. It works
** on something else first, or it holds: between nn_cancel_hold and
** nn_cancel_release nothing is seen of a request. Holds are for passes over
** memory, which are short, and for steps that cannot fail.
**
** Without a handler that asks (as in the stock interpreter) nothing ever
** stops. Polling costs one load.
*/
#ifndef NN_TENSOR_CANCEL_H
#define NN_TENSOR_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Nonzero: something has been asked for, or a test counts polls. Read through nn_cancelled. */
extern atomic_int nn_cancel_noticed;

bool nn_cancel_look(void);

/* Whether to give up now. For any thread. */
static inline bool nn_cancelled(void)
{
    return atomic_load_explicit(&nn_cancel_noticed, memory_order_relaxed) != 0 && nn_cancel_look();
}

/* The same for serial loops: looks once in 4096 elements, before the first of them. */
static inline bool nn_cancelled_at(int64_t element)
{
    return (element & 4095) == 0 && nn_cancelled();
}

/* Asks; for signal handlers too. */
void nn_cancel_request(void);

/* Forgets a request; whether there was one. */
bool nn_cancel_take(void);

/* Whether a request waits, held or not. */
bool nn_cancel_waits(void);

/* They nest. For the thread that calls the computations. */
void nn_cancel_hold(void);
void nn_cancel_release(void);

/* For tests: the n-th poll from now asks, 1 being the next; 0: none does. */
void nn_cancel_after(uint64_t polls);

#endif
