/*
** source.h - a stream of bytes to read: a file, plain or gzip, a block of memory, or a reader
**
** Gzip data is recognised by its first bytes and decompressed on the way; all
** counts and hashes are of the decompressed bytes. The source needs two small
** buffers, whatever the file's size. A damaged, truncated or extended gzip
** stream is an error (NN_EFORMAT), never a short read.
*/
#ifndef NN_IO_SOURCE_H
#define NN_IO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/status.h"

typedef struct nn_source nn_source;

#define NN_SHA256_TEXT 65 /* 64 hexadecimal digits and a zero */

/* Opens a file. NN_EIO, NN_EMEM. */
nn_status nn_source_open(nn_source **out, const char *path, nn_error *err);

/* Reads size bytes at data, which must outlive the source; name stands in messages. NN_EMEM. */
nn_status nn_source_open_memory(nn_source **out, const char *name, const void *data, size_t size,
                                nn_error *err);

/* Fills buffer with at most size bytes; *got is 0 only at the end of the stream. */
typedef nn_status (*nn_source_reader)(void *context, void *buffer, size_t size, size_t *got,
                                      nn_error *err);

/* Reads what reader hands out, at most bound bytes as far as anyone knows. NN_EMEM. */
nn_status nn_source_open_reader(nn_source **out, const char *name, nn_source_reader reader,
                                void *context, uint64_t bound, nn_error *err);

/* NULL is a no-op. */
void nn_source_close(nn_source *source);

/* Fills buffer; *got < size only at the end of the stream. NN_EIO, NN_EFORMAT, NN_EMEM. */
nn_status nn_source_read(nn_source *source, void *buffer, size_t size, size_t *got, nn_error *err);

/* The whole stream as one block for nn_free, a zero byte behind its last. NN_EMEM and as above. */
nn_status nn_source_read_all(nn_source *source, char **text, size_t *size, nn_error *err);

/* Reads and forgets the rest of the stream, which checks it and completes count and hash. */
nn_status nn_source_drain(nn_source *source, nn_error *err);

const char *nn_source_name(const nn_source *source);
uint64_t nn_source_count(const nn_source *source); /* bytes read so far */

/* No more bytes than this can still come: a header that claims more lies. Exact for plain files
** and memory; for gzip what deflate's best ratio allows; UINT64_MAX for pipes. */
uint64_t nn_source_bound(const nn_source *source);

/* Starts hashing; called before the first read. sha256 gives the hash of the bytes read. */
void nn_source_hash(nn_source *source);
void nn_source_sha256(const nn_source *source, char text[NN_SHA256_TEXT]);

/* The hash of a block of memory. */
void nn_sha256(const void *data, size_t size, char text[NN_SHA256_TEXT]);

/* The text of what nettle has hashed; starts it anew. */
struct sha256_ctx;
void nn_sha256_text(struct sha256_ctx *hash, char text[NN_SHA256_TEXT]);

#endif
