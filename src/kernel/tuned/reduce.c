/*
** reduce.c - reductions in lanes
**
** A row (inner == 1) is summed in LANES independent accumulators, which the
** compiler keeps in vector registers, over chunks of CHUNK elements; the sums
** of chunks are added pairwise, so that the error of n additions grows like
** log n. Columns (stride > 1) are summed COLUMNS at a time in a small array of
** accumulators that stays in L1, one row after the other.
*/
#include "kernel/reduce.h"

#include "kernel/scalar.h"

#define LANES 16
#define CHUNK 1024
#define COLUMNS 64

#define ABS(x) _Generic((x), double : fabs((double)(x)), default : magnitude((uint64_t)(x)))

/* |x| of an int64 that is carried in a uint64, so that INT64_MIN is no special case. */
static uint64_t magnitude(uint64_t x)
{
    return x >> 63 ? 0 - x : x;
}

/* What an element adds, for each reduction; ADD joins two partial results. */
#define VALUE_sum(x) (x)
#define VALUE_sum_square(x) ((x) * (x))
#define VALUE_sum_abs(x) ABS(x)
#define VALUE_product(x) (x)
#define JOIN_sum(a, b) ((a) + (b))
#define JOIN_sum_square JOIN_sum
#define JOIN_sum_abs JOIN_sum
#define JOIN_product(a, b) ((a) * (b))
#define START_sum 0
#define START_sum_square 0
#define START_sum_abs 0
#define START_product 1

/* acc is the type of accumulation: double, or uint64_t so that integers wrap; wide is what an
** element is converted to first. */
#define DEFINE_SUM(op, suffix, type, wide, acc)                                                    \
    static acc op##_chunk_##suffix(const type *x, int64_t n)                                       \
    {                                                                                              \
        acc lane[LANES];                                                                           \
        int64_t whole = n / LANES * LANES;                                                         \
        for (int l = 0; l < LANES; l++) lane[l] = START_##op;                                      \
        for (int64_t i = 0; i < whole; i += LANES)                                                 \
            for (int l = 0; l < LANES; l++) {                                                      \
                wide v = (wide)x[i + l];                                                           \
                lane[l] = JOIN_##op(lane[l], (acc)VALUE_##op(v));                                  \
            }                                                                                      \
        for (int64_t i = whole; i < n; i++) {                                                      \
            wide v = (wide)x[i];                                                                   \
            lane[i - whole] = JOIN_##op(lane[i - whole], (acc)VALUE_##op(v));                      \
        }                                                                                          \
        for (int half = LANES / 2; half > 0; half /= 2)                                            \
            for (int l = 0; l < half; l++) lane[l] = JOIN_##op(lane[l], lane[l + half]);           \
        return lane[0];                                                                            \
    }                                                                                              \
    static acc op##_row_##suffix(const type *x, int64_t n)                                         \
    {                                                                                              \
        if (n <= CHUNK) return op##_chunk_##suffix(x, n);                                          \
        int64_t half = (n / 2 + CHUNK - 1) / CHUNK * CHUNK;                                        \
        acc left = op##_row_##suffix(x, half);                                                     \
        acc right = op##_row_##suffix(x + half, n - half);                                         \
        return JOIN_##op(left, right);                                                             \
    }                                                                                              \
    static void op##_columns_##suffix(acc *y, const type *x, int64_t n, int64_t stride,            \
                                      int64_t width)                                               \
    {                                                                                              \
        acc sum[COLUMNS];                                                                          \
        for (int64_t j = 0; j < width; j++) sum[j] = START_##op;                                   \
        for (int64_t i = 0; i < n; i++)                                                            \
            for (int64_t j = 0; j < width; j++) {                                                  \
                wide v = (wide)x[i * stride + j];                                                  \
                sum[j] = JOIN_##op(sum[j], (acc)VALUE_##op(v));                                    \
            }                                                                                      \
        for (int64_t j = 0; j < width; j++) y[j] = sum[j];                                         \
    }                                                                                              \
    static void op##_##suffix(void *vy, const void *vx, int64_t outer, int64_t n, int64_t inner,   \
                              int64_t stride)                                                      \
    {                                                                                              \
        acc *y = vy;                                                                               \
        const type *x = vx;                                                                        \
        for (int64_t o = 0; o < outer; o++) {                                                      \
            const type *block = x + o * n * stride;                                                \
            if (stride == 1) {                                                                     \
                y[o] = op##_row_##suffix(block, n);                                                \
                continue;                                                                          \
            }                                                                                      \
            for (int64_t j = 0; j < inner; j += COLUMNS)                                           \
                op##_columns_##suffix(y + o * inner + j, block + j, n, stride,                     \
                                      inner - j < COLUMNS ? inner - j : COLUMNS);                  \
        }                                                                                          \
    }

/* BEFORE(a, b): a takes the place of b, the best so far. */
#define DEFINE_EXTREME(op, suffix, type, BEFORE)                                                   \
    static void op##_##suffix(void *value, int64_t *index, const void *vx, int64_t outer,          \
                              int64_t n, int64_t inner, int64_t stride)                            \
    {                                                                                              \
        type *y = value;                                                                           \
        const type *x = vx;                                                                        \
        for (int64_t o = 0; o < outer; o++)                                                        \
            for (int64_t j = 0; j < inner; j++) {                                                  \
                const type *column = x + o * n * stride + j;                                       \
                type best = column[0];                                                             \
                int64_t at = 0;                                                                    \
                for (int64_t i = 1; i < n; i++)                                                    \
                    if (BEFORE(column[i * stride], best)) {                                        \
                        best = column[i * stride];                                                 \
                        at = i;                                                                    \
                    }                                                                              \
                y[o * inner + j] = best;                                                           \
                index[o * inner + j] = at;                                                         \
            }                                                                                      \
    }

/* A NaN comes before every number, and nothing comes before a NaN. */
#define FLOAT_ABOVE(a, b) ((a) > (b) || ((a) != (a) && (b) == (b)))
#define FLOAT_BELOW(a, b) ((a) < (b) || ((a) != (a) && (b) == (b)))
#define INT_ABOVE(a, b) ((a) > (b))
#define INT_BELOW(a, b) ((a) < (b))

#define DEFINE_SUMS(op)                                                                            \
    DEFINE_SUM(op, u8, uint8_t, uint64_t, uint64_t)                                                \
    DEFINE_SUM(op, i64, int64_t, uint64_t, uint64_t)                                               \
    DEFINE_SUM(op, f32, float, double, double)                                                     \
    DEFINE_SUM(op, f64, double, double, double)

#define DEFINE_EXTREMES(op, FLOAT_BEFORE, INT_BEFORE)                                              \
    DEFINE_EXTREME(op, u8, uint8_t, INT_BEFORE)                                                    \
    DEFINE_EXTREME(op, i64, int64_t, INT_BEFORE)                                                   \
    DEFINE_EXTREME(op, f32, float, FLOAT_BEFORE)                                                   \
    DEFINE_EXTREME(op, f64, double, FLOAT_BEFORE)

DEFINE_SUMS(sum)
DEFINE_SUMS(sum_square)
DEFINE_SUMS(sum_abs)
DEFINE_SUMS(product)
DEFINE_EXTREMES(max, FLOAT_ABOVE, INT_ABOVE)
DEFINE_EXTREMES(min, FLOAT_BELOW, INT_BELOW)

#include "kernel/reduce_table.inc"
