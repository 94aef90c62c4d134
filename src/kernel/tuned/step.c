/*
** step.c - the optimizer steps for float and double, each from one template
**
** step.inc holds the loops; it sees REAL (the element type), NAME(x) (x with
** the type's suffix) and M(f) (the math function f of that type).
*/
#include "kernel/step.h"

#include <math.h>
#include <stddef.h>

/* A loop body that is compiled anew for each set of constant arguments: without branches. */
#define VARIANT static inline __attribute__((always_inline)) void

/* The compiler is told that nothing overlaps. */
#ifdef __clang__
#define EACH _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < n; i++)
#else
#define EACH _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++)
#endif

#define REAL float
#define NAME(x) x##_f32
#define M(function) function##f
#include "kernel/tuned/step.inc"
#undef REAL
#undef NAME
#undef M

#define REAL double
#define NAME(x) x##_f64
#define M(function) function
#include "kernel/tuned/step.inc"

#include "kernel/step_table.inc"
