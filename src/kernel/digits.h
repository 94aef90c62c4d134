/*
** digits.h - products of reals with bytes, exact in integers
**
** A Linear layer on a uint8 data set multiplies real operands w (its weights,
** or the deltas of a batch) with bytes x. Each unit of w is scaled by a power
** of two to whole numbers q, and these are cut into D signed 8-bit digits.
** Sums of digit times byte are exact in int32, whatever their order; floating
** point begins where they are put together:
**
**   q[u,k] = round(w[u,k] 2^shift[u]) = sum_d digit[u,d,k] 256^d
**   T[d]   = sum_k digit[u,d,k] x[l,k]
**   out[u,l] += factor[u] (T[D-1] + (T[D-2] + ... T[0] / 256 ...) / 256)
**   factor[u] = scale 2^(8 (D-1) - shift[u])
**
** in that order, each operation rounded to the type of w, with D = 3 for
** float32 and D = 7 for float64. So all instruction sets give the same bits.
**
**   product          unit u            lane l     term k
**   z = x W^T        unit              row        feature
**   dW += dz^T x     unit              feature    row
**
** Head-room: |q| <= 63/64 2^(8D-1), below the largest number of D digits,
** 127/255 (256^D - 1), so that rounding up never overflows the top digit.
** Limits: |T[d]| <= 255 * 128 * terms < 2^31 for NN_K_DIGIT_TERMS terms. Longer
** sums are cut there; each part is put together and added to out in turn.
**
** Error: let m = max_k |w[u,k]|, S = sum_k x[l,k], P = sum_k w[u,k] x[l,k] and
** eps = 2^-24 (float32) or 2^-53 (float64). Per part of a sum,
**
**   |error| <= |scale| (B m + floor) S + 4 eps |scale P| + eps |out|
**                                B = 2^-22.9, floor = 2^-128    (float32)
**                                B = 2^-54.9, floor = 2^-1024   (float64)
**
** Rounding w to q costs half a unit of q, m 2^-(8D-1) 64/63 at most, or floor
** where shift is at its limit. Putting the sums together costs 2 eps |P| for
** T[D-1] and the last addition, and for the digits below, whose sums come to
** 128/255 S at most, less than 2 eps S in units of which m has 63: B leaves
** room for them. Factor, product and the addition to out cost eps each.
** So precision is relative to the largest operand of a unit: beside one huge
** weight the tiny ones of its unit vanish.
**
** A unit that holds a NaN or an infinity gives NaN in all its results, and
** other units are unharmed; a unit of zeros adds zeros. |scale| <= 1.
** Nothing here keeps state: any thread may run any product.
** Twins: ref_digits.c. Tests: tests/c/test_digits.c.
*/
#ifndef NN_KERNEL_DIGITS_H
#define NN_KERNEL_DIGITS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/isa.h"

#define NN_K_DIGIT_LANES 16    /* lanes of a block of packed bytes, units of a tile of digits */
#define NN_K_DIGIT_STEP 64     /* terms are padded to a multiple of this */
#define NN_K_DIGIT_TERMS 65536 /* terms of a sum that cannot overflow int32 */
#define NN_K_DIGITS_F32 3
#define NN_K_DIGITS_F64 7

static inline int64_t nn_k_round_up(int64_t n, int64_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* Packed bytes: blocks of 16 lanes, in them groups of 4 terms, padded with zeros.
**
**   block 0                                            block 1
**   | lane 0  | lane 1  |   | lane 15 | lane 0  |      | lane 16 |
**   | 0 1 2 3 | 0 1 2 3 |...| 0 1 2 3 | 4 5 6 7 |... ..| 0 1 2 3 |...     (terms)
**
** Size in bytes, and so also where a lane that is a multiple of 16 begins. */
static inline int64_t nn_k_bytes_size(int64_t lanes, int64_t terms)
{
    return nn_k_round_up(lanes, NN_K_DIGIT_LANES) * nn_k_round_up(terms, NN_K_DIGIT_STEP);
}

/* Packed digits: the factors, then a row of digits for each unit and digit, lowest digit first.
**
**   | factor 0 | factor 1 |...   of the type of w, padded to 64 bytes
**   | unit 0, digit 0: terms, zeros up to the row's width |
**   | unit 0, digit 1: ...                                |
**   ...   rows of zeros, up to a multiple of 16 rows
**
** A row is an odd number of 64-byte lines wide: 16 rows lie in different sets of a cache. */
static inline int64_t nn_k_digits_width(int64_t terms)
{
    return nn_k_round_up(terms, NN_K_DIGIT_STEP) | NN_K_DIGIT_STEP;
}

static inline int64_t nn_k_digits_offset(nn_k_type type, int64_t units)
{
    return nn_k_round_up(units * (type == NN_K_F32 ? 4 : 8), 64);
}

static inline int64_t nn_k_digits_rows(nn_k_type type, int64_t units)
{
    return nn_k_round_up(units * (type == NN_K_F32 ? NN_K_DIGITS_F32 : NN_K_DIGITS_F64), 16);
}

/* Size in bytes; the memory is aligned to 8 bytes at least, to 64 for speed. */
static inline int64_t nn_k_digits_size(nn_k_type type, int64_t units, int64_t terms)
{
    return nn_k_digits_offset(type, units) +
           nn_k_digits_rows(type, units) * nn_k_digits_width(terms);
}

/* packed = x; x[l,k] lies lane_step l + term_step k after x. Done once for a data set x (N,in)
** that is kept: for z as (N, in, ldx, 1), for dW as (in, N, 1, ldx). */
typedef void nn_k_pack_bytes(uint8_t *packed, const uint8_t *x, int64_t lanes, int64_t terms,
                             int64_t lane_step, int64_t term_step);

/* packed = digits of w; steps count elements. W (out,in) is packed as (out, in, in, 1), the deltas
** dz (rows,out) as (out, rows, 1, out). scale multiplies the products: 1/255 for x in 0..1. */
typedef void nn_k_pack_digits(void *packed, const void *w, int64_t units, int64_t terms,
                              int64_t unit_step, int64_t term_step, double scale);

/* Whether the precision of digits, relative to the largest element of a unit, is that of the type
** for all: in no unit is one more than NN_K_DIGITS_SPREAD times the mean size. Then the error of a
** sum is at most SPREAD*B relative to sum |w x| for bytes that know nothing of w: 8e-6 in float32,
** what adding some hundred terms costs. False for a NaN or an infinity. */
#define NN_K_DIGITS_SPREAD 64
typedef bool nn_k_digits_even(const void *w, int64_t units, int64_t terms, int64_t unit_step,
                              int64_t term_step);

/* z[r,u] = b[u] + scale sum_k x[r,k] W[u,k];  z: (rows,out) with rows ldz apart, b: (out) or NULL,
** W: packed digits, x: packed bytes of these rows, from row `first` on, a multiple of 16,
** x + nn_k_bytes_size(first, in). */
typedef void nn_k_digits_linear(void *z, int64_t ldz, const uint8_t *x, const void *W,
                                const void *b, int64_t rows, int64_t in, int64_t out);

/* dW[u,k] += scale sum_r dz[r,u] x[first + r,k] for `in` features;  dW: (out,in) with rows lddW
** apart, dz: packed digits of `rows` rows, x: packed bytes of N rows; `first` is a multiple of 64.
** Features from k on, a multiple of 16: dW + k and x + nn_k_bytes_size(k, N). */
typedef void nn_k_digits_gradient(void *dW, int64_t lddW, const void *dz, const uint8_t *x,
                                  int64_t first, int64_t rows, int64_t N, int64_t in, int64_t out);

/* Indexed by nn_k_type; NULL for what is not a float. Packed memory is the same for all sets.
** Empty sizes: no-op for empty outputs, bias alone for in = 0. An output overlaps no input. */
typedef struct nn_k_digits {
    nn_k_pack_bytes *pack_bytes;
    nn_k_digits_even *even[NN_K_TYPES];
    nn_k_pack_digits *pack[NN_K_TYPES];
    nn_k_digits_linear *linear[NN_K_TYPES];
    nn_k_digits_gradient *gradient[NN_K_TYPES];
    /* Below this share of bytes that are not 0, sparse.h is faster; above it, these products, which
    ** beat panel.h. 1: never (the naive twins). */
    double share[NN_K_TYPES];
} nn_k_digits;

/* shift[u] for m; `most` keeps 2^shift finite: 127 for float32, 1023 for float64. */
static inline int nn_k_digits_shift(double m, int digits, int most)
{
    int exponent, shift;
    double fraction = frexp(m, &exponent);
    if (fraction > 63.0 / 64) exponent++;
    shift = 8 * digits - 1 - exponent;
    return shift < most ? shift : most;
}

#endif
