/*
** json.c - JSON texts from Lua values and back
**
** What is not Lua's memory hangs on a holder, a userdata that frees it, so
** that every Lua call may raise. Encoding is done here rather than by jansson
** for the sake of messages that name the place, and of short numbers: 0.1, not
** 0.10000000000000001. Tables are read raw, without metamethods.
*/
#include "bind/json.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "io/text.h"
#include "tensor/alloc.h"

#define HOLDER "nnlua.json.holder"
#define ARRAY "nnlua.json.array"
#define DEPTH_LIMIT 1000 /* of tables to encode: a cycle ends here */

/* ---- the holder ---- */

typedef struct holder {
    char *text;   /* the JSON text so far */
    size_t size;  /* its bytes */
    size_t room;  /* bytes allocated */
    json_t *json; /* what jansson has parsed */
} holder;

static int holder_release(lua_State *L)
{
    holder *h = lua_touserdata(L, 1);
    nn_free(h->text);
    json_decref(h->json);
    *h = (holder){0};
    return 0;
}

/* Pushes an empty holder, which is released when the running C function returns or raises. */
static holder *new_holder(lua_State *L)
{
    holder *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (holder){0};
    luaL_setmetatable(L, HOLDER);
    lua_toclose(L, -1);
    return h;
}

/* ---- encoding: places, for messages ---- */

/* Where in the value the encoder is: a list from the inside out. */
typedef struct place {
    const struct place *outer; /* NULL: the value itself */
    const char *key;           /* of an object; NULL: index counts */
    lua_Integer index;         /* of an array */
} place;

/* Appends "value.layers[2].size" to the buffer. */
static void add_place(luaL_Buffer *b, const place *at)
{
    char index[32];
    if (at->outer == NULL) {
        luaL_addstring(b, "value");
        return;
    }
    add_place(b, at->outer);
    if (at->key != NULL) {
        luaL_addchar(b, '.');
        luaL_addstring(b, nn_quote(at->key).text);
    } else {
        snprintf(index, sizeof index, "[" LUA_INTEGER_FMT "]", at->index);
        luaL_addstring(b, index);
    }
}

static int fail_at(lua_State *L, const place *at, const char *what)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    add_place(&b, at);
    luaL_addchar(&b, ' ');
    luaL_addstring(&b, what);
    luaL_pushresult(&b);
    return nnb_arg_error(L, 1, "json_encode", "%s", lua_tostring(L, -1));
}

/* ---- encoding: text ---- */

typedef struct encoder {
    lua_State *L;
    holder *out;
    int indent; /* blanks per level; -1: all on one line */
} encoder;

static void add(encoder *e, const char *text, size_t size)
{
    holder *out = e->out;
    nn_error err;
    if (out->room - out->size < size) {
        size_t room = 2 * out->room + size + 256;
        char *text_new = nn_realloc(out->text, room, &err);
        if (text_new == NULL) nnb_raise(e->L, &err, "json_encode");
        out->text = text_new;
        out->room = room;
    }
    memcpy(out->text + out->size, text, size);
    out->size += size;
}

static void add_text(encoder *e, const char *text)
{
    add(e, text, strlen(text));
}

static void add_line(encoder *e, int depth)
{
    if (e->indent < 0) return;
    add_text(e, "\n");
    for (int i = 0; i < depth * e->indent; i++) add_text(e, " ");
}

static void add_string(encoder *e, const char *text, size_t size)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    add_text(e, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[8];
        const char *name = c == 0 ? NULL : strchr(names, c);
        if (name != NULL && (c < 0x20 || c == '"' || c == '\\')) {
            snprintf(escape, sizeof escape, "\\%c", name[1]);
            add_text(e, escape);
        } else if (c < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", c);
            add_text(e, escape);
        } else {
            add(e, text + i, 1);
        }
    }
    add_text(e, "\"");
}

/* The shortest of 15 to 17 digits that reads back as the same number; always with a point or an
** exponent, so that it comes back as a float. */
static void add_float(encoder *e, double value)
{
    char digits[40];
    const char *point = localeconv()->decimal_point;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    char *comma = strstr(digits, point);
    if (comma != NULL) {
        memmove(comma + 1, comma + strlen(point), strlen(comma + strlen(point)) + 1);
        *comma = '.';
    }
    add_text(e, digits);
    if (strpbrk(digits, ".e") == NULL) add_text(e, ".0");
}

/* ---- encoding: values ---- */

static void encode(encoder *e, const place *at, int depth);

typedef struct key {
    const char *text;
    size_t size;
} key;

/* By bytes, which for UTF-8 is by code points. */
static int compare_keys(const void *left, const void *right)
{
    const key *a = left;
    const key *b = right;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    if (order != 0) return order;
    return a->size < b->size ? -1 : a->size > b->size;
}

static bool is_marked(lua_State *L)
{
    if (!lua_getmetatable(L, -1)) return false;
    luaL_getmetatable(L, ARRAY);
    bool marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return marked;
}

/* Counts the keys of the table on top; true if it is to be an array. */
static bool survey(encoder *e, const place *at, lua_Integer *count)
{
    lua_State *L = e->L;
    lua_Integer length = (lua_Integer)lua_rawlen(L, -1);
    lua_Integer items = 0;
    lua_Integer names = 0;
    bool marked = is_marked(L);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            names++;
        else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 &&
                 lua_tointeger(L, -1) <= length)
            items++;
        else
            fail_at(L, at, "has a key that is neither a string nor an index without gaps");
    }
    if (items > 0 && names > 0) fail_at(L, at, "mixes the keys of an array and of an object");
    if (items != length) fail_at(L, at, "is an array with gaps");
    if (marked && names > 0) fail_at(L, at, "is marked as an array and has keys that are strings");
    *count = items + names;
    return marked || items > 0;
}

static void encode_array(encoder *e, const place *at, lua_Integer count, int depth)
{
    lua_State *L = e->L;
    add_text(e, "[");
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1) add_text(e, ",");
        add_line(e, depth + 1);
        lua_rawgeti(L, -1, i);
        encode(e, &(place){at, NULL, i}, depth + 1);
        lua_pop(L, 1);
    }
    if (count > 0) add_line(e, depth);
    add_text(e, "]");
}

/* Pushes a table that keeps the count keys of the table on top alive, and the sorted keys. */
static const key *push_sorted_keys(encoder *e, const place *at, lua_Integer count)
{
    lua_State *L = e->L;
    lua_createtable(L, (int)count, 0);
    key *keys = lua_newuserdatauv(L, (size_t)count * sizeof *keys, 0);
    lua_Integer found = 0;
    lua_pushnil(L);
    while (lua_next(L, -4)) {
        lua_pop(L, 1);
        if (found == count || lua_type(L, -1) != LUA_TSTRING) break; /* changed by a finalizer */
        keys[found].text = lua_tolstring(L, -1, &keys[found].size);
        found++;
        lua_pushvalue(L, -1);
        lua_rawseti(L, -4, found);
    }
    if (found != count) fail_at(L, at, "has changed meanwhile");
    qsort(keys, (size_t)count, sizeof *keys, compare_keys);
    return keys;
}

static void encode_object(encoder *e, const place *at, lua_Integer count, int depth)
{
    lua_State *L = e->L;
    const key *keys = push_sorted_keys(e, at, count);
    add_text(e, "{");
    for (lua_Integer i = 0; i < count; i++) {
        place inner = {at, keys[i].text, 0};
        if (!nn_text_is_utf8(keys[i].text, keys[i].size))
            fail_at(L, at, "has a key that is not UTF-8");
        if (i > 0) add_text(e, ",");
        add_line(e, depth + 1);
        add_string(e, keys[i].text, keys[i].size);
        add_text(e, e->indent < 0 ? ":" : ": ");
        lua_pushlstring(L, keys[i].text, keys[i].size);
        lua_rawget(L, -4);
        encode(e, &inner, depth + 1);
        lua_pop(L, 1);
    }
    if (count > 0) add_line(e, depth);
    add_text(e, "}");
    lua_pop(L, 2);
}

static void encode_table(encoder *e, const place *at, int depth)
{
    lua_Integer count;
    if (depth == DEPTH_LIMIT) fail_at(e->L, at, "is nested too deeply (a table within itself?)");
    luaL_checkstack(e->L, 10, "json_encode");
    if (survey(e, at, &count))
        encode_array(e, at, count, depth);
    else
        encode_object(e, at, count, depth);
}

static void encode_number(encoder *e, const place *at)
{
    lua_Number value = lua_tonumber(e->L, -1);
    char digits[32];
    if (lua_isinteger(e->L, -1)) {
        snprintf(digits, sizeof digits, LUA_INTEGER_FMT, lua_tointeger(e->L, -1));
        add_text(e, digits);
    } else if (isnan(value)) {
        fail_at(e->L, at, "is nan, for which JSON has no number");
    } else if (isinf(value)) {
        fail_at(e->L, at, "is infinite, for which JSON has no number");
    } else {
        add_float(e, value);
    }
}

static bool is_null(lua_State *L)
{
    return lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL;
}

/* Encodes the value on top, which stays there. */
static void encode(encoder *e, const place *at, int depth)
{
    lua_State *L = e->L;
    size_t size;
    const char *text;
    if (is_null(L)) {
        add_text(e, "null");
        return;
    }
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN: add_text(e, lua_toboolean(L, -1) ? "true" : "false"); break;
    case LUA_TNUMBER: encode_number(e, at); break;
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &size);
        if (!nn_text_is_utf8(text, size)) fail_at(L, at, "is not UTF-8");
        add_string(e, text, size);
        break;
    case LUA_TTABLE: encode_table(e, at, depth); break;
    default:
        lua_pushfstring(L, "is a %s, which JSON does not have", luaL_typename(L, -1));
        fail_at(L, at, lua_tostring(L, -1));
    }
}

/* nn.io.json_encode(v [, {indent}]) -> text. Tables with keys 1..n are arrays, others objects
** with sorted keys; an empty one is {} unless nn.io.json_array marked it. Integers stay
** integers; floats read back as the same number. indent: blanks per level; one line if not
** given. Raises, naming the place, for NaN, infinity, text that is not UTF-8, mixed keys, gaps,
** other types, more than 1000 levels. */
static int io_json_encode(lua_State *L)
{
    encoder e = {.L = L};
    nnb_options(L, 2, "json_encode", "indent", NULL);
    int64_t indent = nnb_option_integer(L, 2, "indent", -1, "json_encode");
    if (indent < -1 || indent > 16)
        nnb_error(L, "bad option 'indent' to 'json_encode' (%I is outside 0..16)",
                  (lua_Integer)indent);
    e.indent = (int)indent;
    lua_settop(L, 1);
    e.out = new_holder(L);
    lua_pushvalue(L, 1);
    encode(&e, &(place){0}, 0);
    lua_pushlstring(L, e.out->text, e.out->size);
    return 1;
}

/* ---- decoding ---- */

static void push_json(lua_State *L, json_t *json);

static void push_object(lua_State *L, json_t *json)
{
    const char *name;
    json_t *value;
    lua_createtable(L, 0, (int)json_object_size(json));
    json_object_foreach(json, name, value)
    {
        lua_pushstring(L, name);
        push_json(L, value);
        lua_rawset(L, -3);
    }
}

static void push_array(lua_State *L, const json_t *json)
{
    size_t count = json_array_size(json);
    lua_createtable(L, (int)count, 0);
    luaL_setmetatable(L, ARRAY);
    for (size_t i = 0; i < count; i++) {
        push_json(L, json_array_get(json, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_json(lua_State *L, json_t *json)
{
    luaL_checkstack(L, 4, "json_decode");
    switch (json_typeof(json)) {
    case JSON_OBJECT: push_object(L, json); break;
    case JSON_ARRAY: push_array(L, json); break;
    case JSON_STRING: lua_pushlstring(L, json_string_value(json), json_string_length(json)); break;
    case JSON_INTEGER: lua_pushinteger(L, json_integer_value(json)); break;
    case JSON_REAL: lua_pushnumber(L, json_real_value(json)); break;
    case JSON_NULL: lua_pushlightuserdata(L, NULL); break;
    default: lua_pushboolean(L, json_is_true(json));
    }
}

/* nn.io.json_decode(text) -> value. null becomes nn.io.null, an integer a Lua integer, any other
** number a float. Raises, with line and column, where the text is not JSON, has a key twice, an
** integer beyond 64 bits, or more than 2048 levels. */
static int io_json_decode(lua_State *L)
{
    size_t size;
    json_error_t err;
    const char *text = nnb_check_string(L, 1, &size, "json_decode");
    holder *h = new_holder(L);
    h->json =
        json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
    if (h->json == NULL) {
        /* jansson has a text for every error but this one. */
        if (err.text[0] == '\0') return nnb_error(L, "json_decode: not enough memory");
        return nnb_arg_error(L, 1, "json_decode", "line %d, column %d: %s", err.line, err.column,
                             nn_quote(err.text).text);
    }
    push_json(L, h->json);
    return 1;
}

/* nn.io.json_array([t]) -> t, or a new table, that is encoded as an array even if empty. Raises
** if t has a metatable. */
static int io_json_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    if (lua_type(L, 1) != LUA_TTABLE)
        return nnb_arg_error(L, 1, "json_array", "table expected, got %s", luaL_typename(L, 1));
    lua_settop(L, 1);
    if (!is_marked(L) && lua_getmetatable(L, 1))
        return nnb_arg_error(L, 1, "json_array", "the table has a metatable already");
    luaL_setmetatable(L, ARRAY);
    return 1;
}

void nnb_open_json(lua_State *L)
{
    static const luaL_Reg release[] = {
        {"__gc", holder_release}, {"__close", holder_release}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"json_encode", io_json_encode},
                                         {"json_decode", io_json_decode},
                                         {"json_array", io_json_array},
                                         {NULL, NULL}};
    luaL_newmetatable(L, HOLDER);
    luaL_setfuncs(L, release, 0);
    luaL_newmetatable(L, ARRAY);
    lua_pop(L, 2);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
