/*
** safetensors.c - named tensors in one file: the format, and reading it
**
**     0          8                    8 + n                        end
**     +----------+--------------------+-------------------------------+
**     | n        | header: n bytes of | data: little-endian, without  |
**     | 8 bytes, | JSON, then spaces  | gaps, up to the end of the    |
**     | little-  | up to a multiple   | file                          |
**     | endian   | of 8               |                               |
**     +----------+--------------------+-------------------------------+
**
**     {"__metadata__": {"key": "value", ...},
**      "name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, ...}
**
** Offsets count from the start of the data. In every file that is accepted
** the tensors cover the data exactly: no overlap, no hole, no rest. They are
** read in the order of their data, and returned in the order of the header.
*/
#include "io/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/text.h"
#include "io/wire.h"
#include "tensor/alloc.h"

/* One tensor as the header describes it. */
typedef struct item {
    nn_wire wire;
    int ndim;
    int64_t shape[NN_MAX_RANK];
    int64_t begin; /* data offsets */
    int64_t end;
    size_t index; /* its place in the header */
} item;

/* What a parse holds besides its output. */
typedef struct parser {
    nn_source *source;
    nn_quoted path;
    json_t *header;
    item *items; /* as many as out->count */
} parser;

void nn_safetensors_release(nn_safetensors *file)
{
    for (size_t i = 0; i < file->count; i++) {
        nn_free((void *)file->entries[i].name);
        nn_tensor_release(&file->entries[i].tensor);
    }
    for (size_t i = 0; i < file->metadata_count; i++) {
        nn_free((void *)file->metadata[i].key);
        nn_free((void *)file->metadata[i].value);
    }
    nn_free(file->entries);
    nn_free(file->metadata);
    *file = NN_SAFETENSORS_EMPTY;
}

/* --- the header's bytes ---------------------------------------------------------------- */

static nn_status fail_end(const parser *p, nn_error *err)
{
    return nn_fail(err, NN_EFORMAT, 0,
                   "%s: the file ends within the safetensors header, after %" PRIu64 " bytes",
                   p->path.text, nn_source_count(p->source));
}

static nn_status parse_json(parser *p, const char *text, size_t size, nn_error *err)
{
    json_error_t json_err;
    p->header = json_loadb(text, size, JSON_REJECT_DUPLICATES, &json_err);
    if (p->header == NULL) {
        /* jansson has a text for every error but this one. */
        if (json_err.text[0] == '\0')
            return nn_fail(err, NN_EMEM, 0, "no memory for the header of '%s'", p->path.text);
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: the safetensors header is not valid JSON (byte %d: %s)", p->path.text,
                       json_err.position, nn_quote(json_err.text).text);
    }
    if (!json_is_object(p->header))
        return nn_fail(err, NN_EFORMAT, 0, "%s: the safetensors header is not a JSON object",
                       p->path.text);
    return NN_OK;
}

static nn_status read_json(parser *p, size_t size, nn_error *err)
{
    size_t got;
    char *text = nn_alloc(size, err);
    if (text == NULL) return NN_EMEM;
    nn_status status = nn_source_read(p->source, text, size, &got, err);
    if (status == NN_OK) status = got < size ? fail_end(p, err) : parse_json(p, text, size, err);
    nn_free(text);
    return status;
}

static nn_status read_header(parser *p, nn_error *err)
{
    uint8_t bytes[8];
    uint64_t size = 0;
    size_t got;
    NN_TRY(nn_source_read(p->source, bytes, sizeof bytes, &got, err));
    if (got < sizeof bytes) return fail_end(p, err);
    for (int i = 0; i < 8; i++) size |= (uint64_t)bytes[i] << 8 * i;
    if (size < 2 || size > NN_SAFETENSORS_HEADER_LIMIT)
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: not a safetensors file (it claims a header of %" PRIu64
                       " bytes, expected 2 to %d)",
                       p->path.text, size, NN_SAFETENSORS_HEADER_LIMIT);
    if (size > nn_source_bound(p->source)) {
        NN_TRY(nn_source_drain(p->source, err)); /* only to say how much there is */
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: the safetensors header is said to have %" PRIu64
                       " bytes, the file has %" PRIu64,
                       p->path.text, size, nn_source_count(p->source));
    }
    return read_json(p, (size_t)size, err);
}

/* --- the header's content -------------------------------------------------------------- */

static nn_status fail_tensor(const parser *p, const char *name, const char *what, nn_error *err)
{
    return nn_fail(err, NN_EFORMAT, 0, "%s: tensor '%s' %s", p->path.text, nn_quote(name).text,
                   what);
}

/* True and *value set if json is an integer >= 0. */
static bool natural(const json_t *json, int64_t *value)
{
    if (!json_is_integer(json)) return false;
    *value = (int64_t)json_integer_value(json);
    return *value >= 0;
}

static nn_status parse_shape(const parser *p, const char *name, item *it, const json_t *json,
                             nn_error *err)
{
    if (!json_is_array(json)) return fail_tensor(p, name, "has no list \"shape\"", err);
    size_t ndim = json_array_size(json);
    if (ndim > NN_MAX_RANK)
        return nn_fail(err, NN_EFORMAT, 0, "%s: tensor '%s' has %zu dimensions, at most %d fit",
                       p->path.text, nn_quote(name).text, ndim, NN_MAX_RANK);
    it->ndim = (int)ndim;
    for (size_t i = 0; i < ndim; i++) {
        if (!natural(json_array_get(json, i), &it->shape[i]))
            return fail_tensor(p, name, "has a size that is not an integer >= 0", err);
    }
    return NN_OK;
}

static nn_status parse_offsets(const parser *p, const char *name, item *it, const json_t *json,
                               nn_error *err)
{
    int64_t numel;
    int64_t size = (int64_t)nn_wire_size(it->wire);
    nn_error overflow;
    if (!json_is_array(json) || json_array_size(json) != 2 ||
        !natural(json_array_get(json, 0), &it->begin) ||
        !natural(json_array_get(json, 1), &it->end) || it->begin > it->end)
        return fail_tensor(p, name, "has no \"data_offsets\" [begin, end], 0 <= begin <= end", err);
    if (nn_shape_numel(it->ndim, it->shape, &numel, &overflow) != NN_OK ||
        numel > INT64_MAX / size || numel * size != it->end - it->begin)
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: tensor '%s' is %s %s, its data_offsets [%" PRId64 ",%" PRId64
                       "] hold %" PRId64 " bytes",
                       p->path.text, nn_quote(name).text, nn_wire_name(it->wire),
                       nn_shape_name(it->ndim, it->shape).text, it->begin, it->end,
                       it->end - it->begin);
    return NN_OK;
}

static nn_status parse_item(const parser *p, const char *name, item *it, const json_t *json,
                            nn_error *err)
{
    if (!json_is_object(json)) return fail_tensor(p, name, "is not described by an object", err);
    const char *dtype = json_string_value(json_object_get(json, "dtype"));
    if (dtype == NULL) return fail_tensor(p, name, "has no string \"dtype\"", err);
    if (!nn_wire_parse(dtype, &it->wire))
        return nn_fail(err, NN_EFORMAT, 0, "%s: tensor '%s' has dtype '%s', which is not supported",
                       p->path.text, nn_quote(name).text, nn_quote(dtype).text);
    NN_TRY(parse_shape(p, name, it, json_object_get(json, "shape"), err));
    NN_TRY(parse_offsets(p, name, it, json_object_get(json, "data_offsets"), err));
    if (json_object_size(json) != 3)
        return fail_tensor(p, name, "has other fields than dtype, shape and data_offsets", err);
    return NN_OK;
}

static nn_status parse_metadata(const parser *p, nn_safetensors *out, nn_error *err)
{
    json_t *json = json_object_get(p->header, NN_SAFETENSORS_METADATA);
    const char *key;
    json_t *value;
    if (json == NULL) return NN_OK;
    if (!json_is_object(json))
        return nn_fail(err, NN_EFORMAT, 0, "%s: %s is not an object", p->path.text,
                       NN_SAFETENSORS_METADATA);
    out->metadata = nn_alloc(json_object_size(json) * sizeof *out->metadata, err);
    if (out->metadata == NULL) return NN_EMEM;
    json_object_foreach(json, key, value)
    {
        if (!json_is_string(value))
            return nn_fail(err, NN_EFORMAT, 0, "%s: metadata '%s' is not a string", p->path.text,
                           nn_quote(key).text);
        nn_safetensors_pair *pair = &out->metadata[out->metadata_count++];
        pair->value = NULL;
        pair->key = nn_text_copy(key, strlen(key), err);
        if (pair->key == NULL) return NN_EMEM;
        pair->value = nn_text_copy(json_string_value(value), json_string_length(value), err);
        if (pair->value == NULL) return NN_EMEM;
    }
    return NN_OK;
}

static nn_status parse_items(parser *p, nn_safetensors *out, nn_error *err)
{
    size_t room = json_object_size(p->header);
    const char *name;
    json_t *json;
    p->items = nn_alloc(room * sizeof *p->items, err);
    if (p->items == NULL) return NN_EMEM;
    out->entries = nn_alloc(room * sizeof *out->entries, err);
    if (out->entries == NULL) return NN_EMEM;
    json_object_foreach(p->header, name, json)
    {
        if (strcmp(name, NN_SAFETENSORS_METADATA) == 0) continue;
        nn_safetensors_entry *entry = &out->entries[out->count];
        item *it = &p->items[out->count];
        it->index = out->count++;
        *entry = (nn_safetensors_entry){.tensor = NN_TENSOR_EMPTY};
        NN_TRY(parse_item(p, name, it, json, err));
        entry->name = nn_text_copy(name, strlen(name), err);
        if (entry->name == NULL) return NN_EMEM;
    }
    return NN_OK;
}

/* --- the data -------------------------------------------------------------------------- */

/* By data; a tensor without bytes comes before the one that begins where it lies. */
static int compare_items(const void *left, const void *right)
{
    const item *a = left;
    const item *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Sorts the items by their data, which must be seamless and all that the file has. */
static nn_status check_layout(parser *p, const nn_safetensors *out, nn_error *err)
{
    int64_t at = 0;
    if (out->count > 0) qsort(p->items, out->count, sizeof *p->items, compare_items);
    for (size_t i = 0; i < out->count; i++) {
        const item *it = &p->items[i];
        if (it->begin != at)
            return nn_fail(err, NN_EFORMAT, 0,
                           "%s: data of tensor '%s' begins at %" PRId64
                           ", where the tensors before it end at %" PRId64,
                           p->path.text, nn_quote(out->entries[it->index].name).text, it->begin,
                           at);
        at = it->end;
    }
    return NN_OK;
}

static nn_status fail_size(const parser *p, uint64_t start, int64_t size, nn_error *err)
{
    return nn_fail(err, NN_EFORMAT, 0,
                   "%s: the safetensors header says %" PRId64
                   " bytes of data, the file has %" PRIu64,
                   p->path.text, size, nn_source_count(p->source) - start);
}

static nn_status check_values(const parser *p, const nn_safetensors_entry *entry, nn_wire wire,
                              nn_error *err)
{
    char where[sizeof(nn_quoted) * 2 + 16];
    snprintf(where, sizeof where, "%s: tensor '%s'", p->path.text, nn_quote(entry->name).text);
    return nn_wire_check(&entry->tensor, wire, where, err);
}

static nn_status read_data(const parser *p, nn_safetensors *out, nn_error *err)
{
    uint64_t start = nn_source_count(p->source);
    int64_t size = out->count > 0 ? p->items[out->count - 1].end : 0;
    bool complete = (uint64_t)size <= nn_source_bound(p->source);
    for (size_t i = 0; i < out->count && complete; i++) {
        const item *it = &p->items[i];
        nn_safetensors_entry *entry = &out->entries[it->index];
        nn_tensor *t = &entry->tensor;
        NN_TRY(nn_tensor_new(t, nn_wire_dtype(it->wire), it->ndim, it->shape, err));
        NN_TRY(nn_wire_read(t, &complete, p->source, it->wire, false, err));
        if (complete) NN_TRY(check_values(p, entry, it->wire, err));
    }
    NN_TRY(nn_source_drain(p->source, err));
    if (nn_source_count(p->source) - start != (uint64_t)size) return fail_size(p, start, size, err);
    return NN_OK;
}

static nn_status parse_head(parser *p, nn_safetensors *out, nn_error *err)
{
    NN_TRY(read_header(p, err));
    return parse_metadata(p, out, err);
}

static nn_status parse(parser *p, nn_safetensors *out, nn_error *err)
{
    NN_TRY(parse_head(p, out, err));
    NN_TRY(parse_items(p, out, err));
    NN_TRY(check_layout(p, out, err));
    return read_data(p, out, err);
}

nn_status nn_safetensors_parse(nn_safetensors *out, nn_source *source, nn_error *err)
{
    parser p = {.source = source, .path = nn_quote(nn_source_name(source))};
    nn_status status = parse(&p, out, err);
    if (status != NN_OK) nn_safetensors_release(out);
    nn_free(p.items);
    json_decref(p.header);
    return status;
}

nn_status nn_safetensors_read_metadata(nn_safetensors *out, const char *path, nn_error *err)
{
    nn_source *source;
    NN_TRY(nn_source_open(&source, path, err));
    parser p = {.source = source, .path = nn_quote(nn_source_name(source))};
    nn_status status = parse_head(&p, out, err);
    if (status != NN_OK) nn_safetensors_release(out);
    json_decref(p.header);
    nn_source_close(source);
    return status;
}

nn_status nn_safetensors_read(nn_safetensors *out, const char *path, nn_error *err)
{
    nn_source *source;
    NN_TRY(nn_source_open(&source, path, err));
    nn_status status = nn_safetensors_parse(out, source, err);
    nn_source_close(source);
    return status;
}
