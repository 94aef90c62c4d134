/*
** wire.c - numbers as files hold them, and their way into tensors and back
*/
#include "io/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)16384)

static const struct wire_info {
    const char *name;
    size_t size;
    nn_dtype dtype;
} wires[NN_WIRES] = {
    [NN_WIRE_BOOL] = {"BOOL", 1, NN_BOOL},    [NN_WIRE_U8] = {"U8", 1, NN_UINT8},
    [NN_WIRE_I8] = {"I8", 1, NN_INT64},       [NN_WIRE_I16] = {"I16", 2, NN_INT64},
    [NN_WIRE_U16] = {"U16", 2, NN_INT64},     [NN_WIRE_I32] = {"I32", 4, NN_INT64},
    [NN_WIRE_U32] = {"U32", 4, NN_INT64},     [NN_WIRE_U64] = {"U64", 8, NN_INT64},
    [NN_WIRE_I64] = {"I64", 8, NN_INT64},     [NN_WIRE_F16] = {"F16", 2, NN_FLOAT32},
    [NN_WIRE_BF16] = {"BF16", 2, NN_FLOAT32}, [NN_WIRE_F32] = {"F32", 4, NN_FLOAT32},
    [NN_WIRE_F64] = {"F64", 8, NN_FLOAT64},
};

size_t nn_wire_size(nn_wire wire)
{
    return wires[wire].size;
}

const char *nn_wire_name(nn_wire wire)
{
    return wires[wire].name;
}

nn_dtype nn_wire_dtype(nn_wire wire)
{
    return wires[wire].dtype;
}

bool nn_wire_parse(const char *name, nn_wire *wire)
{
    for (int i = 0; i < NN_WIRES; i++) {
        if (strcmp(name, wires[i].name) == 0) {
            *wire = (nn_wire)i;
            return true;
        }
    }
    return false;
}

nn_wire nn_wire_of(nn_dtype dtype)
{
    switch (dtype) {
    case NN_BOOL: return NN_WIRE_BOOL;
    case NN_UINT8: return NN_WIRE_U8;
    case NN_INT64: return NN_WIRE_I64;
    case NN_FLOAT32: return NN_WIRE_F32;
    default: assert(dtype == NN_FLOAT64); return NN_WIRE_F64;
    }
}

/* Compilers turn this into one load, and a byte swap where needed. */
static inline uint64_t load(const uint8_t *bytes, size_t size, bool big_endian)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)bytes[big_endian ? size - 1 - i : i] << 8 * i;
    return bits;
}

static inline void store(uint8_t *bytes, uint64_t bits, size_t size, bool big_endian)
{
    for (size_t i = 0; i < size; i++)
        bytes[big_endian ? size - 1 - i : i] = (uint8_t)(bits >> 8 * i);
}

static float float_of(uint64_t bits)
{
    uint32_t half = (uint32_t)bits;
    float value;
    memcpy(&value, &half, sizeof value);
    return value;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. Every value is a binary32 value. */
static float half_of(uint64_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t exponent = (uint32_t)(bits >> 10) & 0x1F;
    uint32_t fraction = (uint32_t)bits & 0x3FF;
    if (exponent == 0) { /* zero and subnormals: fraction * 2^-24 */
        float magnitude = (float)fraction * 0x1p-24F;
        return sign != 0 ? -magnitude : magnitude;
    }
    uint32_t widened = exponent == 31 ? 255 : exponent + 127 - 15;
    return float_of(sign | widened << 23 | fraction << 13);
}

static void decode_int(int64_t *out, const uint8_t *in, size_t count, nn_wire wire, bool big)
{
    switch (wire) {
    case NN_WIRE_I8:
        for (size_t i = 0; i < count; i++) out[i] = (int8_t)in[i];
        break;
    case NN_WIRE_I16:
        for (size_t i = 0; i < count; i++) out[i] = (int16_t)load(in + 2 * i, 2, big);
        break;
    case NN_WIRE_U16:
        for (size_t i = 0; i < count; i++) out[i] = (int64_t)load(in + 2 * i, 2, big);
        break;
    case NN_WIRE_I32:
        for (size_t i = 0; i < count; i++) out[i] = (int32_t)load(in + 4 * i, 4, big);
        break;
    case NN_WIRE_U32:
        for (size_t i = 0; i < count; i++) out[i] = (int64_t)load(in + 4 * i, 4, big);
        break;
    default:
        assert(wire == NN_WIRE_I64 || wire == NN_WIRE_U64);
        for (size_t i = 0; i < count; i++) out[i] = (int64_t)load(in + 8 * i, 8, big);
    }
}

static void decode_float(float *out, const uint8_t *in, size_t count, nn_wire wire, bool big)
{
    switch (wire) {
    case NN_WIRE_F16:
        for (size_t i = 0; i < count; i++) out[i] = half_of(load(in + 2 * i, 2, big));
        break;
    case NN_WIRE_BF16:
        for (size_t i = 0; i < count; i++) out[i] = float_of(load(in + 2 * i, 2, big) << 16);
        break;
    default:
        assert(wire == NN_WIRE_F32);
        for (size_t i = 0; i < count; i++) out[i] = float_of(load(in + 4 * i, 4, big));
    }
}

static void decode(nn_tensor *t, int64_t first, const uint8_t *in, size_t count, nn_wire wire,
                   bool big)
{
    if (t->dtype == NN_INT64) {
        decode_int(NN_DATA(int64_t, t) + first, in, count, wire, big);
    } else if (t->dtype == NN_FLOAT32) {
        decode_float(NN_DATA(float, t) + first, in, count, wire, big);
    } else {
        double *out = NN_DATA(double, t) + first;
        for (size_t i = 0; i < count; i++) out[i] = double_of(load(in + 8 * i, 8, big));
    }
}

nn_status nn_wire_read(nn_tensor *t, bool *complete, nn_source *source, nn_wire wire,
                       bool big_endian, nn_error *err)
{
    uint8_t chunk[CHUNK_SIZE];
    size_t size = nn_wire_size(wire);
    size_t wanted = (size_t)nn_tensor_numel(t);
    size_t filled = 0;
    size_t got = 1;
    if (nn_dtype_size(t->dtype) == 1) { /* needs no decoding and goes straight to its place */
        NN_TRY(nn_source_read(source, nn_tensor_data(t), wanted, &filled, err));
    } else {
        while (filled < wanted && got > 0) {
            size_t left = wanted - filled;
            size_t count = left < CHUNK_SIZE / size ? left : CHUNK_SIZE / size;
            NN_TRY(nn_source_read(source, chunk, count * size, &got, err));
            decode(t, (int64_t)filled, chunk, got / size, wire, big_endian);
            filled += got / size;
        }
    }
    *complete = filled == wanted;
    return NN_OK;
}

nn_status nn_wire_check(const nn_tensor *t, nn_wire wire, const char *where, nn_error *err)
{
    int64_t numel = nn_tensor_numel(t);
    if (wire == NN_WIRE_BOOL) {
        const uint8_t *data = NN_DATA(uint8_t, t);
        for (int64_t i = 0; i < numel; i++)
            if (data[i] > 1)
                return nn_fail(err, NN_EFORMAT, 0,
                               "%s is BOOL and holds the value %d, expected 0 or 1", where,
                               data[i]);
    } else if (wire == NN_WIRE_U64) {
        const int64_t *data = NN_DATA(int64_t, t);
        for (int64_t i = 0; i < numel; i++)
            if (data[i] < 0)
                return nn_fail(err, NN_EFORMAT, 0,
                               "%s holds the value %" PRIu64 ", more than int64 can hold", where,
                               (uint64_t)data[i]);
    }
    return NN_OK;
}

void nn_wire_put(uint8_t *bytes, const nn_tensor *t, int64_t first, size_t count, bool big_endian)
{
    if (t->dtype == NN_INT64) {
        const int64_t *in = NN_DATA(int64_t, t) + first;
        for (size_t i = 0; i < count; i++) store(bytes + 8 * i, (uint64_t)in[i], 8, big_endian);
    } else if (t->dtype == NN_FLOAT32) {
        const float *in = NN_DATA(float, t) + first;
        for (size_t i = 0; i < count; i++) {
            uint32_t bits;
            memcpy(&bits, &in[i], sizeof bits);
            store(bytes + 4 * i, bits, 4, big_endian);
        }
    } else if (t->dtype == NN_FLOAT64) {
        const double *in = NN_DATA(double, t) + first;
        for (size_t i = 0; i < count; i++) {
            uint64_t bits;
            memcpy(&bits, &in[i], sizeof bits);
            store(bytes + 8 * i, bits, 8, big_endian);
        }
    } else {
        memcpy(bytes, NN_DATA(uint8_t, t) + first, count);
    }
}
