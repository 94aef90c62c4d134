/*
** elementwise.c - promotion, targets and overlap around the elementwise kernels
**
** Every operation runs through `apply`: bring the operands to the dtype of
** computation, find or make the target, loop. Temporaries are owned by one
** struct and released at one place.
*/
#include "nn/elementwise.h"

#include <math.h>

#include "kernel/dispatch.h"
#include "nn/loop.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"

_Static_assert((int)NN_K_BOOL == (int)NN_BOOL && (int)NN_K_U8 == (int)NN_UINT8 &&
                   (int)NN_K_I64 == (int)NN_INT64 && (int)NN_K_F32 == (int)NN_FLOAT32 &&
                   (int)NN_K_F64 == (int)NN_FLOAT64,
               "kernel tables are indexed by nn_dtype");

#define OPERANDS (NN_WALK_MAX - 1)

typedef struct plan {
    int operands;
    nn_dtype compute[OPERANDS]; /* each operand is brought to this dtype */
    nn_dtype result;            /* what the kernel writes */
    nn_loop_run *run;
    const void *context;
    bool slow; /* per element: a function or a division, not a move */
} plan;

/* From so many elements on a slow operation in place is computed aside, where it can be given up,
** and then copied. All others in place run to their end: they pass over the memory once. */
#define ASIDE ((int64_t)1 << 26)

static nn_status broadcast_all(const plan *p, const nn_tensor *const *operands, int *ndim,
                               int64_t *shape, nn_error *err)
{
    *ndim = operands[0]->ndim;
    for (int d = 0; d < *ndim; d++) shape[d] = operands[0]->shape[d];
    for (int k = 1; k < p->operands; k++) {
        int64_t joint[NN_MAX_RANK];
        NN_TRY(nn_shape_broadcast(*ndim, shape, operands[k]->ndim, operands[k]->shape, ndim, joint,
                                  err));
        for (int d = 0; d < *ndim; d++) shape[d] = joint[d];
    }
    return NN_OK;
}

static nn_status check_target(const nn_tensor *target, nn_dtype result, int ndim,
                              const int64_t *shape, nn_error *err)
{
    if (!nn_shape_equal(target->ndim, target->shape, ndim, shape))
        return nn_fail(err, NN_ESHAPE, 1, "a result of shape %s does not fit into shape %s",
                       nn_shape_name(ndim, shape).text, nn_tensor_shape_name(target).text);
    if (nn_tensor_is_expanded(target))
        return nn_fail(err, NN_EVALUE, 1, "an expanded tensor cannot be written to; clone it");
    if ((nn_dtype_is_float(result) && !nn_dtype_is_float(target->dtype)) ||
        (result != NN_BOOL && target->dtype == NN_BOOL))
        return nn_fail(err, NN_EDTYPE, 1, "a %s result does not fit into a %s tensor",
                       nn_dtype_name(result), nn_dtype_name(target->dtype));
    return NN_OK;
}

/* Brings operand k to its dtype, and out of the way of the target if writing there could
** overwrite elements that are still to be read. */
static nn_status prepare(nn_tensor *own, const nn_tensor *operand, nn_dtype dtype,
                         const nn_tensor *target, nn_error *err)
{
    if (operand->dtype != dtype) return nn_tensor_to(own, operand, dtype, err);
    if (target->storage && nn_tensor_may_overlap(target, operand) &&
        !nn_tensor_same_view(target, operand))
        return nn_tensor_clone(own, operand, err);
    nn_tensor_retain(own, operand);
    return NN_OK;
}

/* Where the kernel writes to: out itself if it is there and suits, else a new tensor. */
static nn_status take_target(nn_tensor *result, const plan *p, const nn_tensor *out, int ndim,
                             const int64_t *shape, nn_error *err)
{
    bool suits = out->storage && out->dtype == p->result;
    nn_status status = NN_OK;
    if (!suits || (p->slow && nn_tensor_numel(out) >= ASIDE))
        status = nn_tensor_new(result, p->result, ndim, shape, err);
    if (suits && !result->storage) {
        nn_tensor_retain(result, out);
        status = NN_OK;
    }
    return status;
}

static nn_status apply(nn_tensor *out, const plan *p, const nn_tensor *const *operands,
                       nn_error *err)
{
    int ndim;
    int64_t shape[NN_MAX_RANK];
    nn_tensor own[OPERANDS] = {{0}}, result = NN_TENSOR_EMPTY;
    bool in_place = out->storage != NULL;
    nn_status status = NN_OK;
    NN_TRY(broadcast_all(p, operands, &ndim, shape, err));
    if (in_place) NN_TRY(check_target(out, p->result, ndim, shape, err));

    for (int k = 0; k < p->operands && status == NN_OK; k++)
        status = prepare(&own[k], operands[k], p->compute[k], out, err);
    if (status == NN_OK) status = take_target(&result, p, out, ndim, shape, err);
    bool direct = in_place && result.storage == out->storage;
    if (status == NN_OK) {
        const nn_tensor *all[NN_WALK_MAX] = {&result, &own[0], &own[1], &own[2]};
        if (direct) nn_cancel_hold();
        status = nn_loop(ndim, shape, p->operands + 1, all, p->run, p->context, err);
        if (direct) nn_cancel_release();
    }
    if (status == NN_OK && !in_place) {
        *out = result;
        result = NN_TENSOR_EMPTY;
    } else if (status == NN_OK && !direct) {
        status = nn_tensor_copy(out, &result, err);
    }
    nn_tensor_release(&result);
    for (int k = 0; k < p->operands; k++) nn_tensor_release(&own[k]);
    return status;
}

static void run_binary(const void *context, char *const *data, const int64_t *step, int64_t n)
{
    nn_k_binary *const *kernel = context;
    (*kernel)(data[0], step[0], data[1], step[1], data[2], step[2], n);
}

static void run_unary(const void *context, char *const *data, const int64_t *step, int64_t n)
{
    nn_k_unary *const *kernel = context;
    (*kernel)(data[0], step[0], data[1], step[1], n);
}

static nn_status undefined_for(nn_dtype dtype, nn_error *err)
{
    return nn_fail(err, NN_EDTYPE, 1, "not defined for %s", nn_dtype_name(dtype));
}

/* What integer division and powers must know of their second operand before they start. */
typedef struct divisor {
    bool zero, negative;
} divisor;

static divisor inspect(const nn_tensor *t)
{
    divisor found = {false, false};
    nn_walk walk;
    nn_walk_start(&walk, t->ndim, t->shape, 1, &t);
    for (int64_t r = 0; r < walk.runs; r++) {
        int64_t at[NN_WALK_MAX];
        nn_walk_at(&walk, r, at);
        for (int64_t i = 0; i < walk.length && !nn_cancelled_at(i); i++) {
            int64_t value = nn_tensor_get_int(t, at[0] + i * walk.step[0]);
            found.zero = found.zero || value == 0;
            found.negative = found.negative || value < 0;
        }
    }
    return found;
}

nn_status nn_binary(nn_tensor *out, nn_k_binary_op op, const nn_tensor *a, const nn_tensor *b,
                    nn_error *err)
{
    nn_dtype dtype = nn_dtype_promote(a->dtype, b->dtype);
    if (op == NN_K_DIV && !nn_dtype_is_float(dtype)) dtype = NN_FLOAT32;
    nn_k_binary *kernel = nn_k()->arith->binary[op][dtype];
    if (!kernel) return undefined_for(dtype, err);
    if (!nn_dtype_is_float(dtype)) {
        if ((op == NN_K_FLOORDIV || op == NN_K_MOD) && inspect(b).zero)
            return nn_fail(err, NN_EVALUE, 2, "integer division by zero");
        if (op == NN_K_POW && inspect(b).negative)
            return nn_fail(err, NN_EVALUE, 2, "an integer to a negative integer power");
    }
    bool slow = op == NN_K_POW || op == NN_K_MOD || op == NN_K_FLOORDIV;
    plan p = {2, {dtype, dtype}, dtype, run_binary, &kernel, slow};
    return apply(out, &p, (const nn_tensor *[]){a, b}, err);
}

nn_status nn_compare(nn_tensor *out, nn_k_compare_op op, const nn_tensor *a, const nn_tensor *b,
                     nn_error *err)
{
    nn_dtype dtype = nn_dtype_promote(a->dtype, b->dtype);
    nn_k_binary *kernel = nn_k()->arith->compare[op][dtype];
    plan p = {2, {dtype, dtype}, NN_BOOL, run_binary, &kernel, false};
    return apply(out, &p, (const nn_tensor *[]){a, b}, err);
}

nn_status nn_unary(nn_tensor *out, nn_k_unary_op op, const nn_tensor *x, nn_error *err)
{
    nn_dtype dtype = x->dtype;
    if (op >= NN_K_EXP && !nn_dtype_is_float(dtype)) dtype = NN_FLOAT32;
    nn_k_unary *kernel = nn_k()->arith->unary[op][dtype];
    if (!kernel) return undefined_for(dtype, err);
    plan p = {1, {dtype}, dtype, run_unary, &kernel, op >= NN_K_EXP};
    return apply(out, &p, &x, err);
}

/* One element of any dtype. */
typedef union element {
    uint8_t u8;
    int64_t i64;
    float f32;
    double f64;
} element;

/* value, a bound and no NaN, in the dtype of what it bounds; past the dtype's end, that end. */
static element bound_in(nn_dtype dtype, double value)
{
    switch (dtype) {
    case NN_FLOAT64: return (element){.f64 = value};
    case NN_FLOAT32: return (element){.f32 = (float)value};
    case NN_INT64: return (element){.i64 = nn_int_of_double(value)};
    default: return (element){.u8 = (uint8_t)fmin(fmax(value, 0), UINT8_MAX)};
    }
}

typedef struct clamp_context {
    nn_k_clamp *kernel;
    element low, high;
} clamp_context;

static void run_clamp(const void *context, char *const *data, const int64_t *step, int64_t n)
{
    const clamp_context *c = context;
    c->kernel(data[0], step[0], data[1], step[1], &c->low, &c->high, n);
}

nn_status nn_clamp(nn_tensor *out, const nn_tensor *x, double low, double high, nn_error *err)
{
    clamp_context c = {.kernel = nn_k()->arith->clamp[x->dtype]};
    if (!c.kernel) return undefined_for(x->dtype, err);
    if (isnan(low) || isnan(high))
        return nn_fail(err, NN_EVALUE, isnan(low) ? 2 : 3, "a bound is NaN");
    bool real = nn_dtype_is_float(x->dtype);
    c.low = bound_in(x->dtype, real ? low : ceil(low));
    c.high = bound_in(x->dtype, real ? high : floor(high));
    plan p = {1, {x->dtype}, x->dtype, run_clamp, &c, false};
    return apply(out, &p, &x, err);
}

static void run_where(const void *context, char *const *data, const int64_t *step, int64_t n)
{
    nn_k_where *const *kernel = context;
    (*kernel)(data[0], step[0], (const uint8_t *)data[1], step[1], data[2], step[2], data[3],
              step[3], n);
}

nn_status nn_where(nn_tensor *out, const nn_tensor *condition, const nn_tensor *a,
                   const nn_tensor *b, nn_error *err)
{
    nn_dtype dtype = nn_dtype_promote(a->dtype, b->dtype);
    nn_k_where *kernel = nn_k()->arith->where[dtype];
    if (condition->dtype != NN_BOOL)
        return nn_fail(err, NN_EDTYPE, 1, "condition is %s, expected bool",
                       nn_dtype_name(condition->dtype));
    plan p = {3, {NN_BOOL, dtype, dtype}, dtype, run_where, &kernel, false};
    return apply(out, &p, (const nn_tensor *[]){condition, a, b}, err);
}

nn_status nn_equal(bool *equal, const nn_tensor *a, const nn_tensor *b, nn_error *err)
{
    nn_tensor same = NN_TENSOR_EMPTY;
    *equal = false;
    if (!nn_tensor_same_shape(a, b)) return NN_OK;
    NN_TRY(nn_compare(&same, NN_K_EQ, a, b, err));
    int64_t n = nn_tensor_numel(&same);
    const uint8_t *flag = nn_tensor_data(&same);
    *equal = true;
    for (int64_t i = 0; i < n && *equal; i++) *equal = flag[i] != 0;
    nn_tensor_release(&same);
    return NN_OK;
}
