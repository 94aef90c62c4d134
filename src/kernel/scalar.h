/*
** scalar.h - the value of one element operation, shared by tuned and naive loops
**
** Where an operation is more than one C operator its definition stands here
** once, so that a kernel and its twin can only differ in how they loop.
*/
#ifndef NN_KERNEL_SCALAR_H
#define NN_KERNEL_SCALAR_H

#include <math.h>
#include <stdint.h>

/* Floor division and its remainder with the sign of the divisor, as Lua and Python define them.
** INT64_MIN // -1 wraps. */
static inline int64_t nn_floordiv_i64(int64_t a, int64_t b)
{
    if (b == -1) return (int64_t)(0 - (uint64_t)a);
    int64_t q = a / b;
    return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}

static inline int64_t nn_mod_i64(int64_t a, int64_t b)
{
    if (b == -1) return 0;
    int64_t r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static inline uint64_t nn_pow_u64(uint64_t base, uint64_t exponent)
{
    uint64_t y = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) y *= base;
        base *= base;
    }
    return y;
}

/* Floats: what NumPy and PyTorch compute; floor(a / b) would be wrong where a / b is rounded up to
** a whole number, and the remainder is joined to b only after the quotient is known, because b
** may be infinite. */
#define NN_DEFINE_FLOAT_SCALARS(real, f, suffix)                                                   \
    static inline real nn_mod_##suffix(real a, real b)                                             \
    {                                                                                              \
        real r = fmod##f(a, b);                                                                    \
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;                                           \
    }                                                                                              \
    static inline real nn_floordiv_##suffix(real a, real b)                                        \
    {                                                                                              \
        real r = fmod##f(a, b), q = (a - r) / b;                                                   \
        if (b == 0) return a / b;                                                                  \
        if (r != 0 && (r < 0) != (b < 0)) q -= 1;                                                  \
        if (q == 0) return copysign##f(0, a / b);                                                  \
        real whole = floor##f(q);                                                                  \
        return q - whole > (real)0.5 ? whole + 1 : whole;                                          \
    }                                                                                              \
    static inline real nn_maximum_##suffix(real a, real b)                                         \
    {                                                                                              \
        return a > b || a != a ? a : b;                                                            \
    }                                                                                              \
    static inline real nn_minimum_##suffix(real a, real b)                                         \
    {                                                                                              \
        return a < b || a != a ? a : b;                                                            \
    }                                                                                              \
    static inline real nn_sign_##suffix(real x)                                                    \
    {                                                                                              \
        return x != x ? x : (real)((x > 0) - (x < 0));                                             \
    }

NN_DEFINE_FLOAT_SCALARS(float, f, f32)
NN_DEFINE_FLOAT_SCALARS(double, , f64)

#endif
