/*
** ref_reduce.c - the naive twins of tuned/reduce.c: one element after the other
**
** Floats are added up in long double, so that the twin is also the more
** exact one.
*/
#include "kernel/reduce.h"

#include <math.h>

#define NN_ISA ref

#define DEFINE_SUM(name, suffix, type, acc, result, start, step)                                   \
    static void name##_##suffix(void *y, const void *vx, int64_t outer, int64_t n, int64_t inner,  \
                                int64_t stride)                                                    \
    {                                                                                              \
        for (int64_t k = 0; k < outer * inner; k++) {                                              \
            acc sum = start;                                                                       \
            for (int64_t i = 0; i < n; i++) {                                                      \
                acc x = (acc)((const type *)vx)[(k / inner * n + i) * stride + k % inner];         \
                sum = step;                                                                        \
            }                                                                                      \
            ((result *)y)[k] = (result)sum;                                                        \
        }                                                                                          \
    }

#define DEFINE_SUMS(name, start, step, integer_step)                                               \
    DEFINE_SUM(name, u8, uint8_t, uint64_t, uint64_t, start, integer_step)                         \
    DEFINE_SUM(name, i64, int64_t, uint64_t, uint64_t, start, integer_step)                        \
    DEFINE_SUM(name, f32, float, long double, double, start, step)                                 \
    DEFINE_SUM(name, f64, double, long double, double, start, step)

#define DEFINE_EXTREME(name, suffix, type, better)                                                 \
    static void name##_##suffix(void *value, int64_t *index, const void *vx, int64_t outer,        \
                                int64_t n, int64_t inner, int64_t stride)                          \
    {                                                                                              \
        for (int64_t k = 0; k < outer * inner; k++) {                                              \
            const type *x = (const type *)vx + k / inner * n * stride + k % inner;                 \
            int64_t at = 0;                                                                        \
            for (int64_t i = 1; i < n; i++) {                                                      \
                type a = x[i * stride], b = x[at * stride];                                        \
                if (isnan((double)b)) break;                                                       \
                if (better || isnan((double)a)) at = i;                                            \
            }                                                                                      \
            ((type *)value)[k] = x[at * stride];                                                   \
            index[k] = at;                                                                         \
        }                                                                                          \
    }

#define DEFINE_EXTREMES(name, better)                                                              \
    DEFINE_EXTREME(name, u8, uint8_t, better)                                                      \
    DEFINE_EXTREME(name, i64, int64_t, better)                                                     \
    DEFINE_EXTREME(name, f32, float, better)                                                       \
    DEFINE_EXTREME(name, f64, double, better)

DEFINE_SUMS(sum, 0, sum + x, sum + x)
DEFINE_SUMS(sum_square, 0, sum + x * x, sum + x * x)
DEFINE_SUMS(sum_abs, 0, sum + fabsl(x), sum + (x >> 63 ? 0 - x : x))
DEFINE_SUMS(product, 1, sum *x, sum *x)
DEFINE_EXTREMES(max, a > b)
DEFINE_EXTREMES(min, a < b)

#include "kernel/reduce_table.inc"
