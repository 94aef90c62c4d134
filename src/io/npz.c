/*
** npz.c - NPZ files: reading
**
** libzip finds the entries, decompresses them and checks their CRC; each entry
** then goes through the reader of npy.c as any other source of bytes does. The
** sizes that the archive claims are bounded by the bytes that it has.
*/
#include "io/npz.h"

#include <errno.h>
#include <string.h>
#include <zip.h>

#include "io/npy.h"
#include "io/text.h"
#include "tensor/alloc.h"

/* Deflate's best ratio, as in source.c. */
#define DEFLATE_RATIO 1032
#define DEFLATE_SLACK 65536

/* An open archive. */
typedef struct archive {
    zip_t *zip;
    const char *path;
} archive;

/* An open entry, for a source. */
typedef struct entry_reader {
    zip_file_t *file;
    const char *name; /* as messages give it */
} entry_reader;

void nn_npz_release(nn_npz *file)
{
    for (size_t i = 0; i < file->count; i++) {
        nn_free((void *)file->entries[i].name);
        nn_tensor_release(&file->entries[i].tensor);
    }
    nn_free(file->entries);
    *file = NN_NPZ_EMPTY;
}

/* Says what libzip refused: the system's reason, or what is wrong in the file. */
static nn_status fail_zip(zip_error_t *zip_err, const char *name, nn_error *err)
{
    int code = zip_error_code_zip(zip_err);
    int reason = zip_error_code_system(zip_err);
    bool from_system = zip_error_system_type(zip_err) == ZIP_ET_SYS && reason != 0;
    if (code == ZIP_ER_MEMORY)
        return nn_fail(err, NN_EMEM, 0, "no memory for the archive '%s'", nn_quote(name).text);
    if (code == ZIP_ER_NOENT) reason = ENOENT;
    if (code == ZIP_ER_NOENT || from_system)
        return nn_fail(err, NN_EIO, 0, "cannot read '%s': %s", nn_quote(name).text,
                       strerror(reason));
    if (code == ZIP_ER_NOZIP)
        return nn_fail(err, NN_EFORMAT, 0, "%s: not an NPZ file (no zip archive)",
                       nn_quote(name).text);
    return nn_fail(err, NN_EFORMAT, 0, "%s: the zip archive is damaged (%s)", nn_quote(name).text,
                   nn_quote(zip_error_strerror(zip_err)).text);
}

static nn_status read_entry(void *context, void *buffer, size_t size, size_t *got, nn_error *err)
{
    entry_reader *reader = context;
    zip_int64_t count = zip_fread(reader->file, buffer, size);
    if (count < 0) return fail_zip(zip_file_get_error(reader->file), reader->name, err);
    *got = (size_t)count;
    return NN_OK;
}

static nn_status parse_open(nn_tensor *out, entry_reader *reader, uint64_t bound, nn_error *err)
{
    nn_source *source;
    NN_TRY(nn_source_open_reader(&source, reader->name, read_entry, reader, bound, err));
    nn_status status = nn_npy_parse(out, source, err);
    nn_source_close(source);
    return status;
}

static uint64_t bound_of(const zip_stat_t *info)
{
    if (info->comp_size > (UINT64_MAX - DEFLATE_SLACK) / DEFLATE_RATIO) return info->size;
    uint64_t most = info->comp_size * DEFLATE_RATIO + DEFLATE_SLACK;
    return info->size < most ? info->size : most;
}

static nn_status check_method(const zip_stat_t *info, const char *name, nn_error *err)
{
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((info->valid & needed) != needed)
        return nn_fail(err, NN_EFORMAT, 0, "%s: the zip archive does not say its size", name);
    if ((info->valid & ZIP_STAT_ENCRYPTION_METHOD) && info->encryption_method != ZIP_EM_NONE)
        return nn_fail(err, NN_EFORMAT, 0, "%s: the entry is encrypted", name);
    if (info->comp_method != ZIP_CM_STORE && info->comp_method != ZIP_CM_DEFLATE)
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: the entry is compressed by method %d, expected 0 (stored) or 8 "
                       "(deflated)",
                       name, info->comp_method);
    return NN_OK;
}

static nn_status parse_entry(nn_tensor *out, const archive *a, zip_uint64_t index,
                             const zip_stat_t *info, nn_error *err)
{
    char name[2 * sizeof(nn_quoted) + 16];
    snprintf(name, sizeof name, "%s: entry '%s'", nn_quote(a->path).text,
             nn_quote(info->name).text);
    NN_TRY(check_method(info, name, err));
    entry_reader reader = {.file = zip_fopen_index(a->zip, index, 0), .name = name};
    if (reader.file == NULL) return fail_zip(zip_get_error(a->zip), name, err);
    nn_status status = parse_open(out, &reader, bound_of(info), err);
    zip_fclose(reader.file);
    return status;
}

/* The name without ".npy". */
static size_t name_length(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npy") == 0 ? length - 4 : length;
}

static bool is_known(const nn_npz *out, const char *name)
{
    for (size_t i = 0; i + 1 < out->count; i++)
        if (strcmp(out->entries[i].name, name) == 0) return true;
    return false;
}

static nn_status add_entry(nn_npz *out, const archive *a, zip_uint64_t index, nn_error *err)
{
    zip_stat_t info;
    nn_npz_entry *entry = &out->entries[out->count];
    if (zip_stat_index(a->zip, index, 0, &info) != 0 || (info.valid & ZIP_STAT_NAME) == 0)
        return fail_zip(zip_get_error(a->zip), a->path, err);
    *entry = (nn_npz_entry){.tensor = NN_TENSOR_EMPTY};
    entry->name = nn_text_copy(info.name, name_length(info.name), err);
    if (entry->name == NULL) return NN_EMEM;
    out->count++;
    if (is_known(out, entry->name))
        return nn_fail(err, NN_EFORMAT, 0, "%s: entry '%s' is there twice", nn_quote(a->path).text,
                       nn_quote(entry->name).text);
    return parse_entry(&entry->tensor, a, index, &info, err);
}

static nn_status parse_archive(nn_npz *out, const archive *a, nn_error *err)
{
    zip_int64_t count = zip_get_num_entries(a->zip, 0);
    out->entries = nn_alloc((size_t)count * sizeof *out->entries, err);
    if (out->entries == NULL) return NN_EMEM;
    for (zip_int64_t i = 0; i < count; i++) NN_TRY(add_entry(out, a, (zip_uint64_t)i, err));
    return NN_OK;
}

/* Takes over source. An empty file, which libzip takes for an empty archive, is none. */
static nn_status parse_source(nn_npz *out, const char *path, zip_source_t *source, nn_error *err)
{
    zip_error_t zip_err;
    zip_stat_t info;
    zip_error_init(&zip_err);
    archive a = {.zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &zip_err),
                 .path = path};
    if (a.zip == NULL) {
        nn_status status = fail_zip(&zip_err, path, err);
        zip_error_fini(&zip_err);
        zip_source_free(source);
        return status;
    }
    nn_status status;
    zip_stat_init(&info);
    if (zip_source_stat(source, &info) == 0 && (info.valid & ZIP_STAT_SIZE) && info.size == 0)
        status =
            nn_fail(err, NN_EFORMAT, 0, "%s: not an NPZ file (it is empty)", nn_quote(path).text);
    else
        status = parse_archive(out, &a, err);
    zip_discard(a.zip);
    if (status != NN_OK) nn_npz_release(out);
    return status;
}

static nn_status no_source(zip_error_t *zip_err, const char *path, nn_error *err)
{
    nn_status status = fail_zip(zip_err, path, err);
    zip_error_fini(zip_err);
    return status;
}

nn_status nn_npz_read(nn_npz *out, const char *path, nn_error *err)
{
    zip_error_t zip_err;
    nn_source *file;
    NN_TRY(nn_source_open(&file, path, err)); /* only to say what the system refuses as it does */
    nn_source_close(file);
    zip_error_init(&zip_err);
    zip_source_t *source = zip_source_file_create(path, 0, -1, &zip_err);
    if (source == NULL) return no_source(&zip_err, path, err);
    return parse_source(out, path, source, err);
}

nn_status nn_npz_parse(nn_npz *out, const char *name, const void *data, size_t size, nn_error *err)
{
    zip_error_t zip_err;
    zip_error_init(&zip_err);
    zip_source_t *source = zip_source_buffer_create(data, size, 0, &zip_err);
    if (source == NULL) return no_source(&zip_err, name, err);
    return parse_source(out, name, source, err);
}
