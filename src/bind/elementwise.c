/*
** elementwise.c - arithmetic, comparison and functions as methods and operators
**
** x:add(y) makes a new tensor, x:add_(y) writes into x; operands are tensors
** or numbers. The Lua operators are the same functions.
*/
#include "nn/elementwise.h"

#include <math.h>
#include <string.h>

#include "bind/bind.h"
#include "nn/matmul.h"
#include "tensor/copy.h"

/* The two operands of a binary operation, at least one of them a tensor. */
typedef struct operands {
    const nn_tensor *a, *b;
    nnb_scalar a_scalar, b_scalar;
} operands;

static void check_operands(lua_State *L, operands *o, const char *function)
{
    o->a = nnb_check_operand(L, 1, &o->a_scalar, nnb_to_tensor(L, 2), function);
    o->b = nnb_check_operand(L, 2, &o->b_scalar, nnb_to_tensor(L, 1), function);
}

static void check_two(lua_State *L, const char *function)
{
    if (!lua_isnoneornil(L, 3))
        nnb_arg_error(L, 3, function, "two operands expected, got a third argument");
}

static int binary(lua_State *L, nn_k_binary_op op, const char *function)
{
    operands o;
    nn_error err;
    check_two(L, function);
    check_operands(L, &o, function);
    NNB_TRY(L, nn_binary(nnb_new_tensor(L), op, o.a, o.b, &err), &err, function);
    return 1;
}

static int binary_in_place(lua_State *L, nn_k_binary_op op, const char *function)
{
    nn_tensor *t = nnb_check_tensor(L, 1, function);
    nnb_scalar s;
    const nn_tensor *b = nnb_check_operand(L, 2, &s, t, function);
    nn_error err;
    check_two(L, function);
    NNB_TRY(L, nn_binary(t, op, t, b, &err), &err, function);
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

static int compare(lua_State *L, nn_k_compare_op op, const char *function)
{
    operands o;
    nn_error err;
    check_operands(L, &o, function);
    NNB_TRY(L, nn_compare(nnb_new_tensor(L), op, o.a, o.b, &err), &err, function);
    return 1;
}

static int unary(lua_State *L, nn_k_unary_op op, const char *function)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nn_error err;
    NNB_TRY(L, nn_unary(nnb_new_tensor(L), op, x, &err), &err, function);
    return 1;
}

static int unary_in_place(lua_State *L, nn_k_unary_op op, const char *function)
{
    nn_tensor *t = nnb_check_tensor(L, 1, function);
    nn_error err;
    NNB_TRY(L, nn_unary(t, op, t, &err), &err, function);
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* One name each for the method, its in-place form and the kernel's operation. */
#define BINARY_OPS(X)                                                                              \
    X(add, NN_K_ADD)                                                                               \
    X(sub, NN_K_SUB)                                                                               \
    X(mul, NN_K_MUL)                                                                               \
    X(div, NN_K_DIV)                                                                               \
    X(floor_divide, NN_K_FLOORDIV)                                                                 \
    X(remainder, NN_K_MOD)                                                                         \
    X(pow, NN_K_POW)                                                                               \
    X(maximum, NN_K_MAXIMUM)                                                                       \
    X(minimum, NN_K_MINIMUM)

#define COMPARE_OPS(X)                                                                             \
    X(eq, NN_K_EQ)                                                                                 \
    X(ne, NN_K_NE)                                                                                 \
    X(lt, NN_K_LT)                                                                                 \
    X(le, NN_K_LE)                                                                                 \
    X(gt, NN_K_GT)                                                                                 \
    X(ge, NN_K_GE)

#define UNARY_OPS(X)                                                                               \
    X(neg, NN_K_NEG)                                                                               \
    X(abs, NN_K_ABS)                                                                               \
    X(sign, NN_K_SIGN)                                                                             \
    X(square, NN_K_SQUARE)                                                                         \
    X(exp, NN_K_EXP)                                                                               \
    X(expm1, NN_K_EXPM1)                                                                           \
    X(log, NN_K_LOG)                                                                               \
    X(log1p, NN_K_LOG1P)                                                                           \
    X(sqrt, NN_K_SQRT)                                                                             \
    X(reciprocal, NN_K_RECIPROCAL)                                                                 \
    X(sin, NN_K_SIN)                                                                               \
    X(cos, NN_K_COS)                                                                               \
    X(tanh, NN_K_TANH)                                                                             \
    X(sigmoid, NN_K_SIGMOID)                                                                       \
    X(erf, NN_K_ERF)                                                                               \
    X(floor, NN_K_FLOOR)                                                                           \
    X(ceil, NN_K_CEIL)                                                                             \
    X(round, NN_K_ROUND)

/* ---- what the methods do; name_ writes its result into x ---- */

/* x:add(b), x:add_(b) -> x + b. b: a tensor or a number. Operands broadcast; dtypes are
** promoted, an in-place result keeps x's. */

/* x:sub(b), x:sub_(b) -> x - b. Not for bools. b: a tensor or a number. Operands broadcast;
** dtypes are promoted, an in-place result keeps x's. */

/* x:mul(b), x:mul_(b) -> x * b, element by element. b: a tensor or a number. Operands broadcast;
** dtypes are promoted, an in-place result keeps x's. */

/* x:div(b), x:div_(b) -> x / b; of integers float32. b: a tensor or a number. Operands
** broadcast; dtypes are promoted, an in-place result keeps x's. */

/* x:floor_divide(b), x:floor_divide_(b) -> x // b, rounded down. Integers raise for b = 0. b: a
** tensor or a number. Operands broadcast; dtypes are promoted, an in-place result keeps x's. */

/* x:remainder(b), x:remainder_(b) -> x % b, with the sign of b. Integers raise for b = 0. b: a
** tensor or a number. Operands broadcast; dtypes are promoted, an in-place result keeps x's. */

/* x:pow(b), x:pow_(b) -> x ^ b. Integers raise for b < 0. b: a tensor or a number. Operands
** broadcast; dtypes are promoted, an in-place result keeps x's. */

/* x:maximum(b), x:maximum_(b) -> the larger of x and b, element by element; the gradient of
** equal operands is halved. b: a tensor or a number. Operands broadcast; dtypes are promoted, an
** in-place result keeps x's. */

/* x:minimum(b), x:minimum_(b) -> the smaller of x and b, element by element; the gradient of
** equal operands is halved. b: a tensor or a number. Operands broadcast; dtypes are promoted, an
** in-place result keeps x's. */

/* x:eq(b) -> bool tensor: x == b, element by element. b: a tensor or a number; broadcasts. */

/* x:ne(b) -> bool tensor: x ~= b, element by element. b: a tensor or a number; broadcasts. */

/* x:lt(b) -> bool tensor: x < b, element by element. b: a tensor or a number; broadcasts. */

/* x:le(b) -> bool tensor: x <= b, element by element. b: a tensor or a number; broadcasts. */

/* x:gt(b) -> bool tensor: x > b, element by element. b: a tensor or a number; broadcasts. */

/* x:ge(b) -> bool tensor: x >= b, element by element. b: a tensor or a number; broadcasts. */

/* x:neg(), x:neg_() -> -x. Keeps integers; not for bools. */

/* x:abs(), x:abs_() -> |x|. Keeps integers; not for bools. */

/* x:sign(), x:sign_() -> -1, 0 or 1. Keeps integers; not for bools. */

/* x:square(), x:square_() -> x^2. Keeps integers; not for bools. */

/* x:exp(), x:exp_() -> e^x. Of integers and bools float32. */

/* x:expm1(), x:expm1_() -> e^x - 1, exact for small x. Of integers and bools float32. */

/* x:log(), x:log_() -> the natural logarithm. Of integers and bools float32. */

/* x:log1p(), x:log1p_() -> log(1 + x), exact for small x. Of integers and bools float32. */

/* x:sqrt(), x:sqrt_() -> the square root. Of integers and bools float32. */

/* x:reciprocal(), x:reciprocal_() -> 1 / x. Of integers and bools float32. */

/* x:sin(), x:sin_() -> the sine of x radians. Of integers and bools float32. */

/* x:cos(), x:cos_() -> the cosine of x radians. Of integers and bools float32. */

/* x:tanh(), x:tanh_() -> the hyperbolic tangent. Of integers and bools float32. */

/* x:sigmoid(), x:sigmoid_() -> 1 / (1 + e^-x). Of integers and bools float32. */

/* x:erf(), x:erf_() -> the error function. Of integers and bools float32. */

/* x:floor(), x:floor_() -> rounded down. Keeps integers; not for bools. */

/* x:ceil(), x:ceil_() -> rounded up. Keeps integers; not for bools. */

/* x:round(), x:round_() -> rounded to the nearest integer, halves to the even one. Keeps
** integers; not for bools. */

#define DEFINE_METHODS(kind, name, op)                                                             \
    static int tensor_##name(lua_State *L)                                                         \
    {                                                                                              \
        return kind(L, op, #name);                                                                 \
    }                                                                                              \
    static int tensor_##name##_in_place(lua_State *L)                                              \
    {                                                                                              \
        return kind##_in_place(L, op, #name "_");                                                  \
    }
#define DEFINE_BINARY(name, op) DEFINE_METHODS(binary, name, op)
#define DEFINE_UNARY(name, op) DEFINE_METHODS(unary, name, op)
#define DEFINE_COMPARE(name, op)                                                                   \
    static int tensor_##name(lua_State *L)                                                         \
    {                                                                                              \
        return compare(L, op, #name);                                                              \
    }

BINARY_OPS(DEFINE_BINARY)
UNARY_OPS(DEFINE_UNARY)
COMPARE_OPS(DEFINE_COMPARE)

/* ---- predicates and logic ---- */

/* x:isnan() -> bool tensor: which elements are NaN. */
static int tensor_isnan(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "isnan");
    nn_error err;
    NNB_TRY(L, nn_compare(nnb_new_tensor(L), NN_K_NE, x, x, &err), &err, "isnan");
    return 1;
}

/* |x| compared with infinity, in float64 so that int64 fits. */
static int beside_infinity(lua_State *L, nn_k_compare_op op, const char *function)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nn_error err;
    nn_tensor *size = nnb_new_tensor(L), *infinity = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_to(size, x, NN_FLOAT64, &err), &err, function);
    NNB_TRY(L, nn_unary(size, NN_K_ABS, size, &err), &err, function);
    NNB_TRY(L, nn_tensor_full(infinity, NN_FLOAT64, 0, NULL, INFINITY, &err), &err, function);
    NNB_TRY(L, nn_compare(nnb_new_tensor(L), op, size, infinity, &err), &err, function);
    return 1;
}

/* x:isinf() -> bool tensor: which elements are infinite. */
static int tensor_isinf(lua_State *L)
{
    return beside_infinity(L, NN_K_EQ, "isinf");
}

/* x:isfinite() -> bool tensor: which elements are neither infinite nor NaN. */
static int tensor_isfinite(lua_State *L)
{
    return beside_infinity(L, NN_K_LT, "isfinite");
}

/* Pushes the operand at arg as a bool tensor: is it not 0? */
static const nn_tensor *push_truth(lua_State *L, int arg, const char *function)
{
    nnb_scalar s;
    const nn_tensor *x = nnb_check_operand(L, arg, &s, NULL, function);
    nn_error err;
    nn_tensor *truth = nnb_new_tensor(L);
    if (nn_tensor_to(truth, x, NN_BOOL, &err) != NN_OK) nnb_raise(L, &err, function);
    return truth;
}

/* On bools "and" is the product and "or" the sum. */
static int logical(lua_State *L, nn_k_binary_op op, const char *function)
{
    lua_settop(L, 2); /* so that what is pushed is not mistaken for the second operand */
    const nn_tensor *a = push_truth(L, 1, function), *b = push_truth(L, 2, function);
    nn_error err;
    NNB_TRY(L, nn_binary(nnb_new_tensor(L), op, a, b, &err), &err, function);
    return 1;
}

/* x:logical_and(b) -> bool tensor: where both are not 0. b broadcasts. */
static int tensor_logical_and(lua_State *L)
{
    return logical(L, NN_K_MUL, "logical_and");
}

/* x:logical_or(b) -> bool tensor: where one of the two is not 0. b broadcasts. */
static int tensor_logical_or(lua_State *L)
{
    return logical(L, NN_K_ADD, "logical_or");
}

/* x:logical_not() -> bool tensor: where x is 0. */
static int tensor_logical_not(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "logical_not");
    nn_error err;
    nn_tensor *zero = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_zeros(zero, x->dtype, 0, NULL, &err), &err, "logical_not");
    NNB_TRY(L, nn_compare(nnb_new_tensor(L), NN_K_EQ, x, zero, &err), &err, "logical_not");
    return 1;
}

/* ---- clamp, where, matmul ---- */

static void check_bounds(lua_State *L, double *low, double *high, const char *function)
{
    *low = lua_isnoneornil(L, 2) ? -INFINITY : nnb_check_number(L, 2, function);
    *high = lua_isnoneornil(L, 3) ? INFINITY : nnb_check_number(L, 3, function);
}

/* x:clamp([low] [, high]) -> x with values below low and above high replaced by these, in x's
** dtype. low, high: numbers or nil. */
static int tensor_clamp(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "clamp");
    double low, high;
    nn_error err;
    check_bounds(L, &low, &high, "clamp");
    NNB_TRY(L, nn_clamp(nnb_new_tensor(L), x, low, high, &err), &err, "clamp");
    return 1;
}

/* x:clamp_([low] [, high]) -> x, whose values below low and above high have become these. low,
** high: numbers or nil. */
static int tensor_clamp_in_place(lua_State *L)
{
    nn_tensor *x = nnb_check_tensor(L, 1, "clamp_");
    double low, high;
    nn_error err;
    check_bounds(L, &low, &high, "clamp_");
    NNB_TRY(L, nn_clamp(x, x, low, high, &err), &err, "clamp_");
    x->storage->version++;
    lua_settop(L, 1);
    return 1;
}

/* nn.where(c, a, b) -> a where the bool tensor c is true, else b. a, b: tensors or numbers; all
** three broadcast. */
static int core_where(lua_State *L)
{
    const nn_tensor *condition = nnb_check_tensor(L, 1, "where");
    nnb_scalar a_scalar, b_scalar;
    const nn_tensor *a = nnb_check_operand(L, 2, &a_scalar, nnb_to_tensor(L, 3), "where");
    const nn_tensor *b = nnb_check_operand(L, 3, &b_scalar, nnb_to_tensor(L, 2), "where");
    nn_error err;
    NNB_TRY(L, nn_where(nnb_new_tensor(L), condition, a, b, &err), &err, "where");
    return 1;
}

/* x:matmul(y) -> the matrix product: [M,K] x [K,N] -> [M,N]. Leading dimensions are batches and
** broadcast; a vector is a row on the left, a column on the right, and its dimension is dropped.
** Dtypes are equal. Raises if the inner sizes differ. */
static int tensor_matmul(lua_State *L)
{
    const nn_tensor *a = nnb_check_tensor(L, 1, "matmul");
    const nn_tensor *b = nnb_check_tensor(L, 2, "matmul");
    nn_error err;
    NNB_TRY(L, nn_matmul(nnb_new_tensor(L), a, b, &err), &err, "matmul");
    return 1;
}

/* ---- what Lua's own comparisons can say: one boolean ---- */

/* a == b: same shape and every element equal. */
static int tensor_equal(lua_State *L)
{
    const nn_tensor *a = nnb_to_tensor(L, 1), *b = nnb_to_tensor(L, 2);
    bool equal = false;
    nn_error err;
    if (a && b) NNB_TRY(L, nn_equal(&equal, a, b, &err), &err, "==");
    lua_pushboolean(L, equal);
    return 1;
}

static int compare_one(lua_State *L, nn_k_compare_op op, const char *symbol, const char *method)
{
    operands o;
    nn_error err;
    check_operands(L, &o, symbol);
    nn_tensor *result = nnb_new_tensor(L);
    NNB_TRY(L, nn_compare(result, op, o.a, o.b, &err), &err, symbol);
    if (nn_tensor_numel(result) != 1)
        return nnb_error(L, "'%s' compares single elements, not shapes %s and %s; use :%s()",
                         symbol, nn_tensor_shape_name(o.a).text, nn_tensor_shape_name(o.b).text,
                         method);
    lua_pushboolean(L, nn_tensor_get_int(result, 0) != 0);
    return 1;
}

static int tensor_less(lua_State *L)
{
    return compare_one(L, NN_K_LT, "<", "lt");
}

static int tensor_less_equal(lua_State *L)
{
    return compare_one(L, NN_K_LE, "<=", "le");
}

static const luaL_Reg methods[] = {
#define REGISTER_BOTH(name, op) {#name, tensor_##name}, {#name "_", tensor_##name##_in_place},
#define REGISTER(name, op) {#name, tensor_##name},
    BINARY_OPS(REGISTER_BOTH) UNARY_OPS(REGISTER_BOTH) COMPARE_OPS(REGISTER){"isnan", tensor_isnan},
    {"isinf", tensor_isinf},
    {"isfinite", tensor_isfinite},
    {"logical_and", tensor_logical_and},
    {"logical_or", tensor_logical_or},
    {"logical_not", tensor_logical_not},
    {"clamp", tensor_clamp},
    {"clamp_", tensor_clamp_in_place},
    {"matmul", tensor_matmul},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"where", core_where},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__add", tensor_add}, {"__sub", tensor_sub},           {"__mul", tensor_mul},
    {"__div", tensor_div}, {"__idiv", tensor_floor_divide}, {"__mod", tensor_remainder},
    {"__pow", tensor_pow}, {"__unm", tensor_neg},           {"__eq", tensor_equal},
    {"__lt", tensor_less}, {"__le", tensor_less_equal},     {NULL, NULL},
};

void nnb_open_elementwise(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    nnb_set_methods(L, methods);
    lua_getfield(L, -1, "Tensor");
    lua_getfield(L, -1, "metatable");
    luaL_setfuncs(L, metamethods, 0);
    lua_pop(L, 2);
}
