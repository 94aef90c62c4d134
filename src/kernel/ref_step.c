/*
** ref_step.c - the naive twins of the optimizer steps (kernel/step.h)
**
** Each element is taken through its formula in double and rounded where it is
** stored.
*/
#include "kernel/step.h"

#include <math.h>
#include <stddef.h>

#define NN_ISA ref

static double sign_of(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

static double larger(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

/* One element: p, its gradient after sign and decay, and its buffers; what is not there is NULL. */
typedef void one_step(double *p, double g, double *const *b, const void *coefficients);

static void sgd(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_sgd *o = coefficients;
    double d = g;
    if (b[0]) {
        *b[0] = o->first != 0 ? g : o->momentum * *b[0] + (1 - o->dampening) * g;
        d = o->nesterov != 0 ? g + o->momentum * *b[0] : *b[0];
    }
    *p -= o->lr * d;
}

static void adam(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_adam *o = coefficients;
    double m = *b[0] = o->beta1 * *b[0] + (1 - o->beta1) * g;
    double v = *b[1] = o->beta2 * *b[1] + (1 - o->beta2) * g * g;
    if (b[2]) v = *b[2] = larger(*b[2], v);
    *p = *p * o->kept - (o->m_size * m + o->g_size * g) / (sqrt(v) / o->v_correction + o->eps);
}

static void rmsprop(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_rmsprop *o = coefficients;
    double v = *b[0] = o->alpha * *b[0] + (1 - o->alpha) * g * g;
    if (b[1]) {
        *b[1] = o->alpha * *b[1] + (1 - o->alpha) * g;
        v -= *b[1] * *b[1];
    }
    double d = g / (sqrt(v) + o->eps);
    if (b[2]) d = *b[2] = o->momentum * *b[2] + d;
    *p -= o->lr * d;
}

static void adagrad(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_adagrad *o = coefficients;
    *b[0] += g * g;
    *p -= o->lr * g / (sqrt(*b[0]) + o->eps);
}

static void adadelta(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_adadelta *o = coefficients;
    *b[0] = o->rho * *b[0] + (1 - o->rho) * g * g;
    double d = g * sqrt(*b[1] + o->eps) / sqrt(*b[0] + o->eps);
    *b[1] = o->rho * *b[1] + (1 - o->rho) * d * d;
    *p -= o->lr * d;
}

static void rprop(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_rprop *o = coefficients;
    double turn = g * *b[0];
    if (turn > 0) *b[1] *= o->plus;
    if (turn < 0) *b[1] *= o->minus;
    if (isnan(turn)) *b[1] = NAN;
    if (*b[1] < o->least) *b[1] = o->least;
    if (*b[1] > o->most) *b[1] = o->most;
    *b[0] = turn < 0 ? 0 : g;
    *p -= sign_of(*b[0]) * *b[1];
}

static void lion(double *p, double g, double *const *b, const void *coefficients)
{
    const nn_k_lion *o = coefficients;
    *p = *p * o->kept - o->lr * sign_of(o->beta1 * *b[0] + (1 - o->beta1) * g);
    *b[0] = o->beta2 * *b[0] + (1 - o->beta2) * g;
}

/* Every struct of coefficients begins with these. */
typedef struct common {
    double sign, decay;
} common;

#define DEFINE_ALL_ELEMENTS(suffix, type)                                                          \
    static void all_elements_##suffix(one_step *step, void *const *a, int64_t n,                   \
                                      const void *coefficients)                                    \
    {                                                                                              \
        const common *o = coefficients;                                                            \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double p = (double)((type *)a[0])[i], g = o->sign * (double)((type *)a[1])[i];         \
            double value[NN_K_STEP_BUFFERS] = {0}, *b[NN_K_STEP_BUFFERS] = {NULL};                 \
            for (int k = 0; k < NN_K_STEP_BUFFERS; k++) {                                          \
                if (!a[2 + k]) continue;                                                           \
                value[k] = (double)((type *)a[2 + k])[i];                                          \
                b[k] = &value[k];                                                                  \
            }                                                                                      \
            step(&p, o->decay != 0 ? g + o->decay * p : g, b, coefficients);                       \
            ((type *)a[0])[i] = (type)p;                                                           \
            for (int k = 0; k < NN_K_STEP_BUFFERS; k++)                                            \
                if (b[k]) ((type *)a[2 + k])[i] = (type)value[k];                                  \
        }                                                                                          \
    }
DEFINE_ALL_ELEMENTS(f32, float)
DEFINE_ALL_ELEMENTS(f64, double)

#define DEFINE_STEP(op)                                                                            \
    static void op##_f32(void *const *a, int64_t n, const void *coefficients)                      \
    {                                                                                              \
        all_elements_f32(op, a, n, coefficients);                                                  \
    }                                                                                              \
    static void op##_f64(void *const *a, int64_t n, const void *coefficients)                      \
    {                                                                                              \
        all_elements_f64(op, a, n, coefficients);                                                  \
    }
DEFINE_STEP(sgd)
DEFINE_STEP(adam)
DEFINE_STEP(rmsprop)
DEFINE_STEP(adagrad)
DEFINE_STEP(adadelta)
DEFINE_STEP(rprop)
DEFINE_STEP(lion)

#include "kernel/step_table.inc"
