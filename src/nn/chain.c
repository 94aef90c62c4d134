/*
** chain.c - chunks, tiles, layers and back
**
** The memory of a step (one block). For each layer l, with rows of `width`
** elements, nn_k_panel_row of its outputs:
**
**   z[l] (chunk,width)    a[l] (chunk,width) or z[l]    delta[l] (chunk,width)
**   Wt[l] (in,width)      W transposed: the panel of the forward product
**   W[l] (out,in_row)     the panel of the way back, where W itself is none
**
** and for the first layer, by the form of the input's rows (prepared_rows.h),
**
**   plain    x (chunk,in_row), where x itself is no panel
**   packed   the digits of W (out,in) and of delta (out,chunk), for Wt
**
** The last layer's z are the scores of the whole batch, its deltas their gradient.
*/
#include "nn/chain.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/digits.h"
#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "nn/blocks.h"
#include "nn/operand.h"
#include "nn/panel.h"
#include "nn/prepared_rows.h"
#include "tensor/alloc.h"
#include "tensor/copy.h"
#include "tensor/transpose.h"

/* Rows of a tile; small batches are cut finer, so that threads can share them, but not finer than
** into TILES, since every tile passes through all weights. */
#define TILE NN_K_TILE
#define SMALL_TILE 32
#define TILES 4

/* Up to this many rows the weights are not packed: their rows are taken as they are, in dot
** products, and the rows of x too. */
#define THIN 4

/* What a chunk reads and writes: it stays in the caches that the threads share. */
#define CHUNK_BYTES ((int64_t)4 << 20)

/* Elements of a slice of a gradient's columns: whole cache lines in both dtypes. */
#define SLICE 16

typedef struct layer {
    const nn_chain_layer *chain;
    int64_t in, out, width;
    int64_t in_row;      /* nn_k_panel_row of the inputs */
    const char *weights; /* (out,in) as they are */
    char *Wt, *W, *b;
    char *z, *a, *delta;
    char *dW;   /* (out,in), the result */
    double *db; /* (width) sums */
} layer;

typedef struct step {
    nn_k_type type;
    int64_t size; /* bytes of an element */
    int layers;
    layer layer[NN_CHAIN_MOST];
    bool backward;
    int64_t N, in, C;
    int64_t tile, chunk; /* rows */
    bool thin;           /* N is at most THIN */

    /* The input. */
    const char *x;
    bool bytes; /* x is uint8 */
    nn_rescaling rescaling;
    double table[256]; /* what bytes stand for, as REALs */
    nn_rows_form form;
    nn_prepared_rows *rows_of_x;   /* unless plain */
    bool copied;                   /* the chunk's rows are copied, converted and padded, to panel */
    char *panel;                   /* (chunk,in_row) */
    void *W_digits, *delta_digits; /* of the first layer; packed */

    char *scores, *dscores; /* (N,C) */
    const nn_chain_loss *loss;
    double *loss_sum; /* of each tile */
    int64_t *correct; /* of each tile; NULL: there are no labels */
    bool *suits;      /* whether each block of the first layer's weights suits the form */
    bool deltas_suit; /* whether the chunk's deltas suit digits */

    int64_t first, rows; /* the chunk at hand */
    int slices[NN_CHAIN_MOST];
} step;

/* ---- Dividing the batch, laying out the memory ---- */

/* Whether the way back needs z beside a: not for activations whose slope follows from their output,
** nor where that has z's sign, which is all a ReLU's slope looks at. */
static bool keeps_input(const nn_chain_layer *f)
{
    if (f->activation == NN_K_LEAKY_RELU) return !(f->p > 0);
    return f->activation >= 0 && f->activation != NN_K_RELU && f->activation < NN_K_FROM_OUTPUT;
}

#define PACKED_ROWS 64 /* of Wt in one block of packing */

/* Whether layer l multiplies with Wt. */
static bool is_packed_panel(const step *s, int l)
{
    return !s->thin && !(l == 0 && s->form == NN_ROWS_PACKED);
}

static int64_t pack_blocks(const step *s, int l)
{
    return is_packed_panel(s, l) ? (s->layer[l].in + PACKED_ROWS - 1) / PACKED_ROWS : 0;
}

/* Chunks of packed rows may not depend on the threads, since a unit's digits are relative to its
** largest delta in the chunk, and start at whole steps of the kernels: two tiles or more. */
static void divide(step *s)
{
    int64_t row = s->form == NN_ROWS_PLAIN ? s->layer[0].in_row : 0;
    for (int l = 0; l < s->layers; l++) row += 3 * s->layer[l].width;
    int64_t threads = s->form == NN_ROWS_PACKED ? 2 : nn_k_threads();
    int64_t tiles = CHUNK_BYTES / (row * s->size * s->tile);
    tiles = tiles / threads * threads;
    if (tiles < threads) tiles = threads;
    s->chunk = tiles * s->tile;
    if (s->chunk > s->N) s->chunk = s->N;
}

/* Hands out parts of one block of memory; with base NULL only adds up. */
typedef struct arena {
    char *base;
    int64_t used;
} arena;

static void *take(arena *a, int64_t bytes)
{
    char *p = a->base ? a->base + a->used : NULL;
    a->used += (bytes + NN_K_LINE - 1) / NN_K_LINE * NN_K_LINE;
    return p;
}

static void lay_out(step *s, arena *a)
{
    int64_t tiles = (s->N + s->tile - 1) / s->tile, size = s->size;
    s->loss_sum = take(a, tiles * (int64_t)sizeof(double));
    if (nn_chain_loss_has_labels(s->loss)) s->correct = take(a, tiles * (int64_t)sizeof(int64_t));
    s->suits = take(a, (pack_blocks(s, 0) + 1) * (int64_t)sizeof(bool));
    for (int l = 0; l < s->layers; l++) {
        layer *at = &s->layer[l];
        if (is_packed_panel(s, l)) at->Wt = take(a, at->in * at->width * size);
        at->b = take(a, at->width * size);
        if (l < s->layers - 1 || s->form != NN_ROWS_PLAIN)
            at->z = take(a, s->chunk * at->width * size);
        at->a = at->z;
        if (l < s->layers - 1 && keeps_input(at->chain))
            at->a = take(a, s->chunk * at->width * size);
        if (!s->backward) continue;
        if (l == 0 || l < s->layers - 1) at->delta = take(a, s->chunk * at->width * size);
        at->db = take(a, at->width * (int64_t)sizeof(double));
        if (l > 0 && at->in != at->in_row) at->W = take(a, at->out * at->in_row * size);
    }
    if (s->copied) s->panel = take(a, s->chunk * s->layer[0].in_row * size);
    if (s->form == NN_ROWS_PACKED) {
        s->W_digits = take(a, nn_k_digits_size(s->type, s->layer[0].out, s->in));
        if (s->backward)
            s->delta_digits = take(a, nn_k_digits_size(s->type, s->layer[0].out, s->chunk));
    }
    s->dscores = take(a, s->N * s->C * size);
}

/* ---- Once per step: packing the weights ---- */

static void pack_weights(void *context, int64_t block)
{
    step *s = context;
    for (int l = 0; l < s->layers; l++) {
        layer *at = &s->layer[l];
        if (block >= pack_blocks(s, l)) {
            block -= pack_blocks(s, l);
            continue;
        }
        int64_t k = block * PACKED_ROWS, rows = at->in - k < PACKED_ROWS ? at->in - k : PACKED_ROWS;
        char *panel = at->Wt + k * at->width * s->size;
        nn_panel_pack(panel, s->type, at->weights + k * s->size, 1, at->in, rows, at->out);
        if (l == 0) s->suits[block] = nn_k()->panel->finite[s->type](panel, rows * at->width);
        return;
    }
    /* The last block: what is small. */
    s->suits[pack_blocks(s, 0)] = true;
    if (s->form == NN_ROWS_PACKED) {
        const layer *at = &s->layer[0];
        nn_k()->digits->pack[s->type](s->W_digits, at->weights, at->out, s->in, s->in, 1,
                                      s->rescaling.scale);
        s->suits[0] = nn_k()->digits->even[s->type](at->weights, at->out, s->in, s->in, 1);
    }
    for (int l = 0; l < s->layers; l++) {
        layer *at = &s->layer[l];
        const nn_tensor *b = &at->chain->b;
        memset(at->b, 0, (size_t)(at->width * s->size));
        if (b->storage) memcpy(at->b, nn_tensor_data(b), (size_t)(at->out * s->size));
        if (at->W) nn_panel_pack(at->W, s->type, at->weights, at->in, 1, at->out, at->in);
        if (at->db) memset(at->db, 0, (size_t)at->width * sizeof *at->db);
    }
}

/* Packs all weights; *suits: whether those of the first layer suit the form of the rows: they are
** finite for lists, which leave zeros out, and even for digits. */
static nn_status prepare(step *s, bool *suits, nn_error *err)
{
    int64_t blocks = 1;
    for (int l = 0; l < s->layers; l++) blocks += pack_blocks(s, l);
    NN_TRY(nn_blocks_run(blocks, pack_weights, s, err));
    *suits = true;
    for (int64_t b = 0; b <= pack_blocks(s, 0); b++) *suits = *suits && s->suits[b];
    return NN_OK;
}

/* ---- A tile: forward, loss, back to the deltas ---- */

static void multiply(const step *s, const nn_k_product *p)
{
    nn_k()->panel->product[s->type](p);
}

static char *row_of(const step *s, char *array, int64_t row, int64_t width)
{
    return array + row * width * s->size;
}

/* The tile's rows of x as a padded panel of REALs. */
static void copy_rows(const step *s, int64_t row, int64_t rows)
{
    int64_t row_size = s->layer[0].in_row;
    for (int64_t r = row; r < row + rows; r++) {
        char *to = row_of(s, s->panel, r, row_size);
        if (s->bytes)
            nn_rescaling_apply(to, (const uint8_t *)s->x + (s->first + r) * s->in, s->table,
                               s->type, s->in);
        else
            memcpy(to, s->x + (s->first + r) * s->in * s->size, (size_t)(s->in * s->size));
        memset(to + s->in * s->size, 0, (size_t)((row_size - s->in) * s->size));
    }
}

/* Where the chunk's dense input lies, and the elements between its rows. */
static const char *dense_input(const step *s, int l, int64_t row, int64_t *stride)
{
    if (l > 0) {
        *stride = s->layer[l - 1].width;
        return row_of(s, s->layer[l - 1].a, row, *stride);
    }
    *stride = s->copied ? s->layer[0].in_row : s->in;
    return s->copied ? row_of(s, s->panel, row, *stride)
                     : s->x + (s->first + row) * s->in * s->size;
}

static void linear(const step *s, int l, int64_t row, int64_t rows)
{
    const layer *at = &s->layer[l];
    bool last = l == s->layers - 1;
    nn_k_product p = {.c = last ? row_of(s, s->scores, s->first + row, s->C)
                                : row_of(s, at->z, row, at->width),
                      .c_row = last ? s->C : at->width,
                      .start = at->b,
                      .a_col = 1,
                      .b = at->Wt,
                      .b_row = at->width,
                      .M = rows,
                      .N = at->out,
                      .K = at->in};
    p.a = dense_input(s, l, row, &p.a_row);
    if (s->thin)
        nn_k()->panel->dots[s->type](&p, at->weights, at->in);
    else
        multiply(s, &p);
}

/* The first layer of rows that are prepared; its z are padded, so that scores are copied. */
static void linear_of_prepared(const step *s, int64_t row, int64_t rows)
{
    const layer *at = &s->layer[0];
    char *z = row_of(s, at->z, row, at->width);
    if (s->form == NN_ROWS_LISTS) {
        const nn_k_lists *lists = &s->rows_of_x->lists_by_row[(s->first + row) / s->tile];
        nn_k()->sparse->linear[s->type](z, lists, at->Wt, at->b, rows, s->in, at->width);
    } else {
        const uint8_t *x = s->rows_of_x->packed_by_row + nn_k_bytes_size(s->first + row, s->in);
        memset(z, 0, (size_t)(rows * at->width * s->size)); /* beyond the units, too */
        nn_k()->digits->linear[s->type](z, at->width, x, s->W_digits, at->b, rows, s->in, at->out);
    }
    if (s->layers > 1) return;
    for (int64_t r = row; r < row + rows; r++)
        memcpy(row_of(s, s->scores, s->first + r, s->C), row_of(s, at->z, r, at->width),
               (size_t)(s->C * s->size));
}

static void activate(const step *s, int l, int64_t row, int64_t rows)
{
    const layer *at = &s->layer[l];
    const nn_chain_layer *f = at->chain;
    char *a = row_of(s, at->a, row, at->width), *z = row_of(s, at->z, row, at->width);
    int64_t n = rows * at->width;
    if (f->activation == NN_CHAIN_LINEAR) return; /* a is z */
    if (f->activation == NN_K_SIGMOID_Y)
        nn_k()->arith->unary[NN_K_SIGMOID][s->type](a, 1, z, 1, n);
    else if (f->activation == NN_K_TANH_Y)
        nn_k()->arith->unary[NN_K_TANH][s->type](a, 1, z, 1, n);
    else
        nn_k()->neural->activate[f->activation][s->type](a, z, n, f->p, f->q);
}

/* delta = delta * f'(layer l), in place. */
static void activate_back(const step *s, int l, int64_t row, int64_t rows)
{
    const layer *at = &s->layer[l];
    const nn_chain_layer *f = at->chain;
    char *delta = row_of(s, at->delta, row, at->width);
    char *from = f->activation < NN_K_FROM_OUTPUT ? at->z : at->a;
    if (f->activation == NN_CHAIN_LINEAR) return;
    nn_k()->neural->activate_back[f->activation][s->type](
        delta, delta, row_of(s, from, row, at->width), rows * at->width, f->p, f->q);
}

static void forward(const step *s, int64_t row, int64_t rows)
{
    if (s->copied) copy_rows(s, row, rows);
    for (int l = 0; l < s->layers; l++) {
        if (l == 0 && s->form != NN_ROWS_PLAIN)
            linear_of_prepared(s, row, rows);
        else
            linear(s, l, row, rows);
        if (l < s->layers - 1) activate(s, l, row, rows);
    }
}

/* The deltas of layer l from a row of the chunk on, and the elements between their rows. Those of
** the last of several layers lie where the loss has put them. */
static const char *delta_of(const step *s, int l, int64_t row, int64_t *stride)
{
    bool as_scores = l > 0 && l == s->layers - 1;
    *stride = as_scores ? s->C : s->layer[l].width;
    return as_scores ? row_of(s, s->dscores, s->first + row, s->C)
                     : row_of(s, s->layer[l].delta, row, *stride);
}

static void backward(const step *s, int64_t row, int64_t rows)
{
    if (s->layers == 1) /* whose deltas are padded */
        for (int64_t r = row; r < row + rows; r++) {
            char *delta = row_of(s, s->layer[0].delta, r, s->layer[0].width);
            memcpy(delta, row_of(s, s->dscores, s->first + r, s->C), (size_t)(s->C * s->size));
            memset(delta + s->C * s->size, 0, (size_t)((s->layer[0].width - s->C) * s->size));
        }
    for (int l = s->layers - 1; l > 0; l--) {
        const layer *at = &s->layer[l], *below = at - 1;
        nn_k_product p = {.c = row_of(s, below->delta, row, below->width),
                          .c_row = below->width,
                          .a_col = 1,
                          .b = at->W ? at->W : at->weights,
                          .b_row = at->in_row,
                          .M = rows,
                          .N = below->width,
                          .K = at->out};
        p.a = delta_of(s, l, row, &p.a_row);
        multiply(s, &p);
        activate_back(s, l - 1, row, rows);
    }
}

static void run_tile(void *context, int64_t i)
{
    const step *s = context;
    int64_t row = i * s->tile, rows = s->rows - row < s->tile ? s->rows - row : s->tile;
    int64_t first = s->first + row, tile = first / s->tile;
    forward(s, row, rows);
    s->loss_sum[tile] = nn_chain_loss_rows(s->loss, s->dscores, s->scores, first, rows);
    if (s->correct) s->correct[tile] = nn_chain_loss_correct(s->loss, s->scores, first, rows);
    if (s->backward) backward(s, row, rows);
}

/* ---- A slice: a range of columns of one layer's weight gradient, over the chunk ---- */

/* Lists give the gradient transposed: a few features at a time, in memory that stays in L2. */
#define TRANSPOSED_BYTES ((int64_t)64 << 10)

/* dWt (n,width) from what the chunks before have left in dW, plus this chunk's part. */
static void few_features(const step *s, char *dWt, int64_t first, int64_t n)
{
    const layer *at = &s->layer[0];
    char *dW = at->dW + first * s->size;
    memset(dWt, 0, (size_t)(n * at->width * s->size));
    if (s->first > 0) nn_transpose(dWt, at->width, dW, at->in, at->out, n, (size_t)s->size);
    for (int64_t row = 0; row < s->rows; row += s->tile)
        nn_k()->sparse->gradient[s->type](
            dWt, &s->rows_of_x->lists_by_feature[(s->first + row) / s->tile],
            row_of(s, at->delta, row, at->width), first, n, at->width);
    nn_transpose(dW, at->in, dWt, at->width, n, at->out, (size_t)s->size);
}

static void gradient_of_lists(const step *s, int64_t first, int64_t n)
{
    _Alignas(NN_K_LINE) char dWt[TRANSPOSED_BYTES];
    int64_t most = TRANSPOSED_BYTES / (s->layer[0].width * s->size);
    if (most > SLICE) most = most / SLICE * SLICE;
    for (int64_t k = 0; k < n; k += most)
        few_features(s, dWt, first + k, n - k < most ? n - k : most);
}

/* Rows that are summed at a time: of them a register block's columns stay in L2. */
#define SUMMED_ROWS 256

/* Columns first..first+n-1 of dW of layer l, plus what the rows from `row` on add; b is missing. */
static nn_k_product gradient_product(const step *s, int l, int64_t first, int64_t n, int64_t row)
{
    const layer *at = &s->layer[l];
    nn_k_product p = {.c = at->dW + first * s->size,
                      .c_row = at->in,
                      .start = s->first + row > 0 ? at->dW + first * s->size : NULL,
                      .start_row = at->in,
                      .a_row = 1,
                      .M = at->out,
                      .N = n,
                      .K = s->rows - row < SUMMED_ROWS ? s->rows - row : SUMMED_ROWS};
    p.a = delta_of(s, l, row, &p.a_col);
    return p;
}

/* Deltas that differ too much in size for digits are multiplied with the numbers that the bytes
** stand for, a few columns at a time. */
static void gradient_of_bytes(const step *s, int64_t first, int64_t n)
{
    _Alignas(NN_K_LINE) char x[TRANSPOSED_BYTES];
    int64_t most = TRANSPOSED_BYTES / (SUMMED_ROWS * s->size);
    for (int64_t k = first; k < first + n; k += most)
        for (int64_t row = 0; row < s->rows; row += SUMMED_ROWS) {
            int64_t columns = first + n - k < most ? first + n - k : most;
            nn_k_product p = gradient_product(s, 0, k, columns, row);
            p.b = x;
            p.b_row = most;
            for (int64_t r = 0; r < p.K; r++)
                nn_rescaling_apply(row_of(s, x, r, most),
                                   (const uint8_t *)s->x + (s->first + row + r) * s->in + k,
                                   s->table, s->type, columns);
            multiply(s, &p);
        }
}

static void gradient_of_packed(const step *s, int64_t first, int64_t n)
{
    const layer *at = &s->layer[0];
    char *dW = at->dW + first * s->size;
    if (!s->deltas_suit) {
        gradient_of_bytes(s, first, n);
        return;
    }
    for (int64_t u = 0; u < at->out && s->first == 0; u++)
        memset(row_of(s, dW, u, at->in), 0, (size_t)(n * s->size));
    nn_k()->digits->gradient[s->type](
        dW, at->in, s->delta_digits, s->rows_of_x->packed_by_feature + nn_k_bytes_size(first, s->N),
        s->first, s->rows, s->N, n, at->out);
}

static void gradient(const step *s, int l, int64_t first, int64_t n)
{
    for (int64_t row = 0; row < s->rows; row += SUMMED_ROWS) {
        nn_k_product p = gradient_product(s, l, first, n, row);
        p.b = dense_input(s, l, row, &p.b_row) + first * s->size;
        multiply(s, &p);
    }
}

static void bias_gradient(const step *s, int l)
{
    const layer *at = &s->layer[l];
    int64_t stride;
    const char *delta = delta_of(s, l, 0, &stride);
    for (int64_t r = 0; r < s->rows; r++, delta += stride * s->size)
        for (int64_t u = 0; u < at->out; u++)
            at->db[u] += s->type == NN_K_F32 ? (double)((const float *)(const void *)delta)[u]
                                             : ((const double *)(const void *)delta)[u];
}

static void run_slice(void *context, int64_t i)
{
    const step *s = context;
    int l = 0;
    while (i > s->slices[l]) i -= s->slices[l++] + 1; /* the slices of a layer, then its bias */
    if (i == s->slices[l]) {
        bias_gradient(s, l);
        return;
    }
    int64_t units = (s->layer[l].in + SLICE - 1) / SLICE;
    int64_t first = units * i / s->slices[l] * SLICE, end = units * (i + 1) / s->slices[l] * SLICE;
    if (end > s->layer[l].in) end = s->layer[l].in;
    if (l == 0 && s->form == NN_ROWS_LISTS)
        gradient_of_lists(s, first, end - first);
    else if (l == 0 && s->form == NN_ROWS_PACKED)
        gradient_of_packed(s, first, end - first);
    else
        gradient(s, l, first, end - first);
}

/* Multiply-adds of a slice: about 20 ms, after which the step can be given up. */
#define SLICE_WORK ((int64_t)1 << 28)

/* Slices of about equal work, eight for each thread or more; returns their number, biases included.
** The results do not depend on them. */
static int64_t cut_slices(step *s)
{
    int64_t work = 0, count = 0, threads = nn_k_threads();
    for (int l = 0; l < s->layers; l++) work += s->layer[l].in * s->layer[l].out;
    for (int l = 0; l < s->layers; l++) {
        int64_t most = (s->layer[l].in + SLICE - 1) / SLICE;
        int64_t slices =
            threads > 1 ? 1 + 8 * threads * s->layer[l].in * s->layer[l].out / (work + 1) : 1;
        int64_t least = s->layer[l].in * s->layer[l].out * s->chunk / SLICE_WORK + 1;
        if (slices < least) slices = least;
        s->slices[l] = (int)(slices < most ? slices : most);
        count += s->slices[l] + 1;
    }
    return count;
}

/* ---- The whole ---- */

/* The first layer's deltas in digits, if these are exact enough for them. */
static void cut_deltas(step *s)
{
    const layer *at = &s->layer[0];
    s->deltas_suit = nn_k()->digits->even[s->type](at->delta, at->out, s->rows, 1, at->width);
    if (s->deltas_suit)
        nn_k()->digits->pack[s->type](s->delta_digits, at->delta, at->out, s->rows, 1, at->width,
                                      s->rescaling.scale);
}

/* Everything after the operands are checked and the results are there. */
static nn_status run(step *s, nn_error *err)
{
    int64_t slices = s->backward ? cut_slices(s) : 0;
    for (s->first = 0; s->first < s->N; s->first += s->chunk) {
        s->rows = s->N - s->first < s->chunk ? s->N - s->first : s->chunk;
        NN_TRY(nn_blocks_run((s->rows + s->tile - 1) / s->tile, run_tile, s, err));
        if (s->backward && s->form == NN_ROWS_PACKED) cut_deltas(s);
        NN_TRY(nn_blocks_run(slices, run_slice, s, err));
    }
    return NN_OK;
}

/* Checks x against the layers and the layers against one another. */
static nn_status check_chain(const nn_chain *chain, const nn_tensor *x, nn_error *err)
{
    nn_operand operand = {x, 3, "x"};
    int64_t features;
    if (chain->rescales && x->dtype != NN_UINT8)
        return nn_fail(err, NN_EDTYPE, 3, "x is %s, expected uint8", nn_dtype_name(x->dtype));
    if (!chain->rescales) NN_TRY(nn_check_float(operand, err));
    if (x->ndim != 2)
        return nn_fail(err, NN_ESHAPE, 3, "x is %s, expected [N,features]",
                       nn_tensor_shape_name(x).text);
    features = x->shape[1];
    for (int l = 0; l < chain->layers; l++) {
        const nn_tensor *W = &chain->layer[l].W;
        nn_operand first = {&chain->layer[0].W, 1, "the model"};
        if (W->shape[1] != features)
            return nn_fail(err, NN_ESHAPE, 3,
                           "linear layer %d takes %" PRId64 " features and is given %" PRId64,
                           l + 1, W->shape[1], features);
        NN_TRY(nn_check_float((nn_operand){W, 1, "the model"}, err));
        NN_TRY(nn_check_dtype((nn_operand){W, 1, "the model"}, first, err));
        features = W->shape[0];
    }
    if (chain->rescales) return NN_OK;
    return nn_check_dtype(operand, (nn_operand){&chain->layer[0].W, 1, "the model"}, err);
}

static step begin(const nn_chain *chain, const nn_tensor *x, bool backward)
{
    step s = {.type = (nn_k_type)chain->layer[0].W.dtype,
              .size = (int64_t)nn_dtype_size(chain->layer[0].W.dtype),
              .layers = chain->layers,
              .backward = backward,
              .N = x->shape[0],
              .in = x->shape[1],
              .C = chain->layer[chain->layers - 1].W.shape[0],
              .bytes = chain->rescales,
              .rescaling = chain->rescaling};
    for (int l = 0; l < s.layers; l++) {
        layer *at = &s.layer[l];
        at->chain = &chain->layer[l];
        at->out = at->chain->W.shape[0];
        at->in = at->chain->W.shape[1];
        at->width = nn_k_panel_row(s.type, at->out);
        at->in_row = nn_k_panel_row(s.type, at->in);
        at->weights = nn_tensor_data(&at->chain->W);
    }
    s.thin = s.N <= THIN;
    s.tile = (s.N / TILES + SMALL_TILE - 1) / SMALL_TILE * SMALL_TILE;
    if (s.tile < SMALL_TILE) s.tile = SMALL_TILE;
    if (s.tile > TILE) s.tile = TILE;
    if (s.bytes) nn_rescaling_table(s.table, s.type, chain->rescaling);
    return s;
}

/* Divides the batch, takes the memory and packs the weights. Weights that do not suit the form of
** the rows are multiplied with x as it is. */
static nn_status prepare_input(step *s, void **memory, nn_error *err)
{
    for (;;) {
        bool suits;
        arena sizes = {0}, parts;
        s->copied = s->form == NN_ROWS_PLAIN &&
                    (s->bytes || (s->backward && s->in != nn_k_padded(s->type, s->in)));
        divide(s);
        lay_out(s, &sizes);
        parts = (arena){nn_alloc((size_t)sizes.used, err), 0};
        if (!parts.base) return NN_EMEM;
        *memory = parts.base;
        lay_out(s, &parts);
        NN_TRY(prepare(s, &suits, err));
        if (suits || s->form == NN_ROWS_PLAIN) return NN_OK;
        nn_free(*memory);
        *memory = NULL;
        s->form = NN_ROWS_PLAIN;
    }
}

static void fill_result(nn_chain_result *result, const step *s)
{
    int64_t tiles = (s->N + s->tile - 1) / s->tile;
    double sum = 0;
    result->correct = s->correct ? 0 : -1;
    for (int64_t t = 0; t < tiles; t++) {
        sum += s->loss_sum[t];
        if (s->correct) result->correct += s->correct[t];
    }
    result->loss = sum * s->loss->scale;
}

/* The gradients' tensors, empty batches' being 0. */
static nn_status new_gradients(step *s, nn_chain *chain, nn_error *err)
{
    for (int l = 0; l < s->layers; l++) {
        nn_chain_layer *at = &chain->layer[l];
        NN_TRY(nn_tensor_like(&at->dW, &at->W, at->W.dtype, err));
        if (at->b.storage) NN_TRY(nn_tensor_like(&at->db, &at->b, at->b.dtype, err));
        s->layer[l].dW = nn_tensor_data(&at->dW);
        if (s->N == 0) memset(s->layer[l].dW, 0, at->dW.storage->size);
    }
    return NN_OK;
}

static void fill_bias_gradients(const step *s, nn_chain *chain)
{
    for (int l = 0; l < s->layers; l++)
        if (chain->layer[l].db.storage)
            for (int64_t u = 0; u < s->layer[l].out; u++)
                nn_tensor_set(&chain->layer[l].db, u, s->layer[l].db[u]);
}

static void release_gradients(nn_chain *chain)
{
    for (int l = 0; l < chain->layers; l++) {
        nn_tensor_release(&chain->layer[l].dW);
        nn_tensor_release(&chain->layer[l].db);
    }
}

/* gradients: the chain whose dW and db are filled; NULL: forward only. */
static nn_status run_chain(nn_chain_result *result, const nn_chain *chain, nn_chain *gradients,
                           const nn_tensor *x, const nn_tensor *y,
                           const nn_chain_criterion *criterion, nn_error *err)
{
    nn_tensor plain = NN_TENSOR_EMPTY;
    nn_chain_loss loss = {0};
    bool owned = false;
    void *memory = NULL;
    NN_TRY(check_chain(chain, x, err));
    step s = begin(chain, x, gradients != NULL);
    NN_TRY(nn_tensor_new(&result->scores, chain->layer[0].W.dtype, 2, (int64_t[]){s.N, s.C}, err));
    nn_status status = nn_chain_loss_begin(&loss, criterion, &result->scores, y, err);
    if (status == NN_OK) status = nn_tensor_contiguous(&plain, x, x->dtype, err);
    if (status == NN_OK && !s.thin && s.layer[0].width * s.size <= TRANSPOSED_BYTES)
        status = nn_prepared_rows_take(&s.rows_of_x, &s.form, &owned, &plain, s.type,
                                       s.bytes ? &s.rescaling : NULL, s.tile, s.backward, err);
    if (status == NN_OK) {
        s.x = nn_tensor_data(&plain);
        s.loss = &loss;
        status = prepare_input(&s, &memory, err);
    }
    if (status == NN_OK && gradients) status = new_gradients(&s, gradients, err);
    if (status == NN_OK) {
        s.scores = nn_tensor_data(&result->scores);
        status = run(&s, err);
    }
    if (status == NN_OK) {
        fill_result(result, &s);
        if (gradients) fill_bias_gradients(&s, gradients);
    }
    nn_free(memory);
    if (owned) nn_prepared_rows_release(s.rows_of_x);
    nn_tensor_release(&plain);
    nn_chain_loss_end(&loss);
    if (status != NN_OK) {
        nn_tensor_release(&result->scores);
        if (gradients) release_gradients(gradients);
    }
    return status;
}

nn_status nn_chain_evaluate(nn_chain_result *result, const nn_chain *chain, const nn_tensor *x,
                            const nn_tensor *y, const nn_chain_criterion *criterion, nn_error *err)
{
    return run_chain(result, chain, NULL, x, y, criterion, err);
}

nn_status nn_chain_backprop(nn_chain_result *result, nn_chain *chain, const nn_tensor *x,
                            const nn_tensor *y, const nn_chain_criterion *criterion, nn_error *err)
{
    return run_chain(result, chain, chain, x, y, criterion, err);
}
