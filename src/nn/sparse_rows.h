/*
** sparse_rows.h - the rows of a matrix as lists of what is not 0, kept with the matrix
**
** A matrix is worth listing when at most NN_SPARSE_SHARE of it is not 0. What
** was counted is kept with the storage and, when the same unchanged matrix
** comes again, so are the lists: a data set is listed once, a mini-batch that
** is used once costs no lasting memory. A write in place (nn_storage.version)
** makes what was kept void.
**
** Shapes: x: (N,in), contiguous. Tiles of `tile` rows, the last perhaps
** shorter. Layout of a tile's lists: kernel/sparse.h.
*/
#ifndef NN_NN_SPARSE_ROWS_H
#define NN_NN_SPARSE_ROWS_H

#include "kernel/sparse.h"
#include "nn/rescaling.h"
#include "tensor/tensor.h"

/* Where a multiply-add per element that is not 0, with its index, is cheaper than one per element:
** measured break-even is at 0.55, less the cost of making the lists. */
#define NN_SPARSE_SHARE 0.4

/* What the lists were made from, and how. */
typedef struct nn_sparse_key {
    int64_t version, offset, rows, in, tile;
    nn_dtype dtype;         /* of x */
    nn_k_type type;         /* of the values */
    nn_rescaling rescaling; /* of bytes; else 0 */
} nn_sparse_key;

typedef struct nn_sparse_rows {
    nn_kept kept;
    nn_sparse_key key;
    int64_t elements; /* that are not 0 */
    int64_t tiles;
    nn_k_lists *by_row, *by_feature; /* of each tile; NULL: not made */
} nn_sparse_rows;

/* *rows gets x's lists, by_feature only if asked for; or NULL if x is not worth listing. *owned
** says whether the caller is to release them; else x's storage keeps them.
** type: of the values; rescaling: NULL unless x is uint8. NN_EMEM. */
nn_status nn_sparse_rows_take(nn_sparse_rows **rows, bool *owned, const nn_tensor *x,
                              nn_k_type type, const nn_rescaling *rescaling, int64_t tile,
                              bool by_feature, nn_error *err);

void nn_sparse_rows_release(nn_sparse_rows *rows);

#endif
