/*
** fuzz_png.c - fuzz target: the PNG reader over libpng
*/
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "io/png_file.h"
#include "tensor/alloc.h"

#define MEMORY ((size_t)16 << 20) /* what a parser of small inputs may want at most */

uint64_t fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_source *source;
    nn_error err = {0};
    nn_alloc_set_cap(MEMORY);
    FUZZ_DEMAND(nn_source_open_memory(&source, "input", data, size, &err) == NN_OK);
    nn_status status = nn_png_parse(&t, source, &err);
    nn_source_close(source);
    if (status == NN_OK) {
        fuzz_accepted++;
        FUZZ_DEMAND(t.dtype == NN_UINT8 && t.ndim == 3 && nn_tensor_is_contiguous(&t));
        FUZZ_DEMAND(t.shape[0] >= 1 && t.shape[0] <= 4);
    } else {
        FUZZ_DEMAND(status == err.code && (status == NN_EFORMAT || status == NN_EMEM));
        FUZZ_DEMAND(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        FUZZ_DEMAND(t.storage == NULL);
    }
    nn_tensor_release(&t);
    FUZZ_DEMAND(nn_alloc_in_use() == 0);
    return 0;
}

/* Images of our own writing: 1 to 4 channels. */
static size_t write_seed(size_t i, uint8_t *out, size_t room)
{
    char path[64];
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_error err;
    nn_alloc_set_cap(0);
    FUZZ_DEMAND(nn_tensor_zeros(&t, NN_UINT8, 3, (int64_t[]){1 + (int64_t)i, 3, 4}, &err) == NN_OK);
    for (int64_t j = 0; j < nn_tensor_numel(&t); j++) nn_tensor_set_int(&t, j, j * 7 % 256);
    snprintf(path, sizeof path, "/tmp/fuzz-png-%ld", (long)getpid());
    FUZZ_DEMAND(nn_png_write(path, &t, &err) == NN_OK);
    nn_tensor_release(&t);
    FILE *stream = fopen(path, "rb");
    FUZZ_DEMAND(stream != NULL);
    size_t size = fread(out, 1, room, stream);
    fclose(stream);
    unlink(path);
    return size;
}

/* Each is written once. */
size_t fuzz_seed(size_t i, uint8_t *out, size_t room)
{
    static uint8_t kept[4][4096];
    static size_t sizes[4];
    if (i >= 4) return 0;
    if (sizes[i] == 0) sizes[i] = write_seed(i, kept[i], sizeof kept[i]);
    FUZZ_DEMAND(sizes[i] <= room);
    memcpy(out, kept[i], sizes[i]);
    return sizes[i];
}
