/*
** io.h - what the bindings of src/io share
**
** What the operating system refuses (a missing file, a full disk) comes back
** as nil and a message, as from Lua's own io.open; content that is wrong, bad
** arguments and lack of memory raise.
*/
#ifndef NN_BIND_IO_H
#define NN_BIND_IO_H

#include "bind/bind.h"

/* A path at arg: a string without zero bytes. */
const char *nnb_io_path(lua_State *L, int arg, const char *function);

/* The text of the string at index if it has no zero byte, or NULL. */
const char *nnb_io_text(lua_State *L, int index);

/* Raises, or returns nil and the message of a refusal by the operating system. */
int nnb_io_fail(lua_State *L, const nn_error *err, const char *function);

/* The common end of functions that return true. */
int nnb_io_finish(lua_State *L, nn_status status, const nn_error *err, const char *function);

/* Pushes size zero bytes that release(them) frees when the running C function ends, however it
** ends. kind names the metatable. */
void *nnb_io_holder(lua_State *L, size_t size, const char *kind, lua_CFunction release);

/* Entry i (from 0), {name, tensor}, of the list at arg: the tensor, and its name in *name, both
 *owned
 ** by the list. Raises if it is none. */
const nn_tensor *nnb_io_named_tensor(lua_State *L, int arg, size_t i, const char **name,
                                     const char *function);

/* Puts {name, tensor} at place i (from 0) of the list on top of the stack; takes the tensor over.
 */
void nnb_io_add_named(lua_State *L, size_t i, const char *name, nn_tensor *tensor);

/* Each adds its functions to the table "io" on top of the stack. */
void nnb_open_io_safetensors(lua_State *L);
void nnb_open_io_numpy(lua_State *L);
void nnb_open_io_csv(lua_State *L);
void nnb_open_io_log(lua_State *L);

#endif
