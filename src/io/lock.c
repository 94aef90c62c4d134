/*
** lock.c - a file that one living process holds, and whether one does
*/
#define _DEFAULT_SOURCE /* flock */

#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "io/text.h"

/* A check holds the lock for microseconds; a run holds it longer than all of these tries. */
#define TRIES 20
#define NANOSECONDS_BETWEEN 2000000

nn_status nn_lock_take(int *fd, const char *path, nn_error *err)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0)
        return nn_fail(err, NN_EIO, 0, "cannot open '%s': %s", nn_quote(path).text,
                       strerror(errno));
    for (int tries = 1; flock(*fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK && errno != EINTR) return NN_OK; /* no locks here */
        if (tries == TRIES) {
            close(*fd);
            *fd = -1;
            return nn_fail(err, NN_EIO, 0, "'%s' is in use by a running process",
                           nn_quote(path).text);
        }
        nanosleep(&(struct timespec){.tv_sec = 0, .tv_nsec = NANOSECONDS_BETWEEN}, NULL);
    }
    return NN_OK;
}

bool nn_lock_is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd); /* gives back what was taken */
    return held;
}
