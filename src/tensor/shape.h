/*
** shape.h - arithmetic on shapes: checked products, broadcasting, names
**
** A shape is an array of int64_t sizes, rank 0 to NN_MAX_RANK, each >= 0.
** Every product of sizes in the engine goes through nn_shape_numel.
*/
#ifndef NN_TENSOR_SHAPE_H
#define NN_TENSOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/status.h"

#define NN_MAX_RANK 8

/* The product of the sizes (1 for rank 0). NN_ESHAPE if a size is negative or the product of the
** sizes that are not 0 passes INT64_MAX: strides are such products. */
nn_status nn_shape_numel(int ndim, const int64_t *shape, int64_t *numel, nn_error *err);

/* The row-major strides of a contiguous tensor; sizes of 0 count as 1. */
void nn_shape_strides(int ndim, const int64_t *shape, int64_t *stride);

/* NumPy broadcasting: out (room for NN_MAX_RANK) gets the joint shape of a and b.
** NN_ESHAPE names both shapes. */
nn_status nn_shape_broadcast(int a_ndim, const int64_t *a, int b_ndim, const int64_t *b,
                             int *out_ndim, int64_t *out, nn_error *err);

bool nn_shape_equal(int a_ndim, const int64_t *a, int b_ndim, const int64_t *b);

/* A shape as text, "[2,3]", for messages; it lives by value, so that two fit one printf. */
typedef struct nn_shape_text {
    char text[192];
} nn_shape_text;
nn_shape_text nn_shape_name(int ndim, const int64_t *shape);

#endif
