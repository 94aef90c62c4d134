/*
** decimal.h - numbers as text, the same under every locale
*/
#ifndef NN_IO_DECIMAL_H
#define NN_IO_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/status.h"

/* The "C" locale; opened once for many numbers. NULL: closed. */
typedef struct nn_decimal {
    void *locale;
} nn_decimal;

/* NN_EMEM. Closing what is closed does no harm. */
nn_status nn_decimal_open(nn_decimal *decimal, nn_error *err);
void nn_decimal_close(nn_decimal *decimal);

/* True and *value, the nearest double, if the text is a number between blanks: digits with sign,
** point and exponent, or nan, inf, infinity in any case. text[size] can be read. */
bool nn_decimal_parse(const nn_decimal *decimal, const char *text, size_t size, double *value);

/* Writes value with the fewest digits (from `digits` up, at most most) that read back the same, as
** float if single. Gives the length, below NN_DECIMAL_ROOM. */
#define NN_DECIMAL_ROOM 40
size_t nn_decimal_format(const nn_decimal *decimal, char text[NN_DECIMAL_ROOM], double value,
                         bool single);

#endif
