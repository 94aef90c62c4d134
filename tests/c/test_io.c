/*
** test_io.c - atomic files, byte sources, IDX
*/
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"
#include "io/file.h"
#include "io/idx.h"
#include "io/source.h"
#include "io/text.h"
#include "io/wire.h"
#include "io_helpers.h"
#include "tensor/alloc.h"

static nn_error err;

static bool says(const char *part)
{
    bool found = strstr(err.message, part) != NULL && strchr(err.message, '\n') == NULL;
    if (!found) fprintf(stderr, "message: %s\n", err.message);
    return found;
}

/* --- text ------------------------------------------------------------------------------ */

static bool utf8(const char *text)
{
    return nn_text_is_utf8(text, strlen(text));
}

static void test_text(void)
{
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer, "head", 4);
    memcpy(longer + sizeof longer - 5, "tail", 4);
    nn_quoted quoted = nn_quote(longer);
    CHECK(strlen(quoted.text) == sizeof quoted.text - 1);
    CHECK(strncmp(quoted.text, "headx", 5) == 0 && strstr(quoted.text, "x...x") != NULL);
    CHECK(strcmp(quoted.text + strlen(quoted.text) - 5, "xtail") == 0);
    CHECK(strcmp(nn_quote("a\nb\x7f\xc3\xbc").text, "a?b?\xc3\xbc") == 0);
    CHECK(utf8("") && utf8("abc") && utf8("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"));
    CHECK(utf8("\xf4\x8f\xbf\xbf") && !utf8("\xf4\x90\x80\x80")); /* U+10FFFF is the last */
    CHECK(!utf8("\xc3") && !utf8("\x80") && !utf8("a\xff") && !utf8("\xe2\x82"));
    CHECK(!utf8("\xc0\xaf") && !utf8("\xe0\x80\xaf") && !utf8("\xf0\x80\x80\xaf")); /* overlong */
    CHECK(!utf8("\xed\xa0\x80")); /* a surrogate */
}

/* --- files ----------------------------------------------------------------------------- */

static void test_file_write(void)
{
    const char *path = scratch_path("file");
    struct stat info;
    CHECK(nn_file_write(path, "old", 3, &err) == NN_OK && file_is(path, "old", 3));
    CHECK(chmod(path, 0640) == 0);
    CHECK(nn_file_write(path, "newer", 5, &err) == NN_OK && file_is(path, "newer", 5));
    CHECK(stat(path, &info) == 0 && (info.st_mode & 07777) == 0640);
    CHECK(nn_file_write(path, "", 0, &err) == NN_OK && file_is(path, "", 0));
    CHECK(scratch_count() == 1);
    unlink(path);
}

static void test_file_umask(void)
{
    const char *path = scratch_path("file");
    struct stat info;
    mode_t before = umask(027);
    CHECK(nn_file_write(path, "x", 1, &err) == NN_OK);
    CHECK(stat(path, &info) == 0 && (info.st_mode & 07777) == 0640);
    umask(before);
    unlink(path);
}

static void test_file_link(void)
{
    const char *path = scratch_path("file");
    const char *link = scratch_path("link");
    struct stat info;
    save(path, "old", 3);
    CHECK(symlink("file", link) == 0);
    CHECK(nn_file_write(link, "new", 3, &err) == NN_OK && file_is(path, "new", 3));
    CHECK(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    CHECK(scratch_count() == 2);
    unlink(link);
    unlink(path);
}

static void test_file_refused(void)
{
    CHECK(nn_file_write(scratch_path("none/file"), "x", 1, &err) == NN_EIO);
    CHECK(err.code == NN_EIO && says("none/file': No such file or directory"));
    CHECK(nn_file_write(scratch_folder, "x", 1, &err) == NN_EIO && says("Is a directory"));
    CHECK(nn_file_write("", "x", 1, &err) == NN_EIO && says("No such file"));
    CHECK(nn_file_write("/dev/null", "x", 1, &err) == NN_EIO && says("not a regular file"));
    CHECK(scratch_count() == 0);
}

/* A file that open(2) would not let this user write is not replaced either. */
static void test_file_read_only(void)
{
    const char *path = scratch_path("file");
    int status = 0;
    save(path, "old", 3);
    CHECK(chmod(path, 0444) == 0 && chmod(scratch_folder, 0777) == 0);
    pid_t child = fork();
    if (child == 0) { /* the superuser may write everything */
        bool other = geteuid() != 0 || setuid(65534) == 0;
        _exit(other && nn_file_write(path, "new", 3, &err) == NN_EIO && says("denied") ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    CHECK(file_is(path, "old", 3) && scratch_count() == 1);
    unlink(path);
}

/* The writer is cut off in the middle: the old file is intact and no temporary is left. */
static void test_file_full(void)
{
    const char *path = scratch_path("file");
    static const char big[10000];
    struct rlimit before;
    struct rlimit small;
    nn_file_writer writer = NN_FILE_WRITER_EMPTY;
    save(path, "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 5000;
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK(nn_file_write(path, big, sizeof big, &err) == NN_EIO && says("File too large"));
    CHECK(nn_file_writer_open(&writer, path, &err) == NN_OK);
    CHECK(nn_file_writer_write(&writer, big, 4000, &err) == NN_OK);
    CHECK(nn_file_writer_write(&writer, big, 4000, &err) == NN_EIO);
    CHECK(writer.temporary == NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(file_is(path, "old", 3) && scratch_count() == 1);
    unlink(path);
}

static void test_file_abort(void)
{
    const char *path = scratch_path("file");
    nn_file_writer writer = NN_FILE_WRITER_EMPTY;
    save(path, "old", 3);
    CHECK(nn_file_writer_open(&writer, path, &err) == NN_OK && scratch_count() == 2);
    CHECK(nn_file_writer_write(&writer, "new", 3, &err) == NN_OK);
    CHECK(file_is(path, "old", 3));
    nn_file_writer_abort(&writer);
    nn_file_writer_abort(&writer);
    CHECK(file_is(path, "old", 3) && scratch_count() == 1);
    unlink(path);
}

static void test_file_memory(void)
{
    const char *path = scratch_path("file");
    size_t before = nn_alloc_in_use();
    nn_status status = NN_EMEM;
    int failures = 0;
    save(path, "old", 3);
    for (; status != NN_OK && failures < 100; failures++) {
        CHECK(file_is(path, "old", 3) && scratch_count() == 1);
        nn_alloc_fail_after((uint64_t)failures + 1);
        status = nn_file_write(path, "new", 3, &err);
        CHECK(status == NN_OK || (status == NN_EMEM && err.code == NN_EMEM));
        CHECK(nn_alloc_in_use() == before);
    }
    nn_alloc_fail_after(0);
    CHECK(failures == 4); /* path, target, temporary, and the round without failure */
    CHECK(file_is(path, "new", 3));
    unlink(path);
}

static void test_directory(void)
{
    struct stat info;
    char path[600];
    snprintf(path, sizeof path, "%s/a/b//c/", scratch_folder);
    CHECK(nn_directory_make(path, &err) == NN_OK && stat(path, &info) == 0);
    CHECK(nn_directory_make(path, &err) == NN_OK);
    CHECK(nn_directory_make("/", &err) == NN_OK && nn_directory_make(".", &err) == NN_OK);
    CHECK(nn_directory_make("", &err) == NN_EIO);
    save(scratch_path("file"), "x", 1);
    CHECK(nn_directory_make(scratch_path("file"), &err) == NN_EIO && says("File exists"));
    CHECK(nn_directory_make(scratch_path("file/x"), &err) == NN_EIO && says("file': File exists"));
    unlink(scratch_path("file"));
    rmdir(scratch_path("a/b/c"));
    rmdir(scratch_path("a/b"));
    rmdir(scratch_path("a"));
    CHECK(scratch_count() == 0);
}

/* --- sources --------------------------------------------------------------------------- */

/* Reads data through a memory source in steps; true if it holds exactly plain. */
static bool yields(const bytes *data, const void *plain, size_t size, size_t step)
{
    static uint8_t found[200000];
    nn_source *source;
    size_t filled = 0;
    size_t got = 1;
    if (nn_source_open_memory(&source, "memory", data->data, data->size, &err) != NN_OK)
        return false;
    while (got > 0 && filled + step <= sizeof found) {
        if (nn_source_bound(source) < size - filled) break;
        if (nn_source_read(source, found + filled, step, &got, &err) != NN_OK) break;
        filled += got;
    }
    bool same = got == 0 && filled == size && memcmp(found, plain, size) == 0;
    same = same && nn_source_count(source) == size;
    nn_source_close(source);
    return same;
}

/* The failure of reading data to its end. */
static nn_status drained(const bytes *data)
{
    nn_source *source;
    nn_status status = nn_source_open_memory(&source, "m.gz", data->data, data->size, &err);
    if (status == NN_OK) status = nn_source_drain(source, &err);
    nn_source_close(source);
    return status;
}

static void test_source_gzip(void)
{
    static bytes plain;
    static bytes packed;
    for (unsigned i = 0; i < 50000; i++) put_number(&plain, i * i >> 7, 1, true);
    put_gzip(&packed, plain.data, 30000);
    size_t first = packed.size;
    put_gzip(&packed, plain.data + 30000, 20000);
    for (size_t step = 1; step < 100000; step = step * 7 + 2) {
        CHECK(yields(&plain, plain.data, plain.size, step));
        CHECK(yields(&packed, plain.data, plain.size, step));
    }
    bytes *damaged = malloc(sizeof *damaged);
    int bad = 0;
    for (size_t size = 2; size < packed.size; size += 29) { /* truncated anywhere */
        *damaged = packed;
        damaged->size = size;
        bad += size != first && drained(damaged) != NN_EFORMAT;
    }
    *damaged = packed;
    damaged->size = first; /* between the members the stream is whole */
    bad += drained(damaged) != NN_OK;
    for (size_t at = packed.size - 8; at < packed.size; at++) { /* CRC and length */
        *damaged = packed;
        damaged->data[at] ^= 0x10;
        bad += drained(damaged) != NN_EFORMAT;
    }
    CHECK(bad == 0);
    *damaged = packed;
    damaged->size -= 1;
    CHECK(drained(damaged) == NN_EFORMAT && says("m.gz: gzip data is truncated"));
    *damaged = packed;
    damaged->data[packed.size - 6] ^= 1;
    CHECK(drained(damaged) == NN_EFORMAT && says("damaged (incorrect data check)"));
    *damaged = packed;
    put(damaged, "x", 1);
    CHECK(drained(damaged) == NN_EFORMAT && says("other bytes follow"));
    free(damaged);
}

static void test_source_file(void)
{
    static bytes plain;
    const char *path = scratch_path("plain");
    char text[NN_SHA256_TEXT];
    uint8_t head[3];
    size_t got;
    nn_source *source;
    for (unsigned i = 0; i < 60000; i++) put_number(&plain, i * 2654435761U >> 24, 1, true);
    save(path, plain.data, plain.size);
    CHECK(nn_source_open(&source, path, &err) == NN_OK);
    nn_source_hash(source);
    CHECK(nn_source_read(source, head, 3, &got, &err) == NN_OK && got == 3);
    CHECK(nn_source_bound(source) == plain.size - 3);
    CHECK(nn_source_drain(source, &err) == NN_OK && nn_source_count(source) == plain.size);
    nn_source_sha256(source, text);
    nn_source_close(source);
    char whole[NN_SHA256_TEXT];
    nn_sha256(plain.data, plain.size, whole);
    CHECK(strcmp(text, whole) == 0);
    unlink(path);
}

static void test_source_refused(void)
{
    nn_source *source = NULL;
    CHECK(nn_source_open(&source, scratch_path("none"), &err) == NN_EIO && source == NULL);
    CHECK(says("cannot read '") && says("none': No such file or directory"));
    CHECK(nn_source_open(&source, scratch_folder, &err) == NN_EIO && says("Is a directory"));
    nn_source_close(NULL);
}

static void test_source_pipe(void)
{
    int ends[2];
    char path[64];
    nn_source *source;
    uint8_t found[10];
    size_t got;
    CHECK(pipe(ends) == 0 && write(ends[1], "abcdef", 6) == 6);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    CHECK(nn_source_open(&source, path, &err) == NN_OK);
    CHECK(nn_source_bound(source) == UINT64_MAX);
    CHECK(nn_source_read(source, found, 10, &got, &err) == NN_OK && got == 6);
    CHECK(memcmp(found, "abcdef", 6) == 0 && nn_source_bound(source) == 0);
    nn_source_close(source);
    close(ends[0]);
}

static void test_sha256(void)
{
    char text[NN_SHA256_TEXT];
    nn_sha256("abc", 3, text); /* FIPS 180-4, example B.1 */
    CHECK(strcmp(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
    nn_sha256(NULL, 0, text);
    CHECK(strcmp(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0);
}

/* --- IDX ------------------------------------------------------------------------------- */

static void idx_header(bytes *b, int type, int ndim)
{
    const uint32_t sizes[] = {3, 2, 2, 1, 1, 1, 1, 1};
    b->size = 0;
    put_number(b, (uint64_t)type << 8 | (uint64_t)ndim, 4, true);
    for (int i = 0; i < ndim && i < 8; i++) put_number(b, sizes[i], 4, true);
}

static nn_status idx_parse(nn_tensor *t, const bytes *b, int64_t limit)
{
    nn_source *source;
    nn_status status = nn_source_open_memory(&source, "m", b->data, b->size, &err);
    if (status == NN_OK) status = nn_idx_parse(t, source, limit, &err);
    nn_source_close(source);
    return status;
}

/* True if reading fails so and leaves nothing behind. */
static bool idx_refused(const bytes *b, int64_t limit, nn_status status, const char *part)
{
    nn_tensor t = NN_TENSOR_EMPTY;
    size_t before = nn_alloc_in_use();
    return idx_parse(&t, b, limit) == status && err.code == status && t.storage == NULL &&
           nn_alloc_in_use() == before && says(part);
}

static void test_idx_types(void)
{
    static bytes b;
    static const struct {
        int type;
        int size;
        nn_dtype dtype;
        uint64_t wire[3];
        double value[3];
    } cases[] = {
        {0x08, 1, NN_UINT8, {0, 7, 0xFF}, {0, 7, 255}},
        {0x09, 1, NN_INT64, {0x80, 0x7F, 0xFF}, {-128, 127, -1}},
        {0x0B, 2, NN_INT64, {0x8000, 0x0102, 0xFFFF}, {-32768, 258, -1}},
        {0x0C, 4, NN_INT64, {0x80000000, 0x01020304, 0xFFFFFFFF}, {-2147483648.0, 16909060, -1}},
        {0x0D, 4, NN_FLOAT32, {0x3F800000, 0xC0490FDB, 1}, {1, -0x1.921fb6p+1, 0x1p-149}},
        {0x0E,
         8,
         NN_FLOAT64,
         {0x3FF0000000000000, 0x400921FB54442D18, 0xFFF0000000000000},
         {1, 0x1.921fb54442d18p+1, -INFINITY}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        nn_tensor t = NN_TENSOR_EMPTY;
        b.size = 0;
        put_number(&b, (uint64_t)cases[c].type << 8 | 1, 4, true);
        put_number(&b, 3, 4, true);
        for (int i = 0; i < 3; i++) put_number(&b, cases[c].wire[i], cases[c].size, true);
        CHECK(idx_parse(&t, &b, -1) == NN_OK && t.dtype == cases[c].dtype);
        for (int i = 0; i < 3; i++) CHECK(nn_tensor_get(&t, i) == cases[c].value[i]);
        nn_tensor_release(&t);
    }
}

/* [3,2,2] of bytes 0..11 */
static void idx_cube(bytes *b)
{
    idx_header(b, 0x08, 3);
    for (unsigned i = 0; i < 12; i++) put_number(b, i, 1, true);
}

static void test_idx_limit(void)
{
    static bytes b;
    nn_tensor t = NN_TENSOR_EMPTY;
    idx_cube(&b);
    for (int64_t limit = -1; limit <= 3; limit++) {
        int64_t kept = limit < 0 ? 3 : limit;
        CHECK(idx_parse(&t, &b, limit) == NN_OK && t.ndim == 3);
        CHECK(t.shape[0] == kept && t.shape[1] == 2 && t.shape[2] == 2);
        for (int64_t i = 0; i < 4 * kept; i++) CHECK(nn_tensor_get_int(&t, i) == i);
        nn_tensor_release(&t);
    }
    CHECK(idx_refused(&b, 4, NN_EVALUE, "m: 4 entries asked for, the file has 3"));
    b.size -= 1; /* what the limit leaves out is checked as well */
    CHECK(idx_refused(&b, 1, NN_EFORMAT, "m: IDX header says 3x2x2 (28 bytes), the file has 27"));
}

static void test_idx_ranks(void)
{
    static bytes b;
    nn_tensor t = NN_TENSOR_EMPTY;
    for (int ndim = 1; ndim <= 8; ndim++) {
        idx_header(&b, 0x08, ndim);
        put(&b, "0123456789ab", ndim == 1 ? 3 : ndim == 2 ? 6 : 12);
        CHECK(idx_parse(&t, &b, -1) == NN_OK && t.ndim == ndim && t.shape[0] == 3);
        nn_tensor_release(&t);
    }
    b.size = 0;
    put(&b, "\0\0\x0E\x02\0\0\0\0\0\0\0\x05", 12); /* 0x5 */
    CHECK(idx_parse(&t, &b, -1) == NN_OK && t.shape[0] == 0 && t.shape[1] == 5);
    nn_tensor_release(&t);
}

static void test_idx_refused(void)
{
    static bytes b;
    idx_cube(&b);
    for (b.size = 0; b.size < 28; b.size++) CHECK(idx_refused(&b, -1, NN_EFORMAT, "the file "));
    b.size = 10;
    CHECK(
        idx_refused(&b, -1, NN_EFORMAT, "m: the file ends within the IDX header, after 10 bytes"));
    b.size = 29;
    CHECK(idx_refused(&b, -1, NN_EFORMAT, "IDX header says 3x2x2 (28 bytes), the file has 29"));
    idx_header(&b, 0x0A, 1);
    CHECK(idx_refused(&b, -1, NN_EFORMAT, "m: IDX type is 0x0a"));
    idx_header(&b, 0x08, 0);
    CHECK(idx_refused(&b, -1, NN_EFORMAT, "0 dimensions, expected 1 to 8"));
    idx_header(&b, 0x08, 9);
    CHECK(idx_refused(&b, -1, NN_EFORMAT, "9 dimensions"));
    b.size = 0;
    put_text(&b, "PK\x03\x04");
    CHECK(idx_refused(&b, -1, NN_EFORMAT, "not an IDX file (it starts with 50 4b"));
}

/* Headers that claim terabytes, in plain and in gzip data: refused before memory is asked for. */
static void test_idx_lies(void)
{
    static bytes b;
    static bytes packed;
    size_t total = nn_alloc_total();
    b.size = 0;
    put(&b, "\0\0\x0E\x02\0\x0F\x42\x40\0\x0F\x42\x40", 12); /* 1000000x1000000 doubles */
    put(&b, "12345678", 8);
    CHECK(
        idx_refused(&b, -1, NN_EFORMAT, "1000000x1000000 (8000000000012 bytes), the file has 20"));
    CHECK(idx_refused(&b, 0, NN_EFORMAT, "the file has 20"));
    packed.size = 0;
    put_gzip(&packed, b.data, b.size);
    CHECK(idx_refused(&packed, -1, NN_EFORMAT, "the file has 20"));
    b.size = 0;
    put(&b, "\0\0\x08\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16);
    CHECK(idx_refused(&b, -1, NN_EFORMAT, "[4294967295,4294967295,4294967295], more than any"));
    CHECK(nn_alloc_total() - total < 1000000);
}

/* The most that is in use at once is what the limit keeps, and the buffers. */
static void test_idx_peak(void)
{
    const char *path = scratch_path("big.gz");
    static uint8_t zeros[1 << 20];
    static bytes packed;
    nn_tensor t = NN_TENSOR_EMPTY;
    gzFile file = gzopen(path, "wb");
    CHECK(file != NULL && gzwrite(file, "\0\0\x08\x02\0\0\0\x20\0\x10\0\0", 12) == 12);
    for (int i = 0; i < 32; i++) CHECK(gzwrite(file, zeros, sizeof zeros) == sizeof zeros);
    gzclose(file);
    load_file(&packed, path);
    size_t before = nn_alloc_in_use();
    nn_alloc_set_cap(before + 2 * sizeof zeros + 300000);
    CHECK(nn_idx_read(&t, path, 2, NULL, &err) == NN_OK && t.shape[0] == 2);
    nn_tensor_release(&t);
    CHECK(nn_idx_read(&t, path, 3, NULL, &err) == NN_EMEM);
    nn_alloc_set_cap(0);
    CHECK(nn_alloc_in_use() == before);
    unlink(path);
}

static void test_idx_hash(void)
{
    static bytes b;
    const char *path = scratch_path("cube");
    char hash[NN_SHA256_TEXT];
    nn_tensor t = NN_TENSOR_EMPTY;
    idx_cube(&b);
    save(path, b.data, b.size);
    nn_sha256(b.data, b.size, hash);
    CHECK(nn_idx_read(&t, path, 1, hash, &err) == NN_OK && t.shape[0] == 1);
    nn_tensor_release(&t);
    for (char *c = hash; *c != '\0'; c++) *c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
    CHECK(nn_idx_read(&t, path, -1, hash, &err) == NN_OK);
    nn_tensor_release(&t);
    hash[0] = hash[0] == '0' ? '1' : '0';
    CHECK(nn_idx_read(&t, path, -1, hash, &err) == NN_EFORMAT && t.storage == NULL);
    CHECK(says("cube: SHA-256 is ") && says(", expected "));
    hash[3] = 'g';
    CHECK(nn_idx_read(&t, path, -1, hash, &err) == NN_EVALUE && says("64 hexadecimal digits"));
    CHECK(nn_idx_read(&t, path, -1, "12", &err) == NN_EVALUE);
    CHECK(nn_idx_read(&t, scratch_path("none"), -1, NULL, &err) == NN_EIO);
    unlink(path);
}

static void test_idx_memory(void)
{
    static bytes b;
    static bytes packed;
    const char *path = scratch_path("cube.gz");
    nn_tensor t = NN_TENSOR_EMPTY;
    size_t before = nn_alloc_in_use();
    nn_status status = NN_EMEM;
    int failures = 0;
    idx_cube(&b);
    put_gzip(&packed, b.data, b.size);
    save(path, packed.data, packed.size);
    for (; status != NN_OK && failures < 100; failures++) {
        nn_alloc_fail_after((uint64_t)failures + 1);
        status = nn_idx_read(&t, path, -1, NULL, &err);
        CHECK(status == NN_OK || (status == NN_EMEM && err.code == NN_EMEM && t.storage == NULL));
        CHECK(status == NN_OK || nn_alloc_in_use() == before);
    }
    nn_alloc_fail_after(0);
    CHECK(failures >= 6); /* source, name, buffer, inflate, storage, ... */
    CHECK(status == NN_OK && nn_tensor_get_int(&t, 11) == 11);
    nn_tensor_release(&t);
    CHECK(nn_alloc_in_use() == before);
    unlink(path);
}

int main(void)
{
    scratch_make();
    test_text();
    test_file_write();
    test_file_umask();
    test_file_link();
    test_file_refused();
    test_file_read_only();
    test_file_full();
    test_file_abort();
    test_file_memory();
    test_directory();
    test_source_gzip();
    test_source_file();
    test_source_refused();
    test_source_pipe();
    test_sha256();
    test_idx_types();
    test_idx_limit();
    test_idx_ranks();
    test_idx_refused();
    test_idx_lies();
    test_idx_peak();
    test_idx_hash();
    test_idx_memory();
    CHECK(nn_alloc_in_use() == 0);
    CHECK(scratch_remove());
    return CHECK_REPORT();
}
