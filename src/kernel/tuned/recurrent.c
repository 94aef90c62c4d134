/*
** recurrent.c - the steps of recurrent cells for float and double, from one template
*/
#include "kernel/recurrent.h"

#include <math.h>
#include <stdbool.h>

#define REAL float
#define NAME(x) x##_f32
#define M(function) function##f
#include "kernel/tuned/vmath.inc"

#include "kernel/tuned/recurrent.inc"
#undef REAL
#undef NAME
#undef M

#define REAL double
#define NAME(x) x##_f64
#define M(function) function
#include "kernel/tuned/vmath.inc"

#include "kernel/tuned/recurrent.inc"

#include "kernel/recurrent_table.inc"
