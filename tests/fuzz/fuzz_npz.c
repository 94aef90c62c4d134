/*
** fuzz_npz.c - fuzz target: the NPZ reader over libzip
*/
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "io/npz.h"
#include "io/text.h"
#include "tensor/alloc.h"

#define MEMORY ((size_t)16 << 20) /* what a parser of small inputs may want at most */

uint64_t fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nn_npz file = NN_NPZ_EMPTY;
    nn_error err = {0};
    nn_alloc_set_cap(MEMORY);
    nn_status status = nn_npz_parse(&file, "input", data, size, &err);
    if (status == NN_OK) {
        fuzz_accepted++;
        for (size_t i = 0; i < file.count; i++) {
            FUZZ_DEMAND(file.entries[i].name != NULL);
            FUZZ_DEMAND(nn_tensor_is_contiguous(&file.entries[i].tensor));
        }
    } else {
        FUZZ_DEMAND(status == err.code);
        FUZZ_DEMAND(status == NN_EFORMAT || status == NN_EMEM || status == NN_EIO);
        FUZZ_DEMAND(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        FUZZ_DEMAND(file.count == 0 && file.entries == NULL);
    }
    nn_npz_release(&file);
    FUZZ_DEMAND(nn_alloc_in_use() == 0);
    return 0;
}

/* Archives of our own writing: of no, one and two entries, stored and deflated. */
static size_t write_seed(size_t i, uint8_t *out, size_t room)
{
    char path[64];
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_error err;
    nn_npz_entry entries[2] = {{.name = "a"}, {.name = "\xc3\xbc.b"}};
    nn_alloc_set_cap(0);
    FUZZ_DEMAND(nn_tensor_full(&t, i % 2 == 0 ? NN_FLOAT32 : NN_INT64, 2, (int64_t[]){3, 4}, 7,
                               &err) == NN_OK);
    entries[0].tensor = entries[1].tensor = t;
    const nn_npz file = {.count = i == 0 ? 0 : 1 + i / 2, .entries = entries};
    snprintf(path, sizeof path, "/tmp/fuzz-npz-%ld", (long)getpid());
    FUZZ_DEMAND(nn_npz_write(path, &file, i >= 2, &err) == NN_OK);
    FILE *stream = fopen(path, "rb");
    FUZZ_DEMAND(stream != NULL);
    size_t size = fread(out, 1, room, stream);
    fclose(stream);
    unlink(path);
    nn_tensor_release(&t);
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
