/*
** arith.c - elementwise kernels, shaped for the compiler's vectoriser
**
** Each operation gets the loops that occur in practice as separate, simple
** ones: unit steps, and a broadcast scalar on either side; the last is the
** general strided loop. The expression is the same in all of them.
*/
#include "kernel/arith.h"

#include <stdbool.h>

#include "kernel/scalar.h"

#define DEFINE_BINARY(name, out, in, expression)                                                   \
    static void name(void *vy, int64_t ys, const void *va, int64_t as, const void *vb, int64_t bs, \
                     int64_t n)                                                                    \
    {                                                                                              \
        out *y = vy;                                                                               \
        const in *pa = va, *pb = vb;                                                               \
        if (ys == 1 && as == 1 && bs == 1) {                                                       \
            for (int64_t i = 0; i < n; i++) {                                                      \
                in a = pa[i], b = pb[i];                                                           \
                y[i] = (out)(expression);                                                          \
            }                                                                                      \
        } else if (ys == 1 && as == 1 && bs == 0) {                                                \
            in b = *pb;                                                                            \
            for (int64_t i = 0; i < n; i++) {                                                      \
                in a = pa[i];                                                                      \
                y[i] = (out)(expression);                                                          \
            }                                                                                      \
        } else if (ys == 1 && as == 0 && bs == 1) {                                                \
            in a = *pa;                                                                            \
            for (int64_t i = 0; i < n; i++) {                                                      \
                in b = pb[i];                                                                      \
                y[i] = (out)(expression);                                                          \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++) {                                                      \
                in a = pa[i * as], b = pb[i * bs];                                                 \
                y[i * ys] = (out)(expression);                                                     \
            }                                                                                      \
        }                                                                                          \
    }

#define DEFINE_UNARY(name, type, expression)                                                       \
    static void name(void *vy, int64_t ys, const void *vx, int64_t xs, int64_t n)                  \
    {                                                                                              \
        type *y = vy;                                                                              \
        const type *px = vx;                                                                       \
        if (ys == 1 && xs == 1) {                                                                  \
            for (int64_t i = 0; i < n; i++) {                                                      \
                type x = px[i];                                                                    \
                y[i] = (type)(expression);                                                         \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++) {                                                      \
                type x = px[i * xs];                                                               \
                y[i * ys] = (type)(expression);                                                    \
            }                                                                                      \
        }                                                                                          \
    }

#define DEFINE_CLAMP(name, type)                                                                   \
    static void name(void *vy, int64_t ys, const void *vx, int64_t xs, const void *vlow,           \
                     const void *vhigh, int64_t n)                                                 \
    {                                                                                              \
        type *y = vy, low = *(const type *)vlow, high = *(const type *)vhigh;                      \
        const type *px = vx;                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type x = px[i * xs];                                                                   \
            if (x < low) x = low;                                                                  \
            if (x > high) x = high;                                                                \
            y[i * ys] = x;                                                                         \
        }                                                                                          \
    }

#define DEFINE_WHERE(name, type)                                                                   \
    static void name(void *vy, int64_t ys, const uint8_t *c, int64_t cs, const void *va,           \
                     int64_t as, const void *vb, int64_t bs, int64_t n)                            \
    {                                                                                              \
        type *y = vy;                                                                              \
        const type *a = va, *b = vb;                                                               \
        for (int64_t i = 0; i < n; i++) y[i * ys] = c[i * cs] ? a[i * as] : b[i * bs];             \
    }

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

#define MATH(function, suffix, f) function##_of_##suffix

#include "kernel/arith_table.inc"
