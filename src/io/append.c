/*
** append.c - a file that only grows, a record at a time
*/
#define _POSIX_C_SOURCE 200809L

#include "io/append.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/text.h"

static nn_status refuse(const char *action, const char *path, int reason, nn_error *err)
{
    return nn_fail(err, NN_EIO, 0, "cannot %s '%s': %s", action, nn_quote(path).text,
                   strerror(reason));
}

nn_status nn_append_open(int *fd, const char *path, nn_error *err)
{
    do *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    while (*fd < 0 && errno == EINTR);
    return *fd < 0 ? refuse("open", path, errno, err) : NN_OK;
}

nn_status nn_append_write(int fd, const char *path, const void *data, size_t size, nn_error *err)
{
    const char *next = data;
    size_t left = size;
    while (left > 0) {
        ssize_t written = write(fd, next, left);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            int reason = errno;
            off_t end = lseek(fd, 0, SEEK_END);
            if (left < size && end >= (off_t)(size - left))
                (void)!ftruncate(fd, end - (off_t)(size - left));
            return refuse("write", path, reason, err);
        }
        next += written;
        left -= (size_t)written;
    }
    return NN_OK;
}
