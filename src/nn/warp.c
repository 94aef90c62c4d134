/*
** warp.c - places worked out and read, a piece of a row at a time
**
** The planes of a batch are shared out among the threads; each is worked out
** on its own, so the bits depend on nothing else.
*/
#include "nn/warp.h"

#include <math.h>

#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

#define PIECE 128 /* places that are worked out before they are read */

typedef struct places {
    double y[PIECE], x[PIECE];
} places;

typedef struct job {
    const nn_tensor *out, *images;
    const double *map; /* matrices or fields */
    bool affine;       /* which of them */
    int64_t channels, height, width;
    double fill;
} job;

/* Four neighbours of the place (r,c)+(0..1,0..1), any of them outside the plane. */
#define DEFINE_READ(T, from_double)                                                                \
    static double T##_at(const job *j, const T *plane, int64_t r, int64_t c)                       \
    {                                                                                              \
        bool inside = r >= 0 && r < j->height && c >= 0 && c < j->width;                           \
        return inside ? (double)plane[r * j->width + c] : j->fill;                                 \
    }                                                                                              \
                                                                                                   \
    static void read_##T(const job *j, void *to, const void *from, const places *at, int64_t n)    \
    {                                                                                              \
        const T *plane = from;                                                                     \
        double height = (double)j->height, width = (double)j->width;                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double y = at->y[i], x = at->x[i], value = j->fill;                                    \
            if (y > -1 && y < height && x > -1 && x < width) {                                     \
                int64_t r = (int64_t)(y + 1) - 1, c = (int64_t)(x + 1) - 1;                        \
                double fy = y - (double)r, fx = x - (double)c;                                     \
                double v00, v01, v10, v11;                                                         \
                if (r >= 0 && c >= 0 && r + 1 < j->height && c + 1 < j->width) {                   \
                    const T *p = plane + r * j->width + c;                                         \
                    v00 = (double)p[0], v01 = (double)p[1];                                        \
                    v10 = (double)p[j->width], v11 = (double)p[j->width + 1];                      \
                } else {                                                                           \
                    v00 = T##_at(j, plane, r, c), v01 = T##_at(j, plane, r, c + 1);                \
                    v10 = T##_at(j, plane, r + 1, c), v11 = T##_at(j, plane, r + 1, c + 1);        \
                }                                                                                  \
                value = (v00 * (1 - fx) + v01 * fx) * (1 - fy) + (v10 * (1 - fx) + v11 * fx) * fy; \
            }                                                                                      \
            ((T *)to)[i] = from_double(value);                                                     \
        }                                                                                          \
    }

#define ROUNDED(value) ((uint8_t)((value) + 0.5))
DEFINE_READ(uint8_t, ROUNDED)
DEFINE_READ(float, (float))
DEFINE_READ(double, (double))

/* The places of pixels (r, first), (r, first+1), ... of the image whose map is m. */
static void find_places(const job *j, places *at, const double *m, int64_t r, int64_t first,
                        int64_t n)
{
    if (j->affine) {
        double y = m[0] * (double)r + m[2], x = m[3] * (double)r + m[5];
        for (int64_t i = 0; i < n; i++) {
            at->y[i] = y + m[1] * (double)(first + i);
            at->x[i] = x + m[4] * (double)(first + i);
        }
        return;
    }
    const double *dy = m + r * j->width + first, *dx = dy + j->height * j->width;
    for (int64_t i = 0; i < n; i++) {
        at->y[i] = (double)r + dy[i];
        at->x[i] = (double)(first + i) + dx[i];
    }
}

static void warp_planes(void *context, int64_t first, int64_t count)
{
    const job *j = context;
    places at;
    int64_t pixels = j->height * j->width;
    for (int64_t plane = first; plane < first + count; plane++) {
        const double *m = j->map + plane / j->channels * (j->affine ? 6 : 2 * pixels);
        const void *from = nn_element(j->images, plane * pixels);
        for (int64_t r = 0; r < j->height; r++)
            for (int64_t c = 0; c < j->width; c += PIECE) {
                int64_t n = j->width - c < PIECE ? j->width - c : PIECE;
                void *to = nn_element(j->out, plane * pixels + r * j->width + c);
                find_places(j, &at, m, r, c, n);
                if (j->out->dtype == NN_UINT8)
                    read_uint8_t(j, to, from, &at, n);
                else if (j->out->dtype == NN_FLOAT32)
                    read_float(j, to, from, &at, n);
                else
                    read_double(j, to, from, &at, n);
            }
    }
}

static nn_status check_images(const nn_tensor *images, double fill, nn_error *err)
{
    if (images->dtype != NN_UINT8 && !nn_dtype_is_float(images->dtype))
        return nn_fail(err, NN_EDTYPE, 1, "images are %s, expected uint8 or a float",
                       nn_dtype_name(images->dtype));
    if (images->ndim != 3 && images->ndim != 4)
        return nn_fail(err, NN_ESHAPE, 1, "images are %s, expected [N,H,W] or [N,C,H,W]",
                       nn_tensor_shape_name(images).text);
    if (images->dtype == NN_UINT8 && !(fill >= 0 && fill <= 255))
        return nn_fail(err, NN_EVALUE, 3, "fill is %g, expected 0..255 for bytes", fill);
    return NN_OK;
}

static nn_status warp(nn_tensor *out, const nn_tensor *images, const nn_tensor *map, bool affine,
                      double fill, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY, wide = NN_TENSOR_EMPTY;
    nn_status status = nn_tensor_contiguous(&plain, images, images->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&wide, map, NN_FLOAT64, err);
    if (status == NN_OK) status = nn_tensor_like(out, images, images->dtype, err);
    if (status == NN_OK) {
        int last = images->ndim - 1;
        job j = {.out = out,
                 .images = &plain,
                 .map = nn_tensor_data(&wide),
                 .affine = affine,
                 .channels = last == 3 ? images->shape[1] : 1,
                 .height = images->shape[last - 1],
                 .width = images->shape[last],
                 .fill = fill};
        if (nn_tensor_numel(images) > 0)
            status = nn_blocks_each(images->shape[0] * j.channels,
                                    nn_blocks_rows(NN_BLOCK_MATH, j.height * j.width), warp_planes,
                                    &j, err);
    }
    if (status != NN_OK) nn_tensor_release(out);
    nn_tensor_release(&wide);
    nn_tensor_release(&plain);
    return status;
}

nn_status nn_warp_affine(nn_tensor *out, const nn_tensor *images, const nn_tensor *matrix,
                         double fill, nn_error *err)
{
    NN_TRY(check_images(images, fill, err));
    NN_TRY(nn_check_float((nn_operand){matrix, 2, "matrix"}, err));
    if (matrix->ndim != 3 || matrix->shape[0] != images->shape[0] || matrix->shape[1] != 2 ||
        matrix->shape[2] != 3)
        return nn_fail(err, NN_ESHAPE, 2, "matrix is %s, expected [%lld,2,3]",
                       nn_tensor_shape_name(matrix).text, (long long)images->shape[0]);
    return warp(out, images, matrix, true, fill, err);
}

nn_status nn_warp_field(nn_tensor *out, const nn_tensor *images, const nn_tensor *field,
                        double fill, nn_error *err)
{
    NN_TRY(check_images(images, fill, err));
    NN_TRY(nn_check_float((nn_operand){field, 2, "field"}, err));
    const int64_t *size = images->shape + images->ndim - 2;
    if (field->ndim != 4 || field->shape[0] != images->shape[0] || field->shape[1] != 2 ||
        field->shape[2] != size[0] || field->shape[3] != size[1])
        return nn_fail(err, NN_ESHAPE, 2, "field is %s, expected [%lld,2,%lld,%lld]",
                       nn_tensor_shape_name(field).text, (long long)images->shape[0],
                       (long long)size[0], (long long)size[1]);
    return warp(out, images, field, false, fill, err);
}

/* ---- Gaussian blur ---- */

typedef struct blur {
    const double *weight; /* of distance 0..radius */
    int64_t radius;       /* below the larger of height and width */
    int64_t height, width;
    double *out, *rows; /* rows: x convolved along the rows */
    const double *x;
} blur;

/* to[i] += weight*(from[i-k] + from[i+k]) where these are within 0..n-1; k > 0. */
static void add_neighbours(double *to, const double *from, int64_t n, int64_t k, double weight)
{
    for (int64_t i = k; i < n; i++) to[i] += weight * from[i - k];
    for (int64_t i = 0; i < n - k; i++) to[i] += weight * from[i + k];
}

static void add_row(double *to, const double *from, int64_t n, double weight)
{
    for (int64_t i = 0; i < n; i++) to[i] += weight * from[i];
}

static void scale_row(double *to, const double *from, int64_t n, double weight)
{
    for (int64_t i = 0; i < n; i++) to[i] = weight * from[i];
}

static void blur_planes(void *context, int64_t first, int64_t count)
{
    const blur *b = context;
    int64_t height = b->height, width = b->width;
    for (int64_t row = first * height; row < (first + count) * height; row++) {
        double *to = b->rows + row * width;
        const double *from = b->x + row * width;
        scale_row(to, from, width, b->weight[0]);
        for (int64_t k = 1; k <= b->radius && k < width; k++)
            add_neighbours(to, from, width, k, b->weight[k]);
    }
    for (int64_t plane = first; plane < first + count; plane++)
        for (int64_t r = 0; r < height; r++) {
            double *to = b->out + (plane * height + r) * width;
            const double *from = b->rows + (plane * height + r) * width;
            scale_row(to, from, width, b->weight[0]);
            for (int64_t k = 1; k <= b->radius && k < height; k++) {
                if (r - k >= 0) add_row(to, from - k * width, width, b->weight[k]);
                if (r + k < height) add_row(to, from + k * width, width, b->weight[k]);
            }
        }
}

/* weight[k] for k = 0..radius; the sum is over both sides of 0. */
static void fill_weights(double *weight, int64_t radius, double sigma)
{
    double sum = 0;
    for (int64_t k = radius; k >= 0; k--) {
        weight[k] = exp(-0.5 / (sigma * sigma) * (double)(k * k));
        sum += k > 0 ? 2 * weight[k] : weight[k];
    }
    for (int64_t k = 0; k <= radius; k++) weight[k] /= sum;
}

nn_status nn_gaussian_blur(nn_tensor *out, const nn_tensor *x, double sigma, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY, rows = NN_TENSOR_EMPTY;
    if (x->dtype != NN_FLOAT64)
        return nn_fail(err, NN_EDTYPE, 1, "x is %s, expected float64", nn_dtype_name(x->dtype));
    if (x->ndim < 2)
        return nn_fail(err, NN_ESHAPE, 1, "x is %s, expected [*,H,W]",
                       nn_tensor_shape_name(x).text);
    if (!(sigma > 0 && sigma <= 1000))
        return nn_fail(err, NN_EVALUE, 2, "sigma is %g, expected more than 0, at most 1000", sigma);
    int64_t radius = (int64_t)(4 * sigma + 0.5);
    double *weight = nn_alloc((size_t)(radius + 1) * sizeof *weight, err);
    if (!weight) return err->code;
    nn_status status = nn_tensor_contiguous(&plain, x, NN_FLOAT64, err);
    if (status == NN_OK) status = nn_tensor_like(&rows, x, NN_FLOAT64, err);
    if (status == NN_OK) status = nn_tensor_like(out, x, NN_FLOAT64, err);
    if (status == NN_OK && nn_tensor_numel(x) > 0) {
        int64_t height = x->shape[x->ndim - 2], width = x->shape[x->ndim - 1];
        blur b = {.weight = weight,
                  .radius = radius,
                  .height = height,
                  .width = width,
                  .out = nn_tensor_data(out),
                  .rows = nn_tensor_data(&rows),
                  .x = nn_tensor_data(&plain)};
        fill_weights(weight, radius, sigma);
        status =
            nn_blocks_each(nn_tensor_numel(x) / (height * width),
                           nn_blocks_rows(NN_BLOCK_MATH, height * width), blur_planes, &b, err);
    }
    if (status != NN_OK) nn_tensor_release(out);
    nn_tensor_release(&rows);
    nn_tensor_release(&plain);
    nn_free(weight);
    return status;
}
