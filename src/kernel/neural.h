/*
** neural.h - kernels of activations, softmax, losses, penalties and dropout
**
** All arrays are contiguous. An output may be one of the inputs of the same
** size (same address); otherwise outputs overlap nothing. A caller cuts the
** work into blocks and calls a kernel once per block. Sums that a kernel
** returns are kept in double, over 8 lanes or row after row, in an order that
** depends on the block alone. n, rows and classes may be 0.
**
** Tables are indexed by nn_k_type and NULL for what is not a float. Types
** below: T is the element type of the table's column. Shape letters: N rows,
** C classes. The naive twins are in ref_neural.c.
*/
#ifndef NN_KERNEL_NEURAL_H
#define NN_KERNEL_NEURAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/isa.h"

/* y = f(x) and f'(x); p and q are the parameters of the formula. */
typedef enum nn_k_activation {
    NN_K_RELU,        /* max(x,0); f' = 0 where x <= 0, else 1 */
    NN_K_LEAKY_RELU,  /* x > 0 ? x : p*x; f' = x > 0 ? 1 : p */
    NN_K_SOFTPLUS,    /* log(1 + exp(p*x))/p, and x where p*x > q; f' = sigmoid(p*x), or 1 */
    NN_K_GELU,        /* x*Phi(x), Phi(x) = (1 + erf(x/sqrt 2))/2; f' = Phi(x) + x*Phi'(x) */
    NN_K_GELU_TANH,   /* x*(1 + tanh u)/2, u = sqrt(2/pi)*(x + 0.044715*x^3) */
    NN_K_ELU,         /* x > 0 ? x : p*(exp(x) - 1); f' = x > 0 ? 1 : p*exp(x) */
    NN_K_FROM_OUTPUT, /* from here on f' is computed from y, and y itself by arith.h */
    NN_K_SIGMOID_Y = NN_K_FROM_OUTPUT, /* f' = y*(1 - y) */
    NN_K_TANH_Y,                       /* f' = 1 - y^2 */
    NN_K_ACTIVATIONS
} nn_k_activation;

/* y = f(x). A NaN stays NaN. */
typedef void nn_k_activate(void *y, const void *x, int64_t n, double p, double q);
/* dx = dy * f', from s: x, or y for the activations from NN_K_FROM_OUTPUT on. */
typedef void nn_k_activate_back(void *dx, const void *dy, const void *s, int64_t n, double p,
                                double q);

/* y[r] = exp(x[r] - max x[r]) / sum, or the logarithm of that; x, y: (rows,n). */
typedef void nn_k_softmax(void *y, const void *x, int64_t rows, int64_t n);
/* softmax: dx = y*(dy - sum(dy*y)); log-softmax: dx = dy - exp(y)*sum(dy). */
typedef void nn_k_softmax_back(void *dx, const void *dy, const void *y, int64_t rows, int64_t n);

/* A loss over rows of classes: the operands of the whole problem. */
typedef struct nn_k_class_problem {
    const void *x;        /* T (N,C): logits z, or probabilities p */
    const int64_t *label; /* (N), each 1..C, or 0: the row does not count; NULL: target is used */
    const void *target;   /* T (N,C); NULL: label is used, as the row that is 1 at it, else 0 */
    const double *weight; /* (C); NULL: all 1. Not of summed_bce */
    double smoothing;     /* 0..1, how much of a target goes evenly to all classes; cross-entropy */
    double margin;        /* multi_margin */
    bool squared;         /* the same */
    int64_t classes;      /* C */
    double scale;         /* factor of the gradient */
    void *dx;             /* T (N,C) out: the gradient of the sum of the losses, times scale */
    void *each;           /* T (N) out: each row's loss; NULL: not wanted */
} nn_k_class_problem;

/* Handles rows first .. first+rows-1 and returns the sum of their losses. */
typedef double nn_k_class_loss(const nn_k_class_problem *problem, int64_t first, int64_t rows);

/* How many of the rows first .. first+rows-1 of scores (N,classes) have their largest score, the
** first of equal ones (a NaN is larger than all), at their label. */
typedef int64_t nn_k_correct(const void *scores, const int64_t *label, int64_t first, int64_t rows,
                             int64_t classes);

/* A loss between elements; the gradient is with respect to x. */
typedef enum nn_k_pair_op {
    NN_K_MSE,       /* (x-y)^2 */
    NN_K_L1,        /* |x-y|; gradient sign(x-y) */
    NN_K_HUBER,     /* d = |x-y|: d^2/2 where d < p, else p*(d - p/2) */
    NN_K_SMOOTH_L1, /* d = |x-y|: d^2/(2p) where d < p, else d - p/2; p > 0 */
    NN_K_KL,        /* y*(log y - x), 0 where y is 0; gradient -y */
    NN_K_KL_LOG,    /* exp(y)*(y - x) */
    NN_K_MARGIN,    /* max(0, p - y*x); gradient -y where p - y*x >= 0 */
    NN_K_HINGE,     /* y is 1 or -1: x, or max(0, p - x), whose gradient is -1 where p - x >= 0 */
    NN_K_BCE,       /* -y*log x - (1-y)*log(1-x), logs >= -100; (x-y)/max(x(1-x), 1e-12f) */
    NN_K_BCE_LOGIT, /* (1-y)*x + (1 + (w-1)*y)*log(1 + exp(-x)); w is 1 without weights */
    NN_K_PAIR_OPS
} nn_k_pair_op;

/* dx = gradient * scale; each (NULL: not wanted) = the losses; returns their sum. w: weights of
** NN_K_BCE_LOGIT, or NULL. */
typedef double nn_k_pair_loss(void *each, void *dx, const void *x, const void *y, const void *w,
                              int64_t n, double p, double scale);

typedef enum nn_k_penalty_op {
    NN_K_PENALTY_L2, /* returns sum w^2, dw = scale*w */
    NN_K_PENALTY_L1, /* returns sum |w|, dw = scale*sign(w) */
    NN_K_PENALTY_OPS
} nn_k_penalty_op;
typedef double nn_k_penalty(void *dw, const void *w, int64_t n, double scale);

/* y = keep ? x*scale : 0. */
typedef void nn_k_mask(void *y, const void *x, const uint8_t *keep, int64_t n, double scale);

/* z[r] += b; z: (rows,n), b: (n). */
typedef void nn_k_add_row(void *z, const void *b, int64_t rows, int64_t n);

/* The first i with x[i] < low or x[i] > high, or n. A NaN is not outside. */
typedef int64_t nn_k_outside(const void *x, int64_t n, double low, double high);

typedef struct nn_k_neural {
    nn_k_activate *activate[NN_K_FROM_OUTPUT][NN_K_TYPES];
    nn_k_activate_back *activate_back[NN_K_ACTIVATIONS][NN_K_TYPES];
    nn_k_softmax *softmax[NN_K_TYPES];
    nn_k_softmax *log_softmax[NN_K_TYPES];
    nn_k_softmax_back *softmax_back[NN_K_TYPES];
    nn_k_softmax_back *log_softmax_back[NN_K_TYPES];
    /* -sum q*log softmax(z), q = weight * the smoothed target (of a label: the label's weight for
    ** the unsmoothed part, as PyTorch); dz = softmax(z)*sum(q) - q. */
    nn_k_class_loss *cross_entropy[NN_K_TYPES];
    /* -sum [y*log p + (1-y)*log(1-p)], a term with factor 0 being 0; dp = (1-y)/(1-p) - y/p. */
    nn_k_class_loss *summed_bce[NN_K_TYPES];
    /* -weight[y]*x[y], x being log-probabilities. Labels only. */
    nn_k_class_loss *nll[NN_K_TYPES];
    /* weight[y]/C * sum over j != y of max(0, margin - x[y] + x[j]), perhaps squared. The same. */
    nn_k_class_loss *multi_margin[NN_K_TYPES];
    nn_k_correct *correct[NN_K_TYPES];
    nn_k_pair_loss *pair_loss[NN_K_PAIR_OPS][NN_K_TYPES];
    nn_k_penalty *penalty[NN_K_PENALTY_OPS][NN_K_TYPES];
    nn_k_mask *mask[NN_K_TYPES];
    nn_k_add_row *add_row[NN_K_TYPES];
    nn_k_outside *outside[NN_K_TYPES]; /* int64 has it, too */
} nn_k_neural;

#endif
