/*
** io_helpers.h - what the tests of src/io share: a scratch folder, byte strings, gzip
*/
#ifndef IO_HELPERS_H
#define IO_HELPERS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Bytes under construction. */
typedef struct bytes {
    size_t size;
    uint8_t data[65536];
} bytes;

static inline void put(bytes *b, const void *data, size_t size)
{
    if (size > sizeof b->data - b->size) abort();
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void put_text(bytes *b, const char *text)
{
    put(b, text, strlen(text));
}

/* The lowest size bytes of value, in either order. */
static inline void put_number(bytes *b, uint64_t value, int size, bool big_endian)
{
    for (int i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * (big_endian ? size - 1 - i : i));
        put(b, &byte, 1);
    }
}

/* Appends plain as one gzip member. */
static inline void put_gzip(bytes *b, const void *plain, size_t size)
{
    z_stream z = {0};
    if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    z.next_in = (Bytef *)(uintptr_t)plain;
    z.avail_in = (uInt)size;
    z.next_out = b->data + b->size;
    z.avail_out = (uInt)(sizeof b->data - b->size);
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) abort();
    b->size += z.total_out;
    deflateEnd(&z);
}

static char scratch_folder[256];

/* Makes an empty folder for this run; scratch_path names files in it. */
static inline void scratch_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch_folder, sizeof scratch_folder, "%s/nnlua-test-XXXXXX",
             base != NULL ? base : "/tmp");
    if (mkdtemp(scratch_folder) == NULL) {
        perror(scratch_folder);
        exit(1);
    }
}

/* One of four buffers, so that a call may name several files. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

/* How many files and folders the scratch folder holds. */
static inline int scratch_count(void)
{
    int count = 0;
    DIR *folder = opendir(scratch_folder);
    if (folder == NULL) return -1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

/* The files in it are removed by the tests that made them. */
static inline bool scratch_remove(void)
{
    return rmdir(scratch_folder) == 0;
}

static inline void save(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* The whole file, at most 64 KiB of it. */
static inline void load_file(bytes *b, const char *path)
{
    FILE *file = fopen(path, "rb");
    b->size = file == NULL ? 0 : fread(b->data, 1, sizeof b->data, file);
    if (file != NULL) fclose(file);
}

static inline bool file_is(const char *path, const void *data, size_t size)
{
    static bytes found;
    load_file(&found, path);
    return access(path, F_OK) == 0 && found.size == size && memcmp(found.data, data, size) == 0;
}

#endif
