/*
** test_formats.c - NPY, NPZ, CSV, PNG and IDX: every allocation may fail, every cut is refused
*/
#define _XOPEN_SOURCE 700

#include "check.h"
#include "io/csv.h"
#include "io/decimal.h"
#include "io/idx.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/png_file.h"
#include "io/sink.h"
#include "io_helpers.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

static nn_error err;
static nn_tensor image; /* uint8 [3,4,5] */
static nn_tensor real;  /* float32 [2,3] */

static bool says(const char *part)
{
    bool found = strstr(err.message, part) != NULL && strchr(err.message, '\n') == NULL;
    if (!found) fprintf(stderr, "message: %s\n", err.message);
    return found;
}

/* ---- one writer and one reader of each format ---- */

static const nn_csv_options csv_options = {.delimiter = ','};

static nn_status write_npy(const char *path)
{
    return nn_npy_write(path, &real, &err);
}

static nn_status read_npy(const char *path)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_status status = nn_npy_read(&t, path, &err);
    CHECK((status == NN_OK) == (t.storage != NULL));
    nn_tensor_release(&t);
    return status;
}

static nn_status write_npz_as(const char *path, bool compress)
{
    nn_npz_entry entries[] = {{"real", real}, {"image", image}};
    return nn_npz_write(path, &(nn_npz){.count = 2, .entries = entries}, compress, &err);
}

static nn_status write_stored(const char *path)
{
    return write_npz_as(path, false);
}

static nn_status write_deflated(const char *path)
{
    return write_npz_as(path, true);
}

static nn_status read_npz(const char *path)
{
    nn_npz file = NN_NPZ_EMPTY;
    nn_status status = nn_npz_read(&file, path, &err);
    CHECK(status == NN_OK ? file.count == 2 : file.count == 0 && file.entries == NULL);
    nn_npz_release(&file);
    return status;
}

static nn_status write_csv(const char *path)
{
    nn_tensor column = NN_TENSOR_EMPTY;
    const char *texts[] = {"a \"b\"", "c"};
    const size_t sizes[] = {5, 1};
    nn_status status = nn_tensor_full(&column, NN_FLOAT32, 1, (int64_t[]){2}, 0.1, &err);
    if (status != NN_OK) return status;
    const nn_csv_cells cells[] = {{.name = "x", .numbers = &column},
                                  {.name = "t", .texts = texts, .sizes = sizes}};
    status = nn_csv_write(path, 2, cells, 2, ',', &err);
    nn_tensor_release(&column);
    return status;
}

static nn_status read_csv(const char *path)
{
    nn_csv table = NN_CSV_EMPTY;
    nn_status status = nn_csv_read(&table, path, &csv_options, &err);
    CHECK(status == NN_OK ? table.count == 2 && table.rows == 2 : table.columns == NULL);
    nn_csv_release(&table);
    return status;
}

static nn_status write_png(const char *path)
{
    return nn_png_write(path, &image, &err);
}

static nn_status read_png(const char *path)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_status status = nn_png_read(&t, path, &err);
    CHECK(status == NN_OK ? nn_tensor_same_shape(&t, &image) : t.storage == NULL);
    nn_tensor_release(&t);
    return status;
}

static nn_status write_idx(const char *path)
{
    return nn_idx_write(path, &real, &err);
}

static nn_status read_idx(const char *path)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    nn_status status = nn_idx_read(&t, path, -1, NULL, &err);
    nn_tensor_release(&t);
    return status;
}

static const struct format {
    const char *name;
    nn_status (*write)(const char *path);
    nn_status (*read)(const char *path);
    int least; /* allocations that reading and writing need at least */
} formats[] = {
    {"x.npy", write_npy, read_npy, 5},    {"x.npy.gz", write_npy, read_npy, 7},
    {"s.npz", write_stored, read_npz, 5}, {"d.npz", write_deflated, read_npz, 5},
    {"x.csv", write_csv, read_csv, 5},    {"x.csv.gz", write_csv, read_csv, 7},
    {"x.png", write_png, read_png, 5},    {"x.idx", write_idx, read_idx, 5},
    {"x.idx.gz", write_idx, read_idx, 7},
};

#define FORMATS (sizeof formats / sizeof *formats)

/* Runs call with the first, the second, ... allocation failing, until it succeeds. */
static int failures_of(nn_status (*call)(const char *path), const char *path)
{
    size_t before = nn_alloc_in_use();
    nn_status status = NN_EMEM;
    int failures = 0;
    for (; status != NN_OK && failures < 200; failures++) {
        nn_alloc_fail_after((uint64_t)failures + 1);
        status = call(path);
        nn_alloc_fail_after(0);
        CHECK(status == NN_OK || (status == NN_EMEM && err.code == NN_EMEM));
        CHECK(nn_alloc_in_use() == before);
    }
    CHECK(status == NN_OK);
    return failures;
}

/* No failed write touches the old file or leaves a temporary. */
static void test_memory(void)
{
    for (size_t i = 0; i < FORMATS; i++) {
        const struct format *f = &formats[i];
        const char *path = scratch_path(f->name);
        static bytes good;
        CHECK(f->write(path) == NN_OK);
        load_file(&good, path);
        nn_alloc_fail_after(2);
        CHECK(f->write(path) == NN_EMEM);
        nn_alloc_fail_after(0);
        CHECK(file_is(path, good.data, good.size) && scratch_count() == 1);
        CHECK(failures_of(f->write, path) > 2);
        CHECK(file_is(path, good.data, good.size) && scratch_count() == 1);
        CHECK(failures_of(f->read, path) >= f->least - 2);
        unlink(path);
    }
}

/* A file that ends early is refused, wherever it ends. Text has no end that could be missing. */
static void test_cuts(void)
{
    for (size_t i = 0; i < FORMATS; i++) {
        const struct format *f = &formats[i];
        const char *path = scratch_path(f->name);
        static bytes good;
        if (f->read == read_csv) continue;
        CHECK(f->write(path) == NN_OK);
        load_file(&good, path);
        for (size_t size = 0; size < good.size; size++) {
            save(path, good.data, size);
            CHECK(f->read(path) == NN_EFORMAT && says(f->name));
        }
        unlink(path);
    }
}

static void test_refused(void)
{
    for (size_t i = 0; i < FORMATS; i++) {
        CHECK(formats[i].read(scratch_path("none")) == NN_EIO && says("No such file"));
        CHECK(formats[i].read(scratch_folder) == NN_EIO && says("Is a directory"));
        CHECK(formats[i].write(scratch_path("none/x")) == NN_EIO && says("No such file"));
        CHECK(formats[i].write(scratch_folder) == NN_EIO && says("Is a directory"));
        CHECK(scratch_count() == 0);
    }
}

static nn_status write_zeros(const char *path, size_t size)
{
    nn_sink *sink;
    static const char zeros[1000];
    nn_status status = nn_sink_open(&sink, path, &err);
    if (status != NN_OK) return status;
    for (; status == NN_OK && size > 0; size -= sizeof zeros)
        status = nn_sink_write(sink, zeros, sizeof zeros, &err);
    return nn_sink_close(sink, status, &err);
}

/* Sinks give sources what they were given; a failure that is handed to close removes the file. */
static void test_sink(void)
{
    const char *path = scratch_path("zeros.gz");
    nn_source *source;
    nn_sink *sink;
    char *text;
    size_t size;
    CHECK(write_zeros(path, 3000000) == NN_OK);
    CHECK(nn_source_open(&source, path, &err) == NN_OK);
    CHECK(nn_source_read_all(source, &text, &size, &err) == NN_OK && size == 3000000);
    CHECK(text[0] == 0 && text[2999999] == 0 && text[3000000] == 0);
    nn_free(text);
    nn_source_close(source);
    unlink(path);
    CHECK(nn_sink_open(&sink, path, &err) == NN_OK && scratch_count() == 1);
    CHECK(nn_sink_close(sink, NN_EVALUE, &err) == NN_EVALUE && scratch_count() == 0);
}

/* Random bit patterns go to text and back. */
static void test_decimal(void)
{
    nn_decimal decimal = {NULL};
    char text[NN_DECIMAL_ROOM];
    uint64_t state = 1;
    CHECK(nn_decimal_open(&decimal, &err) == NN_OK);
    for (int i = 0; i < 20000; i++) {
        double value;
        double back = 0;
        state = state * 6364136223846793005 + 1442695040888963407;
        uint64_t bits = state ^ state >> 29;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        if (i % 2 == 0) value = round(ldexp(frexp(value, &(int){0}), 20)) / 64;
        size_t size = nn_decimal_format(&decimal, text, value, false);
        CHECK(nn_decimal_parse(&decimal, text, size, &back) && back == value);
        float single = (float)value;
        size = nn_decimal_format(&decimal, text, (double)single, true);
        CHECK(nn_decimal_parse(&decimal, text, size, &back) && (float)back == single);
        CHECK(size <= 15 || isinf(single));
    }
    nn_decimal_close(&decimal);
    nn_decimal_close(&decimal);
}

int main(void)
{
    scratch_make();
    CHECK(nn_tensor_zeros(&image, NN_UINT8, 3, (int64_t[]){3, 4, 5}, &err) == NN_OK);
    CHECK(nn_tensor_full(&real, NN_FLOAT32, 2, (int64_t[]){2, 3}, 0.5, &err) == NN_OK);
    for (int64_t i = 0; i < 60; i++) nn_tensor_set_int(&image, i, 37 * i % 256);
    test_memory();
    test_cuts();
    test_refused();
    test_sink();
    test_decimal();
    nn_tensor_release(&image);
    nn_tensor_release(&real);
    CHECK(nn_alloc_in_use() == 0);
    CHECK(scratch_remove());
    return CHECK_REPORT();
}
