/*
** line.h - the module "nnlua.line": line editing for the REPL
**
**   readline(prompt) -> line            edited by the user, without the newline
**                    -> nil             end of input (Ctrl-D on an empty line)
**                    -> nil, "interrupted"   Ctrl-C: the line is dropped
**   set_completer(complete)             Tab calls complete(line, cursor) -> candidates, first:
**                                       `cursor` bytes stand before the cursor; each candidate
**                                       (a string) may replace them from byte `first` on
**   add(line)                           to the history; blank lines and repeats are not kept
**   load(path), save(path) -> ok, message   the history file; save makes its folders and adds
**                                       what is new, so that sessions side by side keep both
**   plain()                             no control codes but those of moving the cursor: pasted
**                                       text is then taken line by line
**   interactive() -> boolean            standard input and output are both a terminal
**   clear()                             the next Ctrl-C is a first one again (interrupt.h)
*/
#ifndef NN_APP_LINE_H
#define NN_APP_LINE_H

#include <lua.h>

int luaopen_nnlua_line(lua_State *L);

#endif
