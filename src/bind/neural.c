/*
** neural.c - linear, activations, softmax, dropout, penalties, optimizer steps
**
** Raw primitives: forward functions and their backward partners, without a
** tape. Tensors are float32 or float64, all of one call alike.
*/
#include "bind/bind.h"
#include "nn/activation.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/penalty.h"
#include "nn/softmax.h"

/* nn.linear(x, W [, b]) -> x W^T + b. x [*,in], W [out,in], b [out] -> [*,out]. Raises if the
** sizes differ. */
static int core_linear(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "linear");
    const nn_tensor *W = nnb_check_tensor(L, 2, "linear");
    const nn_tensor *b = nnb_opt_tensor(L, 3, "linear");
    nn_error err;
    NNB_TRY(L, nn_linear(nnb_new_tensor(L), x, W, b, &err), &err, "linear");
    return 1;
}

static nn_tensor *new_tensor_if(lua_State *L, bool wanted)
{
    if (wanted) return nnb_new_tensor(L);
    lua_pushnil(L);
    return NULL;
}

/* nn.linear_backward(dz, x, W [, {input = true, weight = true, bias = true}]) -> dx, dW, db: the
** gradients of nn.linear, each nil where its option is false. */
static int core_linear_backward(lua_State *L)
{
    static const char function[] = "linear_backward";
    const nn_tensor *dz = nnb_check_tensor(L, 1, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    const nn_tensor *W = nnb_check_tensor(L, 3, function);
    nnb_options(L, 4, function, "input", "weight", "bias", (char *)NULL);
    bool input = nnb_option_boolean(L, 4, "input", true, function);
    bool weight = nnb_option_boolean(L, 4, "weight", true, function);
    bool bias = nnb_option_boolean(L, 4, "bias", true, function);
    nn_error err;
    nn_tensor *dx = new_tensor_if(L, input);
    nn_tensor *dW = new_tensor_if(L, weight);
    nn_tensor *db = new_tensor_if(L, bias);
    NNB_TRY(L, nn_linear_backward(dx, dW, db, dz, x, W, &err), &err, function);
    return 3;
}

/* ---- Activations: f(x[, options]) -> y, f_backward(dy, x[, options]) -> dx ---- */

typedef struct activation {
    nn_k_activation op;
    double p, q; /* nn_k_activation's parameters */
} activation;

static int activate(lua_State *L, activation a, const char *function)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nn_error err;
    NNB_TRY(L, nn_activate(nnb_new_tensor(L), a.op, x, a.p, a.q, &err), &err, function);
    return 1;
}

static int activate_back(lua_State *L, activation a, const char *function)
{
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *s = nnb_check_tensor(L, 2, function);
    nn_error err;
    NNB_TRY(L, nn_activate_back(nnb_new_tensor(L), a.op, dy, s, a.p, a.q, &err), &err, function);
    return 1;
}

/* Each reads the options at arg. */
static activation relu(lua_State *L, int arg, const char *function)
{
    (void)L, (void)arg, (void)function;
    return (activation){NN_K_RELU, 0, 0};
}

static activation leaky_relu(lua_State *L, int arg, const char *function)
{
    nnb_options(L, arg, function, "negative_slope", (char *)NULL);
    return (activation){NN_K_LEAKY_RELU,
                        nnb_option_number(L, arg, "negative_slope", 0.01, function), 0};
}

static activation softplus(lua_State *L, int arg, const char *function)
{
    nnb_options(L, arg, function, "beta", "threshold", (char *)NULL);
    return (activation){NN_K_SOFTPLUS, nnb_option_number(L, arg, "beta", 1, function),
                        nnb_option_number(L, arg, "threshold", 20, function)};
}

static activation gelu(lua_State *L, int arg, const char *function)
{
    static const char *const words[] = {"none", "tanh", NULL};
    nnb_options(L, arg, function, "approximate", (char *)NULL);
    int approximate = nnb_option_word(L, arg, "approximate", words, 0, function);
    return (activation){approximate ? NN_K_GELU_TANH : NN_K_GELU, 0, 0};
}

static activation elu(lua_State *L, int arg, const char *function)
{
    nnb_options(L, arg, function, "alpha", (char *)NULL);
    return (activation){NN_K_ELU, nnb_option_number(L, arg, "alpha", 1, function), 0};
}

#define DEFINE_ACTIVATION(name)                                                                    \
    static int core_##name(lua_State *L)                                                           \
    {                                                                                              \
        return activate(L, name(L, 2, #name), #name);                                              \
    }                                                                                              \
    static int core_##name##_backward(lua_State *L)                                                \
    {                                                                                              \
        return activate_back(L, name(L, 3, #name "_backward"), #name "_backward");                 \
    }

/* x:relu() -> max(x, 0), element by element. */

/* nn.relu_backward(dy, x) -> dx = dy where x > 0, else 0. */

/* x:leaky_relu([{negative_slope = 0.01}]) -> x where x > 0, else negative_slope x. */

/* nn.leaky_relu_backward(dy, x [, {negative_slope = 0.01}]) -> dx: the gradient of leaky_relu. */

/* x:softplus([{beta = 1, threshold = 20}]) -> log(1 + exp(beta x)) / beta; x where beta x >
** threshold. */

/* nn.softplus_backward(dy, x [, {beta = 1, threshold = 20}]) -> dx: the gradient of softplus. */

/* x:gelu([{approximate = "none"}]) -> x Phi(x), Phi the normal distribution; approximate: "none"
** or "tanh". */

/* nn.gelu_backward(dy, x [, {approximate = "none"}]) -> dx: the gradient of gelu. */

/* x:elu([{alpha = 1}]) -> x where x > 0, else alpha (exp(x) - 1). */

/* nn.elu_backward(dy, x [, {alpha = 1}]) -> dx: the gradient of elu. */

DEFINE_ACTIVATION(relu)
DEFINE_ACTIVATION(leaky_relu) /* {negative_slope=0.01} */
DEFINE_ACTIVATION(softplus)   /* {beta=1, threshold=20} */
DEFINE_ACTIVATION(gelu)       /* {approximate="none"|"tanh"} */
DEFINE_ACTIVATION(elu)        /* {alpha=1} */

/* nn.sigmoid_backward(dy, y) -> dx = dy y (1 - y); y: what sigmoid returned. */
static int core_sigmoid_backward(lua_State *L)
{
    return activate_back(L, (activation){NN_K_SIGMOID_Y, 0, 0}, "sigmoid_backward");
}

/* nn.tanh_backward(dy, y) -> dx = dy (1 - y^2); y: what tanh returned. */
static int core_tanh_backward(lua_State *L)
{
    return activate_back(L, (activation){NN_K_TANH_Y, 0, 0}, "tanh_backward");
}

/* ---- Softmax ---- */

/* {dim=-1} at arg. */
static int64_t dim_option(lua_State *L, int arg, const char *function)
{
    nnb_options(L, arg, function, "dim", (char *)NULL);
    int64_t dim = nnb_option_integer(L, arg, "dim", -1, function);
    if (dim == 0)
        nnb_error(L, "bad option 'dim' to '%s' (dimensions count from 1, got 0)", function);
    return dim > 0 ? dim - 1 : dim;
}

/* x:softmax([{dim = -1}]) -> exp(x) / sum exp(x) along dim. */

/* nn.softmax_backward(dy, y [, {dim = -1}]) -> dx: the gradient of softmax; y: what it returned. */

/* x:log_softmax([{dim = -1}]) -> x - log sum exp(x) along dim. */

/* nn.log_softmax_backward(dy, y [, {dim = -1}]) -> dx: the gradient of log_softmax; y: what it
** returned. */

#define DEFINE_SOFTMAX(name)                                                                       \
    static int core_##name(lua_State *L)                                                           \
    {                                                                                              \
        const nn_tensor *x = nnb_check_tensor(L, 1, #name);                                        \
        int64_t dim = dim_option(L, 2, #name);                                                     \
        nn_error err;                                                                              \
        NNB_TRY(L, nn_##name(nnb_new_tensor(L), x, dim, &err), &err, #name);                       \
        return 1;                                                                                  \
    }                                                                                              \
    static int core_##name##_backward(lua_State *L)                                                \
    {                                                                                              \
        static const char function[] = #name "_backward";                                          \
        const nn_tensor *dy = nnb_check_tensor(L, 1, function);                                    \
        const nn_tensor *y = nnb_check_tensor(L, 2, function);                                     \
        int64_t dim = dim_option(L, 3, function);                                                  \
        nn_error err;                                                                              \
        NNB_TRY(L, nn_##name##_backward(nnb_new_tensor(L), dy, y, dim, &err), &err, function);     \
        return 1;                                                                                  \
    }

DEFINE_SOFTMAX(softmax)
DEFINE_SOFTMAX(log_softmax)

/* ---- Dropout ---- */

/* nn.dropout(x, p [, {generator, training = true}]) -> y, mask: y = x mask / (1 - p), each
** element kept with probability 1 - p (mask: bool). One uniform number is drawn for each
** element, in row-major order. Not training: x's own elements and nil. Raises for p outside
** 0..1. */
static int core_dropout(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "dropout");
    double p = nnb_check_number(L, 2, "dropout");
    nnb_options(L, 3, "dropout", "generator", "training", (char *)NULL);
    nn_rng *rng = nnb_option_generator(L, 3, "dropout");
    bool training = nnb_option_boolean(L, 3, "training", true, "dropout");
    nn_error err;
    nn_tensor *y = nnb_new_tensor(L);
    nn_tensor *mask = new_tensor_if(L, training);
    NNB_TRY(L, nn_dropout(y, mask, x, p, rng, &err), &err, "dropout");
    return 2;
}

/* nn.dropout_backward(dy, mask, p) -> dx = dy mask / (1 - p); dy's own elements where mask is
** nil. */
static int core_dropout_backward(lua_State *L)
{
    static const char function[] = "dropout_backward";
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *mask = nnb_opt_tensor(L, 2, function);
    double p = nnb_check_number(L, 3, function);
    nn_error err;
    NNB_TRY(L, nn_dropout_backward(nnb_new_tensor(L), dy, mask, p, &err), &err, function);
    return 1;
}

/* ---- Penalties ---- */

typedef nn_status penalty_function(nn_tensor *value, nn_tensor *dW, const nn_tensor *W,
                                   double lambda, nn_error *err);

static int penalty(lua_State *L, penalty_function *compute, const char *function)
{
    const nn_tensor *W = nnb_check_tensor(L, 1, function);
    double lambda = nnb_check_number(L, 2, function);
    nn_error err;
    nn_tensor *value = nnb_new_tensor(L);
    nn_tensor *dW = nnb_new_tensor(L);
    NNB_TRY(L, compute(value, dW, W, lambda, &err), &err, function);
    return 2;
}

/* nn.l2_penalty(W, lambda) -> lambda/2 sum W^2 (0-dim), its gradient. */
static int core_l2_penalty(lua_State *L)
{
    return penalty(L, nn_l2_penalty, "l2_penalty");
}

/* nn.l1_penalty(W, lambda) -> lambda sum |W| (0-dim), its gradient. */
static int core_l1_penalty(lua_State *L)
{
    return penalty(L, nn_l1_penalty, "l1_penalty");
}

static const luaL_Reg methods[] = {
    {"relu", core_relu},
    {"leaky_relu", core_leaky_relu},
    {"softplus", core_softplus},
    {"gelu", core_gelu},
    {"elu", core_elu},
    {"softmax", core_softmax},
    {"log_softmax", core_log_softmax},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"linear", core_linear},
    {"linear_backward", core_linear_backward},
    {"relu_backward", core_relu_backward},
    {"leaky_relu_backward", core_leaky_relu_backward},
    {"softplus_backward", core_softplus_backward},
    {"gelu_backward", core_gelu_backward},
    {"elu_backward", core_elu_backward},
    {"sigmoid_backward", core_sigmoid_backward},
    {"tanh_backward", core_tanh_backward},
    {"softmax_backward", core_softmax_backward},
    {"log_softmax_backward", core_log_softmax_backward},
    {"dropout", core_dropout},
    {"dropout_backward", core_dropout_backward},
    {"l2_penalty", core_l2_penalty},
    {"l1_penalty", core_l1_penalty},
    {NULL, NULL},
};

void nnb_open_neural(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    nnb_set_methods(L, methods);
}
