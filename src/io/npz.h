/*
** npz.h - NPZ files, NumPy's format for named arrays: a zip archive of NPY files
**
** Entries are stored or deflated, of any size (zip64), and their CRC is
** checked. Entry "weight.npy" is the tensor "weight". Written entries carry
** the date 1980-01-01: the same tensors give the same file.
*/
#ifndef NN_IO_NPZ_H
#define NN_IO_NPZ_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/tensor.h"

typedef struct nn_npz_entry {
    const char *name; /* UTF-8, without ".npy" */
    nn_tensor tensor;
} nn_npz_entry;

/* Empty when all zero (NN_NPZ_EMPTY). */
typedef struct nn_npz {
    size_t count;
    nn_npz_entry *entries; /* in the order of the archive */
} nn_npz;

#define NN_NPZ_EMPTY ((nn_npz){0})

/* Reads a file into out, which is empty, for nn_npz_release. On failure out is empty. NN_EIO,
** NN_EFORMAT, NN_EMEM. */
nn_status nn_npz_read(nn_npz *out, const char *path, nn_error *err);

/* The same from size bytes at data; name stands in messages. */
nn_status nn_npz_parse(nn_npz *out, const char *name, const void *data, size_t size, nn_error *err);

/* Releases what read has made and empties the struct; an empty one is left alone. */
void nn_npz_release(nn_npz *file);

/* Writes the entries, which are borrowed; deflated if compress. NN_EVALUE (a name that is twice
** there, empty or not UTF-8), NN_EIO, NN_EMEM; an existing file is then intact. */
nn_status nn_npz_write(const char *path, const nn_npz *file, bool compress, nn_error *err);

#endif
