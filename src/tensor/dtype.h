/*
** dtype.h - the element types of tensors
**
** Promotion follows PyTorch: bool < uint8 < int64 < float32 < float64. A Lua
** number beside a tensor is weak: it changes the dtype only by its kind
** (a float beside an integer tensor gives float32).
*/
#ifndef NN_TENSOR_DTYPE_H
#define NN_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nn_dtype {
    NN_BOOL,    /* one byte, 0 or 1 */
    NN_UINT8,   /* wraps modulo 256 */
    NN_INT64,   /* two's complement, wraps */
    NN_FLOAT32, /* IEEE binary32; the default */
    NN_FLOAT64, /* IEEE binary64 */
    NN_DTYPES   /* how many there are */
} nn_dtype;

size_t nn_dtype_size(nn_dtype dtype);      /* bytes of one element */
const char *nn_dtype_name(nn_dtype dtype); /* "float32", ... */
bool nn_dtype_is_float(nn_dtype dtype);

/* True and *dtype set if name is the name of a dtype. */
bool nn_dtype_parse(const char *name, nn_dtype *dtype);

/* The dtype in which values of both can be combined. */
nn_dtype nn_dtype_promote(nn_dtype a, nn_dtype b);

/* The cast from float to int64, defined everywhere: truncates, saturates, NaN gives 0. */
int64_t nn_int_of_double(double value);

#endif
