/*
** npy.h - NPY files, NumPy's format for one array
**
** Read: versions 1 to 3, both byte orders, C and Fortran order; bool -> bool;
** u1 -> uint8; the other integers -> int64; f2, f4 -> float32; f8 -> float64.
** A u8 that int64 cannot hold, complex numbers, texts, times, records and
** Python objects are refused. Written: version 1.0, little-endian, C order.
** The header is parsed, never evaluated.
*/
#ifndef NN_IO_NPY_H
#define NN_IO_NPY_H

#include "io/source.h"
#include "tensor/tensor.h"

/* Reads the file, plain or gzip. NN_EIO, NN_EFORMAT, NN_EMEM; out then stays empty. */
nn_status nn_npy_read(nn_tensor *out, const char *path, nn_error *err);

/* The same from an open source at its start, which is read to its end. */
nn_status nn_npy_parse(nn_tensor *out, nn_source *source, nn_error *err);

/* Gzip if the name ends in ".gz". NN_EIO, NN_EMEM; an existing file is then intact. */
nn_status nn_npy_write(const char *path, const nn_tensor *t, nn_error *err);

/* The bytes before the data: magic, version, header, blanks up to a multiple of 64. Gives their
** number. */
#define NN_NPY_HEADER_ROOM 384
size_t nn_npy_header(char header[NN_NPY_HEADER_ROOM], const nn_tensor *t);

#endif
