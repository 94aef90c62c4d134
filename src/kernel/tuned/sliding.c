/*
** sliding.c - windows over images for float and double, each from one template
**
** Taps are the outer loop, rows of positions the inner one. Steps of 1 and 2
** columns are constants where it matters: they vectorise.
*/
#include "kernel/sliding.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "kernel/tuned/registers.h"

/* Sums of pixels that run side by side. */
#define LANES 8

/* Positions of a plane whose maxima are found together. */
#define CHUNK 512

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The positions from which one tap sees the image, a rectangle. */
typedef struct box {
    int64_t row, col, rows, cols;
    int64_t pixel; /* that the first of them sees, as an index into the plane */
} box;

static box find_box(const nn_k_window *w, int64_t tap)
{
    int64_t first[2], end[2], at[2], offset[2] = {tap / w->kernel[1], tap % w->kernel[1]};
    for (int axis = 0; axis < 2; axis++) {
        nn_k_window_inside(w, axis, offset[axis], &first[axis], &end[axis]);
        at[axis] = first[axis] * w->stride[axis] - w->pad[axis] + offset[axis] * w->dilation[axis];
    }
    return (box){first[0], first[1], end[0] - first[0], end[1] - first[1],
                 at[0] * w->image[1] + at[1]};
}

/* Of two vectors of n elements: every second element; the same where the second one begins with the
** first one's last element; the first and last halves of both with their elements by turns. */
#define EVENS_8 0, 2, 4, 6, 8, 10, 12, 14
#define ODDS_8 1, 3, 5, 7, 9, 11, 13, 15
#define SPREAD_8 0, 2, 4, 6, 9, 11, 13, 15
#define FIRSTS_8 0, 8, 1, 9, 2, 10, 3, 11
#define LASTS_8 4, 12, 5, 13, 6, 14, 7, 15
#define EVENS_4 0, 2, 4, 6
#define ODDS_4 1, 3, 5, 7
#define SPREAD_4 0, 2, 5, 7
#define FIRSTS_4 0, 4, 1, 5
#define LASTS_4 2, 6, 3, 7

#define COUNTED_8 0, 1, 2, 3, 4, 5, 6, 7
#define COUNTED_4 0, 1, 2, 3

#define REAL float
#define WHICH int32_t
#define NAME(x) x##_f32
#include "kernel/tuned/patches.inc"
#include "kernel/tuned/pool.inc"
#undef REAL
#undef WHICH
#undef NAME

#define REAL double
#define WHICH int64_t
#define NAME(x) x##_f64
#include "kernel/tuned/patches.inc"
#include "kernel/tuned/pool.inc"

#include "kernel/sliding_table.inc"
