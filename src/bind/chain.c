/*
** chain.c - the fused step of a feed-forward network, for lua/nnlua/backprop.lua
**
** A network is a list of layers {weight=, bias=, activation=, p=, q=}, with
** the fields scale and offset where it starts by rescaling bytes. bias may be
** missing; activation is the name of one, or missing after a layer that has
** none. The list keeps the tensors alive during the call. A criterion is its
** kind and its table of options.
*/
#include "nn/chain.h"

#include "bind/bind.h"

/* In the order of nn_k_activation. */
static const char *const activations[] = {"relu", "leaky_relu", "softplus", "gelu", "gelu_tanh",
                                          "elu",  "sigmoid",    "tanh",     NULL};

/* In the order of nn_chain_loss_kind. */
static const char *const kinds[] = {"cross_entropy", "bce_with_logits", "mse", NULL};

static nn_tensor layer_tensor(lua_State *L, int layer, const char *name, const char *function)
{
    nn_tensor *t = nnb_option_tensor(L, layer, name, function);
    if (t && !nn_tensor_is_contiguous(t))
        nnb_arg_error(L, 1, function, "a %s is not contiguous", name);
    return t ? *t : NN_TENSOR_EMPTY;
}

/* Reads the layers at argument 1; the tensors stay the list's. */
static void check_chain(lua_State *L, nn_chain *chain, const char *function)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Unsigned layers = lua_rawlen(L, 1);
    if (layers < 1 || layers > NN_CHAIN_MOST)
        nnb_arg_error(L, 1, function, "1 to %d layers expected", NN_CHAIN_MOST);
    *chain = (nn_chain){.layers = (int)layers};
    chain->rescaling.scale = nnb_option_number(L, 1, "scale", 0, function);
    chain->rescaling.offset = nnb_option_number(L, 1, "offset", 0, function);
    chain->rescales = chain->rescaling.scale != 0;
    for (int l = 0; l < chain->layers; l++) {
        nn_chain_layer *layer = &chain->layer[l];
        lua_rawgeti(L, 1, l + 1);
        int at = lua_gettop(L);
        layer->W = layer_tensor(L, at, "weight", function);
        layer->b = layer_tensor(L, at, "bias", function);
        layer->activation =
            nnb_option_word(L, at, "activation", activations, NN_CHAIN_LINEAR, function);
        layer->p = nnb_option_number(L, at, "p", 0, function);
        layer->q = nnb_option_number(L, at, "q", 0, function);
        if (!layer->W.storage || layer->W.ndim != 2)
            nnb_arg_error(L, 1, function, "layer %d has no weight matrix", l + 1);
        if (layer->b.storage && (layer->b.ndim != 1 || layer->b.dtype != layer->W.dtype ||
                                 layer->b.shape[0] != layer->W.shape[0]))
            nnb_arg_error(L, 1, function, "the bias of layer %d does not fit its weight", l + 1);
        lua_pop(L, 1);
    }
}

/* The kind of criterion at argument 4, its options at 5. */
static nn_chain_criterion check_criterion(lua_State *L, const char *function)
{
    static const char *const words[] = {"mean", "sum", NULL};
    nn_chain_criterion c = {
        .kind = (nn_chain_loss_kind)luaL_checkoption(L, 4, NULL, kinds),
        .reduction = nnb_option_word(L, 5, "reduction", words, 0, function) == 0 ? NN_LOSS_MEAN
                                                                                 : NN_LOSS_SUM,
        .label_smoothing = nnb_option_number(L, 5, "label_smoothing", 0, function),
        .ignore_index = nnb_option_integer(L, 5, "ignore_index", -100, function),
    };
    c.weight = nnb_option_tensor(L, 5, c.kind == NN_CHAIN_BCE_WITH_LOGITS ? "pos_weight" : "weight",
                                 function);
    return c;
}

/* Pushes the count of correct predictions, or nil. */
static void push_correct(lua_State *L, const nn_chain_result *result)
{
    if (result->correct < 0)
        lua_pushnil(L);
    else
        lua_pushinteger(L, result->correct);
}

/* chain_evaluate(layers, x, y, kind, options) -> loss [], correct, scores [N,C]; correct: how many
** predictions match their label, or nil if y has no labels. */
static int core_chain_evaluate(lua_State *L)
{
    static const char function[] = "evaluate";
    nn_chain chain;
    nn_chain_result result = {0};
    nn_error err;
    check_chain(L, &chain, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    const nn_tensor *y = nnb_check_tensor(L, 3, function);
    nn_chain_criterion criterion = check_criterion(L, function);
    nn_tensor *loss = nnb_new_tensor(L), *scores = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_new(loss, chain.layer[0].W.dtype, 0, NULL, &err), &err, function);
    NNB_TRY(L, nn_chain_evaluate(&result, &chain, x, y, &criterion, &err), &err, function);
    *scores = result.scores;
    nn_tensor_set(loss, 0, result.loss);
    push_correct(L, &result);
    lua_insert(L, -2);
    return 3;
}

/* chain_backprop(layers, x, y, kind, options) -> loss, correct, scores,
** {weight gradient, bias gradient or false, weight gradient, ...} */
static int core_chain_backprop(lua_State *L)
{
    static const char function[] = "backprop";
    nn_chain chain;
    nn_chain_result result = {0};
    nn_tensor *gradient[NN_CHAIN_MOST][2] = {{NULL}};
    nn_error err;
    check_chain(L, &chain, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    const nn_tensor *y = nnb_check_tensor(L, 3, function);
    nn_chain_criterion criterion = check_criterion(L, function);
    nn_tensor *loss = nnb_new_tensor(L), *scores = nnb_new_tensor(L);
    lua_createtable(L, 2 * chain.layers, 0);
    for (int l = 0; l < chain.layers; l++)
        for (int i = 0; i < 2; i++) {
            if (i == 1 && !chain.layer[l].b.storage)
                lua_pushboolean(L, false);
            else
                gradient[l][i] = nnb_new_tensor(L);
            lua_rawseti(L, -2, 2 * l + i + 1);
        }
    NNB_TRY(L, nn_tensor_new(loss, chain.layer[0].W.dtype, 0, NULL, &err), &err, function);
    NNB_TRY(L, nn_chain_backprop(&result, &chain, x, y, &criterion, &err), &err, function);
    *scores = result.scores;
    nn_tensor_set(loss, 0, result.loss);
    for (int l = 0; l < chain.layers; l++) {
        *gradient[l][0] = chain.layer[l].dW;
        if (gradient[l][1]) *gradient[l][1] = chain.layer[l].db;
    }
    push_correct(L, &result);
    lua_insert(L, -3);
    return 4;
}

/* rescale(x, scale, offset, dtype) -> y [*]; x: uint8 [*] */
static int core_rescale(lua_State *L)
{
    static const char function[] = "rescale";
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    nn_rescaling rescaling = {nnb_check_number(L, 2, function), nnb_check_number(L, 3, function)};
    nn_dtype dtype = nnb_check_dtype(L, 4, function);
    nn_error err;
    NNB_TRY(L, nn_rescale(nnb_new_tensor(L), x, rescaling, dtype, &err), &err, function);
    return 1;
}

static const luaL_Reg functions[] = {
    {"rescale", core_rescale},
    {"chain_evaluate", core_chain_evaluate},
    {"chain_backprop", core_chain_backprop},
    {NULL, NULL},
};

void nnb_open_chain(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
