/*
** decimal.c - numbers as text, the same under every locale
**
** Most numbers have so few digits that one exact division or product of two
** doubles rounds them correctly (Clinger, "How to read floating point numbers
** accurately", PLDI 1990). For the others the C library, which rounds
** correctly too, reads them in the "C" locale.
*/
#define _GNU_SOURCE /* strtod_l */

#include "io/decimal.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define EXACT_DIGITS 15 /* 10^15 < 2^53 */
#define EXACT_POWER 22  /* 10^22 is a double */

nn_status nn_decimal_open(nn_decimal *decimal, nn_error *err)
{
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale == (locale_t)0)
        return nn_fail(err, NN_EMEM, 0, "no memory for reading and writing numbers");
    decimal->locale = locale;
    return NN_OK;
}

void nn_decimal_close(nn_decimal *decimal)
{
    if (decimal->locale != NULL) freelocale(decimal->locale);
    decimal->locale = NULL;
}

/* A number's parts: value = digits * 10^power. */
typedef struct parts {
    uint64_t digits; /* the first 18 significant ones at most */
    int count;       /* how many significant ones there are */
    int64_t power;
    bool negative;
} parts;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *take_digits(const char *at, const char *end, parts *p, bool fraction)
{
    for (; at < end && is_digit(*at); at++) {
        if (p->count < 18) p->digits = p->digits * 10 + (uint64_t)(*at - '0');
        p->count += p->count > 0 || *at != '0';
        p->power -= fraction;
    }
    return at;
}

/* False if there is no number up to end. */
static bool split(const char *at, const char *end, parts *p)
{
    p->negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    const char *whole = at;
    at = take_digits(at, end, p, false);
    int64_t seen = at - whole;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = take_digits(at, end, p, true);
        seen += at - fraction;
    }
    if (seen == 0) return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        int64_t exponent = 0;
        bool negative = ++at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+')) at++;
        if (at == end || !is_digit(*at)) return false;
        for (; at < end && is_digit(*at); at++)
            if (exponent < 100000) exponent = exponent * 10 + (*at - '0');
        p->power += negative ? -exponent : exponent;
    }
    return at == end;
}

static bool parse_word(const char *at, const char *end, double *value)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    size_t size = (size_t)(end - at);
    if (size == 3 && strncasecmp(at, "nan", 3) == 0)
        *value = NAN;
    else if ((size == 3 && strncasecmp(at, "inf", 3) == 0) ||
             (size == 8 && strncasecmp(at, "infinity", 8) == 0))
        *value = negative ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool nn_decimal_parse(const nn_decimal *decimal, const char *text, size_t size, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *end = text + size;
    parts p = {0};
    while (text < end && is_blank(*text)) text++;
    while (text < end && is_blank(end[-1])) end--;
    if (!split(text, end, &p)) return parse_word(text, end, value);
    if (p.count <= EXACT_DIGITS && p.power >= -EXACT_POWER && p.power <= EXACT_POWER) {
        double digits = (double)p.digits;
        double magnitude = p.power < 0 ? digits / powers[-p.power] : digits * powers[p.power];
        *value = p.negative ? -magnitude : magnitude;
        return true;
    }
    /* What stands behind the number does not continue it: it is a delimiter, a blank, a quote, a
    ** line end or the zero byte. */
    *value = strtod_l(text, NULL, decimal->locale);
    return true;
}

size_t nn_decimal_format(const nn_decimal *decimal, char text[NN_DECIMAL_ROOM], double value,
                         bool single)
{
    if (isnan(value)) return (size_t)snprintf(text, NN_DECIMAL_ROOM, "nan");
    if (isinf(value)) return (size_t)snprintf(text, NN_DECIMAL_ROOM, value < 0 ? "-inf" : "inf");
    locale_t before = uselocale(decimal->locale);
    int length = 0;
    for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
        length = snprintf(text, NN_DECIMAL_ROOM, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (single ? (float)back == (float)value : back == value) break;
    }
    uselocale(before);
    return (size_t)length;
}
