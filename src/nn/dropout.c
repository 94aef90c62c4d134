/*
** dropout.c - the mask is drawn on one thread and applied on all
*/
#include "nn/dropout.h"

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"

typedef struct job {
    nn_k_mask *kernel;
    const nn_tensor *out, *x, *mask;
    double scale;
} job;

static void run_block(void *context, int64_t first, int64_t n)
{
    const job *j = context;
    j->kernel(nn_element(j->out, first), nn_element(j->x, first), nn_element(j->mask, first), n,
              j->scale);
}

static nn_status apply(const nn_tensor *out, const nn_tensor *x, const nn_tensor *mask, double p,
                       nn_error *err)
{
    job j = {nn_k()->neural->mask[x->dtype], out, x, mask, p < 1 ? 1 / (1 - p) : 0};
    return nn_blocks_each(nn_tensor_numel(x), NN_K_BLOCK, run_block, &j, err);
}

static nn_status check_p(double p, int arg, nn_error *err)
{
    if (p >= 0 && p <= 1) return NN_OK;
    return nn_fail(err, NN_EVALUE, arg, "p is %g, expected 0..1", p);
}

nn_status nn_dropout(nn_tensor *y, nn_tensor *mask, const nn_tensor *x, double p, nn_rng *rng,
                     nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){x, 1, "x"}, err));
    NN_TRY(check_p(p, 2, err));
    if (!mask) {
        nn_tensor_retain(y, x);
        return NN_OK;
    }
    nn_status status = nn_tensor_contiguous(&plain, x, x->dtype, err);
    if (status == NN_OK) status = nn_tensor_like(mask, x, NN_BOOL, err);
    if (status == NN_OK) status = nn_tensor_like(y, x, x->dtype, err);
    if (status == NN_OK) {
        nn_rng before = *rng;
        int64_t i = 0, n = nn_tensor_numel(x);
        uint8_t *keep = nn_tensor_data(mask);
        for (; i < n && !nn_cancelled_at(i); i++) keep[i] = nn_rng_double(rng) >= p;
        status = i < n ? nn_interrupted(err) : apply(y, &plain, mask, p, err);
        if (status != NN_OK) *rng = before;
    }
    if (status != NN_OK) {
        nn_tensor_release(mask);
        nn_tensor_release(y);
    }
    nn_tensor_release(&plain);
    return status;
}

nn_status nn_dropout_backward(nn_tensor *dx, const nn_tensor *dy, const nn_tensor *mask, double p,
                              nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY, keep = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){dy, 1, "dy"}, err));
    NN_TRY(check_p(p, 3, err));
    if (!mask) {
        nn_tensor_retain(dx, dy);
        return NN_OK;
    }
    if (mask->dtype != NN_BOOL && mask->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, 2, "mask is %s, expected bool", nn_dtype_name(mask->dtype));
    if (!nn_tensor_same_shape(mask, dy))
        return nn_fail(err, NN_ESHAPE, 2, "mask is %s but dy is %s",
                       nn_tensor_shape_name(mask).text, nn_tensor_shape_name(dy).text);
    nn_status status = nn_tensor_contiguous(&plain, dy, dy->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&keep, mask, mask->dtype, err);
    if (status == NN_OK) status = nn_tensor_like(dx, dy, dy->dtype, err);
    if (status == NN_OK) status = apply(dx, &plain, &keep, p, err);
    if (status != NN_OK) nn_tensor_release(dx);
    nn_tensor_release(&keep);
    nn_tensor_release(&plain);
    return status;
}
