/*
** append.h - a file that only grows, a record at a time
**
** Every record goes to the system in one write(2), so that a process killed at any moment leaves
** all the records that it finished, and at most one that is torn: the last. A record that does not
** fit (a full disk) is taken back, and those before it stay whole. Nothing is synced: the records
** outlive the process, not a power cut. One writer per file.
** Fails: NN_EIO (the message names path and reason).
*/
#ifndef NN_IO_APPEND_H
#define NN_IO_APPEND_H

#include <stddef.h>

#include "tensor/status.h"

/* Opens path, made if need be, to write behind its end; *fd is not inherited by child processes. */
nn_status nn_append_open(int *fd, const char *path, nn_error *err);

/* path only names the file in messages. */
nn_status nn_append_write(int fd, const char *path, const void *data, size_t size, nn_error *err);

#endif
