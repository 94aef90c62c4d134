/*
** transpose.h - the transpose of a matrix, at the speed of the cache
**
** dst[c*dst_row + r] = src[r*src_row + c] for r < rows, c < cols; rows of src
** lie src_row elements apart, those of dst dst_row. An element is `size`
** bytes: 1, 4 or 8, of any type. dst and src do not overlap.
*/
#ifndef NN_TENSOR_TRANSPOSE_H
#define NN_TENSOR_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

void nn_transpose(void *dst, int64_t dst_row, const void *src, int64_t src_row, int64_t rows,
                  int64_t cols, size_t size);

#endif
