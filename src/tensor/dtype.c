/*
** dtype.c - names, sizes and promotion of element types
*/
#include "tensor/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[NN_DTYPES] = {
    [NN_BOOL] = {"bool", sizeof(uint8_t)},      [NN_UINT8] = {"uint8", sizeof(uint8_t)},
    [NN_INT64] = {"int64", sizeof(int64_t)},    [NN_FLOAT32] = {"float32", sizeof(float)},
    [NN_FLOAT64] = {"float64", sizeof(double)},
};

size_t nn_dtype_size(nn_dtype dtype)
{
    return dtypes[dtype].size;
}

const char *nn_dtype_name(nn_dtype dtype)
{
    return dtypes[dtype].name;
}

bool nn_dtype_is_float(nn_dtype dtype)
{
    return dtype == NN_FLOAT32 || dtype == NN_FLOAT64;
}

bool nn_dtype_parse(const char *name, nn_dtype *dtype)
{
    for (int i = 0; i < NN_DTYPES; i++)
        if (strcmp(name, dtypes[i].name) == 0) {
            *dtype = (nn_dtype)i;
            return true;
        }
    return false;
}

nn_dtype nn_dtype_promote(nn_dtype a, nn_dtype b)
{
    return a > b ? a : b; /* the enum is in order of promotion */
}

int64_t nn_int_of_double(double value)
{
    if (isnan(value)) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    if (value <= -0x1p63) return INT64_MIN;
    return (int64_t)value;
}
