/*
** transpose.c - squares that fit in L1, in them squares that fit in registers
**
** Taken row by row, one side of a transpose would touch a new cache line for
** every element. A SQUARE of elements touches as many lines on both sides and
** they stay in L1 until all of them is used.
*/
#include "tensor/transpose.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SQUARE 16

typedef void transpose_square(char *dst, int64_t dst_row, const char *src, int64_t src_row,
                              int64_t rows, int64_t cols);

#define DEFINE_SCALAR(name, type)                                                                  \
    static void name(char *dst, int64_t dst_row, const char *src, int64_t src_row, int64_t rows,   \
                     int64_t cols)                                                                 \
    {                                                                                              \
        type *d = (type *)(void *)dst;                                                             \
        const type *s = (const type *)(const void *)src;                                           \
        for (int64_t c = 0; c < cols; c++)                                                         \
            for (int64_t r = 0; r < rows; r++) d[c * dst_row + r] = s[r * src_row + c];            \
    }

DEFINE_SCALAR(square_1, uint8_t)
DEFINE_SCALAR(part_4, uint32_t)
DEFINE_SCALAR(part_8, uint64_t)

#ifdef __SSE2__

/* Whole squares of 4 by 4; unpacking twice exchanges rows and columns. */
static void square_4(char *dst, int64_t dst_row, const char *src, int64_t src_row, int64_t rows,
                     int64_t cols)
{
    if (rows % 4 || cols % 4) {
        part_4(dst, dst_row, src, src_row, rows, cols);
        return;
    }
    float *d = (float *)(void *)dst;
    const float *s = (const float *)(const void *)src;
    for (int64_t c = 0; c < cols; c += 4)
        for (int64_t r = 0; r < rows; r += 4) {
            const float *from = s + r * src_row + c;
            float *to = d + c * dst_row + r;
            __m128 row0 = _mm_loadu_ps(from), row1 = _mm_loadu_ps(from + src_row),
                   row2 = _mm_loadu_ps(from + 2 * src_row), row3 = _mm_loadu_ps(from + 3 * src_row);
            _MM_TRANSPOSE4_PS(row0, row1, row2, row3);
            _mm_storeu_ps(to, row0);
            _mm_storeu_ps(to + dst_row, row1);
            _mm_storeu_ps(to + 2 * dst_row, row2);
            _mm_storeu_ps(to + 3 * dst_row, row3);
        }
}

/* Whole squares of 2 by 2. */
static void square_8(char *dst, int64_t dst_row, const char *src, int64_t src_row, int64_t rows,
                     int64_t cols)
{
    if (rows % 2 || cols % 2) {
        part_8(dst, dst_row, src, src_row, rows, cols);
        return;
    }
    double *d = (double *)(void *)dst;
    const double *s = (const double *)(const void *)src;
    for (int64_t c = 0; c < cols; c += 2)
        for (int64_t r = 0; r < rows; r += 2) {
            __m128d row0 = _mm_loadu_pd(s + r * src_row + c),
                    row1 = _mm_loadu_pd(s + (r + 1) * src_row + c);
            _mm_storeu_pd(d + c * dst_row + r, _mm_unpacklo_pd(row0, row1));
            _mm_storeu_pd(d + (c + 1) * dst_row + r, _mm_unpackhi_pd(row0, row1));
        }
}

#else
#define square_4 part_4
#define square_8 part_8
#endif

void nn_transpose(void *dst, int64_t dst_row, const void *src, int64_t src_row, int64_t rows,
                  int64_t cols, size_t size)
{
    transpose_square *square = size == 1 ? square_1 : size == 4 ? square_4 : square_8;
    for (int64_t r = 0; r < rows; r += SQUARE) /* SQUARE rows are read from end to end */
        for (int64_t c = 0; c < cols; c += SQUARE)
            square((char *)dst + (c * dst_row + r) * (int64_t)size, dst_row,
                   (const char *)src + (r * src_row + c) * (int64_t)size, src_row,
                   rows - r < SQUARE ? rows - r : SQUARE, cols - c < SQUARE ? cols - c : SQUARE);
}
