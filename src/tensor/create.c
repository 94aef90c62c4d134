/*
** create.c - identity, sequences, random numbers
*/
#include "tensor/create.h"

#include <inttypes.h>
#include <math.h>

#include "tensor/copy.h"
#include "tensor/view.h"

nn_status nn_tensor_eye(nn_tensor *out, nn_dtype dtype, int64_t n, int64_t m, nn_error *err)
{
    NN_TRY(nn_tensor_zeros(out, dtype, 2, (int64_t[]){n, m}, err));
    for (int64_t i = 0; i < n && i < m; i++) nn_tensor_set(out, i * m + i, 1);
    return NN_OK;
}

nn_status nn_tensor_arange(nn_tensor *out, nn_dtype dtype, double first, double stop, double step,
                           nn_error *err)
{
    double count = ceil((stop - first) / step);
    if (!(step != 0) || !isfinite(count))
        return nn_fail(err, NN_EVALUE, 3, "no sequence from %g to %g in steps of %g", first, stop,
                       step);
    if (count > 0x1p53) return nn_fail(err, NN_EMEM, 0, "a sequence of %g elements", count);
    int64_t n = count > 0 ? (int64_t)count : 0;
    NN_TRY(nn_tensor_new(out, dtype, 1, &n, err));
    for (int64_t i = 0; i < n; i++) nn_tensor_set(out, i, first + (double)i * step);
    return NN_OK;
}

nn_status nn_tensor_linspace(nn_tensor *out, nn_dtype dtype, double first, double last,
                             int64_t count, nn_error *err)
{
    if (count < 0) return nn_fail(err, NN_EVALUE, 3, "negative count %" PRId64, count);
    NN_TRY(nn_tensor_new(out, dtype, 1, &count, err));
    double step = count > 1 ? (last - first) / (double)(count - 1) : 0;
    for (int64_t i = 0; i < count; i++)
        nn_tensor_set(out, i,
                      i < count / 2 || count == 1 ? first + (double)i * step
                                                  : last - (double)(count - 1 - i) * step);
    return NN_OK;
}

static nn_status fill_random(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                             nn_rng *rng, double (*draw)(nn_rng *rng), nn_error *err)
{
    if (!nn_dtype_is_float(dtype))
        return nn_fail(err, NN_EDTYPE, 0, "dtype is %s, expected float32 or float64",
                       nn_dtype_name(dtype));
    NN_TRY(nn_tensor_new(out, dtype, ndim, shape, err));
    int64_t n = nn_tensor_numel(out);
    for (int64_t i = 0; i < n; i++) nn_tensor_set(out, i, draw(rng));
    return NN_OK;
}

nn_status nn_tensor_rand(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                         nn_rng *rng, nn_error *err)
{
    return fill_random(out, dtype, ndim, shape, rng, nn_rng_double, err);
}

nn_status nn_tensor_randn(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                          nn_rng *rng, nn_error *err)
{
    return fill_random(out, dtype, ndim, shape, rng, nn_rng_gauss, err);
}

nn_status nn_tensor_randint(nn_tensor *out, nn_dtype dtype, int64_t low, int64_t high, int ndim,
                            const int64_t *shape, nn_rng *rng, nn_error *err)
{
    if (low >= high)
        return nn_fail(err, NN_EVALUE, 2, "low %" PRId64 " is not below high %" PRId64, low, high);
    NN_TRY(nn_tensor_new(out, dtype, ndim, shape, err));
    int64_t n = nn_tensor_numel(out);
    uint64_t span = (uint64_t)high - (uint64_t)low - 1;
    for (int64_t i = 0; i < n; i++)
        nn_tensor_set_int(out, i, (int64_t)((uint64_t)low + nn_rng_below_or_at(rng, span)));
    return NN_OK;
}

nn_status nn_tensor_randperm(nn_tensor *out, int64_t n, nn_rng *rng, nn_error *err)
{
    if (n < 0) return nn_fail(err, NN_EVALUE, 1, "negative length %" PRId64, n);
    NN_TRY(nn_tensor_arange(out, NN_INT64, 1, (double)n + 1, 1, err));
    nn_status status = nn_tensor_shuffle(out, rng, err);
    if (status != NN_OK) nn_tensor_release(out);
    return status;
}

nn_status nn_tensor_shuffle(nn_tensor *t, nn_rng *rng, nn_error *err)
{
    nn_tensor held = NN_TENSOR_EMPTY, a = NN_TENSOR_EMPTY, b = NN_TENSOR_EMPTY;
    if (t->ndim == 0) return nn_fail(err, NN_ESHAPE, 1, "a 0-dim tensor has no rows to shuffle");
    if (t->shape[0] < 2) return NN_OK;
    NN_TRY(nn_tensor_select(&a, t, 0, 0, err));
    nn_status status = nn_tensor_clone(&held, &a, err);
    nn_tensor_release(&a);
    for (int64_t i = t->shape[0] - 1; i > 0 && status == NN_OK; i--) {
        int64_t j = (int64_t)nn_rng_below_or_at(rng, (uint64_t)i);
        if (i == j) continue;
        nn_tensor_select(&a, t, 0, i, err);
        nn_tensor_select(&b, t, 0, j, err);
        nn_tensor_copy(&held, &a, err);
        nn_tensor_copy(&a, &b, err);
        nn_tensor_copy(&b, &held, err);
        nn_tensor_release(&a);
        nn_tensor_release(&b);
    }
    nn_tensor_release(&held);
    return status;
}
