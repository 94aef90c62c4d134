/*
** npz_write.c - NPZ files: writing
**
** libzip lays out the archive. It pulls each entry's bytes (NPY) through one
** callback, and writes and seeks through another in the temporary file of
** file.h, so that nothing is held in memory and the file appears whole or not
** at all.
*/
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zip.h>

#include "io/file.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/text.h"
#include "io/wire.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

#define CHUNK_SIZE ((size_t)16384)

/* One tensor as the bytes of an NPY file. */
typedef struct entry_bytes {
    nn_tensor packed;
    uint64_t size;             /* of the NPY file */
    int64_t next;              /* element to encode next */
    size_t at;                 /* of chunk, handed out so far */
    size_t filled;             /* of chunk */
    uint8_t chunk[CHUNK_SIZE]; /* at first the header */
    zip_error_t error;
} entry_bytes;

/* Where libzip writes. */
typedef struct output {
    nn_file_writer file;
    uint64_t at;      /* offset of the next write */
    uint64_t size;    /* bytes written */
    nn_status status; /* the first failure */
    nn_error *err;    /* filled with it */
    zip_error_t error;
} output;

/* ---- what libzip reads ---- */

static void encode_more(entry_bytes *e)
{
    size_t size = nn_dtype_size(e->packed.dtype);
    size_t left = (size_t)(nn_tensor_numel(&e->packed) - e->next);
    size_t count = left < CHUNK_SIZE / size ? left : CHUNK_SIZE / size;
    nn_wire_put(e->chunk, &e->packed, e->next, count, false);
    e->next += (int64_t)count;
    e->at = 0;
    e->filled = count * size;
}

static void rewind_entry(entry_bytes *e)
{
    e->next = 0;
    e->at = 0;
    e->filled = nn_npy_header((char *)e->chunk, &e->packed);
}

static zip_int64_t read_bytes(entry_bytes *e, uint8_t *out, zip_uint64_t size)
{
    zip_uint64_t done = 0;
    while (done < size) {
        if (e->at == e->filled) encode_more(e);
        if (e->filled == 0) break;
        size_t part = e->filled - e->at;
        if (part > size - done) part = (size_t)(size - done);
        memcpy(out + done, e->chunk + e->at, part);
        e->at += part;
        done += part;
    }
    return (zip_int64_t)done;
}

static zip_int64_t entry_callback(void *context, void *data, zip_uint64_t size,
                                  zip_source_cmd_t command)
{
    entry_bytes *e = context;
    switch (command) {
    case ZIP_SOURCE_OPEN: rewind_entry(e); return 0;
    case ZIP_SOURCE_READ: return read_bytes(e, data, size);
    case ZIP_SOURCE_CLOSE: return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *info = ZIP_SOURCE_GET_ARGS(zip_stat_t, data, size, &e->error);
        if (info == NULL) return -1;
        zip_stat_init(info);
        info->size = e->size;
        info->valid = ZIP_STAT_SIZE;
        return sizeof *info;
    }
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&e->error, data, size);
    case ZIP_SOURCE_FREE:
        nn_tensor_release(&e->packed);
        nn_free(e);
        return 0;
    default:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
    }
}

static nn_status new_entry(entry_bytes **out, const nn_tensor *t, nn_error *err)
{
    entry_bytes *e = nn_alloc(sizeof *e, err);
    if (e == NULL) return NN_EMEM;
    e->packed = NN_TENSOR_EMPTY;
    zip_error_init(&e->error);
    if (nn_tensor_contiguous(&e->packed, t, t->dtype, err) != NN_OK) {
        nn_free(e);
        return NN_EMEM;
    }
    rewind_entry(e);
    e->size = e->filled + (uint64_t)nn_tensor_numel(t) * nn_dtype_size(t->dtype);
    *out = e;
    return NN_OK;
}

/* ---- where libzip writes ---- */

/* Notes the first failure; libzip is then told that its command failed. */
static zip_int64_t answer(output *out, nn_status status, zip_int64_t value)
{
    if (status == NN_OK) return value;
    out->status = status;
    zip_error_set(&out->error, ZIP_ER_WRITE, 0);
    return -1;
}

static zip_int64_t write_bytes(output *out, const void *data, zip_uint64_t size)
{
    out->at += size;
    if (out->at > out->size) out->size = out->at;
    return answer(out, nn_file_writer_write(&out->file, data, (size_t)size, out->err),
                  (zip_int64_t)size);
}

static zip_int64_t seek_to(output *out, void *data, zip_uint64_t size)
{
    zip_int64_t offset =
        zip_source_seek_compute_offset(out->at, out->size, data, size, &out->error);
    if (offset < 0) return -1;
    out->at = (uint64_t)offset;
    return answer(out, nn_file_writer_seek(&out->file, out->at, out->err), 0);
}

static zip_int64_t output_callback(void *context, void *data, zip_uint64_t size,
                                   zip_source_cmd_t command)
{
    output *out = context;
    if (command == ZIP_SOURCE_ERROR) return zip_error_to_data(&out->error, data, size);
    if (command == ZIP_SOURCE_FREE) return 0;
    if (command == ZIP_SOURCE_SUPPORTS)
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS,
            ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE, ZIP_SOURCE_ROLLBACK_WRITE,
            ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE, ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
    if (command == ZIP_SOURCE_STAT) {
        zip_stat_t *info = ZIP_SOURCE_GET_ARGS(zip_stat_t, data, size, &out->error);
        if (info == NULL) return -1;
        zip_stat_init(info);
        info->size = 0; /* what the archive replaces is not read */
        info->valid = ZIP_STAT_SIZE;
        return sizeof *info;
    }
    if (out->status != NN_OK) return -1; /* the writer is gone */
    switch (command) {
    case ZIP_SOURCE_WRITE: return write_bytes(out, data, size);
    case ZIP_SOURCE_SEEK_WRITE: return seek_to(out, data, size);
    case ZIP_SOURCE_TELL_WRITE: return (zip_int64_t)out->at;
    default: return 0;
    }
}

/* ---- the archive ---- */

static nn_status fail_zip(zip_error_t *zip_err, const char *path, nn_error *err)
{
    if (zip_error_code_zip(zip_err) == ZIP_ER_MEMORY)
        return nn_fail(err, NN_EMEM, 0, "no memory for the archive '%s'", nn_quote(path).text);
    return nn_fail(err, NN_EIO, 0, "cannot write '%s': %s", nn_quote(path).text,
                   nn_quote(zip_error_strerror(zip_err)).text);
}

static nn_status check_name(const nn_npz *file, size_t at, nn_error *err)
{
    const char *name = file->entries[at].name;
    if (name[0] == '\0' || !nn_text_is_utf8(name, strlen(name)))
        return nn_fail(err, NN_EVALUE, 0, "tensor name '%s' is %s", nn_quote(name).text,
                       name[0] == '\0' ? "empty" : "not UTF-8");
    if (strlen(name) > 65000)
        return nn_fail(err, NN_EVALUE, 0, "tensor name '%s' is too long for a zip archive",
                       nn_quote(name).text);
    for (size_t i = 0; i < at; i++)
        if (strcmp(file->entries[i].name, name) == 0)
            return nn_fail(err, NN_EVALUE, 0, "tensor name '%s' is there twice",
                           nn_quote(name).text);
    return NN_OK;
}

/* The date that every entry carries, the first that a zip archive knows. */
static time_t first_date(void)
{
    struct tm date = {.tm_year = 80, .tm_mday = 1, .tm_isdst = -1};
    return mktime(&date);
}

static nn_status add_named(zip_t *zip, const char *path, const char *name, const nn_tensor *t,
                           bool compress, nn_error *err)
{
    entry_bytes *bytes;
    NN_TRY(new_entry(&bytes, t, err));
    zip_source_t *source = zip_source_function(zip, entry_callback, bytes);
    if (source == NULL) {
        entry_callback(bytes, NULL, 0, ZIP_SOURCE_FREE);
        return fail_zip(zip_get_error(zip), path, err);
    }
    zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return fail_zip(zip_get_error(zip), path, err);
    }
    if (zip_set_file_compression(zip, (zip_uint64_t)index, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                                 0) != 0 ||
        zip_file_set_mtime(zip, (zip_uint64_t)index, first_date(), 0) != 0)
        return fail_zip(zip_get_error(zip), path, err);
    return NN_OK;
}

static nn_status add_entry(zip_t *zip, const char *path, const nn_npz_entry *entry, bool compress,
                           nn_error *err)
{
    size_t length = strlen(entry->name);
    char *name = nn_alloc(length + 5, err);
    if (name == NULL) return NN_EMEM;
    snprintf(name, length + 5, "%s.npy", entry->name);
    nn_status status = add_named(zip, path, name, &entry->tensor, compress, err);
    nn_free(name);
    return status;
}

static nn_status fill_archive(zip_t *zip, const char *path, const nn_npz *file, bool compress,
                              output *out, nn_error *err)
{
    nn_status status = NN_OK;
    for (size_t i = 0; i < file->count && status == NN_OK; i++)
        status = add_entry(zip, path, &file->entries[i], compress, err);
    if (status == NN_OK && zip_close(zip) == 0) return NN_OK;
    if (status == NN_OK)
        status = out->status != NN_OK ? out->status : fail_zip(zip_get_error(zip), path, err);
    zip_discard(zip);
    return status;
}

/* libzip deletes an archive without entries instead of writing it: its only record, by hand. */
static nn_status write_empty(output *out, nn_error *err)
{
    static const char end_of_directory[22] = "PK\5\6";
    return nn_file_writer_write(&out->file, end_of_directory, sizeof end_of_directory, err);
}

static nn_status write_archive(output *out, const char *path, const nn_npz *file, bool compress,
                               nn_error *err)
{
    zip_error_t zip_err;
    zip_error_init(&zip_err);
    zip_source_t *source = zip_source_function_create(output_callback, out, &zip_err);
    zip_t *zip = NULL;
    if (source != NULL) zip = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &zip_err);
    if (zip == NULL) {
        nn_status status = fail_zip(&zip_err, path, err);
        zip_source_free(source);
        zip_error_fini(&zip_err);
        return status;
    }
    return fill_archive(zip, path, file, compress, out, err);
}

nn_status nn_npz_write(const char *path, const nn_npz *file, bool compress, nn_error *err)
{
    output out = {.err = err};
    for (size_t i = 0; i < file->count; i++) NN_TRY(check_name(file, i, err));
    zip_error_init(&out.error);
    NN_TRY(nn_file_writer_open(&out.file, path, err));
    nn_status status =
        file->count == 0 ? write_empty(&out, err) : write_archive(&out, path, file, compress, err);
    if (status == NN_OK) status = nn_file_writer_commit(&out.file, err);
    nn_file_writer_abort(&out.file);
    zip_error_fini(&out.error);
    return status;
}
