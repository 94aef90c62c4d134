/*
** prepared_rows.h - the rows of a matrix in the form that suits them, kept with the matrix
**
** A chain multiplies the rows of its input twice, with weights and with
** deltas. Three forms of the rows, chosen by how many of their elements are
** not 0 and by what the machine has:
**
**   plain    as they are                          (kernel/panel.h)
**   lists    of what is not 0, by row, by feature (kernel/sparse.h)
**   packed   bytes in both orders                 (kernel/digits.h)
**
** What was counted is kept with the storage and, when the same unchanged
** matrix comes again, so are the forms: a data set is prepared once, a
** mini-batch that is used once costs no lasting memory. A write in place
** (nn_storage.version) makes what was kept void.
*/
#ifndef NN_NN_PREPARED_ROWS_H
#define NN_NN_PREPARED_ROWS_H

#include "kernel/sparse.h"
#include "nn/rescaling.h"
#include "tensor/tensor.h"

/* The share of elements that are not 0 up to which lists beat plain rows: a multiply-add for each
** of them, with its index, against one for every element. Measured break-even is at 0.55, less the
** cost of making the lists. */
#define NN_LISTS_SHARE 0.4

/* Fewer rows are not worth packing. */
#define NN_PACKED_ROWS 16

/* What the forms are made from, and how. */
typedef struct nn_prepared_key {
    int64_t version, offset, rows, in, tile;
    nn_dtype dtype;         /* of the matrix */
    nn_k_type type;         /* of the values: float32 or float64 */
    nn_rescaling rescaling; /* of bytes; else 0 */
} nn_prepared_key;

typedef struct nn_prepared_rows {
    nn_kept kept;
    nn_prepared_key key;
    int64_t elements; /* that are not 0 */
    int64_t tiles;    /* of key.tile rows, the last perhaps shorter */
    /* Lists of each tile; packed bytes, lanes being rows or features. NULL: not made. */
    nn_k_lists *lists_by_row, *lists_by_feature;
    double table[256]; /* what the bytes in lists stand for, as values of key.type */
    uint8_t *packed_by_row, *packed_by_feature;
} nn_prepared_rows;

typedef enum nn_rows_form { NN_ROWS_PLAIN, NN_ROWS_LISTS, NN_ROWS_PACKED } nn_rows_form;

/* *rows gets x's rows in the form *form, the one by feature only if asked for; NULL if that is
** plain. *owned says whether the caller is to release them; else x's storage keeps them.
** x: (N,in), contiguous, of dtype `type` or, where rescaling is given, uint8. NN_EMEM. */
nn_status nn_prepared_rows_take(nn_prepared_rows **rows, nn_rows_form *form, bool *owned,
                                const nn_tensor *x, nn_k_type type, const nn_rescaling *rescaling,
                                int64_t tile, bool by_feature, nn_error *err);

void nn_prepared_rows_release(nn_prepared_rows *rows);

#endif
