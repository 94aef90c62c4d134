/*
** ref_arith.c - the naive twins of tuned/arith.c: one strided loop each
*/
#include "kernel/arith.h"

#include "kernel/scalar.h"

#define NN_ISA ref

#define DEFINE_BINARY(name, out, in, expression)                                                   \
    static void name(void *y, int64_t ys, const void *va, int64_t as, const void *vb, int64_t bs,  \
                     int64_t n)                                                                    \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            in a = ((const in *)va)[i * as], b = ((const in *)vb)[i * bs];                         \
            ((out *)y)[i * ys] = (out)(expression);                                                \
        }                                                                                          \
    }

#define DEFINE_UNARY(name, type, expression)                                                       \
    static void name(void *y, int64_t ys, const void *vx, int64_t xs, int64_t n)                   \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type x = ((const type *)vx)[i * xs];                                                   \
            ((type *)y)[i * ys] = (type)(expression);                                              \
        }                                                                                          \
    }

#define DEFINE_CLAMP(name, type)                                                                   \
    static void name(void *y, int64_t ys, const void *vx, int64_t xs, const void *vlow,            \
                     const void *vhigh, int64_t n)                                                 \
    {                                                                                              \
        type low = *(const type *)vlow, high = *(const type *)vhigh;                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type x = ((const type *)vx)[i * xs];                                                   \
            if (x < low) x = low;                                                                  \
            if (x > high) x = high;                                                                \
            ((type *)y)[i * ys] = x;                                                               \
        }                                                                                          \
    }

#define DEFINE_WHERE(name, type)                                                                   \
    static void name(void *y, int64_t ys, const uint8_t *c, int64_t cs, const void *a, int64_t as, \
                     const void *b, int64_t bs, int64_t n)                                         \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((type *)y)[i * ys] =                                                                  \
                c[i * cs] ? ((const type *)a)[i * as] : ((const type *)b)[i * bs];                 \
    }

/* The functions of libm, which has no sigmoid. */
#define MATH(function, suffix, f) function##f

static double sigmoid(double x)
{
    double e = exp(x < 0 ? x : -x);
    return (x < 0 ? e : 1) / (1 + e);
}

static float sigmoidf(float x)
{
    return (float)sigmoid((double)x);
}

#include "kernel/arith_table.inc"
