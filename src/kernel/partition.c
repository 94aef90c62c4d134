/*
** partition.c - blocks over a pool of threads
**
** Blocks are claimed one by one from a counter, by the caller and by the
** workers that happen to be there in time: on a busy machine the caller does
** the work itself and waits only for blocks that a worker has begun. (OpenMP's
** barriers wait for every thread of a team; measured beside other busy
** processes they made small steps ten times slower.)
**
** The gate of a job is one word: closed or open, and how many more workers may
** come in. A worker enters only through an open gate; the caller closes it
** when no block is left, waits until every place is free again, and only then
** returns. So a worker that wakes late finds the gate closed, or open for the
** next job, and never sees a dead one: it looks at a job only from inside.
*/
#define _GNU_SOURCE /* sched_getaffinity */

#include "kernel/partition.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "tensor/cancel.h"

#define MAX_THREADS 1024
#define CLOSED (1u << 31)

/* Looks at a word before sleeping on it. A caller that waits for the last blocks of a loop gives
** up after about 20 microseconds; a worker that waits for the next loop after 200, more than the
** gap between two steps of a small network: to be woken takes as long as such a step. */
#define SPINS 1000
#define IDLE_SPINS 10000

static struct pool {
    atomic_flag busy; /* a job is being run; another caller then works alone */
    int workers;      /* threads that exist beside the callers */

    /* The job; written by the caller while the gate is closed, read from inside. */
    void (*work)(void *context, int64_t i);
    void *context;
    int64_t count;
    unsigned places; /* workers that may be inside */
    _Atomic int64_t next;
    atomic_uint gate; /* free places, perhaps CLOSED */

    atomic_uint jobs; /* how many there were: what idle workers watch */
    int asleep;       /* workers waiting for `begun`; under lock, like the two conditions */
    bool waiting;     /* the caller waits for `drained` */
    pthread_mutex_t lock;
    pthread_cond_t begun, drained;
} pool = {
    .busy = ATOMIC_FLAG_INIT,
    .gate = CLOSED,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .begun = PTHREAD_COND_INITIALIZER,
    .drained = PTHREAD_COND_INITIALIZER,
};

static atomic_int threads; /* 0: not asked for yet */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void claim_blocks(void)
{
    int64_t i;
    while ((i = atomic_fetch_add(&pool.next, 1)) < pool.count && !nn_cancelled())
        pool.work(pool.context, i);
}

static bool enter(void)
{
    unsigned gate = atomic_load(&pool.gate);
    while (!(gate & CLOSED) && gate > 0)
        if (atomic_compare_exchange_weak(&pool.gate, &gate, gate - 1)) return true;
    return false;
}

static void leave(void)
{
    unsigned empty = CLOSED | pool.places;
    if (atomic_fetch_add(&pool.gate, 1) + 1 != empty) return;
    pthread_mutex_lock(&pool.lock);
    if (pool.waiting) pthread_cond_signal(&pool.drained);
    pthread_mutex_unlock(&pool.lock);
}

/* Returns when there has been a job after the one numbered `seen`. */
static unsigned wait_for_job(unsigned seen)
{
    for (int i = 0; i < IDLE_SPINS; i++) {
        if (atomic_load(&pool.jobs) != seen) return atomic_load(&pool.jobs);
        relax();
    }
    pthread_mutex_lock(&pool.lock);
    pool.asleep++;
    while (atomic_load(&pool.jobs) == seen) pthread_cond_wait(&pool.begun, &pool.lock);
    pool.asleep--;
    pthread_mutex_unlock(&pool.lock);
    return atomic_load(&pool.jobs);
}

static void *worker(void *unused)
{
    unsigned seen = 0;
    (void)unused;
    for (;;) {
        seen = wait_for_job(seen);
        if (!enter()) continue;
        claim_blocks();
        leave();
    }
    return NULL;
}

/* In the child of a fork there are no workers, and nobody will ever leave or unlock. */
static void forget_workers(void)
{
    pool.workers = 0;
    pool.asleep = 0;
    pool.waiting = false;
    atomic_store(&pool.gate, CLOSED);
    atomic_flag_clear(&pool.busy);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.begun, NULL);
    pthread_cond_init(&pool.drained, NULL);
}

/* Starts workers up to the given number; fewer if the system refuses. Signals stay with the
** threads of the program. */
static void hire(int workers)
{
    static bool registered;
    sigset_t all, before;
    pthread_attr_t detached;
    if (pool.workers >= workers) return;
    if (!registered) registered = pthread_atfork(NULL, NULL, forget_workers) == 0;
    if (pthread_attr_init(&detached) != 0) return;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (pthread_t id; pool.workers < workers; pool.workers++)
        if (pthread_create(&id, &detached, worker, NULL) != 0) break;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
}

static void begin(int64_t count, void (*work)(void *context, int64_t i), void *context, int helpers)
{
    pool.work = work;
    pool.context = context;
    pool.count = count;
    pool.places = (unsigned)helpers;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.gate, pool.places);
    atomic_fetch_add(&pool.jobs, 1);
    pthread_mutex_lock(&pool.lock);
    if (pool.asleep > 0) pthread_cond_broadcast(&pool.begun);
    pthread_mutex_unlock(&pool.lock);
}

static void finish(void)
{
    unsigned empty = CLOSED | pool.places;
    atomic_fetch_or(&pool.gate, CLOSED);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool.gate) == empty) return;
        relax();
    }
    pthread_mutex_lock(&pool.lock);
    pool.waiting = true;
    while (atomic_load(&pool.gate) != empty) pthread_cond_wait(&pool.drained, &pool.lock);
    pool.waiting = false;
    pthread_mutex_unlock(&pool.lock);
}

/* A request stays until the caller of this has returned, so a look at the end finds what any
** thread has found, inside of nested calls too. */
bool nn_k_parallel(int64_t count, void (*work)(void *context, int64_t i), void *context)
{
    int64_t team = nn_k_threads();
    if (count < team) team = count;
    if (team <= 1 || atomic_flag_test_and_set(&pool.busy)) {
        for (int64_t i = 0; i < count && !nn_cancelled(); i++) work(context, i);
        return !nn_cancelled();
    }
    hire((int)team - 1);
    begin(count, work, context, (int)team - 1);
    claim_blocks();
    finish();
    atomic_flag_clear(&pool.busy);
    return !nn_cancelled();
}

/* The processors that this process may run on. */
static long processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    return sysconf(_SC_NPROCESSORS_ONLN);
}

static int initial_threads(void)
{
    const char *text = getenv("NNLUA_NUM_THREADS");
    long asked = text ? strtol(text, NULL, 10) : 0;
    if (asked < 1) asked = processors();
    return (int)(asked > MAX_THREADS ? MAX_THREADS : asked);
}

void nn_k_set_threads(int n)
{
    atomic_store(&threads, n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n);
}

int nn_k_threads(void)
{
    int n = atomic_load(&threads);
    if (n > 0) return n;
    nn_k_set_threads(initial_threads());
    return atomic_load(&threads);
}
