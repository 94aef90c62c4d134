/*
** ref_digits.c - the naive twins of tuned/digits.c: every element by its formula
*/
#include "kernel/digits.h"

#define NN_ISA ref

/* Where term k of lane l lies among packed bytes of so many terms. */
static int64_t place(int64_t l, int64_t k, int64_t terms)
{
    int64_t lane = l % NN_K_DIGIT_LANES;
    return nn_k_bytes_size(l - lane, terms) + k / 4 * (4 * NN_K_DIGIT_LANES) + lane * 4 + k % 4;
}

static void pack_bytes(uint8_t *packed, const uint8_t *x, int64_t lanes, int64_t terms,
                       int64_t lane_step, int64_t term_step)
{
    for (int64_t l = 0; l < nn_k_round_up(lanes, NN_K_DIGIT_LANES); l++)
        for (int64_t k = 0; k < nn_k_round_up(terms, NN_K_DIGIT_STEP); k++)
            packed[place(l, k, terms)] =
                l < lanes && k < terms ? x[l * lane_step + k * term_step] : 0;
}

/* The digit of *q that is congruent to it modulo 256; *q becomes what is left of it. */
static int8_t lowest_digit(int64_t *q)
{
    int64_t digit = *q % 256;
    if (digit > 127) digit -= 256;
    if (digit < -128) digit += 256;
    *q = (*q - digit) / 256;
    return (int8_t)digit;
}

#define DEFINE_DIGITS(suffix, type, nn_type, DIGITS, MOST)                                         \
    static bool even_##suffix(const void *w, int64_t units, int64_t terms, int64_t unit_step,      \
                              int64_t term_step)                                                   \
    {                                                                                              \
        for (int64_t u = 0; u < units; u++) {                                                      \
            double most = 0, sum = 0;                                                              \
            for (int64_t k = 0; k < terms; k++) {                                                  \
                double size = fabs((double)((const type *)w)[u * unit_step + k * term_step]);      \
                if (!isfinite(size)) return false;                                                 \
                most = size > most ? size : most;                                                  \
                sum += size;                                                                       \
            }                                                                                      \
            if (most * (double)terms > NN_K_DIGITS_SPREAD * sum) return false;                     \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
                                                                                                   \
    static void pack_##suffix(void *packed, const void *vw, int64_t units, int64_t terms,          \
                              int64_t unit_step, int64_t term_step, double scale)                  \
    {                                                                                              \
        const type *w = vw;                                                                        \
        type *factor = packed;                                                                     \
        int8_t *digits = (int8_t *)packed + nn_k_digits_offset(nn_type, units);                    \
        int64_t width = nn_k_digits_width(terms);                                                  \
        for (int64_t i = 0; i < nn_k_digits_rows(nn_type, units) * width; i++) digits[i] = 0;      \
        for (int64_t u = 0; u < units; u++) {                                                      \
            double m = 0;                                                                          \
            bool finite = true;                                                                    \
            for (int64_t k = 0; k < terms; k++) {                                                  \
                double size = fabs((double)w[u * unit_step + k * term_step]);                      \
                if (!isfinite(size)) finite = false;                                               \
                if (size > m) m = size;                                                            \
            }                                                                                      \
            int shift = finite ? nn_k_digits_shift(m, DIGITS, MOST) : 0;                           \
            factor[u] = finite ? (type)ldexp(scale, 8 * (DIGITS - 1) - shift) : (type)NAN;         \
            for (int64_t k = 0; finite && k < terms; k++) {                                        \
                int64_t q = (int64_t)rint(ldexp((double)w[u * unit_step + k * term_step], shift)); \
                for (int d = 0; d < DIGITS; d++)                                                   \
                    digits[(u * DIGITS + d) * width + k] = lowest_digit(&q);                       \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* What terms first..last-1 of x add for unit u and lane l. */                                 \
    static type part_##suffix(const void *packed, const uint8_t *x, int64_t u, int64_t l,          \
                              int64_t first, int64_t last, int64_t units, int64_t terms,           \
                              int64_t packed_terms, int64_t offset)                                \
    {                                                                                              \
        const type *factor = packed;                                                               \
        const int8_t *digits = (const int8_t *)packed + nn_k_digits_offset(nn_type, units);        \
        type value = 0;                                                                            \
        for (int d = 0; d < DIGITS; d++) {                                                         \
            int32_t T = 0;                                                                         \
            for (int64_t k = first; k < last; k++)                                                 \
                T += digits[(u * DIGITS + d) * nn_k_digits_width(terms) + k] *                     \
                     x[place(l, offset + k, packed_terms)];                                        \
            value = value / 256 + (type)T;                                                         \
        }                                                                                          \
        return factor[u] * value;                                                                  \
    }                                                                                              \
                                                                                                   \
    static void linear_##suffix(void *z, int64_t ldz, const uint8_t *x, const void *W,             \
                                const void *b, int64_t rows, int64_t in, int64_t out)              \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++)                                                         \
            for (int64_t u = 0; u < out; u++) {                                                    \
                type sum = b ? ((const type *)b)[u] : 0;                                           \
                for (int64_t k = 0; k < in; k += NN_K_DIGIT_TERMS) {                               \
                    int64_t last = in - k < NN_K_DIGIT_TERMS ? in : k + NN_K_DIGIT_TERMS;          \
                    sum += part_##suffix(W, x, u, r, k, last, out, in, in, 0);                     \
                }                                                                                  \
                ((type *)z)[r * ldz + u] = sum;                                                    \
            }                                                                                      \
    }                                                                                              \
                                                                                                   \
    static void gradient_##suffix(void *dW, int64_t lddW, const void *dz, const uint8_t *x,        \
                                  int64_t first, int64_t rows, int64_t N, int64_t in, int64_t out) \
    {                                                                                              \
        for (int64_t u = 0; u < out; u++)                                                          \
            for (int64_t k = 0; k < in; k++)                                                       \
                for (int64_t r = 0; r < rows; r += NN_K_DIGIT_TERMS) {                             \
                    int64_t last = rows - r < NN_K_DIGIT_TERMS ? rows : r + NN_K_DIGIT_TERMS;      \
                    ((type *)dW)[u * lddW + k] +=                                                  \
                        part_##suffix(dz, x, u, k, r, last, out, rows, N, first);                  \
                }                                                                                  \
    }

DEFINE_DIGITS(f32, float, NN_K_F32, NN_K_DIGITS_F32, 127)
DEFINE_DIGITS(f64, double, NN_K_F64, NN_K_DIGITS_F64, 1023)

const nn_k_digits NN_K_TABLE(nn_k_digits) = {
    .pack_bytes = pack_bytes,
    .even = {[NN_K_F32] = even_f32, [NN_K_F64] = even_f64},
    .pack = {[NN_K_F32] = pack_f32, [NN_K_F64] = pack_f64},
    .linear = {[NN_K_F32] = linear_f32, [NN_K_F64] = linear_f64},
    .gradient = {[NN_K_F32] = gradient_f32, [NN_K_F64] = gradient_f64},
    .share = {[NN_K_F32] = 1, [NN_K_F64] = 1},
};
