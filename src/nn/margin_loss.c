/*
** margin_loss.c - each a pair loss whose targets are signs
*/
#include "nn/margin_loss.h"

#include "nn/pair_loss.h"
#include "tensor/copy.h"

static nn_status check_signs(const nn_tensor *y, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_contiguous(&plain, y, NN_FLOAT64, err));
    const double *sign = nn_tensor_data(&plain);
    int64_t n = nn_tensor_numel(&plain), i = 0;
    while (i < n && (sign[i] == 1 || sign[i] == -1)) i++;
    nn_status status = NN_OK;
    if (i < n)
        status = nn_fail(err, NN_EVALUE, 2, "element %g of y is %g, expected 1 or -1",
                         (double)(i + 1), sign[i]);
    nn_tensor_release(&plain);
    return status;
}

static nn_status signed_loss(nn_tensor *loss, nn_tensor *dx, nn_k_pair_op op, const nn_tensor *x,
                             const nn_tensor *y, double margin, nn_loss_reduction reduction,
                             nn_error *err)
{
    NN_TRY(check_signs(y, err));
    return nn_pair_loss(loss, dx, op, (nn_operand){x, 1, "x"}, y, NULL, margin, reduction, err);
}

nn_status nn_margin_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x, const nn_tensor *y,
                         double margin, nn_loss_reduction reduction, nn_error *err)
{
    return signed_loss(loss, dx, NN_K_MARGIN, x, y, margin, reduction, err);
}

nn_status nn_hinge_embedding_loss(nn_tensor *loss, nn_tensor *dx, const nn_tensor *x,
                                  const nn_tensor *y, double margin, nn_loss_reduction reduction,
                                  nn_error *err)
{
    return signed_loss(loss, dx, NN_K_HINGE, x, y, margin, reduction, err);
}
