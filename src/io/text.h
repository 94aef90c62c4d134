/*
** text.h - strings on their way into files, out of files and into messages
*/
#ifndef NN_IO_TEXT_H
#define NN_IO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/status.h"

/* A name fit for a one-line message: control characters shown as '?', the middle of a long name
** as "..."; it lives by value, so that two fit one printf. */
typedef struct nn_quoted {
    char text[140];
} nn_quoted;
nn_quoted nn_quote(const char *text);
nn_quoted nn_quote_bytes(const char *text, size_t size);

/* True if the bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
bool nn_text_is_utf8(const char *text, size_t size);

/* A zero-terminated copy, for nn_free. NULL and err filled if memory is out. */
char *nn_text_copy(const char *text, size_t size, nn_error *err);

#endif
