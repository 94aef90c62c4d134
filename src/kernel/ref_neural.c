/*
** ref_neural.c - the naive twins of tuned/neural.c: textbook formulas, one element at a time
**
** Everything is computed in double from the definitions in neural.h and then
** rounded to the element type; no formula is shared with the tuned files, so
** that the tests compare two derivations. Sums are long double.
*/
#include "kernel/neural.h"

#include <math.h>
#include <stddef.h>

#define NN_ISA ref

static const double pi = 3.14159265358979323846;

static double sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

/* ---- Activations: the function and its derivative ---- */

static double relu(double x, double p, double q)
{
    (void)p, (void)q;
    return x <= 0 ? 0 : x;
}

static double relu_slope(double x, double p, double q)
{
    (void)p, (void)q;
    return x <= 0 ? 0 : 1;
}

static double leaky_relu(double x, double p, double q)
{
    (void)q;
    return x > 0 ? x : p * x;
}

static double leaky_relu_slope(double x, double p, double q)
{
    (void)q;
    return x > 0 ? 1 : p;
}

static double softplus(double x, double p, double q)
{
    return p * x > q ? x : log1p(exp(p * x)) / p;
}

static double softplus_slope(double x, double p, double q)
{
    return p * x > q ? 1 : sigmoid(p * x);
}

static double gelu(double x, double p, double q)
{
    (void)p, (void)q;
    return x * (1 + erf(x / sqrt(2))) / 2;
}

static double gelu_slope(double x, double p, double q)
{
    (void)p, (void)q;
    return (1 + erf(x / sqrt(2))) / 2 + x * exp(-x * x / 2) / sqrt(2 * pi);
}

static double gelu_tanh(double x, double p, double q)
{
    (void)p, (void)q;
    return x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * pow(x, 3)))) / 2;
}

static double gelu_tanh_slope(double x, double p, double q)
{
    (void)p, (void)q;
    double u = sqrt(2 / pi) * (x + 0.044715 * pow(x, 3));
    double slope_of_u = sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
    return (1 + tanh(u)) / 2 + x / 2 * pow(cosh(u), -2) * slope_of_u;
}

static double elu(double x, double p, double q)
{
    (void)q;
    return x <= 0 ? p * expm1(x) : x;
}

static double elu_slope(double x, double p, double q)
{
    (void)q;
    return x <= 0 ? p * exp(x) : 1;
}

static double sigmoid_slope(double y, double p, double q)
{
    (void)p, (void)q;
    return y * (1 - y);
}

static double tanh_slope(double y, double p, double q)
{
    (void)p, (void)q;
    return 1 - y * y;
}

/* ---- Losses between elements, and their derivatives by x; w: the weight, a: the parameter ---- */

static double mse(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return (x - y) * (x - y);
}

static double mse_slope(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return 2 * (x - y);
}

static double l1(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return fabs(x - y);
}

static double l1_slope(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return sign(x - y);
}

static double huber(double x, double y, double w, double a)
{
    double d = fabs(x - y);
    (void)w;
    return d < a ? d * d / 2 : a * (d - a / 2);
}

static double huber_slope(double x, double y, double w, double a)
{
    (void)w;
    return fmin(a, fabs(x - y)) * sign(x - y);
}

static double smooth_l1(double x, double y, double w, double a)
{
    return huber(x, y, w, a) / a;
}

static double smooth_l1_slope(double x, double y, double w, double a)
{
    return huber_slope(x, y, w, a) / a;
}

static double kl(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return y == 0 ? 0 : y * (log(y) - x);
}

static double kl_slope(double x, double y, double w, double a)
{
    (void)x, (void)w, (void)a;
    return -y;
}

static double kl_log(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return exp(y) * (y - x);
}

static double kl_log_slope(double x, double y, double w, double a)
{
    (void)x, (void)w, (void)a;
    return -exp(y);
}

static double margin(double x, double y, double w, double a)
{
    (void)w;
    return a - y * x < 0 ? 0 : a - y * x;
}

static double margin_slope(double x, double y, double w, double a)
{
    (void)w;
    return a - y * x < 0 ? 0 : -y;
}

static double hinge(double x, double y, double w, double a)
{
    (void)w;
    if (y > 0) return x;
    return a - x < 0 ? 0 : a - x;
}

static double hinge_slope(double x, double y, double w, double a)
{
    (void)w;
    if (y > 0) return 1;
    return a - x < 0 ? 0 : -1;
}

static double bce(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return -y * fmax(log(x), -100) - (1 - y) * fmax(log(1 - x), -100);
}

static double bce_slope(double x, double y, double w, double a)
{
    (void)w, (void)a;
    return (x - y) / fmax(x * (1 - x), (double)1e-12f);
}

static double bce_logit(double x, double y, double w, double a)
{
    (void)a;
    double log_of_denominator = x < -30 ? -x : log1p(exp(-x));
    return (1 - y) * x + (1 + (w - 1) * y) * log_of_denominator;
}

static double bce_logit_slope(double x, double y, double w, double a)
{
    (void)a;
    return (1 - y) * sigmoid(x) - w * y * (1 - sigmoid(x));
}

/* ---- The kernels, for float and double ---- */

#define DEFINE_ACTIVATION(name, suffix, type)                                                      \
    static void name##_##suffix(void *y, const void *x, int64_t n, double p, double q)             \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((type *)y)[i] = (type)name((double)((const type *)x)[i], p, q);                       \
    }                                                                                              \
    DEFINE_SLOPE(name, suffix, type)

#define DEFINE_SLOPE(name, suffix, type)                                                           \
    static void name##_back_##suffix(void *dx, const void *dy, const void *x, int64_t n, double p, \
                                     double q)                                                     \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((type *)dx)[i] = (type)((double)((const type *)dy)[i] *                               \
                                     name##_slope((double)((const type *)x)[i], p, q));            \
    }

#define DEFINE_PAIR_LOSS(name, suffix, type)                                                       \
    static double name##_##suffix(void *each, void *dx, const void *x, const void *y,              \
                                  const void *w, int64_t n, double p, double scale)                \
    {                                                                                              \
        long double sum = 0;                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double xi = (double)((const type *)x)[i], yi = (double)((const type *)y)[i];           \
            double wi = w ? (double)((const type *)w)[i] : 1;                                      \
            double loss = name(xi, yi, wi, p);                                                     \
            if (each) ((type *)each)[i] = (type)loss;                                              \
            ((type *)dx)[i] = (type)(name##_slope(xi, yi, wi, p) * scale);                         \
            sum += loss;                                                                           \
        }                                                                                          \
        return (double)sum;                                                                        \
    }

#define DEFINE_SOFTMAX(suffix, type)                                                               \
    static double log_softmax_of_##suffix(const type *x, int64_t j, int64_t n)                     \
    {                                                                                              \
        double max = -INFINITY;                                                                    \
        long double sum = 0;                                                                       \
        for (int64_t k = 0; k < n; k++) max = fmax(max, (double)x[k]);                             \
        for (int64_t k = 0; k < n; k++) sum += exp((double)x[k] - max);                            \
        return (double)x[j] - max - (double)logl(sum);                                             \
    }                                                                                              \
    static void log_softmax_##suffix(void *y, const void *x, int64_t rows, int64_t n)              \
    {                                                                                              \
        for (int64_t i = 0; i < rows * n; i++)                                                     \
            ((type *)y)[i] = (type)log_softmax_of_##suffix((const type *)x + i / n * n, i % n, n); \
    }                                                                                              \
    static void softmax_##suffix(void *y, const void *x, int64_t rows, int64_t n)                  \
    {                                                                                              \
        for (int64_t i = 0; i < rows * n; i++)                                                     \
            ((type *)y)[i] =                                                                       \
                (type)exp(log_softmax_of_##suffix((const type *)x + i / n * n, i % n, n));         \
    }                                                                                              \
    static void softmax_back_##suffix(void *vdx, const void *vdy, const void *vy, int64_t rows,    \
                                      int64_t n)                                                   \
    {                                                                                              \
        const type *dy = vdy, *y = vy;                                                             \
        for (int64_t r = 0; r < rows; r++, dy += n, y += n) {                                      \
            long double dot = 0;                                                                   \
            for (int64_t j = 0; j < n; j++) dot += (long double)dy[j] * (long double)y[j];         \
            for (int64_t j = 0; j < n; j++)                                                        \
                ((type *)vdx)[r * n + j] = (type)((double)y[j] * ((double)dy[j] - (double)dot));   \
        }                                                                                          \
    }                                                                                              \
    static void log_softmax_back_##suffix(void *vdx, const void *vdy, const void *vy,              \
                                          int64_t rows, int64_t n)                                 \
    {                                                                                              \
        const type *dy = vdy, *y = vy;                                                             \
        for (int64_t r = 0; r < rows; r++, dy += n, y += n) {                                      \
            long double sum = 0;                                                                   \
            for (int64_t j = 0; j < n; j++) sum += (long double)dy[j];                             \
            for (int64_t j = 0; j < n; j++)                                                        \
                ((type *)vdx)[r * n + j] =                                                         \
                    (type)((double)dy[j] - exp((double)y[j]) * (double)sum);                       \
        }                                                                                          \
    }

/* A label stands for the row that is 1 at it. Cross-entropy weights a label's unsmoothed part by
** the label's weight, which is what the weighted one-hot row gives; so one formula does. */
#define DEFINE_CLASS_LOSSES(suffix, type)                                                          \
    static double target_##suffix(const nn_k_class_problem *k, int64_t r, int64_t j)               \
    {                                                                                              \
        if (k->label) return k->label[r] - 1 == j;                                                 \
        return (double)((const type *)k->target)[r * k->classes + j];                              \
    }                                                                                              \
    static bool no_label_##suffix(const nn_k_class_problem *k, int64_t r)                          \
    {                                                                                              \
        if (!k->label || k->label[r] != 0) return false;                                           \
        for (int64_t j = 0; j < k->classes; j++) ((type *)k->dx)[r * k->classes + j] = 0;          \
        if (k->each) ((type *)k->each)[r] = 0;                                                     \
        return true;                                                                               \
    }                                                                                              \
    static double nll_##suffix(const nn_k_class_problem *k, int64_t first, int64_t rows)           \
    {                                                                                              \
        long double sum = 0;                                                                       \
        for (int64_t r = first; r < first + rows; r++) {                                           \
            if (no_label_##suffix(k, r)) continue;                                                 \
            int64_t y = k->label[r] - 1, at = r * k->classes;                                      \
            double w = k->weight ? k->weight[y] : 1;                                               \
            double loss = -w * (double)((const type *)k->x)[at + y];                               \
            for (int64_t j = 0; j < k->classes; j++)                                               \
                ((type *)k->dx)[at + j] = (type)(j == y ? -w * k->scale : 0);                      \
            if (k->each) ((type *)k->each)[r] = (type)loss;                                        \
            sum += loss;                                                                           \
        }                                                                                          \
        return (double)sum;                                                                        \
    }                                                                                              \
    static double multi_margin_##suffix(const nn_k_class_problem *k, int64_t first, int64_t rows)  \
    {                                                                                              \
        int64_t n = k->classes;                                                                    \
        long double sum = 0;                                                                       \
        for (int64_t r = first; r < first + rows; r++) {                                           \
            if (no_label_##suffix(k, r)) continue;                                                 \
            const type *x = (const type *)k->x + r * n;                                            \
            int64_t y = k->label[r] - 1;                                                           \
            double w = k->weight ? k->weight[y] : 1, loss = 0, of_label = 0;                       \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double h = j == y ? 0 : fmax(0, k->margin - (double)x[y] + (double)x[j]);          \
                double slope = h > 0 ? w / (double)n * (k->squared ? 2 * h : 1) : 0;               \
                loss += w / (double)n * (k->squared ? h * h : h);                                  \
                of_label -= slope;                                                                 \
                ((type *)k->dx)[r * n + j] = (type)(slope * k->scale);                             \
            }                                                                                      \
            ((type *)k->dx)[r * n + y] = (type)(of_label * k->scale);                              \
            if (k->each) ((type *)k->each)[r] = (type)loss;                                        \
            sum += loss;                                                                           \
        }                                                                                          \
        return (double)sum;                                                                        \
    }                                                                                              \
    static double cross_entropy_##suffix(const nn_k_class_problem *k, int64_t first, int64_t rows) \
    {                                                                                              \
        int64_t n = k->classes;                                                                    \
        long double sum = 0;                                                                       \
        for (int64_t r = first; r < first + rows; r++) {                                           \
            const type *z = (const type *)k->x + r * n;                                            \
            double loss = 0, total = 0;                                                            \
            if (no_label_##suffix(k, r)) continue;                                                 \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double even = k->smoothing / (double)n, w = k->weight ? k->weight[j] : 1;          \
                double q = w * ((1 - k->smoothing) * target_##suffix(k, r, j) + even);             \
                if (q != 0) loss -= q * log_softmax_of_##suffix(z, j, n);                          \
                total += q;                                                                        \
            }                                                                                      \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double even = k->smoothing / (double)n, w = k->weight ? k->weight[j] : 1;          \
                double q = w * ((1 - k->smoothing) * target_##suffix(k, r, j) + even);             \
                double p = exp(log_softmax_of_##suffix(z, j, n));                                  \
                ((type *)k->dx)[r * n + j] = (type)((p * total - q) * k->scale);                   \
            }                                                                                      \
            if (k->each) ((type *)k->each)[r] = (type)loss;                                        \
            sum += loss;                                                                           \
        }                                                                                          \
        return (double)sum;                                                                        \
    }                                                                                              \
    static double summed_bce_##suffix(const nn_k_class_problem *k, int64_t first, int64_t rows)    \
    {                                                                                              \
        int64_t n = k->classes;                                                                    \
        long double sum = 0;                                                                       \
        for (int64_t r = first; r < first + rows; r++) {                                           \
            double loss = 0;                                                                       \
            for (int64_t j = 0; j < n; j++) {                                                      \
                double p = (double)((const type *)k->x)[r * n + j];                                \
                double y = target_##suffix(k, r, j), slope = 0;                                    \
                if (y != 0) loss -= y * log(p), slope -= y / p;                                    \
                if (y != 1) loss -= (1 - y) * log(1 - p), slope += (1 - y) / (1 - p);              \
                ((type *)k->dx)[r * n + j] = (type)(slope * k->scale);                             \
            }                                                                                      \
            if (k->each) ((type *)k->each)[r] = (type)loss;                                        \
            sum += loss;                                                                           \
        }                                                                                          \
        return (double)sum;                                                                        \
    }

#define DEFINE_REST(suffix, type)                                                                  \
    static double penalty_l2_##suffix(void *dw, const void *vw, int64_t n, double scale)           \
    {                                                                                              \
        long double sum = 0;                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            long double w = (long double)((const type *)vw)[i];                                    \
            sum += w * w;                                                                          \
            ((type *)dw)[i] = (type)(scale * (double)w);                                           \
        }                                                                                          \
        return (double)sum;                                                                        \
    }                                                                                              \
    static double penalty_l1_##suffix(void *dw, const void *vw, int64_t n, double scale)           \
    {                                                                                              \
        long double sum = 0;                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double w = (double)((const type *)vw)[i];                                              \
            sum += fabs(w);                                                                        \
            ((type *)dw)[i] = (type)(scale * sign(w));                                             \
        }                                                                                          \
        return (double)sum;                                                                        \
    }                                                                                              \
    static void mask_##suffix(void *y, const void *x, const uint8_t *keep, int64_t n,              \
                              double scale)                                                        \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((type *)y)[i] = keep[i] ? (type)((double)((const type *)x)[i] * scale) : 0;           \
    }                                                                                              \
    static void add_row_##suffix(void *z, const void *b, int64_t rows, int64_t n)                  \
    {                                                                                              \
        for (int64_t i = 0; i < rows * n; i++) ((type *)z)[i] += ((const type *)b)[i % n];         \
    }

#define DEFINE_OUTSIDE(suffix, type)                                                               \
    static int64_t outside_##suffix(const void *x, int64_t n, double low, double high)             \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            if (((const type *)x)[i] < (type)low || ((const type *)x)[i] > (type)high) return i;   \
        return n;                                                                                  \
    }

/* A score beats another if it is larger, or NaN where the other is not. */
#define DEFINE_CORRECT(suffix, type)                                                               \
    static int64_t correct_##suffix(const void *scores, const int64_t *label, int64_t first,       \
                                    int64_t rows, int64_t classes)                                 \
    {                                                                                              \
        int64_t count = 0;                                                                         \
        for (int64_t r = first; r < first + rows; r++) {                                           \
            const type *row = (const type *)scores + r * classes, mine = row[label[r] - 1];        \
            bool best = true;                                                                      \
            for (int64_t j = 0; j < classes; j++) {                                                \
                bool beats = row[j] > mine || (isnan(row[j]) && !isnan(mine));                     \
                bool equals = row[j] == mine || (isnan(row[j]) && isnan(mine));                    \
                if (beats || (equals && j < label[r] - 1)) best = false;                           \
            }                                                                                      \
            count += best;                                                                         \
        }                                                                                          \
        return count;                                                                              \
    }

#define DEFINE_ALL(suffix, type)                                                                   \
    DEFINE_ACTIVATION(relu, suffix, type)                                                          \
    DEFINE_ACTIVATION(leaky_relu, suffix, type)                                                    \
    DEFINE_ACTIVATION(softplus, suffix, type)                                                      \
    DEFINE_ACTIVATION(gelu, suffix, type)                                                          \
    DEFINE_ACTIVATION(gelu_tanh, suffix, type)                                                     \
    DEFINE_ACTIVATION(elu, suffix, type)                                                           \
    DEFINE_SLOPE(sigmoid, suffix, type)                                                            \
    DEFINE_SLOPE(tanh, suffix, type)                                                               \
    DEFINE_SOFTMAX(suffix, type)                                                                   \
    DEFINE_CLASS_LOSSES(suffix, type)                                                              \
    DEFINE_CORRECT(suffix, type)                                                                   \
    DEFINE_PAIR_LOSS(mse, suffix, type)                                                            \
    DEFINE_PAIR_LOSS(l1, suffix, type)                                                             \
    DEFINE_PAIR_LOSS(huber, suffix, type)                                                          \
    DEFINE_PAIR_LOSS(smooth_l1, suffix, type)                                                      \
    DEFINE_PAIR_LOSS(kl, suffix, type)                                                             \
    DEFINE_PAIR_LOSS(kl_log, suffix, type)                                                         \
    DEFINE_PAIR_LOSS(margin, suffix, type)                                                         \
    DEFINE_PAIR_LOSS(hinge, suffix, type)                                                          \
    DEFINE_PAIR_LOSS(bce, suffix, type)                                                            \
    DEFINE_PAIR_LOSS(bce_logit, suffix, type)                                                      \
    DEFINE_REST(suffix, type)                                                                      \
    DEFINE_OUTSIDE(suffix, type)

DEFINE_OUTSIDE(i64, int64_t)
DEFINE_ALL(f32, float)
DEFINE_ALL(f64, double)

#include "kernel/neural_table.inc"
