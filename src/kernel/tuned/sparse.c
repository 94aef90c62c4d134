/*
** sparse.c - products with mostly zero rows, for float and double
**
** Compiled with contraction on, as panel.c: the two give the same bits.
*/
#include "kernel/sparse.h"

#include <stdbool.h>
#include <string.h>

#include "kernel/tuned/registers.h"

/* Elements looked at together. */
#define GROUP 8

/* A word with the highest bit of byte i set where bytes[i] is not 0, for GROUP bytes: adding 0x7f
** carries into it unless the lower seven are 0. */
static inline uint64_t nonzero_bytes(const uint8_t *bytes)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return (((word & low) + low) | word) & ~low;
}

/* Appends those of n bytes that are not 0; the first has index 0. */
static uint32_t list_bytes(nn_k_lists *lists, uint32_t end, const uint8_t *x, int64_t n)
{
    int64_t i = 0;
    uint8_t *value = lists->value;
    for (; i + GROUP <= n; i += GROUP)
        for (uint64_t marks = nonzero_bytes(x + i); marks; marks &= marks - 1, end++) {
            int64_t k = i + __builtin_ctzll(marks) / 8;
            lists->index[end] = (uint8_t)k;
            value[end] = x[k];
        }
    for (; i < n; i++) {
        lists->index[end] = (uint8_t)i;
        value[end] = x[i];
        end += x[i] != 0;
    }
    return end;
}

/* Whether no bit of x is set; size: a multiple of 8 bytes, constant where it is called. */
static inline INLINE bool is_zero(const void *x, size_t size)
{
    uint64_t word[GROUP], any = 0;
    memcpy(word, x, size);
    for (size_t i = 0; i < size / 8; i++) any |= word[i];
    return any == 0;
}

static int64_t count_u8(const void *vx, int64_t n)
{
    const uint8_t *x = vx;
    int64_t zeros = 0;
    for (int64_t i = 0; i < n; i++) zeros += x[i] == 0;
    return n - zeros;
}

#define REAL float
#define NAME(f) f##_f32
#include "kernel/tuned/sparse.inc"
#undef REAL
#undef NAME
#define REAL double
#define NAME(f) f##_f64
#include "kernel/tuned/sparse.inc"

const nn_k_sparse NN_K_TABLE(nn_k_sparse) = {
    .count = {[NN_K_U8] = count_u8, [NN_K_F32] = count_f32, [NN_K_F64] = count_f64},
    .by_row = {[NN_K_F32] = by_row_f32, [NN_K_F64] = by_row_f64},
    .by_feature = {[NN_K_F32] = by_feature_f32, [NN_K_F64] = by_feature_f64},
    .linear = {[NN_K_F32] = linear_f32, [NN_K_F64] = linear_f64},
    .gradient = {[NN_K_F32] = gradient_f32, [NN_K_F64] = gradient_f64},
};
