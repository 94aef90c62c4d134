/*
** ref_sliding.c - the naive twins of tuned/sliding.c: one pixel after the other
*/
#include <math.h>
#include <string.h>

#include "kernel/sliding.h"

#define NN_ISA ref

/* Where tap (i,j) looks at position (y,x): the pixel's index in its plane, or -1 for padding. */
static int64_t seen(const nn_k_window *w, int64_t i, int64_t j, int64_t y, int64_t x)
{
    int64_t row = y * w->stride[0] - w->pad[0] + i * w->dilation[0];
    int64_t col = x * w->stride[1] - w->pad[1] + j * w->dilation[1];
    if (row < 0 || row >= w->image[0] || col < 0 || col >= w->image[1]) return -1;
    return row * w->image[1] + col;
}

/* Heads a loop over the taps of a window, or over its positions. */
#define TAPS                                                                                       \
    for (int64_t i = 0; i < w->kernel[0]; i++)                                                     \
        for (int64_t j = 0; j < w->kernel[1]; j++)
#define POSITIONS                                                                                  \
    for (int64_t y = 0; y < w->out[0]; y++)                                                        \
        for (int64_t x = 0; x < w->out[1]; x++)

#define DEFINE_SLIDING(suffix, real)                                                               \
    static void unfold_##suffix(void *vpatches, int64_t row, const void *vimage, int64_t channels, \
                                const nn_k_window *w)                                              \
    {                                                                                              \
        real *to = vpatches;                                                                       \
        const real *image = vimage;                                                                \
        for (int64_t c = 0; c < channels; c++, image += w->image[0] * w->image[1]) TAPS            \
            {                                                                                      \
                POSITIONS                                                                          \
                {                                                                                  \
                    int64_t at = seen(w, i, j, y, x);                                              \
                    to[y * w->out[1] + x] = at < 0 ? 0 : image[at];                                \
                }                                                                                  \
                to += row;                                                                         \
            }                                                                                      \
    }                                                                                              \
    static void fold_##suffix(void *vimage, const void *vpatches, int64_t row, int64_t channels,   \
                              const nn_k_window *w)                                                \
    {                                                                                              \
        real *image = vimage;                                                                      \
        const real *from = vpatches;                                                               \
        for (int64_t c = 0; c < channels; c++, image += w->image[0] * w->image[1]) TAPS            \
            {                                                                                      \
                POSITIONS                                                                          \
                {                                                                                  \
                    int64_t at = seen(w, i, j, y, x);                                              \
                    if (at >= 0) image[at] += from[y * w->out[1] + x];                             \
                }                                                                                  \
                from += row;                                                                       \
            }                                                                                      \
    }                                                                                              \
    static void spread_##suffix(void *c, int64_t c_row, const void *value, int64_t rows,           \
                                int64_t n)                                                         \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++)                                                         \
            for (int64_t i = 0; i < n; i++)                                                        \
                ((real *)c)[r * c_row + i] = value ? ((const real *)value)[r] : 0;                 \
    }                                                                                              \
    /* The pixel that a window's maximum is, -1 if it sees padding alone. */                       \
    static int64_t largest_##suffix(const real *plane, const nn_k_window *w, int64_t y, int64_t x) \
    {                                                                                              \
        int64_t best = -1;                                                                         \
        TAPS                                                                                       \
        {                                                                                          \
            int64_t at = seen(w, i, j, y, x);                                                      \
            if (at >= 0 && (best < 0 || plane[at] > plane[best] || isnan(plane[at]))) best = at;   \
        }                                                                                          \
        return best;                                                                               \
    }                                                                                              \
    static void max_pool_##suffix(void *vy, const void *vx, int64_t planes, const nn_k_window *w)  \
    {                                                                                              \
        real *to = vy;                                                                             \
        const real *plane = vx;                                                                    \
        for (int64_t p = 0; p < planes; p++, plane += w->image[0] * w->image[1]) POSITIONS         \
            {                                                                                      \
                int64_t at = largest_##suffix(plane, w, y, x);                                     \
                *to++ = at < 0 ? (real)-INFINITY : plane[at];                                      \
            }                                                                                      \
    }                                                                                              \
    static void max_pool_back_##suffix(void *vdx, const void *vdy, const void *vx, int64_t planes, \
                                       const nn_k_window *w)                                       \
    {                                                                                              \
        real *dx = vdx;                                                                            \
        const real *dy = vdy, *plane = vx;                                                         \
        int64_t n = w->image[0] * w->image[1];                                                     \
        for (int64_t p = 0; p < planes; p++, plane += n, dx += n) {                                \
            for (int64_t at = 0; at < n; at++) dx[at] = 0;                                         \
            POSITIONS                                                                              \
            {                                                                                      \
                int64_t at = largest_##suffix(plane, w, y, x);                                     \
                if (at >= 0) dx[at] += *dy;                                                        \
                dy++;                                                                              \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void box_mean_##suffix(void *vy, const void *vx, int64_t planes, const nn_k_boxes *b)   \
    {                                                                                              \
        real *to = vy;                                                                             \
        const real *plane = vx;                                                                    \
        for (int64_t p = 0; p < planes; p++, plane += b->image[0] * b->image[1])                   \
            for (int64_t y = 0; y < b->out[0]; y++)                                                \
                for (int64_t x = 0; x < b->out[1]; x++) {                                          \
                    nn_k_span rows = b->span[0][y], cols = b->span[1][x];                          \
                    double sum = 0;                                                                \
                    for (int64_t i = rows.first; i < rows.end; i++)                                \
                        for (int64_t j = cols.first; j < cols.end; j++)                            \
                            sum += (double)plane[i * b->image[1] + j];                             \
                    *to++ = (real)(sum / (double)(rows.count * cols.count));                       \
                }                                                                                  \
    }                                                                                              \
    static void box_mean_back_##suffix(void *vdx, const void *vdy, int64_t planes,                 \
                                       const nn_k_boxes *b)                                        \
    {                                                                                              \
        real *dx = vdx;                                                                            \
        const real *dy = vdy;                                                                      \
        int64_t n = b->image[0] * b->image[1];                                                     \
        for (int64_t p = 0; p < planes; p++, dx += n) {                                            \
            for (int64_t at = 0; at < n; at++) dx[at] = 0;                                         \
            for (int64_t y = 0; y < b->out[0]; y++)                                                \
                for (int64_t x = 0; x < b->out[1]; x++) {                                          \
                    nn_k_span rows = b->span[0][y], cols = b->span[1][x];                          \
                    real share = (real)((double)*dy++ / (double)(rows.count * cols.count));        \
                    for (int64_t i = rows.first; i < rows.end; i++)                                \
                        for (int64_t j = cols.first; j < cols.end; j++)                            \
                            dx[i * b->image[1] + j] += share;                                      \
                }                                                                                  \
        }                                                                                          \
    }

DEFINE_SLIDING(f32, float)
DEFINE_SLIDING(f64, double)

#include "kernel/sliding_table.inc"
