/*
** exact_sum.c - a double's bits added where they belong, carries passed on now and then
*/
#include "nn/exact_sum.h"

#include <math.h>
#include <string.h>

#include "nn/operand.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"

#define DIGITS 69 /* 2098 bits of doubles, 62 for their number, a sign */
#define MASK INT64_C(0xFFFFFFFF)
#define UNIT (-1074) /* exponent of digit 0's lowest bit */

enum special { SPECIAL_NAN = DIGITS, SPECIAL_INF, SPECIAL_MINUS_INF };

/* A digit changes by less than 2^33 an addition, and overflows at 2^63. */
#define ADDITIONS_BEFORE_CARRY (1 << 29)

static void carry(int64_t *digit)
{
    for (int i = 0; i < DIGITS - 1; i++) {
        digit[i + 1] += digit[i] >> 32; /* rounds down: the rest is not negative */
        digit[i] &= MASK;
    }
}

static void add(int64_t *digit, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int64_t mantissa = (int64_t)(bits & ((UINT64_C(1) << 52) - 1));
    int exponent = (int)(bits >> 52 & 0x7FF), negative = (int)(bits >> 63);
    if (exponent == 0x7FF) {
        digit[mantissa ? SPECIAL_NAN : negative ? SPECIAL_MINUS_INF : SPECIAL_INF]++;
        return;
    }
    if (exponent > 0)
        mantissa |= INT64_C(1) << 52;
    else
        exponent = 1; /* subnormal */
    int i = (exponent - 1) / 32, shift = (exponent - 1) % 32;
    int64_t low = (mantissa & MASK) << shift, high = (mantissa >> 32) << shift;
    int64_t sign = negative ? -1 : 1;
    digit[i] += sign * (low & MASK);
    digit[i + 1] += sign * ((low >> 32) + (high & MASK));
    digit[i + 2] += sign * (high >> 32);
}

static void add_square(int64_t *digit, double value)
{
    double square = value * value;
    add(digit, square);
    if (isfinite(square)) add(digit, fma(value, value, -square));
}

static nn_status check_sums(const nn_tensor *sums, nn_error *err)
{
    if (sums->dtype != NN_INT64)
        return nn_fail(err, NN_EDTYPE, 1, "sums are %s, expected int64",
                       nn_dtype_name(sums->dtype));
    if (sums->ndim != 2 || sums->shape[0] < 1 || sums->shape[1] != NN_EXACT_SIZE ||
        !nn_tensor_is_contiguous(sums))
        return nn_fail(err, NN_ESHAPE, 1, "sums are %s, expected contiguous [k,%d]",
                       nn_tensor_shape_name(sums).text, NN_EXACT_SIZE);
    return NN_OK;
}

/* From so many values on they are added to a copy of the sums, which may be given up. */
#define MANY ((int64_t)1 << 16)

/* Adds x, float64 and contiguous, to the k sums. False: given up, with some of it added. */
static bool add_all(int64_t *digits, int64_t k, const nn_tensor *x, bool square, bool may_stop)
{
    const double *value = nn_tensor_data(x);
    int64_t n = nn_tensor_numel(x);
    for (int64_t r = 0; r < k; r++) {
        int64_t *digit = digits + r * NN_EXACT_SIZE;
        int64_t pending = 0;
        for (int64_t i = r; i < n; i += k) {
            if (may_stop && pending % 4096 == 0 && nn_cancelled()) return false;
            if (square)
                add_square(digit, value[i]);
            else
                add(digit, value[i]);
            pending += 2;
            if (pending >= ADDITIONS_BEFORE_CARRY) {
                carry(digit);
                pending = 0;
            }
        }
        carry(digit);
    }
    return true;
}

nn_status nn_exact_add(nn_tensor *sums, const nn_tensor *x, bool square, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY, aside = NN_TENSOR_EMPTY;
    NN_TRY(check_sums(sums, err));
    NN_TRY(nn_check_float((nn_operand){x, 2, "x"}, err));
    int64_t k = sums->shape[0], n = nn_tensor_numel(x);
    if (n % k != 0)
        return nn_fail(err, NN_ESHAPE, 2, "x is %s, which does not share out over %lld sums",
                       nn_tensor_shape_name(x).text, (long long)k);
    NN_TRY(nn_tensor_contiguous(&plain, x, NN_FLOAT64, err));
    bool many = n >= MANY;
    nn_status status = many ? nn_tensor_clone(&aside, sums, err) : NN_OK;
    if (status == NN_OK && !add_all(nn_tensor_data(many ? &aside : sums), k, &plain, square, many))
        status = nn_interrupted(err);
    if (status == NN_OK && many) status = nn_tensor_copy(sums, &aside, err);
    if (status == NN_OK) sums->storage->version++;
    nn_tensor_release(&aside);
    nn_tensor_release(&plain);
    return status;
}

static int64_t bit(const int64_t *digit, int64_t position)
{
    return digit[position / 32] >> position % 32 & 1;
}

/* The nearest double, of equally near ones the even; digits carried. */
static double nearest(const int64_t *carried)
{
    int64_t digit[DIGITS], top = 32 * DIGITS - 1, mantissa = 0;
    bool negative = carried[DIGITS - 1] < 0;
    for (int i = 0; i < DIGITS; i++) digit[i] = negative ? -carried[i] : carried[i];
    if (negative) carry(digit);
    while (top > 0 && !bit(digit, top)) top--;
    int64_t lowest = top > 52 ? top - 52 : 0;
    for (int64_t p = top; p >= lowest; p--) mantissa = 2 * mantissa + bit(digit, p);
    if (lowest > 0 && bit(digit, lowest - 1)) {
        bool more = mantissa & 1;
        for (int64_t p = lowest - 2; p >= 0 && !more; p--) more = bit(digit, p);
        mantissa += more;
    }
    double value = ldexp((double)mantissa, (int)lowest + UNIT);
    return negative ? -value : value;
}

nn_status nn_exact_value(double *high, double *low, const nn_tensor *sums, int64_t r, nn_error *err)
{
    int64_t digit[NN_EXACT_SIZE];
    NN_TRY(check_sums(sums, err));
    if (r < 0 || r >= sums->shape[0])
        return nn_fail(err, NN_EVALUE, 2, "row %lld is outside 1..%lld", (long long)r + 1,
                       (long long)sums->shape[0]);
    memcpy(digit, NN_DATA(int64_t, sums) + r * NN_EXACT_SIZE, sizeof digit);
    *low = 0;
    if (digit[SPECIAL_NAN] || (digit[SPECIAL_INF] && digit[SPECIAL_MINUS_INF]))
        *high = NAN;
    else if (digit[SPECIAL_INF] || digit[SPECIAL_MINUS_INF])
        *high = digit[SPECIAL_INF] ? INFINITY : -INFINITY;
    else {
        *high = nearest(digit);
        if (isfinite(*high)) {
            add(digit, -*high);
            carry(digit);
            *low = nearest(digit);
        }
    }
    return NN_OK;
}
