/*
** npy_header.h - the dictionary in the head of an NPY file
*/
#ifndef NN_IO_NPY_HEADER_H
#define NN_IO_NPY_HEADER_H

#include "io/wire.h"

typedef struct nn_npy_layout {
    nn_wire wire;
    bool big_endian;
    bool fortran; /* the first index varies fastest */
    int ndim;
    int64_t shape[NN_MAX_RANK];
} nn_npy_layout;

/* Parses the dictionary's text; name is the file's, for messages. NN_EFORMAT. */
nn_status nn_npy_header_parse(nn_npy_layout *out, const char *text, size_t size, const char *name,
                              nn_error *err);

#endif
