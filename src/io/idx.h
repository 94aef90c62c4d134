/*
** idx.h - IDX files, the format of MNIST: one tensor of bytes or numbers
**
** Every header field is checked against what the file really holds: data that
** ends early and bytes that follow the data are errors. Numbers keep their
** values: u8 -> uint8; s8, s16, s32 -> int64; f32 -> float32; f64 -> float64.
*/
#ifndef NN_IO_IDX_H
#define NN_IO_IDX_H

#include <stdint.h>

#include "io/source.h"
#include "tensor/tensor.h"

/*
** Reads the file (plain or gzip). limit >= 0 keeps the first limit entries of the first dimension
** only, and memory for no more than these; limit < 0 keeps all. The whole file is read and checked
** in any case. sha256, if not NULL, is what 64 hexadecimal digits the hash of the (decompressed)
** bytes must have.
** Fails: NN_EIO (cannot be opened or read), NN_EFORMAT (header, size or hash is wrong), NN_EVALUE
** (limit passes the number of entries; sha256 is no hash), NN_EMEM.
*/
nn_status nn_idx_read(nn_tensor *out, const char *path, int64_t limit, const char *sha256,
                      nn_error *err);

/* The same from an open source at its start, which is read to its end. */
nn_status nn_idx_parse(nn_tensor *out, nn_source *source, int64_t limit, nn_error *err);

/*
** Writes t, gzip if the name ends in ".gz": bool and uint8 as u8, int64 as s32, float32 as f32,
** float64 as f64. NN_ESHAPE (no dimension, a size past 32 bits), NN_EVALUE (an integer past 32
** bits), NN_EIO, NN_EMEM; an existing file is then intact.
*/
nn_status nn_idx_write(const char *path, const nn_tensor *t, nn_error *err);

#endif
