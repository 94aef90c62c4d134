/*
** shape.c - checked products, broadcasting and the text of a shape
*/
#include "tensor/shape.h"

#include <inttypes.h>
#include <stdio.h>

nn_shape_text nn_shape_name(int ndim, const int64_t *shape)
{
    nn_shape_text name;
    size_t used = 0, room = sizeof name.text;
    used += (size_t)snprintf(name.text, room, "[");
    for (int d = 0; d < ndim; d++)
        used +=
            (size_t)snprintf(name.text + used, room - used, d ? ",%" PRId64 : "%" PRId64, shape[d]);
    snprintf(name.text + used, room - used, "]");
    return name;
}

nn_status nn_shape_numel(int ndim, const int64_t *shape, int64_t *numel, nn_error *err)
{
    int64_t product = 1;
    bool empty = false;
    for (int d = 0; d < ndim; d++) {
        if (shape[d] < 0)
            return nn_fail(err, NN_ESHAPE, 0, "negative size %" PRId64 " in shape %s", shape[d],
                           nn_shape_name(ndim, shape).text);
        empty = empty || shape[d] == 0;
        if (shape[d] == 0) continue;
        if (product > INT64_MAX / shape[d])
            return nn_fail(err, NN_ESHAPE, 0, "shape %s has too many elements",
                           nn_shape_name(ndim, shape).text);
        product *= shape[d];
    }
    *numel = empty ? 0 : product;
    return NN_OK;
}

void nn_shape_strides(int ndim, const int64_t *shape, int64_t *stride)
{
    int64_t step = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        stride[d] = step;
        step *= shape[d] > 0 ? shape[d] : 1;
    }
}

nn_status nn_shape_broadcast(int a_ndim, const int64_t *a, int b_ndim, const int64_t *b,
                             int *out_ndim, int64_t *out, nn_error *err)
{
    int ndim = a_ndim > b_ndim ? a_ndim : b_ndim;
    for (int d = 0; d < ndim; d++) {
        int ad = a_ndim - ndim + d, bd = b_ndim - ndim + d;
        int64_t an = ad < 0 ? 1 : a[ad], bn = bd < 0 ? 1 : b[bd];
        if (an != bn && an != 1 && bn != 1)
            return nn_fail(err, NN_ESHAPE, 2, "shapes %s and %s do not broadcast",
                           nn_shape_name(a_ndim, a).text, nn_shape_name(b_ndim, b).text);
        out[d] = an == 1 ? bn : an;
    }
    *out_ndim = ndim;
    return NN_OK;
}

bool nn_shape_equal(int a_ndim, const int64_t *a, int b_ndim, const int64_t *b)
{
    if (a_ndim != b_ndim) return false;
    for (int d = 0; d < a_ndim; d++)
        if (a[d] != b[d]) return false;
    return true;
}
