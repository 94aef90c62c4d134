/*
** prepared_rows.c - counting, choosing, making, keeping
*/
#include "nn/prepared_rows.h"

#include <math.h>

#include "kernel/dispatch.h"
#include "nn/blocks.h"
#include "tensor/alloc.h"

/* One pass over the tiles of x. */
typedef struct pass {
    nn_prepared_rows *rows;
    const char *x;
    int64_t size;     /* bytes of an element of x */
    int64_t *counted; /* elements of each tile that are not 0 */
} pass;

static int64_t rows_of(const nn_prepared_rows *s, int64_t tile)
{
    int64_t left = s->key.rows - tile * s->key.tile;
    return left < s->key.tile ? left : s->key.tile;
}

static const char *tile_of(const pass *p, int64_t tile)
{
    return p->x + tile * p->rows->key.tile * p->rows->key.in * p->size;
}

static void count_tile(void *context, int64_t tile)
{
    const pass *p = context;
    p->counted[tile] = nn_k()->sparse->count[p->rows->key.dtype](
        tile_of(p, tile), rows_of(p->rows, tile) * p->rows->key.in);
}

static void list_by_row(void *context, int64_t tile)
{
    const pass *p = context;
    const nn_prepared_rows *s = p->rows;
    nn_k()->sparse->by_row[s->key.type](&s->lists_by_row[tile], tile_of(p, tile), rows_of(s, tile),
                                        s->key.in);
}

static void list_by_feature(void *context, int64_t tile)
{
    const nn_prepared_rows *s = context;
    nn_k()->sparse->by_feature[s->key.type](&s->lists_by_feature[tile], &s->lists_by_row[tile],
                                            rows_of(s, tile), s->key.in);
}

/* Features in a block of packing: whole blocks of lanes. */
#define PACKED_FEATURES 64

static void pack_by_row(void *context, int64_t tile)
{
    const pass *p = context;
    const nn_prepared_rows *s = p->rows;
    int64_t in = s->key.in;
    nn_k()->digits->pack_bytes(s->packed_by_row + nn_k_bytes_size(tile * s->key.tile, in),
                               (const uint8_t *)tile_of(p, tile), rows_of(s, tile), in, in, 1);
}

static void pack_by_feature(void *context, int64_t block)
{
    const pass *p = context;
    const nn_prepared_rows *s = p->rows;
    int64_t k = block * PACKED_FEATURES, in = s->key.in;
    nn_k()->digits->pack_bytes(
        s->packed_by_feature + nn_k_bytes_size(k, s->key.rows), (const uint8_t *)p->x + k,
        in - k < PACKED_FEATURES ? in - k : PACKED_FEATURES, s->key.rows, 1, in);
}

static int64_t whole_lines(int64_t bytes)
{
    return (bytes + NN_ALIGNMENT - 1) / NN_ALIGNMENT * NN_ALIGNMENT;
}

/* Takes one block of memory for a listing of all tiles: the nn_k_lists, then of each tile its
** values, starts and indices. Lists have room for one element more, as the kernels want.
** counted: the elements of each tile; NULL: as the lists by row have them. */
static nn_k_lists *lists_new(const nn_prepared_rows *s, bool by_feature, const int64_t *counted,
                             nn_error *err)
{
    bool bytes = s->key.dtype == NN_UINT8;
    int64_t size = bytes ? 1 : s->key.type == NN_K_F32 ? 4 : 8;
    int64_t total = whole_lines(s->tiles * (int64_t)sizeof(nn_k_lists)), at = total;
    for (int round = 0; round < 2; round++) {
        nn_k_lists *lists = NULL;
        if (round == 1 && !(lists = nn_alloc((size_t)total, err))) return NULL;
        for (int64_t t = 0; t < s->tiles; t++) {
            int64_t n = counted ? counted[t]
                                : s->lists_by_row[t].start[nn_k_ranges(s->key.in) * rows_of(s, t)];
            int64_t starts = by_feature ? s->key.in : nn_k_ranges(s->key.in) * rows_of(s, t);
            int64_t values = whole_lines((n + 1) * size);
            int64_t heads = whole_lines((starts + 1) * (int64_t)sizeof(uint32_t));
            if (round == 1) {
                lists[t].table = bytes ? s->table : NULL;
                lists[t].value = (char *)lists + at;
                lists[t].start = (uint32_t *)(void *)((char *)lists + at + values);
                lists[t].index = (uint8_t *)lists + at + values + heads;
            }
            at += values + heads + whole_lines(n + 1);
        }
        if (round == 1) return lists;
        total = at;
        at = whole_lines(s->tiles * (int64_t)sizeof(nn_k_lists));
    }
    return NULL;
}

static void release_kept(nn_kept *kept)
{
    nn_prepared_rows_release((nn_prepared_rows *)(void *)kept);
}

static nn_prepared_rows *rows_new(const nn_prepared_key *key, nn_error *err)
{
    nn_prepared_rows *s = nn_alloc(sizeof *s, err);
    if (!s) return NULL;
    *s = (nn_prepared_rows){.kept = {release_kept}, .key = *key};
    s->tiles = (key->rows + key->tile - 1) / key->tile;
    return s;
}

void nn_prepared_rows_release(nn_prepared_rows *s)
{
    if (!s) return;
    nn_free(s->lists_by_row);
    nn_free(s->lists_by_feature);
    nn_free(s->packed_by_row);
    nn_free(s->packed_by_feature);
    nn_free(s);
}

static bool same_key(const nn_prepared_key *a, const nn_prepared_key *b)
{
    return a->version == b->version && a->offset == b->offset && a->rows == b->rows &&
           a->in == b->in && a->tile == b->tile && a->dtype == b->dtype && a->type == b->type &&
           a->rescaling.scale == b->rescaling.scale && a->rescaling.offset == b->rescaling.offset;
}

/* Counts the elements of each tile and of all. */
static nn_status count(nn_prepared_rows *s, pass *p, nn_error *err)
{
    p->counted = nn_alloc((size_t)s->tiles * sizeof *p->counted, err);
    if (!p->counted) return err->code;
    NN_TRY(nn_blocks_run(s->tiles, count_tile, p, err));
    s->elements = 0;
    for (int64_t t = 0; t < s->tiles; t++) s->elements += p->counted[t];
    return NN_OK;
}

/* Whether digits of weights times bytes are as exact as the type: the bytes must stand for
** multiples of one number, to rounding. Pixels/255 in float32 do so in float32, not in float64. */
static bool bytes_are_linear(const nn_prepared_key *key)
{
    double table[256], scale = key->rescaling.scale,
                       eps = key->type == NN_K_F32 ? 0x1p-23 : 0x1p-52;
    if (key->dtype != NN_UINT8 || key->rescaling.offset != 0 || fabs(scale) > 1) return false;
    nn_rescaling_table(table, NN_K_F64, key->rescaling);
    for (int byte = 0; byte < 256; byte++)
        if (fabs(table[byte] - scale * byte) > eps * fabs(scale * byte)) return false;
    return true;
}

static nn_rows_form choose(const nn_prepared_rows *s)
{
    double share = (double)s->elements / ((double)s->key.rows * (double)s->key.in + 1);
    double packed_from = nn_k()->digits->share[s->key.type];
    bool has_zero = s->key.rescaling.offset == 0; /* else no byte stands for 0 */
    bool listable = has_zero && s->key.in < UINT32_MAX / s->key.tile; /* starts are uint32_t */
    if (packed_from < 1 && s->key.rows >= NN_PACKED_ROWS && bytes_are_linear(&s->key))
        return listable && share <= packed_from ? NN_ROWS_LISTS : NN_ROWS_PACKED;
    return listable && share <= NN_LISTS_SHARE ? NN_ROWS_LISTS : NN_ROWS_PLAIN;
}

/* Fills a new piece by `blocks` of work; one that stays unfinished is gone. */
static nn_status finish_piece(void **piece, int64_t blocks, void (*work)(void *context, int64_t i),
                              void *context, nn_error *err)
{
    nn_status status = nn_blocks_run(blocks, work, context, err);
    if (status != NN_OK) {
        nn_free(*piece);
        *piece = NULL;
    }
    return status;
}

static nn_status make_lists(nn_prepared_rows *s, pass *p, bool by_feature, nn_error *err)
{
    if (!s->lists_by_row) {
        if (!p->counted) NN_TRY(count(s, p, err));
        s->lists_by_row = lists_new(s, false, p->counted, err);
        if (!s->lists_by_row) return err->code;
        nn_rescaling_table(s->table, s->key.type, s->key.rescaling);
        NN_TRY(finish_piece((void **)&s->lists_by_row, s->tiles, list_by_row, p, err));
    }
    if (by_feature && !s->lists_by_feature) {
        s->lists_by_feature = lists_new(s, true, NULL, err);
        if (!s->lists_by_feature) return err->code;
        NN_TRY(finish_piece((void **)&s->lists_by_feature, s->tiles, list_by_feature, s, err));
    }
    return NN_OK;
}

static nn_status make_packed(nn_prepared_rows *s, pass *p, bool by_feature, nn_error *err)
{
    int64_t rows = s->key.rows, in = s->key.in;
    if (!s->packed_by_row) {
        s->packed_by_row = nn_alloc((size_t)nn_k_bytes_size(rows, in), err);
        if (!s->packed_by_row) return err->code;
        NN_TRY(finish_piece((void **)&s->packed_by_row, s->tiles, pack_by_row, p, err));
    }
    if (by_feature && !s->packed_by_feature) {
        s->packed_by_feature = nn_alloc((size_t)nn_k_bytes_size(in, rows), err);
        if (!s->packed_by_feature) return err->code;
        NN_TRY(finish_piece((void **)&s->packed_by_feature,
                            (in + PACKED_FEATURES - 1) / PACKED_FEATURES, pack_by_feature, p, err));
    }
    return NN_OK;
}

/* Makes what the form needs and is not there; what was made before a failure stays, unfinished
** pieces do not. counted: whether s->elements is known. */
static nn_status prepare(nn_prepared_rows *s, nn_rows_form *form, const nn_tensor *x, bool counted,
                         bool by_feature, nn_error *err)
{
    pass p = {.rows = s, .x = nn_tensor_data(x), .size = (int64_t)nn_dtype_size(x->dtype)};
    nn_status status = counted ? NN_OK : count(s, &p, err);
    if (status == NN_OK) {
        *form = choose(s);
        if (*form == NN_ROWS_LISTS) status = make_lists(s, &p, by_feature, err);
        if (*form == NN_ROWS_PACKED) status = make_packed(s, &p, by_feature, err);
    }
    nn_free(p.counted);
    return status;
}

/* A matrix that was not seen before: its forms, if any, are for this once; the count stays. */
static nn_status prepare_once(nn_prepared_rows **rows, nn_rows_form *form,
                              const nn_prepared_key *key, const nn_tensor *x, bool by_feature,
                              nn_error *err)
{
    nn_prepared_rows *once = rows_new(key, err), *note = once ? rows_new(key, err) : NULL;
    nn_status status = note ? prepare(once, form, x, false, by_feature, err) : err->code;
    if (status != NN_OK) {
        nn_prepared_rows_release(once);
        nn_prepared_rows_release(note);
        return status;
    }
    note->elements = once->elements;
    nn_storage_keep(x->storage, &note->kept);
    *rows = once;
    return NN_OK;
}

nn_status nn_prepared_rows_take(nn_prepared_rows **rows, nn_rows_form *form, bool *owned,
                                const nn_tensor *x, nn_k_type type, const nn_rescaling *rescaling,
                                int64_t tile, bool by_feature, nn_error *err)
{
    nn_prepared_key key = {.version = x->storage->version,
                           .offset = x->offset,
                           .rows = x->shape[0],
                           .in = x->shape[1],
                           .tile = tile,
                           .dtype = x->dtype,
                           .type = type};
    if (rescaling) key.rescaling = *rescaling;
    nn_prepared_rows *kept = (nn_prepared_rows *)(void *)x->storage->kept;
    *owned = !(kept && same_key(&kept->key, &key));
    if (*owned) {
        NN_TRY(prepare_once(rows, form, &key, x, by_feature, err));
    } else {
        NN_TRY(prepare(kept, form, x, true, by_feature, err));
        *rows = kept;
    }
    if (*form != NN_ROWS_PLAIN) return NN_OK;
    if (*owned) nn_prepared_rows_release(*rows);
    *rows = NULL;
    *owned = false;
    return NN_OK;
}
