/*
** activation.c - activations in blocks
*/
#include "nn/activation.h"

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "tensor/copy.h"

typedef struct job {
    nn_k_activate *activate;
    nn_k_activate_back *back;
    const nn_tensor *out, *dy, *s;
    double p, q;
} job;

static void activate_block(void *context, int64_t first, int64_t n)
{
    const job *j = context;
    j->activate(nn_element(j->out, first), nn_element(j->s, first), n, j->p, j->q);
}

static void back_block(void *context, int64_t first, int64_t n)
{
    const job *j = context;
    j->back(nn_element(j->out, first), nn_element(j->dy, first), nn_element(j->s, first), n, j->p,
            j->q);
}

static int64_t block_size(nn_k_activation op)
{
    bool cheap = op == NN_K_RELU || op == NN_K_LEAKY_RELU || op >= NN_K_FROM_OUTPUT;
    return cheap ? NN_K_BLOCK : NN_BLOCK_MATH;
}

/* options: the argument number of the options table. */
static nn_status check_parameters(nn_k_activation op, double p, int options, nn_error *err)
{
    if (op != NN_K_SOFTPLUS || p > 0) return NN_OK;
    return nn_fail(err, NN_EVALUE, options, "beta is %g, expected a positive number", p);
}

nn_status nn_activate(nn_tensor *y, nn_k_activation op, const nn_tensor *x, double p, double q,
                      nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    NN_TRY(nn_check_float((nn_operand){x, 1, "x"}, err));
    NN_TRY(check_parameters(op, p, 2, err));
    NN_TRY(nn_tensor_contiguous(&plain, x, x->dtype, err));
    nn_status status = nn_tensor_like(y, x, x->dtype, err);
    if (status == NN_OK) {
        job j = {nn_k()->neural->activate[op][x->dtype], NULL, y, NULL, &plain, p, q};
        status = nn_blocks_each(nn_tensor_numel(x), block_size(op), activate_block, &j, err);
    }
    if (status != NN_OK) nn_tensor_release(y);
    nn_tensor_release(&plain);
    return status;
}

nn_status nn_activate_back(nn_tensor *dx, nn_k_activation op, const nn_tensor *dy,
                           const nn_tensor *s, double p, double q, nn_error *err)
{
    nn_tensor plain_dy = NN_TENSOR_EMPTY, plain_s = NN_TENSOR_EMPTY;
    nn_operand operand = {s, 2, op < NN_K_FROM_OUTPUT ? "x" : "y"};
    NN_TRY(nn_check_float(operand, err));
    NN_TRY(nn_check_like((nn_operand){dy, 1, "dy"}, operand, err));
    NN_TRY(check_parameters(op, p, 3, err));
    nn_status status = nn_tensor_contiguous(&plain_dy, dy, dy->dtype, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain_s, s, s->dtype, err);
    if (status == NN_OK) status = nn_tensor_like(dx, s, s->dtype, err);
    if (status == NN_OK) {
        job j = {NULL, nn_k()->neural->activate_back[op][s->dtype], dx, &plain_dy, &plain_s, p, q};
        status = nn_blocks_each(nn_tensor_numel(s), block_size(op), back_block, &j, err);
    }
    if (status != NN_OK) nn_tensor_release(dx);
    nn_tensor_release(&plain_s);
    nn_tensor_release(&plain_dy);
    return status;
}
