/*
** bind.h - what every binding file shares
**
** A binding has three phases: (1) check and convert every argument: may
** raise, owns nothing; (2) create the result userdata, empty: Lua owns it
** from here; (3) call the core, no Lua API inside, then raise from the filled
** error if it failed. So no raise ever jumps over memory that is still owned.
**
** `function` is the Lua-facing name and stands in every message. Errors carry
** the position of the caller's line outside the nnlua library.
*/
#ifndef NN_BIND_BIND_H
#define NN_BIND_BIND_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "tensor/rng.h"
#include "tensor/tensor.h"

#define NNB_TENSOR "nnlua.Tensor"
#define NNB_GENERATOR "nnlua.Generator"

/* Pushes a new userdata that holds an empty tensor handle; fill it through the core. It has one
** user value: the record that autograd keeps on it (nil at first). Also drives Lua's collector,
** which cannot see the engine's bytes. */
nn_tensor *nnb_new_tensor(lua_State *L);

/* Closes a userdata's tensor; again is harmless. What stays is a valid tensor without elements (or
** with one, if it is 0-dim): a finalizer may close an argument between its check and its use. */
void nnb_close_tensor(nn_tensor *t);
bool nnb_is_closed(const nn_tensor *t);

/* The tensor at arg; raises if it is none or closed. nnb_to_tensor gives NULL instead. */
nn_tensor *nnb_check_tensor(lua_State *L, int arg, const char *function);
nn_tensor *nnb_to_tensor(lua_State *L, int arg);

/* The same for an optional argument: NULL for nil or none. */
nn_tensor *nnb_opt_tensor(lua_State *L, int arg, const char *function);

/* Raises the error that a core call filled: "bad argument #2 to 'matmul' (...)". */
int nnb_raise(lua_State *L, const nn_error *err, const char *function);

/* Raises if status is a failure. */
#define NNB_TRY(L, call, err, function)                                                            \
    do {                                                                                           \
        if ((call) != NN_OK) return nnb_raise(L, err, function);                                   \
    } while (0)

/* Raises "bad argument #arg to 'function' (...)"; lua_pushfstring's formats. */
int nnb_arg_error(lua_State *L, int arg, const char *function, const char *format, ...);

/* Raises "bad argument #arg to 'function' (EXPECTED expected, got TYPE)". */
int nnb_type_error(lua_State *L, int arg, const char *function, const char *expected);

/* Raises a message at the user's line; lua_pushfstring's formats. */
int nnb_error(lua_State *L, const char *format, ...);

/* Pushes "file:line: " of the innermost Lua function that is not the library's, or "". */
void nnb_push_position(lua_State *L);

/* The trailing options table at arg (nil and none count as empty): raises, with a suggestion, if
** it holds a name that is not among the NULL-terminated ones. The getters below read from it.
**
** Tables that bindings read (options, sizes, keys, lists) are read raw: no metamethod of the user's
** runs between the checks of a call and its work. */
void nnb_options(lua_State *L, int arg, const char *function, ...);

bool nnb_option_boolean(lua_State *L, int arg, const char *name, bool otherwise,
                        const char *function);
double nnb_option_number(lua_State *L, int arg, const char *name, double otherwise,
                         const char *function);
double nnb_required_number(lua_State *L, int arg, const char *name, const char *function);
int64_t nnb_option_integer(lua_State *L, int arg, const char *name, int64_t otherwise,
                           const char *function);
/* A string, which the options table goes on owning; NULL if it is not given. */
const char *nnb_option_string(lua_State *L, int arg, const char *name, const char *function);
/* One of the NULL-terminated words; the index of the one given, or otherwise. */
int nnb_option_word(lua_State *L, int arg, const char *name, const char *const words[],
                    int otherwise, const char *function);
nn_dtype nnb_option_dtype(lua_State *L, int arg, nn_dtype otherwise, const char *function);
/* The list of sizes "shape"; *ndim and shape stay as they are if it is not given. */
void nnb_option_shape(lua_State *L, int arg, int64_t *shape, int *ndim, const char *function);
/* A number for each of the `axes` of an image: one integer for all, or a list {h, w}. All get
** `otherwise` if the option is not given; -1 leaves them as they are. */
void nnb_option_axes(lua_State *L, int arg, const char *name, int axes, int64_t otherwise,
                     int64_t *values, const char *function);
nn_tensor *nnb_option_tensor(lua_State *L, int arg, const char *name, const char *function);
/* The option "generator", or the default generator. */
nn_rng *nnb_option_generator(lua_State *L, int arg, const char *function);

/* A dtype name at a stack index. */
nn_dtype nnb_check_dtype(lua_State *L, int index, const char *function);

double nnb_check_number(lua_State *L, int arg, const char *function);
int64_t nnb_check_integer(lua_State *L, int arg, const char *function);
const char *nnb_check_string(lua_State *L, int arg, size_t *length, const char *function);

/* A 1-based dimension argument (negatives from the end) as the core counts it. */
int64_t nnb_check_dim(lua_State *L, int arg, const char *function);

/* Sizes from arg on, as numbers or as one list; gives the index of the argument after them. A
** table that holds names alone is no list but that next argument. */
int nnb_check_shape(lua_State *L, int arg, int64_t *shape, int *ndim, const char *function);

/* The same as nnb_option_axes for an argument. */
void nnb_check_axes(lua_State *L, int arg, int axes, int64_t *values, const char *function);

/* A Lua number or boolean as a 0-dim tensor on the C stack. */
typedef struct nnb_scalar {
    nn_tensor tensor;
    nn_storage storage;
    char bytes[8] __attribute__((aligned(8)));
} nnb_scalar;

/* A tensor, or a number or boolean as a tensor in *s. Beside a tensor a number is weak: it takes
** that tensor's dtype where its kind allows (tensor/dtype.h). */
const nn_tensor *nnb_check_operand(lua_State *L, int arg, nnb_scalar *s, const nn_tensor *beside,
                                   const char *function);

/* The same for what is assigned: a number keeps every digit until it is cast to the target. */
const nn_tensor *nnb_check_value(lua_State *L, int arg, nnb_scalar *s, const char *function);

/* Pushes one element as a Lua number or boolean; writes one, false if index holds neither. */
void nnb_push_element(lua_State *L, const nn_tensor *t, int64_t at);
bool nnb_set_element(lua_State *L, int index, nn_tensor *t, int64_t at);

/* The module's default generator. */
nn_rng *nnb_default_generator(lua_State *L);

/* Source prefix of the library's own Lua files, which errors do not blame. */
void nnb_set_library(lua_State *L, const char *prefix);

/* Adds a function to the module (top of the stack) and, as a method, to the tensor metatable's
** methods. The list ends with a NULL name. */
void nnb_set_methods(lua_State *L, const luaL_Reg *functions);

/* Each file adds its functions to the module table on top of the stack. */
void nnb_open_tensor(lua_State *L);
void nnb_open_create(lua_State *L);
void nnb_open_documentation(lua_State *L);
void nnb_open_index(lua_State *L);
void nnb_open_elementwise(lua_State *L);
void nnb_open_reduce(lua_State *L);
void nnb_open_random(lua_State *L);
void nnb_open_neural(lua_State *L);
void nnb_open_layers(lua_State *L);
void nnb_open_loss(lua_State *L);
void nnb_open_convolution(lua_State *L);
void nnb_open_chain(lua_State *L);
void nnb_open_optimizer(lua_State *L);
void nnb_open_io(lua_State *L);
void nnb_open_system(lua_State *L);
void nnb_open_host(lua_State *L);
void nnb_open_display(lua_State *L);
void nnb_open_process(lua_State *L);
void nnb_open_warp(lua_State *L);
void nnb_open_metrics(lua_State *L);
void nnb_open_interrupt(lua_State *L);
void nnb_open_sqlite(lua_State *L);
void nnb_open_sqlite_heartbeat(lua_State *L);

#endif
