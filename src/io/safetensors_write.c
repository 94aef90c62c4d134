/*
** safetensors_write.c - named tensors in one file: writing it
**
** The format is drawn in safetensors.c. The format allows no gaps, so the
** order of the data is what aligns it: 8-byte elements first, then 4, then 1.
** The order of the caller stands in the header.
*/
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "io/safetensors.h"
#include "io/sink.h"
#include "io/text.h"
#include "io/wire.h"
#include "tensor/alloc.h"

static nn_status no_memory(nn_error *err)
{
    return nn_fail(err, NN_EMEM, 0, "no memory for the safetensors header");
}

/* --- the layout ------------------------------------------------------------------------ */

/* Sets begins[i] to the data offset of entry i. */
static nn_status lay_out(int64_t *begins, const nn_safetensors *file, nn_error *err)
{
    int64_t at = 0;
    for (size_t size = 8; size > 0; size /= 2) {
        for (size_t i = 0; i < file->count; i++) {
            const nn_tensor *t = &file->entries[i].tensor;
            if (nn_dtype_size(t->dtype) != size) continue;
            begins[i] = at;
            /* An expanded view may have more elements than memory has bytes. */
            if (nn_tensor_numel(t) > (INT64_MAX - at) / (int64_t)size)
                return nn_fail(err, NN_EVALUE, 0, "tensor '%s' %s passes the largest file size",
                               nn_quote(file->entries[i].name).text, nn_tensor_shape_name(t).text);
            at += nn_tensor_numel(t) * (int64_t)size;
        }
    }
    return NN_OK;
}

/* --- the header ------------------------------------------------------------------------ */

/* Refuses what cannot be a new key of object; role says what the key is. */
static nn_status check_key(const json_t *object, const char *role, const char *key, nn_error *err)
{
    if (!nn_text_is_utf8(key, strlen(key)))
        return nn_fail(err, NN_EVALUE, 0, "%s '%s' is not UTF-8", role, nn_quote(key).text);
    if (json_object_get(object, key) != NULL)
        return nn_fail(err, NN_EVALUE, 0, "%s '%s' is there twice", role, nn_quote(key).text);
    return NN_OK;
}

static nn_status add_metadata(json_t *header, const nn_safetensors *file, nn_error *err)
{
    if (file->metadata_count == 0) return NN_OK;
    json_t *metadata = json_object();
    if (json_object_set_new(header, NN_SAFETENSORS_METADATA, metadata) != 0) return no_memory(err);
    for (size_t i = 0; i < file->metadata_count; i++) {
        const char *key = file->metadata[i].key;
        const char *value = file->metadata[i].value;
        NN_TRY(check_key(metadata, "metadata key", key, err));
        if (!nn_text_is_utf8(value, strlen(value)))
            return nn_fail(err, NN_EVALUE, 0, "value of metadata '%s' is not UTF-8",
                           nn_quote(key).text);
        if (json_object_set_new(metadata, key, json_string(value)) != 0) return no_memory(err);
    }
    return NN_OK;
}

static json_t *shape_json(const nn_tensor *t)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->ndim; i++) {
        if (json_array_append_new(shape, json_integer(t->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    return shape;
}

static nn_status add_tensor(json_t *header, const nn_safetensors_entry *entry, int64_t begin,
                            nn_error *err)
{
    const nn_tensor *t = &entry->tensor;
    int64_t end = begin + nn_tensor_numel(t) * (int64_t)nn_dtype_size(t->dtype);
    if (strcmp(entry->name, NN_SAFETENSORS_METADATA) == 0)
        return nn_fail(err, NN_EVALUE, 0, "tensor name '%s' is reserved", entry->name);
    NN_TRY(check_key(header, "tensor name", entry->name, err));
    json_t *item =
        json_pack("{s:s, s:o, s:[I, I]}", "dtype", nn_wire_name(nn_wire_of(t->dtype)), "shape",
                  shape_json(t), "data_offsets", (json_int_t)begin, (json_int_t)end);
    if (json_object_set_new(header, entry->name, item) != 0) return no_memory(err);
    return NN_OK;
}

static nn_status fill_header(json_t *header, const nn_safetensors *file, const int64_t *begins,
                             nn_error *err)
{
    NN_TRY(add_metadata(header, file, err));
    for (size_t i = 0; i < file->count; i++)
        NN_TRY(add_tensor(header, &file->entries[i], begins[i], err));
    return NN_OK;
}

/* Makes the file's bytes up to the data: the length, the JSON text and its padding. */
static nn_status encode_header(char **text, size_t *size, const json_t *header, nn_error *err)
{
    size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT);
    size_t padded = (length + 7) / 8 * 8;
    if (length == 0) return no_memory(err);
    if (padded > NN_SAFETENSORS_HEADER_LIMIT)
        return nn_fail(err, NN_EVALUE, 0, "the safetensors header has %zu bytes, at most %d fit",
                       padded, NN_SAFETENSORS_HEADER_LIMIT);
    *size = 8 + padded;
    *text = nn_alloc(*size, err);
    if (*text == NULL) return NN_EMEM;
    for (int i = 0; i < 8; i++) (*text)[i] = (char)((uint64_t)padded >> 8 * i & 0xFF);
    memset(*text + 8, ' ', padded);
    if (json_dumpb(header, *text + 8, length, JSON_COMPACT) == length) return NN_OK;
    nn_free(*text);
    *text = NULL;
    return no_memory(err);
}

static nn_status make_header(char **text, size_t *size, const nn_safetensors *file,
                             const int64_t *begins, nn_error *err)
{
    json_t *header = json_object();
    if (header == NULL) return no_memory(err);
    nn_status status = fill_header(header, file, begins, err);
    if (status == NN_OK) status = encode_header(text, size, header, err);
    json_decref(header);
    return status;
}

/* --- the file -------------------------------------------------------------------------- */

static nn_status write_parts(nn_sink *sink, const char *header, size_t header_size,
                             const nn_safetensors *file, nn_error *err)
{
    NN_TRY(nn_sink_write(sink, header, header_size, err));
    for (size_t size = 8; size > 0; size /= 2) {
        for (size_t i = 0; i < file->count; i++) {
            const nn_tensor *t = &file->entries[i].tensor;
            if (nn_dtype_size(t->dtype) == size) NN_TRY(nn_sink_write_tensor(sink, t, false, err));
        }
    }
    return NN_OK;
}

static nn_status write_file(const char *path, const char *header, size_t header_size,
                            const nn_safetensors *file, nn_error *err)
{
    nn_sink *sink;
    NN_TRY(nn_sink_open(&sink, path, err));
    return nn_sink_close(sink, write_parts(sink, header, header_size, file, err), err);
}

nn_status nn_safetensors_write(const char *path, const nn_safetensors *file, nn_error *err)
{
    char *header = NULL;
    size_t size = 0;
    int64_t *begins = nn_alloc(file->count * sizeof *begins, err);
    if (begins == NULL) return NN_EMEM;
    nn_status status = lay_out(begins, file, err);
    if (status == NN_OK) status = make_header(&header, &size, file, begins, err);
    nn_free(begins);
    if (status == NN_OK) status = write_file(path, header, size, file, err);
    nn_free(header);
    return status;
}
