/*
** patch_product.c - tiles of positions, slices of channels
**
**                 positions
**              tile 0   tile 1             a tile: whole rows of positions, or a
**            +--------+--------+ ...       part of one row; a slice: channels, all
**   slice 0  | in L2  |        |           taps of each; both are of equal size as
**            +--------+--------+           nearly as possible
**   slice 1  |        |        |
**            +--------+--------+
**
** What is shared out to the threads: tiles of each image (positions), cuts of
** the channels of each image (images), cuts of the channels of some images
** (weights); a cut is one slice or more.
*/
#include "nn/patch_product.h"

#include <string.h>

#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "nn/blocks.h"
#include "nn/panel.h"
#include "nn/scratch.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"
#include "tensor/shape.h"
#include "tensor/transpose.h"

/* Positions of a tile: so many that all channels make one slice, within these bounds. Few images
** are cut finer, for the threads. */
#define SMALLEST_TILE 128
#define LARGEST_TILE 1024
#define PATCH_BYTES ((int64_t)64 << 10) /* of a slice's tile: it stays in L2 with all else */

#define ENOUGH 16                        /* blocks that keep the threads busy to the end */
#define PARTIAL_BYTES ((int64_t)4 << 20) /* of sums of weights that wait to be added */

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A range cut into `parts`: part i is the items i*n/parts .. (i+1)*n/parts-1. */
typedef struct cut {
    int64_t n, parts;
} cut;

static int64_t start_of(cut c, int64_t i)
{
    return c.n / c.parts * i + c.n % c.parts * i / c.parts;
}

/* Parts of at most `most` items, or of one. */
static cut cut_by(int64_t n, int64_t most)
{
    return (cut){n, most < 1 ? n : (n + most - 1) / most};
}

static int64_t largest_part(cut c)
{
    return (c.n + c.parts - 1) / c.parts;
}

typedef struct plan {
    nn_patch_problem p;
    int64_t size;      /* bytes of an element */
    int64_t taps, K;   /* of the kernel; C*taps */
    int64_t positions; /* of an image */
    int64_t pixels;    /* of a plane */
    cut rows, cols;    /* of the positions; one of the two has one part, or parts of one row */
    int64_t slice;     /* channels of a slice at most */
    int64_t patch_row; /* elements from one row of patches to the next */
    int64_t patches;   /* bytes of a slice's tile */
    int64_t panel;     /* bytes of a tile of Y as a panel, behind the patches */
    nn_scratch scratch;

    char *Y, *X, *dW; /* some of them only read */
    const char *W, *bias;
    cut images, channels; /* what a block of the threads is a part of */
    char *partial;        /* (images.parts, groups, K, O) sums of weights */
} plan;

static int64_t tile_count(const plan *s)
{
    return s->rows.parts * s->cols.parts;
}

/* The window over a tile's positions; *first is where they begin. */
static nn_k_window tile_at(const plan *s, int64_t tile, int64_t *first)
{
    nn_k_window w = s->p.window;
    int64_t i = tile / s->cols.parts, j = tile % s->cols.parts;
    int64_t row = start_of(s->rows, i), col = start_of(s->cols, j);
    *first = row * w.out[1] + col;
    nn_k_window_part(&w, 0, row, start_of(s->rows, i + 1) - row);
    nn_k_window_part(&w, 1, col, start_of(s->cols, j + 1) - col);
    return w;
}

static nn_status plan_tiles(plan *s, const nn_patch_problem *p, nn_error *err)
{
    const nn_k_window *w = &p->window;
    s->p = *p;
    s->size = p->type == NN_K_F32 ? 4 : 8;
    s->taps = w->kernel[0] * w->kernel[1];
    s->K = p->C * s->taps;
    s->positions = w->out[0] * w->out[1];
    s->pixels = w->image[0] * w->image[1];
    int64_t tile = p->N * p->groups < ENOUGH ? 0 : PATCH_BYTES / s->size / s->K;
    tile = tile < SMALLEST_TILE ? SMALLEST_TILE : at_most(tile, LARGEST_TILE);
    s->cols = cut_by(w->out[1], tile);
    s->rows = cut_by(w->out[0], s->cols.parts > 1 ? 1 : tile / w->out[1]);
    s->patch_row = nn_k_panel_row(p->type, largest_part(s->rows) * largest_part(s->cols));
    s->slice = at_most(PATCH_BYTES / s->size / s->patch_row / s->taps, p->C);
    if (s->slice < 1) s->slice = 1;
    return nn_shape_numel(4, (int64_t[]){s->slice, s->taps, s->patch_row, s->size}, &s->patches,
                          err);
}

/* Room for a panel of so many rows and columns behind the patches. */
static nn_status add_panel(plan *s, int64_t rows, int64_t columns, nn_error *err)
{
    return nn_shape_numel(3, (int64_t[]){rows, nn_k_panel_row(s->p.type, columns), s->size},
                          &s->panel, err);
}

static nn_status run(plan *s, int64_t blocks, void (*work)(void *context, int64_t block),
                     nn_error *err)
{
    if (blocks == 0) return NN_OK;
    NN_TRY(nn_scratch_new(&s->scratch, s->patches + s->panel, blocks, err));
    nn_status status = nn_blocks_run(blocks, work, s, err);
    nn_scratch_free(&s->scratch);
    return status;
}

/* What element i of an array of the problem's type is. */
static char *element(const plan *s, const void *array, int64_t i)
{
    return (char *)array + i * s->size;
}

static const char *image_of(const plan *s, int64_t image, int64_t group, int64_t channel)
{
    return element(s, s->X, ((image * s->p.groups + group) * s->p.C + channel) * s->pixels);
}

static const char *positions_of(const plan *s, int64_t image, int64_t group, int64_t first)
{
    return element(s, s->Y, (image * s->p.groups + group) * s->p.O * s->positions + first);
}

/* W (O,K) of a group from a channel on. */
static const char *weights_of(const plan *s, int64_t group, int64_t channel)
{
    return element(s, s->W, group * s->p.O * s->K + channel * s->taps);
}

/* ---- Y = b + W P ---- */

static void positions_block(void *context, int64_t block)
{
    plan *s = context;
    const nn_patch_problem *p = &s->p;
    int64_t first, plane = block / tile_count(s), image = plane / p->groups,
                   group = plane % p->groups;
    nn_k_window w = tile_at(s, block % tile_count(s), &first);
    cut slices = cut_by(p->C, s->slice);
    char *patches = nn_scratch_take(&s->scratch);
    nn_k_product product = {.c = (char *)positions_of(s, image, group, first),
                            .c_row = s->positions,
                            .a_row = s->K,
                            .a_col = 1,
                            .b = patches,
                            .b_row = s->patch_row,
                            .M = p->O,
                            .N = w.out[0] * w.out[1]};
    if (s->bias) {
        nn_k()->sliding->spread[p->type](product.c, product.c_row,
                                         element(s, s->bias, group * p->O), p->O, product.N);
        product.start = product.c;
    }
    product.start_row = product.c_row;
    for (int64_t i = 0; i < slices.parts; i++) {
        int64_t channel = start_of(slices, i), channels = start_of(slices, i + 1) - channel;
        nn_k()->sliding->unfold[p->type](patches, s->patch_row, image_of(s, image, group, channel),
                                         channels, &w);
        product.a = weights_of(s, group, channel);
        product.K = channels * s->taps;
        nn_k()->panel->product[p->type](&product);
        product.start = product.c; /* what follows is added */
    }
    nn_scratch_give(&s->scratch, patches);
}

nn_status nn_patch_positions(void *Y, const nn_patch_problem *p, const void *X, const void *W,
                             const void *bias, nn_error *err)
{
    plan s = {.Y = Y, .X = (char *)X, .W = W, .bias = bias};
    NN_TRY(plan_tiles(&s, p, err));
    return run(&s, p->N * p->groups * tile_count(&s), positions_block, err);
}

/* ---- X = b + fold(W^T Y) ---- */

/* A tile of Y (O,n) as a panel: as it lies, where its rows fill their last line. */
static const char *tile_panel(const plan *s, char *room, const char *Y, int64_t n, int64_t *row)
{
    *row = s->positions;
    if (nn_k_padded(s->p.type, n) == n) return Y;
    *row = nn_k_panel_row(s->p.type, n);
    nn_panel_pack(room, s->p.type, Y, s->positions, 1, s->p.O, n);
    return room;
}

static void images_block(void *context, int64_t block)
{
    plan *s = context;
    const nn_patch_problem *p = &s->p;
    int64_t part = block % s->channels.parts, plane = block / s->channels.parts,
            image = plane / p->groups, group = plane % p->groups;
    int64_t from = start_of(s->channels, part), end = start_of(s->channels, part + 1);
    cut slices = cut_by(end - from, s->slice);
    char *patches = nn_scratch_take(&s->scratch);
    nn_k()->sliding->spread[p->type]((char *)image_of(s, image, group, from), s->pixels,
                                     s->bias ? element(s, s->bias, group * p->C + from) : NULL,
                                     end - from, s->pixels);
    for (int64_t tile = 0; tile < tile_count(s) && !nn_cancelled(); tile++) {
        int64_t first;
        nn_k_window w = tile_at(s, tile, &first);
        nn_k_product product = {.c = patches,
                                .c_row = s->patch_row,
                                .a_row = 1,
                                .a_col = s->K,
                                .N = w.out[0] * w.out[1],
                                .K = p->O};
        product.b = tile_panel(s, patches + s->patches, positions_of(s, image, group, first),
                               product.N, &product.b_row);
        for (int64_t i = 0; i < slices.parts; i++) {
            int64_t channel = from + start_of(slices, i);
            int64_t channels = start_of(slices, i + 1) - start_of(slices, i);
            product.a = weights_of(s, group, channel);
            product.M = channels * s->taps;
            nn_k()->panel->product[p->type](&product);
            nn_k()->sliding->fold[p->type]((char *)image_of(s, image, group, channel), patches,
                                           s->patch_row, channels, &w);
        }
    }
    nn_scratch_give(&s->scratch, patches);
}

/* Channels are cut only where there are few images and groups. */
static cut cut_channels(const nn_patch_problem *p, int64_t blocks)
{
    return (cut){p->C, blocks >= ENOUGH ? 1 : at_most(ENOUGH / blocks, p->C)};
}

nn_status nn_patch_images(void *X, const nn_patch_problem *p, const void *Y, const void *W,
                          const void *bias, nn_error *err)
{
    plan s = {.Y = (char *)Y, .X = X, .W = W, .bias = bias};
    if (p->N == 0) return NN_OK;
    NN_TRY(plan_tiles(&s, p, err));
    NN_TRY(add_panel(&s, p->O, largest_part(s.rows) * largest_part(s.cols), err));
    s.channels = cut_channels(p, p->N * p->groups);
    return run(&s, p->N * p->groups * s.channels.parts, images_block, err);
}

/* ---- dW = Y P^T ---- */

/* The sums of a block of images for a group, (K,O): dW's transpose. */
static char *partial_of(const plan *s, int64_t images, int64_t group)
{
    return element(s, s->partial, (images * s->p.groups + group) * s->K * s->p.O);
}

/* Adds a tile of an image to the sums `c` of the channels from..end-1. */
static void add_weights(const plan *s, char *c, char *patches, int64_t image, int64_t group,
                        int64_t tile, int64_t from, int64_t end, bool first_of_block)
{
    const nn_patch_problem *p = &s->p;
    int64_t first;
    nn_k_window w = tile_at(s, tile, &first);
    cut slices = cut_by(end - from, s->slice);
    nn_k_product product = {.c_row = p->O,
                            .start_row = p->O,
                            .a = patches,
                            .a_row = s->patch_row,
                            .a_col = 1,
                            .b = patches + s->patches,
                            .b_row = nn_k_panel_row(p->type, p->O),
                            .N = p->O,
                            .K = w.out[0] * w.out[1]};
    nn_transpose(patches + s->patches, product.b_row, positions_of(s, image, group, first),
                 s->positions, p->O, product.K, (size_t)s->size);
    for (int64_t i = 0; i < slices.parts; i++) {
        int64_t channel = from + start_of(slices, i);
        int64_t channels = start_of(slices, i + 1) - start_of(slices, i);
        nn_k()->sliding->unfold[p->type](patches, s->patch_row, image_of(s, image, group, channel),
                                         channels, &w);
        product.c = c + channel * s->taps * s->p.O * s->size;
        product.start = first_of_block ? NULL : product.c;
        product.M = channels * s->taps;
        nn_k()->panel->product[p->type](&product);
    }
}

static void weights_block(void *context, int64_t block)
{
    plan *s = context;
    int64_t part = block % s->channels.parts, rest = block / s->channels.parts;
    int64_t group = rest % s->p.groups, images = rest / s->p.groups;
    int64_t from = start_of(s->images, images), end = start_of(s->images, images + 1);
    char *patches = nn_scratch_take(&s->scratch);
    for (int64_t image = from; image < end; image++)
        for (int64_t tile = 0; tile < tile_count(s) && !nn_cancelled(); tile++)
            add_weights(s, partial_of(s, images, group), patches, image, group, tile,
                        start_of(s->channels, part), start_of(s->channels, part + 1),
                        image == from && tile == 0);
    nn_scratch_give(&s->scratch, patches);
}

/* Adds the blocks of a group in order and turns the sum. */
static void finish_group(void *context, int64_t group)
{
    plan *s = context;
    char *sum = partial_of(s, 0, group);
    int64_t n = s->K * s->p.O;
    for (int64_t i = 1; i < s->images.parts; i++)
        nn_k()->arith->binary[NN_K_ADD][s->p.type](sum, 1, sum, 1, partial_of(s, i, group), 1, n);
    nn_transpose(element(s, s->dW, group * s->p.O * s->K), s->K, sum, s->p.O, s->K, s->p.O,
                 (size_t)s->size);
}

nn_status nn_patch_weights(void *dW, const nn_patch_problem *p, const void *Y, const void *X,
                           nn_error *err)
{
    plan s = {.Y = (char *)Y, .X = (char *)X, .dW = dW};
    int64_t bytes;
    NN_TRY(plan_tiles(&s, p, err));
    NN_TRY(add_panel(&s, largest_part(s.rows) * largest_part(s.cols), p->O, err));
    if (p->N == 0) {
        memset(dW, 0, (size_t)(p->groups * p->O * s.K * s.size));
        return NN_OK;
    }
    NN_TRY(nn_shape_numel(4, (int64_t[]){p->groups, s.K, p->O, s.size}, &bytes, err));
    s.images.n = p->N;
    s.images.parts = at_most(at_most(p->N, ENOUGH), PARTIAL_BYTES / bytes + 1);
    s.channels = cut_channels(p, s.images.parts * p->groups);
    s.partial = nn_alloc((size_t)(bytes * s.images.parts), err);
    if (!s.partial) return err->code;
    nn_status status = run(&s, s.images.parts * p->groups * s.channels.parts, weights_block, err);
    if (status == NN_OK) status = nn_blocks_run(p->groups, finish_group, &s, err);
    nn_free(s.partial);
    return status;
}
