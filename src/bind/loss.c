/*
** loss.c - the losses: each returns its value and the gradient by its first input
**
** {reduction="mean"|"sum"|"none"} everywhere: the value is 0-dim, or for
** "none" one per item and the gradient that of their sum.
*/
#include "nn/loss.h"

#include "bind/bind.h"
#include "nn/binary_cross_entropy.h"
#include "nn/class_target.h"
#include "nn/cross_entropy.h"
#include "nn/label_loss.h"
#include "nn/margin_loss.h"
#include "nn/regression_loss.h"

static nn_loss_reduction reduction_option(lua_State *L, int arg, const char *function)
{
    static const char *const words[] = {"mean", "sum", "none", NULL};
    return (nn_loss_reduction)nnb_option_word(L, arg, "reduction", words, NN_LOSS_MEAN, function);
}

/* nn.softmax_cross_entropy(z, y [, {weight, label_smoothing = 0, ignore_index = -100, reduction
** = "mean"}]) -> loss, dz: -log softmax(z)[y] and its gradient. z [N,C] scores; y int64 or uint8
** labels [N] in 1..C, or probabilities [N,C]; weight [C], one per class; label_smoothing in
** 0..1; rows whose label is ignore_index do not count. reduction: "mean", "sum" or "none" (one
** value per row). Raises for a label outside 1..C. */
static int core_softmax_cross_entropy(lua_State *L)
{
    static const char function[] = "softmax_cross_entropy";
    const nn_tensor *z = nnb_check_tensor(L, 1, function);
    const nn_tensor *y = nnb_check_tensor(L, 2, function);
    nnb_options(L, 3, function, "weight", "label_smoothing", "ignore_index", "reduction",
                (char *)NULL);
    nn_cross_entropy_options options = {
        .weight = nnb_option_tensor(L, 3, "weight", function),
        .label_smoothing = nnb_option_number(L, 3, "label_smoothing", 0, function),
        .ignore_index = nnb_option_integer(L, 3, "ignore_index", -100, function),
        .reduction = reduction_option(L, 3, function),
    };
    nn_error err;
    nn_tensor *loss = nnb_new_tensor(L);
    nn_tensor *dz = nnb_new_tensor(L);
    NNB_TRY(L, nn_softmax_cross_entropy(loss, dz, z, y, &options, &err), &err, function);
    return 2;
}

/* nn.binary_cross_entropy_with_logits(z, y [, {pos_weight, reduction = "mean"}]) -> loss, dz:
** binary_cross_entropy of sigmoid(z). z, y: any shape, alike; pos_weight, the weight of y = 1,
** broadcasts to it. reduction: "mean", "sum" or "none" (one value per element). */
static int core_binary_cross_entropy_with_logits(lua_State *L)
{
    static const char function[] = "binary_cross_entropy_with_logits";
    const nn_tensor *z = nnb_check_tensor(L, 1, function);
    const nn_tensor *y = nnb_check_tensor(L, 2, function);
    nnb_options(L, 3, function, "pos_weight", "reduction", (char *)NULL);
    const nn_tensor *weight = nnb_option_tensor(L, 3, "pos_weight", function);
    nn_loss_reduction reduction = reduction_option(L, 3, function);
    nn_error err;
    nn_tensor *loss = nnb_new_tensor(L);
    nn_tensor *dz = nnb_new_tensor(L);
    NNB_TRY(L, nn_binary_cross_entropy_with_logits(loss, dz, z, y, weight, reduction, &err), &err,
            function);
    return 2;
}

/* nn.huber_loss(x, y [, {delta = 1, reduction = "mean"}]) -> loss, dx: d^2/2 where |d| < delta,
** else delta (|d| - delta/2), d = x - y. Shapes alike; delta > 0. reduction: "mean", "sum" or
** "none". Differentiable by both. */

/* nn.smooth_l1_loss(x, y [, {beta = 1, reduction = "mean"}]) -> loss, dx: d^2 / (2 beta) where
** |d| < beta, else |d| - beta/2, d = x - y. Shapes alike; beta >= 0. reduction: "mean", "sum" or
** "none". Differentiable by both. */

/* nn.hinge_embedding_loss(x, y [, {margin = 1, reduction = "mean"}]) -> loss, dx: x where y is
** 1, max(0, margin - x) where it is -1. Shapes alike. reduction: "mean", "sum" or "none". */

/* The losses with one number as option. */
#define DEFINE_LOSS_WITH(name, option, otherwise)                                                  \
    static int core_##name(lua_State *L)                                                           \
    {                                                                                              \
        const nn_tensor *x = nnb_check_tensor(L, 1, #name);                                        \
        const nn_tensor *y = nnb_check_tensor(L, 2, #name);                                        \
        nnb_options(L, 3, #name, #option, "reduction", (char *)NULL);                              \
        double value = nnb_option_number(L, 3, #option, otherwise, #name);                         \
        nn_loss_reduction reduction = reduction_option(L, 3, #name);                               \
        nn_error err;                                                                              \
        nn_tensor *loss = nnb_new_tensor(L);                                                       \
        nn_tensor *dx = nnb_new_tensor(L);                                                         \
        NNB_TRY(L, nn_##name(loss, dx, x, y, value, reduction, &err), &err, #name);                \
        return 2;                                                                                  \
    }

DEFINE_LOSS_WITH(huber_loss, delta, 1)            /* x, y: any shape, alike */
DEFINE_LOSS_WITH(smooth_l1_loss, beta, 1)         /* the same */
DEFINE_LOSS_WITH(hinge_embedding_loss, margin, 1) /* the same; y: 1 or -1 */
DEFINE_LOSS_WITH(margin_loss, margin, 0)          /* the same */

/* nn.kl_div(x, y [, {log_target = false, reduction = "mean"}]) -> loss, dx: y (log y - x), x
** log-probabilities; with log_target y is logarithms, too. Any shape, alike. reduction: "mean",
** "batchmean" (the sum divided by the first size), "sum" or "none". Differentiable by both. */
static int core_kl_div(lua_State *L)
{
    static const char *const words[] = {"mean", "sum", "none", "batchmean", NULL};
    const nn_tensor *x = nnb_check_tensor(L, 1, "kl_div");
    const nn_tensor *y = nnb_check_tensor(L, 2, "kl_div");
    nnb_options(L, 3, "kl_div", "log_target", "reduction", (char *)NULL);
    bool log_target = nnb_option_boolean(L, 3, "log_target", false, "kl_div");
    nn_loss_reduction reduction =
        (nn_loss_reduction)nnb_option_word(L, 3, "reduction", words, NN_LOSS_MEAN, "kl_div");
    nn_error err;
    nn_tensor *loss = nnb_new_tensor(L);
    nn_tensor *dx = nnb_new_tensor(L);
    NNB_TRY(L, nn_kl_div(loss, dx, x, y, log_target, reduction, &err), &err, "kl_div");
    return 2;
}

/* nn.nll_loss(x, y [, {weight, ignore_index = -100, reduction = "mean"}]) -> loss, dx: -x[y]. x
** [N,C] log-probabilities; y int64 or uint8 labels [N] in 1..C; weight [C]; rows whose label is
** ignore_index do not count. reduction: "mean", "sum" or "none" (one value per row). Raises for
** a label outside 1..C. */
static int core_nll_loss(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "nll_loss");
    const nn_tensor *y = nnb_check_tensor(L, 2, "nll_loss");
    nnb_options(L, 3, "nll_loss", "weight", "ignore_index", "reduction", (char *)NULL);
    const nn_tensor *weight = nnb_option_tensor(L, 3, "weight", "nll_loss");
    int64_t ignore = nnb_option_integer(L, 3, "ignore_index", -100, "nll_loss");
    nn_loss_reduction reduction = reduction_option(L, 3, "nll_loss");
    nn_error err;
    nn_tensor *loss = nnb_new_tensor(L);
    nn_tensor *dx = nnb_new_tensor(L);
    NNB_TRY(L, nn_nll_loss(loss, dx, x, y, weight, ignore, reduction, &err), &err, "nll_loss");
    return 2;
}

/* nn.multi_margin_loss(x, y [, {p = 1, margin = 1, weight, reduction = "mean"}]) -> loss, dx:
** the mean over the classes c other than y of max(0, margin - x[y] + x[c])^p. x [N,C] scores; y
** labels [N] in 1..C; p 1 or 2; weight [C]. reduction: "mean", "sum" or "none" (one value per
** row). */
static int core_multi_margin_loss(lua_State *L)
{
    static const char function[] = "multi_margin_loss";
    const nn_tensor *x = nnb_check_tensor(L, 1, function);
    const nn_tensor *y = nnb_check_tensor(L, 2, function);
    nnb_options(L, 3, function, "p", "margin", "weight", "reduction", (char *)NULL);
    double p = nnb_option_number(L, 3, "p", 1, function);
    double margin = nnb_option_number(L, 3, "margin", 1, function);
    const nn_tensor *weight = nnb_option_tensor(L, 3, "weight", function);
    nn_loss_reduction reduction = reduction_option(L, 3, function);
    nn_error err;
    nn_tensor *loss = nnb_new_tensor(L);
    nn_tensor *dx = nnb_new_tensor(L);
    NNB_TRY(L, nn_multi_margin_loss(loss, dx, x, y, weight, p, margin, reduction, &err), &err,
            function);
    return 2;
}

/* nn.binary_cross_entropy(p, y [, {reduction = "mean"}]) -> loss, dp: -(y log p + (1 - y) log(1
** - p)). Any shape, alike. reduction: "mean", "sum" or "none". Raises for p outside 0..1. */

/* nn.summed_binary_cross_entropy(p, y [, {reduction = "mean"}]) -> loss, dp:
** binary_cross_entropy added up over the classes. p [N,C]; y labels [N] or rows [N,C].
** reduction: "mean", "sum" or "none" (one value per row). */

/* nn.mse_loss(x, y [, {reduction = "mean"}]) -> loss, dx: (x - y)^2. Shapes alike. reduction:
** "mean", "sum" or "none". Differentiable by both. */

/* nn.l1_loss(x, y [, {reduction = "mean"}]) -> loss, dx: |x - y|. Shapes alike. reduction:
** "mean", "sum" or "none". Differentiable by both. */

/* The losses whose only option is the reduction. */
#define DEFINE_LOSS(name)                                                                          \
    static int core_##name(lua_State *L)                                                           \
    {                                                                                              \
        const nn_tensor *x = nnb_check_tensor(L, 1, #name);                                        \
        const nn_tensor *y = nnb_check_tensor(L, 2, #name);                                        \
        nnb_options(L, 3, #name, "reduction", (char *)NULL);                                       \
        nn_loss_reduction reduction = reduction_option(L, 3, #name);                               \
        nn_error err;                                                                              \
        nn_tensor *loss = nnb_new_tensor(L);                                                       \
        nn_tensor *dx = nnb_new_tensor(L);                                                         \
        NNB_TRY(L, nn_##name(loss, dx, x, y, reduction, &err), &err, #name);                       \
        return 2;                                                                                  \
    }

DEFINE_LOSS(binary_cross_entropy)        /* p, y: any shape, alike */
DEFINE_LOSS(summed_binary_cross_entropy) /* p [N,C]; y [N] labels 1..C or [N,C] rows */
DEFINE_LOSS(mse_loss)                    /* x, y: any shape, alike */
DEFINE_LOSS(l1_loss)                     /* the same */

/* count_correct(scores [N,C], labels [N]) -> how many rows have their largest score at the label.
** Users know it as nn.metrics.accuracy. */
static int core_count_correct(lua_State *L)
{
    static const char function[] = "accuracy";
    const nn_tensor *scores = nnb_check_tensor(L, 1, function);
    const nn_tensor *y = nnb_check_tensor(L, 2, function);
    int64_t count;
    nn_error err;
    NNB_TRY(L, nn_count_correct(&count, scores, y, &err), &err, function);
    lua_pushinteger(L, count);
    return 1;
}

static const luaL_Reg functions[] = {
    {"count_correct", core_count_correct},
    {"softmax_cross_entropy", core_softmax_cross_entropy},
    {"binary_cross_entropy", core_binary_cross_entropy},
    {"binary_cross_entropy_with_logits", core_binary_cross_entropy_with_logits},
    {"summed_binary_cross_entropy", core_summed_binary_cross_entropy},
    {"mse_loss", core_mse_loss},
    {"l1_loss", core_l1_loss},
    {"huber_loss", core_huber_loss},
    {"smooth_l1_loss", core_smooth_l1_loss},
    {"hinge_embedding_loss", core_hinge_embedding_loss},
    {"margin_loss", core_margin_loss},
    {"kl_div", core_kl_div},
    {"nll_loss", core_nll_loss},
    {"multi_margin_loss", core_multi_margin_loss},
    {NULL, NULL},
};

void nnb_open_loss(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
