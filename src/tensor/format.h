/*
** format.h - a tensor as text, the way Torch printed it
**
**    1.0000  2.5000
**   -3.0000  0.1250
**   [float32 2x2]
**
** Matrices are printed row by row with one number format; higher ranks slice
** by slice, each headed by its index, "(1,.,.)". More than 1000 elements are
** summarised: the first and last 3 of each dimension with "..." between.
*/
#ifndef NN_TENSOR_FORMAT_H
#define NN_TENSOR_FORMAT_H

#include "tensor/tensor.h"

/* *text gets a NUL-terminated string that the caller gives to nn_free. */
nn_status nn_tensor_format(char **text, const nn_tensor *t, nn_error *err);

#endif
