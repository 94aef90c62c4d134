/*
** fuzz_safetensors.c - fuzz target: the safetensors reader
*/
#include "fuzz.h"

#include <string.h>

#include "io/safetensors.h"
#include "io/text.h"
#include "tensor/alloc.h"

#define MEMORY ((size_t)16 << 20) /* what a parser of small inputs may want at most */

uint64_t fuzz_accepted;

/* What every accepted file has: names in UTF-8, no bools but 0 and 1. */
static void check(const nn_safetensors *file)
{
    for (size_t i = 0; i < file->count; i++) {
        const nn_safetensors_entry *entry = &file->entries[i];
        const nn_tensor *t = &entry->tensor;
        FUZZ_DEMAND(nn_text_is_utf8(entry->name, strlen(entry->name)));
        FUZZ_DEMAND(t->storage != NULL && nn_tensor_is_contiguous(t));
        for (int64_t j = 0; t->dtype == NN_BOOL && j < nn_tensor_numel(t); j++)
            FUZZ_DEMAND(NN_DATA(uint8_t, t)[j] <= 1);
    }
    for (size_t i = 0; i < file->metadata_count; i++) {
        FUZZ_DEMAND(file->metadata[i].key != NULL);
        FUZZ_DEMAND(nn_text_is_utf8(file->metadata[i].value, strlen(file->metadata[i].value)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nn_safetensors file = NN_SAFETENSORS_EMPTY;
    nn_source *source;
    nn_error err = {0};
    nn_alloc_set_cap(MEMORY);
    FUZZ_DEMAND(nn_source_open_memory(&source, "input", data, size, &err) == NN_OK);
    nn_status status = nn_safetensors_parse(&file, source, &err);
    nn_source_close(source);
    if (status == NN_OK) {
        fuzz_accepted++;
        check(&file);
    } else {
        FUZZ_DEMAND(status == err.code && (status == NN_EFORMAT || status == NN_EMEM));
        FUZZ_DEMAND(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
        FUZZ_DEMAND(file.count == 0 && file.entries == NULL && file.metadata == NULL);
    }
    nn_safetensors_release(&file);
    FUZZ_DEMAND(nn_alloc_in_use() == 0);
    return 0;
}

size_t fuzz_seed(size_t i, uint8_t *out, size_t room)
{
    static const struct {
        const char *header;
        size_t data;
    } seeds[] = {
        {"{}", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]}}", 8},
        {"{\"__metadata__\":{\"k\":\"v\",\"l\":\"\"},"
         "\"b\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[8,11]},"
         "\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
         "\"e\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[8,8]}}   ",
         11},
        {"{\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
         "\"\\u00fc\":{\"dtype\":\"I16\",\"shape\":[1,1,1,2],\"data_offsets\":[4,8]}}",
         8},
    };
    if (i >= sizeof seeds / sizeof *seeds) return 0;
    size_t length = strlen(seeds[i].header);
    size_t size = 8 + length + seeds[i].data;
    FUZZ_DEMAND(size <= room);
    memset(out, 0, size);
    out[0] = (uint8_t)length;
    out[1] = (uint8_t)(length >> 8);
    memcpy(out + 8, seeds[i].header, length);
    return size;
}
