/*
** convolution.c - checks, sizes, and the way to patch_product.h
**
** One axis is two, the first of size 1; a missing N is 1. A transposed
** convolution is the plain one's problem with x and y exchanged: what is called
** "image" below is x, or y if transposed; "positions" is the other.
*/
#include "nn/convolution.h"

#include <inttypes.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "nn/patch_product.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

/* Of options and sizes, so that what is computed from them stays in range. */
#define MOST INT32_MAX

typedef struct problem {
    nn_patch_problem patch;
    int64_t out[2];       /* of y */
    int64_t out_channels; /* of y, all groups */
    int y_ndim;
    int64_t y_shape[NN_MAX_RANK];
} problem;

/* ---- Options ---- */

static const char *axes_name(int axes, const int64_t *values, nn_shape_text *text)
{
    *text = nn_shape_name(axes, values);
    return text->text;
}

static nn_status check_option(const char *name, int axes, const int64_t *values, int64_t least,
                              int arg, nn_error *err)
{
    nn_shape_text text;
    for (int i = 0; i < axes; i++)
        if (values[i] < least || values[i] > MOST)
            return nn_fail(err, NN_EVALUE, arg, "%s is %s, expected %" PRId64 "..%d", name,
                           axes_name(axes, values, &text), least, MOST);
    return NN_OK;
}

static nn_status check_options(const nn_convolution *o, int arg, nn_error *err)
{
    nn_shape_text text;
    NN_TRY(check_option("stride", o->axes, o->stride, 1, arg, err));
    NN_TRY(check_option("padding", o->axes, o->padding, 0, arg, err));
    NN_TRY(check_option("dilation", o->axes, o->dilation, 1, arg, err));
    if (o->groups < 1)
        return nn_fail(err, NN_EVALUE, arg, "groups is %" PRId64 ", expected at least 1",
                       o->groups);
    if (!o->transposed) return NN_OK;
    NN_TRY(check_option("output_padding", o->axes, o->output_padding, 0, arg, err));
    for (int i = 0; i < o->axes; i++)
        if (o->output_padding[i] >= o->stride[i] && o->output_padding[i] >= o->dilation[i])
            return nn_fail(err, NN_EVALUE, arg,
                           "output_padding is %s, expected less than the stride or the dilation",
                           axes_name(o->axes, o->output_padding, &text));
    return NN_OK;
}

/* ---- Operands ---- */

/* What x and W should look like. */
static const char *x_form(const nn_convolution *o)
{
    return o->axes == 1 ? "[N,C,L] or [C,L]" : "[N,C,H,W] or [C,H,W]";
}

static const char *W_form(const nn_convolution *o)
{
    if (o->transposed) return o->axes == 1 ? "[in,out/groups,k]" : "[in,out/groups,kh,kw]";
    return o->axes == 1 ? "[out,in/groups,k]" : "[out,in/groups,kh,kw]";
}

static nn_status check_sizes(const nn_tensor *t, int arg, const char *name, int from, nn_error *err)
{
    for (int d = from; d < t->ndim; d++)
        if (t->shape[d] < 1 || t->shape[d] > MOST)
            return nn_fail(err, NN_ESHAPE, arg, "%s is %s: size %d is %" PRId64, name,
                           nn_tensor_shape_name(t).text, d + 1, t->shape[d]);
    return NN_OK;
}

static nn_status check_operands(const nn_convolution *o, const nn_tensor *x, int x_arg,
                                const nn_tensor *W, nn_error *err)
{
    int W_arg = x_arg + 1, batch = x->ndim - o->axes - 1;
    nn_operand x_operand = {x, x_arg, "x"}, W_operand = {W, W_arg, "W"};
    NN_TRY(nn_check_float(x_operand, err));
    if (batch != 0 && batch != 1)
        return nn_fail(err, NN_ESHAPE, x_arg, "x is %s, expected %s", nn_tensor_shape_name(x).text,
                       x_form(o));
    if (W->ndim != o->axes + 2)
        return nn_fail(err, NN_ESHAPE, W_arg, "W is %s, expected %s", nn_tensor_shape_name(W).text,
                       W_form(o));
    NN_TRY(nn_check_dtype(W_operand, x_operand, err));
    NN_TRY(check_sizes(x, x_arg, "x", batch, err));
    NN_TRY(check_sizes(W, W_arg, "W", 0, err));
    int64_t channels = x->shape[batch];
    if (W->shape[0] % o->groups != 0)
        return nn_fail(err, NN_ESHAPE, W_arg,
                       "W is %s: its first size is no multiple of %" PRId64 " groups",
                       nn_tensor_shape_name(W).text, o->groups);
    bool fits = o->transposed ? W->shape[0] == channels
                              : channels % o->groups == 0 && W->shape[1] == channels / o->groups;
    if (!fits)
        return nn_fail(err, NN_ESHAPE, W_arg,
                       "W is %s but x is %s: %" PRId64 " input channels in %" PRId64
                       " groups, expected %s",
                       nn_tensor_shape_name(W).text, nn_tensor_shape_name(x).text, channels,
                       o->groups, W_form(o));
    return NN_OK;
}

/* ---- Sizes ---- */

/* The size of y in an axis where x has `in` and W has k. */
static int64_t output_size(const nn_convolution *o, int axis, int64_t in, int64_t k)
{
    int64_t reach = o->dilation[axis] * (k - 1), stride = o->stride[axis];
    if (o->transposed)
        return (in - 1) * stride - 2 * o->padding[axis] + reach + o->output_padding[axis] + 1;
    int64_t room = in + 2 * o->padding[axis] - reach - 1;
    return room < 0 ? 0 : room / stride + 1;
}

/* The sizes of y; NN_ESHAPE if there is nothing of it. */
static nn_status find_output(int64_t *out, const nn_convolution *o, const nn_tensor *x,
                             const nn_tensor *W, int W_arg, nn_error *err)
{
    for (int axis = 0; axis < o->axes; axis++) {
        int64_t in = x->shape[x->ndim - o->axes + axis], k = W->shape[2 + axis];
        out[axis] = output_size(o, axis, in, k);
        if (out[axis] > 0) continue;
        if (o->transposed)
            return nn_fail(err, NN_ESHAPE, W_arg,
                           "W is %s and x is %s: less than nothing is left of size %" PRId64
                           " with padding %" PRId64,
                           nn_tensor_shape_name(W).text, nn_tensor_shape_name(x).text, in,
                           o->padding[axis]);
        return nn_fail(err, NN_ESHAPE, W_arg,
                       "W is %s but x is %s: the kernel spans %" PRId64
                       ", the padded input has %" PRId64,
                       nn_tensor_shape_name(W).text, nn_tensor_shape_name(x).text,
                       o->dilation[axis] * (k - 1) + 1, in + 2 * o->padding[axis]);
    }
    return NN_OK;
}

/* Everything about a call whose x is argument x_arg, W the next, options are argument `options`. */
static nn_status describe(problem *p, const nn_convolution *o, const nn_tensor *x, int x_arg,
                          const nn_tensor *W, int options, nn_error *err)
{
    NN_TRY(check_options(o, options, err));
    NN_TRY(check_operands(o, x, x_arg, W, err));
    int64_t out[2];
    NN_TRY(find_output(out, o, x, W, x_arg + 1, err));

    nn_k_window *w = &p->patch.window;
    int batch = x->ndim - o->axes - 1;
    int64_t W0 = W->shape[0] / o->groups, W1 = W->shape[1];
    p->patch.type = (nn_k_type)x->dtype;
    p->patch.N = batch ? x->shape[0] : 1;
    p->patch.groups = o->groups;
    p->patch.O = W0;
    p->patch.C = W1;
    p->out_channels = o->groups * (o->transposed ? W1 : W0);
    p->out[0] = p->out[1] = 1;
    for (int axis = 0; axis < 2; axis++) {
        int given = axis - (2 - o->axes); /* the option's and the shapes' axis */
        int64_t in = given < 0 ? 1 : x->shape[batch + 1 + given];
        if (given >= 0) p->out[axis] = out[given];
        w->image[axis] = o->transposed ? p->out[axis] : in;
        w->out[axis] = o->transposed ? in : p->out[axis];
        w->kernel[axis] = given < 0 ? 1 : W->shape[2 + given];
        w->stride[axis] = given < 0 ? 1 : o->stride[given];
        w->dilation[axis] = given < 0 ? 1 : o->dilation[given];
        w->pad[axis] = given < 0 ? 0 : o->padding[given];
    }
    p->y_ndim = x->ndim;
    for (int d = 0; d < batch; d++) p->y_shape[d] = x->shape[d];
    p->y_shape[batch] = p->out_channels;
    for (int axis = 0; axis < o->axes; axis++) p->y_shape[batch + 1 + axis] = out[axis];
    return NN_OK;
}

/* ---- The calls ---- */

static nn_status check_bias(const problem *p, const nn_tensor *x, const nn_tensor *b, nn_error *err)
{
    if (b->ndim != 1 || b->shape[0] != p->out_channels)
        return nn_fail(err, NN_ESHAPE, 3, "b is %s, expected [%" PRId64 "]",
                       nn_tensor_shape_name(b).text, p->out_channels);
    return nn_check_dtype((nn_operand){b, 3, "b"}, (nn_operand){x, 1, "x"}, err);
}

nn_status nn_convolve(nn_tensor *y, const nn_convolution *o, const nn_tensor *x, const nn_tensor *W,
                      const nn_tensor *b, nn_error *err)
{
    problem p;
    nn_tensor own[3] = {NN_TENSOR_EMPTY, NN_TENSOR_EMPTY, NN_TENSOR_EMPTY};
    nn_tensor result = NN_TENSOR_EMPTY;
    const nn_tensor *operands[] = {x, W, b};
    NN_TRY(describe(&p, o, x, 1, W, 4, err));
    if (b) NN_TRY(check_bias(&p, x, b, err));
    nn_status status = NN_OK;
    for (int i = 0; i < 3 && status == NN_OK; i++)
        if (operands[i]) status = nn_tensor_contiguous(&own[i], operands[i], x->dtype, err);
    if (status == NN_OK) status = nn_tensor_new(&result, x->dtype, p.y_ndim, p.y_shape, err);
    if (status == NN_OK)
        status = (o->transposed ? nn_patch_images : nn_patch_positions)(
            nn_tensor_data(&result), &p.patch, nn_tensor_data(&own[0]), nn_tensor_data(&own[1]),
            b ? nn_tensor_data(&own[2]) : NULL, err);
    if (status == NN_OK) nn_tensor_retain(y, &result);
    nn_tensor_release(&result);
    for (int i = 0; i < 3; i++) nn_tensor_release(&own[i]);
    return status;
}

typedef struct sum_job {
    const nn_tensor *dy;
    int64_t n;
    double *row;
} sum_job;

static void sum_rows(void *context, int64_t first, int64_t rows)
{
    const sum_job *j = context;
    nn_k()->reduce->sum[NN_K_SUM][j->dy->dtype](j->row + first, nn_element(j->dy, first * j->n),
                                                rows, j->n, 1, 1);
}

/* db from dy, contiguous. */
static nn_status sum_channels(nn_tensor *db, const problem *p, const nn_tensor *dy, nn_error *err)
{
    int64_t channels = p->out_channels, rows = p->patch.N * channels;
    sum_job j = {.dy = dy, .n = p->out[0] * p->out[1]};
    NN_TRY(nn_tensor_new(db, dy->dtype, 1, &channels, err));
    j.row = nn_alloc((size_t)rows * sizeof *j.row, err);
    if (!j.row) {
        nn_tensor_release(db);
        return err->code;
    }
    nn_status status = nn_blocks_each(rows, nn_blocks_rows(NN_K_BLOCK, j.n), sum_rows, &j, err);
    for (int64_t c = 0; status == NN_OK && c < channels; c++) {
        double sum = 0;
        for (int64_t i = c; i < rows; i += channels) sum += j.row[i];
        nn_tensor_set(db, c, sum);
    }
    nn_free(j.row);
    return status; /* the caller releases db */
}

static nn_status check_dy(const problem *p, const nn_tensor *dy, const nn_tensor *x,
                          const nn_tensor *W, nn_error *err)
{
    if (!nn_shape_equal(dy->ndim, dy->shape, p->y_ndim, p->y_shape))
        return nn_fail(err, NN_ESHAPE, 1, "dy is %s but x is %s and W is %s: expected %s",
                       nn_tensor_shape_name(dy).text, nn_tensor_shape_name(x).text,
                       nn_tensor_shape_name(W).text, nn_shape_name(p->y_ndim, p->y_shape).text);
    return nn_check_dtype((nn_operand){dy, 1, "dy"}, (nn_operand){x, 2, "x"}, err);
}

nn_status nn_convolve_backward(nn_tensor *dx, nn_tensor *dW, nn_tensor *db, const nn_convolution *o,
                               const nn_tensor *dy, const nn_tensor *x, const nn_tensor *W,
                               nn_error *err)
{
    problem p;
    nn_tensor own_dy = NN_TENSOR_EMPTY, own = NN_TENSOR_EMPTY;
    nn_tensor *all[] = {dx, dW, db};
    NN_TRY(describe(&p, o, x, 2, W, 4, err));
    NN_TRY(check_dy(&p, dy, x, W, err));
    nn_status status = nn_tensor_contiguous(&own_dy, dy, dy->dtype, err);
    if (status == NN_OK && dx) {
        status = nn_tensor_contiguous(&own, W, W->dtype, err);
        if (status == NN_OK) status = nn_tensor_like(dx, x, x->dtype, err);
        if (status == NN_OK)
            status = (o->transposed ? nn_patch_positions : nn_patch_images)(
                nn_tensor_data(dx), &p.patch, nn_tensor_data(&own_dy), nn_tensor_data(&own), NULL,
                err);
        nn_tensor_release(&own);
    }
    if (status == NN_OK && dW) {
        status = nn_tensor_contiguous(&own, x, x->dtype, err);
        if (status == NN_OK) status = nn_tensor_like(dW, W, W->dtype, err);
        const nn_tensor *positions = o->transposed ? &own : &own_dy;
        const nn_tensor *image = o->transposed ? &own_dy : &own;
        if (status == NN_OK)
            status = nn_patch_weights(nn_tensor_data(dW), &p.patch, nn_tensor_data(positions),
                                      nn_tensor_data(image), err);
        nn_tensor_release(&own);
    }
    if (status == NN_OK && db) status = sum_channels(db, &p, &own_dy, err);
    for (int i = 0; status != NN_OK && i < 3; i++)
        if (all[i]) nn_tensor_release(all[i]);
    nn_tensor_release(&own_dy);
    return status;
}
