/*
** view.c - views: each function computes new sizes and strides, then retains
**
** The result is built aside in `v` and handed over at the end, so out stays
** empty on failure.
*/
#include "tensor/view.h"

#include <inttypes.h>

#include "tensor/copy.h"

nn_status nn_dim_check(int64_t dim, int ndim, int *out, nn_error *err)
{
    *out = 0;
    if (dim < -ndim || dim >= ndim)
        return nn_fail(err, NN_EVALUE, 2, "dimension %" PRId64 " of a tensor of rank %d",
                       dim < 0 ? dim : dim + 1, ndim);
    *out = (int)(dim < 0 ? dim + ndim : dim);
    return NN_OK;
}

/* Starts v at index i of a dimension. An empty tensor stays where it is: its indices may lead
** beyond any address. */
static void advance(nn_tensor *v, int dim, int64_t i)
{
    if (nn_tensor_numel(v) > 0) v->offset += i * v->stride[dim];
}

static void drop_dim(nn_tensor *v, int dim)
{
    for (int d = dim; d + 1 < v->ndim; d++) {
        v->shape[d] = v->shape[d + 1];
        v->stride[d] = v->stride[d + 1];
    }
    v->ndim--;
}

/* Fills in the one size that may be -1 and checks the element count. */
static nn_status infer_shape(const nn_tensor *t, int ndim, const int64_t *asked, int64_t *shape,
                             nn_error *err)
{
    int64_t numel = nn_tensor_numel(t), known;
    int unknown = -1;
    if (ndim > NN_MAX_RANK)
        return nn_fail(err, NN_ESHAPE, 2, "rank %d is above the maximum of %d", ndim, NN_MAX_RANK);
    for (int d = 0; d < ndim; d++) {
        shape[d] = asked[d];
        if (asked[d] != -1) continue;
        if (unknown >= 0)
            return nn_fail(err, NN_ESHAPE, 2, "only one size of %s may be -1",
                           nn_shape_name(ndim, asked).text);
        unknown = d;
        shape[d] = 1;
    }
    NN_TRY(nn_shape_numel(ndim, shape, &known, err));
    if (unknown >= 0 && known > 0 && numel % known == 0) {
        shape[unknown] = numel / known;
        known = numel;
    }
    if (known != numel)
        return nn_fail(err, NN_ESHAPE, 2, "%" PRId64 " elements of shape %s do not make %s", numel,
                       nn_tensor_shape_name(t).text, nn_shape_name(ndim, asked).text);
    return NN_OK;
}

/* Finds strides that show t's elements under the new shape, if there are any. Dimensions of t
** that lie without gaps in one another form a block; each block must be a product of new sizes. */
static bool strides_for(const nn_tensor *t, int ndim, const int64_t *shape, int64_t *stride)
{
    nn_tensor old = *t;
    int left = ndim; /* new dimensions that still want a stride, counted from the right */
    nn_shape_strides(ndim, shape, stride);
    if (nn_tensor_numel(t) == 0) return true;
    for (int d = old.ndim - 1; d >= 0; d--)
        if (old.shape[d] == 1) drop_dim(&old, d);
    for (int d = old.ndim - 1; d >= 0; d--) {
        int64_t block = old.shape[d], step = old.stride[d], covered = 1;
        while (d > 0 && old.stride[d - 1] == block * step) block *= old.shape[--d];
        while (left > 0 && covered < block) {
            left--;
            stride[left] = covered * step;
            covered *= shape[left];
        }
        if (covered != block) return false;
    }
    /* What is left has size 1: its strides are never used. */
    return true;
}

nn_status nn_tensor_view(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *shape,
                         nn_error *err)
{
    nn_tensor v = *t;
    NN_TRY(infer_shape(t, ndim, shape, v.shape, err));
    v.ndim = ndim;
    if (!strides_for(t, ndim, v.shape, v.stride))
        return nn_fail(err, NN_ESHAPE, 1,
                       "a tensor of shape %s with these strides has no view of "
                       "shape %s; use reshape",
                       nn_tensor_shape_name(t).text, nn_shape_name(ndim, v.shape).text);
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_reshape(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *shape,
                            nn_error *err)
{
    int64_t full[NN_MAX_RANK], stride[NN_MAX_RANK];
    nn_tensor copy = NN_TENSOR_EMPTY;
    NN_TRY(infer_shape(t, ndim, shape, full, err));
    if (strides_for(t, ndim, full, stride)) return nn_tensor_view(out, t, ndim, full, err);
    NN_TRY(nn_tensor_clone(&copy, t, err));
    nn_status status = nn_tensor_view(out, &copy, ndim, full, err);
    nn_tensor_release(&copy);
    return status;
}

nn_status nn_tensor_transpose(nn_tensor *out, const nn_tensor *t, int64_t a, int64_t b,
                              nn_error *err)
{
    nn_tensor v = *t;
    int i, j;
    NN_TRY(nn_dim_check(a, t->ndim, &i, err));
    if (nn_dim_check(b, t->ndim, &j, err) != NN_OK) {
        err->arg = 3;
        return err->code;
    }
    v.shape[i] = t->shape[j];
    v.shape[j] = t->shape[i];
    v.stride[i] = t->stride[j];
    v.stride[j] = t->stride[i];
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_permute(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *dims,
                            nn_error *err)
{
    nn_tensor v = *t;
    bool seen[NN_MAX_RANK] = {false};
    if (ndim != t->ndim)
        return nn_fail(err, NN_ESHAPE, 2, "%d dimensions given for a tensor of rank %d", ndim,
                       t->ndim);
    for (int d = 0; d < ndim; d++) {
        int from;
        NN_TRY(nn_dim_check(dims[d], ndim, &from, err));
        if (seen[from]) return nn_fail(err, NN_EVALUE, 2, "dimension %d is named twice", from + 1);
        seen[from] = true;
        v.shape[d] = t->shape[from];
        v.stride[d] = t->stride[from];
    }
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_squeeze(nn_tensor *out, const nn_tensor *t, int64_t dim, nn_error *err)
{
    nn_tensor v = *t;
    int d;
    NN_TRY(nn_dim_check(dim, t->ndim, &d, err));
    if (t->shape[d] == 1) drop_dim(&v, d);
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_squeeze_all(nn_tensor *out, const nn_tensor *t, nn_error *err)
{
    nn_tensor v = *t;
    (void)err;
    for (int d = v.ndim - 1; d >= 0; d--)
        if (v.shape[d] == 1) drop_dim(&v, d);
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_unsqueeze(nn_tensor *out, const nn_tensor *t, int64_t dim, nn_error *err)
{
    nn_tensor v = *t;
    int at;
    if (t->ndim == NN_MAX_RANK)
        return nn_fail(err, NN_ESHAPE, 1, "rank is already the maximum of %d", NN_MAX_RANK);
    NN_TRY(nn_dim_check(dim, t->ndim + 1, &at, err));
    v.ndim++;
    for (int d = v.ndim - 1; d > at; d--) {
        v.shape[d] = t->shape[d - 1];
        v.stride[d] = t->stride[d - 1];
    }
    v.stride[at] = at < t->ndim ? t->shape[at] * t->stride[at] : 1;
    v.shape[at] = 1;
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_expand(nn_tensor *out, const nn_tensor *t, int ndim, const int64_t *shape,
                           nn_error *err)
{
    nn_tensor v = *t;
    int lead = ndim - t->ndim;
    if (ndim > NN_MAX_RANK || lead < 0)
        return nn_fail(err, NN_ESHAPE, 2, "shape %s does not expand to rank %d",
                       nn_tensor_shape_name(t).text, ndim);
    v.ndim = ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t own = d < lead ? 1 : t->shape[d - lead];
        int64_t size = shape[d] == -1 && d >= lead ? own : shape[d];
        if (size < 0 || (own != 1 && own != size))
            return nn_fail(err, NN_ESHAPE, 2, "shape %s does not expand to %s",
                           nn_tensor_shape_name(t).text, nn_shape_name(ndim, shape).text);
        v.shape[d] = size;
        v.stride[d] = d < lead || (own == 1 && size != 1) ? 0 : t->stride[d - lead];
    }
    int64_t numel;
    NN_TRY(nn_shape_numel(ndim, v.shape, &numel, err));
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_select(nn_tensor *out, const nn_tensor *t, int64_t dim, int64_t i,
                           nn_error *err)
{
    nn_tensor v = *t;
    int d;
    NN_TRY(nn_dim_check(dim, t->ndim, &d, err));
    if (i < 0 || i >= t->shape[d])
        return nn_fail(err, NN_EVALUE, 2,
                       "index %" PRId64 " is outside 1..%" PRId64 " of dimension %d in shape %s",
                       i + 1, t->shape[d], d + 1, nn_tensor_shape_name(t).text);
    advance(&v, d, i);
    drop_dim(&v, d);
    nn_tensor_retain(out, &v);
    return NN_OK;
}

nn_status nn_tensor_slice(nn_tensor *out, const nn_tensor *t, int64_t dim, int64_t first,
                          int64_t count, int64_t step, nn_error *err)
{
    nn_tensor v = *t;
    int d;
    NN_TRY(nn_dim_check(dim, t->ndim, &d, err));
    int64_t size = t->shape[d];
    bool inside = first >= 0 && first < size;
    if (inside && count > 1 && step != 0) {
        uint64_t ahead = (uint64_t)(step > 0 ? size - 1 - first : first);
        uint64_t pace = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
        inside = (uint64_t)(count - 1) <= ahead / pace;
    }
    if (count < 0 || step == 0 || (count > 0 && !inside))
        return nn_fail(err, NN_EVALUE, 2,
                       "%" PRId64 " indices from %" PRId64 " in steps of %" PRId64
                       " are not all in 1..%" PRId64 ", dimension %d of shape %s",
                       count, first + 1, step, size, d + 1, nn_tensor_shape_name(t).text);
    v.shape[d] = count;
    advance(&v, d, first);
    if (count > 1) v.stride[d] *= step;
    nn_tensor_retain(out, &v);
    return NN_OK;
}
