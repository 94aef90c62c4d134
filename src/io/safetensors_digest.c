/*
** safetensors_digest.c - the SHA-256 of what a safetensors file says
**
** Hashed are, each text with its zero byte: of every tensor in order its name,
** dtype, sizes and little-endian data; an empty name; every pair of metadata.
** So two files have one digest exactly if they hold the same, however their
** headers are spelt.
*/
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "io/safetensors.h"
#include "io/wire.h"
#include "tensor/copy.h"

#define CHUNK_SIZE ((size_t)16384)

static void add_text(struct sha256_ctx *hash, const char *text)
{
    sha256_update(hash, strlen(text) + 1, (const uint8_t *)text);
}

static void add_sizes(struct sha256_ctx *hash, const nn_tensor *t)
{
    char size[32];
    for (int i = 0; i < t->ndim; i++) {
        snprintf(size, sizeof size, "%" PRId64, t->shape[i]);
        add_text(hash, size);
    }
    add_text(hash, "");
}

static nn_status add_data(struct sha256_ctx *hash, const nn_tensor *t, nn_error *err)
{
    uint8_t chunk[CHUNK_SIZE];
    nn_tensor packed = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_contiguous(&packed, t, t->dtype, err));
    size_t size = nn_dtype_size(t->dtype);
    size_t numel = (size_t)nn_tensor_numel(t);
    for (size_t done = 0; done < numel;) {
        size_t left = numel - done;
        size_t count = left < CHUNK_SIZE / size ? left : CHUNK_SIZE / size;
        nn_wire_put(chunk, &packed, (int64_t)done, count, false);
        sha256_update(hash, count * size, chunk);
        done += count;
    }
    nn_tensor_release(&packed);
    return NN_OK;
}

nn_status nn_safetensors_digest(const nn_safetensors *file, char text[NN_SHA256_TEXT],
                                nn_error *err)
{
    struct sha256_ctx hash;
    sha256_init(&hash);
    for (size_t i = 0; i < file->count; i++) {
        const nn_tensor *t = &file->entries[i].tensor;
        add_text(&hash, file->entries[i].name);
        add_text(&hash, nn_dtype_name(t->dtype));
        add_sizes(&hash, t);
        NN_TRY(add_data(&hash, t, err));
    }
    add_text(&hash, "");
    for (size_t i = 0; i < file->metadata_count; i++) {
        add_text(&hash, file->metadata[i].key);
        add_text(&hash, file->metadata[i].value);
    }
    nn_sha256_text(&hash, text);
    return NN_OK;
}
