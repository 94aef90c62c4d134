/*
** digits.c - sums of digit times byte, with AVX-512 VNNI or AMX
**
** Compiled for these two sets only. Elsewhere the naive twins stand in, since
** three byte products for one are slower there than those of panel.h. A set
** defines
**
**   sum_rows(sum, digits, width, x, block, terms, rows, blocks)
**
**   sum[row, 16 b + lane] = sum_k digits[row,k] x[block b, lane, k]
**
** with rows of digits `width` bytes apart, blocks of bytes `block` bytes apart
** and rows of sum LANES apart, for up to UNITS(D) units of D digits and
** BLOCKS(D) blocks at once.
*/
#include "kernel/digits.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline))
#define STEP NN_K_DIGIT_STEP
#define BLOCK NN_K_DIGIT_LANES

#if defined __AMX_INT8__ || defined __AMXINT8__ /* GCC, Clang */
#define LANES 32
#define BLOCKS(D) 2
#define UNITS(D) 16
#define SHARE 0.1

/* A tile holds 16 rows of 64 bytes: 0..3 sums, two rows of tiles by two blocks; 4, 5 digits;
** 6, 7 bytes, 16 groups of 4 terms by 16 lanes. */
static const struct {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} shape = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

#define BEGIN() _tile_loadconfig(&shape)
#define END() _tile_release()

static inline INLINE void sum_tiles(int32_t *sum, const int8_t *digits, int64_t width,
                                    const uint8_t *x, int64_t block, int64_t terms, const int tiles,
                                    const int blocks)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (; terms > 0; terms -= STEP, digits += STEP, x += STEP * BLOCK) {
        _tile_loadd(4, digits, width);
        _tile_loadd(6, x, 64);
        _tile_dpbsud(0, 4, 6);
        if (blocks > 1) {
            _tile_loadd(7, x + block, 64);
            _tile_dpbsud(1, 4, 7);
        }
        if (tiles > 1) {
            _tile_loadd(5, digits + 16 * width, width);
            _tile_dpbsud(2, 5, 6);
            if (blocks > 1) _tile_dpbsud(3, 5, 7);
        }
    }
    _tile_stored(0, sum, 4 * LANES);
    if (blocks > 1) _tile_stored(1, sum + 16, 4 * LANES);
    if (tiles > 1) _tile_stored(2, sum + 16 * LANES, 4 * LANES);
    if (tiles > 1 && blocks > 1) _tile_stored(3, sum + 16 * LANES + 16, 4 * LANES);
}

/* Rows are summed in whole tiles; past the last unit they are zeros or the next unit's. */
static void sum_rows(int32_t *sum, const int8_t *digits, int64_t width, const uint8_t *x,
                     int64_t block, int64_t terms, int64_t rows, int64_t blocks)
{
    for (; rows > 0; rows -= 32, digits += 32 * width, sum += 32 * LANES) {
        if (rows > 16 && blocks > 1)
            sum_tiles(sum, digits, width, x, block, terms, 2, 2);
        else if (rows > 16)
            sum_tiles(sum, digits, width, x, block, terms, 2, 1);
        else if (blocks > 1)
            sum_tiles(sum, digits, width, x, block, terms, 1, 2);
        else
            sum_tiles(sum, digits, width, x, block, terms, 1, 1);
    }
}

#else /* AVX-512 VNNI: of 32 registers up to 24 for sums, one for each block's bytes, one more */
#define LANES 64
#define SHARE 0.35
#define BLOCKS(D) ((D) <= 3 ? 4 : 3)
#define UNITS(D) ((D) <= 3 ? 2 : 1)
#define BEGIN() ((void)0)
#define END() ((void)0)

/* Sums are kept in this type: GCC 12 copies every sum of type __m512i at each product. */
typedef int32_t sums __attribute__((vector_size(64), may_alias));

static inline INLINE void sum_registers(int32_t *sum, const int8_t *digits, int64_t width,
                                        const uint8_t *x, int64_t block, int64_t terms,
                                        const int rows, const int blocks)
{
    sums total[8][4];
    for (int r = 0; r < rows; r++)
        for (int b = 0; b < blocks; b++) total[r][b] = (sums){0};
    for (int64_t k = 0; k < terms; k += 4) {
        __m512i bytes[4];
        for (int b = 0; b < blocks; b++) bytes[b] = _mm512_loadu_si512(x + b * block + k * BLOCK);
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, digits + r * width + k, 4);
            for (int b = 0; b < blocks; b++)
                total[r][b] = (sums)_mm512_dpbusd_epi32((__m512i)total[r][b], bytes[b],
                                                        _mm512_set1_epi32(four));
        }
    }
    for (int r = 0; r < rows; r++)
        for (int b = 0; b < blocks; b++)
            _mm512_storeu_si512(sum + r * LANES + b * BLOCK, (__m512i)total[r][b]);
}

static void sum_rows(int32_t *sum, const int8_t *digits, int64_t width, const uint8_t *x,
                     int64_t block, int64_t terms, int64_t rows, int64_t blocks)
{
#define CASE(r, b)                                                                                 \
    case 8 * (r) + (b):                                                                            \
        sum_registers(sum, digits, width, x, block, terms, r, b);                                  \
        break;
#define CASES(r) CASE(r, 1) CASE(r, 2) CASE(r, 3)
    switch (8 * rows + blocks) {
        CASES(NN_K_DIGITS_F32)
        CASE(NN_K_DIGITS_F32, 4)
        CASES(2 * NN_K_DIGITS_F32)
        CASE(2 * NN_K_DIGITS_F32, 4)
        CASES(NN_K_DIGITS_F64)
    }
#undef CASES
#undef CASE
}
#endif

/* Terms of a unit that are cut at a time. */
#define PART NN_K_DIGIT_STEP

#define REAL float
#define BITS uint32_t
#define WHOLE int32_t
#define TYPE NN_K_F32
#define DIGITS NN_K_DIGITS_F32
#define HALVES 0x808080u
#define MOST_SHIFT 127
#define ROUND rintf
#define NAME(f) f##_f32
#include "kernel/tuned/digits.inc"
#undef REAL
#undef BITS
#undef WHOLE
#undef TYPE
#undef DIGITS
#undef HALVES
#undef MOST_SHIFT
#undef ROUND
#undef NAME
#define REAL double
#define BITS uint64_t
#define WHOLE int64_t
#define TYPE NN_K_F64
#define DIGITS NN_K_DIGITS_F64
#define HALVES 0x80808080808080u
#define MOST_SHIFT 1023
#define ROUND rint
#define NAME(f) f##_f64
#include "kernel/tuned/digits.inc"

/* Four terms of 16 lanes lie together; the loops for whole groups have constant sizes. */
static void pack_bytes(uint8_t *packed, const uint8_t *x, int64_t lanes, int64_t terms,
                       int64_t lane_step, int64_t term_step)
{
    for (int64_t l = 0; l < lanes; l += NN_K_DIGIT_LANES)
        for (int64_t k = 0; k < nn_k_round_up(terms, NN_K_DIGIT_STEP); k += 4, packed += 64) {
            const uint8_t *from = x + l * lane_step + k * term_step;
            bool whole = lanes - l >= NN_K_DIGIT_LANES && terms - k >= 4;
            if (whole && term_step == 1)
                for (int i = 0; i < 16; i++) memcpy(packed + 4 * i, from + i * lane_step, 4);
            else if (whole && lane_step == 1)
                for (int i = 0; i < 16; i++)
                    for (int j = 0; j < 4; j++) packed[4 * i + j] = from[i + j * term_step];
            else
                for (int i = 0; i < 16; i++)
                    for (int j = 0; j < 4; j++)
                        packed[4 * i + j] = l + i < lanes && k + j < terms
                                                ? from[i * lane_step + j * term_step]
                                                : 0;
        }
}

const nn_k_digits NN_K_TABLE(nn_k_digits) = {
    .pack_bytes = pack_bytes,
    .even = {[NN_K_F32] = even_f32, [NN_K_F64] = even_f64},
    .pack = {[NN_K_F32] = pack_f32, [NN_K_F64] = pack_f64},
    .linear = {[NN_K_F32] = linear_f32, [NN_K_F64] = linear_f64},
    .gradient = {[NN_K_F32] = gradient_f32, [NN_K_F64] = gradient_f64},
    .share = {[NN_K_F32] = SHARE, [NN_K_F64] = SHARE},
};
