/*
** file.h - files written whole or not at all, and directories
**
** Bytes go to a temporary name in the target's directory; commit syncs it and
** renames it over the target. Until the rename the old file is untouched; on
** every failure the temporary is removed. A symbolic link is followed; an
** existing file keeps its mode; what is not a regular file is refused.
** Fails: NN_EIO (the message names path and reason), NN_EMEM.
*/
#ifndef NN_IO_FILE_H
#define NN_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/status.h"

/* Empty when all zero (NN_FILE_WRITER_EMPTY); open fills it, commit and abort empty it. */
typedef struct nn_file_writer {
    char *path;      /* the target as the caller named it, for messages */
    char *target;    /* the target with symbolic links resolved */
    char *temporary; /* where the bytes are until commit */
    int fd;          /* of the temporary */
} nn_file_writer;

#define NN_FILE_WRITER_EMPTY ((nn_file_writer){0})

/* On failure the writer stays empty (open) or becomes empty (write, commit). */
nn_status nn_file_writer_open(nn_file_writer *writer, const char *path, nn_error *err);
nn_status nn_file_writer_write(nn_file_writer *writer, const void *data, size_t size,
                               nn_error *err);
nn_status nn_file_writer_commit(nn_file_writer *writer, nn_error *err);

/* Goes to a byte offset of the temporary, where the next write begins. */
nn_status nn_file_writer_seek(nn_file_writer *writer, uint64_t offset, nn_error *err);

/* Removes the temporary; an empty writer is left alone. */
void nn_file_writer_abort(nn_file_writer *writer);

/* The three steps in one. */
nn_status nn_file_write(const char *path, const void *data, size_t size, nn_error *err);

/* Makes a directory and its missing parents; one that is there already is fine. */
nn_status nn_directory_make(const char *path, nn_error *err);

/* Makes a directory whose parent is there; *made is false if it exists, as whatever it does. Of
** several processes at once it is true for one. */
nn_status nn_directory_make_new(const char *path, bool *made, nn_error *err);

/* What a directory holds. */
typedef struct nn_directory_entry {
    char *name;
    bool is_directory; /* links are followed */
    int64_t modified;  /* nanoseconds since 1970; of a directory: when an entry came, went or was
                          replaced */
} nn_directory_entry;

/* Empty when all zero (NN_DIRECTORY_EMPTY). */
typedef struct nn_directory {
    size_t count;
    nn_directory_entry *entries; /* sorted by the bytes of their names; without "." and ".." */
} nn_directory;

#define NN_DIRECTORY_EMPTY ((nn_directory){0})

/* On failure out stays empty. */
nn_status nn_directory_read(nn_directory *out, const char *path, nn_error *err);
void nn_directory_release(nn_directory *directory);

#endif
