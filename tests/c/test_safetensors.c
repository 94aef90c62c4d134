/*
** test_safetensors.c - safetensors: the exact bytes written, and everything that must be refused
*/
#define _XOPEN_SOURCE 700

#include <jansson.h>
#include <math.h>

#include "check.h"
#include "io/safetensors.h"
#include "io_helpers.h"
#include "tensor/alloc.h"
#include "tensor/view.h"

static nn_error err;

static bool says(const char *part)
{
    bool found = strstr(err.message, part) != NULL && strchr(err.message, '\n') == NULL;
    if (!found) fprintf(stderr, "message: %s\n", err.message);
    return found;
}

static nn_status parse(nn_safetensors *out, const bytes *b)
{
    nn_source *source;
    nn_status status = nn_source_open_memory(&source, "m", b->data, b->size, &err);
    if (status == NN_OK) status = nn_safetensors_parse(out, source, &err);
    nn_source_close(source);
    return status;
}

/* A file with this header (not padded) and data_size zero bytes of data. */
static const bytes *file_of(const char *header, size_t data_size)
{
    static bytes b;
    b.size = 0;
    put_number(&b, strlen(header), 8, false);
    put_text(&b, header);
    for (size_t i = 0; i < data_size; i++) put(&b, "", 1);
    return &b;
}

static bool refused(const bytes *b, const char *part)
{
    nn_safetensors out = NN_SAFETENSORS_EMPTY;
    size_t before = nn_alloc_in_use();
    nn_status status = parse(&out, b);
    return status == NN_EFORMAT && err.code == status && out.count == 0 && out.entries == NULL &&
           nn_alloc_in_use() == before && says(part);
}

static bool header_refused(const char *header, const char *part)
{
    return refused(file_of(header, 8), part);
}

/* --- writing --------------------------------------------------------------------------- */

static const nn_safetensors_pair metadata[] = {{"b", "two\n\"2\""}, {"a", "\xc3\xbc"}};
static nn_safetensors_entry entries[4];

/* flags bool [3], w float32 [2,2] as a transposed view, nü int64 [1], d float64 [] */
static nn_safetensors make_file(void)
{
    nn_tensor w = NN_TENSOR_EMPTY;
    entries[0].name = "flags";
    entries[1].name = "w";
    entries[2].name = "n\xc3\xbc";
    entries[3].name = "d";
    CHECK(nn_tensor_zeros(&entries[0].tensor, NN_BOOL, 1, (int64_t[]){3}, &err) == NN_OK);
    CHECK(nn_tensor_full(&w, NN_FLOAT32, 2, (int64_t[]){2, 2}, 1.5, &err) == NN_OK);
    CHECK(nn_tensor_transpose(&entries[1].tensor, &w, 0, 1, &err) == NN_OK);
    CHECK(nn_tensor_zeros(&entries[2].tensor, NN_INT64, 1, (int64_t[]){1}, &err) == NN_OK);
    CHECK(nn_tensor_full(&entries[3].tensor, NN_FLOAT64, 0, NULL, -2, &err) == NN_OK);
    nn_tensor_set(&entries[0].tensor, 1, 1);
    nn_tensor_set(&w, 1, -0.25);
    nn_tensor_set_int(&entries[2].tensor, 0, INT64_MIN + 2);
    nn_tensor_release(&w);
    return (nn_safetensors){.count = 4,
                            .entries = entries,
                            .metadata_count = 2,
                            .metadata = (nn_safetensors_pair *)metadata};
}

static void release_entries(void)
{
    for (int i = 0; i < 4; i++) nn_tensor_release(&entries[i].tensor);
}

static void expected_bytes(bytes *b)
{
    static const char header[] =
        "{\"__metadata__\":{\"b\":\"two\\n\\\"2\\\"\",\"a\":\"\xc3\xbc\"},"
        "\"flags\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[32,35]},"
        "\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[16,32]},"
        "\"n\xc3\xbc\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
        "\"d\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[8,16]}}";
    size_t padding = (8 - (sizeof header - 1) % 8) % 8;
    b->size = 0;
    put_number(b, sizeof header - 1 + padding, 8, false);
    put_text(b, header);
    put(b, "       ", padding);
    put_number(b, 0x8000000000000002, 8, false);
    put_number(b, 0xC000000000000000, 8, false);
    put_number(b, 0x3FC00000, 4, false);
    put_number(b, 0x3FC00000, 4, false);
    put_number(b, 0xBE800000, 4, false);
    put_number(b, 0x3FC00000, 4, false);
    put(b, "\0\1\0", 3);
}

static void test_write(void)
{
    static bytes expected;
    const char *path = scratch_path("model");
    nn_safetensors file = make_file();
    nn_safetensors found = NN_SAFETENSORS_EMPTY;
    expected_bytes(&expected);
    CHECK(expected.size % 8 == 3); /* header and data before the bools are aligned */
    CHECK(nn_safetensors_write(path, &file, &err) == NN_OK);
    CHECK(file_is(path, expected.data, expected.size) && scratch_count() == 1);
    CHECK(nn_safetensors_read(&found, path, &err) == NN_OK && found.count == 4);
    for (size_t i = 0; i < found.count; i++) {
        const nn_tensor *t = &found.entries[i].tensor;
        CHECK(strcmp(found.entries[i].name, entries[i].name) == 0);
        CHECK(t->dtype == entries[i].tensor.dtype);
        CHECK(nn_tensor_same_shape(t, &entries[i].tensor) && nn_tensor_is_contiguous(t));
    }
    CHECK(nn_tensor_get(&found.entries[0].tensor, 1) == 1);
    CHECK(nn_tensor_get(&found.entries[1].tensor, 0) == 1.5);
    CHECK(nn_tensor_get(&found.entries[1].tensor, 2) == -0.25);
    CHECK(nn_tensor_get_int(&found.entries[2].tensor, 0) == INT64_MIN + 2);
    CHECK(nn_tensor_get(&found.entries[3].tensor, 0) == -2);
    CHECK(found.metadata_count == 2);
    for (size_t i = 0; i < found.metadata_count; i++) {
        CHECK(strcmp(found.metadata[i].key, metadata[i].key) == 0);
        CHECK(strcmp(found.metadata[i].value, metadata[i].value) == 0);
    }
    nn_safetensors_release(&found);
    nn_safetensors_release(&found);
    release_entries();
    unlink(path);
}

static void test_write_nothing(void)
{
    const char *path = scratch_path("model");
    nn_safetensors file = NN_SAFETENSORS_EMPTY;
    nn_safetensors found = NN_SAFETENSORS_EMPTY;
    CHECK(nn_safetensors_write(path, &file, &err) == NN_OK);
    CHECK(file_is(path, "\x08\0\0\0\0\0\0\0{}      ", 16));
    CHECK(nn_safetensors_read(&found, path, &err) == NN_OK);
    CHECK(found.count == 0 && found.metadata_count == 0);
    nn_safetensors_release(&found);
    unlink(path);
}

/* Larger than the writer's chunks, and of sizes that do not divide them. */
static void test_write_large(void)
{
    const char *path = scratch_path("model");
    nn_safetensors_entry entry = {.name = "large"};
    nn_safetensors file = {.count = 1, .entries = &entry};
    nn_safetensors found = NN_SAFETENSORS_EMPTY;
    CHECK(nn_tensor_new(&entry.tensor, NN_FLOAT64, 2, (int64_t[]){5001, 3}, &err) == NN_OK);
    for (int64_t i = 0; i < 15003; i++) nn_tensor_set(&entry.tensor, i, sqrt((double)i));
    CHECK(nn_safetensors_write(path, &file, &err) == NN_OK);
    CHECK(nn_safetensors_read(&found, path, &err) == NN_OK && found.count == 1);
    int wrong = 0;
    for (int64_t i = 0; i < 15003; i++)
        wrong += nn_tensor_get(&found.entries[0].tensor, i) != sqrt((double)i);
    CHECK(wrong == 0);
    nn_safetensors_release(&found);
    nn_tensor_release(&entry.tensor);
    unlink(path);
}

static bool write_refused(const nn_safetensors *file, const char *part)
{
    const char *path = scratch_path("model");
    save(path, "old", 3);
    bool result = nn_safetensors_write(path, file, &err) == NN_EVALUE && says(part) &&
                  file_is(path, "old", 3) && scratch_count() == 1;
    unlink(path);
    return result;
}

static void test_write_refused(void)
{
    nn_safetensors_pair twice[] = {{"k", "1"}, {"k", "2"}};
    nn_safetensors_pair broken[] = {{"k", "\xff"}};
    nn_safetensors file = make_file();
    size_t before = nn_alloc_in_use();
    entries[3].name = "w";
    CHECK(write_refused(&file, "tensor name 'w' is there twice"));
    entries[3].name = "__metadata__";
    CHECK(write_refused(&file, "'__metadata__' is reserved"));
    entries[3].name = "x\xff";
    CHECK(write_refused(&file, "is not UTF-8"));
    entries[3].name = "d";
    file.metadata = twice;
    CHECK(write_refused(&file, "metadata key 'k' is there twice"));
    file.metadata = broken;
    file.metadata_count = 1;
    CHECK(write_refused(&file, "value of metadata 'k' is not UTF-8"));
    file.metadata_count = 0;
    CHECK(nn_safetensors_write(scratch_path("none/model"), &file, &err) == NN_EIO);
    CHECK(scratch_count() == 0 && nn_alloc_in_use() == before);
    release_entries();
}

/* An expanded view of one element that claims more bytes than a file can have. */
static void test_write_expanded(void)
{
    nn_safetensors_entry entry = {.name = "huge"};
    nn_safetensors file = {.count = 1, .entries = &entry};
    nn_tensor one = NN_TENSOR_EMPTY;
    CHECK(nn_tensor_zeros(&one, NN_FLOAT64, 1, (int64_t[]){1}, &err) == NN_OK);
    CHECK(nn_tensor_expand(&entry.tensor, &one, 1, (int64_t[]){INT64_MAX / 2}, &err) == NN_OK);
    CHECK(write_refused(&file, "tensor 'huge' [4611686018427387903] passes the largest file"));
    nn_tensor_release(&entry.tensor);
    nn_tensor_release(&one);
}

/* --- reading --------------------------------------------------------------------------- */

static void test_read_types(void)
{
    static const struct {
        const char *name;
        int size;
        nn_dtype dtype;
        uint64_t wire[3];
        double value[3];
    } cases[] = {
        {"BOOL", 1, NN_BOOL, {0, 1, 1}, {0, 1, 1}},
        {"U8", 1, NN_UINT8, {0, 7, 255}, {0, 7, 255}},
        {"I8", 1, NN_INT64, {0x80, 0x7F, 0xFF}, {-128, 127, -1}},
        {"I16", 2, NN_INT64, {0x8000, 0x0102, 0xFFFF}, {-32768, 258, -1}},
        {"U16", 2, NN_INT64, {0x8000, 0x0102, 0xFFFF}, {32768, 258, 65535}},
        {"I32", 4, NN_INT64, {0x80000000, 1, 0xFFFFFFFF}, {-2147483648.0, 1, -1}},
        {"U32", 4, NN_INT64, {0x80000000, 1, 0xFFFFFFFF}, {2147483648.0, 1, 4294967295.0}},
        {"I64", 8, NN_INT64, {0xFFFFFFFFFFFFFFFF, 5, 1ULL << 40}, {-1, 5, 0x1p40}},
        {"BF16", 2, NN_FLOAT32, {0x3F80, 0xC049, 0xFF80}, {1, -3.140625, -INFINITY}},
        {"F32", 4, NN_FLOAT32, {0x3F800000, 0xC0490FDB, 1}, {1, -0x1.921fb6p+1, 0x1p-149}},
        {"F64",
         8,
         NN_FLOAT64,
         {0x3FF0000000000000, 1, 0x7FF0000000000000},
         {1, 0x1p-1074, INFINITY}},
        /* binary16: one, the largest, the smallest subnormal; then limits of the others */
        {"F16", 2, NN_FLOAT32, {0x3C00, 0x7BFF, 0x0001}, {1, 65504, 0x1p-24}},
        {"F16", 2, NN_FLOAT32, {0x83FF, 0x0400, 0xFC00}, {-1023 * 0x1p-24, 0x1p-14, -INFINITY}},
        {"F16", 2, NN_FLOAT32, {0x8000, 0x3555, 0xC500}, {-0.0, 0.333251953125, -5}},
    };
    static bytes b;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        nn_safetensors out = NN_SAFETENSORS_EMPTY;
        char header[200];
        snprintf(header, sizeof header,
                 "{\"t\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%d]}}", cases[c].name,
                 3 * cases[c].size);
        b = *file_of(header, 0);
        for (int i = 0; i < 3; i++) put_number(&b, cases[c].wire[i], cases[c].size, false);
        CHECK(parse(&out, &b) == NN_OK && out.count == 1);
        CHECK(out.count == 1 && out.entries[0].tensor.dtype == cases[c].dtype);
        for (int i = 0; i < 3 && out.count == 1; i++) {
            double value = nn_tensor_get(&out.entries[0].tensor, i);
            CHECK(value == cases[c].value[i] && signbit(value) == signbit(cases[c].value[i]));
        }
        nn_safetensors_release(&out);
    }
    nn_safetensors out = NN_SAFETENSORS_EMPTY;
    b = *file_of("{\"t\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}", 0);
    put_number(&b, 0x7E01, 2, false);
    CHECK(parse(&out, &b) == NN_OK && isnan(nn_tensor_get(&out.entries[0].tensor, 0)));
    nn_safetensors_release(&out);
}

/* The header's order is kept, whatever the order of the data; empty tensors fit anywhere. */
static void test_read_order(void)
{
    static bytes b;
    nn_safetensors out = NN_SAFETENSORS_EMPTY;
    b = *file_of("{\"z\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]},"
                 "\"m\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
                 "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                 "\"__metadata__\":{},"
                 "\"e\":{\"dtype\":\"F64\",\"shape\":[0,4],\"data_offsets\":[1,1]}}",
                 0);
    put(&b, "\x0A\x0B\x0C", 3);
    CHECK(parse(&out, &b) == NN_OK && out.count == 4 && out.metadata_count == 0);
    CHECK(strcmp(out.entries[0].name, "z") == 0 && strcmp(out.entries[3].name, "e") == 0);
    CHECK(nn_tensor_get(&out.entries[0].tensor, 0) == 12);
    CHECK(nn_tensor_get(&out.entries[1].tensor, 0) == 11);
    CHECK(nn_tensor_get(&out.entries[2].tensor, 0) == 10);
    CHECK(nn_tensor_numel(&out.entries[3].tensor) == 0);
    nn_safetensors_release(&out);
}

/* What Python's safetensors wrote. */
static void test_read_python(const char *path)
{
    nn_safetensors out = NN_SAFETENSORS_EMPTY;
    CHECK(nn_safetensors_read(&out, path, &err) == NN_OK);
    CHECK(out.count == 9 && out.metadata_count == 3);
    for (size_t i = 0; i < out.count; i++) {
        const nn_tensor *t = &out.entries[i].tensor;
        if (strcmp(out.entries[i].name, "float32") == 0)
            CHECK(t->dtype == NN_FLOAT32 && t->shape[1] == 3 && nn_tensor_get(t, 0) == 0.1F);
        if (strcmp(out.entries[i].name, "int64") == 0)
            CHECK(t->dtype == NN_INT64 && nn_tensor_get_int(t, 3) == INT64_MIN);
    }
    nn_safetensors_release(&out);
}

static void test_read_header(void)
{
    static bytes b;
    b.size = 0;
    for (int i = 0; i < 8; i++, put(&b, "", 1))
        CHECK(refused(&b, "ends within the safetensors header"));
    CHECK(refused(&b, "not a safetensors file (it claims a header of 0 bytes"));
    b.size = 0;
    put_text(&b, "PK\x03\x04 a zip file, which others use");
    CHECK(refused(&b, "not a safetensors file"));
    b.size = 0;
    put_number(&b, 90000000, 8, false);
    put_text(&b, "{}");
    size_t total = nn_alloc_total();
    CHECK(refused(&b, "the safetensors header is said to have 90000000 bytes, the file has 10"));
    CHECK(nn_alloc_total() - total < 10000);
    b = *file_of("{}        ", 0);
    while (--b.size >= 8) CHECK(refused(&b, "said to have 10 bytes"));
    CHECK(refused(file_of("[]", 0), "not a JSON object"));
    CHECK(refused(file_of("{}x", 0), "not valid JSON"));
    CHECK(refused(file_of("{\"a\":\xff}", 0), "not valid JSON"));
    CHECK(refused(file_of("{\"__metadata__\":{\"a\":\"\n\"}}", 0), "not valid JSON"));
    CHECK(refused(file_of("{\"__metadata__\":3}", 0), "__metadata__ is not an object"));
    CHECK(refused(file_of("{\"__metadata__\":{\"a\\n\":3}}", 0), "metadata 'a?' is not a string"));
}

static void test_read_deep(void)
{
    static bytes b;
    b.size = 0;
    put_number(&b, 50000, 8, false);
    for (int i = 0; i < 50000; i++) put_text(&b, "[");
    CHECK(refused(&b, "not valid JSON"));
}

#define ITEM(dtype, shape, offsets)                                                                \
    "{\"t\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void test_read_items(void)
{
    CHECK(header_refused("{\"t\":1}", "tensor 't' is not described by an object"));
    CHECK(header_refused("{\"t\":{}}", "tensor 't' has no string \"dtype\""));
    CHECK(header_refused(ITEM("7", "[1]", "[0,8]"), "has no string \"dtype\""));
    CHECK(header_refused(ITEM("\"F8_E4M3\"", "[8]", "[0,8]"), "'F8_E4M3', which is not supported"));
    CHECK(header_refused(ITEM("\"f64\"", "[1]", "[0,8]"), "'f64', which is not supported"));
    CHECK(header_refused(ITEM("\"F64\"", "1", "[0,8]"), "has no list \"shape\""));
    CHECK(header_refused(ITEM("\"F64\"", "[1.0]", "[0,8]"), "not an integer >= 0"));
    CHECK(header_refused(ITEM("\"F64\"", "[-1]", "[0,8]"), "not an integer >= 0"));
    CHECK(header_refused(ITEM("\"F64\"", "[\"1\"]", "[0,8]"), "not an integer >= 0"));
    CHECK(header_refused(ITEM("\"F64\"", "[1,1,1,1,1,1,1,1,1]", "[0,8]"), "has 9 dimensions"));
    CHECK(header_refused(ITEM("\"F64\"", "[1]", "8"), "has no \"data_offsets\""));
    CHECK(header_refused(ITEM("\"F64\"", "[1]", "[0]"), "has no \"data_offsets\""));
    CHECK(header_refused(ITEM("\"F64\"", "[1]", "[0,8,8]"), "has no \"data_offsets\""));
    CHECK(header_refused(ITEM("\"F64\"", "[1]", "[0.0,8]"), "has no \"data_offsets\""));
    CHECK(header_refused(ITEM("\"F64\"", "[1]", "[8,0]"), "has no \"data_offsets\""));
    CHECK(header_refused(ITEM("\"F64\"", "[1]", "[-8,0]"), "has no \"data_offsets\""));
    CHECK(header_refused(ITEM("\"F64\"", "[2]", "[0,8]"),
                         "tensor 't' is F64 [2], its data_offsets [0,8] hold 8 bytes"));
    CHECK(header_refused(ITEM("\"F64\"", "[4611686018427387904,4]", "[0,0]"), "hold 0 bytes"));
    CHECK(header_refused(ITEM("\"F64\"", "[2305843009213693952]", "[0,0]"), "hold 0 bytes"));
    CHECK(header_refused(ITEM("\"F64\"", "[99999999999999999999]", "[0,8]"), "not valid JSON"));
    CHECK(header_refused("{\"t\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8],\"x\":1}}",
                         "has other fields"));
    CHECK(header_refused("{\"t\":{\"dtype\":\"F64\",\"shape\":[1]},\"t\":{}}",
                         "duplicate object key"));
    CHECK(header_refused("{\"t\":{\"dtype\":\"F64\",\"dtype\":\"F32\"}}", "duplicate object key"));
}

#define U8(name, begin, end)                                                                       \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" begin "," end "]}"

static void test_read_layout(void)
{
    nn_safetensors out = NN_SAFETENSORS_EMPTY;
    CHECK(parse(&out, file_of("{" U8("a", "4", "8") "," U8("b", "0", "4") "}", 8)) == NN_OK);
    nn_safetensors_release(&out);
    CHECK(header_refused("{" U8("a", "0", "4") "," U8("b", "2", "6") "}",
                         "tensor 'b' begins at 2, where the tensors before it end at 4"));
    CHECK(header_refused("{" U8("a", "0", "4") "," U8("b", "0", "4") "}", "begins at 0"));
    CHECK(header_refused("{" U8("a", "4", "8") "}", "tensor 'a' begins at 4"));
    CHECK(header_refused("{" U8("a", "0", "4") "," U8("b", "5", "9") "}", "begins at 5"));
    CHECK(refused(file_of("{" U8("a", "0", "4") "}", 3),
                  "header says 4 bytes of data, the file has 3"));
    CHECK(refused(file_of("{" U8("a", "0", "4") "}", 5), "the file has 5"));
    CHECK(refused(file_of("{}", 1), "header says 0 bytes of data, the file has 1"));
}

/* Terabytes that are not there are refused before memory is asked for. */
static void test_read_lies(void)
{
    size_t total = nn_alloc_total();
    CHECK(header_refused(ITEM("\"F64\"", "[1000000000000]", "[0,8000000000000]"),
                         "header says 8000000000000 bytes of data, the file has 8"));
    CHECK(nn_alloc_total() - total < 10000);
}

static void test_read_bool(void)
{
    static bytes b;
    b = *file_of(ITEM("\"BOOL\"", "[3]", "[0,3]"), 0);
    put(&b, "\0\1\2", 3);
    CHECK(refused(&b, "tensor 't' is BOOL and holds the value 2"));
}

static void test_read_gzip(void)
{
    static bytes plain;
    static bytes packed;
    nn_safetensors out = NN_SAFETENSORS_EMPTY;
    expected_bytes(&plain);
    put_gzip(&packed, plain.data, plain.size);
    CHECK(parse(&out, &packed) == NN_OK && out.count == 4);
    nn_safetensors_release(&out);
    packed.size -= 3;
    CHECK(refused(&packed, "gzip data is truncated"));
    /* That the data is short comes out only while it is read. */
    plain = *file_of(ITEM("\"BOOL\"", "[1000]", "[0,1000]"), 1);
    packed.size = 0;
    put_gzip(&packed, plain.data, plain.size);
    CHECK(refused(&packed, "header says 1000 bytes of data, the file has 1"));
}

/* --- memory ---------------------------------------------------------------------------- */

static void *json_alloc(size_t size)
{
    nn_error ignored;
    return nn_alloc(size, &ignored);
}

/* Every allocation in turn fails, jansson's among them. */
static void test_memory(void)
{
    const char *path = scratch_path("model");
    nn_safetensors file = make_file();
    size_t before = nn_alloc_in_use();
    nn_status status = NN_EMEM;
    int failures = 0;
    save(path, "old", 3);
    for (; status != NN_OK && failures < 1000; failures++) {
        CHECK(file_is(path, "old", 3) && scratch_count() == 1);
        nn_alloc_fail_after((uint64_t)failures + 1);
        err.code = NN_OK;
        status = nn_safetensors_write(path, &file, &err);
        CHECK(status == err.code && (status == NN_OK || status == NN_EMEM));
        CHECK(nn_alloc_in_use() == before);
    }
    CHECK(failures > 20 && failures < 1000);
    status = NN_EMEM;
    for (failures = 0; status != NN_OK && failures < 1000; failures++) {
        nn_safetensors found = NN_SAFETENSORS_EMPTY;
        nn_alloc_fail_after((uint64_t)failures + 1);
        err.code = NN_OK;
        status = nn_safetensors_read(&found, path, &err);
        /* jansson takes a token that it has no memory for as a token that is not valid. */
        CHECK(status == err.code && (status == NN_OK || status == NN_EMEM ||
                                     strstr(err.message, "not valid JSON") != NULL));
        CHECK(status == NN_OK || (found.count == 0 && nn_alloc_in_use() == before));
        nn_safetensors_release(&found);
        CHECK(nn_alloc_in_use() == before);
    }
    CHECK(failures > 20 && failures < 1000);
    nn_alloc_fail_after(0);
    release_entries();
    unlink(path);
}

/* The folder with the fixtures is the first argument, tests/fixtures without one. */
int main(int count, char **arguments)
{
    char fixture[512];
    snprintf(fixture, sizeof fixture, "%s/python.safetensors",
             count > 1 ? arguments[1] : "tests/fixtures");
    json_set_alloc_funcs(json_alloc, nn_free);
    scratch_make();
    test_write();
    test_write_nothing();
    test_write_large();
    test_write_refused();
    test_write_expanded();
    test_read_types();
    test_read_order();
    test_read_python(fixture);
    test_read_header();
    test_read_deep();
    test_read_items();
    test_read_layout();
    test_read_lies();
    test_read_bool();
    test_read_gzip();
    test_memory();
    CHECK(nn_alloc_in_use() == 0);
    CHECK(scratch_remove());
    return CHECK_REPORT();
}
