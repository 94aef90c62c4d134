/*
** directory.c - directories: making them and saying what they hold
*/
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/file.h"
#include "io/text.h"
#include "tensor/alloc.h"

static nn_status refuse(const char *action, const char *path, int reason, nn_error *err)
{
    return nn_fail(err, NN_EIO, 0, "cannot %s '%s': %s", action, nn_quote(path).text,
                   strerror(reason));
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* mkdir that accepts a directory which is there, whatever mkdir says about it: on a read-only
** parent the reason given varies between systems. */
static nn_status make_one(const char *path, nn_error *err)
{
    if (mkdir(path, 0777) == 0) return NN_OK;
    int reason = errno;
    if (is_directory(path)) return NN_OK;
    return refuse("make directory", path, reason, err);
}

nn_status nn_directory_make(const char *path, nn_error *err)
{
    char *prefix = nn_text_copy(path, strlen(path), err);
    if (prefix == NULL) return NN_EMEM;
    nn_status status = NN_OK;
    for (char *slash = prefix; status == NN_OK && (slash = strchr(slash, '/')) != NULL; slash++) {
        if (slash == prefix || slash[1] == '\0') continue;
        *slash = '\0';
        status = make_one(prefix, err);
        *slash = '/';
    }
    if (status == NN_OK) status = make_one(path, err);
    nn_free(prefix);
    return status;
}

nn_status nn_directory_make_new(const char *path, bool *made, nn_error *err)
{
    *made = mkdir(path, 0777) == 0;
    if (*made || errno == EEXIST) return NN_OK;
    return refuse("make directory", path, errno, err);
}

/* ---- what is in one ---- */

void nn_directory_release(nn_directory *directory)
{
    for (size_t i = 0; i < directory->count; i++) nn_free(directory->entries[i].name);
    nn_free(directory->entries);
    *directory = NN_DIRECTORY_EMPTY;
}

static nn_status add_entry(nn_directory *out, size_t *room, DIR *stream, const char *name,
                           nn_error *err)
{
    struct stat info;
    if (out->count == *room) {
        size_t more = *room + *room / 2 + 16;
        nn_directory_entry *grown = nn_realloc(out->entries, more * sizeof *grown, err);
        if (grown == NULL) return NN_EMEM;
        out->entries = grown;
        *room = more;
    }
    nn_directory_entry *entry = &out->entries[out->count];
    entry->name = nn_text_copy(name, strlen(name), err);
    if (entry->name == NULL) return NN_EMEM;
    bool known = fstatat(dirfd(stream), name, &info, 0) == 0;
    entry->is_directory = known && S_ISDIR(info.st_mode);
    entry->modified = known ? info.st_mtim.tv_sec * INT64_C(1000000000) + info.st_mtim.tv_nsec : 0;
    out->count++;
    return NN_OK;
}

static nn_status read_entries(nn_directory *out, DIR *stream, const char *path, nn_error *err)
{
    size_t room = 0;
    for (;;) {
        errno = 0;
        const struct dirent *next = readdir(stream);
        if (next == NULL && errno != 0) return refuse("read directory", path, errno, err);
        if (next == NULL) return NN_OK;
        if (strcmp(next->d_name, ".") != 0 && strcmp(next->d_name, "..") != 0)
            NN_TRY(add_entry(out, &room, stream, next->d_name, err));
    }
}

static int compare_entries(const void *left, const void *right)
{
    const nn_directory_entry *a = left;
    const nn_directory_entry *b = right;
    return strcmp(a->name, b->name);
}

nn_status nn_directory_read(nn_directory *out, const char *path, nn_error *err)
{
    DIR *stream = opendir(path);
    if (stream == NULL) return refuse("read directory", path, errno, err);
    nn_status status = read_entries(out, stream, path, err);
    closedir(stream);
    if (status != NN_OK)
        nn_directory_release(out);
    else if (out->count > 0)
        qsort(out->entries, out->count, sizeof *out->entries, compare_entries);
    return status;
}
