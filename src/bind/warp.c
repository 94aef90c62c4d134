/*
** warp.c - images bent out of shape; what nn.data.transforms is made of
*/
#include "nn/warp.h"

#include "bind/bind.h"

/* warp_affine(images, matrix, fill) -> images, read at the places that matrix [N,2,3] says. */
static int core_warp_affine(lua_State *L)
{
    static const char function[] = "warp_affine";
    const nn_tensor *images = nnb_check_tensor(L, 1, function);
    const nn_tensor *matrix = nnb_check_tensor(L, 2, function);
    double fill = nnb_check_number(L, 3, function);
    nn_error err;
    NNB_TRY(L, nn_warp_affine(nnb_new_tensor(L), images, matrix, fill, &err), &err, function);
    return 1;
}

/* warp_field(images, field, fill) -> images, read at the pixels' own places plus field [N,2,H,W].
 */
static int core_warp_field(lua_State *L)
{
    static const char function[] = "warp_field";
    const nn_tensor *images = nnb_check_tensor(L, 1, function);
    const nn_tensor *field = nnb_check_tensor(L, 2, function);
    double fill = nnb_check_number(L, 3, function);
    nn_error err;
    NNB_TRY(L, nn_warp_field(nnb_new_tensor(L), images, field, fill, &err), &err, function);
    return 1;
}

/* gaussian_blur(x, sigma) -> x [*,H,W] float64, its last two dimensions smoothed. */
static int core_gaussian_blur(lua_State *L)
{
    const nn_tensor *x = nnb_check_tensor(L, 1, "gaussian_blur");
    double sigma = nnb_check_number(L, 2, "gaussian_blur");
    nn_error err;
    NNB_TRY(L, nn_gaussian_blur(nnb_new_tensor(L), x, sigma, &err), &err, "gaussian_blur");
    return 1;
}

static const luaL_Reg functions[] = {
    {"warp_affine", core_warp_affine},
    {"warp_field", core_warp_field},
    {"gaussian_blur", core_gaussian_blur},
    {NULL, NULL},
};

void nnb_open_warp(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
