/*
** io_csv.c - tables as text; lua/nnlua/csv.lua makes objects of them
**
** Raw forms: a column that was read is {name=, numbers=tensor} or {name=,
** texts={...}, bad=, bad_line=}; one to be written is {name or false, tensor or
** list of strings}.
*/
#include <string.h>

#include "bind/io.h"
#include "io/csv.h"

#define HOLDER "nnlua.csv.holder"

static int release_holder(lua_State *L)
{
    nn_csv_release(lua_touserdata(L, 1));
    return 0;
}

/* ---- options ---- */

static char check_delimiter(lua_State *L, int arg, const char *function)
{
    const char *text = nnb_option_string(L, arg, "delimiter", function);
    if (text == NULL) return ',';
    if (strlen(text) != 1 || !nn_csv_is_delimiter(text[0]))
        nnb_error(L,
                  "bad option 'delimiter' to '%s' (one character expected that is no letter, "
                  "digit, sign, point, quote or line end, got '%s')",
                  function, text);
    return text[0];
}

/* Reads the option types, {{name, "number" | "text"}, ...}, into an array that Lua owns. */
static nn_csv_type *check_types(lua_State *L, int arg, size_t *count, const char *function)
{
    lua_getfield(L, arg, "types");
    *count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    nn_csv_type *types = lua_newuserdatauv(L, *count * sizeof *types, 0);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        if (!lua_istable(L, -1))
            nnb_error(L, "bad option 'types' to '%s' (pairs {name, type} expected)", function);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        const char *kind = nnb_io_text(L, -1);
        types[i].name = nnb_io_text(L, -2);
        bool number = kind != NULL && strcmp(kind, "number") == 0;
        if (types[i].name == NULL || (!number && (kind == NULL || strcmp(kind, "text") != 0)))
            nnb_error(L, "bad option 'types' to '%s' ('number' or 'text' expected, got %s)",
                      function, luaL_tolstring(L, -1, NULL));
        types[i].kind = number ? NN_CSV_NUMBER : NN_CSV_TEXT;
        lua_pop(L, 3);
    }
    return types;
}

static nn_csv_options check_options(lua_State *L, const char *function)
{
    static const char *const headers[] = {"auto", "yes", "no", NULL};
    static const char *const missing[] = {"error", "nan", NULL};
    nn_csv_options options = {0};
    nnb_options(L, 2, function, "delimiter", "header", "missing", "types", NULL);
    options.delimiter = check_delimiter(L, 2, function);
    options.header = (nn_csv_header)nnb_option_word(L, 2, "header", headers, 0, function);
    options.missing_nan = nnb_option_word(L, 2, "missing", missing, 0, function) == 1;
    if (lua_istable(L, 2)) options.types = check_types(L, 2, &options.type_count, function);
    return options;
}

/* ---- reading ---- */

static void push_texts(lua_State *L, const nn_csv_column *column, int64_t rows)
{
    size_t begin = 0;
    lua_createtable(L, rows < INT32_MAX ? (int)rows : 0, 0);
    for (int64_t i = 0; i < rows; i++) {
        lua_pushlstring(L, column->texts + begin, column->ends[i] - begin);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
        begin = column->ends[i];
    }
}

static void push_column(lua_State *L, nn_csv_column *column, int64_t rows)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, column->name);
    lua_setfield(L, -2, "name");
    if (!column->is_text) {
        *nnb_new_tensor(L) = column->numbers;
        column->numbers = NN_TENSOR_EMPTY;
        lua_setfield(L, -2, "numbers");
        return;
    }
    push_texts(L, column, rows);
    lua_setfield(L, -2, "texts");
    if (column->bad_line == 0) return;
    lua_pushstring(L, column->bad);
    lua_setfield(L, -2, "bad");
    lua_pushinteger(L, column->bad_line);
    lua_setfield(L, -2, "bad_line");
}

static int push_table(lua_State *L, nn_csv *table)
{
    lua_createtable(L, (int)table->count, 0);
    for (size_t i = 0; i < table->count; i++) {
        push_column(L, &table->columns[i], table->rows);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, table->rows);
    return 2;
}

/* load_csv(path, {delimiter=, header=, missing=, types=}) -> columns, rows | nil, message */
static int io_load_csv(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "load_csv");
    nn_error err;
    nn_csv_options options = check_options(L, "load_csv");
    nn_csv *table = nnb_io_holder(L, sizeof *table, HOLDER, release_holder);
    if (nn_csv_read(table, path, &options, &err) != NN_OK) return nnb_io_fail(L, &err, "load_csv");
    return push_table(L, table);
}

/* parse_csv(text, {delimiter=, header=, missing=, types=}) -> columns, rows */
static int io_parse_csv(lua_State *L)
{
    size_t size;
    const char *text = nnb_check_string(L, 1, &size, "parse_csv");
    nn_error err;
    nn_csv_options options = check_options(L, "parse_csv");
    nn_csv *table = nnb_io_holder(L, sizeof *table, HOLDER, release_holder);
    NNB_TRY(L, nn_csv_parse(table, "text", text, size, &options, &err), &err, "parse_csv");
    return push_table(L, table);
}

/* ---- writing ---- */

/* Fills cells with the texts of the list on top of the stack, which goes on owning them. The arrays
** are left on the stack below it. */
static void check_texts(lua_State *L, nn_csv_cells *cells, size_t rows, size_t column)
{
    const char **texts = lua_newuserdatauv(L, rows * sizeof *texts, 0);
    lua_insert(L, -2);
    size_t *sizes = lua_newuserdatauv(L, rows * sizeof *sizes, 0);
    lua_insert(L, -2);
    for (size_t i = 0; i < rows; i++) {
        if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING)
            nnb_arg_error(L, 2, "save_csv", "row %I of column %I is a %s, expected a string",
                          (lua_Integer)i + 1, (lua_Integer)column + 1, luaL_typename(L, -1));
        texts[i] = lua_tolstring(L, -1, &sizes[i]);
        lua_pop(L, 1);
    }
    cells->texts = texts;
    cells->sizes = sizes;
}

/* Reads column i of the list at argument 2, {name or false, tensor or list of strings}. */
static void check_column(lua_State *L, nn_csv_cells *cells, size_t i, size_t rows)
{
    luaL_checkstack(L, 8, "too many columns");
    *cells = (nn_csv_cells){0};
    if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TTABLE)
        nnb_arg_error(L, 2, "save_csv", "column %I is a %s, expected {name, values}",
                      (lua_Integer)i + 1, luaL_typename(L, -1));
    lua_rawgeti(L, -1, 1);
    cells->name = nnb_io_text(L, -1);
    lua_rawgeti(L, -2, 2);
    cells->numbers = nnb_to_tensor(L, -1);
    if (cells->numbers != NULL) {
        lua_pop(L, 3);
        return;
    }
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) != rows)
        nnb_arg_error(L, 2, "save_csv", "column %I is no tensor and no list of %I strings",
                      (lua_Integer)i + 1, (lua_Integer)rows);
    check_texts(L, cells, rows, i);
    lua_pop(L, 1); /* the list; the columns hold it */
}

/*
** save_csv(path, {{name or false, tensor or list of strings}, ...}, rows, {delimiter=})
** -> true | nil, message
*/
static int io_save_csv(lua_State *L)
{
    const char *path = nnb_io_path(L, 1, "save_csv");
    nn_error err;
    luaL_checktype(L, 2, LUA_TTABLE);
    int64_t rows = nnb_check_integer(L, 3, "save_csv");
    nnb_options(L, 4, "save_csv", "delimiter", NULL);
    char delimiter = check_delimiter(L, 4, "save_csv");
    size_t count = lua_rawlen(L, 2);
    nn_csv_cells *columns = lua_newuserdatauv(L, count * sizeof *columns, 0);
    for (size_t i = 0; i < count; i++) check_column(L, &columns[i], i, (size_t)rows);
    return nnb_io_finish(L, nn_csv_write(path, count, columns, rows, delimiter, &err), &err,
                         "save_csv");
}

void nnb_open_io_csv(lua_State *L)
{
    static const luaL_Reg functions[] = {{"load_csv", io_load_csv},
                                         {"parse_csv", io_parse_csv},
                                         {"save_csv", io_save_csv},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
