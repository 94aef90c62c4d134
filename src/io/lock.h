/*
** lock.h - a file that one living process holds, and whether one does
**
** The lock is flock(2)'s: the system takes it back when the process ends, however it ends. Children
** do not inherit it. Where a file system has no locks, everyone gets them and nobody holds one.
** Fails: NN_EIO (the message names path and reason).
*/
#ifndef NN_IO_LOCK_H
#define NN_IO_LOCK_H

#include <stdbool.h>

#include "tensor/status.h"

/* Takes the lock of the file path, made if need be; close(*fd) gives it back. If another process
** holds it, or this one through another descriptor: NN_EIO, "... is in use". A check by
** nn_lock_is_held meanwhile does not count. */
nn_status nn_lock_take(int *fd, const char *path, nn_error *err);

/* Whether someone holds the lock of the file; false if there is no such file. */
bool nn_lock_is_held(const char *path);

#endif
