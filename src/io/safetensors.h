/*
** safetensors.h - named tensors in one file that others can open and that carries no code
**
** https://github.com/huggingface/safetensors. Written: bool BOOL, uint8 U8,
** int64 I64, float32 F32, float64 F64. Read as well: I8 I16 U16 I32 U32 U64 (into
** int64), F16 BF16 (into float32). A file is written whole or not at all, and
** what is read is checked in every field.
*/
#ifndef NN_IO_SAFETENSORS_H
#define NN_IO_SAFETENSORS_H

#include <stddef.h>

#include "io/source.h"
#include "tensor/tensor.h"

#define NN_SAFETENSORS_HEADER_LIMIT 100000000 /* bytes; as in the format's own library */
#define NN_SAFETENSORS_METADATA "__metadata__"

typedef struct nn_safetensors_entry {
    const char *name; /* UTF-8; not "__metadata__" */
    nn_tensor tensor;
} nn_safetensors_entry;

typedef struct nn_safetensors_pair {
    const char *key;   /* UTF-8 */
    const char *value; /* UTF-8 */
} nn_safetensors_pair;

/* Empty when all zero (NN_SAFETENSORS_EMPTY). */
typedef struct nn_safetensors {
    size_t count;                  /* entries */
    nn_safetensors_entry *entries; /* in the order of the header */
    size_t metadata_count;
    nn_safetensors_pair *metadata;
} nn_safetensors;

#define NN_SAFETENSORS_EMPTY ((nn_safetensors){0})

/*
** Writes the entries and the metadata, which are borrowed. The header keeps their order; the data
** lies by falling element size, so that every tensor is aligned as its readers need it.
** Fails: NN_EVALUE (a name or key that is twice there, reserved or not UTF-8; a header beyond
** the limit), NN_EIO, NN_EMEM; an existing file is then intact.
*/
nn_status nn_safetensors_write(const char *path, const nn_safetensors *file, nn_error *err);

/*
** Reads a file (plain or gzip) into out, which is empty, for nn_safetensors_release. On failure
** out is empty. NN_EIO, NN_EFORMAT, NN_EMEM.
*/
nn_status nn_safetensors_read(nn_safetensors *out, const char *path, nn_error *err);

/* The same from an open source at its start, which is read to its end. */
nn_status nn_safetensors_parse(nn_safetensors *out, nn_source *source, nn_error *err);

/* Reads the metadata alone: out has no entries then. The data is not looked at. */
nn_status nn_safetensors_read_metadata(nn_safetensors *out, const char *path, nn_error *err);

/* The SHA-256 of what the file says: safetensors_digest.c. NN_EMEM. */
nn_status nn_safetensors_digest(const nn_safetensors *file, char text[NN_SHA256_TEXT],
                                nn_error *err);

/* Releases what read has made and empties the struct; an empty one is left alone. */
void nn_safetensors_release(nn_safetensors *file);

#endif
