/*
** text.c - strings on their way into files, out of files and into messages
*/
#include "io/text.h"

#include <string.h>

#include "tensor/alloc.h"

nn_quoted nn_quote_bytes(const char *text, size_t size)
{
    nn_quoted quoted;
    const size_t room = sizeof quoted.text - 1;
    const size_t tail = 60; /* paths differ at their ends, so the end is kept as well */
    if (size <= room) {
        memcpy(quoted.text, text, size);
    } else {
        memcpy(quoted.text, text, room - tail - 3);
        memcpy(quoted.text + room - tail - 3, "...", 3);
        memcpy(quoted.text + room - tail, text + size - tail, tail);
        size = room;
    }
    quoted.text[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)quoted.text[i];
        if (c < 0x20 || c == 0x7F) quoted.text[i] = '?';
    }
    return quoted;
}

nn_quoted nn_quote(const char *text)
{
    return nn_quote_bytes(text, strlen(text));
}

bool nn_text_is_utf8(const char *text, size_t size)
{
    /* The smallest code point that may take 1, 2, 3 continuation bytes. */
    static const unsigned long smallest[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + size;
    while (p < end) {
        unsigned long code = *p++;
        if (code < 0x80) continue;
        int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : 1;
        if (code < 0xC2 || code > 0xF4 || end - p < more) return false;
        code &= 0x3FUL >> more;
        for (int i = 0; i < more; i++, p++) {
            if ((*p & 0xC0) != 0x80) return false;
            code = code << 6 | (*p & 0x3FUL);
        }
        if (code < smallest[more] || code > 0x10FFFF) return false;
        if (code >= 0xD800 && code <= 0xDFFF) return false;
    }
    return true;
}

char *nn_text_copy(const char *text, size_t size, nn_error *err)
{
    char *copy = nn_alloc(size + 1, err);
    if (copy == NULL) return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
