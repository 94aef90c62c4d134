/*
** layers.c - batch norm, layer norm, embedding, recurrent layers
**
** Raw primitives: forward functions and their backward partners, without a
** tape. Float tensors of one call are alike.
*/
#include "bind/bind.h"
#include "nn/embedding.h"
#include "nn/normalization.h"
#include "nn/recurrent.h"

static nn_tensor *new_tensor_if(lua_State *L, bool wanted)
{
    if (wanted) return nnb_new_tensor(L);
    lua_pushnil(L);
    return NULL;
}

/* ---- Normalization ---- */

/* nn.batch_norm(x [, weight] [, bias] [, {running_mean, running_var, training = true, momentum =
** 0.1, eps = 1e-5}]) -> y, saved: (x - mean) / sqrt(var + eps) weight + bias per channel. x
** [N,C,*], the others [C]. Training, the statistics are the batch's, and the running ones, if
** given, move towards them in place: (1 - momentum) running + momentum new, var with n-1; else
** the running ones are used. */
static int core_batch_norm(lua_State *L)
{
    static const char function[] = "batch_norm";
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    const nn_tensor *weight = nnb_opt_tensor(L, 2, function);
    const nn_tensor *bias = nnb_opt_tensor(L, 3, function);
    nnb_options(L, 4, function, "running_mean", "running_var", "training", "momentum", "eps",
                (char *)NULL);
    nn_batch_norm_options options = {
        .running_mean = nnb_option_tensor(L, 4, "running_mean", function),
        .running_var = nnb_option_tensor(L, 4, "running_var", function),
        .training = nnb_option_boolean(L, 4, "training", true, function),
        .momentum = nnb_option_number(L, 4, "momentum", 0.1, function),
        .eps = nnb_option_number(L, 4, "eps", 1e-5, function),
    };
    nn_error err;
    nn_tensor *y = nnb_new_tensor(L);
    nn_tensor *saved = nnb_new_tensor(L);
    NNB_TRY(L, nn_batch_norm(y, saved, x, weight, bias, &options, &err), &err, function);
    if (options.training && options.running_mean) {
        options.running_mean->storage->version++;
        options.running_var->storage->version++;
    }
    return 2;
}

/* nn.batch_norm_backward(dy, x, weight, saved [, {training = true, weight = true, bias = true}])
** -> dx, dweight, dbias; the last two nil where their option is false. weight may be nil; saved:
** what nn.batch_norm returned. */
static int core_batch_norm_backward(lua_State *L)
{
    static const char function[] = "batch_norm_backward";
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    const nn_tensor *weight = nnb_opt_tensor(L, 3, function);
    const nn_tensor *saved = nnb_check_tensor(L, 4, function);
    nnb_options(L, 5, function, "training", "weight", "bias", (char *)NULL);
    bool training = nnb_option_boolean(L, 5, "training", true, function);
    bool want_weight = nnb_option_boolean(L, 5, "weight", true, function);
    bool want_bias = nnb_option_boolean(L, 5, "bias", true, function);
    nn_error err;
    nn_tensor *dx = nnb_new_tensor(L);
    nn_tensor *dw = new_tensor_if(L, want_weight);
    nn_tensor *db = new_tensor_if(L, want_bias);
    NNB_TRY(L, nn_batch_norm_backward(dx, dw, db, dy, x, weight, saved, training, &err), &err,
            function);
    return 3;
}

/* normalized_shape, one size or a list of them, at arg: must be x's last sizes. Gives their
** number. */
static int check_normalized(lua_State *L, int arg, const nn_tensor *x, int x_arg,
                            const char *function)
{
    int64_t shape[NN_MAX_RANK];
    int dims;
    if (nnb_check_shape(L, arg, shape, &dims, function) != arg + 1 || dims == 0)
        nnb_type_error(L, arg, function, "size or list of sizes");
    if (dims > x->ndim || !nn_shape_equal(dims, shape, dims, x->shape + x->ndim - dims)) {
        nn_error err;
        nn_fail(&err, NN_ESHAPE, x_arg, "x is %s, which does not end in %s",
                nn_tensor_shape_name(x).text, nn_shape_name(dims, shape).text);
        nnb_raise(L, &err, function);
    }
    return dims;
}

/* nn.layer_norm(x, normalized_shape [, weight] [, bias] [, {eps = 1e-5}]) -> y, saved: mean 0,
** variance 1 over the last dimensions, times weight plus bias. normalized_shape: a size or a
** list of them; weight and bias have that shape. */
static int core_layer_norm(lua_State *L)
{
    static const char function[] = "layer_norm";
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    int dims = check_normalized(L, 2, x, 1, function);
    const nn_tensor *weight = nnb_opt_tensor(L, 3, function);
    const nn_tensor *bias = nnb_opt_tensor(L, 4, function);
    nnb_options(L, 5, function, "eps", (char *)NULL);
    double eps = nnb_option_number(L, 5, "eps", 1e-5, function);
    nn_error err;
    nn_tensor *y = nnb_new_tensor(L);
    nn_tensor *saved = nnb_new_tensor(L);
    NNB_TRY(L, nn_layer_norm(y, saved, x, dims, weight, bias, eps, &err), &err, function);
    return 2;
}

/* nn.layer_norm_backward(dy, x, normalized_shape, weight, saved [, {affine = true}]) -> dx,
** dweight, dbias; the last two nil if not affine. saved: what nn.layer_norm returned. */
static int core_layer_norm_backward(lua_State *L)
{
    static const char function[] = "layer_norm_backward";
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *x = nnb_check_tensor(L, 2, function);
    int dims = check_normalized(L, 3, x, 2, function);
    const nn_tensor *weight = nnb_opt_tensor(L, 4, function);
    const nn_tensor *saved = nnb_check_tensor(L, 5, function);
    nnb_options(L, 6, function, "affine", (char *)NULL);
    bool affine = nnb_option_boolean(L, 6, "affine", true, function);
    nn_error err;
    nn_tensor *dx = nnb_new_tensor(L);
    nn_tensor *dw = new_tensor_if(L, affine);
    nn_tensor *db = new_tensor_if(L, affine);
    NNB_TRY(L, nn_layer_norm_backward(dx, dw, db, dy, x, dims, weight, saved, &err), &err,
            function);
    return 3;
}

/* ---- Embedding ---- */

/* nn.embedding(indices, weight [, {padding_idx}]) -> rows of weight [V,D] by int64 indices [*]
** in 1..V: [*,D]. The row padding_idx gets no gradient. Raises for an index outside 1..V. */
static int core_embedding(lua_State *L)
{
    const nn_tensor *index = nnb_check_tensor(L, 1, "embedding");
    const nn_tensor *weight = nnb_check_tensor(L, 2, "embedding");
    nnb_options(L, 3, "embedding", "padding_idx", (char *)NULL); /* for the backward pass */
    nn_error err;
    NNB_TRY(L, nn_embedding(nnb_new_tensor(L), index, weight, &err), &err, "embedding");
    return 1;
}

/* nn.embedding_backward(dy, indices, V [, {padding_idx}]) -> dweight [V,D]: the rows of dy added
** up by index. */
static int core_embedding_backward(lua_State *L)
{
    static const char function[] = "embedding_backward";
    const nn_tensor *dy = nnb_check_tensor(L, 1, function);
    const nn_tensor *index = nnb_check_tensor(L, 2, function);
    int64_t rows = nnb_check_integer(L, 3, function);
    nnb_options(L, 4, function, "padding_idx", (char *)NULL);
    int64_t padding = nnb_option_integer(L, 4, "padding_idx", 0, function);
    nn_error err;
    NNB_TRY(L, nn_embedding_backward(nnb_new_tensor(L), dy, index, rows, padding, &err), &err,
            function);
    return 1;
}

/* ---- Recurrent layers ---- */

static nn_recurrent_options recurrent_options(lua_State *L, int arg, const char *function)
{
    static const char *const cells[] = {"tanh", "relu", "gru", "lstm", NULL};
    nnb_options(L, arg, function, "cell", "reverse", (char *)NULL);
    return (nn_recurrent_options){
        .cell = (nn_k_cell)nnb_option_word(L, arg, "cell", cells, 0, function),
        .reverse = nnb_option_boolean(L, arg, "reverse", false, function),
    };
}

/* recurrent(input, W, b, h0, c0, {cell="tanh", reverse=false}) -> out, saved: nn_recurrent. */
static int core_recurrent(lua_State *L)
{
    static const char function[] = "recurrent";
    const nn_tensor *input = nnb_check_tensor(L, 1, function);
    const nn_tensor *W = nnb_check_tensor(L, 2, function);
    const nn_tensor *b = nnb_opt_tensor(L, 3, function);
    const nn_tensor *h0 = nnb_opt_tensor(L, 4, function);
    const nn_tensor *c0 = nnb_opt_tensor(L, 5, function);
    nn_recurrent_options options = recurrent_options(L, 6, function);
    nn_error err;
    nn_tensor *out = nnb_new_tensor(L);
    nn_tensor *saved = nnb_new_tensor(L);
    NNB_TRY(L, nn_recurrent(out, saved, input, W, b, h0, c0, options, &err), &err, function);
    return 2;
}

/* recurrent_backward(dout, saved, W, has_b, {cell=, reverse=}) -> dinput, dW, db, dh0, dc0; db nil
** if not has_b, dc0 nil but for an LSTM. */
static int core_recurrent_backward(lua_State *L)
{
    static const char function[] = "recurrent_backward";
    const nn_tensor *dout = nnb_check_tensor(L, 1, function);
    const nn_tensor *saved = nnb_check_tensor(L, 2, function);
    const nn_tensor *W = nnb_check_tensor(L, 3, function);
    bool has_b = lua_toboolean(L, 4);
    nn_recurrent_options options = recurrent_options(L, 5, function);
    nn_error err;
    nn_tensor *dinput = nnb_new_tensor(L);
    nn_tensor *dW = nnb_new_tensor(L);
    nn_tensor *db = new_tensor_if(L, has_b);
    nn_tensor *dh0 = nnb_new_tensor(L);
    nn_tensor *dc0 = new_tensor_if(L, options.cell == NN_K_LSTM);
    NNB_TRY(L, nn_recurrent_backward(dinput, dW, db, dh0, dc0, dout, saved, W, options, &err), &err,
            function);
    return 5;
}

static const luaL_Reg functions[] = {
    {"batch_norm", core_batch_norm},
    {"batch_norm_backward", core_batch_norm_backward},
    {"layer_norm", core_layer_norm},
    {"layer_norm_backward", core_layer_norm_backward},
    {"embedding", core_embedding},
    {"embedding_backward", core_embedding_backward},
    {"recurrent", core_recurrent},
    {"recurrent_backward", core_recurrent_backward},
    {NULL, NULL},
};

void nnb_open_layers(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
