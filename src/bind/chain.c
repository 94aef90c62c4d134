/*
** chain.c - the fused step of a feed-forward network, for lua/nnlua/backprop.lua
**
** A network is a list of layers {weight=, bias=, activation=, p=, q=}: bias
** may be missing; activation is the name of one, or missing after a layer
** that has none. The list keeps the tensors alive during the call.
*/
#include "nn/chain.h"

#include "bind/bind.h"

/* In the order of nn_k_activation. */
static const char *const activations[] = {"relu", "leaky_relu", "softplus", "gelu", "gelu_tanh",
                                          "elu",  "sigmoid",    "tanh",     NULL};

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

/* chain_forward(layers, x) -> scores [N,C] */
static int core_chain_forward(lua_State *L)
{
    nn_chain chain;
    check_chain(L, &chain, "evaluate");
    const nn_tensor *x = nnb_check_tensor(L, 2, "evaluate");
    nn_error err;
    NNB_TRY(L, nn_chain_forward(nnb_new_tensor(L), &chain, x, &err), &err, "evaluate");
    return 1;
}

/* chain_backprop(layers, x, y, {weight=, label_smoothing=, reduction="mean"|"sum"}) -> loss,
** scores [N,C], {{weight gradient, bias gradient}, ...} */
static int core_chain_backprop(lua_State *L)
{
    static const char *const words[] = {"mean", "sum", NULL};
    static const char function[] = "backprop";
    nn_chain chain;
    nn_tensor *gradient[NN_CHAIN_MOST][2];
    nn_error err;
    check_chain(L, &chain, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    const nn_tensor *y = nnb_check_tensor(L, 3, function);
    nnb_options(L, 4, function, "weight", "label_smoothing", "reduction", (char *)NULL);
    nn_cross_entropy_options options = {
        .weight = nnb_option_tensor(L, 4, "weight", function),
        .label_smoothing = nnb_option_number(L, 4, "label_smoothing", 0, function),
        .reduction = nnb_option_word(L, 4, "reduction", words, 0, function) == 0 ? NN_LOSS_MEAN
                                                                                 : NN_LOSS_SUM,
    };
    nn_tensor *loss = nnb_new_tensor(L), *scores = nnb_new_tensor(L);
    lua_createtable(L, chain.layers, 0);
    for (int l = 0; l < chain.layers; l++) {
        lua_createtable(L, 2, 0);
        for (int i = 0; i < 2; i++) {
            if (i == 1 && !chain.layer[l].b.storage) continue;
            gradient[l][i] = nnb_new_tensor(L);
            lua_rawseti(L, -2, i + 1);
        }
        lua_rawseti(L, -2, l + 1);
    }
    NNB_TRY(L, nn_chain_backprop(loss, scores, &chain, x, y, &options, &err), &err, function);
    for (int l = 0; l < chain.layers; l++) {
        *gradient[l][0] = chain.layer[l].dW;
        if (chain.layer[l].b.storage) *gradient[l][1] = chain.layer[l].db;
    }
    return 3;
}

static const luaL_Reg functions[] = {
    {"chain_forward", core_chain_forward},
    {"chain_backprop", core_chain_backprop},
    {NULL, NULL},
};

void nnb_open_chain(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
