/*
** cross_entropy.h - softmax cross-entropy of logits, with its gradient
**
** loss[n] = -sum_c q[n,c] * log softmax(z[n])[c],  dz = softmax(z)*sum_c q - q
** q: the target's weight for each class. With labels y and smoothing s
**   q[n,c] = (1-s)*w[y]*[c == y] + s/C*w[c],   mean: divided by sum_n w[y[n]];
** with rows y (one-hot or probabilities)
**   q[n,c] = w[c]*((1-s)*y[n,c] + s/C),        mean: divided by N.
** Shapes: z: (N,C); y: class_target.h; w: (C) or NULL (all 1), any float dtype.
** An ignored row has loss and gradient 0 and is not in a mean's divisor.
** A weighted mean whose weights sum to 0, and the mean of no rows, are NaN.
** Source: PyTorch 1.13, torch.nn.functional.cross_entropy.
** Fails: NN_ESHAPE, NN_EDTYPE, NN_EVALUE (label, smoothing), NN_EMEM. Twin:
** kernel/ref_neural.c.
*/
#ifndef NN_NN_CROSS_ENTROPY_H
#define NN_NN_CROSS_ENTROPY_H

#include "nn/class_target.h"
#include "nn/loss.h"

typedef struct nn_cross_entropy_options {
    const nn_tensor *weight; /* NULL: all classes count 1 */
    double label_smoothing;  /* 0..1 */
    int64_t ignore_index;    /* rows with this label do not count; NN_IGNORE_NONE */
    nn_loss_reduction reduction;
} nn_cross_entropy_options;

/* loss: 0-dim, or (N) for "none"; dz: (N,C). Errors about options blame argument 3. */
nn_status nn_softmax_cross_entropy(nn_tensor *loss, nn_tensor *dz, const nn_tensor *z,
                                   const nn_tensor *y, const nn_cross_entropy_options *options,
                                   nn_error *err);

/* The checked operands of one evaluation, for who runs the kernel over the rows himself
** (chain.c). begin looks at z's shape and dtype only; the kernel's problem lacks x, dx, each and
** the pointers to the target. */
typedef struct nn_cross_entropy_problem {
    nn_k_class_problem kernel;
    nn_class_target target;
    nn_tensor weight; /* what kernel.weight points into */
    double divisor;   /* of the mean */
} nn_cross_entropy_problem;

nn_status nn_cross_entropy_begin(nn_cross_entropy_problem *p, const nn_tensor *z,
                                 const nn_tensor *y, const nn_cross_entropy_options *options,
                                 nn_error *err);
void nn_cross_entropy_end(nn_cross_entropy_problem *p);

#endif
