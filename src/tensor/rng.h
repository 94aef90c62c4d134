/*
** rng.h - NumPy's legacy random stream: what numpy.random.RandomState(seed) yields
**
** MT19937 (Matsumoto & Nishimura 1998) seeded by the 32-bit Knuth
** initialiser; 53-bit doubles from two draws; Marsaglia's polar method for
** Gaussians, whose second value is kept for the next call; masked rejection
** for bounded integers. Source of the stream: NumPy 1.24, _legacy and
** _bounded_integers. Tests: tests/spec/rng_spec.lua against recorded values.
*/
#ifndef NN_TENSOR_RNG_H
#define NN_TENSOR_RNG_H

#include <stdbool.h>
#include <stdint.h>

#define NN_RNG_KEY 624

typedef struct nn_rng {
    uint32_t key[NN_RNG_KEY];
    int32_t position;  /* next word of key to hand out, 0..NN_RNG_KEY */
    int32_t has_gauss; /* 1: gauss holds a Gaussian that was not handed out yet */
    double gauss;
} nn_rng;

void nn_rng_seed(nn_rng *rng, uint32_t seed);

uint32_t nn_rng_uint32(nn_rng *rng);
double nn_rng_double(nn_rng *rng); /* uniform in [0,1), 53 bits */
double nn_rng_gauss(nn_rng *rng);  /* normal, mean 0, variance 1 */

/* Uniform in 0..max, both included: what RandomState.randint and shuffle draw. */
uint64_t nn_rng_below_or_at(nn_rng *rng, uint64_t max);

/* True if the fields could have come from a generator (a state read from outside). */
bool nn_rng_valid(const nn_rng *rng);

#endif
