/*
** status.c - filling an nn_error
*/
#include "tensor/status.h"

#include <stdarg.h>
#include <stdio.h>

nn_status nn_fail(nn_error *err, nn_status code, int arg, const char *format, ...)
{
    va_list args;
    err->code = code;
    err->arg = arg;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

nn_status nn_interrupted(nn_error *err)
{
    return nn_fail(err, NN_EINTERRUPTED, 0, "interrupted");
}
