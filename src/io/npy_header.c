/*
** npy_header.c - the dictionary in the head of an NPY file
**
**     {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }
**
** A Python literal, of which exactly this much is accepted: the three keys,
** each once, in any order; a string, True or False, a tuple of integers >= 0
** (with Python 2's suffix L); blanks and a last comma. Nothing is evaluated.
*/
#include "io/npy_header.h"

#include <string.h>

#include "io/text.h"

/* The text that is left, and what messages need. */
typedef struct cursor {
    const char *start;
    const char *at;
    const char *end;
    const char *name; /* of the file */
    nn_error *err;
} cursor;

static nn_status fail_at(const cursor *c, const char *expected)
{
    size_t left = (size_t)(c->end - c->at);
    return nn_fail(c->err, NN_EFORMAT, 0, "%s: NPY header, byte %td: %s expected, found '%s'",
                   nn_quote(c->name).text, c->at - c->start + 1, expected,
                   nn_quote_bytes(c->at, left < 20 ? left : 20).text);
}

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

/* Takes the character if it comes next, behind blanks. */
static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
    c->at += length;
    return true;
}

/* 'text' or "text" without escapes; *text points into the header. */
static bool take_string(cursor *c, const char **text, size_t *size)
{
    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    const char *first = c->at + 1;
    const char *last = memchr(first, *c->at, (size_t)(c->end - first));
    if (last == NULL || memchr(first, '\\', (size_t)(last - first)) != NULL) return false;
    *text = first;
    *size = (size_t)(last - first);
    c->at = last + 1;
    return true;
}

/* The types of array-protocol strings without their byte order. */
static bool wire_of_type(const char *type, size_t size, nn_wire *wire)
{
    static const struct {
        const char *type;
        nn_wire wire;
    } types[] = {{"b1", NN_WIRE_BOOL}, {"?", NN_WIRE_BOOL}, {"i1", NN_WIRE_I8},
                 {"i2", NN_WIRE_I16},  {"i4", NN_WIRE_I32}, {"i8", NN_WIRE_I64},
                 {"u1", NN_WIRE_U8},   {"u2", NN_WIRE_U16}, {"u4", NN_WIRE_U32},
                 {"u8", NN_WIRE_U64},  {"f2", NN_WIRE_F16}, {"f4", NN_WIRE_F32},
                 {"f8", NN_WIRE_F64}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strlen(types[i].type) == size && memcmp(types[i].type, type, size) == 0) {
            *wire = types[i].wire;
            return true;
        }
    }
    return false;
}

static nn_status fail_type(const cursor *c, const char *descr, size_t size)
{
    return nn_fail(c->err, NN_EFORMAT, 0,
                   "%s: NPY type (descr) is %s, which is not supported: booleans, integers and "
                   "floats up to 8 bytes are",
                   nn_quote(c->name).text, nn_quote_bytes(descr, size).text);
}

static bool machine_is_big_endian(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 0;
}

static nn_status parse_descr(cursor *c, nn_npy_layout *out)
{
    const char *type;
    size_t size;
    skip_blanks(c);
    const char *start = c->at;
    if (c->at < c->end && *c->at == '[') return fail_type(c, c->at, (size_t)(c->end - c->at));
    if (!take_string(c, &type, &size)) return fail_at(c, "a string for 'descr'");
    bool ordered = size > 0 && strchr("<>=|", type[0]) != NULL && type[0] != '\0';
    out->big_endian = ordered && (type[0] == '>' || (type[0] == '=' && machine_is_big_endian()));
    if (!wire_of_type(type + ordered, size - ordered, &out->wire))
        return fail_type(c, start, (size_t)(c->at - start));
    return NN_OK;
}

static nn_status parse_order(cursor *c, nn_npy_layout *out)
{
    out->fortran = take_word(c, "True");
    if (!out->fortran && !take_word(c, "False")) return fail_at(c, "True or False");
    return NN_OK;
}

static nn_status parse_size(cursor *c, int64_t *size)
{
    *size = 0;
    skip_blanks(c);
    if (c->at == c->end || *c->at < '0' || *c->at > '9') return fail_at(c, "a size");
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        int digit = *c->at - '0';
        if (*size > (INT64_MAX - digit) / 10) return fail_at(c, "a size that a file can have");
        *size = *size * 10 + digit;
    }
    if (c->at < c->end && *c->at == 'L') c->at++;
    return NN_OK;
}

static nn_status parse_shape(cursor *c, nn_npy_layout *out)
{
    out->ndim = 0;
    if (!take(c, '(')) return fail_at(c, "a tuple for 'shape'");
    while (!take(c, ')')) {
        if (out->ndim == NN_MAX_RANK) return fail_at(c, "a shape of at most 8 sizes");
        NN_TRY(parse_size(c, &out->shape[out->ndim++]));
        if (take(c, ',')) continue;
        if (out->ndim == 1 || !take(c, ')')) return fail_at(c, "a comma"); /* (3) is no tuple */
        break;
    }
    return NN_OK;
}

/* Parses the value of a key. *seen has a bit for each key that was there. */
static nn_status parse_pair(cursor *c, nn_npy_layout *out, unsigned *seen)
{
    static const struct {
        const char *key;
        nn_status (*parse)(cursor *c, nn_npy_layout *out);
    } keys[] = {{"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};
    const char *key;
    size_t size;
    cursor before = *c;
    if (!take_string(c, &key, &size)) return fail_at(c, "a key");
    for (unsigned i = 0; i < 3; i++) {
        if (strlen(keys[i].key) != size || memcmp(keys[i].key, key, size) != 0) continue;
        if ((*seen & 1U << i) != 0) break;
        *seen |= 1U << i;
        if (!take(c, ':')) return fail_at(c, "a colon");
        return keys[i].parse(c, out);
    }
    skip_blanks(&before);
    return fail_at(&before, "'descr', 'fortran_order' or 'shape', each once,");
}

nn_status nn_npy_header_parse(nn_npy_layout *out, const char *text, size_t size, const char *name,
                              nn_error *err)
{
    cursor c = {.start = text, .at = text, .end = text + size, .name = name, .err = err};
    unsigned seen = 0;
    if (!take(&c, '{')) return fail_at(&c, "{");
    while (!take(&c, '}')) {
        NN_TRY(parse_pair(&c, out, &seen));
        if (take(&c, ',')) continue;
        if (!take(&c, '}')) return fail_at(&c, "a comma or }");
        break;
    }
    if (seen != 7) return fail_at(&c, "'descr', 'fortran_order' and 'shape' before the end");
    skip_blanks(&c);
    return c.at == c.end ? NN_OK : fail_at(&c, "nothing behind the dictionary");
}
