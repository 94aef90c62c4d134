/*
** sink.c - a stream of bytes to write: a file, gzip where its name says so
*/
#define ZLIB_CONST /* zlib's next_in points to const */

#include "io/sink.h"

#include <string.h>
#include <zlib.h>

#include "io/file.h"
#include "io/wire.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"

#define CHUNK_SIZE ((size_t)16384)
#define FEED_LIMIT ((size_t)1 << 20) /* what one deflate is given: Ctrl-C waits for it */

struct nn_sink {
    nn_file_writer file;
    bool gzip; /* deflate is set up */
    z_stream deflate;
    uint8_t chunk[CHUNK_SIZE]; /* compressed bytes on their way */
};

/* zlib's allocator; opaque is the nn_error of the call in progress. */
static void *deflate_alloc(void *opaque, unsigned items, unsigned size)
{
    return nn_alloc((size_t)items * size, opaque);
}

static void deflate_free(void *opaque, void *block)
{
    (void)opaque;
    nn_free(block);
}

static bool names_gzip(const char *path)
{
    size_t length = strlen(path);
    return length >= 3 && strcmp(path + length - 3, ".gz") == 0;
}

static nn_status start(nn_sink *sink, const char *path, nn_error *err)
{
    NN_TRY(nn_file_writer_open(&sink->file, path, err));
    if (!names_gzip(path)) return NN_OK;
    sink->deflate = (z_stream){.zalloc = deflate_alloc, .zfree = deflate_free, .opaque = err};
    /* 16: a gzip header and its CRC. Memory is all that can be missing; nn_alloc has filled err. */
    if (deflateInit2(&sink->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return NN_EMEM;
    sink->gzip = true;
    return NN_OK;
}

nn_status nn_sink_open(nn_sink **out, const char *path, nn_error *err)
{
    nn_sink *sink = nn_alloc(sizeof *sink, err);
    if (sink == NULL) return NN_EMEM;
    sink->file = NN_FILE_WRITER_EMPTY;
    sink->gzip = false;
    nn_status status = start(sink, path, err);
    if (status != NN_OK) return nn_sink_close(sink, status, err);
    *out = sink;
    return NN_OK;
}

/* Compresses what waits in deflate.next_in; with Z_FINISH also what zlib holds back. */
static nn_status compress_waiting(nn_sink *sink, int flush, nn_error *err)
{
    z_stream *z = &sink->deflate;
    do {
        z->next_out = sink->chunk;
        z->avail_out = (uInt)CHUNK_SIZE;
        (void)deflate(z, flush); /* fails only if called wrongly */
        NN_TRY(nn_file_writer_write(&sink->file, sink->chunk, CHUNK_SIZE - z->avail_out, err));
    } while (z->avail_out == 0);
    return NN_OK;
}

nn_status nn_sink_write(nn_sink *sink, const void *data, size_t size, nn_error *err)
{
    const uint8_t *next = data;
    if (!sink->gzip) return nn_file_writer_write(&sink->file, data, size, err);
    while (size > 0) {
        size_t part = size < FEED_LIMIT ? size : FEED_LIMIT;
        if (nn_cancelled()) return nn_interrupted(err);
        sink->deflate.next_in = next;
        sink->deflate.avail_in = (uInt)part;
        NN_TRY(compress_waiting(sink, Z_NO_FLUSH, err));
        next += part;
        size -= part;
    }
    return NN_OK;
}

static nn_status write_contiguous(nn_sink *sink, const nn_tensor *t, bool big_endian, nn_error *err)
{
    uint8_t bytes[CHUNK_SIZE];
    size_t size = nn_dtype_size(t->dtype);
    size_t numel = (size_t)nn_tensor_numel(t);
    for (size_t done = 0; done < numel;) {
        size_t left = numel - done;
        size_t count = left < CHUNK_SIZE / size ? left : CHUNK_SIZE / size;
        nn_wire_put(bytes, t, (int64_t)done, count, big_endian);
        NN_TRY(nn_sink_write(sink, bytes, count * size, err));
        done += count;
    }
    return NN_OK;
}

nn_status nn_sink_write_tensor(nn_sink *sink, const nn_tensor *t, bool big_endian, nn_error *err)
{
    nn_tensor packed = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_contiguous(&packed, t, t->dtype, err));
    nn_status status = write_contiguous(sink, &packed, big_endian, err);
    nn_tensor_release(&packed);
    return status;
}

static nn_status finish(nn_sink *sink, nn_error *err)
{
    if (sink->gzip) NN_TRY(compress_waiting(sink, Z_FINISH, err));
    return nn_file_writer_commit(&sink->file, err);
}

nn_status nn_sink_close(nn_sink *sink, nn_status status, nn_error *err)
{
    if (status == NN_OK) status = finish(sink, err);
    if (sink->gzip) deflateEnd(&sink->deflate);
    nn_file_writer_abort(&sink->file);
    nn_free(sink);
    return status;
}
