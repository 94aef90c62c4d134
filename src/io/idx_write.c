/*
** idx_write.c - IDX files: writing them (the format is drawn in idx.c)
*/
#include <inttypes.h>

#include "io/idx.h"
#include "io/sink.h"
#include "io/wire.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

static uint8_t type_of(nn_dtype dtype)
{
    static const uint8_t types[NN_DTYPES] = {
        [NN_BOOL] = 0x08,    [NN_UINT8] = 0x08,   [NN_INT64] = 0x0C,
        [NN_FLOAT32] = 0x0D, [NN_FLOAT64] = 0x0E,
    };
    return types[dtype];
}

static nn_status check_shape(const nn_tensor *t, nn_error *err)
{
    if (t->ndim == 0)
        return nn_fail(err, NN_ESHAPE, 2, "the tensor is [], IDX needs at least one dimension");
    for (int i = 0; i < t->ndim; i++)
        if (t->shape[i] > UINT32_MAX)
            return nn_fail(err, NN_ESHAPE, 2, "the tensor is %s, IDX sizes end at 4294967295",
                           nn_tensor_shape_name(t).text);
    return NN_OK;
}

static nn_status write_header(nn_sink *sink, const nn_tensor *t, nn_error *err)
{
    uint8_t header[4 + 4 * NN_MAX_RANK] = {0, 0, type_of(t->dtype), (uint8_t)t->ndim};
    for (int i = 0; i < t->ndim; i++)
        for (int j = 0; j < 4; j++) header[4 + 4 * i + j] = (uint8_t)(t->shape[i] >> 8 * (3 - j));
    return nn_sink_write(sink, header, 4 + 4 * (size_t)t->ndim, err);
}

/* IDX's widest integer has 32 bits. t is contiguous. */
static nn_status check_int32(const nn_tensor *t, nn_error *err)
{
    const int64_t *in = NN_DATA(int64_t, t);
    for (int64_t i = 0; i < nn_tensor_numel(t); i++)
        if (in[i] != (int32_t)in[i])
            return nn_fail(err, NN_EVALUE, 2,
                           "the tensor holds %" PRId64 ", IDX integers have 32 bits", in[i]);
    return NN_OK;
}

static nn_status write_int32(nn_sink *sink, const nn_tensor *t, nn_error *err)
{
    uint8_t bytes[4096];
    const int64_t *in = NN_DATA(int64_t, t);
    int64_t numel = nn_tensor_numel(t);
    for (int64_t i = 0; i < numel;) {
        size_t used = 0;
        for (; i < numel && used < sizeof bytes; i++)
            for (int shift = 24; shift >= 0; shift -= 8)
                bytes[used++] = (uint8_t)((uint64_t)in[i] >> shift);
        NN_TRY(nn_sink_write(sink, bytes, used, err));
    }
    return NN_OK;
}

static nn_status write_parts(nn_sink *sink, const nn_tensor *t, nn_error *err)
{
    NN_TRY(write_header(sink, t, err));
    if (t->dtype == NN_INT64) return write_int32(sink, t, err);
    return nn_sink_write_tensor(sink, t, true, err);
}

static nn_status write_packed(const char *path, const nn_tensor *t, nn_error *err)
{
    nn_sink *sink;
    if (t->dtype == NN_INT64) NN_TRY(check_int32(t, err));
    NN_TRY(nn_sink_open(&sink, path, err));
    return nn_sink_close(sink, write_parts(sink, t, err), err);
}

nn_status nn_idx_write(const char *path, const nn_tensor *t, nn_error *err)
{
    nn_tensor packed = NN_TENSOR_EMPTY;
    NN_TRY(check_shape(t, err));
    NN_TRY(nn_tensor_contiguous(&packed, t, t->dtype, err));
    nn_status status = write_packed(path, &packed, err);
    nn_tensor_release(&packed);
    return status;
}
