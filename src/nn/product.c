/*
** product.c - the choice, and the two ways over panels
**
** Measured against OpenBLAS 0.3.21 on one core with AVX-512, in GFLOP/s of
** float32 and float64: 6000x784 by 784x25 (rows) 91 and 46, BLAS 72 and 34;
** 25x96 by 96x784 (columns) 108 and 54. From 512 on, and for small squares,
** BLAS is as fast or faster.
*/
#include "nn/product.h"

#include "kernel/dispatch.h"
#include "kernel/partition.h"
#include "nn/blocks.h"
#include "nn/panel.h"
#include "tensor/alloc.h"
#include "tensor/cancel.h"

#define PANEL_BYTES ((int64_t)1 << 20) /* of b, for `rows`: it stays in L2 */
#define TALL 96                        /* rows of c that make packing b worth while */
#define SHORT 256                      /* rows of c, for `columns` */
#define LONG 96                        /* terms of a sum; that many rows of b stay in L1 */
#define SAME_SET 4096                  /* bytes; rows so far apart fall into the same sets of L1 */

/* Multiply-adds of a block of rows: they take about 20 microseconds. */
#define BLOCK_WORK ((int64_t)1 << 20)

/* Columns of a block: whole cache lines, a register block or more. */
#define BLOCK_COLUMNS 64

typedef struct job {
    nn_k_type type;
    int64_t size;
    nn_k_product product;
    int64_t block; /* rows or columns */
} job;

static void run_rows(void *context, int64_t i)
{
    const job *j = context;
    nn_k_product p = j->product;
    int64_t first = i * j->block;
    p.M = p.M - first < j->block ? p.M - first : j->block;
    p.a = (const char *)p.a + first * p.a_row * j->size;
    p.c = (char *)p.c + first * p.c_row * j->size;
    nn_k()->panel->product[j->type](&p);
}

static void run_columns(void *context, int64_t i)
{
    const job *j = context;
    nn_k_product p = j->product;
    int64_t first = i * j->block, K = p.K;
    p.N = p.N - first < j->block ? p.N - first : j->block;
    p.b = (const char *)p.b + first * j->size;
    p.c = (char *)p.c + first * j->size;
    for (int64_t k = 0; k < K && !nn_cancelled(); k += LONG) {
        p.K = K - k < LONG ? K - k : LONG;
        nn_k()->panel->product[j->type](&p);
        p.start = p.c; /* what follows is added */
        p.start_row = p.c_row;
        p.a = (const char *)p.a + LONG * p.a_col * j->size;
        p.b = (const char *)p.b + LONG * p.b_row * j->size;
    }
}

/* Whether b can be read as a panel where it lies, and fast. */
static bool is_panel(nn_k_type type, nn_k_matrix b, int64_t N)
{
    int64_t size = type == NN_K_F32 ? 4 : 8;
    return b.col == 1 && nn_k_padded(type, N) == N && b.row * size % SAME_SET != 0;
}

static nn_status by_rows(job *j, nn_k_matrix b, nn_error *err)
{
    nn_k_product *p = &j->product;
    int64_t row = nn_k_panel_row(j->type, p->N);
    void *panel = NULL;
    if (!is_panel(j->type, b, p->N)) {
        panel = nn_alloc((size_t)(p->K * row * j->size), err);
        if (!panel) return NN_EMEM;
        nn_panel_pack(panel, j->type, b.data, b.row, b.col, p->K, p->N);
        p->b = panel;
        p->b_row = row;
    }
    j->block = BLOCK_WORK / (p->N * p->K + 1) / 12 * 12 + 12;
    nn_status status = nn_blocks_run((p->M + j->block - 1) / j->block, run_rows, j, err);
    nn_free(panel);
    return status;
}

nn_status nn_product(nn_k_type type, void *c, int64_t ldc, nn_k_matrix a, nn_k_matrix b, int64_t M,
                     int64_t N, int64_t K, nn_error *err)
{
    bool is_float = type == NN_K_F32 || type == NN_K_F64;
    job j = {.type = type,
             .size = type == NN_K_F32 ? 4 : 8,
             .product = {.c = c,
                         .c_row = ldc,
                         .a = a.data,
                         .a_row = a.row,
                         .a_col = a.col,
                         .b = b.data,
                         .b_row = b.row,
                         .M = M,
                         .N = N,
                         .K = K}};
    if (is_float && a.col == 1 && M >= TALL && K * N <= PANEL_BYTES / j.size)
        return by_rows(&j, b, err);
    if (is_float && M <= SHORT && K >= LONG && is_panel(type, b, N)) {
        j.block = BLOCK_COLUMNS;
        return nn_blocks_run((N + j.block - 1) / j.block, run_columns, &j, err);
    }
    return nn_k_gemm(type, c, ldc, a, b, M, N, K) ? NN_OK : nn_interrupted(err);
}
