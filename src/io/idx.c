/*
** idx.c - IDX files, the format of MNIST: one tensor of bytes or numbers
**
**     0      2      3      4              8                 4 + 4n
**     +------+------+------+--------------+-- ... ----------+---------- ... --+
**     | 0  0 | type | n    | size 1       | sizes 2 to n    | numbers,        |
**     |      |      |      | big-endian   | 4 bytes each    | big-endian,     |
**     |      |      |      | unsigned     |                 | row-major       |
**     +------+------+------+--------------+-- ... ----------+---------- ... --+
**
**     type: 0x08 u8   0x09 s8   0x0B s16   0x0C s32   0x0D f32   0x0E f64
**
** The tensor is allocated when the header is known to be possible: a header
** that claims terabytes costs nothing. Where the size of the data cannot be
** known (gzip), the claim is bounded by deflate's best ratio.
*/
#include "io/idx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/text.h"
#include "io/wire.h"

typedef struct idx_header {
    nn_wire wire;
    int ndim;
    int64_t shape[NN_MAX_RANK];
    int64_t bytes; /* header and data: what the file must hold */
} idx_header;

static nn_status fail_short(const nn_source *source, nn_error *err)
{
    return nn_fail(err, NN_EFORMAT, 0,
                   "%s: the file ends within the IDX header, after %" PRIu64 " bytes",
                   nn_quote(nn_source_name(source)).text, nn_source_count(source));
}

static nn_status fail_size(const nn_source *source, const idx_header *header, nn_error *err)
{
    char sizes[NN_MAX_RANK * 12] = "";
    size_t used = 0;
    for (int i = 0; i < header->ndim; i++)
        used += (size_t)snprintf(sizes + used, sizeof sizes - used, "%s%" PRId64, i > 0 ? "x" : "",
                                 header->shape[i]);
    return nn_fail(
        err, NN_EFORMAT, 0, "%s: IDX header says %s (%" PRId64 " bytes), the file has %" PRIu64,
        nn_quote(nn_source_name(source)).text, sizes, header->bytes, nn_source_count(source));
}

static bool wire_of_type(uint8_t type, nn_wire *wire)
{
    switch (type) {
    case 0x08: *wire = NN_WIRE_U8; return true;
    case 0x09: *wire = NN_WIRE_I8; return true;
    case 0x0B: *wire = NN_WIRE_I16; return true;
    case 0x0C: *wire = NN_WIRE_I32; return true;
    case 0x0D: *wire = NN_WIRE_F32; return true;
    case 0x0E: *wire = NN_WIRE_F64; return true;
    default: return false;
    }
}

static nn_status read_header(idx_header *header, nn_source *source, nn_error *err)
{
    uint8_t bytes[4 + 4 * NN_MAX_RANK];
    size_t got;
    nn_quoted name = nn_quote(nn_source_name(source));
    NN_TRY(nn_source_read(source, bytes, 4, &got, err));
    if (got < 4) return fail_short(source, err);
    if (bytes[0] != 0 || bytes[1] != 0)
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: not an IDX file (it starts with %02x %02x, expected 00 00)", name.text,
                       bytes[0], bytes[1]);
    if (!wire_of_type(bytes[2], &header->wire))
        return nn_fail(err, NN_EFORMAT, 0,
                       "%s: IDX type is 0x%02x, expected 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e",
                       name.text, bytes[2]);
    header->ndim = bytes[3];
    if (header->ndim < 1 || header->ndim > NN_MAX_RANK)
        return nn_fail(err, NN_EFORMAT, 0, "%s: IDX header says %d dimensions, expected 1 to %d",
                       name.text, header->ndim, NN_MAX_RANK);
    size_t sizes = 4 * (size_t)header->ndim;
    NN_TRY(nn_source_read(source, bytes + 4, sizes, &got, err));
    if (got < sizes) return fail_short(source, err);
    for (int i = 0; i < header->ndim; i++) {
        const uint8_t *p = bytes + 4 + 4 * i;
        header->shape[i] =
            (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | (int64_t)p[3];
    }
    return NN_OK;
}

/* How many bytes the header claims; a number that no file can have is a damaged header. */
static nn_status count_bytes(idx_header *header, const nn_source *source, nn_error *err)
{
    int64_t numel;
    int64_t size = (int64_t)nn_wire_size(header->wire);
    int64_t start = 4 + 4 * header->ndim;
    nn_error overflow;
    if (nn_shape_numel(header->ndim, header->shape, &numel, &overflow) != NN_OK ||
        numel > (INT64_MAX - start) / size)
        return nn_fail(err, NN_EFORMAT, 0, "%s: IDX header says %s, more than any file holds",
                       nn_quote(nn_source_name(source)).text,
                       nn_shape_name(header->ndim, header->shape).text);
    header->bytes = start + numel * size;
    return NN_OK;
}

/* Reads the data and the rest of the file into out, which has the shape to keep. */
static nn_status read_data(nn_tensor *out, nn_source *source, const idx_header *header,
                           nn_error *err)
{
    bool complete;
    NN_TRY(nn_wire_read(out, &complete, source, header->wire, true, err));
    NN_TRY(nn_source_drain(source, err));
    if (nn_source_count(source) != (uint64_t)header->bytes) return fail_size(source, header, err);
    return NN_OK;
}

nn_status nn_idx_parse(nn_tensor *out, nn_source *source, int64_t limit, nn_error *err)
{
    idx_header header = {0};
    int64_t keep[NN_MAX_RANK];
    NN_TRY(read_header(&header, source, err));
    NN_TRY(count_bytes(&header, source, err));
    if ((uint64_t)header.bytes - nn_source_count(source) > nn_source_bound(source)) {
        NN_TRY(nn_source_drain(source, err)); /* only to say how much there is */
        return fail_size(source, &header, err);
    }
    if (limit > header.shape[0])
        return nn_fail(err, NN_EVALUE, 0,
                       "%s: %" PRId64 " entries asked for, the file has %" PRId64,
                       nn_quote(nn_source_name(source)).text, limit, header.shape[0]);
    memcpy(keep, header.shape, sizeof keep);
    if (limit >= 0) keep[0] = limit;
    NN_TRY(nn_tensor_new(out, nn_wire_dtype(header.wire), header.ndim, keep, err));
    nn_status status = read_data(out, source, &header, err);
    if (status != NN_OK) nn_tensor_release(out);
    return status;
}

/* Lower case, so that two hashes can be compared as texts. */
static nn_status check_sha256(char text[NN_SHA256_TEXT], const char *sha256, nn_error *err)
{
    size_t length = strlen(sha256);
    bool valid = length == NN_SHA256_TEXT - 1;
    for (size_t i = 0; valid && i <= length; i++) {
        char c = sha256[i];
        text[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
        valid = i == length || (c >= '0' && c <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    }
    if (valid) return NN_OK;
    return nn_fail(err, NN_EVALUE, 0, "sha256 is '%s', expected 64 hexadecimal digits",
                   nn_quote(sha256).text);
}

static nn_status parse_checked(nn_tensor *out, nn_source *source, int64_t limit,
                               const char *expected, nn_error *err)
{
    char found[NN_SHA256_TEXT];
    if (expected == NULL) return nn_idx_parse(out, source, limit, err);
    nn_source_hash(source);
    NN_TRY(nn_idx_parse(out, source, limit, err));
    nn_source_sha256(source, found);
    if (strcmp(found, expected) == 0) return NN_OK;
    nn_tensor_release(out);
    return nn_fail(err, NN_EFORMAT, 0, "%s: SHA-256 is %s, expected %s",
                   nn_quote(nn_source_name(source)).text, found, expected);
}

nn_status nn_idx_read(nn_tensor *out, const char *path, int64_t limit, const char *sha256,
                      nn_error *err)
{
    char expected[NN_SHA256_TEXT];
    nn_source *source;
    if (sha256 != NULL) NN_TRY(check_sha256(expected, sha256, err));
    NN_TRY(nn_source_open(&source, path, err));
    nn_status status = parse_checked(out, source, limit, sha256 == NULL ? NULL : expected, err);
    nn_source_close(source);
    return status;
}
