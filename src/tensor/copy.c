/*
** copy.c - copy, cast and fill over strided tensors
**
** The casting loops are one macro for each (source, target) pair of C types;
** uint8 and bool share the C type uint8_t but not the cast.
*/
#include "tensor/copy.h"

#include <string.h>

#include "tensor/cancel.h"
#include "tensor/transpose.h"
#include "tensor/walk.h"

/* Elements between two looks at whether to go on. */
#define PIECE ((int64_t)1 << 18)

typedef void cast_run(void *dst, int64_t dst_step, const void *src, int64_t src_step, int64_t n);

#define TO_BOOL(x) ((uint8_t)((x) != 0))
#define INT_TO_U8(x) ((uint8_t)(x))
#define FLOAT_TO_U8(x) ((uint8_t)nn_int_of_double((double)(x)))
#define TO_I64(x) ((int64_t)(x))
#define FLOAT_TO_I64(x) nn_int_of_double((double)(x))
#define TO_F32(x) ((float)(x))
#define TO_F64(x) ((double)(x))

#define DEFINE_CAST(name, dst_type, src_type, convert)                                             \
    static void name(void *dst, int64_t dst_step, const void *src, int64_t src_step, int64_t n)    \
    {                                                                                              \
        dst_type *d = dst;                                                                         \
        const src_type *s = src;                                                                   \
        if (dst_step == 1 && src_step == 1)                                                        \
            for (int64_t i = 0; i < n; i++) d[i] = convert(s[i]);                                  \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++) d[i * dst_step] = convert(s[i * src_step]);            \
    }

/* Without a cast: whole runs are bytes. */
#define DEFINE_MOVE(name, type)                                                                    \
    static void name(void *dst, int64_t dst_step, const void *src, int64_t src_step, int64_t n)    \
    {                                                                                              \
        type *d = dst;                                                                             \
        const type *s = src;                                                                       \
        if (dst_step == 1 && src_step == 1)                                                        \
            memcpy(d, s, (size_t)n * sizeof *d);                                                   \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++) d[i * dst_step] = s[i * src_step];                     \
    }

DEFINE_MOVE(u8_from_u8, uint8_t)
DEFINE_MOVE(i64_from_i64, int64_t)
DEFINE_MOVE(f32_from_f32, float)
DEFINE_MOVE(f64_from_f64, double)

DEFINE_CAST(bool_from_u8, uint8_t, uint8_t, TO_BOOL)
DEFINE_CAST(bool_from_i64, uint8_t, int64_t, TO_BOOL)
DEFINE_CAST(bool_from_f32, uint8_t, float, TO_BOOL)
DEFINE_CAST(bool_from_f64, uint8_t, double, TO_BOOL)
DEFINE_CAST(u8_from_i64, uint8_t, int64_t, INT_TO_U8)
DEFINE_CAST(u8_from_f32, uint8_t, float, FLOAT_TO_U8)
DEFINE_CAST(u8_from_f64, uint8_t, double, FLOAT_TO_U8)
DEFINE_CAST(i64_from_u8, int64_t, uint8_t, TO_I64)
DEFINE_CAST(i64_from_f32, int64_t, float, FLOAT_TO_I64)
DEFINE_CAST(i64_from_f64, int64_t, double, FLOAT_TO_I64)
DEFINE_CAST(f32_from_u8, float, uint8_t, TO_F32)
DEFINE_CAST(f32_from_i64, float, int64_t, TO_F32)
DEFINE_CAST(f32_from_f64, float, double, TO_F32)
DEFINE_CAST(f64_from_u8, double, uint8_t, TO_F64)
DEFINE_CAST(f64_from_i64, double, int64_t, TO_F64)
DEFINE_CAST(f64_from_f32, double, float, TO_F64)

/* casts[target][source] */
static cast_run *const casts[NN_DTYPES][NN_DTYPES] = {
    [NN_BOOL] = {u8_from_u8, bool_from_u8, bool_from_i64, bool_from_f32, bool_from_f64},
    [NN_UINT8] = {u8_from_u8, u8_from_u8, u8_from_i64, u8_from_f32, u8_from_f64},
    [NN_INT64] = {i64_from_u8, i64_from_u8, i64_from_i64, i64_from_f32, i64_from_f64},
    [NN_FLOAT32] = {f32_from_u8, f32_from_u8, f32_from_i64, f32_from_f32, f32_from_f64},
    [NN_FLOAT64] = {f64_from_u8, f64_from_u8, f64_from_i64, f64_from_f32, f64_from_f64},
};

static char *element(const nn_tensor *t, int64_t at)
{
    return (char *)nn_tensor_data(t) + at * (int64_t)nn_dtype_size(t->dtype);
}

/* The transposed copies of a walk: its last two dimensions are those of a matrix that lies in rows
** on one side and in columns on the other. False: they are not, and nothing was copied. */
static bool copy_transposed(nn_tensor *dst, const nn_tensor *src, const nn_walk *walk)
{
    size_t size = nn_dtype_size(dst->dtype);
    int last = walk->outer - 1;
    if (last < 0 || dst->dtype != src->dtype || walk->step[0] != 1 || walk->stride[1][last] != 1 ||
        walk->step[1] < walk->shape[last])
        return false;
    int64_t rows = walk->shape[last], part = (PIECE / rows + 1) * 16; /* whole squares */
    for (int64_t i = 0; i < walk->runs; i += rows) {
        int64_t at[NN_WALK_MAX];
        nn_walk_at(walk, i, at);
        for (int64_t k = 0; k < walk->length && !nn_cancelled(); k += part)
            nn_transpose(element(dst, at[0] + k), walk->stride[0][last],
                         element(src, at[1] + k * walk->step[1]), walk->step[1],
                         walk->length - k < part ? walk->length - k : part, rows, size);
    }
    return true;
}

/* Can be given up after each piece; whoever cannot, holds. */
static void copy_apart(nn_tensor *dst, const nn_tensor *src)
{
    nn_walk walk;
    cast_run *cast = casts[dst->dtype][src->dtype];
    nn_walk_start(&walk, dst->ndim, dst->shape, 2, (const nn_tensor *[]){dst, src});
    if (copy_transposed(dst, src, &walk)) return;
    for (int64_t i = 0; i < walk.runs; i++) {
        int64_t at[NN_WALK_MAX];
        nn_walk_at(&walk, i, at);
        for (int64_t k = 0; k < walk.length && !nn_cancelled(); k += PIECE)
            cast(element(dst, at[0] + k * walk.step[0]), walk.step[0],
                 element(src, at[1] + k * walk.step[1]), walk.step[1],
                 walk.length - k < PIECE ? walk.length - k : PIECE);
    }
}

/* For a dst that nobody has seen yet. */
static nn_status copy_or_stop(nn_tensor *dst, const nn_tensor *src, nn_error *err)
{
    copy_apart(dst, src);
    return nn_cancelled() ? nn_interrupted(err) : NN_OK;
}

static nn_status copy(nn_tensor *dst, const nn_tensor *src, bool first, nn_error *err)
{
    int ndim;
    int64_t shape[NN_MAX_RANK];
    nn_tensor apart = NN_TENSOR_EMPTY;
    nn_error ignored;
    if (nn_shape_broadcast(dst->ndim, dst->shape, src->ndim, src->shape, &ndim, shape, &ignored) !=
            NN_OK ||
        !nn_shape_equal(ndim, shape, dst->ndim, dst->shape))
        return nn_fail(err, NN_ESHAPE, 2, "shape %s does not broadcast to %s",
                       nn_tensor_shape_name(src).text, nn_tensor_shape_name(dst).text);
    if (nn_tensor_may_overlap(dst, src)) {
        if (dst->dtype == src->dtype && nn_tensor_same_view(dst, src)) return NN_OK;
        NN_TRY(nn_tensor_clone(&apart, src, err));
        src = &apart;
    }
    if (!first) nn_cancel_hold(); /* one pass over memory */
    nn_status status = copy_or_stop(dst, src, err);
    if (!first) nn_cancel_release();
    nn_tensor_release(&apart);
    return status;
}

nn_status nn_tensor_copy(nn_tensor *dst, const nn_tensor *src, nn_error *err)
{
    return copy(dst, src, false, err);
}

nn_status nn_tensor_copy_first(nn_tensor *dst, const nn_tensor *src, nn_error *err)
{
    return copy(dst, src, true, err);
}

void nn_tensor_fill(nn_tensor *t, double value)
{
    /* A 0-dim tensor on the stack, broadcast by the copy. */
    nn_storage storage = {.references = 1, .size = sizeof value, .data = &value};
    nn_tensor scalar = {.storage = &storage, .dtype = NN_FLOAT64};
    nn_cancel_hold();
    copy_apart(t, &scalar);
    nn_cancel_release();
}

nn_status nn_tensor_to(nn_tensor *out, const nn_tensor *t, nn_dtype dtype, nn_error *err)
{
    NN_TRY(nn_tensor_like(out, t, dtype, err));
    nn_status status = copy_or_stop(out, t, err);
    if (status != NN_OK) nn_tensor_release(out);
    return status;
}

nn_status nn_tensor_clone(nn_tensor *out, const nn_tensor *t, nn_error *err)
{
    return nn_tensor_to(out, t, t->dtype, err);
}

nn_status nn_tensor_contiguous(nn_tensor *out, const nn_tensor *t, nn_dtype dtype, nn_error *err)
{
    if (t->dtype != dtype || !nn_tensor_is_contiguous(t)) return nn_tensor_to(out, t, dtype, err);
    nn_tensor_retain(out, t);
    return NN_OK;
}
