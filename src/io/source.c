/*
** source.c - a stream of bytes to read: a file, plain or gzip, a block of memory, or a reader
**
** inflate is called directly rather than through gzread, because gzread takes
** bytes after the gzip data for nothing and allocates behind the allocator.
*/
#define _POSIX_C_SOURCE 200809L
#define ZLIB_CONST /* zlib's next_in points to const */

#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "io/text.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"

#define RAW_SIZE ((size_t)64 * 1024)
#define TRUSTED ((size_t)1 << 30)    /* a size up to which memory is taken at once */
#define READ_LIMIT ((size_t)1 << 24) /* what one read(2) or inflate is asked for: Ctrl-C waits */

/* Deflate's best ratio is 1032:1 (zlib's technical notes); the slack is what inflate may hold. */
#define DEFLATE_RATIO 1032
#define DEFLATE_SLACK 65536

enum source_kind {
    SOURCE_UNKNOWN, /* no byte seen yet */
    SOURCE_PLAIN,
    SOURCE_GZIP,  /* inside the gzip stream; inflate is set up */
    SOURCE_ENDED, /* behind the last gzip member; inflate is set up */
};

struct nn_source {
    char *name;              /* for messages */
    int fd;                  /* -1: memory or a reader */
    nn_source_reader reader; /* NULL: a file or memory */
    void *context;           /* the reader's */
    bool sized;              /* raw_left is known */
    bool hashing;            /* hash takes in what is read */
    bool raw_ended;          /* no raw byte is left to fetch */
    enum source_kind kind;   /* how the raw bytes are to be read */
    uint64_t raw_left;       /* raw bytes not fetched yet, if sized */
    uint64_t count;          /* bytes handed out */
    const uint8_t *raw;      /* fetched raw bytes that wait: in buffer, or the memory itself */
    size_t raw_size;         /* how many wait */
    uint8_t *buffer;         /* RAW_SIZE bytes; NULL for memory */
    z_stream inflate;        /* used by gzip */
    struct sha256_ctx hash;  /* of the bytes handed out, if hashing */
};

static nn_status new_source(nn_source **out, const char *name, nn_error *err)
{
    nn_source *source = nn_alloc(sizeof *source, err);
    if (source == NULL) return NN_EMEM;
    *source = (nn_source){.fd = -1, .sized = true};
    source->name = nn_text_copy(name, strlen(name), err);
    if (source->name == NULL) {
        nn_free(source);
        return NN_EMEM;
    }
    *out = source;
    return NN_OK;
}

static nn_status open_file(nn_source *source, nn_error *err)
{
    struct stat info;
    source->buffer = nn_alloc(RAW_SIZE, err);
    if (source->buffer == NULL) return NN_EMEM;
    do {
        source->fd = open(source->name, O_RDONLY | O_CLOEXEC);
    } while (source->fd < 0 && errno == EINTR);
    if (source->fd >= 0 && fstat(source->fd, &info) == 0) {
        source->sized = S_ISREG(info.st_mode);
        source->raw_left = source->sized ? (uint64_t)info.st_size : 0;
        if (!S_ISDIR(info.st_mode)) return NN_OK;
        errno = EISDIR;
    }
    return nn_fail(err, NN_EIO, 0, "cannot read '%s': %s", nn_quote(source->name).text,
                   strerror(errno));
}

nn_status nn_source_open(nn_source **out, const char *path, nn_error *err)
{
    nn_source *source;
    NN_TRY(new_source(&source, path, err));
    nn_status status = open_file(source, err);
    if (status == NN_OK)
        *out = source;
    else
        nn_source_close(source);
    return status;
}

nn_status nn_source_open_memory(nn_source **out, const char *name, const void *data, size_t size,
                                nn_error *err)
{
    nn_source *source;
    NN_TRY(new_source(&source, name, err));
    source->raw = data;
    source->raw_size = size;
    source->raw_ended = true;
    *out = source;
    return NN_OK;
}

nn_status nn_source_open_reader(nn_source **out, const char *name, nn_source_reader reader,
                                void *context, uint64_t bound, nn_error *err)
{
    nn_source *source;
    NN_TRY(new_source(&source, name, err));
    source->reader = reader;
    source->context = context;
    source->raw_left = bound;
    source->buffer = nn_alloc(RAW_SIZE, err);
    if (source->buffer == NULL) {
        nn_source_close(source);
        return NN_EMEM;
    }
    *out = source;
    return NN_OK;
}

void nn_source_close(nn_source *source)
{
    if (source == NULL) return;
    if (source->kind == SOURCE_GZIP || source->kind == SOURCE_ENDED) inflateEnd(&source->inflate);
    if (source->fd >= 0) close(source->fd);
    nn_free(source->buffer);
    nn_free(source->name);
    nn_free(source);
}

/* read(2) that survives signals. *got is 0 at the end. */
static nn_status read_file(nn_source *source, void *buffer, size_t size, size_t *got, nn_error *err)
{
    ssize_t count;
    do {
        count = read(source->fd, buffer, size < READ_LIMIT ? size : READ_LIMIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return nn_fail(err, NN_EIO, 0, "cannot read '%s': %s", nn_quote(source->name).text,
                       strerror(errno));
    *got = (size_t)count;
    return NN_OK;
}

/* Keeps account of what is left. *got is 0 at the end. */
static nn_status fetch(nn_source *source, void *buffer, size_t size, size_t *got, nn_error *err)
{
    *got = 0;
    if (source->raw_ended) return NN_OK;
    if (source->reader != NULL)
        NN_TRY(source->reader(source->context, buffer, size, got, err));
    else
        NN_TRY(read_file(source, buffer, size, got, err));
    source->raw_ended = *got == 0;
    source->raw_left = source->raw_left > *got ? source->raw_left - *got : 0;
    return NN_OK;
}

/* Makes at least wanted raw bytes wait, or as many as the stream still has. */
static nn_status refill(nn_source *source, size_t wanted, nn_error *err)
{
    if (source->raw_size >= wanted || source->raw_ended) return NN_OK;
    memmove(source->buffer, source->raw_size > 0 ? source->raw : source->buffer, source->raw_size);
    source->raw = source->buffer;
    while (source->raw_size < wanted && !source->raw_ended) {
        size_t got;
        NN_TRY(fetch(source, source->buffer + source->raw_size, RAW_SIZE - source->raw_size, &got,
                     err));
        source->raw_size += got;
    }
    return NN_OK;
}

static void take(nn_source *source, size_t size)
{
    source->raw += size;
    source->raw_size -= size;
}

static bool starts_gzip(const nn_source *source)
{
    return source->raw_size >= 2 && source->raw[0] == 0x1F && source->raw[1] == 0x8B;
}

/* zlib's allocator; opaque is the nn_error of the call in progress. */
static void *inflate_alloc(void *opaque, unsigned items, unsigned size)
{
    return nn_alloc((size_t)items * size, opaque);
}

static void inflate_free(void *opaque, void *block)
{
    (void)opaque;
    nn_free(block);
}

static nn_status inflate_fail(const nn_source *source, int code, nn_error *err)
{
    if (code == Z_MEM_ERROR) return NN_EMEM; /* nn_alloc has filled err */
    const char *reason = source->inflate.msg != NULL ? source->inflate.msg : "unknown reason";
    return nn_fail(err, NN_EFORMAT, 0, "%s: gzip data is damaged (%s)", nn_quote(source->name).text,
                   reason);
}

/* Sees by the first bytes what the stream is. */
static nn_status detect(nn_source *source, nn_error *err)
{
    NN_TRY(refill(source, 2, err));
    if (!starts_gzip(source)) {
        source->kind = SOURCE_PLAIN;
        return NN_OK;
    }
    source->inflate = (z_stream){.zalloc = inflate_alloc, .zfree = inflate_free, .opaque = err};
    int code = inflateInit2(&source->inflate, 16 + MAX_WBITS); /* 16: gzip, with its CRC */
    if (code != Z_OK) return inflate_fail(source, code, err);
    source->kind = SOURCE_GZIP;
    return NN_OK;
}

static nn_status read_plain(nn_source *source, uint8_t *buffer, size_t size, size_t *got,
                            nn_error *err)
{
    if (source->raw_size == 0 && size >= RAW_SIZE) return fetch(source, buffer, size, got, err);
    NN_TRY(refill(source, 1, err));
    *got = source->raw_size < size ? source->raw_size : size;
    if (*got > 0) memcpy(buffer, source->raw, *got);
    take(source, *got);
    return NN_OK;
}

/* Behind a gzip member: another member may follow, and nothing else. */
static nn_status next_member(nn_source *source, nn_error *err)
{
    NN_TRY(refill(source, 2, err));
    source->kind = SOURCE_ENDED;
    if (source->raw_size == 0) return NN_OK;
    if (!starts_gzip(source))
        return nn_fail(err, NN_EFORMAT, 0, "%s: other bytes follow the gzip data",
                       nn_quote(source->name).text);
    source->kind = SOURCE_GZIP;
    int code = inflateReset(&source->inflate);
    return code == Z_OK ? NN_OK : inflate_fail(source, code, err);
}

static nn_status read_gzip(nn_source *source, uint8_t *buffer, size_t size, size_t *got,
                           nn_error *err)
{
    z_stream *z = &source->inflate;
    *got = 0;
    size = size < READ_LIMIT ? size : READ_LIMIT;
    while (*got == 0 && source->kind == SOURCE_GZIP) {
        NN_TRY(refill(source, 1, err));
        if (source->raw_size == 0)
            return nn_fail(err, NN_EFORMAT, 0, "%s: gzip data is truncated",
                           nn_quote(source->name).text);
        size_t offered = source->raw_size < READ_LIMIT ? source->raw_size : READ_LIMIT;
        z->opaque = err;
        z->next_in = source->raw;
        z->avail_in = (uInt)offered;
        z->next_out = buffer;
        z->avail_out = (uInt)size;
        int code = inflate(z, Z_NO_FLUSH);
        take(source, offered - z->avail_in);
        *got = size - z->avail_out;
        if (code == Z_STREAM_END)
            NN_TRY(next_member(source, err));
        else if (code != Z_OK)
            return inflate_fail(source, code, err);
    }
    return NN_OK;
}

nn_status nn_source_read(nn_source *source, void *buffer, size_t size, size_t *got, nn_error *err)
{
    uint8_t *out = buffer;
    size_t part = 1;
    *got = 0;
    if (source->kind == SOURCE_UNKNOWN) NN_TRY(detect(source, err));
    while (*got < size && part > 0) {
        if (nn_cancelled()) return nn_interrupted(err);
        if (source->kind == SOURCE_PLAIN)
            NN_TRY(read_plain(source, out + *got, size - *got, &part, err));
        else
            NN_TRY(read_gzip(source, out + *got, size - *got, &part, err));
        if (source->hashing) sha256_update(&source->hash, part, out + *got);
        *got += part;
        source->count += part;
    }
    return NN_OK;
}

/* Asks for one byte more than is believed to come, so that the end shows at once. */
static nn_status read_into(nn_source *source, char **text, size_t *size, nn_error *err)
{
    uint64_t bound = nn_source_bound(source);
    size_t room = bound < TRUSTED ? (size_t)bound : RAW_SIZE;
    size_t got = 1;
    if (source->kind == SOURCE_GZIP && room > RAW_SIZE) room = RAW_SIZE;
    while (got > 0) {
        char *grown = nn_realloc(*text, room + 2, err);
        if (grown == NULL) return NN_EMEM;
        *text = grown;
        NN_TRY(nn_source_read(source, *text + *size, room + 1 - *size, &got, err));
        *size += got;
        if (*size <= room) break;
        room += room / 2 + RAW_SIZE;
    }
    (*text)[*size] = '\0';
    return NN_OK;
}

nn_status nn_source_read_all(nn_source *source, char **text, size_t *size, nn_error *err)
{
    *text = NULL;
    *size = 0;
    if (source->kind == SOURCE_UNKNOWN) NN_TRY(detect(source, err));
    nn_status status = read_into(source, text, size, err);
    if (status == NN_OK) return NN_OK;
    nn_free(*text);
    *text = NULL;
    return status;
}

nn_status nn_source_drain(nn_source *source, nn_error *err)
{
    uint8_t chunk[16384];
    size_t got;
    do {
        NN_TRY(nn_source_read(source, chunk, sizeof chunk, &got, err));
    } while (got > 0);
    return NN_OK;
}

const char *nn_source_name(const nn_source *source)
{
    return source->name;
}

uint64_t nn_source_count(const nn_source *source)
{
    return source->count;
}

uint64_t nn_source_bound(const nn_source *source)
{
    if (!source->sized && !source->raw_ended) return UINT64_MAX;
    uint64_t raw = source->raw_size + (source->raw_ended ? 0 : source->raw_left);
    if (source->kind == SOURCE_PLAIN) return raw;
    if (raw > (UINT64_MAX - DEFLATE_SLACK) / DEFLATE_RATIO) return UINT64_MAX;
    return raw * DEFLATE_RATIO + DEFLATE_SLACK;
}

void nn_source_hash(nn_source *source)
{
    source->hashing = true;
    sha256_init(&source->hash);
}

void nn_sha256_text(struct sha256_ctx *hash, char text[NN_SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * sizeof digest] = '\0';
}

void nn_source_sha256(const nn_source *source, char text[NN_SHA256_TEXT])
{
    struct sha256_ctx hash = source->hash; /* the digest resets what it reads */
    nn_sha256_text(&hash, text);
}

void nn_sha256(const void *data, size_t size, char text[NN_SHA256_TEXT])
{
    struct sha256_ctx hash;
    sha256_init(&hash);
    sha256_update(&hash, size, data);
    nn_sha256_text(&hash, text);
}
