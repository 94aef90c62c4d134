/*
** display.c - the terminal's size, and how many of its columns a text takes
**
** The widths are the C library's (wcwidth in the C.UTF-8 locale), whatever the
** process's own locale is: 2 for CJK and most emoji, 0 for combining marks.
** A control character and a byte that is no UTF-8 count 1, as the replacement
** that terminals show. Where there is no C.UTF-8, every character counts 1.
*/
#define _XOPEN_SOURCE 700

#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "bind/bind.h"

/* The locale of the widths while it is in use; (locale_t)0 if there is none. */
static locale_t enter(void)
{
    static locale_t utf8;
    static bool tried;
    if (!tried) utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    tried = true;
    return utf8 ? uselocale(utf8) : (locale_t)0;
}

static void leave(locale_t previous)
{
    if (previous) uselocale(previous);
}

/* The bytes of the character at `text`, and in *width its columns; without the locale a byte that
** continues a character takes none. */
static size_t character(const char *text, size_t left, bool known, int *width)
{
    if (!known) {
        *width = ((unsigned char)*text & 0xC0) != 0x80;
        return 1;
    }
    wchar_t c;
    mbstate_t state;
    memset(&state, 0, sizeof state);
    size_t bytes = mbrtowc(&c, text, left, &state);
    if (bytes == 0 || bytes > left) { /* a zero byte, a broken or cut sequence */
        *width = 1;
        return 1;
    }
    int columns = wcwidth(c);
    *width = columns < 0 ? 1 : columns;
    return bytes;
}

/* display_width(text) -> columns */
static int core_display_width(lua_State *L)
{
    size_t length;
    const char *text = nnb_check_string(L, 1, &length, "display_width");
    lua_Integer columns = 0;
    locale_t previous = enter();
    for (size_t i = 0; i < length;) {
        int width;
        i += character(text + i, length - i, previous != (locale_t)0, &width);
        columns += width;
    }
    leave(previous);
    lua_pushinteger(L, columns);
    return 1;
}

/* display_clip(text, columns) -> the longest beginning that takes no more columns, and how many it
** takes */
static int core_display_clip(lua_State *L)
{
    size_t length;
    const char *text = nnb_check_string(L, 1, &length, "display_clip");
    int64_t room = nnb_check_integer(L, 2, "display_clip");
    lua_Integer columns = 0;
    size_t end = 0;
    locale_t previous = enter();
    while (end < length) {
        int width;
        size_t bytes = character(text + end, length - end, previous != (locale_t)0, &width);
        if (columns + width > room) break;
        columns += width;
        end += bytes;
    }
    leave(previous);
    lua_pushlstring(L, text, end);
    lua_pushinteger(L, columns);
    return 2;
}

/* terminal_size() -> columns, rows of the terminal on stdout or stderr, or nil */
static int core_terminal_size(lua_State *L)
{
    struct winsize size;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
            lua_pushinteger(L, size.ws_col);
            lua_pushinteger(L, size.ws_row);
            return 2;
        }
    lua_pushnil(L);
    return 1;
}

static const luaL_Reg functions[] = {
    {"display_width", core_display_width},
    {"display_clip", core_display_clip},
    {"terminal_size", core_terminal_size},
    {NULL, NULL},
};

void nnb_open_display(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
