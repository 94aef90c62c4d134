/*
** operand.h - the checks that every primitive makes of its operands
**
** `arg` is the operand's argument number and `name` its name, as the message
** gives them: "dy is [3] but x is [4]".
*/
#ifndef NN_NN_OPERAND_H
#define NN_NN_OPERAND_H

#include "tensor/tensor.h"

typedef struct nn_operand {
    const nn_tensor *tensor;
    int arg;
    const char *name;
} nn_operand;

/* float32 or float64; NN_EDTYPE. */
nn_status nn_check_float(nn_operand t, nn_error *err);

/* The same dtype as `other`'s; NN_EDTYPE blames t. */
nn_status nn_check_dtype(nn_operand t, nn_operand other, nn_error *err);

/* The same dtype and shape as `other`'s; NN_EDTYPE or NN_ESHAPE blames t. */
nn_status nn_check_like(nn_operand t, nn_operand other, nn_error *err);

/* Every element of t, contiguous and float, lies in low..high or is NaN; NN_EVALUE names the
** first that does not by its indices, which count from 1. */
nn_status nn_check_range(nn_operand t, double low, double high, nn_error *err);

#endif
