/*
** fuzz_npy.c - fuzz target: the NPY reader and its dictionary
*/
#include "fuzz.h"

#include <string.h>

#include "io/npy.h"
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
    nn_status status = nn_npy_parse(&t, source, &err);
    nn_source_close(source);
    if (status == NN_OK) {
        fuzz_accepted++;
        FUZZ_DEMAND(t.storage != NULL && nn_tensor_is_contiguous(&t));
        FUZZ_DEMAND((size_t)nn_tensor_numel(&t) * nn_dtype_size(t.dtype) <= MEMORY);
        for (int64_t i = 0; t.dtype == NN_BOOL && i < nn_tensor_numel(&t); i++)
            FUZZ_DEMAND(NN_DATA(uint8_t, &t)[i] <= 1);
    } else {
        FUZZ_DEMAND(status == err.code && (status == NN_EFORMAT || status == NN_EMEM));
        FUZZ_DEMAND(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        FUZZ_DEMAND(t.storage == NULL);
    }
    nn_tensor_release(&t);
    FUZZ_DEMAND(nn_alloc_in_use() == 0);
    return 0;
}

size_t fuzz_seed(size_t i, uint8_t *out, size_t room)
{
    static const struct {
        const char *header;
        size_t data;
    } seeds[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }   \n", 48},
        {"{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3), }\n", 12},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (), }\n", 1},
        {"{'shape':(5L,),'fortran_order':False,'descr':\"=u8\"}", 40},
        {"{'descr': '<i4', 'fortran_order': True, 'shape': (1, 0, 2), }\n", 0},
    };
    if (i >= sizeof seeds / sizeof *seeds) return 0;
    size_t length = strlen(seeds[i].header);
    size_t start = i % 2 == 0 ? 10 : 12;
    size_t size = start + length + seeds[i].data;
    FUZZ_DEMAND(size <= room);
    memset(out, 0, size);
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)(1 + i % 2);
    out[8] = (uint8_t)length;
    memcpy(out + start, seeds[i].header, length);
    return size;
}
