/*
** sparse_rows.c - counting, listing, keeping
*/
#include "nn/sparse_rows.h"

#include <string.h>

#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "tensor/alloc.h"

#define LINE 64

/* One pass over the tiles of x. */
typedef struct pass {
    nn_sparse_rows *rows;
    const char *x;
    int64_t size;     /* bytes of an element of x */
    int64_t *counted; /* elements of each tile that are not 0 */
    const void *table;
} pass;

static int64_t rows_of(const nn_sparse_rows *s, int64_t tile)
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
    const nn_sparse_rows *s = p->rows;
    nn_k()->sparse->by_row[s->key.type](&s->by_row[tile], tile_of(p, tile), p->table,
                                        rows_of(s, tile), s->key.in);
}

static void list_by_feature(void *context, int64_t tile)
{
    const nn_sparse_rows *s = context;
    nn_k()->sparse->by_feature[s->key.type](&s->by_feature[tile], &s->by_row[tile],
                                            rows_of(s, tile), s->key.in);
}

static int64_t whole_lines(int64_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

/* Takes one block of memory for a listing of all tiles: the nn_k_lists, then of each tile its
** values, starts and indices. Lists have room for one element more, as the kernels want.
** elements(s, tile, counted): how many a tile has. */
static nn_k_lists *lists_new(const nn_sparse_rows *s, bool by_feature, const int64_t *counted,
                             nn_error *err)
{
    int64_t size = s->key.type == NN_K_F32 ? 4 : 8;
    int64_t total = whole_lines(s->tiles * (int64_t)sizeof(nn_k_lists)), at = total;
    for (int round = 0; round < 2; round++) {
        nn_k_lists *lists = NULL;
        if (round == 1 && !(lists = nn_alloc((size_t)total, err))) return NULL;
        for (int64_t t = 0; t < s->tiles; t++) {
            int64_t n = counted ? counted[t] : s->by_row[t].start[nn_k_ranges(s->key.in) *
                                                                  rows_of(s, t)];
            int64_t starts = by_feature ? s->key.in : nn_k_ranges(s->key.in) * rows_of(s, t);
            int64_t values = whole_lines((n + 1) * size);
            int64_t heads = whole_lines((starts + 1) * (int64_t)sizeof(uint32_t));
            if (round == 1) {
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
    nn_sparse_rows_release((nn_sparse_rows *)(void *)kept);
}

static nn_sparse_rows *rows_new(const nn_sparse_key *key, nn_error *err)
{
    nn_sparse_rows *s = nn_alloc(sizeof *s, err);
    if (!s) return NULL;
    *s = (nn_sparse_rows){.kept = {release_kept}, .key = *key};
    s->tiles = (key->rows + key->tile - 1) / key->tile;
    return s;
}

void nn_sparse_rows_release(nn_sparse_rows *s)
{
    if (!s) return;
    nn_free(s->by_row);
    nn_free(s->by_feature);
    nn_free(s);
}

static bool same_key(const nn_sparse_key *a, const nn_sparse_key *b)
{
    return a->version == b->version && a->offset == b->offset && a->rows == b->rows &&
           a->in == b->in && a->tile == b->tile && a->dtype == b->dtype && a->type == b->type &&
           a->rescaling.scale == b->rescaling.scale && a->rescaling.offset == b->rescaling.offset;
}

static bool is_worth_it(const nn_sparse_rows *s)
{
    return (double)s->elements <= NN_SPARSE_SHARE * (double)s->key.rows * (double)s->key.in;
}

/* Makes the listings that are wanted and not there. counted: NULL if by_row is there. */
static nn_status make_lists(nn_sparse_rows *s, pass *p, bool by_feature, nn_error *err)
{
    double table[256];
    if (!s->by_row) {
        s->by_row = lists_new(s, false, p->counted, err);
        if (!s->by_row) return err->code;
        if (s->key.dtype == NN_UINT8) {
            nn_rescaling_table(table, s->key.type, s->key.rescaling);
            p->table = table;
        }
        nn_k_parallel(s->tiles, list_by_row, p);
    }
    if (by_feature && !s->by_feature) {
        s->by_feature = lists_new(s, true, NULL, err);
        if (!s->by_feature) return err->code;
        nn_k_parallel(s->tiles, list_by_feature, s);
    }
    return NN_OK;
}

/* Counts what x holds and, if that is little, lists it. */
static nn_status survey(nn_sparse_rows *s, const nn_tensor *x, bool by_feature, nn_error *err)
{
    pass p = {.rows = s, .x = nn_tensor_data(x), .size = (int64_t)nn_dtype_size(x->dtype)};
    if (!s->by_row) {
        p.counted = nn_alloc((size_t)s->tiles * sizeof *p.counted, err);
        if (!p.counted) return err->code;
        nn_k_parallel(s->tiles, count_tile, &p);
        s->elements = 0;
        for (int64_t t = 0; t < s->tiles; t++) s->elements += p.counted[t];
    }
    nn_status status = is_worth_it(s) ? make_lists(s, &p, by_feature, err) : NN_OK;
    nn_free(p.counted);
    return status;
}

nn_status nn_sparse_rows_take(nn_sparse_rows **rows, bool *owned, const nn_tensor *x,
                              nn_k_type type, const nn_rescaling *rescaling, int64_t tile,
                              bool by_feature, nn_error *err)
{
    nn_sparse_key key = {.version = x->storage->version,
                         .offset = x->offset,
                         .rows = x->shape[0],
                         .in = x->shape[1],
                         .tile = tile,
                         .dtype = x->dtype,
                         .type = type};
    if (rescaling) key.rescaling = *rescaling;
    *rows = NULL;
    *owned = false;
    if (rescaling && (float)rescaling->offset != 0) return NN_OK; /* no byte stands for 0 */

    nn_sparse_rows *kept = (nn_sparse_rows *)(void *)x->storage->kept;
    if (kept && same_key(&kept->key, &key)) {
        if (!is_worth_it(kept)) return NN_OK;
        NN_TRY(survey(kept, x, by_feature, err));
        *rows = kept;
        return NN_OK;
    }
    /* Not seen before: the lists, if any, are for this once; the count stays with the storage. */
    nn_sparse_rows *once = rows_new(&key, err), *note = once ? rows_new(&key, err) : NULL;
    nn_status status = note ? survey(once, x, by_feature, err) : NN_EMEM;
    if (status != NN_OK) {
        nn_sparse_rows_release(once);
        nn_sparse_rows_release(note);
        return status;
    }
    note->elements = once->elements;
    nn_storage_keep(x->storage, &note->kept);
    if (is_worth_it(once)) {
        *rows = once;
        *owned = true;
    } else {
        nn_sparse_rows_release(once);
    }
    return NN_OK;
}
