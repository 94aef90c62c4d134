/*
** ref_recurrent.c - the naive twins of tuned/recurrent.c: the definitions, unit by unit, in double
**
** The backward steps differentiate the definitions in recurrent.h by the chain
** rule, one partial derivative after the other.
*/
#include "kernel/recurrent.h"

#include <math.h>

#define NN_ISA ref

static double sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double tanh_step(double a)
{
    return tanh(a);
}

static double tanh_slope(double y)
{
    return 1 - y * y;
}

static double relu_step(double a)
{
    return a <= 0 ? 0 : a;
}

static double relu_slope(double y)
{
    return y <= 0 ? 0 : 1;
}

/* Element j of part p of a row that has `parts` parts, of the type T that each function names. */
#define AT(array, r, parts, p) ((T *)(array))[((r) * (parts) + (p)) * U + j]
#define READ(array, r, parts, p) ((double)((const T *)(array))[((r) * (parts) + (p)) * U + j])
#define EACH_UNIT                                                                                  \
    for (int64_t r = 0; r < rows; r++)                                                             \
        for (int64_t j = 0; j < U; j++)

#define DEFINE_RNN(name, type, suffix)                                                             \
    static void rnn_##name##_##suffix(const nn_k_cell_step *s)                                     \
    {                                                                                              \
        typedef type T;                                                                            \
        const int64_t rows = s->rows, U = s->units;                                                \
        EACH_UNIT                                                                                  \
        {                                                                                          \
            type h = (type)name##_step(READ(s->saved, r, 2, 0) + READ(s->input, r, 1, 0));         \
            AT(s->saved, r, 2, 0) = h;                                                             \
            AT(s->next, r, 2, 1) = h;                                                              \
            AT(s->h, r, 1, 0) = h;                                                                 \
        }                                                                                          \
    }                                                                                              \
    static void rnn_##name##_back_##suffix(const nn_k_cell_back *b)                                \
    {                                                                                              \
        typedef type T;                                                                            \
        const int64_t rows = b->rows, U = b->units;                                                \
        EACH_UNIT                                                                                  \
        {                                                                                          \
            double dh = READ(b->dy, r, 1, 0) + READ(b->dh, r, 1, 0);                               \
            AT(b->dinput, r, 1, 0) = (type)(dh * name##_slope(READ(b->saved, r, 2, 0)));           \
            AT(b->dh, r, 1, 0) = 0;                                                                \
        }                                                                                          \
    }

#define DEFINE_GRU(type, suffix)                                                                   \
    static void gru_##suffix(const nn_k_cell_step *s)                                              \
    {                                                                                              \
        typedef type T;                                                                            \
        const int64_t rows = s->rows, U = s->units;                                                \
        EACH_UNIT                                                                                  \
        {                                                                                          \
            double reset = sigmoid(READ(s->saved, r, 5, 0) + READ(s->input, r, 3, 0));             \
            double z = sigmoid(READ(s->saved, r, 5, 1) + READ(s->input, r, 3, 1));                 \
            double n = tanh(READ(s->input, r, 3, 2) + reset * READ(s->saved, r, 5, 2));            \
            double h = (1 - z) * n + z * READ(s->saved, r, 5, 4);                                  \
            AT(s->saved, r, 5, 0) = (type)reset;                                                   \
            AT(s->saved, r, 5, 1) = (type)z;                                                       \
            AT(s->saved, r, 5, 3) = (type)n;                                                       \
            AT(s->next, r, 5, 4) = (type)h;                                                        \
            AT(s->h, r, 1, 0) = (type)h;                                                           \
        }                                                                                          \
    }                                                                                              \
    static void gru_back_##suffix(const nn_k_cell_back *b)                                         \
    {                                                                                              \
        typedef type T;                                                                            \
        const int64_t rows = b->rows, U = b->units;                                                \
        EACH_UNIT                                                                                  \
        {                                                                                          \
            double reset = READ(b->saved, r, 5, 0), z = READ(b->saved, r, 5, 1);                   \
            double wh = READ(b->saved, r, 5, 2), n = READ(b->saved, r, 5, 3);                      \
            double dh = READ(b->dy, r, 1, 0) + READ(b->dh, r, 1, 0);                               \
            double dz = dh * (READ(b->saved, r, 5, 4) - n), dn = dh * (1 - z);                     \
            double dn_in = dn * tanh_slope(n), dreset = dn_in * wh;                                \
            AT(b->dinput, r, 3, 0) = (type)(dreset * reset * (1 - reset));                         \
            AT(b->dinput, r, 3, 1) = (type)(dz * z * (1 - z));                                     \
            AT(b->dinput, r, 3, 2) = (type)dn_in;                                                  \
            AT(b->dhidden, r, 3, 0) = AT(b->dinput, r, 3, 0);                                      \
            AT(b->dhidden, r, 3, 1) = AT(b->dinput, r, 3, 1);                                      \
            AT(b->dhidden, r, 3, 2) = (type)(dn_in * reset);                                       \
            AT(b->dh, r, 1, 0) = (type)(dh * z);                                                   \
        }                                                                                          \
    }

#define DEFINE_LSTM(type, suffix)                                                                  \
    static void lstm_##suffix(const nn_k_cell_step *s)                                             \
    {                                                                                              \
        typedef type T;                                                                            \
        const int64_t rows = s->rows, U = s->units;                                                \
        EACH_UNIT                                                                                  \
        {                                                                                          \
            double a[4];                                                                           \
            for (int k = 0; k < 4; k++) {                                                          \
                a[k] = READ(s->saved, r, 7, k) + READ(s->input, r, 4, k);                          \
                a[k] = k == 2 ? tanh(a[k]) : sigmoid(a[k]);                                        \
                AT(s->saved, r, 7, k) = (type)a[k];                                                \
            }                                                                                      \
            double c = a[1] * READ(s->saved, r, 7, 5) + a[0] * a[2];                               \
            AT(s->saved, r, 7, 4) = (type)tanh(c);                                                 \
            AT(s->next, r, 7, 5) = (type)c;                                                        \
            AT(s->next, r, 7, 6) = (type)(a[3] * tanh(c));                                         \
            AT(s->h, r, 1, 0) = (type)(a[3] * tanh(c));                                            \
        }                                                                                          \
    }                                                                                              \
    static void lstm_back_##suffix(const nn_k_cell_back *b)                                        \
    {                                                                                              \
        typedef type T;                                                                            \
        const int64_t rows = b->rows, U = b->units;                                                \
        EACH_UNIT                                                                                  \
        {                                                                                          \
            double i = READ(b->saved, r, 7, 0), f = READ(b->saved, r, 7, 1);                       \
            double g = READ(b->saved, r, 7, 2), o = READ(b->saved, r, 7, 3);                       \
            double tanh_c = READ(b->saved, r, 7, 4), c = READ(b->saved, r, 7, 5);                  \
            double dh = READ(b->dy, r, 1, 0) + READ(b->dh, r, 1, 0);                               \
            double dc = READ(b->dc, r, 1, 0) + dh * o * tanh_slope(tanh_c);                        \
            AT(b->dinput, r, 4, 0) = (type)(dc * g * i * (1 - i));                                 \
            AT(b->dinput, r, 4, 1) = (type)(dc * c * f * (1 - f));                                 \
            AT(b->dinput, r, 4, 2) = (type)(dc * i * tanh_slope(g));                               \
            AT(b->dinput, r, 4, 3) = (type)(dh * tanh_c * o * (1 - o));                            \
            AT(b->dc, r, 1, 0) = (type)(dc * f);                                                   \
            AT(b->dh, r, 1, 0) = 0;                                                                \
        }                                                                                          \
    }

#define DEFINE_ALL(type, suffix)                                                                   \
    DEFINE_RNN(tanh, type, suffix)                                                                 \
    DEFINE_RNN(relu, type, suffix)                                                                 \
    DEFINE_GRU(type, suffix)                                                                       \
    DEFINE_LSTM(type, suffix)

DEFINE_ALL(float, f32)
DEFINE_ALL(double, f64)

#include "kernel/recurrent_table.inc"
