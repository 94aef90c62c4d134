/*
** wire.h - numbers as files hold them, and their way into tensors and back
**
** Files know more number types than tensors: each wire type has the dtype that
** holds all of its values. Bytes are assembled by shifts, so neither the
** machine's byte order nor the alignment of a buffer matters.
*/
#ifndef NN_IO_WIRE_H
#define NN_IO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/source.h"
#include "tensor/tensor.h"

typedef enum nn_wire {
    NN_WIRE_BOOL, /* one byte, 0 or 1 -> bool */
    NN_WIRE_U8,   /* -> uint8 */
    NN_WIRE_I8,   /* -> int64, as are the others up to I64 */
    NN_WIRE_I16,
    NN_WIRE_U16,
    NN_WIRE_I32,
    NN_WIRE_U32,
    NN_WIRE_U64, /* nn_wire_check finds those that int64 cannot hold */
    NN_WIRE_I64,
    NN_WIRE_F16,  /* IEEE binary16 -> float32 */
    NN_WIRE_BF16, /* the upper half of a binary32 -> float32 */
    NN_WIRE_F32,  /* -> float32 */
    NN_WIRE_F64,  /* -> float64 */
    NN_WIRES      /* how many there are */
} nn_wire;

size_t nn_wire_size(nn_wire wire);      /* bytes of one number */
const char *nn_wire_name(nn_wire wire); /* as safetensors spells it: "F32", ... */
nn_dtype nn_wire_dtype(nn_wire wire);   /* of the tensor that takes it */

/* True and *wire set if name is the name of a wire type. */
bool nn_wire_parse(const char *name, nn_wire *wire);

/* The wire type that keeps a dtype as it is. */
nn_wire nn_wire_of(nn_dtype dtype);

/* Fills t (contiguous, of nn_wire_dtype(wire)) from source. *complete is false if the source
** ended first. The caller calls nn_wire_check. Fails as nn_source_read does. */
nn_status nn_wire_read(nn_tensor *t, bool *complete, nn_source *source, nn_wire wire,
                       bool big_endian, nn_error *err);

/* Refuses (NN_EFORMAT) what nn_wire_read took as it was: a bool that is neither 0 nor 1, a U64 past
** int64. t is contiguous; where, "FILE: tensor 'x'" or "FILE", begins the message. */
nn_status nn_wire_check(const nn_tensor *t, nn_wire wire, const char *where, nn_error *err);

/* Writes count numbers of t (contiguous) from element first, each of nn_dtype_size(t->dtype)
** bytes. */
void nn_wire_put(uint8_t *bytes, const nn_tensor *t, int64_t first, size_t count, bool big_endian);

#endif
