/*
** png_read.c - PNG images: reading
**
** libpng decodes rows into a tensor [H,W,C]; the passes of an interlaced image
** go over it several times. It is turned to [C,H,W] at the end.
*/
#include <inttypes.h>

#include "io/png_file.h"
#include "io/png_guard.h"
#include "tensor/copy.h"
#include "tensor/view.h"

/* Deflate's best ratio, as in source.c. */
#define DEFLATE_RATIO 1032
#define DEFLATE_SLACK 65536

typedef struct decoder {
    nn_png_guard guard;
    nn_source *source;
    png_structp png;
    png_infop info;
    int passes;
    nn_tensor pixels; /* [H,W,C] */
} decoder;

static void read_bytes(png_structp png, png_bytep out, size_t size)
{
    decoder *d = png_get_io_ptr(png);
    size_t got;
    nn_status status = nn_source_read(d->source, out, size, &got, d->guard.err);
    if (status == NN_OK && got < size)
        status = nn_fail(d->guard.err, NN_EFORMAT, 0,
                         "%s: the file ends within the PNG data, after %" PRIu64 " bytes",
                         d->guard.name.text, nn_source_count(d->source));
    if (status != NN_OK) nn_png_leave(png, status);
}

static void start(void *context)
{
    decoder *d = context;
    d->png = nn_png_new_reader(&d->guard);
    if (d->png != NULL) d->info = png_create_info_struct(d->png);
}

static void read_header(void *context)
{
    decoder *d = context;
    png_set_read_fn(d->png, d, read_bytes);
    png_set_user_limits(d->png, NN_PNG_SIZE_LIMIT, NN_PNG_SIZE_LIMIT);
    png_read_info(d->png, d->info);
    png_set_expand(d->png);
    png_set_scale_16(d->png);
    d->passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
}

static void read_rows(void *context)
{
    decoder *d = context;
    size_t row = png_get_rowbytes(d->png, d->info);
    for (int pass = 0; pass < d->passes; pass++)
        for (int64_t y = 0; y < d->pixels.shape[0]; y++)
            png_read_row(d->png, NN_DATA(uint8_t, &d->pixels) + (size_t)y * row, NULL);
    png_read_end(d->png, NULL);
}

static nn_status check_signature(decoder *d)
{
    uint8_t bytes[8];
    size_t got;
    NN_TRY(nn_source_read(d->source, bytes, sizeof bytes, &got, d->guard.err));
    if (got < sizeof bytes || png_sig_cmp(bytes, 0, sizeof bytes) != 0)
        return nn_fail(d->guard.err, NN_EFORMAT, 0,
                       "%s: not a PNG file (it does not start with \\x89PNG)", d->guard.name.text);
    png_set_sig_bytes(d->png, sizeof bytes);
    return NN_OK;
}

/* Fills pixels with zeros: damaged rows end the reading, yet no byte of old memory is shown. */
static nn_status make_pixels(decoder *d)
{
    int64_t shape[3] = {png_get_image_height(d->png, d->info), png_get_image_width(d->png, d->info),
                        png_get_channels(d->png, d->info)};
    uint64_t left = nn_source_bound(d->source);
    uint64_t least = (uint64_t)shape[0] * (uint64_t)shape[1] / 8; /* one bit a pixel */
    if (left < UINT64_MAX / DEFLATE_RATIO - DEFLATE_SLACK &&
        least > left * DEFLATE_RATIO + DEFLATE_SLACK)
        return nn_fail(d->guard.err, NN_EFORMAT, 0,
                       "%s: the PNG header says %" PRId64 "x%" PRId64
                       " pixels, more than the file has data for",
                       d->guard.name.text, shape[1], shape[0]);
    return nn_tensor_zeros(&d->pixels, NN_UINT8, 3, shape, d->guard.err);
}

static nn_status decode(decoder *d)
{
    NN_TRY(nn_png_guarded(&d->guard, start, d));
    if (d->info == NULL) return NN_EMEM;
    NN_TRY(check_signature(d));
    NN_TRY(nn_png_guarded(&d->guard, read_header, d));
    NN_TRY(make_pixels(d));
    return nn_png_guarded(&d->guard, read_rows, d);
}

static nn_status turn(nn_tensor *out, const nn_tensor *pixels, nn_error *err)
{
    nn_tensor turned = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_permute(&turned, pixels, 3, (int64_t[]){2, 0, 1}, err));
    nn_status status = nn_tensor_contiguous(out, &turned, NN_UINT8, err);
    nn_tensor_release(&turned);
    return status;
}

nn_status nn_png_parse(nn_tensor *out, nn_source *source, nn_error *err)
{
    decoder d = {.guard = {.name = nn_quote(nn_source_name(source)), .err = err}, .source = source};
    nn_status status = decode(&d);
    if (d.png != NULL) png_destroy_read_struct(&d.png, &d.info, NULL);
    if (status == NN_OK) status = turn(out, &d.pixels, err);
    nn_tensor_release(&d.pixels);
    return status;
}

nn_status nn_png_read(nn_tensor *out, const char *path, nn_error *err)
{
    nn_source *source;
    NN_TRY(nn_source_open(&source, path, err));
    nn_status status = nn_png_parse(out, source, err);
    nn_source_close(source);
    return status;
}
