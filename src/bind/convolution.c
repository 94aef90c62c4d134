/*
** convolution.c - convolutions and pooling: forward functions and their backward partners
*/
#include "nn/convolution.h"

#include "bind/bind.h"
#include "nn/pooling.h"

/* ---- Convolutions ---- */

/* {stride=1, padding=0, dilation=1, groups=1, output_padding=0 if transposed} at arg. */
static void read_convolution(lua_State *L, int arg, nn_convolution *o, const char *function)
{
    nnb_option_axes(L, arg, "stride", o->axes, 1, o->stride, function);
    nnb_option_axes(L, arg, "padding", o->axes, 0, o->padding, function);
    nnb_option_axes(L, arg, "dilation", o->axes, 1, o->dilation, function);
    nnb_option_axes(L, arg, "output_padding", o->axes, 0, o->output_padding, function);
    o->groups = nnb_option_integer(L, arg, "groups", 1, function);
}

/* f(x, W[, b][, options]) -> y */
static int convolve(lua_State *L, nn_convolution o, const char *function)
{
    nn_error err;
    if (lua_istable(L, 3) && lua_isnone(L, 4)) { /* no bias */
        lua_pushnil(L);
        lua_insert(L, 3);
    }
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    const nn_tensor *W = nnb_check_tensor(L, 2, function);
    const nn_tensor *b = nnb_opt_tensor(L, 3, function);
    nnb_options(L, 4, function, "stride", "padding", "dilation", "groups",
                o.transposed ? "output_padding" : (char *)NULL, (char *)NULL);
    read_convolution(L, 4, &o, function);
    NNB_TRY(L, nn_convolve(nnb_new_tensor(L), &o, x, W, b, &err), &err, function);
    return 1;
}

static nn_tensor *new_tensor_if(lua_State *L, bool wanted)
{
    if (wanted) return nnb_new_tensor(L);
    lua_pushnil(L);
    return NULL;
}

/* f_backward(dy, x, W, {the options of f; input=true, weight=true, bias=true}) -> dx, dW, db; each
** nil where its option is false. */
static int convolve_backward(lua_State *L, nn_convolution o, const char *function)
{
    nn_error err;
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    const nn_tensor *W = nnb_check_tensor(L, 3, function);
    nnb_options(L, 4, function, "stride", "padding", "dilation", "groups", "input", "weight",
                "bias", o.transposed ? "output_padding" : (char *)NULL, (char *)NULL);
    read_convolution(L, 4, &o, function);
    bool input = nnb_option_boolean(L, 4, "input", true, function);
    bool weight = nnb_option_boolean(L, 4, "weight", true, function);
    bool bias = nnb_option_boolean(L, 4, "bias", true, function);
    nn_tensor *dx = new_tensor_if(L, input);
    nn_tensor *dW = new_tensor_if(L, weight);
    nn_tensor *db = new_tensor_if(L, bias);
    NNB_TRY(L, nn_convolve_backward(dx, dW, db, &o, dy, x, W, &err), &err, function);
    return 3;
}

#define DEFINE_CONVOLUTION(name, ...)                                                              \
    static int core_##name(lua_State *L)                                                           \
    {                                                                                              \
        return convolve(L, (nn_convolution){__VA_ARGS__}, #name);                                  \
    }                                                                                              \
    static int core_##name##_backward(lua_State *L)                                                \
    {                                                                                              \
        return convolve_backward(L, (nn_convolution){__VA_ARGS__}, #name "_backward");             \
    }

/* nn.conv1d(x, W [, b] [, {stride = 1, padding = 0, dilation = 1, groups = 1}]) -> the
** convolution along one axis: x [N,C,L] or [C,L], W [O,C/groups,k], b [O] -> [N,O,L'] or [O,L'].
** Options are a number or one for each axis, groups a number. Raises if the kernel is larger
** than the padded image. */

/* nn.conv1d_backward(dy, x, W [, {stride = 1, padding = 0, dilation = 1, groups = 1, input =
** true, weight = true, bias = true}]) -> dx, dW, db: the gradients of nn.conv1d with these
** options; each nil where input, weight or bias is false. */

/* nn.conv2d(x, W [, b] [, {stride = 1, padding = 0, dilation = 1, groups = 1}]) -> y[n,o,i,j] =
** b[o] + sum W[o,c,u,v] x[n,c, i s - p + u d, j s - p + v d], zeros outside. x [N,C,H,W] or
** [C,H,W], W [O,C/groups,kh,kw], b [O] -> [N,O,H',W'] or [O,H',W'], H' = (H + 2p - d (kh - 1) -
** 1) / s + 1 rounded down. Options are a number or one for each axis, groups a number. Raises if
** the kernel is larger than the padded image. */

/* nn.conv2d_backward(dy, x, W [, {stride = 1, padding = 0, dilation = 1, groups = 1, input =
** true, weight = true, bias = true}]) -> dx, dW, db: the gradients of nn.conv2d with these
** options; each nil where input, weight or bias is false. */

/* nn.conv_transpose2d(x, W [, b] [, {stride = 1, padding = 0, output_padding = 0, dilation = 1,
** groups = 1}]) -> the gradient of nn.conv2d by its input, as an operation: x [N,C,H,W] or
** [C,H,W], W [C,O/groups,kh,kw], b [O]; H' = (H - 1) s - 2p + d (kh - 1) + output_padding + 1.
** output_padding is less than the stride or the dilation. */

/* nn.conv_transpose2d_backward(dy, x, W [, {stride = 1, padding = 0, output_padding = 0,
** dilation = 1, groups = 1, input = true, weight = true, bias = true}]) -> dx, dW, db: the
** gradients of nn.conv_transpose2d with these options; each nil where input, weight or bias is
** false. */

DEFINE_CONVOLUTION(conv1d, .axes = 1) /* x [N,C,L], W [out,in/groups,k] */
DEFINE_CONVOLUTION(conv2d, .axes = 2) /* x [N,C,H,W], W [out,in/groups,kh,kw] */
DEFINE_CONVOLUTION(conv_transpose2d, .axes = 2, .transposed = true) /* W [in,out/groups,kh,kw] */

/* ---- Pooling: x [N,C,H,W] or [C,H,W] ---- */

/* The kernel at arg, and {stride=kernel, padding=0, ceil_mode=false} after it. */
static nn_pooling read_pooling(lua_State *L, int arg, const char *function)
{
    nn_pooling o = {.dilation = {1, 1}};
    nnb_check_axes(L, arg, 2, o.kernel, function);
    for (int i = 0; i < 2; i++) o.stride[i] = o.kernel[i];
    nnb_option_axes(L, arg + 1, "stride", 2, -1, o.stride, function);
    nnb_option_axes(L, arg + 1, "padding", 2, 0, o.padding, function);
    o.ceil_mode = nnb_option_boolean(L, arg + 1, "ceil_mode", false, function);
    return o;
}

static nn_pooling read_max_pool(lua_State *L, int arg, const char *function)
{
    nnb_options(L, arg + 1, function, "stride", "padding", "dilation", "ceil_mode", (char *)NULL);
    nn_pooling o = read_pooling(L, arg, function);
    nnb_option_axes(L, arg + 1, "dilation", 2, 1, o.dilation, function);
    return o;
}

static nn_pooling read_avg_pool(lua_State *L, int arg, const char *function)
{
    nnb_options(L, arg + 1, function, "stride", "padding", "ceil_mode", "count_include_pad",
                (char *)NULL);
    nn_pooling o = read_pooling(L, arg, function);
    o.count_include_pad = nnb_option_boolean(L, arg + 1, "count_include_pad", true, function);
    return o;
}

/* nn.max_pool2d(x, kernel [, {stride = kernel, padding = 0, dilation = 1, ceil_mode = false}])
** -> the largest pixel of each window, NaN if one is. x [N,C,H,W] or [C,H,W]; kernel and options
** a number or {h, w}; padding at most half of the kernel, never the largest. ceil_mode rounds
** sizes up. The gradient goes to the first of equal pixels. */
static int core_max_pool2d(lua_State *L)
{
    static const char function[] = "max_pool2d";
    nn_error err;
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nn_pooling o = read_max_pool(L, 2, function);
    NNB_TRY(L, nn_max_pool2d(nnb_new_tensor(L), x, &o, &err), &err, function);
    return 1;
}

/* nn.max_pool2d_backward(dy, x, kernel [, {stride = kernel, padding = 0, dilation = 1, ceil_mode
** = false}]) -> dx: the gradient of nn.max_pool2d with these options. */
static int core_max_pool2d_backward(lua_State *L)
{
    static const char function[] = "max_pool2d_backward";
    nn_error err;
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    nn_pooling o = read_max_pool(L, 3, function);
    NNB_TRY(L, nn_max_pool2d_backward(nnb_new_tensor(L), dy, x, &o, &err), &err, function);
    return 1;
}

/* nn.avg_pool2d(x, kernel [, {stride = kernel, padding = 0, ceil_mode = false, count_include_pad
** = true}]) -> the mean pixel of each window; without count_include_pad padding counts as
** nothing instead of zeros. x [N,C,H,W] or [C,H,W]; kernel and options a number or {h, w}. */
static int core_avg_pool2d(lua_State *L)
{
    static const char function[] = "avg_pool2d";
    nn_error err;
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nn_pooling o = read_avg_pool(L, 2, function);
    NNB_TRY(L, nn_avg_pool2d(nnb_new_tensor(L), x, &o, &err), &err, function);
    return 1;
}

/* The list of sizes at arg, the shape of x. */
static int check_shape_list(lua_State *L, int arg, int64_t *shape, const char *function)
{
    int ndim = 0;
    if (!lua_istable(L, arg) || nnb_check_shape(L, arg, shape, &ndim, function) == arg)
        nnb_type_error(L, arg, function, "list of sizes");
    return ndim;
}

/* nn.avg_pool2d_backward(dy, shape, kernel [, {stride = kernel, padding = 0, ceil_mode = false,
** count_include_pad = true}]) -> dx: the gradient of nn.avg_pool2d with these options; shape: of
** x, a list. */
static int core_avg_pool2d_backward(lua_State *L)
{
    static const char function[] = "avg_pool2d_backward";
    int64_t shape[NN_MAX_RANK];
    nn_error err;
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    int ndim = check_shape_list(L, 2, shape, function);
    nn_pooling o = read_avg_pool(L, 3, function);
    NNB_TRY(L, nn_avg_pool2d_backward(nnb_new_tensor(L), dy, ndim, shape, &o, &err), &err,
            function);
    return 1;
}

/* nn.adaptive_avg_pool2d(x, size) -> means of size (a number or {h, w}) parts of the image: part
** i of n of an axis of m pixels begins at floor((i-1) m/n) and ends at ceil(i m/n). x [N,C,H,W]
** or [C,H,W]. */
static int core_adaptive_avg_pool2d(lua_State *L)
{
    static const char function[] = "adaptive_avg_pool2d";
    int64_t out[2];
    nn_error err;
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nnb_check_axes(L, 2, 2, out, function);
    NNB_TRY(L, nn_adaptive_avg_pool2d(nnb_new_tensor(L), x, out, &err), &err, function);
    return 1;
}

/* nn.adaptive_avg_pool2d_backward(dy, shape) -> dx: the gradient of nn.adaptive_avg_pool2d;
** shape: of x, a list. */
static int core_adaptive_avg_pool2d_backward(lua_State *L)
{
    static const char function[] = "adaptive_avg_pool2d_backward";
    int64_t shape[NN_MAX_RANK];
    nn_error err;
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    int ndim = check_shape_list(L, 2, shape, function);
    NNB_TRY(L, nn_adaptive_avg_pool2d_backward(nnb_new_tensor(L), dy, ndim, shape, &err), &err,
            function);
    return 1;
}

static const luaL_Reg functions[] = {
    {"conv1d", core_conv1d},
    {"conv1d_backward", core_conv1d_backward},
    {"conv2d", core_conv2d},
    {"conv2d_backward", core_conv2d_backward},
    {"conv_transpose2d", core_conv_transpose2d},
    {"conv_transpose2d_backward", core_conv_transpose2d_backward},
    {"max_pool2d", core_max_pool2d},
    {"max_pool2d_backward", core_max_pool2d_backward},
    {"avg_pool2d", core_avg_pool2d},
    {"avg_pool2d_backward", core_avg_pool2d_backward},
    {"adaptive_avg_pool2d", core_adaptive_avg_pool2d},
    {"adaptive_avg_pool2d_backward", core_adaptive_avg_pool2d_backward},
    {NULL, NULL},
};

void nnb_open_convolution(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
