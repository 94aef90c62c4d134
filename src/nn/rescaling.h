/*
** rescaling.h - bytes, such as pixels, as numbers: y = scale*x + offset
**
** y is computed in double and rounded to float32 whatever its dtype, as images
** usually are: a float64 network sees the same numbers as a float32 one.
*/
#ifndef NN_NN_RESCALING_H
#define NN_NN_RESCALING_H

#include "kernel/isa.h"
#include "tensor/tensor.h"

typedef struct nn_rescaling {
    double scale, offset;
} nn_rescaling;

/* The values of the 256 bytes, as elements of `type`, float32 or float64. */
void nn_rescaling_table(void *table, nn_k_type type, nn_rescaling rescaling);

/* y[i] = table[x[i]]; n elements of `type`. */
void nn_rescaling_apply(void *y, const uint8_t *x, const void *table, nn_k_type type, int64_t n);

/* x: uint8, any shape; y: the same shape, of a float dtype. Fails: NN_EDTYPE, NN_EMEM. */
nn_status nn_rescale(nn_tensor *y, const nn_tensor *x, nn_rescaling rescaling, nn_dtype dtype,
                     nn_error *err);

#endif
