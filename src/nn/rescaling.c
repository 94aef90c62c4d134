/*
** rescaling.c - a table of 256 values, looked up
*/
#include "nn/rescaling.h"

#include "nn/blocks.h"
#include "tensor/copy.h"

void nn_rescaling_table(void *table, nn_k_type type, nn_rescaling rescaling)
{
    for (int byte = 0; byte < 256; byte++) {
        float value = (float)(rescaling.scale * byte + rescaling.offset);
        if (type == NN_K_F32)
            ((float *)table)[byte] = value;
        else
            ((double *)table)[byte] = (double)value;
    }
}

void nn_rescaling_apply(void *y, const uint8_t *x, const void *table, nn_k_type type, int64_t n)
{
    if (type == NN_K_F32)
        for (int64_t i = 0; i < n; i++) ((float *)y)[i] = ((const float *)table)[x[i]];
    else
        for (int64_t i = 0; i < n; i++) ((double *)y)[i] = ((const double *)table)[x[i]];
}

typedef struct job {
    nn_tensor *y;
    const nn_tensor *x;
    const void *table;
} job;

static void apply_block(void *context, int64_t first, int64_t n)
{
    const job *j = context;
    nn_rescaling_apply(nn_element(j->y, first), nn_element(j->x, first), j->table,
                       (nn_k_type)j->y->dtype, n);
}

nn_status nn_rescale(nn_tensor *y, const nn_tensor *x, nn_rescaling rescaling, nn_dtype dtype,
                     nn_error *err)
{
    double table[256];
    nn_tensor plain = NN_TENSOR_EMPTY;
    if (x->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, 1, "x is %s, expected uint8", nn_dtype_name(x->dtype));
    if (!nn_dtype_is_float(dtype))
        return nn_fail(err, NN_EDTYPE, 4, "%s is no float dtype", nn_dtype_name(dtype));
    NN_TRY(nn_tensor_contiguous(&plain, x, NN_UINT8, err));
    nn_status status = nn_tensor_like(y, x, dtype, err);
    if (status == NN_OK) {
        job j = {y, &plain, table};
        nn_rescaling_table(table, (nn_k_type)dtype, rescaling);
        status = nn_blocks_each(nn_tensor_numel(x), NN_K_BLOCK, apply_block, &j, err);
    }
    if (status != NN_OK) nn_tensor_release(y);
    nn_tensor_release(&plain);
    return status;
}
