/*
** fuzz_idx.c - fuzz target: the IDX reader and the byte source below it
*/
#include "fuzz.h"

#include <string.h>
#include <zlib.h>

#include "io/idx.h"
#include "tensor/alloc.h"

#define MEMORY ((size_t)16 << 20) /* what a parser of small inputs may want at most */

uint64_t fuzz_accepted;

static nn_status parse(nn_tensor *t, const uint8_t *data, size_t size, int64_t limit, nn_error *err)
{
    nn_source *source;
    FUZZ_DEMAND(nn_source_open_memory(&source, "input", data, size, err) == NN_OK);
    nn_status status = nn_idx_parse(t, source, limit, err);
    nn_source_close(source);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nn_tensor all = NN_TENSOR_EMPTY;
    nn_tensor some = NN_TENSOR_EMPTY;
    nn_error err = {0};
    nn_alloc_set_cap(MEMORY);
    nn_status status = parse(&all, data, size, -1, &err);
    if (status == NN_OK) {
        int64_t entries = all.shape[0];
        size_t bytes = (size_t)nn_tensor_numel(&all) * nn_dtype_size(all.dtype);
        fuzz_accepted++;
        FUZZ_DEMAND(all.ndim >= 1 && nn_tensor_is_contiguous(&all) && bytes <= MEMORY);
        FUZZ_DEMAND(parse(&some, data, size, entries / 2, &err) == NN_OK);
        bytes = (size_t)nn_tensor_numel(&some) * nn_dtype_size(some.dtype);
        FUZZ_DEMAND(some.shape[0] == entries / 2 && some.dtype == all.dtype);
        FUZZ_DEMAND(memcmp(nn_tensor_data(&all), nn_tensor_data(&some), bytes) == 0);
        nn_tensor_release(&some);
        FUZZ_DEMAND(parse(&some, data, size, entries + 1, &err) == NN_EVALUE);
    } else {
        FUZZ_DEMAND(status == err.code && (status == NN_EFORMAT || status == NN_EMEM));
        FUZZ_DEMAND(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        FUZZ_DEMAND(all.storage == NULL);
    }
    nn_tensor_release(&all);
    FUZZ_DEMAND(nn_alloc_in_use() == 0);
    return 0;
}

/* Each IDX type, then the same in gzip. */
size_t fuzz_seed(size_t i, uint8_t *out, size_t room)
{
    static const uint8_t types[][2] = {{8, 1}, {9, 1}, {11, 2}, {12, 4}, {13, 4}, {14, 8}};
    uint8_t plain[256] = {0};
    if (i >= 12) return 0;
    size_t size = 16;
    plain[2] = types[i % 6][0];
    plain[3] = 3;
    plain[7] = 2;
    plain[11] = 3;
    plain[15] = (uint8_t)(1 + i % 3);
    for (size_t left = 6 * (1 + i % 3) * types[i % 6][1]; left > 0; left--)
        plain[size++] = (uint8_t)(left * 37);
    if (i < 6) {
        memcpy(out, plain, size);
        return size;
    }
    z_stream z = {0};
    FUZZ_DEMAND(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_in = plain;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    FUZZ_DEMAND(deflate(&z, Z_FINISH) == Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}
