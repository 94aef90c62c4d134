/*
** file.c - files written whole or not at all
*/
#define _XOPEN_SOURCE 700 /* POSIX 2008 with realpath */

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/text.h"
#include "tensor/alloc.h"

#define WRITE_LIMIT ((size_t)1 << 30) /* one write(2) takes no more than 2 GiB on Linux */
#define NAME_TRIES 1000               /* temporaries that crashed processes may have left */

static nn_status refuse(const char *action, const char *path, int reason, nn_error *err)
{
    return nn_fail(err, NN_EIO, 0, "cannot %s '%s': %s", action, nn_quote(path).text,
                   strerror(reason));
}

static void writer_forget(nn_file_writer *writer)
{
    nn_free(writer->path);
    nn_free(writer->target);
    nn_free(writer->temporary);
    *writer = NN_FILE_WRITER_EMPTY;
}

void nn_file_writer_abort(nn_file_writer *writer)
{
    if (writer->temporary == NULL) return;
    if (writer->fd >= 0) close(writer->fd);
    unlink(writer->temporary);
    writer_forget(writer);
}

/* Reports errno and aborts. */
static nn_status writer_fail(nn_file_writer *writer, nn_error *err)
{
    nn_status status = refuse("write", writer->path, errno, err);
    nn_file_writer_abort(writer);
    return status;
}

/* The bytes of path up to and with its last '/': the directory that a rename stays in. */
static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* Opens a new file beside target. False and errno set if the system refuses; a name that is in
** use is passed over. */
static bool open_temporary(nn_file_writer *writer, size_t room)
{
    static atomic_ulong serial;
    int directory = (int)directory_length(writer->target);
    for (int tries = 0; tries < NAME_TRIES; tries++) {
        snprintf(writer->temporary, room, "%.*s.nnlua-%ld-%lu.tmp", directory, writer->target,
                 (long)getpid(), atomic_fetch_add(&serial, 1));
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0) return true;
        if (errno != EEXIST && errno != EINTR) return false;
    }
    return false;
}

/* Fills target with the name to replace. *mode is what an existing file has, or 0. */
static nn_status resolve(nn_file_writer *writer, mode_t *mode, nn_error *err)
{
    const char *path = writer->path;
    char resolved[PATH_MAX];
    struct stat info;
    *mode = 0;
    if (lstat(path, &info) == 0) {
        if (S_ISLNK(info.st_mode)) {
            if (realpath(path, resolved) == NULL || stat(resolved, &info) != 0)
                return refuse("write", path, errno, err);
            path = resolved;
        }
        if (S_ISDIR(info.st_mode)) return refuse("write", writer->path, EISDIR, err);
        if (!S_ISREG(info.st_mode))
            return nn_fail(err, NN_EIO, 0, "cannot write '%s': not a regular file",
                           nn_quote(writer->path).text);
        /* A rename would replace a read-only file that open(2) would refuse. */
        if (access(path, W_OK) != 0) return refuse("write", writer->path, errno, err);
        *mode = info.st_mode & 07777;
    } else if (errno != ENOENT) {
        return refuse("write", path, errno, err);
    }
    writer->target = nn_text_copy(path, strlen(path), err);
    return writer->target == NULL ? NN_EMEM : NN_OK;
}

static nn_status open_beside(nn_file_writer *writer, const char *path, nn_error *err)
{
    if (path[0] == '\0') return refuse("write", path, ENOENT, err);
    writer->path = nn_text_copy(path, strlen(path), err);
    if (writer->path == NULL) return NN_EMEM;
    mode_t mode;
    NN_TRY(resolve(writer, &mode, err));
    size_t room = directory_length(writer->target) + 64;
    writer->temporary = nn_alloc(room, err);
    if (writer->temporary == NULL) return NN_EMEM;
    if (!open_temporary(writer, room)) return refuse("write", path, errno, err);
    /* Refused where another user owns the file; the new file then has the usual mode. */
    if (mode != 0) (void)!fchmod(writer->fd, mode);
    return NN_OK;
}

nn_status nn_file_writer_open(nn_file_writer *writer, const char *path, nn_error *err)
{
    nn_status status = open_beside(writer, path, err);
    if (status != NN_OK) writer_forget(writer);
    return status;
}

nn_status nn_file_writer_write(nn_file_writer *writer, const void *data, size_t size, nn_error *err)
{
    const char *next = data;
    while (size > 0) {
        ssize_t written = write(writer->fd, next, size < WRITE_LIMIT ? size : WRITE_LIMIT);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return writer_fail(writer, err);
        next += written;
        size -= (size_t)written;
    }
    return NN_OK;
}

nn_status nn_file_writer_seek(nn_file_writer *writer, uint64_t offset, nn_error *err)
{
    if (lseek(writer->fd, (off_t)offset, SEEK_SET) < 0) return writer_fail(writer, err);
    return NN_OK;
}

static bool sync_file(int fd)
{
    while (fsync(fd) != 0) {
        if (errno == EINVAL || errno == ENOTSUP) return true; /* the file system has no sync */
        if (errno != EINTR) return false;
    }
    return true;
}

/* Makes the rename survive a power cut. By now the new file is in place, so a refusal here is no
** failure of the write. */
static void sync_directory(char *target)
{
    size_t length = directory_length(target);
    target[length] = '\0';
    int fd = open(length == 0 ? "." : target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    sync_file(fd);
    close(fd);
}

nn_status nn_file_writer_commit(nn_file_writer *writer, nn_error *err)
{
    if (!sync_file(writer->fd)) return writer_fail(writer, err);
    int fd = writer->fd;
    writer->fd = -1;
    /* Network file systems may report a full disk no earlier than here. */
    if (close(fd) != 0 && errno != EINTR) return writer_fail(writer, err);
    if (rename(writer->temporary, writer->target) != 0) return writer_fail(writer, err);
    sync_directory(writer->target);
    writer_forget(writer);
    return NN_OK;
}

nn_status nn_file_write(const char *path, const void *data, size_t size, nn_error *err)
{
    nn_file_writer writer = NN_FILE_WRITER_EMPTY;
    NN_TRY(nn_file_writer_open(&writer, path, err));
    NN_TRY(nn_file_writer_write(&writer, data, size, err));
    return nn_file_writer_commit(&writer, err);
}
