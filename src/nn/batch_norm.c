/*
** batch_norm.c - statistics of each channel, then a line through them
**
** Both passes are y = a*u + b*(x - mean) + c with one set of coefficients per
** channel: forward without u, backward with u = dy,
**
**   dx = w*rstd*(dy - sum(dy)/m - (x - mean)*rstd^2*sum(dy*(x - mean))/m)
**
** over the m elements of a channel; without training the sums are left out.
*/
#include <inttypes.h>
#include <math.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/normalization.h"
#include "nn/operand.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"

/* Channels that lie side by side and share a block: a few cache lines of each row. */
#define SIDE_BY_SIDE 64

typedef struct job {
    nn_k_type type;
    nn_k_channels k;
    void *y;              /* where the line goes */
    const void *u, *x;    /* u: NULL or dy */
    double *sum, *dot;    /* of u and of u*(x - mean), or forward, of x and of (x - mean)^2 */
    double *mean;         /* (C) */
    double *coefficients; /* (3,C): u_factor, x_factor, constant */
} job;

static nn_k_channels part(const job *j, int64_t first, int64_t count)
{
    nn_k_channels k = j->k;
    k.first = first;
    k.count = count;
    return k;
}

static void measure(void *context, int64_t first, int64_t count)
{
    const job *j = context;
    const nn_k_normalization *kernels = nn_k()->normalization;
    nn_k_channels k = part(j, first, count);
    double elements = (double)(k.outer * k.inner);
    kernels->channel_sum[j->type](j->sum, j->u ? j->u : j->x, &k);
    if (!j->u)
        for (int64_t c = first; c < first + count; c++) j->mean[c] = j->sum[c] / elements;
    kernels->channel_product[j->type](j->dot, j->u ? j->u : j->x, j->u ? NULL : j->mean, j->x,
                                      j->mean, &k);
}

static void apply(void *context, int64_t first, int64_t count)
{
    const job *j = context;
    nn_k_channels k = part(j, first, count);
    nn_k_channel_line line = {j->coefficients, j->coefficients + k.channels, j->mean,
                              j->coefficients + 2 * k.channels};
    nn_k()->normalization->channel_apply[j->type](j->y, j->u, j->x, &line, &k);
}

static nn_status each_block(job *j, void (*work)(void *context, int64_t first, int64_t count),
                            nn_error *err)
{
    int64_t block =
        j->k.inner == 1 ? SIDE_BY_SIDE : nn_blocks_rows(NN_K_BLOCK, j->k.outer * j->k.inner);
    return nn_blocks_each(j->k.channels, block, work, j, err);
}

static nn_status check_channel(const nn_tensor *t, int arg, const char *name, const nn_tensor *x,
                               nn_error *err)
{
    if (!t) return NN_OK;
    if (t->ndim != 1 || t->shape[0] != x->shape[1])
        return nn_fail(err, NN_ESHAPE, arg, "%s is %s but x is %s: expected [%" PRId64 "]", name,
                       nn_tensor_shape_name(t).text, nn_tensor_shape_name(x).text, x->shape[1]);
    return nn_check_dtype((nn_operand){t, arg, name}, (nn_operand){x, 1, "x"}, err);
}

static nn_status check_x(const nn_tensor *x, int arg, nn_error *err)
{
    NN_TRY(nn_check_float((nn_operand){x, arg, "x"}, err));
    if (x->ndim >= 2) return NN_OK;
    return nn_fail(err, NN_ESHAPE, arg, "x is %s, expected [N,C,...]",
                   nn_tensor_shape_name(x).text);
}

/* The options are argument 4. */
static nn_status check_running(const nn_tensor *x, const nn_batch_norm_options *o, nn_error *err)
{
    NN_TRY(check_channel(o->running_mean, 4, "running_mean", x, err));
    NN_TRY(check_channel(o->running_var, 4, "running_var", x, err));
    if (!o->running_mean != !o->running_var)
        return nn_fail(err, NN_EVALUE, 4, "running_mean and running_var come together");
    if (!o->training && !o->running_mean)
        return nn_fail(err, NN_EVALUE, 4, "without training, running_mean is needed");
    if (o->running_mean &&
        (nn_tensor_is_expanded(o->running_mean) || nn_tensor_is_expanded(o->running_var) ||
         nn_tensor_may_overlap(o->running_mean, o->running_var)))
        return nn_fail(err, NN_EVALUE, 4, "running_mean and running_var share elements");
    int64_t elements = 1;
    for (int d = 0; d < x->ndim; d++)
        if (d != 1) elements *= x->shape[d];
    if (o->training && elements < 2 && x->shape[1] > 0)
        return nn_fail(err, NN_EVALUE, 1,
                       "x is %s: training needs more than one element per channel",
                       nn_tensor_shape_name(x).text);
    return NN_OK;
}

static nn_k_channels channels_of(const nn_tensor *x)
{
    nn_k_channels k = {.outer = x->shape[0], .channels = x->shape[1], .inner = 1};
    for (int d = 2; d < x->ndim; d++) k.inner *= x->shape[d];
    return k;
}

static double channel_value(const nn_tensor *t, int64_t c, double otherwise)
{
    return t ? nn_tensor_get(t, c * t->stride[0]) : otherwise;
}

static void follow(nn_tensor *running, int64_t c, double momentum, double value)
{
    int64_t at = c * running->stride[0];
    nn_tensor_set(running, at, (1 - momentum) * nn_tensor_get(running, at) + momentum * value);
}

/* saved (2,C) gets mean and rstd; with training the running statistics follow, last, when nothing
** can fail any more. */
static nn_status forward(job *j, double *rstd, const nn_tensor *weight, const nn_tensor *bias,
                         const nn_batch_norm_options *o, nn_error *err)
{
    int64_t C = j->k.channels;
    double n = (double)(j->k.outer * j->k.inner), *c_factor = j->coefficients + 2 * C;
    if (o->training) NN_TRY(each_block(j, measure, err));
    for (int64_t c = 0; c < C; c++) {
        double var = o->training ? j->dot[c] / n : channel_value(o->running_var, c, 0);
        if (!o->training) j->mean[c] = channel_value(o->running_mean, c, 0);
        rstd[c] = 1 / sqrt(var + o->eps);
        j->coefficients[C + c] = rstd[c] * channel_value(weight, c, 1);
        c_factor[c] = channel_value(bias, c, 0);
    }
    NN_TRY(each_block(j, apply, err));
    for (int64_t c = 0; o->training && o->running_mean && c < C; c++) {
        follow(o->running_mean, c, o->momentum, j->mean[c]);
        follow(o->running_var, c, o->momentum, j->dot[c] / (n - 1));
    }
    return NN_OK;
}

/* Five rows of C doubles: sum, dot and the coefficients. NULL: err is filled. */
static double *scratch_new(job *j, nn_error *err)
{
    int64_t C = j->k.channels, bytes;
    if (nn_shape_numel(2, (int64_t[]){C, 5 * (int64_t)sizeof(double)}, &bytes, err) != NN_OK)
        return NULL;
    double *scratch = nn_alloc((size_t)bytes, err);
    j->sum = scratch;
    j->dot = scratch ? scratch + C : NULL;
    j->coefficients = scratch ? scratch + 2 * C : NULL;
    return scratch;
}

nn_status nn_batch_norm(nn_tensor *y, nn_tensor *saved, const nn_tensor *x, const nn_tensor *weight,
                        const nn_tensor *bias, const nn_batch_norm_options *o, nn_error *err)
{
    NN_TRY(check_x(x, 1, err));
    NN_TRY(check_channel(weight, 2, "weight", x, err));
    NN_TRY(check_channel(bias, 3, "bias", x, err));
    NN_TRY(check_running(x, o, err));
    nn_tensor plain = NN_TENSOR_EMPTY;
    job j = {.type = (nn_k_type)x->dtype, .k = channels_of(x)};
    double *scratch = scratch_new(&j, err);
    nn_status status = scratch ? nn_tensor_contiguous(&plain, x, x->dtype, err) : err->code;
    if (status == NN_OK) status = nn_tensor_like(y, x, x->dtype, err);
    if (status == NN_OK)
        status = nn_tensor_new(saved, NN_FLOAT64, 2, (int64_t[]){2, j.k.channels}, err);
    if (status == NN_OK) {
        j.x = nn_tensor_data(&plain);
        j.y = nn_tensor_data(y);
        j.mean = nn_tensor_data(saved);
        status = forward(&j, j.mean + j.k.channels, weight, bias, o, err);
    }
    if (status != NN_OK) {
        nn_tensor_release(saved);
        nn_tensor_release(y);
    }
    nn_tensor_release(&plain);
    nn_free(scratch);
    return status;
}

static nn_status backward(job *j, const double *rstd, const nn_tensor *weight, bool training,
                          nn_error *err)
{
    int64_t C = j->k.channels;
    double n = (double)(j->k.outer * j->k.inner);
    NN_TRY(each_block(j, measure, err));
    for (int64_t c = 0; c < C; c++) {
        double factor = rstd[c] * channel_value(weight, c, 1);
        j->coefficients[c] = factor;
        j->coefficients[C + c] = training ? -factor * rstd[c] * rstd[c] * j->dot[c] / n : 0;
        j->coefficients[2 * C + c] = training ? -factor * j->sum[c] / n : 0;
    }
    return each_block(j, apply, err);
}

static nn_status check_saved(const nn_tensor *saved, int arg, int64_t n, nn_error *err)
{
    if (saved->dtype == NN_FLOAT64 && nn_tensor_is_contiguous(saved) &&
        nn_shape_equal(saved->ndim, saved->shape, 2, (int64_t[]){2, n}))
        return NN_OK;
    return nn_fail(err, NN_EVALUE, arg, "saved is not what the forward function returned");
}

nn_status nn_batch_norm_backward(nn_tensor *dx, nn_tensor *dw, nn_tensor *db, const nn_tensor *dy,
                                 const nn_tensor *x, const nn_tensor *weight,
                                 const nn_tensor *saved, bool training, nn_error *err)
{
    NN_TRY(check_x(x, 2, err));
    NN_TRY(nn_check_like((nn_operand){dy, 1, "dy"}, (nn_operand){x, 2, "x"}, err));
    NN_TRY(check_channel(weight, 3, "weight", x, err));
    NN_TRY(check_saved(saved, 4, x->shape[1], err));
    nn_tensor plain_x = NN_TENSOR_EMPTY, plain_dy = NN_TENSOR_EMPTY;
    job j = {.type = (nn_k_type)x->dtype, .k = channels_of(x)};
    int64_t C = j.k.channels;
    double *scratch = scratch_new(&j, err);
    nn_status status = scratch ? nn_tensor_contiguous(&plain_x, x, x->dtype, err) : err->code;
    if (status == NN_OK) status = nn_tensor_contiguous(&plain_dy, dy, dy->dtype, err);
    if (status == NN_OK) status = nn_tensor_like(dx, x, x->dtype, err);
    if (status == NN_OK && dw) status = nn_tensor_new(dw, x->dtype, 1, &C, err);
    if (status == NN_OK && db) status = nn_tensor_new(db, x->dtype, 1, &C, err);
    if (status == NN_OK) {
        j.x = nn_tensor_data(&plain_x);
        j.u = nn_tensor_data(&plain_dy);
        j.y = nn_tensor_data(dx);
        j.mean = nn_tensor_data(saved);
        const double *rstd = j.mean + C;
        status = backward(&j, rstd, weight, training, err);
        for (int64_t c = 0; status == NN_OK && c < C; c++) {
            if (dw) nn_tensor_set(dw, c, j.dot[c] * rstd[c]);
            if (db) nn_tensor_set(db, c, j.sum[c]);
        }
    }
    nn_tensor *results[] = {dx, dw, db};
    for (int k = 0; status != NN_OK && k < 3; k++)
        if (results[k]) nn_tensor_release(results[k]);
    nn_tensor_release(&plain_dy);
    nn_tensor_release(&plain_x);
    nn_free(scratch);
    return status;
}
