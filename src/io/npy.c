/*
** npy.c - NPY files, NumPy's format for one array
**
**     0          6       8          8 + w           8 + w + n
**     +----------+-------+----------+---------------+------------ ... --+
**     | 93 NUMPY | major | n        | dictionary,   | numbers without   |
**     |          | minor | w bytes, | blanks, \n    | gaps, to the end  |
**     |          |       | little-e.| (npy_header.c)| of the file       |
**     +----------+-------+----------+---------------+------------ ... --+
**
**     w = 2 in version 1, 4 in versions 2 and 3
**
** The tensor is allocated when the header is known to be possible, as in
** idx.c.
*/
#include "io/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/npy_header.h"
#include "io/sink.h"
#include "io/text.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"
#include "tensor/view.h"

#define HEADER_LIMIT ((size_t)1 << 20) /* a header of numbers needs a few hundred bytes */

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

static nn_status fail_short(const nn_source *source, nn_error *err)
{
    return nn_fail(err, NN_EFORMAT, 0,
                   "%s: the file ends within the NPY header, after %" PRIu64 " bytes",
                   nn_quote(nn_source_name(source)).text, nn_source_count(source));
}

/* Reads what stands before the dictionary. */
static nn_status read_preamble(nn_source *source, size_t *header_size, nn_error *err)
{
    uint8_t bytes[12];
    size_t got;
    nn_quoted name = nn_quote(nn_source_name(source));
    NN_TRY(nn_source_read(source, bytes, 8, &got, err));
    size_t seen = got < sizeof magic ? got : sizeof magic;
    if (memcmp(bytes, magic, seen) != 0)
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: not an NPY file (it does not start with \\x93NUMPY)", name.text);
    if (got < 8) return fail_short(source, err);
    if (bytes[6] < 1 || bytes[6] > 3)
        return nn_fail(err, NN_EFORMAT, 0, "%s: NPY version is %d.%d, expected 1 to 3", name.text,
                       bytes[6], bytes[7]);
    size_t width = bytes[6] == 1 ? 2 : 4;
    NN_TRY(nn_source_read(source, bytes + 8, width, &got, err));
    if (got < width) return fail_short(source, err);
    *header_size = 0;
    for (size_t i = 0; i < width; i++) *header_size |= (size_t)bytes[8 + i] << 8 * i;
    if (*header_size > HEADER_LIMIT)
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: NPY header is said to have %zu bytes, at most %zu do", name.text,
                       *header_size, HEADER_LIMIT);
    return NN_OK;
}

static nn_status read_header(nn_npy_layout *layout, nn_source *source, nn_error *err)
{
    size_t size = 0;
    size_t got;
    NN_TRY(read_preamble(source, &size, err));
    char *text = nn_alloc(size, err);
    if (text == NULL) return NN_EMEM;
    nn_status status = nn_source_read(source, text, size, &got, err);
    if (status == NN_OK && got < size) status = fail_short(source, err);
    if (status == NN_OK)
        status = nn_npy_header_parse(layout, text, size, nn_source_name(source), err);
    nn_free(text);
    return status;
}

static nn_status fail_size(const nn_source *source, const nn_npy_layout *layout, uint64_t start,
                           int64_t bytes, nn_error *err)
{
    return nn_fail(
        err, NN_EFORMAT, 0, "%s: NPY header says %s %s (%" PRId64 " bytes), the file has %" PRIu64,
        nn_quote(nn_source_name(source)).text, nn_wire_name(layout->wire),
        nn_shape_name(layout->ndim, layout->shape).text, bytes, nn_source_count(source) - start);
}

/* How many bytes the header claims; a number that no file can have is a damaged header. */
static nn_status count_bytes(int64_t *bytes, const nn_npy_layout *layout, const nn_source *source,
                             nn_error *err)
{
    int64_t numel;
    int64_t size = (int64_t)nn_wire_size(layout->wire);
    nn_error overflow;
    if (nn_shape_numel(layout->ndim, layout->shape, &numel, &overflow) != NN_OK ||
        numel > INT64_MAX / size)
        return nn_fail(err, NN_EFORMAT, 0, "%s: NPY header says %s, more than any file holds",
                       nn_quote(nn_source_name(source)).text,
                       nn_shape_name(layout->ndim, layout->shape).text);
    *bytes = numel * size;
    return NN_OK;
}

/* Reads the data into out, which has the header's shape in the file's order. */
static nn_status read_data(nn_tensor *out, nn_source *source, const nn_npy_layout *layout,
                           int64_t bytes, nn_error *err)
{
    bool complete;
    uint64_t start = nn_source_count(source);
    NN_TRY(nn_wire_read(out, &complete, source, layout->wire, layout->big_endian, err));
    NN_TRY(nn_source_drain(source, err));
    if (nn_source_count(source) - start != (uint64_t)bytes)
        return fail_size(source, layout, start, bytes, err);
    return nn_wire_check(out, layout->wire, nn_quote(nn_source_name(source)).text, err);
}

/* stored is the transpose: its last index varies fastest. */
static nn_status from_fortran(nn_tensor *out, const nn_tensor *stored, nn_error *err)
{
    nn_tensor turned = NN_TENSOR_EMPTY;
    int64_t dims[NN_MAX_RANK];
    for (int i = 0; i < stored->ndim; i++) dims[i] = stored->ndim - 1 - i;
    NN_TRY(nn_tensor_permute(&turned, stored, stored->ndim, dims, err));
    nn_status status = nn_tensor_contiguous(out, &turned, turned.dtype, err);
    nn_tensor_release(&turned);
    return status;
}

static nn_status read_tensor(nn_tensor *out, nn_source *source, const nn_npy_layout *layout,
                             int64_t bytes, nn_error *err)
{
    nn_tensor stored = NN_TENSOR_EMPTY;
    int64_t shape[NN_MAX_RANK];
    for (int i = 0; i < layout->ndim; i++)
        shape[i] = layout->shape[layout->fortran ? layout->ndim - 1 - i : i];
    NN_TRY(nn_tensor_new(&stored, nn_wire_dtype(layout->wire), layout->ndim, shape, err));
    nn_status status = read_data(&stored, source, layout, bytes, err);
    if (status == NN_OK && layout->fortran)
        status = from_fortran(out, &stored, err);
    else if (status == NN_OK)
        nn_tensor_retain(out, &stored);
    nn_tensor_release(&stored);
    return status;
}

nn_status nn_npy_parse(nn_tensor *out, nn_source *source, nn_error *err)
{
    nn_npy_layout layout = {0};
    int64_t bytes = 0;
    NN_TRY(read_header(&layout, source, err));
    NN_TRY(count_bytes(&bytes, &layout, source, err));
    if ((uint64_t)bytes > nn_source_bound(source)) {
        uint64_t start = nn_source_count(source);
        NN_TRY(nn_source_drain(source, err)); /* only to say how much there is */
        return fail_size(source, &layout, start, bytes, err);
    }
    return read_tensor(out, source, &layout, bytes, err);
}

nn_status nn_npy_read(nn_tensor *out, const char *path, nn_error *err)
{
    nn_source *source;
    NN_TRY(nn_source_open(&source, path, err));
    nn_status status = nn_npy_parse(out, source, err);
    nn_source_close(source);
    return status;
}

/* ---- writing ---- */

size_t nn_npy_header(char header[NN_NPY_HEADER_ROOM], const nn_tensor *t)
{
    static const char *const types[NN_DTYPES] = {
        [NN_BOOL] = "|b1",    [NN_UINT8] = "|u1",   [NN_INT64] = "<i8",
        [NN_FLOAT32] = "<f4", [NN_FLOAT64] = "<f8",
    };
    const size_t start = sizeof magic + 4;
    char *text = header + start;
    size_t room = NN_NPY_HEADER_ROOM - start;
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    size_t used = (size_t)snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                                   types[t->dtype]);
    for (int i = 0; i < t->ndim; i++)
        used +=
            (size_t)snprintf(text + used, room - used,
                             i > 0 && i == t->ndim - 1 ? "%" PRId64 : "%" PRId64 ", ", t->shape[i]);
    if (t->ndim == 1) used--; /* (3,) */
    used += (size_t)snprintf(text + used, room - used, "), }");
    size_t total = (start + used + 1 + 63) / 64 * 64;
    memset(text + used, ' ', total - start - used);
    header[total - 1] = '\n';
    header[8] = (char)((total - start) & 0xFF);
    header[9] = (char)((total - start) >> 8);
    return total;
}

static nn_status write_parts(nn_sink *sink, const nn_tensor *t, nn_error *err)
{
    char header[NN_NPY_HEADER_ROOM];
    NN_TRY(nn_sink_write(sink, header, nn_npy_header(header, t), err));
    return nn_sink_write_tensor(sink, t, false, err);
}

nn_status nn_npy_write(const char *path, const nn_tensor *t, nn_error *err)
{
    nn_sink *sink;
    NN_TRY(nn_sink_open(&sink, path, err));
    return nn_sink_close(sink, write_parts(sink, t, err), err);
}
