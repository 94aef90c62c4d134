/*
** sparse.h - products with a tile of rows most of whose elements are 0
**
** Four pixels of five of a handwritten digit are 0. Leaving them out takes a
** fifth of the arithmetic and gives the same bits as panel.h: each sum runs in
** the same order, and what is left out would have added 0 (so the other
** operand must be finite: nn_k_panel_finite says whether it is).
**
** A tile is at most NN_K_TILE rows of x, listed twice; features are taken in
** ranges, so that the part of W^T that a range needs stays in L1:
**
**   by row      for each range, for each row: the features of the range and
**               their values. start[range*rows + r] is where the list begins.
**   by feature  for each feature: the rows that have it, and their values.
**               start[feature] is where the list begins.
**
**   start:  | 0 | 3 | 3 | 7 |           of lists 0, 1 (empty), 2; one more at
**   index:  | i i i | j j j j |         the end
**   value:  | v v v | w w w w |
**
** An index counts from the first feature of its range, or row of the tile.
** Values are REAL; or bytes with a table of what each stands for, 256 REALs,
** table[0] = 0, which keeps the lists of images small: two bytes an element.
** Twins: ref_sparse.c.
*/
#ifndef NN_KERNEL_SPARSE_H
#define NN_KERNEL_SPARSE_H

#include <stdint.h>

#include "kernel/isa.h"

#define NN_K_TILE 96   /* rows; their deltas, 25 units of 8 bytes, fill most of an L1 */
#define NN_K_RANGE 256 /* the most features of a range: an index is a byte */

static inline int64_t nn_k_ranges(int64_t in)
{
    return (in + NN_K_RANGE - 1) / NN_K_RANGE;
}

/* The first feature of a range: ranges are of equal width as nearly as possible. */
static inline int64_t nn_k_range_start(int64_t in, int64_t range)
{
    int64_t ranges = nn_k_ranges(in);
    return in * range / (ranges > 0 ? ranges : 1);
}

/* One listing of one tile. */
typedef struct nn_k_lists {
    uint32_t *start; /* ranges*rows + 1, or in + 1 */
    uint8_t *index;
    void *value;       /* REAL; or bytes, if there is a table */
    const void *table; /* 256 REALs, or NULL */
} nn_k_lists;

/* The elements of x (n) that are not 0. Bytes: those that are not byte 0. */
typedef int64_t nn_k_sparse_count(const void *x, int64_t n);

/* Lists x (rows,in), a tile, by row: bytes if the lists have a table, else REAL. */
typedef void nn_k_sparse_by_row(nn_k_lists *lists, const void *x, int64_t rows, int64_t in);

/* Lists the same tile by feature. */
typedef void nn_k_sparse_by_feature(nn_k_lists *lists, const nn_k_lists *by_row, int64_t rows,
                                    int64_t in);

/* z[r,:] = b + sum_k x[r,k] Wt[k,:] for the rows of a tile. z: (rows,width), b: (width) or NULL,
** Wt: (in,width), a panel; width: whole lines. */
typedef void nn_k_sparse_linear(void *z, const nn_k_lists *by_row, const void *Wt, const void *b,
                                int64_t rows, int64_t in, int64_t width);

/* dWt[k,:] += sum_r x[r,k] dz[r,:] for features k = first..first+n-1. dWt: (n,width), from feature
** `first` on; dz: the tile's (rows,width). */
typedef void nn_k_sparse_gradient(void *dWt, const nn_k_lists *by_feature, const void *dz,
                                  int64_t first, int64_t n, int64_t width);

/* count is indexed by the nn_k_type of x, the others by that of the values. */
typedef struct nn_k_sparse {
    nn_k_sparse_count *count[NN_K_TYPES];
    nn_k_sparse_by_row *by_row[NN_K_TYPES];
    nn_k_sparse_by_feature *by_feature[NN_K_TYPES];
    nn_k_sparse_linear *linear[NN_K_TYPES];
    nn_k_sparse_gradient *gradient[NN_K_TYPES];
} nn_k_sparse;

#endif
