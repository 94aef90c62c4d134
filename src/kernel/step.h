/*
** step.h - kernels of optimizer steps: parameter and state updated in one pass
**
** A kernel sees one block of one parameter: a[0] is the parameter p, a[1] its
** gradient g, a[2] and on its buffers in the order given below; all are
** contiguous and of one type, and overlap nothing (g may be p). A buffer in
** brackets may be NULL: the step then goes without it. n may be 0. Tables are
** indexed by nn_k_type and NULL for what is not a float.
**
** Coefficients are doubles only, so that a name's place in its struct is its
** place in a list of numbers (nn/optimizer.c). All have
**
**   sign   1, or -1 to climb: g = sign*g
**   decay  then g = g + decay*p; 0 leaves g alone
**
** Formulas and the order of their operations: PyTorch 1.13, torch/optim; Lion:
** Chen et al. 2023, algorithm 2. The naive twins are in ref_step.c.
*/
#ifndef NN_KERNEL_STEP_H
#define NN_KERNEL_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/isa.h"

#define NN_K_STEP_BUFFERS 3 /* at most */

/* Buffers [b]: b = momentum*b + (1-dampening)*g (first: b = g), then g = b, or with nesterov
** g + momentum*b. p = p - lr*g. */
typedef struct nn_k_sgd {
    double sign, decay, lr, momentum, dampening;
    double nesterov; /* 0 or 1 */
    double first;    /* 1: b holds nothing yet */
} nn_k_sgd;

/* Buffers m, v, [w]: p = kept*p; m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g^2;
** w = max(w, v), then v = w; p = p - (m_size*m + g_size*g)/(sqrt(v)/v_correction + eps). */
typedef struct nn_k_adam {
    double sign, decay, kept, beta1, beta2, eps;
    double m_size, g_size; /* g_size: NAdam's look ahead; 0 for the others */
    double v_correction;   /* sqrt(1 - beta2^step) */
} nn_k_adam;

/* Buffers v, [m], [b]: v = alpha*v + (1-alpha)*g^2; m = alpha*m + (1-alpha)*g, and m^2 is taken
** from v below; g = g/(sqrt(v) + eps); b = momentum*b + g, then g = b; p = p - lr*g. */
typedef struct nn_k_rmsprop {
    double sign, decay, lr, alpha, eps, momentum;
} nn_k_rmsprop;

/* Buffer s: s = s + g^2; p = p - lr*g/(sqrt(s) + eps). */
typedef struct nn_k_adagrad {
    double sign, decay, lr, eps;
} nn_k_adagrad;

/* Buffers v, u: v = rho*v + (1-rho)*g^2; d = g*sqrt(u + eps)/sqrt(v + eps);
** u = rho*u + (1-rho)*d^2; p = p - lr*d. */
typedef struct nn_k_adadelta {
    double sign, decay, lr, rho, eps;
} nn_k_adadelta;

/* Buffers q (the gradient before), s: where g*q > 0 s = min(plus*s, most), where g*q < 0
** s = max(minus*s, least) and g = 0; p = p - sign(g)*s; q = g. */
typedef struct nn_k_rprop {
    double sign, decay, minus, plus, least, most;
} nn_k_rprop;

/* Buffer m: p = kept*p - lr*sign(beta1*m + (1-beta1)*g); m = beta2*m + (1-beta2)*g. */
typedef struct nn_k_lion {
    double sign, decay, kept, lr, beta1, beta2;
} nn_k_lion;

typedef enum nn_k_step_op {
    NN_K_SGD,
    NN_K_ADAM,
    NN_K_RMSPROP,
    NN_K_ADAGRAD,
    NN_K_ADADELTA,
    NN_K_RPROP,
    NN_K_LION,
    NN_K_STEP_OPS
} nn_k_step_op;

/* coefficients: the op's struct above. */
typedef void nn_k_step(void *const *a, int64_t n, const void *coefficients);

typedef struct nn_k_steps {
    nn_k_step *step[NN_K_STEP_OPS][NN_K_TYPES];
} nn_k_steps;

#endif
