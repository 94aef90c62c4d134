/*
** png_write.c - PNG images: writing
*/
#include <inttypes.h>

#include "io/file.h"
#include "io/png_file.h"
#include "io/png_guard.h"
#include "tensor/copy.h"
#include "tensor/view.h"

typedef struct encoder {
    nn_png_guard guard;
    nn_file_writer file;
    png_structp png;
    png_infop info;
    nn_tensor pixels; /* [H,W,C], uint8, contiguous */
} encoder;

static void write_bytes(png_structp png, png_bytep data, size_t size)
{
    encoder *e = png_get_io_ptr(png);
    nn_status status = nn_file_writer_write(&e->file, data, size, e->guard.err);
    if (status != NN_OK) nn_png_leave(png, status);
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

static void start(void *context)
{
    encoder *e = context;
    e->png = nn_png_new_writer(&e->guard);
    if (e->png != NULL) e->info = png_create_info_struct(e->png);
}

static void write_image(void *context)
{
    static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                  PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    encoder *e = context;
    const int64_t *shape = e->pixels.shape;
    png_set_write_fn(e->png, e, write_bytes, flush_nothing);
    png_set_IHDR(e->png, e->info, (png_uint_32)shape[1], (png_uint_32)shape[0], 8,
                 colours[shape[2] - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(e->png, e->info);
    for (int64_t y = 0; y < shape[0]; y++)
        png_write_row(e->png, NN_DATA(uint8_t, &e->pixels) + y * shape[1] * shape[2]);
    png_write_end(e->png, e->info);
}

static nn_status check_image(const nn_tensor *t, nn_error *err)
{
    const int64_t *size = t->shape + (t->ndim == 3);
    if (t->ndim != 2 && t->ndim != 3)
        return nn_fail(err, NN_ESHAPE, 2, "the image is %s, expected [H,W] or [C,H,W]",
                       nn_tensor_shape_name(t).text);
    if (t->ndim == 3 && (t->shape[0] < 1 || t->shape[0] > 4))
        return nn_fail(err, NN_ESHAPE, 2,
                       "the image is %s: [C,H,W] has C = 1 (grey), 2 (grey, alpha), 3 (RGB) or 4",
                       nn_tensor_shape_name(t).text);
    for (int i = 0; i < 2; i++)
        if (size[i] < 1 || size[i] > NN_PNG_SIZE_LIMIT)
            return nn_fail(err, NN_ESHAPE, 2, "the image is %s, a side has 1 to %d pixels",
                           nn_tensor_shape_name(t).text, NN_PNG_SIZE_LIMIT);
    if (t->dtype != NN_UINT8 && !nn_dtype_is_float(t->dtype))
        return nn_fail(err, NN_EDTYPE, 2,
                       "the image is %s, expected uint8, or a float of values in 0..1",
                       nn_dtype_name(t->dtype));
    return NN_OK;
}

/* t is contiguous; bytes as well, and of the same shape. */
static nn_status quantize(nn_tensor *bytes, const nn_tensor *t, nn_error *err)
{
    uint8_t *out = NN_DATA(uint8_t, bytes);
    for (int64_t i = 0; i < nn_tensor_numel(t); i++) {
        double value = nn_tensor_get(t, i);
        if (!(value >= 0 && value <= 1))
            return nn_fail(err, NN_EVALUE, 2, "the image holds %g, expected values in 0..1", value);
        out[i] = (uint8_t)(255 * value + 0.5);
    }
    return NN_OK;
}

static nn_status bytes_of_floats(nn_tensor *out, const nn_tensor *t, nn_error *err)
{
    nn_tensor packed = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_contiguous(&packed, t, t->dtype, err));
    nn_status status = nn_tensor_like(out, &packed, NN_UINT8, err);
    if (status == NN_OK) status = quantize(out, &packed, err);
    nn_tensor_release(&packed);
    return status;
}

/* image, [H,W] or [C,H,W] -> pixels [H,W,C] */
static nn_status turn(nn_tensor *pixels, const nn_tensor *image, nn_error *err)
{
    nn_tensor turned = NN_TENSOR_EMPTY;
    if (image->ndim == 2)
        NN_TRY(nn_tensor_unsqueeze(&turned, image, 2, err));
    else
        NN_TRY(nn_tensor_permute(&turned, image, 3, (int64_t[]){1, 2, 0}, err));
    nn_status status = nn_tensor_contiguous(pixels, &turned, NN_UINT8, err);
    nn_tensor_release(&turned);
    return status;
}

static nn_status make_pixels(nn_tensor *pixels, const nn_tensor *t, nn_error *err)
{
    nn_tensor bytes = NN_TENSOR_EMPTY;
    if (t->dtype == NN_UINT8) return turn(pixels, t, err);
    nn_status status = bytes_of_floats(&bytes, t, err);
    if (status == NN_OK) status = turn(pixels, &bytes, err);
    nn_tensor_release(&bytes);
    return status;
}

static nn_status encode(encoder *e)
{
    NN_TRY(nn_png_guarded(&e->guard, start, e));
    if (e->info == NULL) return NN_EMEM;
    NN_TRY(nn_png_guarded(&e->guard, write_image, e));
    return nn_file_writer_commit(&e->file, e->guard.err);
}

static nn_status write_pixels(encoder *e, const char *path)
{
    NN_TRY(nn_file_writer_open(&e->file, path, e->guard.err));
    nn_status status = encode(e);
    if (e->png != NULL) png_destroy_write_struct(&e->png, &e->info);
    nn_file_writer_abort(&e->file);
    return status;
}

nn_status nn_png_write(const char *path, const nn_tensor *t, nn_error *err)
{
    encoder e = {.guard = {.name = nn_quote(path), .err = err}};
    NN_TRY(check_image(t, err));
    nn_status status = make_pixels(&e.pixels, t, err);
    if (status == NN_OK) status = write_pixels(&e, path);
    nn_tensor_release(&e.pixels);
    return status;
}
