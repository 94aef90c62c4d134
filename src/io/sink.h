/*
** sink.h - a stream of bytes to write: a file, gzip where its name says so
**
** The counterpart of source.h: what is written below a name that ends in ".gz"
** is compressed, and a source reads it back the same. Like file.h below it, a
** sink leaves an old file intact until commit. The same bytes give the same
** file: the gzip header holds neither a time nor a name.
*/
#ifndef NN_IO_SINK_H
#define NN_IO_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/tensor.h"

typedef struct nn_sink nn_sink;

/* NN_EIO, NN_EMEM. */
nn_status nn_sink_open(nn_sink **out, const char *path, nn_error *err);
nn_status nn_sink_write(nn_sink *sink, const void *data, size_t size, nn_error *err);

/* The elements of t in row-major order, each in its dtype's bytes. */
nn_status nn_sink_write_tensor(nn_sink *sink, const nn_tensor *t, bool big_endian, nn_error *err);

/* Puts the file in its place if status, of all that was done so far, is NN_OK; removes the
** temporary if not; closes the sink either way. Gives back the first failure. */
nn_status nn_sink_close(nn_sink *sink, nn_status status, nn_error *err);

#endif
