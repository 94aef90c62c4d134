/*
** normalization.c - batch norm and layer norm for float and double, from one template
*/
#include "kernel/normalization.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define LANES 8
#define INLINE __attribute__((always_inline))

/* The sum of the lanes, halves onto halves. */
static double lanes_total(double *lane)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

/* Runs `term` for i = 0..n-1 and adds the results in lanes, what is left over last. */
#define SUM(total, n, term)                                                                        \
    do {                                                                                           \
        double lane_[LANES] = {0};                                                                 \
        int64_t whole_ = (n) / LANES * LANES;                                                      \
        for (int64_t i_ = 0; i_ < whole_; i_ += LANES)                                             \
            for (int l_ = 0; l_ < LANES; l_++) {                                                   \
                int64_t i = i_ + l_;                                                               \
                lane_[l_] += (term);                                                               \
            }                                                                                      \
        total = lanes_total(lane_);                                                                \
        for (int64_t i = whole_; i < (n); i++) total += (term);                                    \
    } while (0)

#define REAL float
#define NAME(x) x##_f32
#include "kernel/tuned/normalization.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/tuned/normalization.inc"

#include "kernel/normalization_table.inc"
