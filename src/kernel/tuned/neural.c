/*
** neural.c - the neural kernels for float and double, each from one template
**
** The .inc files beside this one hold the loops; they see REAL (the element
** type), NAME(x) (x with the type's suffix) and M(f) (the math function f of
** that type). Sums run over LANES accumulators in double, or row by row, so
** that every instruction set adds in the same order.
*/
#include "kernel/neural.h"

#include <math.h>
#include <stddef.h>

#define LANES 8

/* Elements that are taken through one loop after the other; they stay in L1. */
#define CHUNK 512

/* Heads a loop over a chunk. */
#define EACH for (int64_t i = 0; i < size; i++)

/* How many rows of n elements are handled together: a chunk, or one that is longer than that. */
static int64_t rows_at_once(int64_t n)
{
    return n == 0 || n >= CHUNK ? 1 : CHUNK / n;
}

/* The sum of n doubles: LANES of them in parallel, then the lanes pairwise. */
static double lane_sum(const double *x, int64_t n)
{
    double lane[LANES] = {0};
    int64_t whole = n / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += x[i + l];
    for (int64_t i = whole; i < n; i++) lane[i - whole] += x[i];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

#define DEFINE_OUTSIDE(suffix, type)                                                               \
    static int64_t outside_##suffix(const void *vx, int64_t n, double vlow, double vhigh)          \
    {                                                                                              \
        const type *x = vx, low = (type)vlow, high = (type)vhigh;                                  \
        for (int64_t start = 0; start < n; start += CHUNK) {                                       \
            int64_t end = n - start < CHUNK ? n : start + CHUNK, found = 0;                        \
            for (int64_t i = start; i < end; i++) found |= (x[i] < low) | (x[i] > high);           \
            for (int64_t i = start; found && i < end; i++)                                         \
                if (x[i] < low || x[i] > high) return i;                                           \
        }                                                                                          \
        return n;                                                                                  \
    }
DEFINE_OUTSIDE(i64, int64_t)
DEFINE_OUTSIDE(f32, float)
DEFINE_OUTSIDE(f64, double)

#define REAL float
#define NAME(x) x##_f32
#define M(function) function##f
#include "kernel/tuned/vmath.inc"
#undef REAL
#undef NAME
#undef M

#define REAL double
#define NAME(x) x##_f64
#define M(function) function
#include "kernel/tuned/vmath.inc"
#undef REAL
#undef NAME
#undef M

/* Counted from 0; of no label (0) the first. */
static int64_t class_of(int64_t label)
{
    return label > 0 ? label - 1 : 0;
}

static void log_all(double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = log_of_f64(x[i]);
}

#define REAL float
#define NAME(x) x##_f32
#define M(function) function##f
#include "kernel/tuned/activation.inc"
#include "kernel/tuned/correct.inc"
#include "kernel/tuned/label_loss.inc"
#include "kernel/tuned/mask.inc"
#include "kernel/tuned/pair_loss.inc"
#include "kernel/tuned/softmax.inc"
#include "kernel/tuned/target_loss.inc"
#undef REAL
#undef NAME
#undef M

#define REAL double
#define NAME(x) x##_f64
#define M(function) function
#include "kernel/tuned/activation.inc"
#include "kernel/tuned/correct.inc"
#include "kernel/tuned/label_loss.inc"
#include "kernel/tuned/mask.inc"
#include "kernel/tuned/pair_loss.inc"
#include "kernel/tuned/softmax.inc"
#include "kernel/tuned/target_loss.inc"

#include "kernel/neural_table.inc"
