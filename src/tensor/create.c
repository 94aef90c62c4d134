/*
** create.c - identity, sequences, random numbers
*/
#include "tensor/create.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tensor/cancel.h"
#include "tensor/copy.h"
#include "tensor/view.h"
#include "tensor/walk.h"

/* Of a loop that fills `out`: done, or given up. */
static nn_status filled(nn_tensor *out, bool done, nn_error *err)
{
    if (done) return NN_OK;
    nn_tensor_release(out);
    return nn_interrupted(err);
}

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
    int64_t i = 0;
    for (; i < n && !nn_cancelled_at(i); i++) nn_tensor_set(out, i, first + (double)i * step);
    return filled(out, i == n, err);
}

nn_status nn_tensor_arange_int(nn_tensor *out, nn_dtype dtype, int64_t first, int64_t stop,
                               int64_t step, nn_error *err)
{
    uint64_t span = step > 0 ? (uint64_t)stop - (uint64_t)first : (uint64_t)first - (uint64_t)stop;
    uint64_t pace = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    if (step == 0)
        return nn_fail(err, NN_EVALUE, 3,
                       "no sequence from %" PRId64 " to %" PRId64 " in steps of 0", first, stop);
    bool empty = step > 0 ? first >= stop : first <= stop;
    uint64_t count = empty ? 0 : (span - 1) / pace + 1;
    if (count > INT64_MAX)
        return nn_fail(err, NN_EMEM, 0, "a sequence of %" PRIu64 " elements", count);
    int64_t n = (int64_t)count;
    NN_TRY(nn_tensor_new(out, dtype, 1, &n, err));
    int64_t i = 0;
    for (; i < n && !nn_cancelled_at(i); i++)
        nn_tensor_set_int(out, i, (int64_t)((uint64_t)first + (uint64_t)i * (uint64_t)step));
    return filled(out, i == n, err);
}

nn_status nn_tensor_linspace(nn_tensor *out, nn_dtype dtype, double first, double last,
                             int64_t count, nn_error *err)
{
    if (count < 0) return nn_fail(err, NN_EVALUE, 3, "negative count %" PRId64, count);
    NN_TRY(nn_tensor_new(out, dtype, 1, &count, err));
    double step = count > 1 ? (last - first) / (double)(count - 1) : 0;
    int64_t i = 0;
    for (; i < count && !nn_cancelled_at(i); i++)
        nn_tensor_set(out, i,
                      i < count / 2 || count == 1 ? first + (double)i * step
                                                  : last - (double)(count - 1 - i) * step);
    return filled(out, i == count, err);
}

static nn_status fill_random(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                             nn_rng *rng, double (*draw)(nn_rng *rng), nn_error *err)
{
    if (!nn_dtype_is_float(dtype))
        return nn_fail(err, NN_EDTYPE, 0, "dtype is %s, expected float32 or float64",
                       nn_dtype_name(dtype));
    NN_TRY(nn_tensor_new(out, dtype, ndim, shape, err));
    nn_rng before = *rng;
    int64_t i = 0, n = nn_tensor_numel(out);
    for (; i < n && !nn_cancelled_at(i); i++) nn_tensor_set(out, i, draw(rng));
    if (i < n) *rng = before;
    return filled(out, i == n, err);
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
    nn_rng before = *rng;
    int64_t i = 0, n = nn_tensor_numel(out);
    uint64_t span = (uint64_t)high - (uint64_t)low - 1;
    for (; i < n && !nn_cancelled_at(i); i++)
        nn_tensor_set_int(out, i, (int64_t)((uint64_t)low + nn_rng_below_or_at(rng, span)));
    if (i < n) *rng = before;
    return filled(out, i == n, err);
}

static void swap_bytes(char *a, char *b, size_t size)
{
    char held[64];
    for (size_t part; size > 0; a += part, b += part, size -= part) {
        part = size < sizeof held ? size : sizeof held;
        memcpy(held, a, part);
        memcpy(a, b, part);
        memcpy(b, held, part);
    }
}

/* Exchanges the elements of two rows of one tensor, run by run. */
static void swap_rows(const nn_walk *row, char *a, char *b, size_t size)
{
    for (int64_t r = 0; r < row->runs; r++) {
        int64_t at[NN_WALK_MAX];
        nn_walk_at(row, r, at);
        int64_t start = at[0] * (int64_t)size, step = row->step[0] * (int64_t)size;
        if (row->step[0] == 1)
            swap_bytes(a + start, b + start, (size_t)row->length * size);
        else
            for (int64_t i = 0; i < row->length; i++)
                swap_bytes(a + start + i * step, b + start + i * step, size);
    }
}

/* NN_EINTERRUPTED: t holds its rows in some order, rng is as before. */
static nn_status shuffle(nn_tensor *t, nn_rng *rng, nn_error *err)
{
    if (t->shape[0] < 2) return NN_OK;
    nn_rng before = *rng;
    nn_tensor first = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_select(&first, t, 0, 0, err));
    nn_walk row;
    size_t size = nn_dtype_size(t->dtype);
    char *data = nn_tensor_data(t);
    int64_t apart = t->stride[0] * (int64_t)size;
    int64_t elements = nn_tensor_numel(&first);
    nn_walk_start(&row, first.ndim, first.shape, 1, (const nn_tensor *[]){&first});
    int64_t i = t->shape[0] - 1;
    for (; i > 0 && !nn_cancelled_at(elements > 64 ? 0 : i); i--) {
        int64_t j = (int64_t)nn_rng_below_or_at(rng, (uint64_t)i);
        if (i != j) swap_rows(&row, data + i * apart, data + j * apart, size);
    }
    nn_tensor_release(&first);
    if (i <= 0) return NN_OK;
    *rng = before;
    return nn_interrupted(err);
}

/* From so many rows or elements on a shuffle is done in a copy, where it can be given up. */
#define MANY_ROWS ((int64_t)1 << 22)
#define MANY_ELEMENTS ((int64_t)1 << 26)

nn_status nn_tensor_shuffle(nn_tensor *t, nn_rng *rng, nn_error *err)
{
    nn_tensor aside = NN_TENSOR_EMPTY;
    if (t->ndim == 0) return nn_fail(err, NN_ESHAPE, 1, "a 0-dim tensor has no rows to shuffle");
    if (nn_tensor_is_expanded(t))
        return nn_fail(err, NN_EVALUE, 1, "an expanded tensor cannot be shuffled; clone it");
    nn_status status = NN_OK;
    if (t->shape[0] >= MANY_ROWS || nn_tensor_numel(t) >= MANY_ELEMENTS)
        status = nn_tensor_clone(&aside, t, err);
    if (aside.storage) {
        status = shuffle(&aside, rng, err);
        if (status == NN_OK) status = nn_tensor_copy(t, &aside, err);
        nn_tensor_release(&aside);
    } else if (status != NN_EINTERRUPTED) { /* a small one, or no memory for a copy */
        nn_cancel_hold();
        status = shuffle(t, rng, err);
        nn_cancel_release();
    }
    return status;
}

nn_status nn_tensor_randperm(nn_tensor *out, int64_t n, nn_rng *rng, nn_error *err)
{
    if (n < 0) return nn_fail(err, NN_EVALUE, 1, "negative length %" PRId64, n);
    NN_TRY(nn_tensor_arange(out, NN_INT64, 1, (double)n + 1, 1, err));
    nn_status status = shuffle(out, rng, err);
    if (status != NN_OK) nn_tensor_release(out);
    return status;
}
