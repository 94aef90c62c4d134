/*
** rng.c - MT19937 and the distributions over it
*/
#include "tensor/rng.h"

#include <math.h>

#define MIDDLE 397 /* the recurrence joins word i with word i + MIDDLE */

void nn_rng_seed(nn_rng *rng, uint32_t seed)
{
    for (uint32_t i = 0; i < NN_RNG_KEY; i++) {
        rng->key[i] = seed;
        seed = UINT32_C(1812433253) * (seed ^ (seed >> 30)) + i + 1;
    }
    rng->position = NN_RNG_KEY;
    rng->has_gauss = 0;
    rng->gauss = 0;
}

/* The next key word from the upper bit of one, the lower bits of the next, and a third. */
static uint32_t twist(uint32_t upper, uint32_t lower, uint32_t middle)
{
    uint32_t y = (upper & UINT32_C(0x80000000)) | (lower & UINT32_C(0x7fffffff));
    return middle ^ (y >> 1) ^ (y & 1 ? UINT32_C(0x9908b0df) : 0);
}

static void refill(nn_rng *rng)
{
    uint32_t *key = rng->key;
    for (int i = 0; i < NN_RNG_KEY; i++)
        key[i] = twist(key[i], key[(i + 1) % NN_RNG_KEY], key[(i + MIDDLE) % NN_RNG_KEY]);
    rng->position = 0;
}

uint32_t nn_rng_uint32(nn_rng *rng)
{
    if (rng->position == NN_RNG_KEY) refill(rng);
    uint32_t y = rng->key[rng->position++];
    y ^= y >> 11;
    y ^= (y << 7) & UINT32_C(0x9d2c5680);
    y ^= (y << 15) & UINT32_C(0xefc60000);
    return y ^ (y >> 18);
}

double nn_rng_double(nn_rng *rng)
{
    uint32_t high = nn_rng_uint32(rng) >> 5, low = nn_rng_uint32(rng) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

double nn_rng_gauss(nn_rng *rng)
{
    if (rng->has_gauss) {
        rng->has_gauss = 0;
        return rng->gauss;
    }
    double x, y, r2;
    do {
        x = 2.0 * nn_rng_double(rng) - 1.0;
        y = 2.0 * nn_rng_double(rng) - 1.0;
        r2 = x * x + y * y;
    } while (r2 >= 1.0 || r2 == 0.0);
    double factor = sqrt(-2.0 * log(r2) / r2);
    rng->gauss = factor * x;
    rng->has_gauss = 1;
    return factor * y;
}

uint64_t nn_rng_below_or_at(nn_rng *rng, uint64_t max)
{
    uint64_t mask = max, value;
    if (max == 0) return 0;
    if (max == UINT32_MAX) return nn_rng_uint32(rng);
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    do {
        value = nn_rng_uint32(rng);
        if (max > UINT32_MAX) value = value << 32 | nn_rng_uint32(rng);
        value &= mask;
    } while (value > max);
    return value;
}

bool nn_rng_valid(const nn_rng *rng)
{
    /* The bits that the recurrence reads: of the first word only the upper one. No seed leads to
    ** all zeros, which yield zeros for ever, and no Gaussian. */
    uint32_t any = rng->key[0] & UINT32_C(0x80000000);
    for (int i = 1; i < NN_RNG_KEY; i++) any |= rng->key[i];
    return any != 0 && rng->position >= 0 && rng->position <= NN_RNG_KEY &&
           (rng->has_gauss == 0 || rng->has_gauss == 1);
}
