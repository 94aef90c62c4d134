/*
** sliding.h - a window that slides over the planes of images: patches for convolutions, pooling
**
** A plane is (image[0],image[1]), rows then columns; the window has
** (kernel[0],kernel[1]) taps and takes (out[0],out[1]) positions. In each axis
**
**      seen(position, tap) = position*stride - pad + tap*dilation
**
** is what tap i sees at a position o; outside 0..image-1 it sees padding. pad
** may be negative: some of a window's positions, from first on, are a window
** of their own with pad - first*stride (nn_k_window_part).
**
** All planes are contiguous, those that maxima are taken of no larger than
** INT32_MAX pixels. Twins: ref_sliding.c. Tables are indexed by
** nn_k_type and NULL for what is not a float. T is the element type.
*/
#ifndef NN_KERNEL_SLIDING_H
#define NN_KERNEL_SLIDING_H

#include <stdint.h>

#include "kernel/isa.h"

typedef struct nn_k_window {
    int64_t image[2], out[2], kernel[2];
    int64_t stride[2], dilation[2]; /* at least 1 */
    int64_t pad[2];                 /* before the first row and column */
} nn_k_window;

/* The window at positions first .. first+count-1 of an axis. */
static inline void nn_k_window_part(nn_k_window *w, int axis, int64_t first, int64_t count)
{
    w->pad[axis] -= first * w->stride[axis];
    w->out[axis] = count;
}

/* The positions *first .. *end-1 of an axis at which `tap` sees the image; *first <= *end. */
static inline void nn_k_window_inside(const nn_k_window *w, int axis, int64_t tap, int64_t *first,
                                      int64_t *end)
{
    int64_t at = tap * w->dilation[axis] - w->pad[axis], s = w->stride[axis];
    int64_t left = w->image[axis] - at;                      /* pixels from the tap on */
    *first = at >= 0 ? 0 : s == 1 ? -at : (-at + s - 1) / s; /* divisions are slow */
    *end = left <= 0 ? 0 : s == 1 ? left : (left + s - 1) / s;
    if (*end > w->out[axis]) *end = w->out[axis];
    if (*first > *end) *first = *end;
}

/* patches[(c,i,j), (y,x)] = what tap (i,j) sees of channel c at position (y,x), 0 for padding.
** patches: T (channels*kernel[0]*kernel[1], out[0]*out[1]), rows `row` elements apart; image:
** T (channels, image[0], image[1]). */
typedef void nn_k_unfold(void *patches, int64_t row, const void *image, int64_t channels,
                         const nn_k_window *w);

/* The transpose of it: every patch is added to the pixels that it was taken from. */
typedef void nn_k_fold(void *image, const void *patches, int64_t row, int64_t channels,
                       const nn_k_window *w);

/* c[r,0..n-1] = value[r] (NULL: 0); the rows of c lie c_row elements apart. */
typedef void nn_k_spread(void *c, int64_t c_row, const void *value, int64_t rows, int64_t n);

/* y = the largest pixel of each window, a NaN being larger than all; padding is -infinity.
** x: T (planes, image), y: T (planes, out). */
typedef void nn_k_max_pool(void *y, const void *x, int64_t planes, const nn_k_window *w);

/* dx = the sum of dy over the windows whose largest pixel it is: of equal ones the first, of NaNs
** the last. Writes all of dx. */
typedef void nn_k_max_pool_back(void *dx, const void *dy, const void *x, int64_t planes,
                                const nn_k_window *w);

/* Pixels first .. end-1 of an axis, and what their sum is divided by. */
typedef struct nn_k_span {
    int64_t first, end, count;
} nn_k_span;

/* y[p,i,j] = sum of x[p] over rows span[0][i] and columns span[1][j], in double, over the product
** of their counts. x: T (planes, image), y: T (planes, out). */
typedef struct nn_k_boxes {
    int64_t image[2], out[2];
    const nn_k_span *span[2]; /* out[0] and out[1] of them */
} nn_k_boxes;

typedef void nn_k_box_mean(void *y, const void *x, int64_t planes, const nn_k_boxes *b);
/* Writes all of dx. */
typedef void nn_k_box_mean_back(void *dx, const void *dy, int64_t planes, const nn_k_boxes *b);

typedef struct nn_k_sliding {
    nn_k_unfold *unfold[NN_K_TYPES];
    nn_k_fold *fold[NN_K_TYPES];
    nn_k_spread *spread[NN_K_TYPES];
    nn_k_max_pool *max_pool[NN_K_TYPES];
    nn_k_max_pool_back *max_pool_back[NN_K_TYPES];
    nn_k_box_mean *box_mean[NN_K_TYPES];
    nn_k_box_mean_back *box_mean_back[NN_K_TYPES];
} nn_k_sliding;

#endif
