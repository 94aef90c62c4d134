/*
** pooling.c - sizes of what is pooled, and planes shared out to the threads
*/
#include "nn/pooling.h"

#include <inttypes.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

/* Of options and sizes, so that what is computed from them stays in range. */
#define MOST INT32_MAX

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- Checks ---- */

/* "[2,3]" of both axes. */
static nn_shape_text axes_name(const int64_t *values)
{
    return nn_shape_name(2, values);
}

static nn_status check_axes(const char *name, const int64_t *values, int64_t lowest, int arg,
                            nn_error *err)
{
    for (int i = 0; i < 2; i++)
        if (values[i] < lowest || values[i] > MOST)
            return nn_fail(err, NN_EVALUE, arg, "%s is %s, expected %" PRId64 "..%d", name,
                           axes_name(values).text, lowest, MOST);
    return NN_OK;
}

/* kernel is argument `arg`, the options come next. */
static nn_status check_options(const nn_pooling *o, int arg, nn_error *err)
{
    NN_TRY(check_axes("kernel", o->kernel, 1, arg, err));
    NN_TRY(check_axes("stride", o->stride, 1, arg + 1, err));
    NN_TRY(check_axes("dilation", o->dilation, 1, arg + 1, err));
    NN_TRY(check_axes("padding", o->padding, 0, arg + 1, err));
    for (int i = 0; i < 2; i++)
        if (o->padding[i] > o->kernel[i] / 2)
            return nn_fail(err, NN_EVALUE, arg + 1,
                           "padding is %s, expected at most half of the kernel %s",
                           axes_name(o->padding).text, axes_name(o->kernel).text);
    return NN_OK;
}

/* The shape of x, which is argument `arg`. */
static nn_status check_shape(int ndim, const int64_t *shape, int arg, nn_error *err)
{
    bool is_image = ndim == 3 || ndim == 4;
    for (int d = ndim - 3; is_image && d < ndim; d++) is_image = shape[d] >= 1 && shape[d] <= MOST;
    if (is_image && shape[ndim - 2] > MOST / shape[ndim - 1])
        return nn_fail(err, NN_ESHAPE, arg, "x is %s: more than %d pixels in a plane",
                       nn_shape_name(ndim, shape).text, MOST);
    if (is_image) return NN_OK;
    return nn_fail(err, NN_ESHAPE, arg, "x is %s, expected [N,C,H,W] or [C,H,W] with pixels",
                   nn_shape_name(ndim, shape).text);
}

static nn_status check_x(const nn_tensor *x, int arg, nn_error *err)
{
    NN_TRY(nn_check_float((nn_operand){x, arg, "x"}, err));
    return check_shape(x->ndim, x->shape, arg, err);
}

/* dy against the positions of images of the given shape. */
static nn_status check_dy(const nn_tensor *dy, int ndim, const int64_t *shape, const int64_t *out,
                          nn_error *err)
{
    int64_t expected[NN_MAX_RANK];
    for (int d = 0; d < ndim; d++) expected[d] = d < ndim - 2 ? shape[d] : out[d - ndim + 2];
    if (nn_shape_equal(dy->ndim, dy->shape, ndim, expected)) return NN_OK;
    return nn_fail(err, NN_ESHAPE, 1, "dy is %s but x is %s: expected %s",
                   nn_tensor_shape_name(dy).text, nn_shape_name(ndim, shape).text,
                   nn_shape_name(ndim, expected).text);
}

/* The positions in an axis of `in` pixels; 0: the kernel is larger than the padded axis. */
static int64_t count_positions(const nn_pooling *o, int axis, int64_t in)
{
    int64_t stride = o->stride[axis], padding = o->padding[axis];
    int64_t room = in + 2 * padding - o->dilation[axis] * (o->kernel[axis] - 1) - 1;
    if (room < 0) return 0;
    if (!o->ceil_mode) return room / stride + 1;
    int64_t out = (room + stride - 1) / stride + 1;
    return (out - 1) * stride >= in + padding ? out - 1 : out;
}

/* The window over images of a shape; x and kernel are the arguments from x_arg on. */
static nn_status find_window(nn_k_window *w, const nn_pooling *o, int ndim, const int64_t *shape,
                             int x_arg, nn_error *err)
{
    NN_TRY(check_options(o, x_arg + 1, err));
    for (int axis = 0; axis < 2; axis++) {
        int64_t in = shape[ndim - 2 + axis];
        w->image[axis] = in;
        w->out[axis] = count_positions(o, axis, in);
        w->kernel[axis] = o->kernel[axis];
        w->stride[axis] = o->stride[axis];
        w->dilation[axis] = o->dilation[axis];
        w->pad[axis] = o->padding[axis];
        if (w->out[axis] < 1)
            return nn_fail(err, NN_ESHAPE, x_arg,
                           "x is %s: the kernel spans %" PRId64 ", the padded input has %" PRId64,
                           nn_shape_name(ndim, shape).text,
                           o->dilation[axis] * (o->kernel[axis] - 1) + 1,
                           in + 2 * o->padding[axis]);
    }
    return NN_OK;
}

/* ---- Planes ---- */

typedef struct job {
    nn_k_max_pool *max;
    nn_k_max_pool_back *max_back;
    nn_k_box_mean *mean;
    nn_k_box_mean_back *mean_back;
    const nn_k_window *window;
    const nn_k_boxes *boxes;
    const nn_tensor *image, *positions; /* what is read and written, contiguous */
    const nn_tensor *x;                 /* of max_back */
    int64_t pixels, places;             /* of a plane */
} job;

static void run_planes(void *context, int64_t first, int64_t planes)
{
    const job *j = context;
    void *image = nn_element(j->image, first * j->pixels);
    void *positions = nn_element(j->positions, first * j->places);
    if (j->max) j->max(positions, image, planes, j->window);
    if (j->max_back)
        j->max_back(image, positions, nn_element(j->x, first * j->pixels), planes, j->window);
    if (j->mean) j->mean(positions, image, planes, j->boxes);
    if (j->mean_back) j->mean_back(image, positions, planes, j->boxes);
}

static nn_status run(job *j, const int64_t *image, const int64_t *out, nn_error *err)
{
    j->pixels = image[0] * image[1];
    j->places = out[0] * out[1];
    return nn_blocks_each(nn_tensor_numel(j->image) / j->pixels,
                          nn_blocks_rows(NN_K_BLOCK, j->pixels), run_planes, j, err);
}

/* A new y for images x, out[0] by out[1]. */
static nn_status new_positions(nn_tensor *y, const nn_tensor *x, const int64_t *out, nn_error *err)
{
    int64_t shape[NN_MAX_RANK];
    for (int d = 0; d < x->ndim; d++)
        shape[d] = d < x->ndim - 2 ? x->shape[d] : out[d - x->ndim + 2];
    return nn_tensor_new(y, x->dtype, x->ndim, shape, err);
}

/* ---- Maxima ---- */

nn_status nn_max_pool2d(nn_tensor *y, const nn_tensor *x, const nn_pooling *o, nn_error *err)
{
    nn_k_window w;
    nn_tensor own = NN_TENSOR_EMPTY;
    NN_TRY(check_x(x, 1, err));
    NN_TRY(find_window(&w, o, x->ndim, x->shape, 1, err));
    NN_TRY(nn_tensor_contiguous(&own, x, x->dtype, err));
    nn_status status = new_positions(y, x, w.out, err);
    if (status == NN_OK) {
        job j = {.max = nn_k()->sliding->max_pool[x->dtype],
                 .window = &w,
                 .image = &own,
                 .positions = y};
        status = run(&j, w.image, w.out, err);
    }
    if (status != NN_OK) nn_tensor_release(y);
    nn_tensor_release(&own);
    return status;
}

nn_status nn_max_pool2d_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *x,
                                 const nn_pooling *o, nn_error *err)
{
    nn_k_window w;
    nn_tensor own_dy = NN_TENSOR_EMPTY, own_x = NN_TENSOR_EMPTY;
    NN_TRY(check_x(x, 2, err));
    NN_TRY(find_window(&w, o, x->ndim, x->shape, 2, err));
    NN_TRY(check_dy(dy, x->ndim, x->shape, w.out, err));
    NN_TRY(nn_check_dtype((nn_operand){dy, 1, "dy"}, (nn_operand){x, 2, "x"}, err));
    nn_status status = nn_tensor_contiguous(&own_dy, dy, x->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&own_x, x, x->dtype, err);
    if (status == NN_OK) status = nn_tensor_like(dx, x, x->dtype, err);
    if (status == NN_OK) {
        job j = {.max_back = nn_k()->sliding->max_pool_back[x->dtype],
                 .window = &w,
                 .image = dx,
                 .positions = &own_dy,
                 .x = &own_x};
        status = run(&j, w.image, w.out, err);
    }
    if (status != NN_OK) nn_tensor_release(dx);
    nn_tensor_release(&own_x);
    nn_tensor_release(&own_dy);
    return status;
}

/* ---- Means ---- */

/* Memory for the spans of both axes, in b->span; b->out is set. */
static nn_status new_spans(nn_k_boxes *b, nn_k_span **spans, nn_error *err)
{
    *spans = nn_alloc((size_t)(b->out[0] + b->out[1]) * sizeof **spans, err);
    if (!*spans) return err->code;
    b->span[0] = *spans;
    b->span[1] = *spans + b->out[0];
    return NN_OK;
}

/* The boxes that windows are. As in PyTorch, a window that hangs over the padding counts only as
** far as the padding goes. */
static nn_status window_boxes(nn_k_boxes *b, nn_k_span **spans, const nn_k_window *w,
                              bool count_include_pad, nn_error *err)
{
    for (int axis = 0; axis < 2; axis++) {
        b->image[axis] = w->image[axis];
        b->out[axis] = w->out[axis];
    }
    NN_TRY(new_spans(b, spans, err));
    nn_k_span *span = *spans;
    for (int axis = 0; axis < 2; axis++)
        for (int64_t i = 0; i < b->out[axis]; i++, span++) {
            int64_t in = w->image[axis], first = i * w->stride[axis] - w->pad[axis];
            int64_t end = least(first + w->kernel[axis], in + w->pad[axis]);
            span->count = end - first;
            span->first = first < 0 ? 0 : first;
            span->end = least(end, in);
            if (!count_include_pad) span->count = span->end - span->first;
            if (span->count < 1) span->count = 1; /* of nothing: 0 */
        }
    return NN_OK;
}

static nn_status adaptive_boxes(nn_k_boxes *b, nn_k_span **spans, const int64_t *image,
                                const int64_t *out, nn_error *err)
{
    for (int axis = 0; axis < 2; axis++) {
        b->image[axis] = image[axis];
        b->out[axis] = out[axis];
    }
    NN_TRY(new_spans(b, spans, err));
    nn_k_span *span = *spans;
    for (int axis = 0; axis < 2; axis++)
        for (int64_t i = 0; i < out[axis]; i++, span++) {
            span->first = i * image[axis] / out[axis];
            span->end = ((i + 1) * image[axis] + out[axis] - 1) / out[axis];
            span->count = span->end - span->first;
        }
    return NN_OK;
}

/* y from x over boxes, or dx from dy. */
static nn_status means(nn_tensor *y, const nn_tensor *x, const nn_k_boxes *b, nn_error *err)
{
    nn_tensor own = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_contiguous(&own, x, x->dtype, err));
    nn_status status = new_positions(y, x, b->out, err);
    if (status == NN_OK) {
        job j = {
            .mean = nn_k()->sliding->box_mean[x->dtype], .boxes = b, .image = &own, .positions = y};
        status = run(&j, b->image, b->out, err);
    }
    if (status != NN_OK) nn_tensor_release(y);
    nn_tensor_release(&own);
    return status;
}

static nn_status means_back(nn_tensor *dx, const nn_tensor *dy, int ndim, const int64_t *shape,
                            const nn_k_boxes *b, nn_error *err)
{
    nn_tensor own = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_contiguous(&own, dy, dy->dtype, err));
    nn_status status = nn_tensor_new(dx, dy->dtype, ndim, shape, err);
    if (status == NN_OK) {
        job j = {.mean_back = nn_k()->sliding->box_mean_back[dy->dtype],
                 .boxes = b,
                 .image = dx,
                 .positions = &own};
        status = run(&j, b->image, b->out, err);
    }
    if (status != NN_OK) nn_tensor_release(dx);
    nn_tensor_release(&own);
    return status;
}

nn_status nn_avg_pool2d(nn_tensor *y, const nn_tensor *x, const nn_pooling *o, nn_error *err)
{
    nn_k_window w;
    nn_k_boxes b;
    nn_k_span *spans;
    NN_TRY(check_x(x, 1, err));
    NN_TRY(find_window(&w, o, x->ndim, x->shape, 1, err));
    NN_TRY(window_boxes(&b, &spans, &w, o->count_include_pad, err));
    nn_status status = means(y, x, &b, err);
    nn_free(spans);
    return status;
}

nn_status nn_avg_pool2d_backward(nn_tensor *dx, const nn_tensor *dy, int ndim, const int64_t *shape,
                                 const nn_pooling *o, nn_error *err)
{
    nn_k_window w;
    nn_k_boxes b;
    nn_k_span *spans;
    NN_TRY(nn_check_float((nn_operand){dy, 1, "dy"}, err));
    NN_TRY(check_shape(ndim, shape, 2, err));
    NN_TRY(find_window(&w, o, ndim, shape, 2, err));
    NN_TRY(check_dy(dy, ndim, shape, w.out, err));
    NN_TRY(window_boxes(&b, &spans, &w, o->count_include_pad, err));
    nn_status status = means_back(dx, dy, ndim, shape, &b, err);
    nn_free(spans);
    return status;
}

nn_status nn_adaptive_avg_pool2d(nn_tensor *y, const nn_tensor *x, const int64_t *out,
                                 nn_error *err)
{
    nn_k_boxes b;
    nn_k_span *spans;
    NN_TRY(check_x(x, 1, err));
    NN_TRY(check_axes("size", out, 1, 2, err));
    NN_TRY(adaptive_boxes(&b, &spans, x->shape + x->ndim - 2, out, err));
    nn_status status = means(y, x, &b, err);
    nn_free(spans);
    return status;
}

nn_status nn_adaptive_avg_pool2d_backward(nn_tensor *dx, const nn_tensor *dy, int ndim,
                                          const int64_t *shape, nn_error *err)
{
    nn_k_boxes b;
    nn_k_span *spans;
    NN_TRY(nn_check_float((nn_operand){dy, 1, "dy"}, err));
    NN_TRY(check_shape(ndim, shape, 2, err));
    if (dy->ndim != ndim) return check_dy(dy, ndim, shape, (int64_t[]){1, 1}, err);
    NN_TRY(check_dy(dy, ndim, shape, dy->shape + ndim - 2, err));
    NN_TRY(check_axes("size", dy->shape + ndim - 2, 1, 1, err));
    NN_TRY(adaptive_boxes(&b, &spans, shape + ndim - 2, dy->shape + ndim - 2, err));
    nn_status status = means_back(dx, dy, ndim, shape, &b, err);
    nn_free(spans);
    return status;
}
