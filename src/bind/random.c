/*
** random.c - generators and random tensors
**
** A generator is a userdata that holds an nn_rng. The module has a default
** one, seeded with 0; every random function takes {generator=} instead.
*/
#include <string.h>

#include "bind/bind.h"
#include "tensor/create.h"

/* Registry keys of the default generator, and of the seed that manual_seed gave it. */
static const char default_key = 'g';
static const char seed_key = 's';

nn_rng *nnb_default_generator(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &default_key);
    nn_rng *rng = lua_touserdata(L, -1);
    lua_pop(L, 1); /* the registry holds it */
    return rng;
}

static nn_rng *check_generator(lua_State *L, int arg, const char *function)
{
    nn_rng *rng = luaL_testudata(L, arg, NNB_GENERATOR);
    if (!rng) nnb_arg_error(L, arg, function, "Generator expected, got %s", luaL_typename(L, arg));
    return rng;
}

static uint32_t check_seed(lua_State *L, int arg, const char *function)
{
    int64_t seed = nnb_check_integer(L, arg, function);
    if (seed < 0 || seed > UINT32_MAX)
        nnb_arg_error(L, arg, function, "seed %I is outside 0..4294967295", (lua_Integer)seed);
    return (uint32_t)seed;
}

/* nn.manual_seed(seed) seeds the default generator with 0..2^32-1: rand, randn, randint,
** randperm then give what numpy.random.RandomState(seed) gives. */
static int core_manual_seed(lua_State *L)
{
    uint32_t seed = check_seed(L, 1, "manual_seed");
    nn_rng_seed(nnb_default_generator(L), seed);
    lua_pushinteger(L, seed);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &seed_key);
    return 0;
}

/* last_seed() -> what manual_seed was last called with, or nil */
static int core_last_seed(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &seed_key);
    return 1;
}

static nn_rng *push_generator(lua_State *L, uint32_t seed)
{
    nn_rng *rng = lua_newuserdatauv(L, sizeof *rng, 0);
    nn_rng_seed(rng, seed);
    luaL_setmetatable(L, NNB_GENERATOR);
    return rng;
}

/* nn.Generator([seed = 0]) -> a generator of its own, for the option `generator`. */
static int core_generator(lua_State *L)
{
    push_generator(L, lua_isnoneornil(L, 1) ? 0 : check_seed(L, 1, "Generator"));
    return 1;
}

/* nn.default_generator() -> the generator that is used where none is given; it starts with seed
** 0. */
static int core_default_generator(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &default_key);
    return 1;
}

/* g:manual_seed(seed) -> g, seeded with 0..2^32-1. */
static int generator_manual_seed(lua_State *L)
{
    nn_rng *rng = check_generator(L, 1, "manual_seed");
    nn_rng_seed(rng, check_seed(L, 2, "manual_seed"));
    lua_settop(L, 1);
    return 1;
}

/* g:get_state() -> the whole state as a uint8 tensor, to be saved. */
static int generator_get_state(lua_State *L)
{
    const nn_rng *rng = check_generator(L, 1, "get_state");
    int64_t size = sizeof *rng;
    nn_error err;
    nn_tensor *out = nnb_new_tensor(L);
    NNB_TRY(L, nn_tensor_new(out, NN_UINT8, 1, &size, &err), &err, "get_state");
    memcpy(nn_tensor_data(out), rng, sizeof *rng);
    return 1;
}

/* g:set_state(state) -> g, now as it was when get_state gave state. Raises if it is not a state. */
static int generator_set_state(lua_State *L)
{
    nn_rng *rng = check_generator(L, 1, "set_state");
    const nn_tensor *state = nnb_check_tensor(L, 2, "set_state");
    nn_rng read;
    if (state->dtype != NN_UINT8 || !nn_tensor_is_contiguous(state) ||
        nn_tensor_numel(state) != (int64_t)sizeof read)
        return nnb_arg_error(L, 2, "set_state", "not a generator's state: %s %s",
                             nn_dtype_name(state->dtype), nn_tensor_shape_name(state).text);
    memcpy(&read, nn_tensor_data(state), sizeof read);
    if (!nn_rng_valid(&read))
        return nnb_arg_error(L, 2, "set_state", "not a generator's state: its fields are damaged");
    *rng = read;
    lua_settop(L, 1);
    return 1;
}

typedef nn_status fill_random(nn_tensor *out, nn_dtype dtype, int ndim, const int64_t *shape,
                              nn_rng *rng, nn_error *err);

/* (sizes..., {dtype=, generator=}) */
static int random_floats(lua_State *L, fill_random *fill, const char *function)
{
    int64_t shape[NN_MAX_RANK];
    int ndim, options = nnb_check_shape(L, 1, shape, &ndim, function);
    nn_error err;
    nnb_options(L, options, function, "dtype", "generator", NULL);
    nn_dtype dtype = nnb_option_dtype(L, options, NN_FLOAT32, function);
    nn_rng *rng = nnb_option_generator(L, options, function);
    NNB_TRY(L, fill(nnb_new_tensor(L), dtype, ndim, shape, rng, &err), &err, function);
    return 1;
}

/* nn.rand(sizes... [, {dtype = "float32", generator}]) -> uniform in [0,1). Floats only. sizes
** as for nn.zeros. */
static int core_rand(lua_State *L)
{
    return random_floats(L, nn_tensor_rand, "rand");
}

/* nn.randn(sizes... [, {dtype = "float32", generator}]) -> normal, mean 0, variance 1. Floats
** only. sizes as for nn.zeros. */
static int core_randn(lua_State *L)
{
    return random_floats(L, nn_tensor_randn, "randn");
}

/* nn.randint(low, high, sizes... [, {dtype = "int64", generator}]) -> integers low <= x < high. */
static int core_randint(lua_State *L)
{
    int64_t shape[NN_MAX_RANK];
    int64_t low = nnb_check_integer(L, 1, "randint"), high = nnb_check_integer(L, 2, "randint");
    int ndim, options = nnb_check_shape(L, 3, shape, &ndim, "randint");
    nn_error err;
    nnb_options(L, options, "randint", "dtype", "generator", NULL);
    nn_dtype dtype = nnb_option_dtype(L, options, NN_INT64, "randint");
    nn_rng *rng = nnb_option_generator(L, options, "randint");
    NNB_TRY(L, nn_tensor_randint(nnb_new_tensor(L), dtype, low, high, ndim, shape, rng, &err), &err,
            "randint");
    return 1;
}

/* nn.randperm(n [, {generator}]) -> int64 [n], the numbers 1..n in random order: NumPy's
** permutation(n) plus 1. */
static int core_randperm(lua_State *L)
{
    int64_t n = nnb_check_integer(L, 1, "randperm");
    nn_error err;
    nnb_options(L, 2, "randperm", "generator", NULL);
    nn_rng *rng = nnb_option_generator(L, 2, "randperm");
    NNB_TRY(L, nn_tensor_randperm(nnb_new_tensor(L), n, rng, &err), &err, "randperm");
    return 1;
}

/* x:shuffle_([{generator}]) -> x, the entries of its first dimension permuted as NumPy's shuffle
** does. */
static int tensor_shuffle(lua_State *L)
{
    nn_tensor *t = nnb_check_tensor(L, 1, "shuffle_");
    nn_error err;
    nnb_options(L, 2, "shuffle_", "generator", NULL);
    nn_rng *rng = nnb_option_generator(L, 2, "shuffle_");
    NNB_TRY(L, nn_tensor_shuffle(t, rng, &err), &err, "shuffle_");
    t->storage->version++;
    lua_settop(L, 1);
    return 1;
}

static const luaL_Reg generator_methods[] = {
    {"manual_seed", generator_manual_seed},
    {"get_state", generator_get_state},
    {"set_state", generator_set_state},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"manual_seed", core_manual_seed},
    {"last_seed", core_last_seed},
    {"Generator", core_generator},
    {"default_generator", core_default_generator},
    {"rand", core_rand},
    {"randn", core_randn},
    {"randint", core_randint},
    {"randperm", core_randperm},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"shuffle_", tensor_shuffle},
    {NULL, NULL},
};

void nnb_open_random(lua_State *L)
{
    luaL_newmetatable(L, NNB_GENERATOR);
    luaL_newlib(L, generator_methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    push_generator(L, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &default_key);
    luaL_setfuncs(L, functions, 0);
    nnb_set_methods(L, methods);
}
