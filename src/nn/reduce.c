/*
** reduce.c - any reduction as (outer, n, inner) -> (outer, inner)
**
** A long reduction is cut along n into blocks of rows; each block's partial
** result goes to its own place, and the partial results are reduced in block
** order by the same kernel. One of wide rows is cut into blocks of columns.
** Blocks depend on the shape alone.
*/
#include "nn/reduce.h"

#include <inttypes.h>
#include <math.h>

#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "nn/blocks.h"
#include "nn/elementwise.h"
#include "tensor/cancel.h"
#include "tensor/copy.h"
#include "tensor/view.h"

typedef struct layout {
    int64_t outer, n, inner;
    int ndim; /* of the result */
    int64_t shape[NN_MAX_RANK];
} layout;

static nn_status lay_out(layout *l, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    int dim = 0;
    bool all = r.dim == NN_ALL_DIMS;
    *l = (layout){.outer = 1, .n = 1, .inner = 1};
    bool scalar = x->ndim == 0 && (r.dim == 0 || r.dim == -1); /* as if it had one dimension */
    if (!all && !scalar) NN_TRY(nn_dim_check(r.dim, x->ndim, &dim, err));
    for (int d = 0; d < x->ndim; d++) {
        bool reduced = all || d == dim;
        if (reduced)
            l->n *= x->shape[d];
        else if (d < dim)
            l->outer *= x->shape[d];
        else
            l->inner *= x->shape[d];
        if (!reduced)
            l->shape[l->ndim++] = x->shape[d];
        else if (r.keepdim)
            l->shape[l->ndim++] = 1;
    }
    return NN_OK;
}

/* How a reduction is cut. At most one of gathered, blocks and across is not 1. */
typedef struct cut {
    int64_t gathered; /* outer places of a block */
    int64_t rows;     /* of n in a block */
    int64_t blocks;   /* along n */
    int64_t width;    /* columns of a block */
    int64_t across;   /* blocks side by side */
    int64_t count;    /* of blocks in all */
} cut;

#define LEAST_WIDTH 64 /* columns: rows are read in runs of some cache lines */

static cut cut_up(const layout *l)
{
    int64_t row = l->inner > 0 ? l->inner : 1, slab = l->n * row;
    cut c = {.gathered = 1, .rows = l->n, .blocks = 1, .width = row, .across = 1};
    if (slab < NN_K_BLOCK) {
        c.gathered = NN_K_BLOCK / (slab > 0 ? slab : 1);
    } else if (slab >= 2 * NN_K_BLOCK && row < NN_K_BLOCK) {
        c.rows = NN_K_BLOCK / row;
        c.blocks = (l->n + c.rows - 1) / c.rows;
    } else if (slab >= 2 * NN_K_BLOCK) {
        c.width = NN_K_BLOCK / l->n / LEAST_WIDTH * LEAST_WIDTH;
        if (c.width < LEAST_WIDTH) c.width = LEAST_WIDTH;
        c.across = (row + c.width - 1) / c.width;
    }
    c.count = (l->outer + c.gathered - 1) / c.gathered * c.blocks * c.across;
    return c;
}

typedef struct block {
    int64_t outer, rows, width; /* its size */
    int64_t from;               /* where it begins in x */
    int64_t to;                 /* where its results begin in (outer, blocks, inner) */
} block;

static block block_at(const cut *c, const layout *l, int64_t i)
{
    int64_t column = i % c->across * c->width, along = i / c->across % c->blocks;
    int64_t first = along * c->rows, o = i / c->across / c->blocks * c->gathered;
    return (block){
        .outer = l->outer - o < c->gathered ? l->outer - o : c->gathered,
        .rows = l->n - first < c->rows ? l->n - first : c->rows,
        .width = l->inner - column < c->width ? l->inner - column : c->width,
        .from = (o * l->n + first) * l->inner + column,
        .to = (o * c->blocks + along) * l->inner + column,
    };
}

typedef struct sum_job {
    nn_k_sum *kernel;
    char *out;     /* (outer, blocks, inner) of 8-byte results */
    const char *x; /* (outer, n, inner) */
    int64_t size;  /* bytes of an element of x */
    layout shape;
    cut cut;
} sum_job;

static void sum_block(void *context, int64_t i)
{
    const sum_job *j = context;
    block b = block_at(&j->cut, &j->shape, i);
    j->kernel(j->out + b.to * 8, j->x + b.from * j->size, b.outer, b.rows, b.width, j->shape.inner);
}

/* Sums x, contiguous, into a new (outer, inner) tensor of float64 or int64. */
static nn_status sum_wide(nn_tensor *out, nn_k_sum_op op, const nn_tensor *x, const layout *l,
                          nn_error *err)
{
    nn_dtype wide = nn_dtype_is_float(x->dtype) ? NN_FLOAT64 : NN_INT64;
    sum_job job = {.kernel = nn_k()->reduce->sum[op][x->dtype],
                   .x = nn_tensor_data(x),
                   .size = (int64_t)nn_dtype_size(x->dtype),
                   .shape = *l,
                   .cut = cut_up(l)};
    int64_t blocks = job.cut.blocks;
    nn_tensor partial = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_new(&partial, wide, 3, (int64_t[]){l->outer, blocks, l->inner}, err));
    job.out = nn_tensor_data(&partial);
    nn_status status = NN_OK;
    if (nn_tensor_numel(&partial) > 0) status = nn_blocks_run(job.cut.count, sum_block, &job, err);
    if (status == NN_OK && blocks == 1) {
        *out = partial;
        return NN_OK;
    }
    if (status == NN_OK)
        status = nn_tensor_new(out, wide, 3, (int64_t[]){l->outer, 1, l->inner}, err);
    if (status == NN_OK) {
        nn_k_sum_op join = op == NN_K_PRODUCT ? NN_K_PRODUCT : NN_K_SUM;
        nn_k()->reduce->sum[join][wide](nn_tensor_data(out), nn_tensor_data(&partial), l->outer,
                                        blocks, l->inner, l->inner);
    }
    nn_tensor_release(&partial);
    return status;
}

/* The wide result under its shape and dtype. Takes `wide` over. */
static nn_status finish(nn_tensor *out, nn_tensor *wide, const layout *l, nn_dtype dtype,
                        nn_error *err)
{
    nn_tensor shaped = NN_TENSOR_EMPTY;
    nn_status status = nn_tensor_view(&shaped, wide, l->ndim, l->shape, err);
    if (status == NN_OK) status = nn_tensor_contiguous(out, &shaped, dtype, err);
    nn_tensor_release(&shaped);
    nn_tensor_release(wide);
    return status;
}

/* Divides or otherwise maps the float64 sums before they are rounded to dtype. */
typedef double map_sum(double sum, double argument);

static nn_status reduce_sum(nn_tensor *out, nn_k_sum_op op, const nn_tensor *x, nn_reduction r,
                            nn_dtype dtype, map_sum *map, double argument, nn_error *err)
{
    layout l;
    nn_tensor plain = NN_TENSOR_EMPTY, wide = NN_TENSOR_EMPTY;
    NN_TRY(lay_out(&l, x, r, err));
    NN_TRY(nn_tensor_contiguous(&plain, x, x->dtype, err));
    nn_status status = sum_wide(&wide, op, &plain, &l, err);
    nn_tensor_release(&plain);
    if (status != NN_OK) return status;
    if (map) {
        int64_t n = nn_tensor_numel(&wide);
        double *sum = nn_tensor_data(&wide);
        for (int64_t i = 0; i < n && !nn_cancelled_at(i); i++) sum[i] = map(sum[i], argument);
        if (nn_cancelled()) {
            nn_tensor_release(&wide);
            return nn_interrupted(err);
        }
    }
    return finish(out, &wide, &l, dtype, err);
}

static nn_dtype sum_dtype(const nn_tensor *x)
{
    return nn_dtype_is_float(x->dtype) ? x->dtype : NN_INT64;
}

static nn_dtype float_dtype(const nn_tensor *x)
{
    return nn_dtype_is_float(x->dtype) ? x->dtype : NN_FLOAT32;
}

static double divide(double sum, double n)
{
    return sum / n;
}

static double divide_and_root(double sum, double n)
{
    return sqrt(sum / n);
}

static double root(double sum, double unused)
{
    (void)unused;
    return sqrt(sum);
}

static double power(double sum, double exponent)
{
    return pow(sum, exponent);
}

nn_status nn_sum(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    return reduce_sum(out, NN_K_SUM, x, r, sum_dtype(x), NULL, 0, err);
}

nn_status nn_prod(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    return reduce_sum(out, NN_K_PRODUCT, x, r, sum_dtype(x), NULL, 0, err);
}

/* How many elements one result of the reduction joins. */
static nn_status count_of(double *count, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    layout l;
    NN_TRY(lay_out(&l, x, r, err));
    *count = (double)l.n;
    return NN_OK;
}

/* Integers are averaged in float64, so that their sum does not wrap. */
static nn_status mean_of(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_dtype dtype,
                         nn_error *err)
{
    double n;
    nn_tensor real = NN_TENSOR_EMPTY;
    NN_TRY(count_of(&n, x, r, err));
    if (nn_dtype_is_float(x->dtype)) return reduce_sum(out, NN_K_SUM, x, r, dtype, divide, n, err);
    NN_TRY(nn_tensor_to(&real, x, NN_FLOAT64, err));
    nn_status status = reduce_sum(out, NN_K_SUM, &real, r, dtype, divide, n, err);
    nn_tensor_release(&real);
    return status;
}

nn_status nn_mean(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    return mean_of(out, x, r, float_dtype(x), err);
}

static nn_status spread(nn_tensor *out, const nn_tensor *x, nn_reduction r, int correction,
                        map_sum *map, nn_error *err)
{
    double n;
    nn_tensor centred = NN_TENSOR_EMPTY, mean = NN_TENSOR_EMPTY;
    nn_reduction keep = {r.dim, true};
    NN_TRY(count_of(&n, x, r, err));
    NN_TRY(nn_tensor_to(&centred, x, NN_FLOAT64, err));
    nn_status status = mean_of(&mean, &centred, keep, NN_FLOAT64, err);
    if (status == NN_OK) status = nn_binary(&centred, NN_K_SUB, &centred, &mean, err);
    if (status == NN_OK)
        status = reduce_sum(out, NN_K_SUM_SQUARE, &centred, r, float_dtype(x), map,
                            n > correction ? n - correction : 0, err);
    nn_tensor_release(&mean);
    nn_tensor_release(&centred);
    return status;
}

nn_status nn_var(nn_tensor *out, const nn_tensor *x, nn_reduction r, int correction, nn_error *err)
{
    return spread(out, x, r, correction, divide, err);
}

nn_status nn_std(nn_tensor *out, const nn_tensor *x, nn_reduction r, int correction, nn_error *err)
{
    return spread(out, x, r, correction, divide_and_root, err);
}

nn_status nn_norm(nn_tensor *out, const nn_tensor *x, nn_reduction r, double p, nn_error *err)
{
    nn_dtype dtype = float_dtype(x);
    nn_tensor real = NN_TENSOR_EMPTY, most = NN_TENSOR_EMPTY, exponent = NN_TENSOR_EMPTY;
    if (!(p > 0)) return nn_fail(err, NN_EVALUE, 2, "p is %g, expected a positive number", p);
    NN_TRY(nn_tensor_to(&real, x, NN_FLOAT64, err));
    nn_status status;
    if (p == 2) {
        status = reduce_sum(out, NN_K_SUM_SQUARE, &real, r, dtype, root, 0, err);
    } else if (p == 1) {
        status = reduce_sum(out, NN_K_SUM_ABS, &real, r, dtype, NULL, 0, err);
    } else {
        status = nn_unary(&real, NN_K_ABS, &real, err);
        if (status == NN_OK && isinf(p)) {
            status = nn_max(&most, NULL, &real, r, err);
            if (status == NN_OK) status = nn_tensor_to(out, &most, dtype, err);
        } else if (status == NN_OK) {
            status = nn_tensor_full(&exponent, NN_FLOAT64, 0, NULL, p, err);
            if (status == NN_OK) status = nn_binary(&real, NN_K_POW, &real, &exponent, err);
            if (status == NN_OK)
                status = reduce_sum(out, NN_K_SUM, &real, r, dtype, power, 1 / p, err);
        }
    }
    nn_tensor_release(&exponent);
    nn_tensor_release(&most);
    nn_tensor_release(&real);
    return status;
}

typedef struct extreme_job {
    nn_k_extreme *kernel;
    char *value;
    int64_t *index;
    const char *x;
    int64_t size; /* bytes of an element */
    layout shape;
    cut cut;
} extreme_job;

static void extreme_block(void *context, int64_t i)
{
    const extreme_job *j = context;
    block b = block_at(&j->cut, &j->shape, i);
    j->kernel(j->value + b.to * j->size, j->index + b.to, j->x + b.from * j->size, b.outer, b.rows,
              b.width, j->shape.inner);
}

/* The extremes of x, contiguous, as (outer, inner): of blocks along n, and then of those. The first
** of equal ones wins, and a NaN over all: in a block as among blocks. */
static nn_status find_extremes(nn_tensor *best, nn_tensor *at, extreme_job job, nn_dtype dtype,
                               nn_error *err)
{
    const layout *l = &job.shape;
    nn_tensor value = NN_TENSOR_EMPTY, index = NN_TENSOR_EMPTY;
    int64_t results = l->outer * l->inner, blocks = job.cut.blocks;
    int64_t shape[] = {l->outer, blocks, l->inner};
    if (results == 0) return NN_OK;
    bool joined = blocks > 1;
    nn_status status = joined ? nn_tensor_new(&value, dtype, 3, shape, err) : NN_OK;
    if (status == NN_OK && joined) status = nn_tensor_new(&index, NN_INT64, 3, shape, err);
    job.value = nn_tensor_data(joined && status == NN_OK ? &value : best);
    job.index = nn_tensor_data(joined && status == NN_OK ? &index : at);
    if (status == NN_OK) status = nn_blocks_run(job.cut.count, extreme_block, &job, err);
    int64_t *found = nn_tensor_data(at);
    if (status == NN_OK && joined) {
        job.kernel(nn_tensor_data(best), found, job.value, l->outer, blocks, l->inner, l->inner);
        for (int64_t i = 0; i < results; i++) {
            int64_t o = i / l->inner, at_block = found[i];
            found[i] = at_block * job.cut.rows +
                       job.index[(o * blocks + at_block) * l->inner + i % l->inner];
        }
    }
    for (int64_t i = 0; status == NN_OK && i < results; i++) found[i]++; /* count from 1 */
    nn_tensor_release(&index);
    nn_tensor_release(&value);
    return status;
}

static nn_status extreme(nn_tensor *value, nn_tensor *index, const nn_tensor *x, nn_reduction r,
                         nn_k_extreme *const *kernels, nn_error *err)
{
    layout l;
    nn_tensor plain = NN_TENSOR_EMPTY, best = NN_TENSOR_EMPTY, at = NN_TENSOR_EMPTY;
    NN_TRY(lay_out(&l, x, r, err));
    if (l.n == 0 && l.outer * l.inner > 0)
        return nn_fail(err, NN_EVALUE, 1, "no extreme of no elements: shape %s",
                       nn_tensor_shape_name(x).text);
    nn_status status = nn_tensor_contiguous(&plain, x, x->dtype, err);
    if (status == NN_OK) status = nn_tensor_new(&best, x->dtype, l.ndim, l.shape, err);
    if (status == NN_OK) status = nn_tensor_new(&at, NN_INT64, l.ndim, l.shape, err);
    if (status == NN_OK) {
        extreme_job job = {.kernel = kernels[x->dtype],
                           .x = nn_tensor_data(&plain),
                           .size = (int64_t)nn_dtype_size(x->dtype),
                           .shape = l,
                           .cut = cut_up(&l)};
        status = find_extremes(&best, &at, job, x->dtype, err);
        if (status == NN_OK && value) nn_tensor_retain(value, &best);
        if (status == NN_OK && index) nn_tensor_retain(index, &at);
    }
    nn_tensor_release(&at);
    nn_tensor_release(&best);
    nn_tensor_release(&plain);
    return status;
}

nn_status nn_max(nn_tensor *value, nn_tensor *index, const nn_tensor *x, nn_reduction r,
                 nn_error *err)
{
    return extreme(value, index, x, r, nn_k()->reduce->max, err);
}

nn_status nn_min(nn_tensor *value, nn_tensor *index, const nn_tensor *x, nn_reduction r,
                 nn_error *err)
{
    return extreme(value, index, x, r, nn_k()->reduce->min, err);
}

/* all is the product, any the sum, of "is not 0". */
static nn_status reduce_bool(nn_tensor *out, nn_k_sum_op op, const nn_tensor *x, nn_reduction r,
                             nn_error *err)
{
    nn_tensor flags = NN_TENSOR_EMPTY;
    NN_TRY(nn_tensor_to(&flags, x, NN_BOOL, err));
    nn_status status = reduce_sum(out, op, &flags, r, NN_BOOL, NULL, 0, err);
    nn_tensor_release(&flags);
    return status;
}

nn_status nn_all(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    return reduce_bool(out, NN_K_PRODUCT, x, r, err);
}

nn_status nn_any(nn_tensor *out, const nn_tensor *x, nn_reduction r, nn_error *err)
{
    return reduce_bool(out, NN_K_SUM, x, r, err);
}

nn_status nn_sum_to(nn_tensor *out, const nn_tensor *dy, const nn_tensor *x, nn_error *err)
{
    nn_tensor sum = NN_TENSOR_EMPTY, next = NN_TENSOR_EMPTY;
    int lead = dy->ndim - x->ndim;
    nn_tensor_retain(&sum, dy);
    for (int d = dy->ndim - 1; d >= 0; d--) {
        bool gone = d < lead;
        if (!gone && (x->shape[d - lead] == dy->shape[d] || x->shape[d - lead] != 1)) continue;
        nn_reduction along = {d, !gone};
        nn_status status = reduce_sum(&next, NN_K_SUM, &sum, along, dy->dtype, NULL, 0, err);
        nn_tensor_release(&sum);
        if (status != NN_OK) return status;
        sum = next;
        next = NN_TENSOR_EMPTY;
    }
    if (nn_tensor_same_shape(&sum, x)) {
        *out = sum;
        return NN_OK;
    }
    nn_tensor_release(&sum);
    return nn_fail(err, NN_ESHAPE, 2, "shape %s did not broadcast to %s",
                   nn_tensor_shape_name(x).text, nn_tensor_shape_name(dy).text);
}
