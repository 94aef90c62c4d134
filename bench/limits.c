/*
** limits.c - what this machine can do at most: fused multiply-adds and memory traffic
**
** usage: limits [THREADS]      (2)
**
** Prints lines "fma DTYPE THREADS GFLOPS" (a fused multiply-add counts as two) and
** "memory read|triad THREADS GBPS" (read: the sums of three arrays; triad: a = b + s c, the three
** streams counted once each). Every figure is the best of five passes. Compiled with -march=native:
*GCC's vector extensions become the
** widest instructions that the processor has.
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __AVX512F__
#define VECTOR 64
#elif defined __AVX__
#define VECTOR 32
#else
#define VECTOR 16
#endif

typedef float floats __attribute__((vector_size(VECTOR)));
typedef double doubles __attribute__((vector_size(VECTOR)));

enum {
    CHAINS = 12, /* independent sums: more than latency times units, fewer than registers */
    FMA_STEPS = 20000000,  /* of every chain: some 50 ms */
    FLOATS = 32 * 1048576, /* in each of the three arrays: beyond any cache */
    PASSES = 5,
    MOST_THREADS = 64
};

/* One thread's share of a pass. */
typedef struct {
    size_t first, last; /* of the arrays, in vectors */
    double sink;        /* keeps the compiler from dropping the work */
} share;

static floats *a, *b, *c;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define DEFINE_FMA(name, vector)                                                                   \
    static void *name(void *p)                                                                     \
    {                                                                                              \
        share *s = p;                                                                              \
        vector sum[CHAINS], x, y;                                                                  \
        for (size_t j = 0; j < VECTOR / sizeof x[0]; j++) x[j] = 0.999f, y[j] = 1e-3f;             \
        for (int i = 0; i < CHAINS; i++) sum[i] = x + (float)i;                                    \
        for (int step = 0; step < FMA_STEPS; step++) {                                             \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * x + y;     \
        }                                                                                          \
        for (int i = 0; i < CHAINS; i++) s->sink += (double)sum[i][0];                             \
        return NULL;                                                                               \
    }
DEFINE_FMA(fma_floats, floats)
DEFINE_FMA(fma_doubles, doubles)

static void *read_all(void *p)
{
    share *s = p;
    floats sum[6] = {{0}};
    for (size_t i = s->first; i + 2 <= s->last; i += 2) {
        sum[0] += a[i], sum[1] += b[i], sum[2] += c[i];
        sum[3] += a[i + 1], sum[4] += b[i + 1], sum[5] += c[i + 1];
    }
    for (int j = 0; j < 6; j++) s->sink += (double)sum[j][0];
    return NULL;
}

static void *triad(void *p)
{
    const share *s = p;
    for (size_t i = s->first; i < s->last; i++) a[i] = b[i] + 0.5f * c[i];
    return NULL;
}

/* The least seconds that THREADS threads took for one pass of work. */
static double seconds(void *(*work)(void *), size_t threads)
{
    const size_t vectors = FLOATS / (VECTOR / sizeof(float));
    double best = 1e9;
    for (int pass = 0; pass < PASSES; pass++) {
        pthread_t id[MOST_THREADS];
        share shares[MOST_THREADS];
        double start = now();
        for (size_t t = 0; t < threads; t++) {
            shares[t] = (share){vectors * t / threads, vectors * (t + 1) / threads, 0};
            if (pthread_create(&id[t], NULL, work, &shares[t]) != 0) exit(1);
        }
        for (size_t t = 0; t < threads; t++) pthread_join(id[t], NULL);
        double taken = now() - start;
        if (taken < best) best = taken;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t most = argc > 1 ? (size_t)atoi(argv[1]) : 2;
    if (most < 1 || most > MOST_THREADS) return 2;
    a = aligned_alloc(VECTOR, sizeof(float) * FLOATS);
    b = aligned_alloc(VECTOR, sizeof(float) * FLOATS);
    c = aligned_alloc(VECTOR, sizeof(float) * FLOATS);
    if (!a || !b || !c) return 1;
    for (size_t i = 0; i < FLOATS; i++) ((float *)a)[i] = ((float *)b)[i] = ((float *)c)[i] = 1;

    for (size_t threads = 1;; threads = most) {
        double multiplies = 2.0 * FMA_STEPS * CHAINS * (double)threads;
        double bytes = 3 * sizeof(float) * (double)FLOATS;
        printf("fma float32 %zu %.1f\n", threads,
               multiplies * (VECTOR / sizeof(float)) / seconds(fma_floats, threads) * 1e-9);
        printf("fma float64 %zu %.1f\n", threads,
               multiplies * (VECTOR / sizeof(double)) / seconds(fma_doubles, threads) * 1e-9);
        printf("memory read %zu %.1f\n", threads, bytes / seconds(read_all, threads) * 1e-9);
        printf("memory triad %zu %.1f\n", threads, bytes / seconds(triad, threads) * 1e-9);
        if (threads == most) return 0;
    }
}
