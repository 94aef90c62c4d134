/*
** operand.c - operand checks and their messages
*/
#include "nn/operand.h"

#include "kernel/dispatch.h"

nn_status nn_check_float(nn_operand t, nn_error *err)
{
    if (nn_dtype_is_float(t.tensor->dtype)) return NN_OK;
    return nn_fail(err, NN_EDTYPE, t.arg, "%s is %s, expected float32 or float64", t.name,
                   nn_dtype_name(t.tensor->dtype));
}

nn_status nn_check_dtype(nn_operand t, nn_operand other, nn_error *err)
{
    if (t.tensor->dtype == other.tensor->dtype) return NN_OK;
    return nn_fail(err, NN_EDTYPE, t.arg, "%s is %s but %s is %s", t.name,
                   nn_dtype_name(t.tensor->dtype), other.name, nn_dtype_name(other.tensor->dtype));
}

nn_status nn_check_like(nn_operand t, nn_operand other, nn_error *err)
{
    if (!nn_tensor_same_shape(t.tensor, other.tensor))
        return nn_fail(err, NN_ESHAPE, t.arg, "%s is %s but %s is %s", t.name,
                       nn_tensor_shape_name(t.tensor).text, other.name,
                       nn_tensor_shape_name(other.tensor).text);
    return nn_check_dtype(t, other, err);
}

/* "[2,3]": where element i of a contiguous tensor stands. */
static nn_shape_text index_name(const nn_tensor *t, int64_t i)
{
    int64_t index[NN_MAX_RANK];
    for (int d = t->ndim - 1; d >= 0; d--) {
        index[d] = i % t->shape[d] + 1;
        i /= t->shape[d];
    }
    return nn_shape_name(t->ndim, index);
}

nn_status nn_check_range(nn_operand t, double low, double high, nn_error *err)
{
    int64_t n = nn_tensor_numel(t.tensor);
    int64_t i = nn_k()->neural->outside[t.tensor->dtype](nn_tensor_data(t.tensor), n, low, high);
    if (i == n) return NN_OK;
    return nn_fail(err, NN_EVALUE, t.arg, "%s%s is %g, outside %g..%g", t.name,
                   t.tensor->ndim > 0 ? index_name(t.tensor, i).text : "",
                   nn_tensor_get(t.tensor, i), low, high);
}
